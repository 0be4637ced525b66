/* links: lib */
/* What is sent when: INFO and hello messages, and what commands look like. */
#include "failover_world.h"

static void start_all(void)
{
    struct state_master *master = plan_failover();

    master->options.quorum = 2;
    plan_peer(master, PEER_A_IP, PEER_A);
    start_core();
    run_for(1000);
    forget();
}

START_TEST(info_at_once_and_then_each_ten_seconds)
{
    plan_failover();
    start_core();
    expect_count("send 10.0.0.1 INFO", 1);
    expect_count("send 10.0.0.2 INFO", 1);
    run_for(9999);
    expect_count("send 10.0.0.1 INFO", 1);
    run_for(20001);
    expect_count("send 10.0.0.1 INFO", 4);
    expect_count("send 10.0.0.2 INFO", 4);
}
END_TEST

START_TEST(replica_in_trouble_is_asked_each_second)
{
    start_all();
    set_info(first, "role:slave\r\nmaster_link_down_since_seconds:3\r\n");
    run_for(10000);
    forget();
    run_for(10000);
    ck_assert_uint_ge(count_lines("send 10.0.0.2 INFO", NULL), 9);
    ck_assert_uint_le(count_lines("send 10.0.0.2 INFO", NULL), 10);
    expect_count("send 10.0.0.3 INFO", 1);
}
END_TEST

START_TEST(replicas_of_a_lost_master_are_asked_each_second)
{
    start_all();
    server_at(PEER_A_IP, 26379)->says_down = true;
    server_at(PEER_A_IP, 26379)->ignores_votes = true;
    kill_server(MASTER_IP);
    run_until("+odown*", 7000);
    run_for(1000);
    forget();
    /* The answer of the peer counts for five seconds. */
    run_for(3500);
    ck_assert_uint_ge(count_lines("send 10.0.0.2 INFO", NULL), 3);
    ck_assert_uint_le(count_lines("send 10.0.0.2 INFO", NULL), 5);
}
END_TEST

START_TEST(one_info_at_a_time)
{
    start_all();
    first->info[0] = '\0'; /* answers all but INFO */
    run_for(60000);
    expect_count("send 10.0.0.2 INFO", 1);
}
END_TEST

START_TEST(promotion_is_looked_for_often_at_first)
{
    plan_failover();
    run_to_promotion();
    forget();
    run_for(500);
    ck_assert_uint_ge(count_lines("send 10.0.0.2 INFO", NULL), 5);
    ck_assert_uint_le(count_lines("send 10.0.0.2 INFO", NULL), 25);
}
END_TEST

START_TEST(hello_each_two_seconds_to_all)
{
    static const char *const ips[] = {"10.0.0.1", "10.0.0.2", "10.0.1.1"};

    start_all();
    run_for(20000);
    for (size_t i = 0; i < ROWS(ips); i++) {
        char line[200];

        snprintf(line, sizeof(line),
                 "send %s PUBLISH __sentinel__:hello 10.0.9.9,26379," MY_ID
                 ",0,mymaster,10.0.0.1,6379,0 (disk)",
                 ips[i]);
        expect_count(line, 10);
    }
}
END_TEST

START_TEST(announced_address_goes_into_the_hello)
{
    xreplace(&initial->global.announce_ip, "192.0.2.1");
    initial->global.announce_port = 5000;
    start_all();
    run_for(3000);
    expect("send 10.0.0.1 PUBLISH __sentinel__:hello 192.0.2.1,5000," MY_ID
           ",0,mymaster,10.0.0.1,6379,0 (disk)");
}
END_TEST

START_TEST(no_hello_before_the_connection_is_up)
{
    plan_master(2);
    server_at(MASTER_IP, 6379)->reachable = false;
    start_core();
    run_for(10000);
    expect_none("send 10.0.0.1 PUBLISH*");
}
END_TEST

