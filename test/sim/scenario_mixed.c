/* Scenarios: quorums in which seats of both kinds sit, ours and those that
 * behave as the reference does; and some of what the latter do alone. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

#include <string.h>

/* Bits of reference_seats: s1 is bit 0. */
struct mix {
    int sentinels;
    int quorum;
    unsigned reference_seats;
};

static const struct mix mixes[] = {
    {3, 2, 0x4},  /* two of ours, one reference */
    {3, 2, 0x6},  /* one of ours, two references */
    {5, 3, 0x1c}, /* two of ours, three references */
};

#define MIXES 3
#define SEEDS 8 /* for each */

/* TEST counts up through the mixes, and through the seeds of each. */
static struct world_options options_of(int test)
{
    const struct mix *mix = &mixes[test % MIXES];

    return (struct world_options){.sentinels = mix->sentinels,
                                  .quorum = mix->quorum,
                                  .reference_seats = mix->reference_seats,
                                  .down_after_ms = 3000,
                                  .failover_timeout_ms = 5000,
                                  .seed = (uint64_t)(test / MIXES) + 1};
}

static bool is_reference(const struct world *w, int sentinel)
{
    return (w->options.reference_seats >> (sentinel - S1) & 1) != 0;
}

/* Any seat that runs. */
static int find_any(struct world *w)
{
    int number = 1;

    while (!sentinel_runs(w, SENTINEL(number)))
        number++;
    return SENTINEL(number);
}

/* A seat of the kind wanted that runs. */
static int find_seat(struct world *w, bool reference)
{
    for (int i = 1; i <= w->options.sentinels; i++)
        if (is_reference(w, SENTINEL(i)) == reference &&
            sentinel_runs(w, SENTINEL(i)))
            return SENTINEL(i);
    return NONE;
}

/* Whether all that run name one master, whom all other servers that run
 * follow, and think well of it. */
static bool all_agree(struct world *w)
{
    int master = NONE;
    char ip[16];

    for (int i = 1; i <= w->options.sentinels; i++) {
        if (!sentinel_runs(w, SENTINEL(i)))
            continue;
        if (master == NONE)
            master = sentinel_master(w, SENTINEL(i), 0);
        if (sentinel_master(w, SENTINEL(i), 0) != master ||
            sentinel_is_busy(w, SENTINEL(i), 0) ||
            (sentinel_master_flags(w, SENTINEL(i), 0) &
             (FLAG_SDOWN | FLAG_ODOWN)) != 0)
            return false;
    }
    world_ip(master, ip);
    for (int i = 0; i <= w->options.replicas; i++) {
        const struct redis *redis = redis_at(w, REDIS(0, i));

        if (redis->running &&
            (redis->host == master ? !redis_is_master(redis)
                                   : strcmp(redis->master_ip, ip) != 0))
            return false;
    }
    return true;
}

/* Waits until all agree, and on another master than the first. */
static void expect_new_master(struct world *w, uint64_t limit_ms)
{
    uint64_t end_us = w->now_us + limit_ms * 1000;

    while (sentinel_master(w, find_any(w), 0) == MASTER || !all_agree(w))
        if (!world_step(w, end_us))
            world_fail(w, "they do not agree on a new master");
}

/* What a reference vote costs: who has voted for a candidate that did not get
 * through waits twice the failover-timeout. */
static uint64_t retry_ms(const struct world *w)
{
    return 2 * (uint64_t)w->options.failover_timeout_ms + 2000;
}

START_TEST(all_find_each_other)
{
    struct world *w = world_ready(options_of(_i));

    world_run_for(w, 20000);
    expect_none(w, "* * +sdown *\n* * +tilt *\n* * +new-epoch *\n");
    ck_assert(all_agree(w));
    world_free(w);
}
END_TEST

START_TEST(one_failover_is_enough)
{
    struct world *w = world_ready(options_of(_i));

    redis_stop(w, MASTER);
    expect_new_master(w, 10000 + 2 * retry_ms(w));
    world_run_for(w, 3 * retry_ms(w));
    ck_assert_uint_eq(world_matches(w, "* * +promoted-slave *"), 1);
    ck_assert(all_agree(w));
    world_free(w);
}
END_TEST

/* With a short down-after a reference counts what was said of the old address
 * against the new one, and asks for a failover that nobody needs: where ours
 * hold the majority it does not get it. */
