/* Scenarios: replicas are put right, one after the other. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

START_TEST(a_replica_made_a_master_by_hand_is_put_right)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 1, .quorum = 1});
    uint64_t start_ms;

    world_run_for(w, 10000);
    start_ms = world_now_ms(w);
    redis_replicaof(w, REPLICA_2, NONE);
    expect(w, "* s1 -role-change slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster "
              "10.0.0.1 6379 new reported role is master\n"
              "* s1 +convert-to-slave slave 10.0.0.3:6379 10.0.0.3 6379 @ "
              "mymaster 10.0.0.1 6379\n"
              "* s1 +role-change slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster "
              "10.0.0.1 6379 new reported role is slave\n");
    ck_assert_uint_ge(world_when(w, "* s1 +convert-to-slave *"),
                      start_ms + 8000);
    ck_assert(!redis_is_master(redis_at(w, REPLICA_2)));
    world_free(w);
}
END_TEST

START_TEST(a_replica_of_the_wrong_server_is_put_right)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 1, .quorum = 1, .failover_timeout_ms = 4000});
    uint64_t start_ms = world_now_ms(w);

    redis_replicaof(w, REPLICA_2, REPLICA_1);
    expect(w, "* s1 +fix-slave-config slave 10.0.0.3:6379 10.0.0.3 6379 @ "
              "mymaster 10.0.0.1 6379\n");
    ck_assert_uint_ge(world_when(w, "* s1 +fix-slave-config *"),
                      start_ms + 4000);
    world_run_for(w, 1000);
    ck_assert_str_eq(redis_at(w, REPLICA_2)->master_ip, "10.0.0.1");
    world_free(w);
}
END_TEST

START_TEST(replicas_follow_one_after_the_other)
{
    struct world *w = world_ready((struct world_options){
        .replicas = 4, .down_after_ms = 1000, .sync_ms = 500});

    redis_stop(w, MASTER);
    expect(w, "* * +slave-reconf-sent *\n"
              "* * +slave-reconf-inprog *\n"
              "* * +slave-reconf-done *\n"
              "* * +slave-reconf-sent *\n"
              "* * +slave-reconf-done *\n"
              "* * +slave-reconf-sent *\n"
              "* * +slave-reconf-done *\n"
              "* * +failover-end *\n");
    ck_assert_uint_eq(world_matches(w, "* * +slave-reconf-sent *"), 3);
    world_free(w);
}
END_TEST

START_TEST(replicas_follow_at_once_when_that_is_wanted)
{
    struct world *w = world_ready((struct world_options){.replicas = 4,
                                                         .down_after_ms = 1000,
                                                         .parallel_syncs = 3,
                                                         .sync_ms = 500});

    redis_stop(w, MASTER);
    expect(w, "* * +slave-reconf-sent *\n"
              "* * +slave-reconf-sent *\n"
              "* * +slave-reconf-sent *\n"
              "* * +slave-reconf-done *\n"
              "* * +failover-end *\n");
    world_free(w);
}
END_TEST

/* Its replicas-to-be are three; the stuck one comes first in order, so the
 * others would wait for it. */
START_TEST(a_stuck_replica_does_not_hold_up_the_others)
{
    struct world *w = world_ready((struct world_options){
        .replicas = 4, .down_after_ms = 1000, .failover_timeout_ms = 60000});

    redis_at(w, REPLICA_3)->priority = 1;
    redis_at(w, REPLICA_1)->acl_no_change = true;
    world_run_for(w, 11000);
    world_mark(w);
    redis_stop(w, MASTER);
    expect(w, "* * +slave-reconf-sent slave 10.0.0.2:6379 *\n"
              "* * -slave-reconf-sent-timeout slave 10.0.0.2:6379 10.0.0.2 "
              "6379 @ mymaster 10.0.0.1 6379\n"
              "* * +slave-reconf-done slave 10.0.0.3:6379 *\n");
    expect(w, "* * +slave-reconf-done slave 10.0.0.5:6379 *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 10.0.0.4 6379\n");
    expect_none(w, "* * +failover-end-for-timeout *\n");
    /* It is put right when it can be. */
    redis_at(w, REPLICA_1)->acl_no_change = false;
    expect_within(w, 150000, "* * +fix-slave-config slave 10.0.0.2:6379 *\n");
    world_free(w);
}
END_TEST

START_TEST(replicas_that_never_sync_end_the_failover_by_timeout)
{
    struct world *w = world_ready((struct world_options){
        .replicas = 4, .down_after_ms = 1000, .failover_timeout_ms = 5000});

    for (int i = 1; i <= 4; i++)
        redis_at(w, REDIS(0, i))->sync_stuck = true;
    redis_stop(w, MASTER);
    expect(w, "* * +slave-reconf-inprog *\n"
              "* * +failover-end-for-timeout master mymaster 10.0.0.1 6379\n"
              "* * +failover-end master mymaster 10.0.0.1 6379\n"
              "* * +slave-reconf-sent-be slave *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_server_that_knows_only_slaveof_is_promoted)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    redis_at(w, REPLICA_1)->old = true;
    redis_at(w, REPLICA_2)->acl_slaveof = true;
    redis_stop(w, MASTER);
    expect(w, "* * +promoted-slave *\n"
              "* * +slave-reconf-done *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_run_for(w, 1000);
    ck_assert(redis_is_master(redis_at(w, REPLICA_1)) !=
              redis_is_master(redis_at(w, REPLICA_2)));
    world_free(w);
}
END_TEST

START_TEST(the_freshest_replica_is_promoted)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    /* Behind since the last INFO: the start of a failover asks again. */
    redis_at(w, REPLICA_1)->sync_stuck = true;
    net_cut(w, MASTER, REPLICA_1);
    world_run_for(w, 11000);
    ck_assert_uint_lt(redis_at(w, REPLICA_1)->offset,
                      redis_at(w, REPLICA_2)->offset);
    redis_stop(w, MASTER);
    expect(w, "* * +selected-slave slave 10.0.0.3:6379 *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379\n");
    world_free(w);
}
END_TEST

START_TEST(the_new_role_survives_a_restart_of_the_server)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});
    int host;

    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    host = sentinel_master(w, S1, 0);
    redis_stop(w, host);
    redis_start(w, host);
    ck_assert(redis_is_master(redis_at(w, host)));
    world_free(w);
}
END_TEST

Suite *suite_replicas(void)
{
    Suite *suite = suite_create("replicas");
    TCase *tcase = tcase_create("replicas");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_replica_made_a_master_by_hand_is_put_right);
    tcase_add_test(tcase, a_replica_of_the_wrong_server_is_put_right);
    tcase_add_test(tcase, replicas_follow_one_after_the_other);
    tcase_add_test(tcase, replicas_follow_at_once_when_that_is_wanted);
    tcase_add_test(tcase, a_stuck_replica_does_not_hold_up_the_others);
    tcase_add_test(tcase, replicas_that_never_sync_end_the_failover_by_timeout);
    tcase_add_test(tcase, a_server_that_knows_only_slaveof_is_promoted);
    tcase_add_test(tcase, the_freshest_replica_is_promoted);
    tcase_add_test(tcase, the_new_role_survives_a_restart_of_the_server);
    suite_add_tcase(suite, tcase);
    return suite;
}
