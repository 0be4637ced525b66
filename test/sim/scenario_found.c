/* Scenarios: faults of our own that simulation, fuzzing or real servers have
 * found, each in the shape in which it once went wrong. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

static struct world_options quick(int seed)
{
    return (struct world_options){.sentinels = 3,
                                  .quorum = 2,
                                  .down_after_ms = 1000,
                                  .failover_timeout_ms = 5000,
                                  .seed = (uint64_t)seed + 1};
}

/* One sentinel that needs nobody's vote. */
static struct world *alone(int seed)
{
    struct world_options options = quick(seed);

    options.sentinels = 1;
    options.quorum = 1;
    return world_ready(options);
}

static void expect_roles(struct world *w, int master)
{
    for (int i = 0; i <= w->options.replicas; i++)
        ck_assert_int_eq(redis_is_master(redis_at(w, REDIS(0, i))),
                         REDIS(0, i) == master);
}

static void expect_opinion(struct world *w, int master)
{
    for (int i = 1; i <= w->options.sentinels; i++) {
        ck_assert_int_eq(sentinel_master(w, SENTINEL(i), 0), master);
        ck_assert(!sentinel_is_busy(w, SENTINEL(i), 0));
    }
}

/* Runs until SENTINEL has a failover going, or has none any more. */
static void wait_until_busy(struct world *w, int sentinel, bool busy,
                            uint64_t limit_ms)
{
    uint64_t end_us = w->now_us + limit_ms * 1000;

    while (sentinel_is_busy(w, sentinel, 0) != busy)
        if (!world_step(w, end_us))
            world_fail(w, "the failover does not %s", busy ? "begin" : "end");
}

/* ---- Tilt ---- */

/* It knew that the others agree, and slept for longer than that counts: the
 * end of tilt is no moment to act on it. The others have the master back. */
