/* links: sentinel/acl*.o sentinel/command*.o sentinel/config_words.o
 * sentinel/pubsub.o sentinel/resp.o sentinel/settings.o sentinel/password.o
 * sentinel/elsewhere.o sentinel/log.o */
#include "command_world.h"

#include "../../sentinel/command_table.h"

#include <check.h>

/* ---- Views of instances: every field and its place ---- */

static const struct core_view replica = {.kind = KIND_REPLICA,
                                         .name = "10.0.0.2:6379",
                                         .ip = "10.0.0.2",
                                         .port = 6379,
                                         .runid = "",
                                         .link_refcount = 1,
                                         .down_after_ms = 1500,
                                         .flags = FLAG_REPLICA,
                                         .last_ping_reply = 12,
                                         .master_link_down_ms = -1000,
                                         .master_host = "?",
                                         .priority = 100,
                                         .repl_offset = UINT64_MAX,
                                         .announced = true};

static const char *show(const struct core_view *view, int proto)
{
    struct resp_writer *out = &world.clients[0].output;

    out->proto = proto;
    command_view(out, view);
    return output(1);
}

START_TEST(master_in_a_failover)
{
    struct master_options options;
    struct core_view view = {.kind = KIND_MASTER,
                             .name = "m",
                             .ip = "::1",
                             .port = 1,
                             .runid = OTHER_ID,
                             .flags = FLAG_MASTER | FLAG_SDOWN | FLAG_ODOWN |
                                      FLAG_FAILOVER | FLAG_FORCE_FAILOVER,
                             .pending_commands = 2,
                             .link_refcount = 1,
                             .failover_state = "wait_start",
                             .last_ping_sent = 3,
                             .last_ok_ping_reply = 4,
                             .last_ping_reply = 5,
                             .s_down_time = 6,
                             .o_down_time = 7,
                             .down_after_ms = 8,
                             .info_refresh = 9,
                             .reports_master = true,
                             .role_reported_time = 10,
                             .config_epoch = UINT64_MAX,
                             .replica_count = 11,
                             .sentinel_count = 12,
                             .options = &options};

    master_options_init(&options);
    options.quorum = 13;
    options.failover_timeout_ms = 14;
    options.parallel_syncs = 15;
    options.notification_script = "/n";
    options.client_reconfig_script = "/c";
    ck_assert_str_eq(
        show(&view, 2),
        "*50\r\n$4\r\nname\r\n$1\r\nm\r\n$2\r\nip\r\n$3\r\n::1\r\n$4\r\n"
        "port\r\n$1\r\n1\r\n$5\r\nrunid\r\n$40\r\n" OTHER_ID "\r\n$5\r\n"
        "flags\r\n$56\r\ns_down,o_down,master,failover_in_progress,"
        "force_failover\r\n$21\r\nlink-pending-commands\r\n$1\r\n2\r\n"
        "$13\r\nlink-refcount\r\n$1\r\n1\r\n$14\r\nfailover-state\r\n$10\r\n"
        "wait_start\r\n$14\r\nlast-ping-sent\r\n$1\r\n3\r\n$18\r\n"
        "last-ok-ping-reply\r\n$1\r\n4\r\n$15\r\nlast-ping-reply\r\n$1\r\n"
        "5\r\n$11\r\ns-down-time\r\n$1\r\n6\r\n$11\r\no-down-time\r\n$1\r\n"
        "7\r\n$23\r\ndown-after-milliseconds\r\n$1\r\n8\r\n$12\r\n"
        "info-refresh\r\n$1\r\n9\r\n$13\r\nrole-reported\r\n$6\r\nmaster\r\n"
        "$18\r\nrole-reported-time\r\n$2\r\n10\r\n$12\r\nconfig-epoch\r\n"
        "$20\r\n18446744073709551615\r\n$10\r\nnum-slaves\r\n$2\r\n11\r\n"
        "$19\r\nnum-other-sentinels\r\n$2\r\n12\r\n$6\r\nquorum\r\n$2\r\n"
        "13\r\n$16\r\nfailover-timeout\r\n$2\r\n14\r\n$14\r\nparallel-syncs"
        "\r\n$2\r\n15\r\n$19\r\nnotification-script\r\n$2\r\n/n\r\n$22\r\n"
        "client-reconfig-script\r\n$2\r\n/c\r\n");
    ck_assert_int_eq(strncmp(show(&view, 3), "%25\r\n$4\r\nname", 13), 0);
}
END_TEST

