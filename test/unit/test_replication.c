/* links: lib */
/* The transaction that changes what a server replicates from. */
#include "../../lib/replication.h"
#include "core_world.h"

static struct server *server;

static void plan_one(void)
{
    server = plan_replica(plan_master(2), REPLICA_1, RUNID_2, 1);
}

static void send_to(const char *ip)
{
    struct addr addr;

    forget();
    addr_init(&addr, ip != NULL ? ip : "x", 6379);
    begin_call();
    ck_assert(replication_set(core, the_replica(REPLICA_1),
                              ip != NULL ? &addr : NULL));
    end_call();
    addr_clear(&addr);
}

static void start_one(void)
{
    plan_one();
    start_core();
    run_for(1000);
    forget();
}

START_TEST(words_and_order)
{
    start_one();
    send_to("10.0.0.3");
    ck_assert_str_eq(trace.data, "\nsend 10.0.0.2 MULTI\n"
                                 "send 10.0.0.2 REPLICAOF 10.0.0.3 6379\n"
                                 "send 10.0.0.2 CONFIG REWRITE\n"
                                 "send 10.0.0.2 CLIENT KILL TYPE normal\n"
                                 "send 10.0.0.2 CLIENT KILL TYPE pubsub\n"
                                 "send 10.0.0.2 EXEC\n"
                                 "send 10.0.0.2 INFO\n");
    ck_assert(the_replica(REPLICA_1)->replication_pending);
    settle_world();
    ck_assert(!the_replica(REPLICA_1)->replication_pending);
}
END_TEST

START_TEST(no_target_makes_a_master)
{
    start_one();
    send_to(NULL);
    expect_in_order("send 10.0.0.2 MULTI", "send 10.0.0.2 REPLICAOF NO ONE",
                    "send 10.0.0.2 EXEC", NULL);
}
END_TEST

START_TEST(old_word_follows_where_the_new_one_is_refused)
{
    static const char *const refusals[] = {
        "-ERR unknown command 'REPLICAOF', with args beginning with: ",
        "-NOPERM this user has no permissions to run the 'replicaof' command",
    };

    for (size_t i = 0; i < ROWS(refusals); i++) {
        world_renew();
        start_one();
        server->refuses = "REPLICAOF";
        server->refusal = refusals[i];
        send_to("10.0.0.3");
        settle_world();
        expect_in_order("send 10.0.0.2 REPLICAOF 10.0.0.3 6379",
                        "send 10.0.0.2 SLAVEOF 10.0.0.3 6379", NULL);
        expect_count("send 10.0.0.2 EXEC", 2);
        expect_none("log*");
        /* remembered for that server */
        send_to("10.0.0.4");
        settle_world();
        expect_none("send 10.0.0.2 REPLICAOF*");
        expect_count("send 10.0.0.2 SLAVEOF 10.0.0.4 6379", 1);
        expect_count("send 10.0.0.2 EXEC", 1);
    }
}
END_TEST

START_TEST(what_is_refused_is_left_out)
{
    static const struct {
        const char *word;
        const char *left_out;
        const char *log;
    } rows[] = {
        {"CONFIG", "send 10.0.0.2 CONFIG REWRITE",
         "log slave 10.0.0.2:6379 refused CONFIG REWRITE: NOPERM no"},
        {"CLIENT", "send 10.0.0.2 CLIENT KILL*",
         "log slave 10.0.0.2:6379 refused CLIENT KILL: NOPERM no"},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        world_renew();
        start_one();
        server->refuses = rows[i].word;
        server->refusal = "-NOPERM no";
        send_to("10.0.0.3");
        settle_world();
        expect_count("send 10.0.0.2 REPLICAOF 10.0.0.3 6379", 2);
        expect_count(rows[i].log, 1);
        send_to("10.0.0.3");
        settle_world();
        expect_none(rows[i].left_out);
        expect_count("send 10.0.0.2 EXEC", 1);
        expect_none("log*");
    }
}
END_TEST

