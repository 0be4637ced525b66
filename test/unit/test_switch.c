/* links: lib */
/* Reset of a master, and its change to a new address. */
#include "../../lib/switch.h"
#include "failover_world.h"

static void start_all(void)
{
    struct state_master *master = plan_failover();

    plan_peer(master, PEER_A_IP, PEER_A);
    start_core();
    run_for(3000);
    forget();
}

/* A peer tells of a newer configuration. */
static void switch_to(const char *ip, int port, uint64_t epoch)
{
    char text[256];

    snprintf(text, sizeof(text),
             PEER_A_IP ",26379," PEER_A ",%llu,mymaster,%s,%d,%llu",
             (unsigned long long)epoch, ip, port, (unsigned long long)epoch);
    hello(text);
}

START_TEST(reset_forgets_replicas_and_sentinels)
{
    start_all();
    ask_us(3, PEER_A);
    forget();
    request(REQUEST_RESET, "my*");
    expect_in_order("close 10.0.0.2 no longer monitored",
                    "close 10.0.1.1 no longer monitored",
                    "close 10.0.0.1 reset", "+reset-master " MASTER_TEXT,
                    "persist", "reply 7 integer 1 (disk)",
                    "connect 10.0.0.1:6379", NULL);
    ck_assert_uint_eq(master_replica_count(the_master()), 0);
    ck_assert_uint_eq(master_sentinel_count(the_master()), 0);
    ck_assert_str_eq(the_master()->leader, "");
    ck_assert_uint_eq(the_master()->leader_epoch, 3);
    ck_assert_str_eq(the_master()->instance.addr.ip, MASTER_IP);
}
END_TEST

START_TEST(reset_drops_a_failover)
{
    plan_failover();
    run_to_promotion();
    request(REQUEST_RESET, "*");
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    ck_assert_ptr_null(the_master()->promoted);
    ck_assert_uint_eq(the_master()->instance.flags, FLAG_MASTER);
    run_for(20000);
}
END_TEST

START_TEST(newer_configuration_of_a_peer_is_followed)
{
    struct server *new_master;

    start_all();
    xreplace(&the_master()->options.client_reconfig_script, "/bin/reconf");
    new_master = server_at(REPLICA_1, 6379);
    is_master(new_master, RUNID_2);
    switch_to(REPLICA_1, 6379, 7);
    expect_in_order(
        "+new-epoch 7 (disk)",
        "+config-update-from sentinel " PEER_A
        " 10.0.1.1 26379 @ mymaster 10.0.0.1 6379",
        "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379",
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379",
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379",
        "script /bin/reconf mymaster observer start 10.0.0.1 6379 10.0.0.2 "
        "6379",
        NULL);
    ck_assert_uint_eq(the_master()->config_epoch, 7);
    ck_assert_uint_eq(master_replica_count(the_master()), 2);
    ck_assert_uint_eq(master_sentinel_count(the_master()), 1);
}
END_TEST

START_TEST(connections_of_the_promoted_replica_serve_on)
{
    uint64_t command;
    uint64_t pubsub;

    start_all();
    command = the_replica(REPLICA_1)->link->command.conn;
    pubsub = the_replica(REPLICA_1)->link->pubsub.conn;
    is_master(server_at(REPLICA_1, 6379), RUNID_2);
    switch_to(REPLICA_1, 6379, 7);
    expect_none("close 10.0.0.2*");
    expect_none("connect 10.0.0.2*");
    expect_count("close 10.0.0.1 the master has changed", 2);
    expect("connect 10.0.0.1:6379"); /* the old master, as a replica */
    ck_assert_uint_eq(the_master()->instance.link->command.conn, command);
    ck_assert_uint_eq(the_master()->instance.link->pubsub.conn, pubsub);
    expect("send 10.0.0.2 INFO");
    ck_assert_str_eq(the_master()->instance.runid, RUNID_2);
    run_for(60000);
    expect_none("+sdown*");
}
END_TEST

