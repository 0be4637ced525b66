/* links: lib */
/* The failover, state by state. */
#include "../../lib/failover.h"
#include "failover_world.h"

START_TEST(from_the_loss_to_the_switch)
{
    struct state_master *master = plan_failover();

    xreplace(&master->options.client_reconfig_script, "/bin/reconf");
    run_to_reconf();
    follows(second, RUNID_3, REPLICA_1, "up", 100);
    run_until("+switch-master*", 3000);
    settle_world();
    expect_in_order(
        "+sdown " MASTER_TEXT, "+odown " MASTER_TEXT " #quorum 1/1", "persist",
        "+new-epoch 1 (disk)", "+try-failover " MASTER_TEXT " (disk)",
        "+vote-for-leader " MY_ID " 1 (disk)",
        "+elected-leader " MASTER_TEXT " (disk)",
        "+failover-state-select-slave " MASTER_TEXT " (disk)",
        "+selected-slave " REPLICA_1_TEXT " (disk)",
        "+failover-state-send-slaveof-noone " REPLICA_1_TEXT " (disk)",
        "send 10.0.0.2 REPLICAOF NO ONE",
        "+failover-state-wait-promotion " REPLICA_1_TEXT " (disk)",
        "+promoted-slave " REPLICA_1_TEXT " (disk)",
        "+failover-state-reconf-slaves " MASTER_TEXT " (disk)",
        "script /bin/reconf mymaster leader start 10.0.0.1 6379 10.0.0.2 "
        "6379",
        "+slave-reconf-sent " REPLICA_2_TEXT,
        "+slave-reconf-inprog " REPLICA_2_TEXT,
        "+slave-reconf-done " REPLICA_2_TEXT, "+failover-end " MASTER_TEXT,
        "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379",
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379",
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379",
        NULL);
    ck_assert_uint_eq(the_master()->config_epoch, 1);
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    run_for(60000);
    expect_count("+try-failover*", 1);
}
END_TEST

START_TEST(names_of_the_states)
{
    static const char *const names[] = {
        "none",           "wait_start",    "select_slave", "send_slaveof_noone",
        "wait_promotion", "reconf_slaves", "update_config"};

    plan_failover();
    start_core();
    for (int state = FAILOVER_NONE; state <= FAILOVER_UPDATE_CONFIG; state++) {
        the_master()->state = (enum failover_state)state;
        ck_assert_str_eq(failover_state_name(the_master()), names[state]);
    }
    the_master()->state = FAILOVER_NONE;
}
END_TEST

static const char *told_address(void)
{
    const char *ip;
    int port;

    ck_assert(core_master_address(core, "mymaster", &ip, &port));
    return ip;
}

START_TEST(promotion_is_told_only_when_it_is_on_disk)
{
    struct state *state;

    plan_failover();
    run_to_promotion();
    disk_works = false;
    is_master(first, RUNID_2);
    forget();
    run_for(200);
    expect("persist");
    expect_none("+promoted-slave*");
    expect_none("+failover-state-reconf-slaves*");
    ck_assert_str_eq(told_address(), MASTER_IP);
    /* what is being written is the new address all the same */
    state = core_state(core);
    ck_assert_str_eq(state->masters[0].host, REPLICA_1);
    ck_assert_uint_eq(state->masters[0].config_epoch, 1);
    state_free(state);
    step(&(struct event){.type = EVENT_PERSISTED,
                         .persisted = {core->persist_asked, true}});
    expect("+promoted-slave " REPLICA_1_TEXT " (disk)");
    ck_assert_str_eq(told_address(), REPLICA_1);
}
END_TEST