START_TEST(replica_with_little_known)
{
    ck_assert_str_eq(
        show(&replica, 3),
        "%21\r\n$4\r\nname\r\n$13\r\n10.0.0.2:6379\r\n$2\r\nip\r\n$8\r\n"
        "10.0.0.2\r\n$4\r\nport\r\n$4\r\n6379\r\n$5\r\nrunid\r\n$0\r\n\r\n"
        "$5\r\nflags\r\n$5\r\nslave\r\n$21\r\nlink-pending-commands\r\n$1\r\n"
        "0\r\n$13\r\nlink-refcount\r\n$1\r\n1\r\n$14\r\nlast-ping-sent\r\n"
        "$1\r\n0\r\n$18\r\nlast-ok-ping-reply\r\n$1\r\n0\r\n$15\r\n"
        "last-ping-reply\r\n$2\r\n12\r\n$23\r\ndown-after-milliseconds\r\n"
        "$4\r\n1500\r\n$12\r\ninfo-refresh\r\n$1\r\n0\r\n$13\r\nrole-reported"
        "\r\n$5\r\nslave\r\n$18\r\nrole-reported-time\r\n$1\r\n0\r\n$21\r\n"
        "master-link-down-time\r\n$5\r\n-1000\r\n$18\r\nmaster-link-status"
        "\r\n$3\r\nerr\r\n$11\r\nmaster-host\r\n$1\r\n?\r\n$11\r\nmaster-port"
        "\r\n$1\r\n0\r\n$14\r\nslave-priority\r\n$3\r\n100\r\n$17\r\n"
        "slave-repl-offset\r\n$20\r\n18446744073709551615\r\n$17\r\n"
        "replica-announced\r\n$1\r\n1\r\n");
}
END_TEST

START_TEST(sentinel_that_is_down)
{
    const struct core_view view = {.kind = KIND_SENTINEL,
                                   .name = OTHER_ID,
                                   .ip = "127.0.0.1",
                                   .port = 26380,
                                   .runid = OTHER_ID,
                                   .flags = FLAG_SDOWN | FLAG_SENTINEL |
                                            FLAG_DISCONNECTED,
                                   .link_refcount = 3,
                                   .s_down_time = 77,
                                   .down_after_ms = 1200,
                                   .last_hello = 5,
                                   .voted_leader = "?"};

    ck_assert_str_eq(
        show(&view, 2),
        "*30\r\n$4\r\nname\r\n$40\r\n" OTHER_ID "\r\n$2\r\nip\r\n$9\r\n"
        "127.0.0.1\r\n$4\r\nport\r\n$5\r\n26380\r\n$5\r\nrunid\r\n$"
        "40\r\n" OTHER_ID
        "\r\n$5\r\nflags\r\n$28\r\ns_down,sentinel,disconnected\r\n"
        "$21\r\nlink-pending-commands\r\n$1\r\n0\r\n$13\r\nlink-refcount\r\n"
        "$1\r\n3\r\n$14\r\nlast-ping-sent\r\n$1\r\n0\r\n$18\r\n"
        "last-ok-ping-reply\r\n$1\r\n0\r\n$15\r\nlast-ping-reply\r\n$1\r\n0"
        "\r\n$11\r\ns-down-time\r\n$2\r\n77\r\n$23\r\ndown-after-milliseconds"
        "\r\n$4\r\n1200\r\n$18\r\nlast-hello-message\r\n$1\r\n5\r\n$12\r\n"
        "voted-leader\r\n$1\r\n?\r\n$18\r\nvoted-leader-epoch\r\n$1\r\n0\r\n");
}
END_TEST