START_TEST(a_needless_second_failover_is_voted_down)
{
    struct world_options options = options_of(_i * MIXES);
    struct world *w;

    options.down_after_ms = 1000;
    w = world_ready(options);
    redis_stop(w, MASTER);
    expect_new_master(w, 10000 + 2 * retry_ms(w));
    world_run_for(w, 3 * retry_ms(w));
    ck_assert_uint_eq(world_matches(w, "* * +promoted-slave *"), 1);
    ck_assert(all_agree(w));
    world_free(w);
}
END_TEST

START_TEST(the_old_master_becomes_a_replica)
{
    struct world *w = world_ready(options_of(_i));

    redis_stop(w, MASTER);
    expect_new_master(w, 10000 + 2 * retry_ms(w));
    redis_start(w, MASTER);
    expect_within(w, 40000, "* * +convert-to-slave slave 10.0.0.1:6379 *\n");
    world_run_for(w, 30000);
    ck_assert(all_agree(w));
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    world_free(w);
}
END_TEST

/* The leader dies in the middle, of whichever kind it is. */
START_TEST(another_takes_over_when_the_leader_dies)
{
    struct world *w = world_ready(options_of(_i));
    int leader;

    redis_stop(w, MASTER);
    leader = world_host(world_who(w, "+elected-leader"));
    sentinel_crash(w, leader);
    expect_new_master(w, 10000 + 3 * retry_ms(w));
    sentinel_restart(w, leader);
    world_run_for(w, 3 * retry_ms(w));
    ck_assert(all_agree(w));
    world_free(w);
}
END_TEST

/* As above, at any point: it dies between two of the things that it does. */
START_TEST(a_leader_may_die_at_any_point)
{
    struct world *w = world_ready(options_of(_i));
    int leader;

    redis_stop(w, MASTER);
    leader = world_host(world_who(w, "+try-failover"));
    sentinel_crash_after(w, leader, (uint64_t)_i);
    world_run_for(w, 4000);
    sentinel_restart(w, leader);
    sentinel_crash_after(w, leader, UINT32_MAX);
    expect_new_master(w, 10000 + 4 * retry_ms(w));
    world_run_for(w, 3 * retry_ms(w));
    ck_assert(all_agree(w));
    world_free(w);
}
END_TEST

/* Cut off with the old master, a seat learns of the new one in the end. */
static void cut_off_with_master(struct world *w, int sentinel)
{
    for (int host = 0; host < NET_HOSTS; host++)
        if (host != sentinel && host != MASTER) {
            net_cut(w, sentinel, host);
            net_cut(w, MASTER, host);
        }
}

static void check_minority(struct world *w, int sentinel)
{
    int other = world_other(w, sentinel, 0);
    uint64_t end_us = w->now_us + (10000 + 2 * retry_ms(w)) * 1000;

    cut_off_with_master(w, sentinel);
    while (sentinel_master(w, other, 0) == MASTER)
        if (!world_step(w, end_us))
            world_fail(w, "the majority does not fail over");
    ck_assert_int_eq(sentinel_master(w, sentinel, 0), MASTER);
    net_heal(w);
    world_run_for(w, 60000 + 3 * retry_ms(w));
    ck_assert(all_agree(w));
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
}

START_TEST(one_of_ours_is_cut_off_with_the_master)
{
    struct world *w = world_ready(options_of(_i));

    check_minority(w, find_seat(w, false));
    world_free(w);
}
END_TEST

START_TEST(a_reference_is_cut_off_with_the_master)
{
    struct world *w = world_ready(options_of(_i));

    check_minority(w, find_seat(w, true));
    world_free(w);
}
END_TEST

START_TEST(a_paused_reference_catches_up)
{
    struct world *w = world_ready(options_of(_i * MIXES));
    int paused = find_seat(w, true);

    sentinel_pause(w, paused);
    redis_stop(w, MASTER);
    world_run_for(w, 10000 + retry_ms(w));
    ck_assert_int_eq(sentinel_master(w, paused, 0), MASTER);
    sentinel_resume(w, paused);
    expect(w, "* * +tilt #tilt mode entered\n"
              "* * -tilt #tilt mode exited\n");
    world_run_for(w, 2 * retry_ms(w));
    ck_assert(all_agree(w));
    world_free(w);
}
END_TEST

START_TEST(a_reference_votes_once_across_a_crash)
{
    struct world *w = world_ready(options_of(_i));
    const char *leader;
    int voter;

    redis_stop(w, MASTER);
    leader = world_who(w, "+elected-leader");
    voter = find_seat(w, true);
    if (world_host(leader) != voter) {
        sentinel_crash(w, voter);
        sentinel_restart(w, voter);
    }
    expect_new_master(w, 10000 + 3 * retry_ms(w));
    world_run_for(w, 3 * retry_ms(w));
    ck_assert(all_agree(w));
    world_free(w);
}
END_TEST

