/* links: lib */
/* Host names: looked up outside, compared by what is known. */
#include "../../lib/names.h"
#include "core_world.h"

static void start_named(void)
{
    struct state_master *master = state_add_master(initial, "mymaster",
                                                   "redis-a", 6379);

    master->options.quorum = 2;
    initial->global.resolve_hostnames = true;
    is_master(add_server(MASTER_IP, 6379), RUNID_1);
    is_master(add_server("10.0.0.7", 6379), RUNID_1);
    start_core();
}

static void resolved(const char *host, const char *ip)
{
    step(
        &(struct event){.type = EVENT_RESOLVED, .resolved = {host, ip, false}});
}

/* The address in use is among several; NEXT stands behind it. */
static void still_resolved(const char *host, const char *next)
{
    step(&(struct event){.type = EVENT_RESOLVED,
                         .resolved = {host, next, true}});
}

START_TEST(name_is_asked_for_and_connected_when_known)
{
    start_named();
    expect_count("resolve redis-a", 1);
    expect_none("connect*");
    resolved("redis-a", MASTER_IP);
    expect_count("connect 10.0.0.1:6379", 2);
    expect_none("log*");
    ck_assert_str_eq(the_master()->instance.addr.host, "redis-a");
    run_for(2000);
    ck_assert(link_is_up(the_master()->instance.link));
}
END_TEST

START_TEST(one_question_at_a_time)
{
    start_named();
    run_for(5000);
    expect_count("resolve redis-a", 1);
    resolved("redis-a", NULL);
    expect_count("log Failed to resolve hostname 'redis-a'", 1);
    run_for(1000);
    expect_count("resolve redis-a", 2);
}
END_TEST

START_TEST(last_good_address_serves_while_the_resolver_fails)
{
    start_named();
    resolved("redis-a", MASTER_IP);
    resolved("redis-a", MASTER_IP);
    run_for(2000);
    forget();
    break_conn(the_master()->instance.link->command.conn, "reset");
    settle_world();
    expect_in_order("resolve redis-a", "connect 10.0.0.1:6379", NULL);
    resolved("redis-a", NULL);
    resolved("redis-a", "not an address");
    ck_assert_str_eq(the_master()->instance.addr.ip, MASTER_IP);
    ck_assert(link_is_up(the_master()->instance.link));
}
END_TEST

START_TEST(name_that_moves)
{
    start_named();
    resolved("redis-a", MASTER_IP);
    run_for(2000);
    forget();
    resolved("redis-a", "10.0.0.7");
    expect("log Host name 'redis-a' resolves to 10.0.0.7 now, not to "
           "10.0.0.1");
    expect_count("close 10.0.0.1 its host name has a new address", 2);
    expect_count("connect 10.0.0.7:6379", 2);
    forget();
    resolved("redis-a", "10.0.0.7");
    ck_assert_str_eq(trace.data, "\n");
}
END_TEST

START_TEST(answer_nobody_asked_for)
{
    start_named();
    forget();
    resolved("elsewhere", "10.0.0.7");
    ck_assert_str_eq(trace.data, "\n");
    ck_assert_ptr_null(names_lookup(core, "elsewhere"));
}
END_TEST

START_TEST(what_can_be_an_address)
{
    static const struct {
        bool names;
        const char *host;
        int64_t port;
        bool valid;
    } rows[] = {
        {false, "10.0.0.1", 6379, true},   {false, "::1", 6379, true},
        {false, "10.0.0.1", 0, true},      {false, "10.0.0.1", 65535, true},
        {false, "10.0.0.1", 65536, false}, {false, "10.0.0.1", -1, false},
        {false, "a-host", 6379, false},    {true, "a-host", 6379, true},
        {true, "a host", 6379, false},     {true, "", 6379, false},
        {true, "10.0.0.1", 6379, true},
    };

    start_named();
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct addr addr;
        bool valid;

        core->global.resolve_hostnames = rows[i].names;
        begin_call();
        valid = names_make_addr(core, &addr, rows[i].host, rows[i].port);
        ck_assert_msg(valid == rows[i].valid, "row %zu", i);
        if (valid)
            addr_clear(&addr);
    }
}
END_TEST

