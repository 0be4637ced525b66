/* links: lib */
/* SENTINEL commands that change state: effects, and the exact error texts. */
#include "failover_world.h"

#define SAVE_ERROR "ERR Failed to save config file. Check server logs."

static void start_all(void)
{
    plan_failover()->options.quorum = 2;
    start_core();
    run_for(3000);
    forget();
}

static void send_words_request(enum request_type type, const char *name,
                               const char *const *words, size_t count,
                               const bool *runnable)
{
    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = type,
                                     .client = 7,
                                     .name = name,
                                     .set = {words, count, runnable}}});
}

#define WORDS(...)                 \
    (const char *[]){__VA_ARGS__}, \
        sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)

static void monitor(const char *name, const char *host, const char *ip,
                    const char *port, const char *quorum)
{
    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = REQUEST_MONITOR,
                                     .client = 7,
                                     .name = name,
                                     .monitor = {host, ip, port, quorum}}});
}

START_TEST(unknown_master)
{
    static const enum request_type types[] = {REQUEST_FAILOVER, REQUEST_REMOVE,
                                              REQUEST_SET};

    start_all();
    for (size_t i = 0; i < ROWS(types); i++) {
        forget();
        request(types[i], "MyMaster");
        ck_assert_str_eq(trace.data,
                         "\nreply 7 error ERR No such master with that "
                         "name\n");
    }
}
END_TEST

START_TEST(failover_errors)
{
    start_all();
    the_replica(REPLICA_1)->priority = 0;
    the_replica(REPLICA_2)->priority = 0;
    request(REQUEST_FAILOVER, "mymaster");
    expect("reply 7 error NOGOODSLAVE No suitable replica to promote");
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    the_replica(REPLICA_1)->priority = 1;
    request(REQUEST_FAILOVER, "mymaster");
    expect("reply 7 OK (disk)");
    request(REQUEST_FAILOVER, "mymaster");
    expect("reply 7 error INPROG Failover already in progress");
}
END_TEST

START_TEST(reset_counts_what_matches)
{
    static const struct {
        const char *pattern;
        int64_t count;
    } rows[] = {{"*", 3},     {"my*", 2}, {"MY*", 0},
                {"other", 1}, {"", 0},    {"my[mo]*", 2}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        char line[64];

        world_renew();
        state_add_master(initial, "myother", "10.0.0.8", 6379);
        state_add_master(initial, "other", "10.0.0.9", 6379);
        start_all();
        request(REQUEST_RESET, rows[i].pattern);
        snprintf(line, sizeof(line), "reply 7 integer %d%s", (int)rows[i].count,
                 rows[i].count > 0 ? " (disk)" : "");
        expect(line);
        expect_count("+reset-master*", (size_t)rows[i].count);
        expect_count("persist", rows[i].count > 0);
    }
}
END_TEST

START_TEST(monitor_errors_in_the_documented_order)
{
    static const struct {
        const char *name, *host, *ip, *port, *quorum, *error;
    } rows[] = {
        {"new", "x", "", "x", "x", "ERR Invalid quorum"},
        {"new", "10.0.0.9", "10.0.0.9", "1", "1.5", "ERR Invalid quorum"},
        {"new", "x", "", "x", "0", "ERR Invalid port"},
        {"new", "x", "", "1", "0", "ERR Quorum must be 1 or greater."},
        {"new", "x", "", "1", "-1", "ERR Quorum must be 1 or greater."},
        {"new", "x", "", "1", "1",
         "ERR Invalid IP address or hostname specified"},
        {"new", "a-host", "10.0.0.9", "1", "1",
         "ERR Invalid IP address or hostname specified"},
        {"mymaster", "10.0.0.9", "10.0.0.9", "99999", "1",
         "ERR Duplicate master name."},
        {"new", "10.0.0.9", "10.0.0.9", "65536", "1",
         "ERR Invalid port number."},
        {"new", "10.0.0.9", "10.0.0.9", "-1", "1", "ERR Invalid port number."},
        {"a,b", "10.0.0.9", "10.0.0.9", "1", "1",
         "ERR Invalid master name: blanks, commas and control characters "
         "are not allowed"},
        {"a b", "10.0.0.9", "10.0.0.9", "1", "1",
         "ERR Invalid master name: blanks, commas and control characters "
         "are not allowed"},
    };

    start_all();
    for (size_t i = 0; i < ROWS(rows); i++) {
        char line[200];

        forget();
        monitor(rows[i].name, rows[i].host, rows[i].ip, rows[i].port,
                rows[i].quorum);
        snprintf(line, sizeof(line), "\nreply 7 error %s\n", rows[i].error);
        ck_assert_str_eq(trace.data, line);
    }
    ck_assert_uint_eq(HASH_COUNT(core->masters), 1);
}
END_TEST