START_TEST(either_kind_obeys_an_order)
{
    struct world *w = world_ready(options_of(_i));
    int seat = find_seat(w, _i % 2 == 0);

    ck_assert_str_eq(sentinel_failover(w, seat, "mymaster"), "+OK");
    expect_new_master(w, 30000);
    world_run_for(w, 60000);
    ck_assert(all_agree(w));
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    world_free(w);
}
END_TEST

START_TEST(a_reset_reference_finds_all_again)
{
    struct world *w = world_ready(options_of(_i));

    ck_assert_str_eq(sentinel_reset(w, find_seat(w, true), "my*"), ":1");
    world_run_for(w, 15000);
    world_discover(w);
    redis_stop(w, MASTER);
    expect_new_master(w, 10000 + 2 * retry_ms(w));
    world_free(w);
}
END_TEST

/* ---- References alone: their known faults ---- */

static struct world_options alone(int seed)
{
    return (struct world_options){.sentinels = 3,
                                  .quorum = 2,
                                  .reference_seats = 0x7,
                                  .failover_timeout_ms = 5000,
                                  .down_after_ms = 3000,
                                  .seed = (uint64_t)seed + 1};
}

START_TEST(references_alone_fail_over)
{
    struct world *w = world_ready(alone(_i));

    redis_stop(w, MASTER);
    expect_new_master(w, 10000 + 4 * retry_ms(w));
    world_free(w);
}
END_TEST

static bool first_election_is_split(int seed)
{
    struct world_options options = alone(seed);
    struct world *w;
    bool split;

    options.latency_min_us = 150000;
    options.latency_max_us = 200000;
    w = world_ready(options);
    redis_stop(w, MASTER);
    expect_within(w, 60000, "* * +switch-master *\n");
    split = world_matches(w, "* * -failover-abort-not-elected *") > 0;
    world_free(w);
    return split;
}

/* Nothing keeps them from starting together: on slow links each votes for
 * itself more often than not, and all wait for twice the failover-timeout. */
START_TEST(references_alone_split_their_first_election)
{
    int count = 0;

    for (int seed = 0; seed < SEEDS; seed++)
        if (first_election_is_split(seed))
            count++;
    ck_assert_int_ge(count, SEEDS / 4);
}
END_TEST

/* Their evidence about the old address counts against the new master. */
START_TEST(references_alone_fail_over_twice_without_need)
{
    struct world_options options = alone(_i);
    struct world *w;

    options.down_after_ms = 100;
    w = world_ready(options);
    redis_stop(w, MASTER);
    world_run_for(w, 60000);
    ck_assert_uint_ge(world_matches(w, "* * +promoted-slave *"), 2);
    world_free(w);
}
END_TEST

Suite *suite_mixed(void)
{
    Suite *suite = suite_create("mixed");
    TCase *tcase = tcase_create("mixed");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, all_find_each_other, 0, MIXES);
    tcase_add_loop_test(tcase, one_failover_is_enough, 0, MIXES * SEEDS);
    tcase_add_loop_test(tcase, a_needless_second_failover_is_voted_down, 0, 8);
    tcase_add_loop_test(tcase, the_old_master_becomes_a_replica, 0, MIXES * 2);
    tcase_add_loop_test(tcase, another_takes_over_when_the_leader_dies, 0,
                        MIXES * SEEDS);
    tcase_add_loop_test(tcase, a_leader_may_die_at_any_point, 0, MIXES * 20);
    tcase_add_loop_test(tcase, one_of_ours_is_cut_off_with_the_master, 0,
                        MIXES * 3);
    tcase_add_loop_test(tcase, a_reference_is_cut_off_with_the_master, 0,
                        MIXES * 3);
    tcase_add_loop_test(tcase, a_paused_reference_catches_up, 0, 3);
    tcase_add_loop_test(tcase, a_reference_votes_once_across_a_crash, 0,
                        MIXES * SEEDS);
    tcase_add_loop_test(tcase, either_kind_obeys_an_order, 0, MIXES * 2);
    tcase_add_loop_test(tcase, a_reset_reference_finds_all_again, 0, MIXES * 2);
    tcase_add_loop_test(tcase, references_alone_fail_over, 0, SEEDS);
    tcase_add_test(tcase, references_alone_split_their_first_election);
    tcase_add_loop_test(tcase, references_alone_fail_over_twice_without_need, 0,
                        SEEDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