START_TEST(promotion_waits_for_a_disk_that_fails)
{
    plan_failover();
    run_to_promotion();
    disk_works = false;
    is_master(first, RUNID_2);
    run_for(200);
    for (int i = 0; i < 5; i++) {
        step(&(struct event){.type = EVENT_PERSISTED,
                             .persisted = {core->persist_asked, false}});
        run_for(1000);
    }
    expect_none("+promoted-slave*");
    ck_assert_str_eq(told_address(), MASTER_IP);
    disk_works = true;
    run_for(1000);
    expect("+promoted-slave " REPLICA_1_TEXT " (disk)");
}
END_TEST

START_TEST(hello_tells_of_the_promotion_at_once)
{
    plan_failover();
    run_to_promotion();
    is_master(first, RUNID_2);
    forget();
    run_until("+promoted-slave*", 1100);
    expect("send 10.0.0.3 PUBLISH __sentinel__:hello "
           "10.0.9.9,26379," MY_ID ",1,mymaster,10.0.0.2,6379,1 (disk)");
}
END_TEST

START_TEST(promotion_is_not_believed_from_an_answer_asked_for_before)
{
    struct reply reply = string_reply("role:master\r\n");
    struct instance *replica;

    plan_failover();
    run_to_promotion();
    replica = the_replica(REPLICA_1);
    feed_reply(replica->link->command.conn,
               (struct command_tag){COMMAND_INFO, replica->id,
                                    the_master()->state_ms - 1},
               &reply);
    ck_assert_uint_eq(the_master()->promotion_serial, 0);
}
END_TEST

START_TEST(no_replica_to_promote)
{
    uint64_t wait;

    plan_master(1);
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_until("-failover-abort-no-good-slave " MASTER_TEXT, 7000);
    expect_in_order("+elected-leader " MASTER_TEXT " (disk)",
                    "-failover-abort-no-good-slave " MASTER_TEXT, NULL);
    ck_assert_uint_eq(the_master()->instance.flags & FLAG_FAILOVER, 0);
    forget();
    wait = run_until("+try-failover*", 12000);
    ck_assert_uint_ge(wait, 10000);
    expect("log Next failover delay: I will not start a failover before ");
}
END_TEST

START_TEST(pause_is_never_longer_than_twice_the_failover_timeout)
{
    plan_master(1)->options.failover_timeout_ms = 2000;
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_until("-failover-abort-no-good-slave " MASTER_TEXT, 7000);
    forget();
    ck_assert_uint_le(run_until("+try-failover*", 12000), 4000);
}
END_TEST

START_TEST(chosen_replica_that_cannot_be_reached)
{
    struct state_master *master = plan_master(1);

    first = plan_replica(master, REPLICA_1, RUNID_2, 100);
    master->options.failover_timeout_ms = 3000;
    start_core();
    run_for(3000);
    kill_server(REPLICA_1); /* its connection is being made again */
    request(REQUEST_FAILOVER, "mymaster");
    run_until("+failover-state-send-slaveof-noone " REPLICA_1_TEXT " (disk)",
              1100);
    ck_assert_int_eq(the_master()->state, FAILOVER_SEND_SLAVEOF_NOONE);
    ck_assert_uint_eq(
        run_until("-failover-abort-slave-timeout " MASTER_TEXT, 3001), 3001);
    expect_none("send 10.0.0.2 REPLICAOF*");
    ck_assert_uint_eq(the_replica(REPLICA_1)->flags & FLAG_PROMOTED, 0);
}
END_TEST

START_TEST(promotion_that_has_no_effect_is_tried_again)
{
    plan_failover()->options.failover_timeout_ms = 10000;
    run_to_promotion();
    forget();
    run_for(9500);
    ck_assert_uint_ge(count_lines("send 10.0.0.2 REPLICAOF NO ONE", NULL), 8);
    ck_assert_uint_le(count_lines("send 10.0.0.2 REPLICAOF NO ONE", NULL), 10);
    run_for(501);
    expect("-failover-abort-slave-timeout " MASTER_TEXT);
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    ck_assert_uint_eq(the_replica(REPLICA_1)->flags, FLAG_REPLICA);
    ck_assert_ptr_null(the_master()->promoted);
    ck_assert_uint_eq(the_master()->config_epoch, 0);
}
END_TEST

