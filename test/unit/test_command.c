/* links: sentinel/acl*.o sentinel/command*.o sentinel/config_words.o
 * sentinel/pubsub.o sentinel/resp.o sentinel/settings.o sentinel/password.o
 * sentinel/elsewhere.o sentinel/log.o */
#include "command_world.h"

#include "../../sentinel/log.h"

#include <check.h>

#define HELLO_REPLY(head, proto)                                            \
    head "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n" \
         "$5\r\nproto\r\n:" proto "\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n"    \
         "$8\r\nsentinel\r\n$7\r\nmodules\r\n*0\r\n"
#define WRONG_PASSWORD \
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
#define BAD_NAME                                                    \
    "-ERR Client names cannot contain spaces, newlines or special " \
    "characters.\r\n"
#define HELLO_FIRST                                                        \
    "-NOAUTH HELLO must be called with the client already authenticated, " \
    "otherwise the HELLO AUTH <user> <pass> option can be used to "        \
    "authenticate the client and select the RESP protocol version at the " \
    "same time\r\n"

START_TEST(unknown_commands_are_named)
{
    char line[400] = "nosuch ";
    char wanted[400] =
        "-ERR unknown command 'nosuch', with args beginning with: '";

    EXPECT(
        {"GET x", "-ERR unknown command 'GET', with args beginning with: "
                  "'x' \r\n"},
        {"SET a b", "-ERR unknown command 'SET', with args beginning "
                    "with: 'a' 'b' \r\n"},
        {"MULTI",
         "-ERR unknown command 'MULTI', with args beginning with: \r\n"},
        {"\"\"", "-ERR unknown command '', with args beginning with: \r\n"},
        {"sentinel|masters", "-ERR unknown command 'sentinel|masters', "
                             "with args beginning with: \r\n"},
        {"\"no\\0such\" \"c\\r\\nd\"", "-ERR unknown command 'no', with "
                                       "args beginning with: 'c  d' \r\n"},
        {"SENTINEL",
         "-ERR wrong number of arguments for 'sentinel' command\r\n"},
        {"SENTINEL nosuch a b c",
         "-ERR unknown subcommand 'nosuch'. Try SENTINEL HELP.\r\n"},
        {"SENTINEL \"bad\\r\\nname\"",
         "-ERR unknown subcommand 'bad  name'. Try SENTINEL HELP.\r\n"},
        {"COMMAND nosuch",
         "-ERR unknown subcommand 'nosuch'. Try COMMAND HELP.\r\n"},
        {"CLIENT", "-ERR wrong number of arguments for 'client' command\r\n"},
        {"ACL nosuch", "-ERR unknown subcommand 'nosuch'. Try ACL HELP.\r\n"});
    memset(line + 7, 'y', 140);
    strcpy(line + 147, " z");
    memset(wanted + strlen(wanted), 'y', 128);
    strcat(wanted, "' \r\n");
    ck_assert_str_eq(ask(line), wanted);
    memset(line, 'x', 200);
    line[200] = '\0';
    memcpy(line, "SENTINEL ", 9);
    ck_assert_uint_eq(strlen(ask(line)), strlen("-ERR unknown subcommand ''. "
                                                "Try SENTINEL HELP.\r\n") +
                                             128);
    ck_assert_uint_gt(world.context.error_replies, 10);
}
END_TEST

