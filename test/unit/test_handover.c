/* links: lib */
/* A coordinated failover: who may be handed over to, and whose refusal
 * counts. */
#include "failover_world.h"

static void start_ready(const char *status_of_first)
{
    plan_failover();
    follows(first, RUNID_2, MASTER_IP, status_of_first, 100);
    set_info(server_at(MASTER_IP, 6379),
             "run_id:" RUNID_1 "\r\nrole:master\r\n"
             "master_failover_state:no-failover\r\n");
    start_core();
    run_for(3000);
    forget();
}

static void coordinate(void)
{
    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = REQUEST_FAILOVER,
                                     .client = 7,
                                     .name = "mymaster",
                                     .failover = {.coordinated = true}}});
}

/* The master answers a command of the transaction SERIAL with an error. */
static void refuse(uint64_t serial)
{
    const struct instance *instance = &the_master()->instance;
    struct reply error = status_reply("-ERR FAILOVER target is not a replica");

    feed_reply(instance->link->command.conn,
               (struct command_tag){.kind = COMMAND_HANDOVER,
                                    .instance = instance->id,
                                    .serial = serial},
               &error);
    settle_world();
}

START_TEST(freshest_replica_is_handed_over_to)
{
    start_ready("up");
    coordinate();
    run_until("+failover-state-wait-promotion " REPLICA_1_TEXT " (disk)", 1000);
    expect("send 10.0.0.1 FAILOVER TO 10.0.0.2 6379*");
    expect_none("send 10.0.0.2 REPLICAOF*");
}
END_TEST

START_TEST(replica_without_a_link_to_the_master_is_not)
{
    start_ready("down");
    coordinate();
    run_until("+failover-state-wait-promotion " REPLICA_2_TEXT " (disk)", 1000);
    expect("send 10.0.0.1 FAILOVER TO 10.0.0.3 6379*");
}
END_TEST

START_TEST(only_the_refusal_of_this_handover_counts)
{
    start_ready("up");
    coordinate();
    run_until("+failover-state-wait-promotion " REPLICA_1_TEXT " (disk)", 1000);
    refuse(the_master()->handover_serial - 1);
    run_for(100);
    ck_assert_int_eq(the_master()->state, FAILOVER_WAIT_PROMOTION);
    refuse(the_master()->handover_serial);
    run_for(100);
    expect_in_order("-failover-abort-master-timeout " MASTER_TEXT,
                    "send 10.0.0.1 FAILOVER ABORT",
                    "send 10.0.0.1 CLIENT UNPAUSE", NULL);
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
}
END_TEST

/* The master must not hand over any more when we have given it up. */
START_TEST(master_has_as_long_as_is_left)
{
    start_ready("up");
    set_option("failover-timeout", "10000");
    kill_server(MASTER_IP);
    coordinate();
    run_for(1500);
    expect("+failover-state-send-slaveof-noone " REPLICA_1_TEXT " (disk)");
    revive_server(MASTER_IP);
    /* the attempt to connect that is under way fails first */
    run_until("+failover-state-wait-promotion " REPLICA_1_TEXT " (disk)", 5000);
    expect("send 10.0.0.1 FAILOVER TO 10.0.0.2 6379 TIMEOUT *");
    expect_none("send 10.0.0.1 FAILOVER TO 10.0.0.2 6379 TIMEOUT 10000");
}
END_TEST

START_TEST(writes_go_on_when_it_has_ended)
{
    start_ready("up");
    coordinate();
    run_until("+failover-state-wait-promotion " REPLICA_1_TEXT " (disk)", 1000);
    is_master(first, RUNID_2);
    follows(server_at(MASTER_IP, 6379), RUNID_1, REPLICA_1, "up", 100);
    run_until("+promoted-slave " REPLICA_1_TEXT " (disk)", 1100);
    settle_world();
    expect("send 10.0.0.1 CLIENT UNPAUSE");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        freshest_replica_is_handed_over_to,
        replica_without_a_link_to_the_master_is_not,
        only_the_refusal_of_this_handover_counts,
        master_has_as_long_as_is_left,
        writes_go_on_when_it_has_ended,
    };

    return RUN_WORLDS("handover", cases);
}
