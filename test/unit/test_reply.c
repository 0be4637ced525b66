/* links: lib */
/* Replies to the commands sent on links. */
#include "core_world.h"

static struct server *server;

static void start_with(const char *pong)
{
    plan_master(2);
    server = server_at(MASTER_IP, 6379);
    server->pong = pong;
    start_core();
    run_for(4000);
}

START_TEST(what_proves_availability)
{
    static const struct {
        const char *pong;
        bool valid;
    } rows[] = {
        {"PONG", true},
        {"PONGO", true},
        {"-LOADING Redis is loading the dataset in memory", true},
        {"-MASTERDOWN Link with MASTER is down", true},
        {"LOADING", true},
        {"-PONG", true},
        {"pong", false},
        {"", false},
        {"OK", false},
        {"-NOAUTH Authentication required.", false},
        {"-NOPERM this user has no permissions", false},
        {"-MISCONF Redis is configured to save", false},
        {"-OOM command not allowed", false},
        {"-BUSY Redis is busy running a script", false},
        {"-ERR unknown command", false},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct link *link;

        world_renew();
        start_with(rows[i].pong);
        link = the_master()->instance.link;
        ck_assert_msg(link->ping_outstanding != rows[i].valid, "'%s'",
                      rows[i].pong);
        ck_assert_uint_eq(link->last_avail_ms > START_MS, rows[i].valid);
        /* in all cases it is a reply */
        ck_assert_uint_gt(link->last_pong_ms, START_MS + 2000);
    }
}
END_TEST

START_TEST(other_types_only_show_a_sign_of_life)
{
    struct reply odd[] = {
        string_reply("PONG"),
        integer_reply(1),
        {.type = REPLY_NIL},
        {.type = REPLY_ARRAY, .elements = NULL, .count = 0},
    };

    for (size_t i = 0; i < ROWS(odd); i++) {
        struct link *link;

        world_renew();
        start_with(NULL);
        server->silent = true;
        run_for(2000);
        link = the_master()->instance.link;
        feed_reply(link->command.conn, (struct command_tag){COMMAND_PING, 1, 0},
                   &odd[i]);
        ck_assert(link->ping_outstanding);
        ck_assert_uint_eq(link->last_pong_ms, now_ms);
    }
}
END_TEST

START_TEST(script_of_a_busy_server_is_killed_once)
{
    start_with("-BUSY Redis is busy running a script");
    expect_none("send 10.0.0.1 SCRIPT KILL");
    run_for(10000);
    expect("+sdown master mymaster 10.0.0.1 6379");
    expect_count("send 10.0.0.1 SCRIPT KILL", 1);
    ck_assert_uint_ne(the_master()->instance.flags & FLAG_SCRIPT_KILL_SENT, 0);
    server->pong = NULL;
    run_for(2000);
    expect("-sdown master mymaster 10.0.0.1 6379");
    server->pong = "-BUSY again";
    run_for(10000);
    expect_count("send 10.0.0.1 SCRIPT KILL", 2);
}
END_TEST

START_TEST(connection_that_is_not_logged_in_is_made_anew)
{
    struct link *link;
    uint64_t conn;

    start_with("-NOAUTH Authentication required.");
    link = the_master()->instance.link;
    conn = link->command.conn;
    ck_assert_uint_eq(link->command.opened_ms, START_MS);
    run_for(4000);
    ck_assert_uint_gt(link->command.conn, conn);
    ck_assert_uint_ge(link->command.opened_ms, START_MS + 5000);
    /* Not with each refusal. */
    conn = link->command.conn;
    run_for(1500);
    ck_assert_uint_eq(link->command.conn, conn);
    server->pong = NULL;
    run_for(1000);
    ck_assert(!link->ping_outstanding);
    run_for(20000);
    ck_assert_uint_eq(link->command.conn, conn);
}
END_TEST

