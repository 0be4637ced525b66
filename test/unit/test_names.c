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
    step(&(struct event){.type = EVENT_RESOLVED, .resolved = {host, ip}});
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
    };

    return RUN_WORLDS("names", cases);
}
