/* Scenarios: addresses and properties of servers that are out of the ordinary.
 */
#include "node.h"
#include "operator.h"
#include "redis.h"
#include "suites.h"

#include <stdio.h>

START_TEST(a_master_with_port_0_is_never_connected)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    ck_assert_str_eq(sentinel_monitor(w, S1, "later", "10.0.0.9", "0", "1"),
                     "+OK");
    expect(w, "* s1 +monitor master later 10.0.0.9 0 quorum 1\n");
    world_run_for(w, 60000);
    expect_none(w, "* s1 -cmd-link-reconnection master later *\n"
                   "* s1 -sdown master later *\n");
    /* It is in the file, and the file is read again. */
    sentinel_crash(w, S1);
    sentinel_restart(w, S1);
    expect(w, "* s1 +monitor master later 10.0.0.9 0 quorum 1\n");
    world_free(w);
}
END_TEST

START_TEST(sentinels_are_known_by_what_they_announce)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    world_mark(w);
    ck_assert_str_eq(sentinel_config_set(w, S2,
                                         "announce-ip 192.0.2.7 "
                                         "announce-port 5000"),
                     "+OK");
    expect(w, "* s1 +sentinel-address-switch master mymaster 10.0.0.1 6379 ip "
              "192.0.2.7 port 5000 for s2\n");
    ck_assert_str_eq(sentinel_config_set(w, S2, "announce-port 0"), "+OK");
    expect(w, "* s1 +sentinel-address-switch master mymaster 10.0.0.1 6379 ip "
              "192.0.2.7 port 26379 for s2\n");
    world_free(w);
}
END_TEST

START_TEST(a_replica_that_is_not_announced_can_be_promoted)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 10000});

    redis_at(w, REPLICA_2)->hidden = true;
    redis_at(w, REPLICA_2)->priority = 10;
    world_run_for(w, 11000);
    redis_stop(w, MASTER);
    expect(w, "* * +selected-slave slave 10.0.0.3:6379 *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_priority_changed_while_running_counts)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 10000});

    /* After the last INFO: it is asked again when the failover starts. */
    redis_at(w, REPLICA_1)->priority = 0;
    redis_at(w, REPLICA_2)->priority = 200;
    redis_stop(w, MASTER);
    expect(w, "* * +selected-slave slave 10.0.0.3:6379 *\n");
    world_free(w);
}
END_TEST

START_TEST(a_replica_of_a_replica_is_found_and_put_right)
{
    struct world *w = world_ready(
        (struct world_options){.replicas = 2, .failover_timeout_ms = 20000});

    redis_replicaof(w, REPLICA_2, REPLICA_1);
    expect(w, "* * +fix-slave-config slave 10.0.0.3:6379 *\n");
    world_run_for(w, 3000);
    ck_assert_str_eq(redis_at(w, REPLICA_2)->master_ip, "10.0.0.1");
    world_free(w);
}
END_TEST

/* Two sentinels with one id see each other's hellos as their own; the third
 * sees one that moves to and fro, and all of them go on. */
START_TEST(two_sentinels_with_one_id_do_no_harm)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 3, .down_after_ms = 1000, .failover_timeout_ms = 10000});
    char clone[200];

    world_mark(w);
    for (int i = 0; i < 4; i++) {
        snprintf(clone, sizeof(clone),
                 "10.1.0.%d,26379,%s,0,mymaster,10.0.0.1,"
                 "6379,0",
                 i % 2 == 0 ? 9 : 2, w->nodes[S2]->id);
        ck_assert_str_eq(sentinel_hello(w, S1, clone), ":1");
        ck_assert_str_eq(sentinel_hello(w, S2, clone), ":1");
    }
    for (int i = 0; i < 2; i++)
        expect(w, "* s1 +sentinel-address-switch master mymaster 10.0.0.1 6379 "
                  "ip 10.1.0.9 *\n"
                  "* s1 +sentinel-address-switch master mymaster 10.0.0.1 6379 "
                  "ip 10.1.0.2 *\n");
    /* Its own id makes no peer of itself. */
    ck_assert_uint_eq(world_matches(w, "* s2 +sentinel *"), 0);
    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master *\n");
    world_free(w);
}
END_TEST

Suite *suite_addresses(void)
{
    Suite *suite = suite_create("addresses");
    TCase *tcase = tcase_create("addresses");

    tcase_add_test(tcase, a_master_with_port_0_is_never_connected);
    tcase_add_test(tcase, sentinels_are_known_by_what_they_announce);
    tcase_add_test(tcase, a_replica_that_is_not_announced_can_be_promoted);
    tcase_add_test(tcase, a_priority_changed_while_running_counts);
    tcase_add_test(tcase, a_replica_of_a_replica_is_found_and_put_right);
    tcase_add_test(tcase, two_sentinels_with_one_id_do_no_harm);
    suite_add_tcase(suite, tcase);
    return suite;
}
