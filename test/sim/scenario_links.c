/* Scenarios: connections, and servers that are alive but unwilling. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

START_TEST(sentinels_of_many_masters_share_one_connection)
{
    struct world *w = world_ready((struct world_options){.masters = 4});

    world_run_for(w, 5000);
    ck_assert_uint_eq(net_count(w->net, S1, S2), 1);
    ck_assert_uint_eq(net_count(w->net, S2, S1), 1);
    /* Commands and subscription. */
    ck_assert_uint_eq(net_count(w->net, S1, MASTER), 2);
    ck_assert_uint_eq(net_count(w->net, S1, REPLICA_1), 2);
    /* One less does not close it for the others. */
    ck_assert_str_eq(sentinel_remove(w, S1, "master2"), "+OK");
    world_run_for(w, 5000);
    ck_assert_uint_eq(net_count(w->net, S1, S2), 1);
    expect_none(w, "* * +sdown *\n");
    world_free(w);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_tried_again)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 5000});

    redis_stop(w, REPLICA_1);
    expect(w, "* s1 -cmd-link-reconnection slave 10.0.0.2:6379 *\n");
    expect(w, "* s1 -pubsub-link-reconnection slave 10.0.0.2:6379 *\n");
    redis_start(w, REPLICA_1);
    world_run_for(w, 3000);
    ck_assert_uint_eq(net_count(w->net, S1, REPLICA_1), 2);
    expect_none(w, "* * +sdown *\n");
    world_free(w);
}
END_TEST

START_TEST(a_loading_master_is_not_down)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    redis_stop(w, MASTER);
    redis_start(w, MASTER);
    redis_load_for(w, MASTER, 20000);
    world_run_for(w, 25000);
    expect(w, "* s1 +reboot master mymaster 10.0.0.1 6379\n");
    expect_none(w, "* * +sdown *\n* * +odown *\n");
    world_free(w);
}
END_TEST

START_TEST(a_rebooted_master_is_replaced_when_that_is_wanted)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .reboot_down_after_ms = 3000});

    redis_stop(w, MASTER);
    redis_start(w, MASTER);
    redis_load_for(w, MASTER, 60000);
    expect(w, "* * +reboot master mymaster 10.0.0.1 6379\n"
              "* * +odown master mymaster 10.0.0.1 6379 #quorum *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_busy_script_is_killed)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 1, .quorum = 2, .down_after_ms = 2000});

    redis_at(w, MASTER)->busy = true;
    expect(w, "* s1 +sdown master mymaster 10.0.0.1 6379\n"
              "* s1 -sdown master mymaster 10.0.0.1 6379\n");
    ck_assert(redis_at(w, MASTER)->script_killed);
    world_free(w);
}
END_TEST

START_TEST(a_replica_with_stale_data_is_alive)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    redis_at(w, REPLICA_1)->refuses_stale = true;
    redis_at(w, REPLICA_1)->sync_stuck = true;
    redis_replicaof(w, REPLICA_1, REPLICA_2);
    world_run_for(w, 20000);
    expect_none(w, "* * +sdown *\n");
    world_free(w);
}
END_TEST

START_TEST(a_wrong_password_is_seen_as_down)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 2000});

    redis_at(w, REPLICA_1)->password = "other";
    (void)redis_kill_clients(redis_at(w, REPLICA_1), NULL, NULL);
    expect(w, "* s1 +sdown slave 10.0.0.2:6379 *\n");
    world_free(w);
}
END_TEST

START_TEST(passwords_everywhere)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000, .auth_pass = "secret"});

    world_run_for(w, 5000);
    expect_none(w, "* * +sdown *\n");
    redis_stop(w, MASTER);
    expect(w, "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_master_that_says_it_is_a_replica_is_replaced)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 10000});

    redis_replicaof(w, REPLICA_1, NONE);
    redis_replicaof(w, MASTER, REPLICA_1);
    expect(w, "* s1 -role-change master mymaster 10.0.0.1 6379 new reported "
              "role is slave\n"
              "* s1 +sdown master mymaster 10.0.0.1 6379\n");
    expect(w, "* * +odown master mymaster 10.0.0.1 6379 #quorum *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

Suite *suite_links(void)
{
    Suite *suite = suite_create("links");
    TCase *tcase = tcase_create("links");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sentinels_of_many_masters_share_one_connection);
    tcase_add_test(tcase, a_server_that_is_not_there_is_tried_again);
    tcase_add_test(tcase, a_loading_master_is_not_down);
    tcase_add_test(tcase, a_rebooted_master_is_replaced_when_that_is_wanted);
    tcase_add_test(tcase, a_busy_script_is_killed);
    tcase_add_test(tcase, a_replica_with_stale_data_is_alive);
    tcase_add_test(tcase, a_wrong_password_is_seen_as_down);
    tcase_add_test(tcase, passwords_everywhere);
    tcase_add_test(tcase, a_master_that_says_it_is_a_replica_is_replaced);
    suite_add_tcase(suite, tcase);
    return suite;
}