START_TEST(monitor_and_remove)
{
    start_all();
    monitor("new", "10.0.0.9", "10.0.0.9", "6380", "3");
    expect_in_order("+monitor master new 10.0.0.9 6380 quorum 3", "persist",
                    "reply 7 OK (disk)", "connect 10.0.0.9:6380", NULL);
    ck_assert_int_eq(master_find(core, "new")->options.down_after_ms, 30000);
    forget();
    request(REQUEST_REMOVE, "mymaster");
    expect_in_order("-monitor " MASTER_TEXT, "persist", "reply 7 OK (disk)",
                    NULL);
    expect_count("close 10.0.0.1 no longer monitored", 2);
    expect_count("close 10.0.0.2 no longer monitored", 2);
    ck_assert_ptr_null(the_master());
    forget();
    run_for(10000);
    expect_none("send 10.0.0.1 *");
}
END_TEST

START_TEST(port_zero_is_accepted_and_never_connected)
{
    start_all();
    monitor("new", "10.0.0.9", "10.0.0.9", "0", "1");
    expect("reply 7 OK (disk)");
    run_for(5000);
    expect_none("connect 10.0.0.9*");
}
END_TEST

START_TEST(default_times_come_from_debug)
{
    start_all();
    send_words_request(
        REQUEST_DEBUG, NULL,
        WORDS("default-down-after", "111", "DEFAULT-FAILOVER-TIMEOUT", "222"),
        NULL);
    expect("reply 7 OK");
    expect_none("persist");
    monitor("new", "10.0.0.9", "10.0.0.9", "1", "1");
    ck_assert_int_eq(master_find(core, "new")->options.down_after_ms, 111);
    ck_assert_int_eq(master_find(core, "new")->options.failover_timeout_ms,
                     222);
}
END_TEST

START_TEST(set_applies_and_tells_each_option)
{
    start_all();
    send_words_request(REQUEST_SET, "mymaster",
                       WORDS("QUORUM", "3", "auth-pass", "x", "rename-command",
                             "CONFIG", "guess"),
                       NULL);
    expect_in_order("+set " MASTER_TEXT " QUORUM 3",
                    "+set " MASTER_TEXT " auth-pass ******",
                    "+set " MASTER_TEXT " rename-command CONFIG guess",
                    "persist", "reply 7 OK (disk)", NULL);
    expect_count("persist", 1);
    expect_count("close 10.0.0.1 credentials have changed", 2);
    expect_count("close 10.0.0.2 credentials have changed", 2);
    ck_assert_int_eq(the_master()->options.quorum, 3);
    run_for(1000);
    expect("send 10.0.0.1 AUTH x");
}
END_TEST

START_TEST(set_errors)
{
    static const struct {
        const char *name, *value, *error;
    } rows[] = {
        {"nosuch", "1",
         "ERR Unknown option or number of arguments for SENTINEL SET "
         "'nosuch'"},
        {"rename-command", "A",
         "ERR Unknown option or number of arguments for SENTINEL SET "
         "'rename-command'"},
        {"quorum", "0", "ERR Invalid argument '0' for SENTINEL SET 'quorum'"},
        {"down-after-milliseconds", "1.5",
         "ERR Invalid argument '1.5' for SENTINEL SET "
         "'down-after-milliseconds'"},
        {"parallel-syncs", "0",
         "ERR Invalid argument '0' for SENTINEL SET 'parallel-syncs'"},
        {"master-reboot-down-after-period", "-1",
         "ERR Invalid argument '-1' for SENTINEL SET "
         "'master-reboot-down-after-period'"},
        {"notification-script", "/bin/x",
         "ERR Reconfiguration of scripts path is denied for security "
         "reasons. Check the deny-scripts-reconfig configuration directive "
         "in your Sentinel configuration"},
    };

    start_all();
    for (size_t i = 0; i < ROWS(rows); i++) {
        char line[400];

        forget();
        send_words_request(REQUEST_SET, "mymaster",
                           WORDS(rows[i].name, rows[i].value), NULL);
        snprintf(line, sizeof(line), "\nreply 7 error %s\n", rows[i].error);
        ck_assert_str_eq(trace.data, line);
    }
}
END_TEST

