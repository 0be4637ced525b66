/* links: lib */
/* Subjectively down: the three rules, for all kinds. */
#include "core_world.h"

#define MASTER_DOWN "+sdown master mymaster 10.0.0.1 6379"
#define MASTER_UP "-sdown master mymaster 10.0.0.1 6379"

static struct server *master_server;

static void start_master(int64_t reboot_ms)
{
    struct state_master *master = plan_master(2);

    master->options.reboot_down_after_ms = reboot_ms;
    master_server = server_at(MASTER_IP, 6379);
    start_core();
    run_for(3000);
    forget();
}

START_TEST(silence_counts_from_the_oldest_ping_without_answer)
{
    uint64_t asked;

    start_master(0);
    master_server->silent = true;
    run_until("send 10.0.0.1 PING", 2000);
    asked = now_ms;
    run_for(5000);
    expect_none("+sdown*");
    run_for(1);
    ck_assert_uint_eq(now_ms, asked + 5001);
    expect_count(MASTER_DOWN, 1);
    run_for(20000);
    expect_count(MASTER_DOWN, 1);
}
END_TEST

START_TEST(never_reachable_counts_from_the_start)
{
    plan_master(2);
    server_at(MASTER_IP, 6379)->reachable = false;
    start_core();
    run_for(5000);
    expect_none("+sdown*");
    run_for(1);
    expect(MASTER_DOWN);
}
END_TEST

START_TEST(without_connection_the_last_answer_counts)
{
    plan_master(2)->port = 0;
    start_core();
    the_master()->instance.link->ping_outstanding = false;
    the_master()->instance.link->last_avail_ms = now_ms + 1000;
    run_for(6000);
    expect_none("+sdown*");
    run_for(1);
    expect("+sdown master mymaster 10.0.0.1 0");
}
END_TEST

START_TEST(closed_connection_alone_is_no_sign)
{
    start_master(0);
    break_conn(the_master()->instance.link->command.conn, "reset");
    run_for(30000);
    expect_none("+sdown*");
}
END_TEST

START_TEST(errors_to_ping_do_not_keep_it_up)
{
    start_master(0);
    master_server->pong = "-NOAUTH Authentication required.";
    run_until(MASTER_DOWN, 6001);
    ck_assert_uint_le(now_ms - the_master()->instance.link->last_pong_ms, 1000);
}
END_TEST

START_TEST(valid_answer_brings_it_back)
{
    start_master(0);
    kill_server(MASTER_IP);
    run_until(MASTER_DOWN, 6001);
    the_master()->instance.flags |= FLAG_SCRIPT_KILL_SENT;
    revive_server(MASTER_IP);
    run_until(MASTER_UP, 2001);
    ck_assert_uint_eq(the_master()->instance.flags, FLAG_MASTER);
}
END_TEST

START_TEST(master_that_says_it_is_a_replica_is_down_in_the_end)
{
    uint64_t since;

    start_master(0);
    follows(master_server, RUNID_1, "10.0.0.7", "up", 1);
    run_until("-role-change master mymaster 10.0.0.1 6379 new reported role "
              "is slave",
              10001);
    since = now_ms;
    run_for(25000);
    expect_none("+sdown*");
    run_for(1);
    ck_assert_uint_eq(now_ms, since + 25001);
    expect(MASTER_DOWN);
    is_master(master_server, RUNID_1);
    run_until(MASTER_UP, 10001);
    expect("+role-change master mymaster 10.0.0.1 6379 new reported role is "
           "master");
}
END_TEST

START_TEST(replica_that_says_it_is_a_master_is_not_down)
{
    struct state_master *master = plan_master(2);

    master_server = plan_replica(master, REPLICA_1, RUNID_2, 1);
    start_core();
    run_for(1000);
    is_master(master_server, RUNID_2);
    run_for(60000);
    expect_none("+sdown slave*");
}
END_TEST

START_TEST(reboot_counts_only_with_the_option)
{
    static const struct {
        int64_t option_ms;
        bool down;
    } rows[] = {{0, false}, {3000, true}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        world_renew();
        start_master(rows[i].option_ms);
        is_master(master_server, RUNID_2);
        master_server->pong = "-LOADING data";
        run_until("+reboot master mymaster 10.0.0.1 6379", 10001);
        run_for(3000);
        expect_none("+sdown*");
        run_for(1);
        expect_count(MASTER_DOWN, rows[i].down);
        run_for(30000);
        expect_count(MASTER_DOWN, rows[i].down);
    }
}
END_TEST

START_TEST(pong_ends_the_reboot)
{
    start_master(3000);
    is_master(master_server, RUNID_2);
    master_server->pong = "-LOADING data";
    run_until(MASTER_DOWN, 14000);
    ck_assert_uint_ne(the_master()->instance.flags & FLAG_MASTER_REBOOT, 0);
    master_server->pong = NULL;
    run_until(MASTER_UP, 1001);
    ck_assert_uint_eq(the_master()->instance.flags, FLAG_MASTER);
}
END_TEST

START_TEST(replicas_and_sentinels_go_down_by_the_same_time)
{
    struct state_master *master = plan_master(2);

    plan_replica(master, REPLICA_1, RUNID_2, 1);
    plan_peer(master, PEER_A_IP, PEER_A);
    start_core();
    run_for(3500);
    server_at(REPLICA_1, 6379)->silent = true;
    server_at(PEER_A_IP, 26379)->silent = true;
    run_for(4000);
    expect_none("+sdown*");
    run_for(2001);
    expect("+sdown slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 "
           "6379");
    expect("+sdown sentinel " PEER_A " 10.0.1.1 26379 @ mymaster 10.0.0.1 "
           "6379");
    server_at(REPLICA_1, 6379)->silent = false;
    server_at(PEER_A_IP, 26379)->silent = false;
    run_for(2000);
    expect("-sdown slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 "
           "6379");
    expect("-sdown sentinel " PEER_A " 10.0.1.1 26379 @ mymaster 10.0.0.1 "
           "6379");
}
END_TEST

START_TEST(new_down_after_counts_at_once)
{
    start_master(0);
    set_option("down-after-milliseconds", "60000");
    master_server->silent = true;
    run_for(20000);
    expect_none("+sdown*");
    set_option("down-after-milliseconds", "10000");
    expect(MASTER_DOWN);
    set_option("down-after-milliseconds", "60000");
    expect(MASTER_UP);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        silence_counts_from_the_oldest_ping_without_answer,
        never_reachable_counts_from_the_start,
        without_connection_the_last_answer_counts,
        closed_connection_alone_is_no_sign,
        errors_to_ping_do_not_keep_it_up,
        valid_answer_brings_it_back,
        master_that_says_it_is_a_replica_is_down_in_the_end,
        replica_that_says_it_is_a_master_is_not_down,
        reboot_counts_only_with_the_option,
        pong_ends_the_reboot,
        replicas_and_sentinels_go_down_by_the_same_time,
        new_down_after_counts_at_once,
    };

    return RUN_WORLDS("sdown", cases);
}