START_TEST(what_was_agreed_before_tilt_does_not_count_after_it)
{
    struct world *w = world_ready(quick(_i));

    for (int i = 1; i <= 2; i++)
        redis_at(w, REDIS(0, i))->priority = 0;
    world_run_for(w, 11000); /* seen by INFO */
    redis_stop(w, MASTER);
    expect(w, "* s1 +odown master mymaster 10.0.0.1 6379 #quorum *\n");
    expect(w, "* * -failover-abort-no-good-slave *\n");
    sentinel_pause(w, S1);
    net_cut(w, S1, MASTER);
    redis_start(w, MASTER);
    for (int i = 1; i <= 2; i++)
        redis_at(w, REDIS(0, i))->priority = 100;
    world_run_for(w, 6000);
    world_mark(w);
    sentinel_resume(w, S1);
    expect(w, "* s1 +tilt #tilt mode entered\n"
              "* s1 -tilt #tilt mode exited\n"
              "* s1 -odown master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 20000);
    ck_assert_uint_ne(sentinel_master_flags(w, S1, 0) & FLAG_SDOWN, 0);
    expect_none(w, "* * +try-failover *\n* * +odown *\n");
    expect_roles(w, MASTER);
    world_free(w);
}
END_TEST

/* The links of its replicas are down for as long as the master is, which is
 * longer than the only sentinel, in tilt at first, counts it as down. */
START_TEST(a_master_found_down_late_is_replaced)
{
    struct world *w = alone(_i);
    uint64_t tilt_ends_ms;

    sentinel_pause(w, S1);
    world_run_for(w, 5000);
    sentinel_resume(w, S1);
    expect(w, "* s1 +tilt #tilt mode entered\n");
    redis_stop(w, MASTER);
    expect(w, "* s1 -tilt #tilt mode exited\n");
    tilt_ends_ms = world_when(w, "* s1 -tilt *");
    expect_within(w, 10000,
                  "* s1 +odown master mymaster 10.0.0.1 6379 #quorum 1/1\n"
                  "* s1 +selected-slave *\n"
                  "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    ck_assert_uint_lt(world_when(w, "* s1 +switch-master *"),
                      tilt_ends_ms + 5000);
    expect_none(w, "* * -failover-abort-no-good-slave *\n");
    world_free(w);
}
END_TEST

/* ---- Disks that stall ---- */

/* The disk goes on after the failover was given up: what was ordered must not
 * leave then. */
static void expect_nothing_ordered(struct world *w)
{
    world_run_for(w, 10000);
    expect_roles(w, MASTER);
    disk_heal(w, S1);
    expect(w, "* s1 +try-failover master mymaster 10.0.0.1 6379\n"
              "* s1 -failover-abort-not-elected master mymaster 10.0.0.1 "
              "6379\n");
    world_run_for(w, 20000);
    expect_none(w, "* * +elected-leader *\n* * +switch-master *\n");
    ck_assert_uint_eq(world_matches(w, "* * +try-failover *"), 1);
    expect_roles(w, MASTER);
    expect_opinion(w, MASTER);
}

START_TEST(an_order_on_a_stalled_disk_is_given_up)
{
    struct world *w = alone(_i);

    disk_stall(w, S1);
    w->hurried = true; /* the answer waits for the disk */
    (void)sentinel_failover(w, S1, "mymaster");
    ck_assert(sentinel_is_busy(w, S1, 0));
    wait_until_busy(w, S1, false, 5500);
    expect_nothing_ordered(w);
    world_free(w);
}
END_TEST

START_TEST(a_failover_on_a_stalled_disk_is_given_up)
{
    struct world *w = alone(_i);

    disk_stall(w, S1);
    redis_stop(w, MASTER);
    wait_until_busy(w, S1, true, 3000);
    wait_until_busy(w, S1, false, 5500);
    redis_start(w, MASTER);
    expect_nothing_ordered(w);
    world_free(w);
}
END_TEST

/* The other side of it: once the vote is saved, what else is written does not
 * matter to the orders. They wait for INFO here, hence the slow links. */
START_TEST(the_orders_of_a_leader_do_not_wait_for_the_disk)
{
    struct world_options options = quick(_i);
    struct world *w;

    options.sentinels = 1;
    options.quorum = 1;
    options.latency_min_us = 40000;
    options.latency_max_us = 50000;
    w = world_ready(options);
    redis_stop(w, MASTER);
    expect(w, "* s1 +elected-leader master mymaster 10.0.0.1 6379\n");
    ck_assert(!redis_is_master(redis_at(w, REPLICA_1)));
    ck_assert(!redis_is_master(redis_at(w, REPLICA_2)));
    disk_stall(w, S1);
    w->hurried = true;
    (void)sentinel_flush(w, S1);
    world_run_for(w, 2000);
    ck_assert_int_ne(redis_is_master(redis_at(w, REPLICA_1)),
                     redis_is_master(redis_at(w, REPLICA_2)));
    disk_heal(w, S1);
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

/* What would be begun could not be saved: after the heal there is one election,
 * at once, not the remains of those that were given up. */
START_TEST(no_election_is_begun_on_a_stalled_disk)
{
    struct world *w = alone(_i);
    uint64_t healed_ms;

    disk_stall(w, S1);
    w->hurried = true;
    for (int i = 0; i < 4; i++) {
        (void)sentinel_flush(w, S1);
        world_run_for(w, 1000);
    }
    redis_stop(w, MASTER);
    for (uint64_t end_us = w->now_us + 30000000; world_step(w, end_us);)
        ck_assert(!sentinel_is_busy(w, S1, 0));
    ck_assert_uint_ne(sentinel_master_flags(w, S1, 0) & FLAG_ODOWN, 0);
    healed_ms = world_now_ms(w);
    disk_heal(w, S1);
    expect_within(w, 3000,
                  "* s1 +new-epoch 1\n"
                  "* s1 +try-failover master mymaster 10.0.0.1 6379\n"
                  "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    ck_assert_uint_lt(world_when(w, "* s1 +try-failover *"), healed_ms + 500);
    expect_none(w, "* * -failover-abort-not-elected *\n");
    world_free(w);
}
END_TEST

/* ---- Operators ---- */

/* Monitored anew in the middle of an election: the vote that was given before
 * is not known any more, but that there may have been one is. */
START_TEST(no_second_vote_after_remove_and_monitor)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});
    const char *first = node_at(w, S2)->id;
    const char *second = node_at(w, S3)->id;

    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, first), "0 s2 5");
    ck_assert_str_eq(sentinel_remove(w, S1, "mymaster"), "+OK");
    ck_assert_str_eq(
        sentinel_monitor(w, S1, "mymaster", "10.0.0.1", "6379", "2"), "+OK");
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, second), "0 * 5");
    /* Nor after a restart. */
    sentinel_crash(w, S1);
    sentinel_restart(w, S1);
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 5, second), "0 * 5");
    ck_assert_str_eq(sentinel_ask(w, S1, MASTER, 6, second), "0 s3 6");
    world_free(w);
}
END_TEST

/* The address that SENTINEL names must be the promoted one, whatever was under
 * way, for its epoch is that of the promotion. */
static void expect_reset_to(struct world *w, int sentinel, int promoted)
{
    const char *name = node_at(w, sentinel)->name;
    char ip[16];

    world_mark(w);
    ck_assert_str_eq(sentinel_reset(w, sentinel, "my*"), ":1");
    ck_assert_int_eq(sentinel_master(w, sentinel, 0), promoted);
    ck_assert(!sentinel_is_busy(w, sentinel, 0));
    world_ip(promoted, ip);
    expectf(w,
            "* %1$s +switch-master mymaster 10.0.0.1 6379 %2$s 6379\n"
            "* %1$s +reset-master master mymaster %2$s 6379\n",
            name, ip);
}

