/* Scenarios: the known faults of the reference, which our seats do not have;
 * where the model of the reference can show a fault, it does so beside them.
 *
 * Those that stand elsewhere:
 *
 *   every sentinel starts with another       operator:
 *   master in the same epoch, and they         three_opinions_at_the_start_
 *   never agree                                become_one
 *   a needless second failover after a       failover: a_short_down_after_
 *   crash, at a short down-after               makes_no_second_failover;
 *                                            mixed: a_needless_second_
 *                                              failover_is_voted_down,
 *                                              references_alone_fail_over_
 *                                              twice_without_need
 *   a split election costs minutes           election:
 *                                              a_split_vote_is_decided_soon;
 *                                            mixed: references_alone_split_
 *                                              their_first_election
 *   a rewritten file that the next start     test/unit/test_rewrite.c:
 *   refuses                                    lines_that_cannot_be_loaded_
 *                                              become_comments, a_thousand_
 *                                              masters_come_back;
 *                                            test/integration/
 *                                              test_config_file.py */
#include "operator.h"
#include "redis.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

#define MASTERS 20

static struct world_options options_of(int seed)
{
    return (struct world_options){.sentinels = 3,
                                  .quorum = 2,
                                  .down_after_ms = 1000,
                                  .failover_timeout_ms = 10000,
                                  .seed = (uint64_t)seed + 1};
}

/* Whether all sentinels that run name one master of GROUP that is one, has
 * every other server that runs as its replica, and is not FORMER. */
static bool is_settled(struct world *w, int group, int former)
{
    int master = NONE;
    char ip[16];

    for (int i = 1; i <= w->options.sentinels; i++) {
        if (!sentinel_runs(w, SENTINEL(i)))
            continue;
        if (master == NONE)
            master = sentinel_master(w, SENTINEL(i), group);
        if (sentinel_master(w, SENTINEL(i), group) != master ||
            sentinel_is_busy(w, SENTINEL(i), group))
            return false;
    }
    if (master == NONE || master == former ||
        !redis_is_master(redis_at(w, master)))
        return false;
    world_ip(master, ip);
    for (int i = 0; i <= w->options.replicas; i++) {
        const struct redis *redis = redis_at(w, REDIS(group, i));

        if (redis->running && redis->host != master &&
            strcmp(redis->master_ip, ip) != 0)
            return false;
    }
    return true;
}

static bool all_settled(struct world *w)
{
    for (int group = 0; group < w->options.masters; group++)
        if (!is_settled(w, group, REDIS(group, 0)))
            return false;
    return true;
}

/* Returns how long it took. */
static uint64_t wait_until_settled(struct world *w, uint64_t limit_ms)
{
    uint64_t begin_ms = world_now_ms(w);

    while (!all_settled(w)) {
        if (world_now_ms(w) >= begin_ms + limit_ms)
            world_fail(w, "not all have a new master");
        world_run_for(w, 50);
    }
    return world_now_ms(w) - begin_ms;
}

/* ---- Many masters at once ---- */

static size_t elections_lost(const struct world *w)
{
    return world_matches(w, "* * -failover-abort-not-elected *");
}

/* Links so slow that candidates cannot know of each other in time. */
static void slow_links(struct world_options *options)
{
    options->latency_min_us = 20000;
    options->latency_max_us = 60000;
}

/* All masters are killed, in one millisecond or in one second. */
static struct world *stop_all(struct world_options options, bool at_once)
{
    struct world *w;
    uint64_t now_ms;

    options.masters = MASTERS;
    w = world_ready(options);
    now_ms = world_now_ms(w);
    for (int group = 0; group < MASTERS; group++)
        redis_stop_at(w, REDIS(group, 0),
                      now_ms + 1 +
                          (at_once ? 0 : (uint64_t)group * 370 % 1000));
    return w;
}

START_TEST(all_first_elections_succeed_when_many_masters_fail)
{
    struct world_options options = options_of(_i / 8);
    struct world *w;

    options.sentinels = _i % 2 == 0 ? 3 : 5;
    options.quorum = options.sentinels / 2 + 1;
    if (_i / 2 % 2 == 1)
        slow_links(&options);
    w = stop_all(options, _i / 4 % 2 == 0);
    ck_assert_uint_lt(wait_until_settled(w, 30000), 6000);
    ck_assert_uint_eq(elections_lost(w), 0);
    ck_assert_uint_eq(world_matches(w, "* * +try-failover *"), MASTERS);
    ck_assert_uint_eq(world_matches(w, "* * +promoted-slave *"), MASTERS);
    world_free(w);
}
END_TEST