START_TEST(server_that_refuses_both_spellings_gets_no_third_try)
{
    start_one();
    server->refuses = "REPLICAOF";
    server->refusal = "-NOPERM no";
    send_to("10.0.0.3");
    settle_world();
    server->refuses = "SLAVEOF";
    send_to("10.0.0.3");
    settle_world();
    expect_count("send 10.0.0.2 EXEC", 1);
    expect_count("log slave 10.0.0.2:6379 refused SLAVEOF: NOPERM no", 1);
    ck_assert(!the_replica(REPLICA_1)->replication_pending);
}
END_TEST

START_TEST(other_errors_do_not_start_a_second_try)
{
    start_one();
    server->refuses = "EXEC";
    server->refusal = "-ERR something else";
    send_to("10.0.0.3");
    settle_world();
    expect_count("send 10.0.0.2 EXEC", 1);
    expect_count("log slave 10.0.0.2:6379 refused the change of replication: "
                 "ERR something else",
                 1);
}
END_TEST

START_TEST(error_inside_the_transaction_is_logged)
{
    struct reply error = status_reply("-ERR not allowed in cluster mode.");
    struct reply reply = {.type = REPLY_ARRAY, .elements = &error, .count = 1};
    struct instance *replica;

    start_one();
    server->silent = true;
    send_to("10.0.0.3");
    replica = the_replica(REPLICA_1);
    feed_reply(replica->link->command.conn,
               (struct command_tag){COMMAND_EXEC, replica->id,
                                    replica->replication_serial},
               &reply);
    expect("log slave 10.0.0.2:6379 refused REPLICAOF: ERR not allowed in "
           "cluster mode.");
}
END_TEST

START_TEST(answers_to_an_older_transaction_are_void)
{
    struct reply refusal = status_reply("-NOPERM no");
    struct instance *replica;
    struct command_tag tag;

    start_one();
    server->silent = true;
    send_to("10.0.0.3");
    replica = the_replica(REPLICA_1);
    tag = (struct command_tag){COMMAND_EXEC, replica->id,
                               replica->replication_serial};
    send_to("10.0.0.4");
    forget();
    feed_reply(replica->link->command.conn, tag, &refusal);
    ck_assert(replica->replication_pending);
    expect_none("send 10.0.0.2 MULTI");
}
END_TEST

START_TEST(renamed_commands)
{
    struct state_master *master;
    const struct option *option = option_find("rename-command");

    plan_one();
    master = &initial->masters[0];
    option_set(option, &master->options,
               (const char *[]){"CONFIG", "myconfig"});
    option_set(option, &master->options, (const char *[]){"exec", "myexec"});
    option_set(option, &master->options,
               (const char *[]){"REPLICAOF", "follow"});
    start_core();
    run_for(1000);
    send_to("10.0.0.3");
    expect_in_order("send 10.0.0.2 MULTI", "send 10.0.0.2 follow 10.0.0.3 6379",
                    "send 10.0.0.2 myconfig REWRITE",
                    "send 10.0.0.2 CLIENT KILL TYPE normal",
                    "send 10.0.0.2 myexec", NULL);
}
END_TEST

START_TEST(only_the_old_word_renamed)
{
    plan_one();
    option_set(option_find("rename-command"), &initial->masters[0].options,
               (const char *[]){"SLAVEOF", "hidden"});
    start_core();
    run_for(1000);
    send_to("10.0.0.3");
    expect("send 10.0.0.2 hidden 10.0.0.3 6379");
    expect_none("send 10.0.0.2 REPLICAOF*");
}
END_TEST

START_TEST(nothing_is_sent_without_a_connection)
{
    struct addr addr;

    start_one();
    server->refusing = true;
    kill_server(REPLICA_1);
    server->reachable = true;
    run_for(3000);
    addr_init(&addr, "10.0.0.3", 6379);
    begin_call();
    ck_assert(!replication_set(core, the_replica(REPLICA_1), &addr));
    addr_clear(&addr);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        words_and_order,
        no_target_makes_a_master,
        old_word_follows_where_the_new_one_is_refused,
        what_is_refused_is_left_out,
        server_that_refuses_both_spellings_gets_no_third_try,
        other_errors_do_not_start_a_second_try,
        error_inside_the_transaction_is_logged,
        answers_to_an_older_transaction_are_void,
        renamed_commands,
        only_the_old_word_renamed,
        nothing_is_sent_without_a_connection,
    };

    return RUN_WORLDS("replication", cases);
}