START_TEST(all_flags_in_their_order)
{
    struct core_view view = replica;

    view.flags = FLAG_MASTER_REBOOT * 2 - 1;
    ck_assert_ptr_nonnull(
        strstr(show(&view, 2),
               "\r\ns_down,o_down,master,slave,sentinel,disconnected,"
               "master_down,failover_in_progress,promoted,reconf_sent,"
               "reconf_inprog,reconf_done,force_failover,script_kill_sent,"
               "master_reboot\r\n"));
}
END_TEST

/* ---- The table, shown ---- */

START_TEST(help_of_sentinel)
{
    const char *reply = ask("SENTINEL HELP");

    ck_assert_int_eq(
        strncmp(reply,
                "*49\r\n+SENTINEL <subcommand> [<arg> [value] [opt] ...]. "
                "Subcommands are:\r\n+CKQUORUM <master-name>\r\n+    Check if",
                strlen("*49\r\n+SENTINEL <subcommand> [<arg> [value] [opt] "
                       "...]. Subcommands are:\r\n+CKQUORUM <master-name>\r\n"
                       "+    Check if")),
        0);
    ck_assert_ptr_nonnull(strstr(reply,
                                 "\r\n+SIMULATE-FAILURE [CRASH-AFTER-ELECTION] "
                                 "[CRASH-AFTER-PROMOTION] [HELP]\r\n"
                                 "+    Simulate a Sentinel crash.\r\n"
                                 "+HELP\r\n+    Prints this help.\r\n"));
}
END_TEST

/* The count of a reply's head must be that of the elements that follow, to
 * every depth. Returns the first byte behind the value. */
static const char *skip_value(const char *at)
{
    const char *end = strstr(at, "\r\n");
    long count = strtol(at + 1, NULL, 10);

    ck_assert_ptr_nonnull(end);
    switch (*at) {
    case '$':
        ck_assert_int_ge(count, -1);
        return count < 0 ? end + 2 : end + 2 + count + 2;
    case '+':
    case ':':
    case '_':
        return end + 2;
    case '%':
        count *= 2;
        break;
    default:
        ck_assert_msg(*at == '*' || *at == '~', "%.40s", at);
    }
    at = end + 2;
    for (; count > 0; count--)
        at = skip_value(at);
    return at;
}

START_TEST(replies_hold_what_they_announce)
{
    static const char *const requests[] = {
        "SENTINEL HELP",
        "CLIENT HELP",
        "COMMAND HELP",
        "ACL HELP",
        "COMMAND",
        "COMMAND INFO",
        "COMMAND DOCS",
        "COMMAND LIST",
        "COMMAND INFO sentinel client|list get",
        "COMMAND DOCS ping acl",
        "ACL CAT",
        "ACL CAT dangerous",
        "SENTINEL DEBUG",
        "SENTINEL CONFIG GET *",
        "SENTINEL MASTERS",
        "SENTINEL REPLICAS mymaster",
        "CLIENT TRACKINGINFO",
        "HELLO"};

    for (int proto = 2; proto <= 3; proto++) {
        world.clients[0].output.proto = proto;
        for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
            const char *reply = ask(requests[i]);
            ck_assert_msg(*skip_value(reply) == '\0', "%s", requests[i]);
        }
    }
}
END_TEST

#define DOC_OF_ROLE                                                           \
    "$7\r\nsummary\r\n$61\r\nReturn the role of the instance in the context " \
    "of replication\r\n$5\r\nsince\r\n$6\r\n2.8.12\r\n$5\r\ngroup\r\n"        \
    "$6\r\nserver\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n"

