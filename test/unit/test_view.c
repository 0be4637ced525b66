/* links: lib */
/* Queries: what clients are shown. */
#include "failover_world.h"

#define MAX_VIEWS 8

static struct core_view views[MAX_VIEWS];
static char names[MAX_VIEWS][64];
static size_t view_count;

static void take(void *arg, const struct core_view *view)
{
    ck_assert_ptr_eq(arg, views);
    ck_assert_uint_lt(view_count, MAX_VIEWS);
    snprintf(names[view_count], sizeof(names[0]), "%s", view->name);
    views[view_count++] = *view;
}

static void begin(void)
{
    view_count = 0;
    memset(views, 0, sizeof(views));
}

static void start_all(void)
{
    struct state_master *master = plan_failover();

    master->options.quorum = 2;
    plan_peer(master, PEER_B_IP, PEER_B);
    plan_peer(master, PEER_A_IP, PEER_A);
    state_add_master(initial, "another", "10.0.0.9", 0);
    start_core();
    run_for(3000);
}

START_TEST(lists_are_sorted_by_name)
{
    start_all();
    begin();
    core_visit_masters(core, now_ms, take, views);
    ck_assert_uint_eq(view_count, 2);
    ck_assert_str_eq(names[0], "another");
    ck_assert_str_eq(names[1], "mymaster");
    begin();
    ck_assert(core_visit_replicas(core, "mymaster", now_ms, take, views));
    ck_assert_uint_eq(view_count, 2);
    ck_assert_str_eq(names[0], "10.0.0.2:6379");
    ck_assert_str_eq(names[1], "10.0.0.3:6379");
    begin();
    ck_assert(core_visit_sentinels(core, "mymaster", now_ms, take, views));
    ck_assert_uint_eq(view_count, 2);
    ck_assert_str_eq(names[0], PEER_A);
    ck_assert_str_eq(names[1], PEER_B);
}
END_TEST

static void never_info(void *arg, uint64_t age_ms, const char *text)
{
    (void)arg;
    (void)age_ms;
    (void)text;
    ck_abort_msg("visited");
}

START_TEST(unknown_names)
{
    struct core_ckquorum quorum;
    const char *ip;
    int port;

    start_all();
    begin();
    ck_assert(!core_visit_master(core, "x", now_ms, take, views));
    ck_assert(!core_visit_replicas(core, "x", now_ms, take, views));
    ck_assert(!core_visit_sentinels(core, "x", now_ms, take, views));
    ck_assert(!core_visit_info_cache(core, "x", now_ms, never_info, NULL));
    ck_assert(!core_master_address(core, "x", &ip, &port));
    ck_assert(!core_ckquorum(core, "x", &quorum));
    ck_assert_uint_eq(view_count, 0);
}
END_TEST

START_TEST(view_of_a_master)
{
    start_all();
    begin();
    ck_assert(core_visit_master(core, "mymaster", now_ms, take, views));
    ck_assert_int_eq(views[0].kind, KIND_MASTER);
    ck_assert_str_eq(views[0].ip, MASTER_IP);
    ck_assert_int_eq(views[0].port, 6379);
    ck_assert_str_eq(views[0].runid, RUNID_1);
    ck_assert_uint_eq(views[0].flags, FLAG_MASTER);
    ck_assert_uint_eq(views[0].pending_commands, 0);
    ck_assert_uint_eq(views[0].link_refcount, 1);
    ck_assert_ptr_null(views[0].failover_state);
    ck_assert_uint_eq(views[0].last_ping_sent, 0);
    ck_assert_uint_le(views[0].last_ok_ping_reply, 1000);
    ck_assert_int_eq(views[0].down_after_ms, 5000);
    ck_assert_uint_eq(views[0].info_refresh, 3000);
    ck_assert(views[0].reports_master);
    ck_assert_uint_eq(views[0].role_reported_time, 3000);
    ck_assert_uint_eq(views[0].replica_count, 2);
    ck_assert_uint_eq(views[0].sentinel_count, 2);
    ck_assert_int_eq(views[0].options->quorum, 2);
}
END_TEST

START_TEST(view_of_a_replica_and_a_sentinel)
{
    start_all();
    begin();
    core_visit_replicas(core, "mymaster", now_ms, take, views);
    ck_assert_uint_eq(views[0].flags, FLAG_REPLICA);
    ck_assert(!views[0].reports_master);
    ck_assert(views[0].master_link_up);
    ck_assert_str_eq(views[0].master_host, MASTER_IP);
    ck_assert_int_eq(views[0].master_port, 6379);
    ck_assert_int_eq(views[0].priority, 100);
    ck_assert_uint_eq(views[0].repl_offset, 100);
    ck_assert(views[0].announced);
    begin();
    core_visit_sentinels(core, "mymaster", now_ms, take, views);
    ck_assert_uint_eq(views[0].flags, FLAG_SENTINEL);
    ck_assert_str_eq(views[0].runid, PEER_A);
    ck_assert_str_eq(views[0].voted_leader, "?");
    ck_assert_uint_eq(views[0].voted_leader_epoch, 0);
    ck_assert_uint_eq(views[0].last_hello, 3000);
}
END_TEST

