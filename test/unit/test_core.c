/* links: lib */
/* The core as a whole: deadlines, the order of work, determinism. */
#include "failover_world.h"

START_TEST(nothing_to_do_means_no_deadline)
{
    start_core();
    ck_assert_uint_eq(core_deadline(core), CORE_NO_DEADLINE);
}
END_TEST

START_TEST(deadline_is_ahead_and_within_the_heartbeat)
{
    plan_failover();
    start_core();
    for (int i = 0; i < 200; i++) {
        uint64_t next = core_deadline(core);

        ck_assert_uint_gt(next, now_ms);
        ck_assert_uint_le(next, now_ms + 1000);
        now_ms = next;
        step(&(struct event){.type = EVENT_TIMER});
    }
}
END_TEST

/* A healthy group costs a few wakes a second, not a scan. */
START_TEST(idle_group_wakes_seldom)
{
    unsigned wakes = 0;
    uint64_t end;

    plan_failover();
    start_core();
    run_for(20000);
    end = now_ms + 10000;
    while (core_deadline(core) < end) {
        now_ms = core_deadline(core);
        step(&(struct event){.type = EVENT_TIMER});
        wakes++;
    }
    ck_assert_uint_le(wakes, 80);
}
END_TEST

START_TEST(timer_at_any_time_is_harmless)
{
    plan_failover();
    start_core();
    run_for(1000);
    forget();
    for (int i = 0; i < 100; i++)
        step(&(struct event){.type = EVENT_TIMER});
    ck_assert_str_eq(trace.data, "\n");
}
END_TEST

START_TEST(every_master_is_told_at_the_start)
{
    struct state_master *other;

    plan_master(2);
    other = state_add_master(initial, "another", "10.0.0.9", 6379);
    other->options.quorum = 3;
    start_core();
    expect_in_order("+monitor master another 10.0.0.9 6379 quorum 3",
                    "+monitor master mymaster 10.0.0.1 6379 quorum 2",
                    "connect 10.0.0.9:6379", NULL);
}
END_TEST

START_TEST(down_ask_and_failover_come_in_one_step)
{
    plan_failover();
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_for(4000);
    /* no later than the step that finds it down, whatever else happens */
    while ((the_master()->instance.flags & FLAG_SDOWN) == 0) {
        forget();
        now_ms = core_deadline(core);
        feed(&(struct event){.type = EVENT_TIMER});
    }
    expect_in_order("+sdown " MASTER_TEXT, "+odown " MASTER_TEXT " #quorum 1/1",
                    "persist", "+try-failover " MASTER_TEXT " (disk)",
                    "+vote-for-leader*", NULL);
}
END_TEST

/* Runs the same story in a core with SEED and returns what happened. */
static char *story(uint64_t seed)
{
    char *text;

    world_renew();
    core_free(core);
    core = core_new(seed);
    initial->id[0] = '\0';
    plan_failover();
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_for(8000);
    text = xstrdup(trace.data);
    return text;
}

START_TEST(same_seed_same_story)
{
    char *one = story(7);
    char *two = story(7);
    char *other = story(8);

    ck_assert(strcmp(one, two) == 0);
    ck_assert(strcmp(one, other) != 0);
    free(one);
    free(two);
    free(other);
}
END_TEST

START_TEST(intervals_are_the_documented_ones)
{
    static const struct core_interval documented[] = {
        {"INFO-PERIOD", 10000},
        {"PING-PERIOD", 1000},
        {"ASK-PERIOD", 1000},
        {"PUBLISH-PERIOD", 2000},
        {"DEFAULT-DOWN-AFTER", 30000},
        {"DEFAULT-FAILOVER-TIMEOUT", 180000},
        {"TILT-TRIGGER", 2000},
        {"TILT-PERIOD", 30000},
        {"SLAVE-RECONF-TIMEOUT", 10000},
        {"MIN-LINK-RECONNECT-PERIOD", 15000},
        {"ELECTION-TIMEOUT", 10000},
        {"SCRIPT-MAX-RUNTIME", 60000},
        {"SCRIPT-RETRY-DELAY", 30000},
    };
    struct core_interval got[CORE_INTERVALS];

    ck_assert_uint_eq(ROWS(documented), CORE_INTERVALS);
    core_intervals(core, got);
    for (size_t i = 0; i < CORE_INTERVALS; i++) {
        ck_assert_str_eq(got[i].name, documented[i].name);
        ck_assert_int_eq(got[i].ms, documented[i].ms);
    }
    start_core();
}
END_TEST

START_TEST(core_that_was_never_started_can_be_freed)
{
    core_free(core);
    core_free(NULL);
    core = core_new(3);
}
END_TEST

START_TEST(connection_numbers_are_never_used_twice)
{
    uint64_t seen;

    plan_master(2);
    server_at(MASTER_IP, 6379)->refusing = true;
    start_core();
    seen = core->last_conn;
    run_for(5000);
    ck_assert_uint_ge(core->last_conn, seen + 10);
}
END_TEST

/* Members may come and go in the same step as their deadlines. */
START_TEST(removal_in_the_middle_of_everything)
{
    for (uint64_t ms = 0; ms < 15000; ms += 487) {
        world_renew();
        plan_failover();
        plan_peer(&initial->masters[0], PEER_A_IP, PEER_A);
        server_at(PEER_A_IP, 26379)->votes_for = MY_ID;
        start_core();
        run_for(2000);
        kill_server(MASTER_IP);
        run_for(ms);
        if (the_master()->state >= FAILOVER_WAIT_PROMOTION)
            is_master(first, RUNID_2);
        request(ms % 2 == 0 ? REQUEST_REMOVE : REQUEST_RESET, "mymaster");
        run_for(5000);
    }
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        nothing_to_do_means_no_deadline,
        deadline_is_ahead_and_within_the_heartbeat,
        idle_group_wakes_seldom,
        timer_at_any_time_is_harmless,
        every_master_is_told_at_the_start,
        down_ask_and_failover_come_in_one_step,
        same_seed_same_story,
        intervals_are_the_documented_ones,
        core_that_was_never_started_can_be_freed,
        connection_numbers_are_never_used_twice,
        removal_in_the_middle_of_everything,
    };

    return RUN_WORLDS("core", cases);
}