START_TEST(arguments_are_counted)
{
    static const struct {
        const char *request;
        const char *name;
    } wrong[] = {{"sentinel MASTERS x", "sentinel|masters"},
                 {"SENTINEL master", "sentinel|master"},
                 {"SENTINEL slaves", "sentinel|slaves"},
                 {"SENTINEL myid x", "sentinel|myid"},
                 {"SENTINEL reset a b", "sentinel|reset"},
                 {"SENTINEL failover", "sentinel|failover"},
                 {"SENTINEL monitor a b c", "sentinel|monitor"},
                 {"SENTINEL flushconfig x", "sentinel|flushconfig"},
                 {"SENTINEL set mymaster quorum", "sentinel|set"},
                 {"SENTINEL config", "sentinel|config"},
                 {"SENTINEL info-cache", "sentinel|info-cache"},
                 {"SENTINEL simulate-failure", "sentinel|simulate-failure"},
                 {"SENTINEL is-master-down-by-addr a b",
                  "sentinel|is-master-down-by-addr"},
                 {"SENTINEL help x", "sentinel|help"},
                 {"PING a b", "ping"},
                 {"AUTH", "auth"},
                 {"ROLE x", "role"},
                 {"SUBSCRIBE", "subscribe"},
                 {"CLIENT KILL", "client|kill"},
                 {"COMMAND GETKEYS PING", "command|getkeys"},
                 {"PUBLISH __sentinel__:hello", "publish"}};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char wanted[120];
        snprintf(wanted, sizeof(wanted),
                 "-ERR wrong number of arguments for '%s' command\r\n",
                 wrong[i].name);
        ck_assert_str_eq(ask(wrong[i].request), wanted);
    }
}
END_TEST

START_TEST(ping_answers)
{
    EXPECT({"PING", "+PONG\r\n"}, {"pInG", "+PONG\r\n"},
           {"PING \"hello world\"", "$11\r\nhello world\r\n"},
           {"PING \"a\\0b\"", "$3\r\na"});
    ck_assert_uint_eq(world.context.commands_processed, 4);
}
END_TEST

START_TEST(a_password_opens)
{
    ask("ACL SETUSER default >secret");
    world.clients[0].authenticated = false;
    EXPECT({"PING", "-NOAUTH Authentication required.\r\n"},
           {"SENTINEL MASTERS", "-NOAUTH Authentication required.\r\n"},
           {"SUBSCRIBE x", "-NOAUTH Authentication required.\r\n"},
           {"COMMAND", "-NOAUTH Authentication required.\r\n"},
           {"GET x", "-ERR unknown command 'GET', with args beginning with: "
                     "'x' \r\n"},
           {"SENTINEL nosuch",
            "-ERR unknown subcommand 'nosuch'. Try SENTINEL HELP.\r\n"},
           {"HELLO 3", HELLO_FIRST}, {"HELLO", HELLO_FIRST},
           {"HELLO 3 SETNAME x", HELLO_FIRST}, {"AUTH wrong", WRONG_PASSWORD},
           {"AUTH \"secret\\0x\"", WRONG_PASSWORD},
           {"AUTH default wrong", WRONG_PASSWORD},
           {"AUTH nouser secret", WRONG_PASSWORD},
           {"AUTH a b c", "-ERR syntax error\r\n"});
    ck_assert_int_eq(world.clients[0].output.proto, 2);
    ck_assert_ptr_null(world.clients[0].name);
    EXPECT(
        {"AUTH secret", "+OK\r\n"}, {"PING", "+PONG\r\n"},
        {"AUTH default secret", "+OK\r\n"},
        {"HELLO 2 AUTH default secret", HELLO_REPLY("*12\r\n", "2")},
        {"AUTH wrong", WRONG_PASSWORD}, {"PING", "+PONG\r\n"},
        {"RESET", "+RESET\r\n"},
        {"PING", "-NOAUTH Authentication required.\r\n"},
        {"HELLO 3 AUTH default secret SETNAME me", HELLO_REPLY("%6\r\n", "3")},
        {"ACL WHOAMI", "$7\r\ndefault\r\n"});
    ck_assert_str_eq(world.clients[0].name, "me");
    EXPECT({"ACL LIST",
            "*1\r\n$93\r\nuser default on #2bb80d537b1da3e38bd30361aa855686bd"
            "e0eacd7162fef6a25fe97bf527a25b ~* &* +@all\r\n"});
}
END_TEST

START_TEST(without_a_password_all_are_right)
{
    EXPECT({"AUTH x",
            "-ERR AUTH <password> called without any password configured for "
            "the default user. Are you sure your configuration is "
            "correct?\r\n"},
           {"AUTH default x", "+OK\r\n"}, {"AUTH nouser x", WRONG_PASSWORD},
           {"ACL LIST", "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"});
}
END_TEST