START_TEST(a_reset_while_replicas_are_turned_keeps_the_promotion)
{
    struct world *w = world_ready(quick(_i));
    int leader;
    int promoted;

    for (int i = 1; i <= 2; i++)
        redis_at(w, REDIS(0, i))->sync_stuck = true;
    redis_stop(w, MASTER);
    leader = world_host(world_who(w, "+promoted-slave"));
    ck_assert(sentinel_is_busy(w, leader, 0));
    promoted = sentinel_master(w, leader, 0);
    ck_assert_int_ne(promoted, MASTER);
    expect_reset_to(w, leader, promoted);
    for (int i = 1; i <= 2; i++)
        redis_at(w, REDIS(0, i))->sync_stuck = false;
    redis_start(w, MASTER);
    world_run_for(w, 60000);
    expect_opinion(w, promoted);
    expect_roles(w, promoted);
    world_free(w);
}
END_TEST

START_TEST(a_reset_while_the_promotion_is_written_keeps_it)
{
    struct world_options options = quick(_i);
    struct world *w;

    options.disk_min_us = 300000;
    options.disk_max_us = 400000;
    w = world_ready(options);
    redis_at(w, REPLICA_1)->priority = 10;
    world_run_for(w, 11000);
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 -role-change slave 10.0.0.2:6379 *\n");
    expect_none(w, "* s1 +promoted-slave *\n");
    expect_reset_to(w, S1, REPLICA_1);
    world_run_for(w, 60000);
    expect_opinion(w, REPLICA_1);
    expect_roles(w, REPLICA_1);
    world_free(w);
}
END_TEST

/* ---- Networks ---- */

static struct world *isolate_all(int seed)
{
    struct world *w = world_ready(quick(seed));

    for (int i = 0; i <= 2; i++)
        net_isolate(w, REDIS(0, i));
    for (int i = 1; i <= 3; i++)
        net_isolate(w, SENTINEL(i));
    world_run_for(w, 4000 + (uint64_t)seed * 1337 % 30000);
    return w;
}

/* Nothing was wrong but the network. */
static void heal_all(struct world *w)
{
    for (int i = 1; i <= 3; i++)
        ck_assert_uint_ne(sentinel_master_flags(w, SENTINEL(i), 0) & FLAG_SDOWN,
                          0);
    net_heal(w);
    world_run_for(w, 30000);
    expect_none(w, "* * +try-failover *\n");
    for (int i = 1; i <= 3; i++)
        ck_assert_uint_eq(sentinel_master_flags(w, SENTINEL(i), 0) & FLAG_SDOWN,
                          0);
    expect_opinion(w, MASTER);
}

/* In which order the connections come back must not make a failover. */
START_TEST(a_network_that_heals_as_a_whole_makes_no_failover)
{
    struct world *w = isolate_all(_i);

    heal_all(w);
    world_free(w);
}
END_TEST

/* The number of SENTINEL's youngest connection to HOST. */
static uint64_t last_attempt(struct world *w, int sentinel, int host)
{
    uint64_t last = 0;

    for (const struct node_link *link = node_at(w, sentinel)->links;
         link != NULL; link = link->hh.next)
        if (link->conn > last && net_end_peer(link->end) == host)
            last = link->conn;
    return last;
}

/* The attempt to reach the master was begun a moment too early: the others are
 * there in no time, and it would be tried again in a second. */
START_TEST(an_attempt_begun_just_before_the_heal_makes_no_failover)
{
    struct world *w = isolate_all(_i);
    uint64_t before = last_attempt(w, S1, MASTER);
    uint64_t end_us = w->now_us + 30000000;

    while (last_attempt(w, S1, MASTER) <= before)
        if (!world_step(w, end_us))
            world_fail(w, "no attempt is made");
    heal_all(w);
    world_free(w);
}
END_TEST

Suite *suite_found(void)
{
    Suite *suite = suite_create("found");
    TCase *tcase = tcase_create("found");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, what_was_agreed_before_tilt_does_not_count_after_it, 0, 3);
    tcase_add_loop_test(tcase, a_master_found_down_late_is_replaced, 0, 3);
    tcase_add_loop_test(tcase, an_order_on_a_stalled_disk_is_given_up, 0, 3);
    tcase_add_loop_test(tcase, a_failover_on_a_stalled_disk_is_given_up, 0, 3);
    tcase_add_loop_test(tcase, the_orders_of_a_leader_do_not_wait_for_the_disk,
                        0, 3);
    tcase_add_loop_test(tcase, no_election_is_begun_on_a_stalled_disk, 0, 3);
    tcase_add_test(tcase, no_second_vote_after_remove_and_monitor);
    tcase_add_loop_test(
        tcase, a_reset_while_replicas_are_turned_keeps_the_promotion, 0, 3);
    tcase_add_loop_test(tcase, a_reset_while_the_promotion_is_written_keeps_it,
                        0, 3);
    tcase_add_loop_test(
        tcase, a_network_that_heals_as_a_whole_makes_no_failover, 0, 40);
    tcase_add_loop_test(
        tcase, an_attempt_begun_just_before_the_heal_makes_no_failover, 0, 30);
    suite_add_tcase(suite, tcase);
    return suite;
}