START_TEST(view_of_what_was_never_polled)
{
    start_all();
    begin();
    core_visit_master(core, "another", now_ms, take, views);
    ck_assert_uint_eq(views[0].flags, FLAG_MASTER | FLAG_DISCONNECTED);
    ck_assert_str_eq(views[0].runid, "");
    ck_assert_uint_eq(views[0].info_refresh, 0);
    ck_assert_uint_eq(views[0].last_ping_sent, 3000);
    ck_assert_str_eq(views[0].master_host, "?");
}
END_TEST

START_TEST(view_of_a_master_that_is_down)
{
    start_all();
    server_at(PEER_A_IP, 26379)->says_down = true;
    server_at(PEER_A_IP, 26379)->ignores_votes = true;
    server_at(PEER_B_IP, 26379)->ignores_votes = true;
    kill_server(MASTER_IP);
    run_until("+odown*", 7000);
    run_until("+try-failover*", 200);
    now_ms += 700;
    begin();
    core_visit_master(core, "mymaster", now_ms, take, views);
    ck_assert_uint_eq(views[0].flags & (FLAG_SDOWN | FLAG_ODOWN |
                                        FLAG_FAILOVER | FLAG_MASTER),
                      FLAG_SDOWN | FLAG_ODOWN | FLAG_FAILOVER | FLAG_MASTER);
    ck_assert_str_eq(views[0].failover_state, "wait_start");
    ck_assert_uint_ge(views[0].s_down_time, 700);
    ck_assert_uint_ge(views[0].o_down_time, 700);
    ck_assert_uint_gt(views[0].last_ping_sent, 5000);
    begin();
    core_visit_sentinels(core, "mymaster", now_ms, take, views);
    ck_assert_uint_eq(views[0].flags, FLAG_SENTINEL | FLAG_MASTER_DOWN);
    ck_assert_uint_eq(views[1].flags, FLAG_SENTINEL);
}
END_TEST

START_TEST(address_is_the_promoted_one_as_soon_as_that_is_written)
{
    const char *ip;
    int port;

    plan_failover();
    run_to_promotion();
    core_master_address(core, "mymaster", &ip, &port);
    ck_assert_str_eq(ip, MASTER_IP);
    is_master(first, RUNID_2);
    run_until("+promoted-slave*", 1100);
    core_master_address(core, "mymaster", &ip, &port);
    ck_assert_str_eq(ip, REPLICA_1);
    ck_assert_int_eq(port, 6379);
    /* but the descriptions still show the old one */
    begin();
    core_visit_master(core, "mymaster", now_ms, take, views);
    ck_assert_str_eq(views[0].ip, MASTER_IP);
    ck_assert_str_eq(views[0].failover_state, "reconf_slaves");
}
END_TEST

START_TEST(ckquorum)
{
    static const struct {
        bool a_down, b_down;
        int64_t quorum;
        struct core_ckquorum result;
    } rows[] = {
        {false, false, 2, {3, true, true}},  {true, false, 2, {2, true, true}},
        {true, true, 2, {1, false, false}},  {true, true, 1, {1, true, false}},
        {false, false, 4, {3, false, true}},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct core_ckquorum result;

        world_renew();
        start_all();
        the_master()->options.quorum = rows[i].quorum;
        if (rows[i].a_down)
            the_peer(PEER_A)->flags |= FLAG_SDOWN;
        if (rows[i].b_down)
            the_peer(PEER_B)->flags |= FLAG_SDOWN;
        ck_assert(core_ckquorum(core, "mymaster", &result));
        ck_assert_uint_eq(result.usable, rows[i].result.usable);
        ck_assert_int_eq(result.quorum, rows[i].result.quorum);
        ck_assert_int_eq(result.majority, rows[i].result.majority);
    }
}
END_TEST

static void count_info(void *arg, uint64_t age_ms, const char *text)
{
    size_t *count = arg;

    if (*count == 0)
        ck_assert(text_starts(text, "run_id:" RUNID_1));
    ck_assert_uint_eq(age_ms, 3000);
    (*count)++;
}

static void no_text(void *arg, uint64_t age_ms, const char *text)
{
    ck_assert_uint_eq(age_ms, 0);
    ck_assert_ptr_null(text);
    ++*(size_t *)arg;
}

START_TEST(info_cache)
{
    size_t count = 0;

    start_all();
    ck_assert(
        core_visit_info_cache(core, "mymaster", now_ms, count_info, &count));
    ck_assert_uint_eq(count, 3);
    count = 0;
    core_visit_info_cache(core, "another", now_ms, no_text, &count);
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(totals)
{
    struct core_totals got;

    start_all();
    ask_us(4, PEER_A);
    core_totals(core, now_ms, &got);
    ck_assert_str_eq(got.id, MY_ID);
    ck_assert_uint_eq(got.current_epoch, 4);
    ck_assert_uint_eq(got.masters, 2);
    ck_assert(!got.tilt);
    ck_assert_uint_eq(got.tilt_count, 0);
    ck_assert_uint_eq(got.simulate, 0);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        lists_are_sorted_by_name,
        unknown_names,
        view_of_a_master,
        view_of_a_replica_and_a_sentinel,
        view_of_what_was_never_polled,
        view_of_a_master_that_is_down,
        address_is_the_promoted_one_as_soon_as_that_is_written,
        ckquorum,
        info_cache,
        totals,
    };

    return RUN_WORLDS("view", cases);
}