START_TEST(hello_switches)
{
    EXPECT(
        {"HELLO", HELLO_REPLY("*12\r\n", "2")},
        {"HELLO 3", HELLO_REPLY("%6\r\n", "3")},
        {"HELLO 2", HELLO_REPLY("*12\r\n", "2")},
        {"HELLO 1", "-NOPROTO unsupported protocol version\r\n"},
        {"HELLO 4", "-NOPROTO unsupported protocol version\r\n"},
        {"HELLO x",
         "-ERR Protocol version is not an integer or out of range\r\n"},
        {"HELLO 03",
         "-ERR Protocol version is not an integer or out of range\r\n"},
        {"HELLO 3 NOSUCH", "-ERR Syntax error in HELLO option 'NOSUCH'\r\n"},
        {"HELLO 3 SETNAME abc", HELLO_REPLY("%6\r\n", "3")},
        {"CLIENT GETNAME", "$3\r\nabc\r\n"},
        {"HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n"},
        {"HELLO 2 AUTH default",
         "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
        {"HELLO 2 AUTH default x", HELLO_REPLY("*12\r\n", "2")},
        {"HELLO 3 AUTH nouser x", WRONG_PASSWORD},
        {"HELLO 3 SETNAME \"bad name\"", BAD_NAME});
    ck_assert_int_eq(world.clients[0].output.proto, 2);
}
END_TEST

START_TEST(client_names_itself)
{
    EXPECT({"CLIENT GETNAME", "$-1\r\n"}, {"CLIENT SETNAME conn1", "+OK\r\n"},
           {"CLIENT GETNAME", "$5\r\nconn1\r\n"},
           {"CLIENT SETNAME \"bad name\"", BAD_NAME},
           {"CLIENT SETNAME \"a\\0b\"", BAD_NAME},
           {"CLIENT SETNAME \xc3\xa9", BAD_NAME},
           {"CLIENT SETNAME \"\"", "+OK\r\n"}, {"CLIENT GETNAME", "$-1\r\n"},
           {"CLIENT ID", ":1\r\n"},
           {"CLIENT SETINFO LIB-NAME redis-py", "+OK\r\n"},
           {"CLIENT SETINFO lib-ver 5.0", "+OK\r\n"},
           {"CLIENT SETINFO lib-ver \"5 0\"",
            "-ERR lib-ver cannot contain spaces, newlines or special "
            "characters.\r\n"},
           {"CLIENT SETINFO x y", "-ERR Unrecognized option 'x'\r\n"});
    ck_assert_str_eq(world.clients[0].lib_name, "redis-py");
    ck_assert_str_eq(world.clients[0].lib_version, "5.0");
}
END_TEST

START_TEST(client_commands_without_effect)
{
    EXPECT(
        {"CLIENT NO-EVICT on", "+OK\r\n"},
        {"CLIENT NO-EVICT x", "-ERR syntax error\r\n"},
        {"CLIENT PAUSE 0", "+OK\r\n"}, {"CLIENT UNPAUSE", "+OK\r\n"},
        {"CLIENT PAUSE x",
         "-ERR timeout is not an integer or out of range\r\n"},
        {"CLIENT PAUSE -1", "-ERR timeout is negative\r\n"},
        {"CLIENT PAUSE 0 x", "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n"},
        {"CLIENT UNBLOCK 999", ":0\r\n"},
        {"CLIENT UNBLOCK x",
         "-ERR value is not an integer or out of range\r\n"},
        {"CLIENT GETREDIR", ":-1\r\n"},
        {"CLIENT TRACKINGINFO",
         "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n"
         "$8\r\nprefixes\r\n*0\r\n"},
        {"CLIENT CACHING yes",
         "-ERR CLIENT CACHING can be called only when the client is in "
         "tracking mode with OPTIN or OPTOUT mode enabled\r\n"},
        {"CLIENT TRACKING off", "+OK\r\n"},
        {"CLIENT nosuch",
         "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n"});
}
END_TEST

START_TEST(clients_are_listed)
{
    const char *reply;

    world.clients[1].created_ms = 97000;
    world.clients[1].last_active_ms = 99000;
    world.clients[0].created_ms = world.clients[0].last_active_ms = 100000;
    ask_as(2, "CLIENT SETNAME two");
    ask_as(3, "SUBSCRIBE a");
    reply = ask("CLIENT LIST ID 2");
    ck_assert_ptr_nonnull(
        strstr(reply, "\r\nid=2 addr=127.0.0.1:5002 laddr=127.0.0.1:26379 "
                      "fd=0 name=two age=3 idle=1 flags=N db=0 sub=0 psub=0 "
                      "ssub=0 multi=-1 qbuf="));
    ck_assert_ptr_nonnull(
        strstr(reply, " events=r cmd=client|setname user=default redir=-1 "
                      "resp=2\n\r\n"));
    ck_assert_ptr_null(strstr(reply, "id=1 "));
    reply = ask("CLIENT LIST TYPE pubsub");
    ck_assert_ptr_nonnull(strstr(reply, "id=3 "));
    ck_assert_ptr_nonnull(strstr(reply, " flags=P db=0 sub=1 psub=0 "));
    ck_assert_ptr_null(strstr(reply, "id=1 "));
    reply = ask("CLIENT INFO");
    ck_assert_ptr_nonnull(strstr(reply, "id=1 "));
    ck_assert_ptr_nonnull(strstr(reply, " cmd=client|info "));
    ask("HELLO 3");
    EXPECT({"CLIENT LIST ID 999", "=4\r\ntxt:\r\n"},
           {"HELLO 2", HELLO_REPLY("*12\r\n", "2")},
           {"CLIENT LIST ID 999", "$0\r\n\r\n"},
           {"CLIENT LIST TYPE master", "$0\r\n\r\n"},
           {"CLIENT LIST TYPE x", "-ERR Unknown client type 'x'\r\n"},
           {"CLIENT LIST ID 1 x", "-ERR Invalid client ID\r\n"},
           {"CLIENT LIST foo", "-ERR syntax error\r\n"});
}
END_TEST

START_TEST(clients_are_killed)
{
    EXPECT({"CLIENT KILL 127.0.0.1:1", "-ERR No such client\r\n"},
           {"CLIENT KILL ID 999999", ":0\r\n"},
           {"CLIENT KILL ID 0", "-ERR client-id should be greater than 0\r\n"},
           {"CLIENT KILL TYPE nosuch", "-ERR Unknown client type 'nosuch'\r\n"},
           {"CLIENT KILL USER nosuch", "-ERR No such user 'nosuch'\r\n"},
           {"CLIENT KILL SKIPME x", "-ERR syntax error\r\n"},
           {"CLIENT KILL ADDR 1 LADDR", "-ERR syntax error\r\n"},
           {"CLIENT KILL LADDR 1.1.1.1:1 TYPE normal", ":0\r\n"},
           {"CLIENT KILL 127.0.0.1:5002", "+OK\r\n"},
           {"CLIENT KILL ID 3", ":1\r\n"});
    ck_assert(world.closed[1] && world.closed[2] && !world.closed[3]);
    EXPECT({"CLIENT KILL TYPE normal", ":1\r\n"});
    ck_assert(world.closed[3] && !world.closed[0]);
    ck_assert(!world.clients[0].close_after_reply);
    EXPECT({"CLIENT KILL USER default SKIPME no", ":1\r\n"});
    ck_assert(world.clients[0].close_after_reply && !world.closed[0]);
}
END_TEST

START_TEST(replies_are_left_out)
{
    EXPECT({"CLIENT REPLY ON", "+OK\r\n"}, {"CLIENT REPLY SKIP", ""},
           {"PING", ""}, {"PING", "+PONG\r\n"}, {"CLIENT REPLY SKIP", ""},
           {"CLIENT REPLY SKIP", ""}, {"PING", ""}, {"PING", "+PONG\r\n"},
           {"CLIENT REPLY SKIP", ""}, {"CLIENT REPLY ON", "+OK\r\n"},
           {"CLIENT REPLY SKIP", ""}, {"SENTINEL RESET nosuch", ""},
           {"SENTINEL RESET nosuch", ":0\r\n"}, {"CLIENT REPLY OFF", ""},
           {"PING", ""}, {"GET x", ""}, {"SENTINEL RESET nosuch", ""},
           {"CLIENT REPLY SKIP", ""}, {"CLIENT REPLY x", ""},
           {"CLIENT REPLY ON", "+OK\r\n"},
           {"CLIENT REPLY x", "-ERR syntax error\r\n"});
}
END_TEST

START_TEST(skipped_reply_comes_later)
{
    struct answer answer = {.type = ANSWER_OK};

    world.hold = true;
    EXPECT({"CLIENT REPLY SKIP", ""}, {"SENTINEL FLUSHCONFIG", ""});
    answer_client(1, &answer);
    ck_assert_str_eq(output(1), "");
    EXPECT({"SENTINEL FLUSHCONFIG", ""});
    answer_client(1, &answer);
    ck_assert_str_eq(output(1), "+OK\r\n");
}
END_TEST

START_TEST(subscribers_are_restricted)
{
    EXPECT({"SUBSCRIBE +switch-master",
            "*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n"},
           {"PSUBSCRIBE *", "*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:2\r\n"},
           {"PING", "*2\r\n$4\r\npong\r\n$0\r\n\r\n"},
           {"PING x", "*2\r\n$4\r\npong\r\n$1\r\nx\r\n"},
           {"SENTINEL MASTERS",
            "-ERR Can't execute 'sentinel|masters': only (P|S)SUBSCRIBE / "
            "(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
            "context\r\n"},
           {"UNSUBSCRIBE nosuch",
            "*3\r\n$11\r\nunsubscribe\r\n$6\r\nnosuch\r\n:2\r\n"},
           {"UNSUBSCRIBE",
            "*3\r\n$11\r\nunsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n"},
           {"PUNSUBSCRIBE", "*3\r\n$12\r\npunsubscribe\r\n$1\r\n*\r\n:0\r\n"},
           {"UNSUBSCRIBE", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"},
           {"SENTINEL MYID", "$40\r\n" MY_ID "\r\n"},
           {"SUBSCRIBE a b", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
                             "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"},
           {"RESET", "+RESET\r\n"}, {"HELLO 3", HELLO_REPLY("%6\r\n", "3")},
           {"SUBSCRIBE ch", ">3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n"},
           {"SENTINEL MYID", "$40\r\n" MY_ID "\r\n"}, {"PING", "+PONG\r\n"},
           {"UNSUBSCRIBE", ">3\r\n$11\r\nunsubscribe\r\n$2\r\nch\r\n:0\r\n"});
}
END_TEST

START_TEST(quit_and_shutdown)
{
    EXPECT({"SHUTDOWN x", "-ERR syntax error\r\n"},
           {"SHUTDOWN ABORT", "-ERR No shutdown in progress.\r\n"},
           {"SHUTDOWN ABORT NOW", "-ERR syntax error\r\n"},
           {"SHUTDOWN SAVE NOSAVE", "-ERR syntax error\r\n"});
    ck_assert(!world.shut_down);
    EXPECT({"SHUTDOWN nosave NOW FORCE", ""});
    ck_assert(world.shut_down);
    EXPECT({"QUIT", "+OK\r\n"});
    ck_assert(world.clients[0].close_after_reply);
}
END_TEST

static TCase *connection_tests(void)
{
    TCase *tests = tcase_create("connection");

    tcase_add_checked_fixture(tests, world_open, world_close);
    tcase_add_test(tests, unknown_commands_are_named);
    tcase_add_test(tests, arguments_are_counted);
    tcase_add_test(tests, ping_answers);
    tcase_add_test(tests, a_password_opens);
    tcase_add_test(tests, without_a_password_all_are_right);
    tcase_add_test(tests, hello_switches);
    tcase_add_test(tests, client_names_itself);
    tcase_add_test(tests, client_commands_without_effect);
    tcase_add_test(tests, clients_are_listed);
    tcase_add_test(tests, clients_are_killed);
    tcase_add_test(tests, replies_are_left_out);
    tcase_add_test(tests, skipped_reply_comes_later);
    tcase_add_test(tests, subscribers_are_restricted);
    tcase_add_test(tests, quit_and_shutdown);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("command");
    SRunner *runner;
    int failed;

    suite_add_tcase(suite, connection_tests());
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