START_TEST(comparisons_use_what_is_known)
{
    struct addr addr;

    start_named();
    resolved("redis-a", MASTER_IP);
    addr_init(&addr, "redis-a", 6379);
    memcpy(addr.ip, MASTER_IP, sizeof(MASTER_IP));
    forget();
    begin_call();
    ck_assert(names_match(core, &addr, MASTER_IP, 6379));
    ck_assert(names_match(core, &addr, "REDIS-A", 6379));
    ck_assert(!names_match(core, &addr, MASTER_IP, 6380));
    ck_assert(!names_match(core, &addr, "10.0.0.2", 6379));
    ck_assert(!names_match(core, &addr, "not a host", 6379));
    /* not known yet: asked for, for the next time */
    ck_assert(!names_match(core, &addr, "alias", 6379));
    end_call();
    expect("resolve alias");
    resolved("alias", MASTER_IP);
    ck_assert(names_match(core, &addr, "alias", 6379));
    addr_clear(&addr);
}
END_TEST

START_TEST(names_are_not_asked_for_while_they_are_off)
{
    struct addr addr;

    plan_master(2);
    start_core();
    forget();
    addr_init(&addr, MASTER_IP, 6379);
    begin_call();
    ck_assert(!names_match(core, &addr, "alias", 6379));
    end_call();
    addr_clear(&addr);
    expect_none("resolve*");
}
END_TEST

/* Anybody can send hellos from ever new names. */
START_TEST(number_of_names_is_limited)
{
    size_t asked = 0;

    start_named();
    for (int i = 0; i < 20000; i++) {
        char text[256];
        const struct action_list *list;

        snprintf(text, sizeof(text),
                 "host-%d,26379," PEER_A ",0,mymaster,10.0.0.1,6379,0", i);
        list = core_step(core,
                         &(struct event){.type = EVENT_REQUEST,
                                         .request = {.type = REQUEST_HELLO,
                                                     .hello = {.text = text}}},
                         now_ms);
        for (size_t j = 0; j < list->count; j++)
            asked += list->actions[j].type == ACTION_RESOLVE;
    }
    ck_assert_uint_gt(asked, 100);
    ck_assert_uint_le(asked, 4096);
    /* those that came to nothing make room */
    resolved("host-1", NULL);
    hello("other-host,26379," PEER_A ",0,mymaster,10.0.0.1,6379,0");
    expect("resolve other-host");
}
END_TEST

/* The order of several changes with each query; nobody moves for that. */
START_TEST(one_of_several_addresses_is_kept_while_it_works)
{
    start_named();
    resolved("redis-a", MASTER_IP);
    run_for(2000);
    forget();
    still_resolved("redis-a", "10.0.0.7");
    ck_assert_str_eq(the_master()->instance.addr.ip, MASTER_IP);
    ck_assert_str_eq(names_lookup(core, "redis-a"), MASTER_IP);
    ck_assert_str_eq(trace.data, "\n");
    /* but for a server that is down there */
    kill_server(MASTER_IP);
    run_until("+sdown master mymaster 10.0.0.1 6379", 60000);
    still_resolved("redis-a", "10.0.0.7");
    run_until("-sdown master mymaster 10.0.0.7 6379", 5000);
    ck_assert(link_is_up(the_master()->instance.link));
}
END_TEST

/* A slow resolver is no silence of the server. */
START_TEST(a_first_lookup_does_not_count_as_silence)
{
    start_named();
    run_for(40000);
    expect_none("+sdown*");
    resolved("redis-a", MASTER_IP);
    run_for(40000);
    expect_none("+sdown*");
}
END_TEST

START_TEST(a_name_without_an_address_is_down)
{
    start_named();
    run_for(3000);
    resolved("redis-a", NULL);
    run_for(29000);
    expect_none("+sdown*");
    /* more answers of that kind do not help it */
    resolved("redis-a", NULL);
    run_for(2000);
    expect_count("+sdown*", 1);
    resolved("redis-a", MASTER_IP);
    run_until("-sdown master mymaster 10.0.0.1 6379", 5000);
}
END_TEST