START_TEST(chosen_replica_that_goes_down_is_given_up)
{
    plan_failover();
    run_to_promotion();
    kill_server(REPLICA_1);
    run_until("-failover-abort-slave-timeout " MASTER_TEXT, 6001);
    expect("+sdown " REPLICA_1_TEXT);
    forget();
    run_until("+selected-slave " REPLICA_2_TEXT " (disk)", 12000);
}
END_TEST

START_TEST(master_that_returns_before_the_command_stops_it)
{
    struct state_master *master = plan_failover();
    struct server *peer = plan_peer(master, PEER_A_IP, PEER_A);

    peer->says_down = true;
    peer->ignores_votes = true;
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_until("+try-failover*", 7000);
    ck_assert_int_eq(the_master()->state, FAILOVER_WAIT_START);
    revive_server(MASTER_IP);
    run_until("-failover-abort-not-elected " MASTER_TEXT, 3000);
    expect("log Failover of 'mymaster' is given up: the master is back");
    expect("-odown " MASTER_TEXT);
    run_for(20000);
    expect_count("+try-failover*", 1);
}
END_TEST

START_TEST(master_that_returns_after_the_command_does_not_stop_it)
{
    plan_failover();
    run_to_promotion();
    revive_server(MASTER_IP);
    run_until("-sdown " MASTER_TEXT, 3000);
    is_master(first, RUNID_2);
    run_until("+promoted-slave " REPLICA_1_TEXT " (disk)", 1100);
}
END_TEST

START_TEST(forced_failover_needs_no_votes_and_asks_nobody)
{
    struct state_master *master = plan_failover();

    plan_peer(master, PEER_A_IP, PEER_A);
    plan_peer(master, PEER_B_IP, PEER_B);
    start_core();
    run_for(3000);
    forget();
    request(REQUEST_FAILOVER, "mymaster");
    expect_in_order("log Executing user requested FAILOVER of 'mymaster'",
                    "+new-epoch 1 (disk)",
                    "+try-failover " MASTER_TEXT " (disk)",
                    "+elected-leader " MASTER_TEXT " (disk)",
                    "+selected-slave " REPLICA_1_TEXT " (disk)", NULL);
    expect("reply 7 OK (disk)");
    expect_none("send 10.0.1.1 SENTINEL*");
    ck_assert_uint_eq(the_master()->instance.flags,
                      FLAG_MASTER | FLAG_FAILOVER | FLAG_FORCE_FAILOVER);
}
END_TEST

START_TEST(old_master_of_a_forced_failover_follows_at_once)
{
    plan_failover();
    start_core();
    run_for(3000);
    request(REQUEST_FAILOVER, "mymaster");
    is_master(first, RUNID_2);
    forget();
    run_until("+promoted-slave*", 1100);
    expect("send 10.0.0.1 REPLICAOF 10.0.0.2 6379");
    run_for(100);
    expect_count("send 10.0.0.1 REPLICAOF*", 1);
}
END_TEST

/* With a single replica nothing else delays the end, which closes the
 * connections to the old master. */
START_TEST(command_to_the_old_master_is_not_lost)
{
    struct state_master *master = plan_master(1);

    first = plan_replica(master, REPLICA_1, RUNID_2, 100);
    start_core();
    run_for(3000);
    request(REQUEST_FAILOVER, "mymaster");
    is_master(first, RUNID_2);
    disk_works = false;
    run_for(200);
    forget();
    feed(&(struct event){.type = EVENT_PERSISTED,
                         .persisted = {core->persist_asked, true}});
    expect("+promoted-slave " REPLICA_1_TEXT " (disk)");
    expect("send 10.0.0.1 EXEC");
    expect_none("close 10.0.0.1*");
    expect_none("+switch-master*");
    disk_works = true;
    settle_world(); /* it has answered */
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
}
END_TEST

