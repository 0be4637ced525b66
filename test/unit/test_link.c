/* links: lib */
/* Connections: made, paced, kept alive, judged stale, shared. */
#include "../../lib/link.h"
#include "core_world.h"

static struct link *master_link(void)
{
    return the_master()->instance.link;
}

START_TEST(connects_at_once_with_greeting_and_ping)
{
    struct state_master *master = plan_master(2);

    xreplace(&master->options.auth_user, "bob");
    xreplace(&master->options.auth_pass, "secret");
    start_core();
    expect_in_order("connect 10.0.0.1:6379", "send 10.0.0.1 AUTH bob secret",
                    "send 10.0.0.1 CLIENT SETNAME sentinel-55555555-cmd",
                    "send 10.0.0.1 PING",
                    "send 10.0.0.1 CLIENT SETNAME sentinel-55555555-pubsub",
                    "send 10.0.0.1 SUBSCRIBE __sentinel__:hello", NULL);
    expect_count("connect 10.0.0.1:6379", 2);
    expect_count("send 10.0.0.1 AUTH bob secret", 2);
    expect_count("send 10.0.0.1 PING", 1);
}
END_TEST

START_TEST(sentinel_has_no_subscription)
{
    struct state_master *master = plan_master(2);

    plan_peer(master, PEER_A_IP, PEER_A);
    start_core();
    run_for(20000);
    expect_count("connect 10.0.1.1:26379", 1);
    expect_none("send 10.0.1.1 SUBSCRIBE*");
    ck_assert(!link_disconnected(the_peer(PEER_A)->link));
}
END_TEST

START_TEST(disconnected_until_both_connections_exist)
{
    struct server *server;

    plan_master(1);
    server = server_at(MASTER_IP, 6379);
    server->reachable = false;
    start_core();
    /* being made counts as there, but not as up */
    ck_assert(!link_disconnected(master_link()));
    ck_assert(!link_is_up(master_link()));
    server->reachable = true;
    run_for(3000);
    ck_assert(link_is_up(master_link()));
    break_conn(master_link()->pubsub.conn, "reset");
    ck_assert(link_is_up(master_link()));
}
END_TEST

START_TEST(refused_connection_is_tried_each_second)
{
    plan_master(1);
    server_at(MASTER_IP, 6379)->refusing = true;
    start_core();
    expect_count("connect 10.0.0.1:6379", 2);
    expect("-cmd-link-reconnection master mymaster 10.0.0.1 6379 "
           "#connection refused");
    expect("-pubsub-link-reconnection master mymaster 10.0.0.1 6379 "
           "#connection refused");
    forget();
    run_for(999);
    expect_none("connect*");
    ck_assert(link_disconnected(master_link()));
    run_for(1);
    expect_count("connect*", 2);
    run_for(9000);
    expect_count("connect*", 20);
}
END_TEST

START_TEST(broken_connection_is_made_again_at_once)
{
    uint64_t conn;

    plan_master(1);
    start_core();
    run_for(5000);
    forget();
    conn = master_link()->command.conn;
    break_conn(conn, "reset by peer");
    expect("connect 10.0.0.1:6379");
    settle_world();
    ck_assert(link_is_up(master_link()));
    ck_assert_uint_ne(master_link()->command.conn, conn);
    /* a second break within the second waits */
    forget();
    break_conn(master_link()->command.conn, "reset by peer");
    expect_none("connect*");
    run_for(1000);
    expect_count("connect*", 1);
}
END_TEST

START_TEST(attempt_that_hangs_is_given_up_after_two_seconds)
{
    plan_master(1);
    server_at(MASTER_IP, 6379)->reachable = false;
    start_core();
    forget();
    run_for(1999);
    expect_none("close*");
    run_for(1);
    expect_count("close 10.0.0.1 connection attempt timed out", 2);
    expect_count("connect 10.0.0.1:6379", 2);
}
END_TEST

START_TEST(port_zero_is_never_connected)
{
    plan_master(1)->port = 0;
    start_core();
    run_for(20000);
    expect_none("connect*");
}
END_TEST

START_TEST(events_of_unknown_connections_are_ignored)
{
    struct reply reply = status_reply("PONG");

    plan_master(1);
    start_core();
    forget();
    conn_server[400] = NULL;
    break_conn(400, "x");
    feed(&(struct event){.type = EVENT_CONN_UP, .conn = {.conn = 400}});
    feed(&(struct event){.type = EVENT_MESSAGE,
                         .message = {400, "__sentinel__:hello", "1.2.3.4,1"}});
    feed_reply(400, (struct command_tag){COMMAND_PING, 1, 0}, &reply);
    ck_assert_str_eq(trace.data, "\n");
}
END_TEST

START_TEST(ping_interval_is_at_most_a_second_and_down_after)
{
    static const struct {
        int64_t down_after_ms;
        size_t pings; /* in ten seconds */
    } rows[] = {{30000, 10}, {1000, 10}, {500, 20}, {100, 100}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        world_renew();
        plan_master(1)->options.down_after_ms = rows[i].down_after_ms;
        start_core();
        forget();
        run_for(10000);
        expect_count("send 10.0.0.1 PING", rows[i].pings);
    }
}
END_TEST

START_TEST(unanswered_ping_is_repeated_each_half_interval)
{
    plan_master(1)->options.down_after_ms = 60000;
    start_core();
    run_for(5000);
    server_at(MASTER_IP, 6379)->silent = true;
    run_until("send 10.0.0.1 PING", 2000);
    run_for(1000);
    forget();
    run_for(10000);
    expect_count("send 10.0.0.1 PING", 20);
}
END_TEST