START_TEST(monitoring_is_told_with_an_address)
{
    start_named();
    expect_none("+monitor*");
    resolved("redis-a", MASTER_IP);
    expect_count("+monitor master mymaster 10.0.0.1 6379 quorum 2", 1);
    resolved("redis-a", MASTER_IP);
    expect_count("+monitor*", 1);
    world_renew();
    start_named();
    resolved("redis-a", NULL);
    expect_count("+monitor*", 1);
    resolved("redis-a", MASTER_IP);
    expect_count("+monitor*", 1);
    world_renew();
    initial->global.announce_hostnames = true;
    start_named();
    expect_count("+monitor master mymaster redis-a 6379 quorum 2", 1);
}
END_TEST

/* The master, at MASTER_IP, has a replica with a name. */
static void start_with_named_replica(bool announce)
{
    start_named();
    core->global.announce_hostnames = announce;
    set_info(server_at(MASTER_IP, 6379),
             "run_id:" RUNID_1 "\r\nrole:master\r\n"
             "slave0:ip=redis-b,port=6379,state=online\r\n");
    follows(add_server(REPLICA_1, 6379), RUNID_2, "redis-a", "up", 1);
    follows(add_server("10.0.0.8", 6379), RUNID_2, "redis-a", "up", 1);
    resolved("redis-a", MASTER_IP);
}

START_TEST(a_replica_is_told_when_it_has_an_address)
{
    start_with_named_replica(false);
    expect("resolve redis-b");
    expect_none("+slave *");
    forget();
    resolved("redis-b", REPLICA_1);
    /* not at the next period of INFO */
    expect_count("+slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster "
                 "10.0.0.1 6379",
                 1);
    ck_assert_str_eq(the_replica(REPLICA_1)->addr.host, "redis-b");
    run_for(30000);
    expect_count("+slave *", 1);
}
END_TEST

START_TEST(a_replica_that_moves_has_its_new_name)
{
    start_with_named_replica(false);
    resolved("redis-b", REPLICA_1);
    run_for(2000);
    forget();
    resolved("redis-b", "10.0.0.8");
    ck_assert_str_eq(the_replica("10.0.0.8")->name, "10.0.0.8:6379");
    expect_count("persist", 1);
    run_for(30000);
    expect_none("+slave *");
    ck_assert_uint_eq(master_replica_count(the_master()), 1);
}
END_TEST

START_TEST(names_that_are_announced_need_no_address)
{
    start_with_named_replica(true);
    expect_count("+slave slave redis-b:6379 redis-b 6379 @ mymaster redis-a "
                 "6379",
                 1);
    resolved("redis-b", REPLICA_1);
    ck_assert_str_eq(the_replica(REPLICA_1)->name, "redis-b:6379");
    hello("peer-a,26379," PEER_A ",0,mymaster,redis-a,6379,0");
    expect("+sentinel sentinel " PEER_A " peer-a 26379 @ mymaster redis-a "
           "6379");
}
END_TEST

START_TEST(a_sentinel_is_told_when_it_has_an_address)
{
    static const char text[] = "peer-a,26379," PEER_A
                               ",0,mymaster,redis-a,6379,0";

    start_named();
    resolved("redis-a", MASTER_IP);
    hello(text);
    expect("resolve peer-a");
    ck_assert_uint_eq(master_sentinel_count(the_master()), 0);
    resolved("peer-a", PEER_A_IP);
    hello(text);
    expect("+sentinel sentinel " PEER_A " " PEER_A_IP " 26379 @ mymaster "
           "10.0.0.1 6379");
    /* a new name that is not known yet: as it was until it is */
    forget();
    hello("peer-z,26379," PEER_A ",0,mymaster,redis-a,6379,0");
    expect_none("+sentinel*");
    ck_assert_str_eq(the_peer(PEER_A)->addr.ip, PEER_A_IP);
    resolved("peer-z", "10.0.1.9");
    hello("peer-z,26379," PEER_A ",0,mymaster,redis-a,6379,0");
    expect_count("+sentinel-address-switch *", 1);
    ck_assert_str_eq(the_peer(PEER_A)->addr.ip, "10.0.1.9");
}
END_TEST

