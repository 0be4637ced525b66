/* Scenarios: disks that fail, processes that die at every moment. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

START_TEST(without_a_disk_no_vote_is_given)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});
    const char *id = node_at(w, S2)->id;

    disk_fail(w, S1);
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, id), "0 * 0");
    expect_none(w, "* s1 +vote-for-leader *\n");
    /* Nor later, while it stays broken. */
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, id), "0 * 0");
    world_run_for(w, 5000);
    ck_assert_uint_eq(node_at(w, S1)->disk->current_epoch, 0);
    disk_heal(w, S1);
    world_run_for(w, 5000);
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 6, id), "0 s2 6");
    world_free(w);
}
END_TEST

START_TEST(without_a_disk_a_change_of_settings_is_refused)
{
    struct world *w = world_ready((struct world_options){.sentinels = 1});

    disk_fail(w, S1);
    ck_assert_str_eq(sentinel_set(w, S1, "mymaster", "quorum 1"),
                     "-ERR Failed to save config file. Check server logs.");
    ck_assert_str_eq(sentinel_flush(w, S1),
                     "-ERR Failed to save config file. Check server logs.");
    disk_heal(w, S1);
    ck_assert_str_eq(sentinel_flush(w, S1), "+OK");
    world_free(w);
}
END_TEST

START_TEST(a_failing_disk_does_not_stop_the_others)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 5000});

    disk_fail(w, SENTINEL(_i));
    redis_stop(w, MASTER);
    expect(w, "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_run_for(w, 20000);
    disk_heal(w, SENTINEL(_i));
    world_run_for(w, 20000);
    ck_assert_int_ne(sentinel_master(w, S1, 0), MASTER);
    ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S2, 0));
    ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S3, 0));
    world_free(w);
}
END_TEST

START_TEST(no_disk_at_all_no_failover)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 5000});

    for (int i = 1; i <= 3; i++)
        disk_fail(w, SENTINEL(i));
    redis_stop(w, MASTER);
    expect(w, "* s1 +sdown master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 30000);
    expect_none(w, "* * +elected-leader *\n* * +vote-for-leader *\n");
    for (int i = 1; i <= 3; i++)
        disk_heal(w, SENTINEL(i));
    expect(w, "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

/* A sentinel dies before its action number COUNT after the master was lost
 * and starts again soon; the checker looks for forgotten votes and for two
 * leaders. False when it had no such action. */
static bool fail_over_with_crash(int sentinel, uint64_t count, uint64_t seed)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 4000, .seed = seed});
    bool crashed;

    redis_stop(w, MASTER);
    (void)world_who(w, "+odown");
    sentinel_crash_after(w, sentinel, count);
    world_run_for(w, 4000);
    crashed = !sentinel_runs(w, sentinel);
    sentinel_restart(w, sentinel);
    node_at(w, sentinel)->actions_left = -1;
    world_run_for(w, 40000);
    ck_assert_int_ne(sentinel_master(w, S1, 0), MASTER);
    ck_assert(redis_is_master(redis_at(w, sentinel_master(w, S1, 0))));
    ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S2, 0));
    ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S3, 0));
    world_free(w);
    return crashed;
}

START_TEST(a_sentinel_can_die_between_any_two_actions)
{
    int sentinel = SENTINEL(1 + _i % 3);

    for (uint64_t count = 0; count < 120; count++)
        if (!fail_over_with_crash(sentinel, count, (uint64_t)_i / 3 + 1))
            break;
}
END_TEST

START_TEST(a_vote_in_the_middle_of_a_crash)
{
    /* It dies with the vote not yet, perhaps or surely on disk. */
    for (uint64_t count = 0; count < 8; count++) {
        struct world *w = world_ready(
            (struct world_options){.seed = (uint64_t)_i + 1});

        sentinel_crash_after(w, S1, count);
        redis_stop(w, MASTER);
        world_run_for(w, 100);
        sentinel_restart(w, S1);
        node_at(w, S1)->actions_left = -1;
        (void)sentinel_ask(w, S1, MASTER, 5, node_at(w, S2)->id);
        sentinel_crash_at(w, S1, world_now_ms(w) + 1 + count);
        world_run_for(w, 20);
        sentinel_restart(w, S1);
        (void)sentinel_ask(w, S1, MASTER, 5, node_at(w, S3)->id);
        world_free(w);
    }
}
END_TEST

START_TEST(all_sentinels_die_and_start_again)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 5000});

    redis_stop(w, MASTER);
    (void)world_who(w, "+promoted-slave");
    for (int i = 1; i <= 3; i++)
        sentinel_crash(w, SENTINEL(i));
    world_run_for(w, 1000);
    for (int i = 1; i <= 3; i++)
        sentinel_restart(w, SENTINEL(i));
    world_run_for(w, 40000);
    ck_assert_int_ne(sentinel_master(w, S1, 0), MASTER);
    ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S2, 0));
    ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S3, 0));
    world_free(w);
}
END_TEST

Suite *suite_disk(void)
{
    Suite *suite = suite_create("disk");
    TCase *tcase = tcase_create("disk");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, without_a_disk_no_vote_is_given);
    tcase_add_test(tcase, without_a_disk_a_change_of_settings_is_refused);
    tcase_add_loop_test(tcase, a_failing_disk_does_not_stop_the_others, 1, 4);
    tcase_add_test(tcase, no_disk_at_all_no_failover);
    tcase_add_loop_test(tcase, a_sentinel_can_die_between_any_two_actions, 0,
                        6);
    tcase_add_loop_test(tcase, a_vote_in_the_middle_of_a_crash, 0, 5);
    tcase_add_test(tcase, all_sentinels_die_and_start_again);
    suite_add_tcase(suite, tcase);
    return suite;
}
