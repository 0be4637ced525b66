/* Scenarios: a master is lost and a replica takes its place. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

/* The notices of protocol order; who leads is drawn by the seed. */
static void expect_leader(struct world *w, const char *leader)
{
    expectf(w,
            "* %1$s +sdown master mymaster 10.0.0.1 6379\n"
            "* %1$s +odown master mymaster 10.0.0.1 6379 #quorum *\n"
            "* %1$s +new-epoch 1\n"
            "* %1$s +try-failover master mymaster 10.0.0.1 6379\n"
            "* %1$s +vote-for-leader %1$s 1\n"
            "* %1$s +elected-leader master mymaster 10.0.0.1 6379\n"
            "* %1$s +failover-state-select-slave master mymaster 10.0.0.1 "
            "6379\n"
            "* %1$s +selected-slave slave 10.0.0.3:6379 10.0.0.3 6379 @ "
            "mymaster 10.0.0.1 6379\n"
            "* %1$s +failover-state-send-slaveof-noone slave 10.0.0.3:6379 "
            "10.0.0.3 6379 @ mymaster 10.0.0.1 6379\n"
            "* %1$s +failover-state-wait-promotion slave 10.0.0.3:6379 "
            "10.0.0.3 6379 @ mymaster 10.0.0.1 6379\n"
            "* %1$s -role-change slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster "
            "10.0.0.1 6379 new reported role is master\n"
            "* %1$s +promoted-slave slave 10.0.0.3:6379 10.0.0.3 6379 @ "
            "mymaster 10.0.0.1 6379\n"
            "* %1$s +failover-state-reconf-slaves master mymaster 10.0.0.1 "
            "6379\n"
            "* %1$s +slave-reconf-sent slave 10.0.0.2:6379 10.0.0.2 6379 @ "
            "mymaster 10.0.0.1 6379\n"
            "* %1$s +slave-reconf-inprog slave 10.0.0.2:6379 10.0.0.2 6379 @ "
            "mymaster 10.0.0.1 6379\n"
            "* %1$s +slave-reconf-done slave 10.0.0.2:6379 10.0.0.2 6379 @ "
            "mymaster 10.0.0.1 6379\n"
            "* %1$s +failover-end master mymaster 10.0.0.1 6379\n"
            "* %1$s +switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379\n"
            "* %1$s +slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster "
            "10.0.0.3 6379\n"
            "* %1$s +sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster "
            "10.0.0.3 6379\n",
            leader);
}

/* Votes are left out: a follower may have been a candidate, too. */
static void expect_follower(struct world *w, const char *follower,
                            const char *leader)
{
    expectf(w,
            "* %1$s +new-epoch 1\n"
            "* %1$s +vote-for-leader * 1\n"
            "* %1$s +config-update-from sentinel %2$s * 26379 @ mymaster "
            "10.0.0.1 6379\n"
            "* %1$s +switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379\n"
            "* %1$s +slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster "
            "10.0.0.3 6379\n"
            "* %1$s +sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster "
            "10.0.0.3 6379\n",
            follower, leader);
}

static const char *name_of(struct world *w, int sentinel)
{
    return node_at(w, sentinel)->name;
}

START_TEST(failover_when_the_master_stops)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 3, .quorum = 2, .down_after_ms = 1000});
    const char *leader;
    int host;

    redis_at(w, REPLICA_2)->priority = 10;
    world_run_for(w, 11000); /* the priority is seen by INFO */
    redis_stop(w, MASTER);
    leader = world_who(w, "+elected-leader");
    host = world_host(leader);
    expect_leader(w, leader);
    expect_follower(w, name_of(w, world_other(w, host, 0)), leader);
    expect_follower(w, name_of(w, world_other(w, host, 1)), leader);
    ck_assert_uint_eq(world_matches(w, "* * +elected-leader *"), 1);
    ck_assert(redis_is_master(redis_at(w, REPLICA_2)));
    ck_assert(redis_at(w, REPLICA_1)->link_up);
    world_free(w);
}
END_TEST

static uint64_t when_said(struct world *w, const char *who, const char *channel)
{
    char line[80];

    snprintf(line, sizeof(line), "* %s %s *", who, channel);
    return world_when(w, line);
}

START_TEST(failover_is_quick_once_the_master_is_known_down)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .seed = (uint64_t)_i + 1});
    const char *leader;
    uint64_t odown_ms;

    redis_stop(w, MASTER);
    leader = world_who(w, "+promoted-slave");
    odown_ms = when_said(w, leader, "+odown");
    ck_assert_uint_lt(when_said(w, leader, "+promoted-slave") - odown_ms, 200);
    for (int i = 1; i <= 3; i++) {
        const char *name = name_of(w, SENTINEL(i));

        expectf(w, "* %s +switch-master *\n", name);
        /* The leader waits for the other replica to follow. */
        ck_assert_uint_lt(when_said(w, name, "+switch-master") - odown_ms,
                          name == leader ? 600 : 300);
    }
    world_free(w);
}
END_TEST

