/* Scenarios: the network is cut. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

START_TEST(a_minority_does_not_fail_over)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 5,
                               .quorum = 2,
                               .down_after_ms = 1000,
                               .failover_timeout_ms = 5000});

    /* s1 and s2 on one side, all else on the other. */
    for (int host = 0; host < NET_HOSTS; host++)
        if (host != S1 && host != S2) {
            net_cut(w, S1, host);
            net_cut(w, S2, host);
        }
    expect(w, "* * +odown master mymaster 10.0.0.1 6379 #quorum 2/2\n");
    world_run_for(w, 60000);
    expect_none(w, "* * +elected-leader *\n* * +switch-master *\n"
                   "* s3 +sdown master *\n");
    net_heal(w);
    world_run_for(w, 60000);
    expect_none(w, "* * +switch-master *\n");
    world_free(w);
}
END_TEST

START_TEST(a_master_in_the_minority_is_replaced_and_joins_again)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 10000});

    for (int host = 0; host < NET_HOSTS; host++)
        if (host != S1 && host != MASTER) {
            net_cut(w, S1, host);
            net_cut(w, MASTER, host);
        }
    expect(w, "* s2 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    ck_assert_int_eq(sentinel_master(w, S1, 0), MASTER);
    net_heal(w);
    expect(w, "* s1 +config-update-from sentinel * * 26379 @ mymaster "
              "10.0.0.1 6379\n"
              "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    expect(w, "* * +convert-to-slave slave 10.0.0.1:6379 *\n");
    world_run_for(w, 3000);
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    world_free(w);
}
END_TEST

START_TEST(a_sentinel_that_was_cut_off_learns_of_the_failover)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    net_isolate(w, S3);
    world_run_for(w, 3000);
    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_run_for(w, 10000);
    expect_none(w, "* s3 +switch-master *\n");
    net_heal(w);
    expect_within(w, 20000,
                  "* s3 +config-update-from sentinel * * 26379 @ mymaster "
                  "10.0.0.1 6379\n"
                  "* s3 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

START_TEST(what_is_lost_one_way_is_lost)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    net_cut_one_way(w, MASTER, S1);
    expect(w, "* s1 +sdown master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 10000);
    expect_none(w, "* s2 +sdown *\n* * +odown *\n");
    net_heal(w);
    expect(w, "* s1 -sdown master mymaster 10.0.0.1 6379\n");
    world_free(w);
}
END_TEST

Suite *suite_partition(void)
{
    Suite *suite = suite_create("partition");
    TCase *tcase = tcase_create("partition");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_minority_does_not_fail_over);
    tcase_add_test(tcase, a_master_in_the_minority_is_replaced_and_joins_again);
    tcase_add_test(tcase, a_sentinel_that_was_cut_off_learns_of_the_failover);
    tcase_add_test(tcase, what_is_lost_one_way_is_lost);
    suite_add_tcase(suite, tcase);
    return suite;
}