START_TEST(a_wrong_option_leaves_all_unchanged)
{
    start_all();
    send_words_request(
        REQUEST_SET, "mymaster",
        WORDS("quorum", "4", "nosuch", "1", "parallel-syncs", "9"), NULL);
    expect_none("+set *");
    expect_none("persist*");
    expect("reply 7 error ERR Unknown option or number of arguments for "
           "SENTINEL SET 'nosuch'");
    expect_none("reply 7 OK*");
    ck_assert_int_eq(the_master()->options.quorum, 2);
    ck_assert_int_eq(the_master()->options.parallel_syncs, 1);
}
END_TEST

START_TEST(empty_word_in_a_rename)
{
    static const char *const pairs[][2] = {{"", "x"}, {"x", ""}};

    start_all();
    for (size_t i = 0; i < ROWS(pairs); i++) {
        forget();
        send_words_request(REQUEST_SET, "mymaster",
                           WORDS("rename-command", pairs[i][0], pairs[i][1]),
                           NULL);
        expect("reply 7 error ERR Invalid argument '' for SENTINEL SET "
               "'rename-command'");
    }
}
END_TEST

START_TEST(scripts_must_be_runnable)
{
    static const struct {
        const char *name, *value;
        bool runnable;
        const char *error;
    } rows[] = {
        {"notification-script", "/bin/x", false,
         "reply 7 error ERR Notification script seems non existing or non "
         "executable"},
        {"client-reconfig-script", "/bin/x", false,
         "reply 7 error ERR Client reconfiguration script seems non existing "
         "or non executable"},
        {"notification-script", "/bin/x", true, "reply 7 OK (disk)"},
        {"notification-script", "", false, "reply 7 OK (disk)"},
    };

    plan_failover();
    initial->global.deny_scripts_reconfig = false;
    start_core();
    for (size_t i = 0; i < ROWS(rows); i++) {
        bool runnable[] = {false, rows[i].runnable};

        forget();
        send_words_request(REQUEST_SET, "mymaster",
                           WORDS(rows[i].name, rows[i].value), runnable);
        expect(rows[i].error);
    }
}
END_TEST

START_TEST(config_set)
{
    plan_peer(plan_master(2), PEER_A_IP, PEER_A);
    start_core();
    run_for(1000);
    forget();
    send_words_request(REQUEST_CONFIG_SET, NULL,
                       WORDS("ANNOUNCE-IP", "1.2.3.4", "announce-port", "5000",
                             "resolve-hostnames", "yes", "sentinel-pass", "pp"),
                       NULL);
    expect_in_order("persist", "reply 7 OK (disk)", NULL);
    expect("close 10.0.1.1 credentials have changed");
    expect_none("close 10.0.0.1*");
    ck_assert_str_eq(core_global(core)->announce_ip, "1.2.3.4");
    ck_assert_int_eq(core_global(core)->announce_port, 5000);
    ck_assert(core_global(core)->resolve_hostnames);
    run_for(1000);
    expect("send 10.0.1.1 AUTH pp");
    /* an empty text means not set */
    send_words_request(REQUEST_CONFIG_SET, NULL, WORDS("announce-ip", ""),
                       NULL);
    ck_assert_ptr_null(core_global(core)->announce_ip);
}
END_TEST