/* Nothing keeps them from starting together. */
START_TEST(references_split_first_elections_when_many_masters_fail)
{
    size_t lost = 0;

    for (int seed = 0; seed < 3; seed++) {
        struct world_options options = options_of(seed);
        struct world *w;

        options.sentinels = 5;
        options.quorum = 3;
        options.reference_seats = 0x1f;
        slow_links(&options);
        w = stop_all(options, true);
        world_run_for(w, 15000);
        lost += elections_lost(w);
        world_free(w);
    }
    ck_assert_uint_ge(lost, MASTERS);
}
END_TEST

/* s1 alone loses sight of one master after the other and is alone to ask for
 * votes, on links so slow that the epoch has risen before they are there. */
static struct world *one_candidate(int seed, unsigned reference_seats)
{
    struct world_options options = options_of(seed);
    struct world *w;

    options.masters = MASTERS;
    options.quorum = 1;
    options.down_after_ms = 3000;
    options.latency_min_us = 300000;
    options.latency_max_us = 400000;
    options.reference_seats = reference_seats;
    w = world_ready(options);
    for (int group = 0; group < MASTERS; group++) {
        net_cut(w, S1, REDIS(group, 0));
        world_run_for(w, 500);
    }
    world_run_for(w, 25000);
    return w;
}

static uint64_t when_said(struct world *w, const char *channel, int group)
{
    char pattern[80];

    snprintf(pattern, sizeof(pattern), "* s1 %s master %s *", channel,
             world_master_name(group));
    return world_when(w, pattern);
}

/* The longest election: from the first attempt until it is won. */
static uint64_t longest_election_ms(struct world *w)
{
    uint64_t longest = 0;

    for (int group = 0; group < MASTERS; group++) {
        uint64_t took = when_said(w, "+elected-leader", group) -
                        when_said(w, "+try-failover", group);

        if (took > longest)
            longest = took;
    }
    return longest;
}

/* Votes are counted by master and epoch: what goes on with other masters does
 * not make them void. One exchange of messages is enough. */
START_TEST(a_majority_is_elected_whatever_the_other_epochs)
{
    struct world *w = one_candidate(_i, 0);

    ck_assert_uint_lt(longest_election_ms(w), 1500);
    ck_assert_uint_eq(world_matches(w, "* * +try-failover *"), MASTERS);
    ck_assert_uint_eq(elections_lost(w), 0);
    world_free(w);
}
END_TEST

/* All have voted for the only candidate, in an epoch that is over: they are
 * asked again, and again. */
START_TEST(references_void_the_votes_of_other_epochs)
{
    struct world *w = one_candidate(_i, 0x7);

    ck_assert_uint_ge(longest_election_ms(w), 2500);
    world_free(w);
}
END_TEST

/* ---- Reset, then the loss of the master ---- */

static const uint64_t reset_pauses_ms[] = {50, 300, 1000, 3000, 12000};

#define RESET_PAUSES 5

static struct world *reset_and_lose(struct world_options options,
                                    uint64_t pause_ms)
{
    struct world *w = world_ready(options);

    for (int i = 1; i <= 3; i++)
        ck_assert_str_eq(sentinel_reset(w, SENTINEL(i), "*"), ":1");
    world_run_for(w, pause_ms);
    redis_stop(w, MASTER);
    return w;
}

/* What RESET has made them forget they find again in time. */
START_TEST(a_master_lost_after_a_reset_of_all_is_replaced)
{
    struct world *w = reset_and_lose(options_of(_i / RESET_PAUSES),
                                     reset_pauses_ms[_i % RESET_PAUSES]);

    ck_assert_uint_lt(wait_until_settled(w, 20000), 6000);
    world_free(w);
}
END_TEST

/* They ask for INFO ten seconds later, and the master cannot tell any more
 * which replicas it had: there is no failover for hours. */
START_TEST(references_know_no_replica_after_a_reset)
{
    struct world_options options = options_of(_i);
    struct world *w;

    options.reference_seats = 0x7;
    w = reset_and_lose(options, reset_pauses_ms[_i]);
    world_run_for(w, 3600000);
    ck_assert(!all_settled(w));
    expect_none(w, "* * +promoted-slave *\n");
    world_free(w);
}
END_TEST

/* As above, after a failover, which the reset must not undo, and with a
 * sentinel that is gone for good: the reason why people use it. */