START_TEST(words_are_renamed_but_not_their_arguments)
{
    struct state_master *master = plan_failover();
    const struct option *option = option_find("rename-command");

    option_set(option, &master->options, (const char *[]){"PING", "gnip"});
    option_set(option, &master->options, (const char *[]){"info", "ofni"});
    option_set(option, &master->options, (const char *[]){"CLIENT", "tneilc"});
    option_set(option, &master->options,
               (const char *[]){"SETNAME", "nothing"});
    option_set(option, &master->options,
               (const char *[]){"subscribe", "ebircsbus"});
    start_core();
    run_for(3000);
    expect("send 10.0.0.1 gnip");
    expect("send 10.0.0.1 ofni");
    expect("send 10.0.0.2 tneilc SETNAME sentinel-55555555-cmd");
    expect("send 10.0.0.2 ebircsbus __sentinel__:hello");
    expect_none("send 10.0.0.1 PING");
}
END_TEST

START_TEST(credentials)
{
    static const struct {
        const char *auth_user, *auth_pass;
        const char *sentinel_user, *sentinel_pass, *requirepass;
        const char *to_master, *to_sentinel;
    } rows[] = {
        {NULL, "mp", NULL, NULL, NULL, "AUTH mp", NULL},
        {"mu", "mp", NULL, NULL, NULL, "AUTH mu mp", NULL},
        {"mu", NULL, "su", NULL, NULL, NULL, NULL},
        {NULL, NULL, "su", "sp", "rp", NULL, "AUTH su sp"},
        {NULL, NULL, NULL, "sp", "rp", NULL, "AUTH sp"},
        {NULL, NULL, "su", NULL, "rp", NULL, "AUTH rp"},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct state_master *master;
        char line[64];

        world_renew();
        master = plan_master(2);
        plan_peer(master, PEER_A_IP, PEER_A);
        xreplace(&master->options.auth_user, rows[i].auth_user);
        xreplace(&master->options.auth_pass, rows[i].auth_pass);
        xreplace(&initial->global.sentinel_user, rows[i].sentinel_user);
        xreplace(&initial->global.sentinel_pass, rows[i].sentinel_pass);
        xreplace(&initial->global.requirepass, rows[i].requirepass);
        start_core();
        expect_count("send 10.0.0.1 AUTH*", rows[i].to_master ? 2 : 0);
        expect_count("send 10.0.1.1 AUTH*", rows[i].to_sentinel ? 1 : 0);
        snprintf(line, sizeof(line), "send 10.0.0.1 %s",
                 rows[i].to_master ? rows[i].to_master : "PING");
        expect(line);
        snprintf(line, sizeof(line), "send 10.0.1.1 %s",
                 rows[i].to_sentinel ? rows[i].to_sentinel : "PING");
        expect(line);
    }
}
END_TEST

START_TEST(paused_server_gets_no_burst)
{
    start_all();
    run_for(5000);
    first->silent = true;
    forget();
    run_for(4000);
    expect_count("send 10.0.0.2 PUBLISH*", 1);
    ck_assert_uint_le(count_lines("send 10.0.0.2 INFO", NULL), 1);
}
END_TEST

START_TEST(what_was_lost_with_a_connection_is_sent_again)
{
    start_all();
    run_for(4500);
    first->silent = true;
    run_for(5500); /* INFO and a hello are outstanding */
    ck_assert(the_replica(REPLICA_1)->info_pending);
    ck_assert(the_replica(REPLICA_1)->hello_pending);
    forget();
    first->silent = false;
    kill_server(REPLICA_1);
    revive_server(REPLICA_1);
    run_for(3000);
    expect("send 10.0.0.2 INFO");
    expect("send 10.0.0.2 PUBLISH*");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        info_at_once_and_then_each_ten_seconds,
        replica_in_trouble_is_asked_each_second,
        replicas_of_a_lost_master_are_asked_each_second,
        one_info_at_a_time,
        promotion_is_looked_for_often_at_first,
        hello_each_two_seconds_to_all,
        announced_address_goes_into_the_hello,
        no_hello_before_the_connection_is_up,
        words_are_renamed_but_not_their_arguments,
        credentials,
        paused_server_gets_no_burst,
        what_was_lost_with_a_connection_is_sent_again,
    };

    return RUN_WORLDS("monitor", cases);
}
