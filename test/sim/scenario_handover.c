/* Scenarios: failovers that the master itself carries out. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

static struct world *ready(void)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 3, .down_after_ms = 1000, .failover_timeout_ms = 10000});

    world_run_for(w, 11000);
    return w;
}

START_TEST(the_master_hands_over)
{
    struct world *w = ready();

    redis_at(w, REPLICA_1)->priority = 10;
    world_run_for(w, 11000);
    ck_assert_str_eq(sentinel_coordinate(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 +try-failover master mymaster 10.0.0.1 6379\n"
              "* s1 +vote-for-leader s1 1\n"
              "* s1 +elected-leader master mymaster 10.0.0.1 6379\n"
              "* s1 +selected-slave slave 10.0.0.2:6379 *\n"
              "* s1 +failover-state-wait-promotion slave 10.0.0.2:6379 *\n"
              "* s1 +promoted-slave slave 10.0.0.2:6379 *\n"
              "* s1 +slave-reconf-sent slave 10.0.0.3:6379 *\n"
              "* s1 +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n");
    expect(w, "* s2 +vote-for-leader s1 1\n"
              "* s2 +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n");
    world_run_for(w, 30000);
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    ck_assert(redis_at(w, MASTER)->link_up);
    /* The role is saved where the master changed it by itself. */
    ck_assert_str_eq(redis_at(w, MASTER)->stored_ip, "10.0.0.2");
    ck_assert_str_eq(redis_at(w, REPLICA_1)->stored_ip, "");
    expect_none(w, "* * +sdown *\n* * +convert-to-slave *\n");
    world_free(w);
}
END_TEST

START_TEST(a_master_without_the_command_is_refused)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    redis_at(w, MASTER)->old = true;
    world_run_for(w, 11000);
    ck_assert_str_eq(sentinel_coordinate(w, S1, "mymaster"),
                     "-NOGOODPRIMARY Primary does not support FAILOVER "
                     "command");
    ck_assert_str_eq(sentinel_coordinate(w, S1, "nobody"),
                     "-ERR No such master with that name");
    world_free(w);
}
END_TEST

START_TEST(a_master_that_refuses_stays_the_master)
{
    struct world *w = ready();

    redis_at(w, MASTER)->acl_no_change = true;
    ck_assert_str_eq(sentinel_coordinate(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 +failover-state-wait-promotion *\n"
              "* s1 -failover-abort-master-timeout master mymaster *\n");
    world_run_for(w, 30000);
    ck_assert(redis_is_master(redis_at(w, MASTER)));
    expect_none(w, "* * +promoted-slave *\n* * +switch-master *\n");
    world_free(w);
}
END_TEST

START_TEST(a_master_that_is_gone_cannot_hand_over)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 3, .down_after_ms = 24000, .failover_timeout_ms = 5000});

    /* Long enough for the connection to be given up, not for +sdown. */
    world_run_for(w, 15000);
    net_cut(w, S1, MASTER);
    world_run_for(w, 16000);
    ck_assert_str_eq(sentinel_coordinate(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 +failover-state-send-slaveof-noone *\n"
              "* s1 -failover-abort-master-timeout master mymaster *\n");
    expect_none(w, "* * +promoted-slave *\n");
    world_free(w);
}
END_TEST

START_TEST(a_replica_that_dies_ends_the_handover)
{
    struct world *w = ready();

    ck_assert_str_eq(sentinel_coordinate(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 +failover-state-wait-promotion *\n");
    redis_stop(w, REPLICA_1);
    redis_stop(w, REPLICA_2);
    expect(w, "* s1 -failover-abort-slave-timeout master mymaster *\n");
    world_run_for(w, 3000);
    ck_assert(redis_is_master(redis_at(w, MASTER)));
    ck_assert_int_eq(redis_at(w, MASTER)->failover_target, -1);
    world_free(w);
}
END_TEST

START_TEST(without_a_majority_there_is_no_handover)
{
    struct world *w = ready();

    sentinel_crash(w, S2);
    sentinel_crash(w, S3);
    world_run_for(w, 3000);
    ck_assert_str_eq(sentinel_coordinate(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 +try-failover *\n"
              "* s1 -failover-abort-not-elected master mymaster *\n");
    ck_assert(redis_is_master(redis_at(w, MASTER)));
    world_free(w);
}
END_TEST

Suite *suite_handover(void)
{
    Suite *suite = suite_create("handover");
    TCase *tcase = tcase_create("handover");

    tcase_add_test(tcase, the_master_hands_over);
    tcase_add_test(tcase, a_master_without_the_command_is_refused);
    tcase_add_test(tcase, a_master_that_refuses_stays_the_master);
    tcase_add_test(tcase, a_master_that_is_gone_cannot_hand_over);
    tcase_add_test(tcase, a_replica_that_dies_ends_the_handover);
    tcase_add_test(tcase, without_a_majority_there_is_no_handover);
    suite_add_tcase(suite, tcase);
    return suite;
}