START_TEST(old_master_that_does_not_answer_holds_nothing_up_for_long)
{
    struct state_master *master = plan_master(1);

    first = plan_replica(master, REPLICA_1, RUNID_2, 100);
    start_core();
    run_for(3000);
    request(REQUEST_FAILOVER, "mymaster");
    is_master(first, RUNID_2);
    server_at(MASTER_IP, 6379)->silent = true;
    forget();
    run_until("+switch-master*", 8000);
    expect("send 10.0.0.1 REPLICAOF 10.0.0.2 6379");
}
END_TEST

START_TEST(simulated_crashes)
{
    for (unsigned flag = 1; flag <= 2; flag++) {
        world_renew();
        plan_failover();
        start_core();
        run_for(3000);
        step(&(struct event){
            .type = EVENT_REQUEST,
            .request = {.type = REQUEST_SIMULATE, .simulate = flag}});
        request(REQUEST_FAILOVER, "mymaster");
        is_master(first, RUNID_2);
        run_for(1100);
        if (flag == SIMULATE_CRASH_AFTER_ELECTION)
            expect_in_order("+elected-leader*", "crash",
                            "+failover-state-select-slave*", NULL);
        else
            expect_in_order("+promoted-slave*", "crash",
                            "+failover-state-reconf-slaves*", NULL);
        expect_count("crash", 1);
    }
}
END_TEST

START_TEST(disk_that_fails_ends_an_election)
{
    struct state_master *master = plan_failover();
    struct server *peer = plan_peer(master, PEER_A_IP, PEER_A);

    peer->ignores_votes = true;
    start_core();
    run_for(3000);
    disk_works = false;
    kill_server(MASTER_IP);
    run_until("+try-failover*", 7000);
    step(&(struct event){.type = EVENT_PERSISTED,
                         .persisted = {core->persist_asked, false}});
    expect("log Failover of 'mymaster' is given up: the state cannot be "
           "saved");
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    forget();
    run_for(30000);
    expect_none("+try-failover*");
}
END_TEST

START_TEST(freshest_offset_wins)
{
    plan_failover();
    start_core();
    run_for(3000);
    /* since the last INFO the other one has got ahead */
    follows(second, RUNID_3, MASTER_IP, "up", 200);
    kill_server(MASTER_IP);
    run_until("+selected-slave " REPLICA_2_TEXT " (disk)", 7000);
}
END_TEST

START_TEST(replica_that_does_not_tell_is_waited_for_only_shortly)
{
    uint64_t begin;

    plan_failover();
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_for(4500);
    first->silent = true;
    run_until("+try-failover*", 2000);
    begin = now_ms;
    run_until("+selected-slave " REPLICA_2_TEXT " (disk)", 101);
    ck_assert_uint_ge(now_ms, begin + 100);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        from_the_loss_to_the_switch,
        names_of_the_states,
        promotion_is_told_only_when_it_is_on_disk,
        promotion_waits_for_a_disk_that_fails,
        hello_tells_of_the_promotion_at_once,
        promotion_is_not_believed_from_an_answer_asked_for_before,
        no_replica_to_promote,
        pause_is_never_longer_than_twice_the_failover_timeout,
        chosen_replica_that_cannot_be_reached,
        promotion_that_has_no_effect_is_tried_again,
        chosen_replica_that_goes_down_is_given_up,
        master_that_returns_before_the_command_stops_it,
        master_that_returns_after_the_command_does_not_stop_it,
        forced_failover_needs_no_votes_and_asks_nobody,
        old_master_of_a_forced_failover_follows_at_once,
        command_to_the_old_master_is_not_lost,
        old_master_that_does_not_answer_holds_nothing_up_for_long,
        simulated_crashes,
        disk_that_fails_ends_an_election,
        freshest_offset_wins,
        replica_that_does_not_tell_is_waited_for_only_shortly,
    };

    return RUN_WORLDS("failover", cases);
}
