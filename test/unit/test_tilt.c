/* links: lib */
/* Tilt: distrust after a gap between steps. */
#include "core_world.h"

static void stall(uint64_t ms)
{
    now_ms += ms;
    step(&(struct event){.type = EVENT_TIMER});
}

START_TEST(gap_beyond_the_trigger_enters_tilt)
{
    static const struct {
        uint64_t gap_ms;
        bool tilt;
    } rows[] = {{1999, false}, {2000, false}, {2001, true}, {60000, true}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        world_renew();
        plan_master(1);
        start_core();
        stall(rows[i].gap_ms);
        ck_assert_int_eq(core->tilt, rows[i].tilt);
        expect_count("+tilt #tilt mode entered", rows[i].tilt ? 1 : 0);
    }
}
END_TEST

START_TEST(deadline_never_lets_an_idle_core_fall_into_tilt)
{
    struct state_master *master = plan_master(1);

    master->port = 0; /* nothing is ever sent */
    start_core();
    run_for(60000);
    expect_none("+tilt*");
}
END_TEST

START_TEST(tilt_ends_after_its_period)
{
    struct core_totals totals;

    plan_master(1);
    start_core();
    stall(3000);
    forget();
    run_for(29999);
    expect_none("-tilt*");
    core_totals(core, now_ms, &totals);
    ck_assert(totals.tilt);
    ck_assert_uint_eq(totals.tilt_ms, 29999);
    run_for(1);
    expect_count("-tilt #tilt mode exited", 1);
    core_totals(core, now_ms, &totals);
    ck_assert(!totals.tilt);
    ck_assert_uint_eq(totals.tilt_count, 1);
}
END_TEST

START_TEST(second_gap_starts_the_period_again)
{
    plan_master(1);
    start_core();
    stall(3000);
    run_for(20000);
    stall(2500);
    expect_count("+tilt #tilt mode entered", 2);
    run_for(29999);
    expect_none("-tilt*");
    run_for(1);
    expect("-tilt #tilt mode exited");
}
END_TEST

START_TEST(nothing_is_judged_in_tilt_but_all_is_observed)
{
    struct state_master *master = plan_master(1);

    plan_replica(master, REPLICA_1, RUNID_2, 10);
    start_core();
    run_for(3000);
    stall(2001);
    forget();
    kill_server(MASTER_IP);
    run_for(29000);
    expect_none("+sdown*");
    expect("send " REPLICA_1 " PING");
    expect("send " REPLICA_1 " INFO");
    expect("send " REPLICA_1 " PUBLISH*");
    expect("connect " MASTER_IP ":6379");
    run_for(1000);
    expect_in_order("-tilt #tilt mode exited",
                    "+sdown master mymaster " MASTER_IP " 6379", NULL);
}
END_TEST

START_TEST(down_flag_stays_and_the_answer_is_no_in_tilt)
{
    plan_master(2);
    start_core();
    run_for(1000);
    kill_server(MASTER_IP);
    run_for(6000);
    ask_us(0, "*");
    expect("reply 7 down 1 * 0");
    stall(2001);
    forget();
    ask_us(0, "*");
    expect("reply 7 down 0 * 0");
    revive_server(MASTER_IP);
    run_for(5000);
    ck_assert_uint_ne(the_master()->instance.flags & FLAG_SDOWN, 0);
    expect_none("-sdown*");
}
END_TEST

START_TEST(votes_are_given_in_tilt)
{
    plan_master(2);
    start_core();
    stall(2001);
    ask_us(5, PEER_A);
    expect("+vote-for-leader " PEER_A " 5 (disk)");
    expect("reply 7 down 0 " PEER_A " 5 (disk)");
}
END_TEST

START_TEST(failover_goes_on_after_tilt)
{
    struct state_master *master = plan_master(1);
    struct server *replica = plan_replica(master, REPLICA_1, RUNID_2, 10);

    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_until("+failover-state-wait-promotion*", 7000);
    stall(2001);
    is_master(replica, RUNID_2);
    run_for(29999);
    expect_none("+promoted-slave*");
    run_for(1);
    expect_in_order("-tilt #tilt mode exited", "+promoted-slave*", NULL);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        gap_beyond_the_trigger_enters_tilt,
        deadline_never_lets_an_idle_core_fall_into_tilt,
        tilt_ends_after_its_period,
        second_gap_starts_the_period_again,
        nothing_is_judged_in_tilt_but_all_is_observed,
        down_flag_stays_and_the_answer_is_no_in_tilt,
        votes_are_given_in_tilt,
        failover_goes_on_after_tilt,
    };

    return RUN_WORLDS("tilt", cases);
}