/* The other sentinel is reached by the link that another master has, too. */
START_TEST(no_hello_speaks_of_a_master_without_an_address)
{
    struct state_master *master;

    master = state_add_master(initial, "other", "redis-b", 6379);
    state_add_sentinel(master, PEER_A_IP, 26379, PEER_A);
    add_server(PEER_A_IP, 26379);
    start_named();
    run_for(5000);
    expect_none("send " PEER_A_IP " PUBLISH *");
    resolved("redis-b", "10.0.0.7");
    run_for(2000);
    expect("send " PEER_A_IP " PUBLISH __sentinel__:hello 10.0.9.9,26379," MY_ID
           ",0,other,10.0.0.7,6379,0 (disk)");
}
END_TEST

START_TEST(a_switch_to_a_name_waits_for_its_address)
{
    static const char text[] = "10.0.1.1,26379," PEER_A
                               ",1,mymaster,redis-b,6379,1";

    start_named();
    resolved("redis-a", MASTER_IP);
    add_server(REPLICA_1, 6379);
    hello(text);
    expect("resolve redis-b");
    expect_none("+switch-master *");
    resolved("redis-b", REPLICA_1);
    hello(text);
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
}
END_TEST

/* A peer that has noticed sooner, or later, does not name another master. */
START_TEST(a_name_that_moves_is_no_conflict)
{
    static const char elsewhere[] = "10.0.1.1,26379," PEER_A
                                    ",0,mymaster,10.0.0.7,6379,0";

    start_named();
    resolved("redis-a", MASTER_IP);
    hello("10.0.1.2,26379," PEER_B ",0,mymaster,10.0.0.7,6379,0");
    hello(elsewhere);
    run_for(1000);
    forget();
    for (int i = 0; i < 20; i++) {
        hello(elsewhere);
        hello("10.0.1.2,26379," PEER_B ",0,mymaster,10.0.0.7,6379,0");
        run_for(1000);
    }
    expect_none("+switch-master *");
    ck_assert_str_eq(the_master()->instance.addr.host, "redis-a");
    ck_assert(!the_master()->in_conflict);
    /* but the resolver was asked again */
    resolved("redis-a", "10.0.0.7");
    ck_assert_str_eq(the_master()->instance.addr.ip, "10.0.0.7");
    forget();
    hello(elsewhere);
    expect_none("resolve *");
}
END_TEST

/* As it is when two failovers have ended in one epoch. */
START_TEST(another_server_of_ours_is_a_conflict)
{
    start_with_named_replica(false);
    resolved("redis-b", REPLICA_1);
    hello("10.0.1.1,26379," PEER_A ",3,mymaster,10.0.0.1,6379,3");
    hello("10.0.1.1,26379," PEER_A ",3,mymaster,10.0.0.2,6379,3");
    hello("10.0.1.2,26379," PEER_B ",3,mymaster,10.0.0.2,6379,3");
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
    ck_assert_str_eq(the_master()->instance.addr.host, "redis-b");
}
END_TEST

START_TEST(a_promoted_server_keeps_its_name)
{
    start_with_named_replica(false);
    resolved("redis-b", REPLICA_1);
    hello("10.0.1.1,26379," PEER_A ",1,mymaster,10.0.0.2,6379,1");
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
    ck_assert_str_eq(the_master()->instance.addr.host, "redis-b");
    ck_assert_str_eq(the_replica(MASTER_IP)->addr.host, "redis-a");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        name_is_asked_for_and_connected_when_known,
        one_question_at_a_time,
        last_good_address_serves_while_the_resolver_fails,
        name_that_moves,
        answer_nobody_asked_for,
        what_can_be_an_address,
        comparisons_use_what_is_known,
        names_are_not_asked_for_while_they_are_off,
        number_of_names_is_limited,
        one_of_several_addresses_is_kept_while_it_works,
        a_first_lookup_does_not_count_as_silence,
        a_name_without_an_address_is_down,
        monitoring_is_told_with_an_address,
        a_replica_is_told_when_it_has_an_address,
        a_replica_that_moves_has_its_new_name,
        names_that_are_announced_need_no_address,
        a_sentinel_is_told_when_it_has_an_address,
        no_hello_speaks_of_a_master_without_an_address,
        a_switch_to_a_name_waits_for_its_address,
        a_name_that_moves_is_no_conflict,
        another_server_of_ours_is_a_conflict,
        a_promoted_server_keeps_its_name,
    };

    return RUN_WORLDS("names", cases);
}
