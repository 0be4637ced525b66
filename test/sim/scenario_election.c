/* Scenarios: who may lead a failover, and what happens when he is lost. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

static void expect_agreement(struct world *w)
{
    world_run_for(w, 3000);
    for (int i = 1; i <= w->options.sentinels; i++) {
        int host = sentinel_master(w, SENTINEL(i), 0);

        if (host == NONE)
            continue; /* it does not run */
        ck_assert(host != MASTER);
        ck_assert(redis_is_master(redis_at(w, host)));
        ck_assert(!sentinel_is_busy(w, SENTINEL(i), 0));
    }
}

START_TEST(one_election_is_enough)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 5,
                               .quorum = 3,
                               .down_after_ms = 1000,
                               .seed = (uint64_t)_i + 1});

    redis_stop(w, MASTER);
    expect(w, "* * +elected-leader *\n* * +switch-master *\n");
    expect_agreement(w);
    ck_assert_uint_eq(world_matches(w, "* * +elected-leader *"), 1);
    world_free(w);
}
END_TEST

START_TEST(a_split_vote_is_decided_soon)
{
    /* Slow links: candidates cannot know of each other. */
    struct world *w = world_ready(
        (struct world_options){.sentinels = 4,
                               .quorum = 2,
                               .down_after_ms = 1000,
                               .latency_min_us = 100000,
                               .latency_max_us = 400000,
                               .seed = (uint64_t)_i + 1});

    redis_stop(w, MASTER);
    expect_within(w, 20000, "* * +odown *\n* * +switch-master *\n");
    ck_assert_uint_lt(world_when(w, "* * +switch-master *") -
                          world_when(w, "* * +odown *"),
                      15000);
    world_run_for(w, 10000);
    expect_agreement(w);
    world_free(w);
}
END_TEST

START_TEST(another_takes_over_when_the_leader_dies)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000,
                               .failover_timeout_ms = 5000,
                               .seed = (uint64_t)_i + 1});
    const char *leader;

    redis_stop(w, MASTER);
    leader = world_who(w, "+elected-leader");
    sentinel_crash(w, world_host(leader));
    world_mark(w);
    expect(w, "* * +elected-leader master mymaster 10.0.0.1 6379\n"
              "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    expect_agreement(w);
    sentinel_restart(w, world_host(leader));
    world_run_for(w, 20000);
    expect_agreement(w);
    world_free(w);
}
END_TEST

START_TEST(a_leader_can_be_made_to_crash_after_its_election)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 5000});

    for (int i = 1; i <= 3; i++)
        ck_assert_str_eq(
            sentinel_simulate(w, SENTINEL(i), SIMULATE_CRASH_AFTER_ELECTION),
            "+OK");
    redis_stop(w, MASTER);
    expect(w, "* * +elected-leader *\n* * killed\n");
    expect_none(w, "* * +selected-slave *\n");
    world_free(w);
}
END_TEST

START_TEST(a_leader_can_be_made_to_crash_after_the_promotion)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 5000});
    const char *leader;

    for (int i = 1; i <= 3; i++)
        (void)sentinel_simulate(w, SENTINEL(i), SIMULATE_CRASH_AFTER_PROMOTION);
    redis_stop(w, MASTER);
    leader = world_who(w, "+promoted-slave");
    expect(w, "* * +promoted-slave *\n* * killed\n");
    for (int i = 1; i <= 3; i++)
        if (sentinel_runs(w, SENTINEL(i)))
            (void)sentinel_simulate(w, SENTINEL(i), 0);
    /* The promotion is on its disk: it tells the others when it is back. */
    sentinel_restart(w, world_host(leader));
    world_run_for(w, 60000);
    expect_agreement(w);
    world_free(w);
}
END_TEST

START_TEST(no_failover_without_the_quorum)
{
    struct world *w = world_ready(
        (struct world_options){.quorum = 2, .down_after_ms = 1000});

    sentinel_crash(w, S2);
    sentinel_crash(w, S3);
    redis_stop(w, MASTER);
    expect(w, "* s1 +sdown master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 60000);
    expect_none(w, "* * +odown *\n* * +try-failover *\n");
    /* One more is enough. */
    sentinel_restart(w, S3);
    expect(w, "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

START_TEST(no_failover_without_the_majority)
{
    struct world *w = world_ready((struct world_options){
        .quorum = 1, .down_after_ms = 1000, .failover_timeout_ms = 4000});

    sentinel_crash(w, S2);
    sentinel_crash(w, S3);
    redis_stop(w, MASTER);
    expect(w, "* s1 +odown master mymaster 10.0.0.1 6379 #quorum 1/1\n"
              "* s1 +try-failover master mymaster 10.0.0.1 6379\n"
              "* s1 -failover-abort-not-elected master mymaster 10.0.0.1 "
              "6379\n");
    world_run_for(w, 60000);
    expect_none(w, "* * +elected-leader *\n* * +switch-master *\n");
    ck_assert(!redis_is_master(redis_at(w, REPLICA_1)));
    ck_assert(!redis_is_master(redis_at(w, REPLICA_2)));
    world_free(w);
}
END_TEST

START_TEST(a_vote_is_given_once)
{
    static const char other[] = "ffffffffffffffffffffffffffffffffffffffff";
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, node_at(w, S2)->id),
                     "0 s2 5");
    expect(w, "* s1 +new-epoch 5\n* s1 +vote-for-leader s2 5\n");
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, other), "0 s2 5");
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 4, other), "0 s2 5");
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, "*"), "0 * 0");
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 6, node_at(w, S3)->id),
                     "0 s3 6");
    world_free(w);
}
END_TEST

START_TEST(a_vote_is_not_forgotten_in_a_crash)
{
    static const char other[] = "ffffffffffffffffffffffffffffffffffffffff";
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, node_at(w, S2)->id),
                     "0 s2 5");
    sentinel_crash(w, S1);
    sentinel_restart(w, S1);
    /* The leader is not kept, that there was one is. */
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, other), "0 * 5");
    world_free(w);
}
END_TEST

Suite *suite_election(void)
{
    Suite *suite = suite_create("election");
    TCase *tcase = tcase_create("election");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, one_election_is_enough, 0, 10);
    tcase_add_loop_test(tcase, a_split_vote_is_decided_soon, 0, 10);
    tcase_add_loop_test(tcase, another_takes_over_when_the_leader_dies, 0, 5);
    tcase_add_test(tcase, a_leader_can_be_made_to_crash_after_its_election);
    tcase_add_test(tcase, a_leader_can_be_made_to_crash_after_the_promotion);
    tcase_add_test(tcase, no_failover_without_the_quorum);
    tcase_add_test(tcase, no_failover_without_the_majority);
    tcase_add_test(tcase, a_vote_is_given_once);
    tcase_add_test(tcase, a_vote_is_not_forgotten_in_a_crash);
    suite_add_tcase(suite, tcase);
    return suite;
}