START_TEST(detection_takes_down_after_and_a_ping_interval)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 5000, .seed = (uint64_t)_i + 1});

    world_run_until(w, 20000);
    redis_stop(w, MASTER);
    expect(w, "25000-26100 s1 +sdown master mymaster 10.0.0.1 6379\n");
    world_free(w);
}
END_TEST

/* What speaks against the old master must not count against the new one. */
START_TEST(a_short_down_after_makes_no_second_failover)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 100 + 100 * (_i % 4),
                               .failover_timeout_ms = 5000,
                               .seed = (uint64_t)_i + 1});

    redis_stop(w, MASTER);
    expect(w, "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_run_for(w, 30000);
    ck_assert_uint_eq(world_matches(w, "* * +elected-leader *"), 1);
    ck_assert_uint_eq(world_matches(w, "* * +switch-master *"), 3);
    world_free(w);
}
END_TEST

START_TEST(what_peers_said_of_the_old_master_does_not_count)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 500,
                               .failover_timeout_ms = 5000,
                               .seed = (uint64_t)_i + 1});
    int cut_off;

    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master *\n");
    expect(w, "* s2 +switch-master *\n");
    expect(w, "* s3 +switch-master *\n");
    /* One of those that asked before cannot reach the new master. */
    cut_off = world_host(world_who(w, "+odown"));
    net_cut(w, cut_off, sentinel_master(w, S1, 0));
    world_mark(w);
    expectf(w, "* %s +sdown master mymaster *\n", name_of(w, cut_off));
    world_run_for(w, 10000);
    expect_none(w, "* * +odown *\n* * +try-failover *\n");
    world_free(w);
}
END_TEST

/* The replicas' answers to INFO come after the votes: they are waited for. */
START_TEST(slow_links_make_it_little_slower)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000,
                               .latency_max_us = 20000,
                               .seed = (uint64_t)_i + 1});
    const char *leader;

    redis_stop(w, MASTER);
    leader = world_who(w, "+promoted-slave");
    ck_assert_uint_lt(when_said(w, leader, "+promoted-slave") -
                          when_said(w, leader, "+odown"),
                      500);
    world_free(w);
}
END_TEST

/* A write takes longer than the time between the starts of two candidates:
 * they must find one of them nevertheless. */
START_TEST(slow_disks_make_it_slow_not_unsafe)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000,
                               .disk_min_us = 300000,
                               .disk_max_us = 900000,
                               .seed = (uint64_t)_i + 1});

    redis_stop(w, MASTER);
    expect_within(w, 30000, "* * +promoted-slave *\n* s1 +switch-master *\n");
    expect(w, "* s2 +switch-master *\n");
    expect(w, "* s3 +switch-master *\n");
    ck_assert_uint_eq(world_matches(w, "* * +promoted-slave *"), 1);
    world_free(w);
}
END_TEST

START_TEST(failover_when_the_master_hangs)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 10000});

    redis_hang(w, MASTER);
    expect(w, "* * +odown master mymaster 10.0.0.1 6379 #quorum *\n"
              "* * +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_run_for(w, 2000);
    redis_resume(w, MASTER);
    expect(w, "* * +sdown slave 10.0.0.1:6379 *\n"
              "* * -sdown slave 10.0.0.1:6379 *\n"
              "* * +convert-to-slave slave 10.0.0.1:6379 *\n");
    world_run_for(w, 2000);
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    world_free(w);
}
END_TEST

START_TEST(a_master_that_returns_in_time_keeps_its_place)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 3000});

    redis_stop(w, MASTER);
    world_run_for(w, 1500);
    redis_start(w, MASTER);
    expect(w, "* s1 +reboot master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 30000);
    expect_none(w, "* * +sdown *\n* * +odown *\n* * +try-failover *\n");
    world_free(w);
}
END_TEST

START_TEST(a_master_that_returns_before_others_agree_is_not_replaced)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000});

    /* Only s1 cannot reach it. */
    net_cut(w, S1, MASTER);
    expect(w, "* s1 +sdown master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 5000);
    net_heal(w);
    expect(w, "* s1 -sdown master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 10000);
    expect_none(w, "* * +odown *\n* * +try-failover *\n");
    world_free(w);
}
END_TEST

START_TEST(an_unforced_failover_ends_when_the_master_is_well_again)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 20000});

    /* Down for two of three, but with no reachable voter: s1 and s2 cannot
     * hear each other's votes for long enough, s3 is gone. */
    sentinel_crash(w, S3);
    world_run_for(w, 3000);
    redis_stop(w, MASTER);
    (void)world_who(w, "+odown");
    net_cut(w, S1, S2);
    (void)world_who(w, "+try-failover");
    redis_start(w, MASTER);
    expect(w, "* * -sdown master mymaster 10.0.0.1 6379\n"
              "* * -odown master mymaster 10.0.0.1 6379\n");
    world_run_for(w, 5000);
    net_heal(w);
    world_run_for(w, 30000);
    ck_assert(!sentinel_is_busy(w, S1, 0));
    ck_assert(!sentinel_is_busy(w, S2, 0));
    expect_none(w, "* * +elected-leader *\n* * +promoted-slave *\n");
    world_free(w);
}
END_TEST