START_TEST(address_that_was_not_known_as_a_replica)
{
    start_all();
    is_master(add_server("10.0.0.7", 6379), RUNID_1);
    switch_to("10.0.0.7", 6379, 7);
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.7 6379");
    expect_count("connect 10.0.0.7:6379", 2);
    ck_assert_uint_eq(master_replica_count(the_master()), 3);
}
END_TEST

START_TEST(evidence_about_the_old_address_is_forgotten)
{
    struct reply three[] = {integer_reply(1), string_reply("*"),
                            integer_reply(0)};
    struct reply yes = {.type = REPLY_ARRAY, .elements = three, .count = 3};
    struct instance *peer;
    struct command_tag tag;

    start_all();
    set_option("quorum", "2");
    server_at(PEER_A_IP, 26379)->says_down = true;
    server_at(PEER_A_IP, 26379)->ignores_votes = true;
    kill_server(MASTER_IP);
    run_until("+odown*", 7000);
    peer = the_peer(PEER_A);
    tag = (struct command_tag){COMMAND_ASK, peer->id, peer->ask_serial};
    is_master(server_at(REPLICA_1, 6379), RUNID_2);
    forget();
    switch_to(REPLICA_1, 6379, 7);
    ck_assert_uint_eq(the_master()->instance.flags, FLAG_MASTER);
    ck_assert_uint_eq(peer->flags & FLAG_MASTER_DOWN, 0);
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    /* also an answer that is still on its way */
    feed_reply(peer->link->command.conn, tag, &yes);
    ck_assert_uint_eq(peer->flags & FLAG_MASTER_DOWN, 0);
    run_for(20000);
    expect_none("+odown*");
    expect_none("+sdown master mymaster 10.0.0.2*");
}
END_TEST

START_TEST(new_master_that_is_dead_is_found_out)
{
    start_all();
    kill_server(REPLICA_1);
    run_for(1000);
    switch_to(REPLICA_1, 6379, 7);
    run_until("+sdown master mymaster 10.0.0.2 6379", 8000);
}
END_TEST

START_TEST(clocks_of_the_new_master_start_at_the_switch)
{
    start_all();
    server_at(REPLICA_1, 6379)->silent = true;
    run_for(4500);
    ck_assert(the_replica(REPLICA_1)->link->ping_outstanding);
    switch_to(REPLICA_1, 6379, 7);
    run_for(5000);
    expect_none("+sdown master*");
    run_until("+sdown master mymaster 10.0.0.2 6379", 1001);
}
END_TEST

START_TEST(failover_that_another_has_won_is_dropped)
{
    plan_failover();
    plan_peer(&initial->masters[0], PEER_A_IP, PEER_A);
    initial->masters[0].options.quorum = 1;
    server_at(PEER_A_IP, 26379)->votes_for = MY_ID;
    run_to_promotion();
    is_master(second, RUNID_3);
    switch_to(REPLICA_2, 6379, 9);
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    ck_assert_ptr_null(the_master()->promoted);
    ck_assert_str_eq(the_master()->instance.addr.ip, REPLICA_2);
    ck_assert_uint_eq(the_replica(REPLICA_1)->flags, FLAG_REPLICA);
    run_for(30000);
    expect_none("+promoted-slave*");
}
END_TEST

START_TEST(same_host_with_another_port)
{
    start_all();
    is_master(add_server(MASTER_IP, 6400), RUNID_1);
    switch_to(MASTER_IP, 6400, 7);
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.1 6400");
    expect("+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.1 "
           "6400");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        reset_forgets_replicas_and_sentinels,
        reset_drops_a_failover,
        newer_configuration_of_a_peer_is_followed,
        connections_of_the_promoted_replica_serve_on,
        address_that_was_not_known_as_a_replica,
        evidence_about_the_old_address_is_forgotten,
        new_master_that_is_dead_is_found_out,
        clocks_of_the_new_master_start_at_the_switch,
        failover_that_another_has_won_is_dropped,
        same_host_with_another_port,
    };

    return RUN_WORLDS("switch", cases);
}
