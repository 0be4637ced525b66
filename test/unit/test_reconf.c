/* links: lib */
/* Turning the other replicas to the promoted one. */
#include "failover_world.h"

#define SENT_2 "+slave-reconf-sent " REPLICA_2_TEXT
#define SENT_3 "+slave-reconf-sent " REPLICA_3_TEXT
#define END "+failover-end " MASTER_TEXT
#define TIMEOUT "+failover-end-for-timeout " MASTER_TEXT

static struct server *third;

static struct state_master *plan_three_replicas(int64_t parallel_syncs)
{
    struct state_master *master = plan_failover();

    third = plan_replica(master, "10.0.0.4", RUNID_1, 40);
    master->options.parallel_syncs = parallel_syncs;
    master->options.down_after_ms = 5000;
    return master;
}

static void show(struct server *server, const char *runid, const char *status)
{
    follows(server, runid, REPLICA_1, status, 100);
}

START_TEST(one_after_the_other)
{
    /* 0 and less can come from a file, and mean the same as 1 */
    static const int64_t limits[] = {1, 0, -3};

    for (size_t i = 0; i < ROWS(limits); i++) {
        world_renew();
        plan_three_replicas(limits[i]);
        run_to_reconf();
        run_for(2000);
        expect_count("+slave-reconf-sent *", 1);
        expect(SENT_2);
        show(second, RUNID_3, "down");
        run_for(2000);
        expect("+slave-reconf-inprog " REPLICA_2_TEXT);
        expect_none(SENT_3);
        show(second, RUNID_3, "up");
        run_for(2000);
        expect_in_order("+slave-reconf-done " REPLICA_2_TEXT, SENT_3, NULL);
        expect_none(END);
        show(third, RUNID_1, "up");
        run_for(2000);
        expect_in_order("+slave-reconf-done " REPLICA_3_TEXT, END,
                        "+switch-master*", NULL);
    }
}
END_TEST

START_TEST(several_at_a_time)
{
    plan_three_replicas(2);
    run_to_reconf();
    expect(SENT_2);
    expect(SENT_3);
    expect("send 10.0.0.3 REPLICAOF 10.0.0.2 6379");
    expect("send 10.0.0.4 REPLICAOF 10.0.0.2 6379");
    expect_none("send 10.0.0.2 REPLICAOF 10.0.0.2*");
}
END_TEST

START_TEST(stuck_replica_does_not_hold_up_the_others)
{
    uint64_t begin;

    plan_three_replicas(1);
    run_to_reconf();
    expect(SENT_2);
    begin = now_ms;
    show(third, RUNID_1, "up");
    forget();
    run_for(begin + 9500 - now_ms);
    expect_none("-slave-reconf-sent-timeout*");
    expect_none(SENT_3);
    run_for(1000);
    expect_in_order("-slave-reconf-sent-timeout " REPLICA_2_TEXT, SENT_2,
                    SENT_3, END, NULL);
}
END_TEST

START_TEST(failover_timeout_ends_it_with_a_last_try)
{
    struct state_master *master = plan_three_replicas(1);

    master->options.failover_timeout_ms = 4000;
    run_to_reconf();
    forget();
    run_for(3000);
    expect_none(TIMEOUT);
    run_for(1001);
    expect_in_order(TIMEOUT, END, "+slave-reconf-sent-be " REPLICA_3_TEXT,
                    "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379",
                    NULL);
    expect("send 10.0.0.4 REPLICAOF 10.0.0.2 6379");
    expect_none("+slave-reconf-sent-be " REPLICA_2_TEXT);
}
END_TEST

START_TEST(replica_that_is_down_is_not_waited_for)
{
    plan_three_replicas(1);
    run_to_promotion();
    kill_server(REPLICA_2);
    kill_server("10.0.0.4");
    run_for(3000);
    is_master(first, RUNID_2);
    forget();
    run_until(END, 8000);
    expect_none(TIMEOUT);
    expect_in_order("+sdown " REPLICA_2_TEXT, END, NULL);
    expect_in_order("+sdown " REPLICA_3_TEXT, END, NULL);
    expect_none("+slave-reconf-sent*");
}
END_TEST

START_TEST(promoted_replica_that_goes_down_ends_it)
{
    plan_three_replicas(1);
    run_to_reconf();
    kill_server(REPLICA_1);
    forget();
    run_until(END, 6500);
    expect_in_order("+sdown " REPLICA_1_TEXT, TIMEOUT, END, "+switch-master*",
                    NULL);
    /* and its loss is detected and made good */
    run_until("+try-failover master mymaster 10.0.0.2 6379 (disk)", 8000);
}
END_TEST

START_TEST(no_other_replica)
{
    struct state_master *master = plan_master(1);

    first = plan_replica(master, REPLICA_1, RUNID_2, 100);
    run_to_reconf();
    expect_in_order("+failover-state-reconf-slaves*", END,
                    "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379",
                    NULL);
}
END_TEST

START_TEST(replica_that_comes_back_is_sent_too)
{
    plan_three_replicas(2);
    run_to_promotion();
    kill_server("10.0.0.4");
    is_master(first, RUNID_2);
    run_for(1500);
    expect(SENT_2);
    expect_none(SENT_3);
    expect_none(END);
    revive_server("10.0.0.4");
    show(third, RUNID_1, "up");
    run_until(SENT_3, 3000);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        one_after_the_other,
        several_at_a_time,
        stuck_replica_does_not_hold_up_the_others,
        failover_timeout_ends_it_with_a_last_try,
        replica_that_is_down_is_not_waited_for,
        promoted_replica_that_goes_down_ends_it,
        no_other_replica,
        replica_that_comes_back_is_sent_too,
    };

    return RUN_WORLDS("reconf", cases);
}