START_TEST(a_master_lost_after_a_reset_in_turn_is_replaced)
{
    struct world_options options = options_of(_i);
    struct world *w;
    int former;

    options.sentinels = 4;
    options.quorum = 2;
    options.replicas = 3;
    w = world_ready(options);
    redis_stop(w, MASTER);
    (void)wait_until_settled(w, 20000);
    redis_start(w, MASTER);
    expect(w, "* * +convert-to-slave slave 10.0.0.1:6379 *\n");
    sentinel_crash(w, S4);
    for (int i = 1; i <= 3; i++) {
        ck_assert_str_eq(sentinel_reset(w, SENTINEL(i), "*"), ":1");
        world_run_for(w, 4000);
    }
    former = sentinel_master(w, S1, 0);
    sentinel_crash(w, S3); /* two of three are a majority again */
    redis_stop(w, former);
    world_run_for(w, 20000);
    ck_assert(is_settled(w, 0, former));
    world_free(w);
}
END_TEST

/* ---- A leader that dies, an old master that returns ---- */

static const char *const last_words[] = {
    "+selected-slave", "+failover-state-wait-promotion", "+promoted-slave"};

#define LAST_WORDS 3

/* Nobody is left who knows of the promotion, or of what was to follow it: in
 * the end there is one master, and all others are its replicas. */
START_TEST(a_demoted_master_is_repointed_though_the_leader_is_dead)
{
    struct world *w = world_ready(options_of(_i / LAST_WORDS));
    int leader;

    redis_stop(w, MASTER);
    leader = world_host(world_who(w, last_words[_i % LAST_WORDS]));
    sentinel_crash(w, leader);
    redis_start_at(w, MASTER, world_now_ms(w) + 15000);
    world_run_for(w, 60000);
    ck_assert(is_settled(w, 0, MASTER));
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    sentinel_restart(w, leader);
    world_run_for(w, 30000);
    ck_assert(is_settled(w, 0, MASTER));
    world_free(w);
}
END_TEST

/* The same with a master that is back before anybody else has taken over: it
 * may stay, but then all must follow it. */
START_TEST(a_master_that_returns_at_once_is_not_left_beside_another)
{
    struct world *w = world_ready(options_of(_i / LAST_WORDS));
    int leader;

    redis_stop(w, MASTER);
    leader = world_host(world_who(w, last_words[_i % LAST_WORDS]));
    sentinel_crash(w, leader);
    redis_start(w, MASTER);
    world_run_for(w, 60000);
    ck_assert(is_settled(w, 0, NONE));
    sentinel_restart(w, leader);
    world_run_for(w, 60000);
    ck_assert(is_settled(w, 0, NONE));
    world_free(w);
}
END_TEST

/* A planned failover, in which the old master is well: whoever is left must
 * not keep two masters. */
START_TEST(a_leader_by_order_that_dies_leaves_one_master)
{
    struct world *w = world_ready(options_of(_i / LAST_WORDS));

    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    (void)world_who(w, last_words[_i % LAST_WORDS]);
    sentinel_crash(w, S1);
    world_run_for(w, 60000);
    ck_assert(is_settled(w, 0, NONE));
    sentinel_restart(w, S1);
    world_run_for(w, 60000);
    ck_assert(is_settled(w, 0, NONE));
    world_free(w);
}
END_TEST

Suite *suite_reference_faults(void)
{
    Suite *suite = suite_create("reference_faults");
    TCase *tcase = tcase_create("reference_faults");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, all_first_elections_succeed_when_many_masters_fail, 0, 16);
    tcase_add_test(tcase,
                   references_split_first_elections_when_many_masters_fail);
    tcase_add_loop_test(tcase, a_majority_is_elected_whatever_the_other_epochs,
                        0, 4);
    tcase_add_loop_test(tcase, references_void_the_votes_of_other_epochs, 0, 2);
    tcase_add_loop_test(tcase, a_master_lost_after_a_reset_of_all_is_replaced,
                        0, 3 * RESET_PAUSES);
    tcase_add_loop_test(tcase, references_know_no_replica_after_a_reset, 0,
                        RESET_PAUSES - 1);
    tcase_add_loop_test(tcase, a_master_lost_after_a_reset_in_turn_is_replaced,
                        0, 5);
    tcase_add_loop_test(tcase,
                        a_demoted_master_is_repointed_though_the_leader_is_dead,
                        0, 5 * LAST_WORDS);
    tcase_add_loop_test(
        tcase, a_master_that_returns_at_once_is_not_left_beside_another, 0,
        5 * LAST_WORDS);
    tcase_add_loop_test(tcase, a_leader_by_order_that_dies_leaves_one_master, 0,
                        5 * LAST_WORDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