START_TEST(config_set_errors_change_nothing)
{
    static const struct {
        const char *words[4];
        size_t count;
        const char *error;
    } rows[] = {
        {{"nosuch", "1"},
         2,
         "ERR Invalid argument 'nosuch' to SENTINEL CONFIG SET"},
        {{"announce-port", "65536"},
         2,
         "ERR Invalid value '65536' to SENTINEL CONFIG SET 'announce-port'"},
        {{"announce-ip", "1.2.3.4,5"},
         2,
         "ERR Invalid value '1.2.3.4,5' to SENTINEL CONFIG SET "
         "'announce-ip'"},
        {{"announce-ip", "a b"},
         2,
         "ERR Invalid value 'a b' to SENTINEL CONFIG SET 'announce-ip'"},
        {{"resolve-hostnames", "maybe"},
         2,
         "ERR Invalid value 'maybe' to SENTINEL CONFIG SET "
         "'resolve-hostnames'"},
        {{"announce-ip", "1.2.3.4", "ANNOUNCE-IP", "x"},
         4,
         "ERR Duplicate argument 'ANNOUNCE-IP' to SENTINEL CONFIG SET"},
        {{"announce-ip", "1.2.3.4", "announce-port"},
         3,
         "ERR Missing argument 'announce-port' value"},
    };

    start_all();
    for (size_t i = 0; i < ROWS(rows); i++) {
        char line[200];

        forget();
        send_words_request(REQUEST_CONFIG_SET, NULL, rows[i].words,
                           rows[i].count, NULL);
        snprintf(line, sizeof(line), "\nreply 7 error %s\n", rows[i].error);
        ck_assert_str_eq(trace.data, line);
        ck_assert_ptr_null(core_global(core)->announce_ip);
    }
}
END_TEST

START_TEST(debug_errors)
{
    static const struct {
        const char *name, *value, *error;
    } rows[] = {
        {"nosuch", "1",
         "ERR Unknown option or number of arguments for SENTINEL DEBUG "
         "'nosuch'"},
        {"ping-period", "0",
         "ERR Invalid argument '0' for SENTINEL DEBUG 'ping-period'"},
        {"ping-period", "x",
         "ERR Invalid argument 'x' for SENTINEL DEBUG 'ping-period'"},
    };

    start_all();
    for (size_t i = 0; i < ROWS(rows); i++) {
        char line[200];

        forget();
        send_words_request(REQUEST_DEBUG, NULL,
                           WORDS(rows[i].name, rows[i].value), NULL);
        snprintf(line, sizeof(line), "reply 7 error %s", rows[i].error);
        expect(line);
    }
    send_words_request(REQUEST_DEBUG, NULL, WORDS("ping-period", "7", "x"),
                       NULL);
    expect("reply 7 error ERR Unknown option or number of arguments for "
           "SENTINEL DEBUG 'x'");
    ck_assert_uint_eq(core->intervals[PING_PERIOD], 7);
}
END_TEST

/* As large as can be typed: no sum of times may overflow. */
START_TEST(largest_intervals)
{
    start_all();
    for (size_t i = 0; i < CORE_INTERVALS; i++) {
        struct core_interval intervals[CORE_INTERVALS];

        core_intervals(core, intervals);
        send_words_request(REQUEST_DEBUG, NULL,
                           WORDS(intervals[i].name, "9223372036854775807"),
                           NULL);
        run_for(2000);
    }
    kill_server(MASTER_IP);
    run_for(20000);
    expect("+sdown " MASTER_TEXT);
}
END_TEST

START_TEST(flush_and_simulate)
{
    struct core_totals totals;

    start_all();
    request(REQUEST_FLUSH, NULL);
    expect_in_order("persist", "reply 7 OK (disk)", NULL);
    step(&(struct event){
        .type = EVENT_REQUEST,
        .request = {.type = REQUEST_SIMULATE, .client = 7, .simulate = 3}});
    core_totals(core, now_ms, &totals);
    ck_assert_uint_eq(totals.simulate, 3);
    expect_count("log Failure simulation*", 2);
    expect("reply 7 OK");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        unknown_master,
        failover_errors,
        reset_counts_what_matches,
        monitor_errors_in_the_documented_order,
        monitor_and_remove,
        port_zero_is_accepted_and_never_connected,
        default_times_come_from_debug,
        set_applies_and_tells_each_option,
        set_errors,
        a_wrong_option_leaves_all_unchanged,
        empty_word_in_a_rename,
        scripts_must_be_runnable,
        config_set,
        config_set_errors_change_nothing,
        debug_errors,
        largest_intervals,
        flush_and_simulate,
    };

    return RUN_WORLDS("request", cases);
}