START_TEST(commands_are_described)
{
    EXPECT({"COMMAND COUNT", ":15\r\n"},
           {"COMMAND LIST FILTERBY PATTERN P*",
            "*4\r\n$4\r\nping\r\n$10\r\npsubscribe\r\n$12\r\npunsubscribe\r\n"
            "$7\r\npublish\r\n"},
           {"COMMAND LIST FILTERBY MODULE x", "*0\r\n"},
           {"COMMAND LIST FILTERBY ACLCAT nosuch", "*0\r\n"},
           {"COMMAND LIST x", "-ERR syntax error\r\n"},
           {"COMMAND INFO ping get publish",
            "*3\r\n*10\r\n$4\r\nping\r\n:-1\r\n*1\r\n+fast\r\n:0\r\n:0\r\n"
            ":0\r\n*2\r\n+@fast\r\n+@connection\r\n*2\r\n$25\r\n"
            "request_policy:all_shards\r\n$29\r\n"
            "response_policy:all_succeeded\r\n*0\r\n*0\r\n$-1\r\n*10\r\n$7\r\n"
            "publish\r\n:3\r\n*4\r\n+pubsub\r\n+loading\r\n+stale\r\n+fast\r\n"
            ":0\r\n:0\r\n:0\r\n*2\r\n+@pubsub\r\n+@fast\r\n*0\r\n*0\r\n*0\r\n"},
           {"COMMAND DOCS role", "*2\r\n$4\r\nrole\r\n*8\r\n" DOC_OF_ROLE},
           {"COMMAND DOCS nosuch", "*0\r\n"},
           {"COMMAND GETKEYS SENTINEL MASTERS",
            "-ERR The command has no key arguments\r\n"},
           {"COMMAND GETKEYS nosuch x", "-ERR Invalid command specified\r\n"},
           {"COMMAND GETKEYS SENTINEL nosuch",
            "-ERR Invalid command specified\r\n"},
           {"COMMAND GETKEYSANDFLAGS SENTINEL MASTERS",
            "-ERR The command has no key arguments\r\n"},
           {"ACL CAT nosuch", "-ERR Unknown category 'nosuch'\r\n"},
           {"ACL CAT string", "*0\r\n"},
           {"ACL USERS", "*1\r\n$7\r\ndefault\r\n"}, {"ACL LOG", "*0\r\n"},
           {"ACL LOG RESET", "+OK\r\n"});
    ask("HELLO 3");
    EXPECT({"COMMAND DOCS role", "%1\r\n$4\r\nrole\r\n%4\r\n" DOC_OF_ROLE},
           {"COMMAND INFO publish get",
            "*2\r\n*10\r\n$7\r\npublish\r\n:3\r\n~4\r\n+pubsub\r\n+loading\r\n"
            "+stale\r\n+fast\r\n:0\r\n:0\r\n:0\r\n~2\r\n+@pubsub\r\n+@fast\r\n"
            "~0\r\n~0\r\n~0\r\n_\r\n"});
}
END_TEST

