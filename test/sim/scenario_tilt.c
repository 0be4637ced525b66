/* Scenarios: a sentinel that was not run for a while distrusts itself. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

START_TEST(a_paused_sentinel_enters_tilt_and_leaves_it)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});
    uint64_t tilt_ms;

    sentinel_pause(w, S1);
    world_run_for(w, 3500);
    sentinel_resume(w, S1);
    expect(w, "* s1 +tilt #tilt mode entered\n"
              "* s1 -tilt #tilt mode exited\n");
    tilt_ms = world_when(w, "* s1 +tilt *");
    ck_assert_uint_ge(world_when(w, "* s1 -tilt *"), tilt_ms + 30000);
    ck_assert_uint_le(world_when(w, "* s1 -tilt *"), tilt_ms + 31500);
    expect_none(w, "* s1 +sdown *\n* s2 +tilt *\n");
    world_free(w);
}
END_TEST

START_TEST(a_short_pause_is_no_tilt)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 5000});

    sentinel_pause(w, S1);
    world_run_for(w, 900);
    sentinel_resume(w, S1);
    world_run_for(w, 5000);
    expect_none(w, "* * +tilt *\n* * +sdown *\n");
    world_free(w);
}
END_TEST

START_TEST(in_tilt_nothing_is_declared_down)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 2, .down_after_ms = 1000});

    sentinel_pause(w, S1);
    world_run_for(w, 5000);
    sentinel_resume(w, S1);
    expect(w, "* s1 +tilt *\n");
    redis_stop(w, MASTER);
    world_run_for(w, 20000);
    expect_none(w, "* s1 +sdown *\n* * +odown *\n");
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 0, "*"), "0 * 0");
    /* Afterwards it is. */
    expect(w, "* s1 -tilt *\n* s1 +sdown master mymaster 10.0.0.1 6379\n");
    expect(w, "* * +switch-master mymaster *\n");
    world_free(w);
}
END_TEST

START_TEST(in_tilt_a_switch_is_followed_and_votes_are_given)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    sentinel_pause(w, S1);
    world_run_for(w, 5000);
    sentinel_resume(w, S1);
    expect(w, "* s1 +tilt *\n");
    redis_stop(w, MASTER);
    expect_within(w, 10000,
                  "* s1 +vote-for-leader *\n"
                  "* s1 +config-update-from *\n"
                  "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    expect_none(w, "* s1 -tilt *\n");
    world_free(w);
}
END_TEST

Suite *suite_tilt(void)
{
    Suite *suite = suite_create("tilt");
    TCase *tcase = tcase_create("tilt");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_paused_sentinel_enters_tilt_and_leaves_it);
    tcase_add_test(tcase, a_short_pause_is_no_tilt);
    tcase_add_test(tcase, in_tilt_nothing_is_declared_down);
    tcase_add_test(tcase, in_tilt_a_switch_is_followed_and_votes_are_given);
    suite_add_tcase(suite, tcase);
    return suite;
}