START_TEST(an_old_master_that_returns_becomes_a_replica)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 10000});
    uint64_t start_ms;

    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n"
              "* s1 +sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster *\n");
    redis_start(w, MASTER);
    start_ms = world_now_ms(w);
    expect(w, "* s1 -role-change slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster "
              "* 6379 new reported role is master\n");
    expect(w, "* s1 -sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster *\n");
    expect(w, "* * +convert-to-slave slave 10.0.0.1:6379 10.0.0.1 6379 @ "
              "mymaster * 6379\n");
    expect(w, "* s1 +role-change slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster "
              "* 6379 new reported role is slave\n");
    ck_assert_uint_ge(world_when(w, "* * +convert-to-slave *"),
                      start_ms + 8000);
    world_run_for(w, 1000);
    ck_assert(redis_at(w, MASTER)->link_up);
    world_free(w);
}
END_TEST

START_TEST(without_a_good_replica_the_failover_is_given_up)
{
    struct world *w = world_new((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 5000});

    redis_at(w, REPLICA_1)->priority = 0;
    redis_at(w, REPLICA_2)->priority = 0;
    world_discover(w);
    world_run_for(w, 12000);
    redis_stop(w, MASTER);
    expect(w, "* * +elected-leader master mymaster 10.0.0.1 6379\n"
              "* * +failover-state-select-slave master mymaster 10.0.0.1 "
              "6379\n"
              "* * -failover-abort-no-good-slave master mymaster 10.0.0.1 "
              "6379\n");
    /* It is tried again when there is one. */
    redis_at(w, REPLICA_1)->priority = 100;
    expect(w, "* * +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_replica_that_is_not_promoted_ends_the_failover)
{
    struct world *w = world_new((struct world_options){
        .down_after_ms = 1000, .failover_timeout_ms = 5000, .replicas = 1});

    redis_at(w, REPLICA_1)->acl_no_change = true;
    world_discover(w);
    world_run_for(w, 3000);
    redis_stop(w, MASTER);
    expect(w, "* * +failover-state-wait-promotion slave 10.0.0.2:6379 *\n"
              "* * -failover-abort-slave-timeout master mymaster 10.0.0.1 "
              "6379\n");
    redis_at(w, REPLICA_1)->acl_no_change = false;
    expect(w, "* * +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n");
    world_free(w);
}
END_TEST

START_TEST(all_masters_of_a_host_fail_over_together)
{
    struct world *w = world_ready(
        (struct world_options){.masters = 4, .down_after_ms = 1000});
    char line[80];

    for (int group = 0; group < 4; group++)
        redis_stop(w, REDIS(group, 0));
    for (int group = 0; group < 4; group++) {
        snprintf(line, sizeof(line), "* * +switch-master %s *\n",
                 world_master_name(group));
        expect_within(w, 8000, line);
    }
    world_run_for(w, 5000);
    for (int group = 0; group < 4; group++)
        ck_assert(redis_is_master(redis_at(w, sentinel_master(w, S1, group))));
    world_free(w);
}
END_TEST

Suite *suite_failover(void)
{
    Suite *suite = suite_create("failover");
    TCase *tcase = tcase_create("failover");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, failover_when_the_master_stops);
    tcase_add_loop_test(tcase, failover_is_quick_once_the_master_is_known_down,
                        0, 10);
    tcase_add_loop_test(tcase, detection_takes_down_after_and_a_ping_interval,
                        0, 10);
    tcase_add_loop_test(tcase, a_short_down_after_makes_no_second_failover, 0,
                        12);
    tcase_add_loop_test(tcase, what_peers_said_of_the_old_master_does_not_count,
                        0, 5);
    tcase_add_loop_test(tcase, slow_links_make_it_little_slower, 0, 20);
    tcase_add_loop_test(tcase, slow_disks_make_it_slow_not_unsafe, 0, 5);
    tcase_add_test(tcase, failover_when_the_master_hangs);
    tcase_add_test(tcase, a_master_that_returns_in_time_keeps_its_place);
    tcase_add_test(tcase,
                   a_master_that_returns_before_others_agree_is_not_replaced);
    tcase_add_test(tcase,
                   an_unforced_failover_ends_when_the_master_is_well_again);
    tcase_add_test(tcase, an_old_master_that_returns_becomes_a_replica);
    tcase_add_test(tcase, without_a_good_replica_the_failover_is_given_up);
    tcase_add_test(tcase, a_replica_that_is_not_promoted_ends_the_failover);
    tcase_add_test(tcase, all_masters_of_a_host_fail_over_together);
    suite_add_tcase(suite, tcase);
    return suite;
}