/* Counts how often TEXT stands in the reply to REQUEST. */
static size_t times_in_reply(const char *request, const char *text)
{
    const char *at = ask(request);
    size_t count = 0;

    while ((at = strstr(at, text)) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* Each row that is shown is in COMMAND LIST, INFO and DOCS, once, and what is
 * not shown is still found by its name. */
START_TEST(the_table_is_shown_as_it_is)
{
    const struct command *row;
    char bulk[96];
    char request[128];
    char whole[16];
    size_t listed = 0;
    size_t top = 0;

    for (size_t n = 0; (row = command_row(n)) != NULL; n++) {
        const size_t wanted = row->traits & TRAIT_EXTRA ? 0 : 1;
        listed += wanted;
        top += strchr(row->name, '|') == NULL ? wanted : 0;
        snprintf(bulk, sizeof(bulk), "$%zu\r\n%s\r\n", strlen(row->name),
                 row->name);
        ck_assert_uint_eq(times_in_reply("COMMAND LIST", bulk), wanted);
        ck_assert_uint_eq(times_in_reply("COMMAND", bulk), wanted);
        ck_assert_uint_eq(times_in_reply("COMMAND INFO", bulk), wanted);
        ck_assert_uint_ge(times_in_reply("COMMAND DOCS", bulk), wanted);
        snprintf(request, sizeof(request), "COMMAND INFO %s", row->name);
        ck_assert_uint_eq(times_in_reply(request, bulk), 1);
        snprintf(bulk, sizeof(bulk), "\r\n:%d\r\n", row->arity);
        ck_assert_uint_ge(times_in_reply(request, bulk), 1);
        snprintf(request, sizeof(request), "COMMAND DOCS %s", row->name);
        ck_assert_uint_ge(times_in_reply(request, row->summary), 1);
    }
    snprintf(whole, sizeof(whole), "*%zu\r\n", listed);
    ck_assert_int_eq(strncmp(ask("COMMAND LIST"), whole, strlen(whole)), 0);
    snprintf(whole, sizeof(whole), ":%zu\r\n", top);
    ck_assert_str_eq(ask("COMMAND COUNT"), whole);
}
END_TEST

START_TEST(short_requests_make_no_endless_replies)
{
    static char *words[COMMAND_NAMES_LIMIT + 4];
    static size_t lengths[COMMAND_NAMES_LIMIT + 4];
    static const char *const first[] = {"COMMAND", "INFO"};

    for (size_t i = 0; i < COMMAND_NAMES_LIMIT + 4; i++) {
        words[i] = (char *)(i < 2 ? first[i] : "nosuch");
        lengths[i] = strlen(words[i]);
    }
    run_words(1, words, lengths, COMMAND_NAMES_LIMIT + 2);
    ck_assert_int_eq(strncmp(output(1), "*4096\r\n$-1\r\n", 12), 0);
    run_words(1, words, lengths, COMMAND_NAMES_LIMIT + 3);
    ck_assert_str_eq(output(1), "-ERR more than 4096 names in one request\r\n");
}
END_TEST

START_TEST(every_row_is_found_under_its_name)
{
    const struct command *row;

    for (size_t n = 0; (row = command_row(n)) != NULL; n++) {
        ck_assert_ptr_eq(command_find_full(row->name, strlen(row->name)), row);
        ck_assert_int_ne(row->arity, 0);
        ck_assert(row->run != NULL || (row->traits & TRAIT_CONTAINER));
        ck_assert(row->summary != NULL && row->since != NULL);
        ck_assert_ptr_eq(command_find(row->name, strlen(row->name)),
                         strchr(row->name, '|') == NULL ? row : NULL);
    }
    ck_assert_ptr_null(command_find("", 0));
    ck_assert_ptr_null(command_find("pin", 3));
    ck_assert_ptr_null(command_find("pingx", 5));
}
END_TEST

static TCase *view_tests(void)
{
    TCase *tests = tcase_create("view");

    tcase_add_checked_fixture(tests, world_open, world_close);
    tcase_add_test(tests, master_in_a_failover);
    tcase_add_test(tests, replica_with_little_known);
    tcase_add_test(tests, sentinel_that_is_down);
    tcase_add_test(tests, all_flags_in_their_order);
    tcase_add_test(tests, help_of_sentinel);
    tcase_add_test(tests, replies_hold_what_they_announce);
    tcase_add_test(tests, commands_are_described);
    tcase_add_test(tests, the_table_is_shown_as_it_is);
    tcase_add_test(tests, short_requests_make_no_endless_replies);
    tcase_add_test(tests, every_row_is_found_under_its_name);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("command_view");
    SRunner *runner;
    int failed;

    suite_add_tcase(suite, view_tests());
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