START_TEST(error_to_ping_is_logged_once)
{
    static const char *const pongs[] = {"-NOAUTH Authentication required.",
                                        "-LOADING the dataset",
                                        "-MASTERDOWN link is down"};

    for (size_t i = 0; i < ROWS(pongs); i++) {
        world_renew();
        start_with(pongs[i]);
        run_for(20000);
        expect_count("log PING refused by mymaster*", 1);
        server->pong = NULL;
        run_for(3000);
        server->pong = pongs[i];
        run_for(20000);
        expect_count("log PING refused by mymaster*", 2);
    }
}
END_TEST

START_TEST(refused_commands_are_logged_once)
{
    static const struct {
        const char *word;
        const char *log;
    } rows[] = {
        {"AUTH", "log AUTH refused by mymaster 10.0.0.1:6379: NOPERM no"},
        {"SUBSCRIBE", "log SUBSCRIBE to hello messages refused by mymaster "
                      "10.0.0.1:6379: NOPERM no"},
        {"INFO", "log INFO refused by mymaster 10.0.0.1:6379: NOPERM no"},
        {"PUBLISH", "log PUBLISH of hello messages refused by mymaster "
                    "10.0.0.1:6379: NOPERM no"},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct state_master *master;

        world_renew();
        master = plan_master(2);
        xreplace(&master->options.auth_pass, "x");
        server = server_at(MASTER_IP, 6379);
        server->refuses = rows[i].word;
        server->refusal = "-NOPERM no";
        start_core();
        run_for(40000);
        expect_count(rows[i].log, 1);
        expect_none("+sdown*");
    }
}
END_TEST

START_TEST(refused_info_is_asked_again_each_second_at_most)
{
    plan_master(2);
    server = server_at(MASTER_IP, 6379);
    server->refuses = "INFO";
    server->refusal = "-NOPERM no";
    start_core();
    forget();
    run_for(10000);
    ck_assert_uint_le(count_lines("send 10.0.0.1 INFO", NULL), 10);
    ck_assert(!the_master()->instance.info_known);
}
END_TEST

START_TEST(reply_for_one_that_is_gone_is_ignored)
{
    struct reply reply = string_reply("role:master\r\n");

    start_with(NULL);
    forget();
    feed_reply(the_master()->instance.link->command.conn,
               (struct command_tag){COMMAND_INFO, 9999, now_ms}, &reply);
    feed_reply(the_master()->instance.link->command.conn,
               (struct command_tag){COMMAND_EXEC, 9999, 0}, &reply);
    ck_assert_str_eq(trace.data, "\n");
}
END_TEST

START_TEST(answer_to_an_older_info_leaves_the_newer_one_pending)
{
    struct reply reply = string_reply("role:master\r\n");
    struct instance *master;

    start_with(NULL);
    master = &the_master()->instance;
    master->info_pending = true;
    master->info_asked_ms = now_ms;
    feed_reply(master->link->command.conn,
               (struct command_tag){COMMAND_INFO, master->id, now_ms - 5},
               &reply);
    ck_assert(master->info_pending);
    ck_assert_uint_eq(master->info_answered_ms, now_ms - 5);
    feed_reply(master->link->command.conn,
               (struct command_tag){COMMAND_INFO, master->id, now_ms}, &reply);
    ck_assert(!master->info_pending);
}
END_TEST

START_TEST(pending_commands_are_counted_down)
{
    start_with(NULL);
    ck_assert_uint_eq(the_master()->instance.link->pending, 0);
    server->silent = true;
    run_for(2100);
    ck_assert_uint_gt(the_master()->instance.link->pending, 2);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        what_proves_availability,
        other_types_only_show_a_sign_of_life,
        script_of_a_busy_server_is_killed_once,
        connection_that_is_not_logged_in_is_made_anew,
        error_to_ping_is_logged_once,
        refused_commands_are_logged_once,
        refused_info_is_asked_again_each_second_at_most,
        reply_for_one_that_is_gone_is_ignored,
        answer_to_an_older_info_leaves_the_newer_one_pending,
        pending_commands_are_counted_down,
    };

    return RUN_WORLDS("reply", cases);
}