START_TEST(act_ping_is_the_oldest_unanswered_one)
{
    uint64_t first;

    plan_master(1)->options.down_after_ms = 60000;
    start_core();
    run_for(5500);
    ck_assert(!master_link()->ping_outstanding);
    server_at(MASTER_IP, 6379)->silent = true;
    forget();
    run_until("send 10.0.0.1 PING", 2000);
    first = now_ms;
    run_for(5000);
    ck_assert(master_link()->ping_outstanding);
    ck_assert_uint_eq(master_link()->act_ping_ms, first);
    ck_assert_uint_gt(master_link()->last_ping_ms, first);
}
END_TEST

START_TEST(young_connection_is_not_judged_stale)
{
    plan_master(1);
    server_at(MASTER_IP, 6379)->silent = true;
    start_core();
    run_for(15000);
    expect_none("close 10.0.0.1 no reply to PING");
    run_for(1);
    expect_count("close 10.0.0.1 no reply to PING", 1);
}
END_TEST

START_TEST(old_connection_is_stale_after_half_of_down_after)
{
    uint64_t act_ping;

    plan_master(1)->options.down_after_ms = 8000;
    start_core();
    run_for(20000);
    server_at(MASTER_IP, 6379)->silent = true;
    forget();
    run_until("send 10.0.0.1 PING", 2000);
    act_ping = now_ms;
    run_until("close 10.0.0.1 no reply to PING", 10000);
    ck_assert_uint_eq(now_ms, act_ping + 4001);
    /* closing does not stop the clock */
    ck_assert(master_link()->ping_outstanding);
    ck_assert_uint_eq(master_link()->act_ping_ms, act_ping);
}
END_TEST

START_TEST(subscription_without_messages_is_stale)
{
    plan_master(1);
    start_core();
    run_for(12000);
    step(&(struct event){
        .type = EVENT_MESSAGE,
        .message = {master_link()->pubsub.conn, "__sentinel__:hello", "x"}});
    run_for(6000);
    expect_none("close*");
    forget();
    run_for(1000); /* seen with the next PING at the latest */
    expect_in_order("close 10.0.0.1 no message received",
                    "connect 10.0.0.1:6379",
                    "send 10.0.0.1 SUBSCRIBE __sentinel__:hello", NULL);
    run_for(14000);
    expect_count("close 10.0.0.1 no message received", 1);
    run_for(2001);
    expect_count("close 10.0.0.1 no message received", 2);
}
END_TEST

START_TEST(pending_commands_are_limited)
{
    plan_master(1)->options.down_after_ms = 1000000;
    start_core();
    run_for(1000);
    server_at(MASTER_IP, 6379)->silent = true;
    run_for(120000);
    ck_assert_uint_eq(master_link()->pending, 100);
}
END_TEST

static void plan_two_masters(void)
{
    struct state_master *other;

    plan_peer(plan_master(2), PEER_A_IP, PEER_A);
    other = state_add_master(initial, "other", "10.0.0.9", 6379);
    add_server("10.0.0.9", 6379);
    other->options.down_after_ms = 20000;
    plan_peer(other, PEER_A_IP, PEER_A);
}

START_TEST(peer_of_two_masters_has_one_link)
{
    struct instance *twin;

    plan_two_masters();
    start_core();
    twin = master_find_sentinel(master_find(core, "other"), PEER_A);
    ck_assert_ptr_eq(twin->link, the_peer(PEER_A)->link);
    ck_assert_uint_eq(twin->link->user_count, 2);
    expect_count("connect 10.0.1.1:26379", 1);
    forget();
    run_for(10000);
    expect_count("send 10.0.1.1 PING", 10);
    /* but a hello for each master */
    expect_count("send 10.0.1.1 PUBLISH*", 10);
}
END_TEST

START_TEST(shared_link_goes_with_its_last_user)
{
    plan_two_masters();
    start_core();
    run_for(2000);
    forget();
    request(REQUEST_REMOVE, "mymaster");
    expect_none("close 10.0.1.1*");
    run_for(5000);
    expect("send 10.0.1.1 PING");
    expect_none("+sdown*");
    request(REQUEST_REMOVE, "other");
    expect_count("close 10.0.1.1 no longer monitored", 1);
}
END_TEST

START_TEST(shared_link_is_as_patient_as_its_most_patient_user)
{
    plan_two_masters();
    start_core();
    run_for(20000);
    server_at(PEER_A_IP, 26379)->silent = true;
    run_until("+sdown sentinel " PEER_A " 10.0.1.1 26379 @ mymaster "
              "10.0.0.1 6379",
              7000);
    expect_none("close 10.0.1.1*");
    run_until("close 10.0.1.1 no reply to PING", 6000);
    expect_none("+sdown sentinel " PEER_A " 10.0.1.1 26379 @ other "
                "10.0.0.9 6379");
    run_until("+sdown sentinel " PEER_A " 10.0.1.1 26379 @ other 10.0.0.9 "
              "6379",
              12000);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        connects_at_once_with_greeting_and_ping,
        sentinel_has_no_subscription,
        disconnected_until_both_connections_exist,
        refused_connection_is_tried_each_second,
        broken_connection_is_made_again_at_once,
        attempt_that_hangs_is_given_up_after_two_seconds,
        port_zero_is_never_connected,
        events_of_unknown_connections_are_ignored,
        ping_interval_is_at_most_a_second_and_down_after,
        unanswered_ping_is_repeated_each_half_interval,
        act_ping_is_the_oldest_unanswered_one,
        young_connection_is_not_judged_stale,
        old_connection_is_stale_after_half_of_down_after,
        subscription_without_messages_is_stale,
        pending_commands_are_limited,
        peer_of_two_masters_has_one_link,
        shared_link_goes_with_its_last_user,
        shared_link_is_as_patient_as_its_most_patient_user,
    };

    return RUN_WORLDS("link", cases);
}
