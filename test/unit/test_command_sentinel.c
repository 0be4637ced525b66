/* links: sentinel/acl*.o sentinel/command*.o sentinel/config_words.o
 * sentinel/pubsub.o sentinel/resp.o sentinel/settings.o sentinel/password.o
 * sentinel/elsewhere.o sentinel/log.o */
#include "command_world.h"

#include "../../sentinel/log.h"

#include <check.h>

#define NO_SUCH "-ERR No such master with that name\r\n"
#define NOT_INTEGER "-ERR value is not an integer or out of range\r\n"
#define ONLY_CONFIG                                                      \
    "-ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are " \
    "supported.\r\n"

/* ---- Queries ---- */

START_TEST(addresses_of_masters)
{
    EXPECT({"SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
            "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n7001\r\n"},
           {"sentinel get-primary-addr-by-name mymaster",
            "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n7001\r\n"},
           {"SENTINEL GET-MASTER-ADDR-BY-NAME nosuch", "*-1\r\n"},
           {"SENTINEL GET-MASTER-ADDR-BY-NAME \"mymaster\\0\"", "*-1\r\n"});
    ask("HELLO 3");
    EXPECT({"SENTINEL GET-MASTER-ADDR-BY-NAME nosuch", "_\r\n"});
}
END_TEST

START_TEST(unknown_masters)
{
    EXPECT({"SENTINEL MASTER nosuch", NO_SUCH},
           {"SENTINEL MASTER MyMaster", NO_SUCH},
           {"SENTINEL MASTER \"\"", NO_SUCH},
           {"SENTINEL MASTER \"mymaster\\0\"", NO_SUCH},
           {"SENTINEL REPLICAS nosuch", NO_SUCH},
           {"SENTINEL SLAVES nosuch", NO_SUCH},
           {"SENTINEL SENTINELS nosuch", NO_SUCH},
           {"SENTINEL CKQUORUM nosuch", NO_SUCH},
           {"SENTINEL FAILOVER \"mymaster\\0\"", NO_SUCH},
           {"SENTINEL REMOVE \"mymaster\\0\"", NO_SUCH},
           {"SENTINEL SET \"mymaster\\0\" quorum 1", NO_SUCH},
           {"SENTINEL RESET \"mymaster\\0\"", ":0\r\n"},
           {"SENTINEL INFO-CACHE nosuch", "*0\r\n"});
    ck_assert_uint_eq(world.requests, 0);
}
END_TEST

/* The reply to LINE begins with WANTED; ages and such follow. */
static void expect_begin(const char *line, const char *wanted)
{
    const char *reply = ask(line);
    ck_assert_msg(strncmp(reply, wanted, strlen(wanted)) == 0, "%s: %s", line,
                  reply);
}

START_TEST(lists_of_instances)
{
    expect_begin("SENTINEL MASTERS",
                 "*1\r\n*40\r\n$4\r\nname\r\n$8\r\nmymaster\r\n"
                 "$2\r\nip\r\n$9\r\n127.0.0.1\r\n$4\r\nport\r\n"
                 "$4\r\n7001\r\n$5\r\nrunid\r\n");
    expect_begin("SENTINEL PRIMARY mymaster",
                 "*40\r\n$4\r\nname\r\n$8\r\nmymaster\r\n");
    expect_begin("SENTINEL REPLICAS mymaster",
                 "*2\r\n*42\r\n$4\r\nname\r\n$14\r\n127.0.0.1:7002\r\n");
    expect_begin("SENTINEL SENTINELS mymaster",
                 "*1\r\n*28\r\n$4\r\nname\r\n$40\r\n" OTHER_ID "\r\n");
    ask("HELLO 3");
    expect_begin("SENTINEL MASTERS", "*1\r\n%20\r\n");
    expect_begin("SENTINEL MASTER mymaster", "%20\r\n");
    expect_begin("SENTINEL SLAVES mymaster", "*2\r\n%21\r\n");
    expect_begin("SENTINEL SENTINELS mymaster", "*1\r\n%14\r\n");
}
END_TEST

START_TEST(small_queries)
{
    EXPECT({"SENTINEL MYID", "$40\r\n" MY_ID "\r\n"},
           {"ROLE", "*2\r\n$8\r\nsentinel\r\n*1\r\n$8\r\nmymaster\r\n"},
           {"SENTINEL CKQUORUM mymaster",
            "+OK 2 usable Sentinels. Quorum and failover authorization can be "
            "reached\r\n"},
           {"SENTINEL PENDING-SCRIPTS", "*0\r\n"});
}
END_TEST

START_TEST(scripts_are_shown)
{
    static const char *const words[] = {"/x/a.sh", "+set", "a b"};

    world.scripts[0] = (struct script_view){words, 3, true, 77, 1200, 1};
    world.scripts[1] = (struct script_view){words, 1, false, 0, 500, 2};
    world.script_count = 2;
    EXPECT({"SENTINEL PENDING-SCRIPTS",
            "*2\r\n*10\r\n$4\r\nargv\r\n*3\r\n$7\r\n/x/a.sh\r\n$4\r\n+set\r\n"
            "$3\r\na b\r\n$5\r\nflags\r\n$7\r\nrunning\r\n$3\r\npid\r\n"
            "$2\r\n77\r\n$8\r\nrun-time\r\n$4\r\n1200\r\n$9\r\nretry-num\r\n"
            "$1\r\n1\r\n*10\r\n$4\r\nargv\r\n*1\r\n$7\r\n/x/a.sh\r\n"
            "$5\r\nflags\r\n$9\r\nscheduled\r\n$3\r\npid\r\n$1\r\n0\r\n"
            "$9\r\nrun-delay\r\n$3\r\n500\r\n$9\r\nretry-num\r\n$1\r\n2\r\n"});
}
END_TEST

START_TEST(info_cache_is_shown)
{
    EXPECT({"SENTINEL INFO-CACHE mymaster nosuch mymaster",
            "*2\r\n$8\r\nmymaster\r\n*3\r\n*2\r\n:0\r\n$-1\r\n*2\r\n:0\r\n"
            "$-1\r\n*2\r\n:0\r\n$-1\r\n"});
}
END_TEST

START_TEST(info_has_sections)
{
    static const char sentinel[] =
        "# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\n"
        "sentinel_tilt_since_seconds:-1\r\nsentinel_running_scripts:0\r\n"
        "sentinel_scripts_queue_length:0\r\n"
        "sentinel_simulate_failure_flags:0\r\n"
        "master0:name=mymaster,status=ok,address=127.0.0.1:7001,slaves=2,"
        "sentinels=2\r\n\r\n";
    static const char *const all[] = {"# Server\r\nredis_version:7.0.15\r\n",
                                      "\r\nredis_mode:sentinel\r\n",
                                      "\r\nprocess_supervised:no\r\nrun_id:",
                                      "\r\ntcp_port:26379\r\n",
                                      "\r\nuptime_in_seconds:60\r\n",
                                      "\r\nuptime_in_days:0\r\n",
                                      "# Clients\r\nconnected_clients:4\r\n",
                                      "\r\n\r\n# Stats\r\n",
                                      "\r\ntotal_commands_processed:",
                                      "\r\n\r\n# CPU\r\nused_cpu_sys:",
                                      "\r\n\r\n# Sentinel\r\n"};
    static const char *const requests[] = {
        "INFO", "INFO all", "info EVERYTHING", "INFO sentinel default",
        "INFO cpu server stats clients sentinel"};
    const char *reply = ask("INFO sentinel");

    ck_assert_str_eq(strchr(reply, '#'), sentinel);
    ck_assert_int_eq(atoi(reply + 1), (int)sizeof(sentinel) - 3);
    EXPECT({"INFO nosuch", "$0\r\n\r\n"}, {"INFO replication", "$0\r\n\r\n"});
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const char *at = ask(requests[i]);
        for (size_t n = 0; n < sizeof(all) / sizeof(all[0]); n++) {
            at = strstr(at, all[n]);
            ck_assert_msg(at != NULL, "%s: %s", requests[i], all[n]);
        }
    }
}
END_TEST

/* Titles of the sections of REPLY, in order. */
static const char *titles(const char *reply)
{
    static char text[256];
    size_t length = 0;

    text[0] = '\0';
    for (reply = strstr(reply, "# "); reply != NULL;
         reply = strstr(reply + 2, "\n# "))
        length += (size_t)snprintf(
            text + length, sizeof(text) - length, "%.*s ",
            (int)strcspn(strchr(reply, ' ') + 1, "\r"), strchr(reply, ' ') + 1);
    return text;
}

START_TEST(info_shows_the_sections_asked_for)
{
    static const struct {
        const char *request;
        const char *titles;
    } cases[] = {
        {"INFO", "Server Clients Stats CPU Sentinel "},
        {"INFO server clients", "Server Clients "},
        {"INFO Clients SERVER clients", "Server Clients "},
        {"INFO everything", "Server Clients Stats CPU Sentinel "},
        {"INFO nosuch cpu", "CPU "},
        {"INFO stats ALL", "Server Clients Stats CPU Sentinel "},
        {"INFO keyspace memory", ""},
        {"INFO sentinel server", "Server Sentinel "},
    };

    for (int proto = 2; proto <= 3; proto++) {
        world.clients[0].output.proto = proto;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            const char *reply = ask(cases[i].request);
            ck_assert_msg(reply[0] == '$', "%s", cases[i].request);
            ck_assert_uint_eq(strlen(strchr(reply, '\n') + 1),
                              strtoul(reply + 1, NULL, 10) + 2);
            ck_assert_str_eq(titles(reply), cases[i].titles);
        }
    }
}
END_TEST

static void run_until(uint64_t end_ms)
{
    struct event timer = {.type = EVENT_TIMER};

    while (world.now_ms < end_ms) {
        world.now_ms += 100;
        step(&timer);
    }
}

START_TEST(info_tells_the_status_of_masters)
{
    const char *reply;

    EXPECT({"SENTINEL MONITOR alpha ::1 7010 1", "+OK\r\n"},
           {"SENTINEL SET alpha down-after-milliseconds 1000", "+OK\r\n"},
           {"SENTINEL MONITOR beta 127.0.0.1 7011 1", "+OK\r\n"});
    reply = ask("INFO sentinel");
    ck_assert_ptr_nonnull(strstr(reply, "\r\nsentinel_masters:3\r\n"));
    ck_assert_ptr_nonnull(strstr(
        reply,
        "\r\nmaster0:name=alpha,status=ok,address=::1:7010,slaves=0,"
        "sentinels=1\r\nmaster1:name=beta,status=ok,address=127.0.0.1:7011,"
        "slaves=0,sentinels=1\r\nmaster2:name=mymaster,status=ok,"));
    run_until(world.now_ms + 2000);
    reply = ask("INFO sentinel");
    ck_assert_ptr_nonnull(strstr(reply, "master0:name=alpha,status=odown,"));
    ck_assert_ptr_nonnull(strstr(reply, "master1:name=beta,status=ok,"));
    /* Down for this sentinel, but its quorum is two. */
    run_until(world.now_ms + 31000);
    reply = ask("INFO sentinel");
    ck_assert_ptr_nonnull(strstr(reply, "master1:name=beta,status=odown,"));
    ck_assert_ptr_nonnull(strstr(reply, "master2:name=mymaster,status=sdown,"));
}
END_TEST

START_TEST(info_tells_tilt)
{
    struct event timer = {.type = EVENT_TIMER};

    world.now_ms += 60000; /* nobody has called the core meanwhile */
    step(&timer);
    run_until(world.now_ms + 5000);
    ck_assert_ptr_nonnull(strstr(ask("INFO sentinel"),
                                 "\r\nsentinel_tilt:1\r\n"
                                 "sentinel_tilt_since_seconds:5\r\n"));
    ask("SENTINEL SIMULATE-FAILURE crash-after-election "
        "crash-after-promotion");
    ck_assert_ptr_nonnull(strstr(ask("INFO sentinel"),
                                 "\r\nsentinel_simulate_failure_flags:3\r\n"));
    run_until(world.now_ms + 30000);
    ck_assert_ptr_nonnull(strstr(ask("INFO sentinel"),
                                 "\r\nsentinel_tilt:0\r\n"
                                 "sentinel_tilt_since_seconds:-1\r\n"));
}
END_TEST

/* ---- Commands under other names ---- */

START_TEST(renamed_commands_have_only_their_new_name)
{
    static struct renamed_command renames[] = {
        {(char *)"PING", (char *)"Pong"},
        {(char *)"sentinel", (char *)"guard"},
        {(char *)"SHUTDOWN", (char *)""},
        {(char *)"guard", (char *)"watch"}};

    world.context.settings->renames = renames;
    world.context.settings->rename_count = 4;
    EXPECT({"PONG", "+PONG\r\n"},
           {"ping", "-ERR unknown command 'ping', with args beginning with: "
                    "\r\n"},
           {"WATCH myid", "$40\r\n" MY_ID "\r\n"},
           {"watch nosuch",
            "-ERR unknown subcommand 'nosuch'. Try WATCH HELP.\r\n"},
           {"guard myid", "-ERR unknown command 'guard', with args beginning "
                          "with: 'myid' \r\n"},
           {"SHUTDOWN NOSAVE", "-ERR unknown command 'SHUTDOWN', with args "
                               "beginning with: 'NOSAVE' \r\n"},
           {"pong\\0x",
            "-ERR unknown command 'pong', with args beginning with: \r\n"},
           {"INFO nosuch", "$0\r\n\r\n"});
    ck_assert(!world.shut_down);
    world.context.settings->renames = NULL; /* not the settings' to free */
    world.context.settings->rename_count = 0;
}
END_TEST

/* ---- Requests to the core ---- */

START_TEST(requests_carry_their_words)
{
    static const struct {
        const char *line;
        enum request_type type;
        const char *said;
    } sent[] = {
        {"SENTINEL FAILOVER mymaster", REQUEST_FAILOVER, "mymaster"},
        {"SENTINEL RESET my*", REQUEST_RESET, "my*"},
        {"SENTINEL REMOVE x", REQUEST_REMOVE, "x"},
        {"SENTINEL FLUSHCONFIG", REQUEST_FLUSH, "-"},
        {"SENTINEL MONITOR m2 ::1 7 x", REQUEST_MONITOR, "m2 ::1 [::1] 7 x"},
        {"SENTINEL MONITOR m2 host 7 2", REQUEST_MONITOR, "m2 host [] 7 2"},
        {"SENTINEL IS-MASTER-DOWN-BY-ADDR 1.1.1.1 99999 -1 *", REQUEST_DOWN,
         "- 1.1.1.1 99999 18446744073709551615 *"},
        {"SENTINEL is-primary-down-by-addr h 1 7 " OTHER_ID, REQUEST_DOWN,
         "- h 1 7 " OTHER_ID},
        {"PUBLISH __sentinel__:hello garbage", REQUEST_HELLO, "- garbage"},
        {"SENTINEL SET m quorum 1", REQUEST_SET, "m quorum 1"},
        {"SENTINEL SET m rename-command notification-script /bin/sh "
         "NOTIFICATION-SCRIPT /bin/sh client-reconfig-script /nosuch",
         REQUEST_SET,
         "m rename-command notification-script /bin/sh NOTIFICATION-SCRIPT "
         "/bin/sh(x) client-reconfig-script /nosuch"},
        {"SENTINEL CONFIG SET announce-ip 1.1.1.1 announce-port 5",
         REQUEST_CONFIG_SET, "- announce-ip 1.1.1.1 announce-port 5"},
        {"SENTINEL DEBUG info-period 5000", REQUEST_DEBUG,
         "- info-period 5000"},
        {"SENTINEL SIMULATE-FAILURE CRASH-after-election "
         "crash-after-promotion",
         REQUEST_SIMULATE, "- 3"}};

    world.hold = true;
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        ck_assert_str_eq(ask(sent[i].line), "");
        ck_assert_uint_eq(world.requests, i + 1);
        ck_assert_int_eq(world.last.type, sent[i].type);
        ck_assert_uint_eq(world.last.client, 1);
        ck_assert_str_eq(world.said, sent[i].said);
        ck_assert(world.clients[0].waiting);
        world.clients[0].waiting = false;
    }
}
END_TEST

START_TEST(answers_of_all_forms)
{
    const struct {
        struct answer answer;
        const char *reply;
    } forms[] = {{{.type = ANSWER_OK}, "+OK\r\n"},
                 {{.type = ANSWER_ERROR, .text = "INPROG Failover already"},
                  "-INPROG Failover already\r\n"},
                 {{.type = ANSWER_INTEGER, .integer = 3}, ":3\r\n"},
                 {{.type = ANSWER_DOWN, .integer = 1, .text = "*", .epoch = 0},
                  "*3\r\n:1\r\n$1\r\n*\r\n:0\r\n"},
                 {{.type = ANSWER_DOWN, .text = OTHER_ID, .epoch = UINT64_MAX},
                  "*3\r\n:0\r\n$40\r\n" OTHER_ID "\r\n:-1\r\n"}};

    world.hold = true;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        ask("SENTINEL FLUSHCONFIG");
        answer_client(1, &forms[i].answer);
        ck_assert_str_eq(output(1), forms[i].reply);
    }
}
END_TEST

START_TEST(refused_before_the_core)
{
    EXPECT(
        {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 abc 0 *", NOT_INTEGER},
        {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 01 0 *", NOT_INTEGER},
        {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 +0 *", NOT_INTEGER},
        {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 \"1\\0\" 0 *", NOT_INTEGER},
        {"SENTINEL IS-MASTER-DOWN-BY-ADDR h 9999999999999999999 0 *",
         NOT_INTEGER},
        {"SENTINEL IS-MASTER-DOWN-BY-ADDR \"h\\0\" 1 0 *",
         "-ERR address or id with a NUL byte\r\n"},
        {"PUBLISH foo bar",
         "-ERR Only HELLO messages are accepted by Sentinel instances.\r\n"},
        {"PUBLISH __sentinel__:hello \"a\\0b\"", ":1\r\n"},
        {"SENTINEL SET mymaster auth-pass \"a\\nb\"",
         "-ERR Invalid argument at index 4 for SENTINEL SET: control "
         "characters are not allowed\r\n"},
        {"SENTINEL MONITOR \"a\\0b\" 127.0.0.1 1 1",
         "-ERR Invalid argument at index 2 for SENTINEL MONITOR: control "
         "characters are not allowed\r\n"},
        {"SENTINEL CONFIG SET announce-ip \"1\\r\"",
         "-ERR Invalid argument at index 4 for SENTINEL CONFIG SET: control "
         "characters are not allowed\r\n"},
        {"SENTINEL DEBUG info-period \"5\\0\"",
         "-ERR argument with a NUL byte\r\n"});
    ck_assert_uint_eq(world.requests, 0);
}
END_TEST

START_TEST(simulations_stay_as_far_as_understood)
{
    static const char help[] = "*2\r\n$20\r\ncrash-after-election\r\n$21\r\n"
                               "crash-after-promotion\r\n";

    world.hold = true;
    ck_assert_str_eq(ask("SENTINEL SIMULATE-FAILURE HELP"), help);
    ck_assert_str_eq(world.said, "- 0");
    ck_assert_str_eq(ask("SENTINEL SIMULATE-FAILURE crash-after-election help"),
                     help);
    ck_assert_str_eq(world.said, "- 1");
    ck_assert_str_eq(
        ask("SENTINEL SIMULATE-FAILURE crash-after-promotion nosuch"),
        "-ERR Unknown failure simulation specified\r\n");
    ck_assert_str_eq(world.said, "- 2");
    ck_assert_uint_eq(world.last.client, 0);
    ck_assert(!world.clients[0].waiting);
}
END_TEST

START_TEST(the_core_answers)
{
    EXPECT({"SENTINEL SET mymaster quorum 3 parallel-syncs 2", "+OK\r\n"},
           {"SENTINEL SET mymaster quorum 0",
            "-ERR Invalid argument '0' for SENTINEL SET 'quorum'\r\n"},
           {"SENTINEL SET mymaster nosuch 1",
            "-ERR Unknown option or number of arguments for SENTINEL SET "
            "'nosuch'\r\n"},
           {"SENTINEL SET nosuch quorum 1", NO_SUCH},
           {"SENTINEL CKQUORUM mymaster",
            "-NOQUORUM 2 usable Sentinels. Not enough available Sentinels to "
            "reach the specified quorum for this master\r\n"},
           {"SENTINEL CONFIG SET announce-port 70000",
            "-ERR Invalid value '70000' to SENTINEL CONFIG SET "
            "'announce-port'\r\n"},
           {"SENTINEL CONFIG SET announce-ip 10.0.0.9", "+OK\r\n"},
           {"SENTINEL CONFIG GET announce-ip",
            "*2\r\n$11\r\nannounce-ip\r\n$8\r\n10.0.0.9\r\n"},
           {"SENTINEL DEBUG ping-period x",
            "-ERR Invalid argument 'x' for SENTINEL DEBUG 'ping-period'\r\n"},
           {"SENTINEL MONITOR m2 127.0.0.1 7009 2", "+OK\r\n"},
           {"SENTINEL MONITOR m2 127.0.0.1 7009 2",
            "-ERR Duplicate master name.\r\n"},
           {"SENTINEL MONITOR m3 nohost 7009 2",
            "-ERR Invalid IP address or hostname specified\r\n"},
           {"ROLE", "*2\r\n$8\r\nsentinel\r\n*2\r\n$2\r\nm2\r\n$8\r\n"
                    "mymaster\r\n"},
           {"SENTINEL RESET m*", ":2\r\n"}, {"SENTINEL REMOVE m2", "+OK\r\n"},
           {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 7001 5 " OTHER_ID,
            "*3\r\n:0\r\n$40\r\n" OTHER_ID "\r\n:5\r\n"},
           {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 7001 0 *",
            "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n"},
           {"SENTINEL FAILOVER mymaster",
            "-NOGOODSLAVE No suitable replica to promote\r\n"});
}
END_TEST

START_TEST(a_full_disk_is_told)
{
    static const char unsaved[] =
        "-ERR Failed to save config file. Check server logs.\r\n";

    world.disk_fails = true;
    ck_assert_str_eq(ask("SENTINEL FLUSHCONFIG"), unsaved);
    ck_assert_str_eq(ask("SENTINEL SET mymaster quorum 1"), unsaved);
    ck_assert_str_eq(ask("SENTINEL CONFIG SET announce-port 5"), unsaved);
    EXPECT({"SENTINEL CONFIG GET announce-port",
            "*2\r\n$13\r\nannounce-port\r\n$1\r\n5\r\n"});
}
END_TEST

/* Notices come before the reply that they precede, as pushes. */
START_TEST(changes_are_told_to_subscribers)
{
    ask_as(2, "PSUBSCRIBE +set");
    ask("HELLO 3");
    ask("SUBSCRIBE +set");
    EXPECT({"SENTINEL SET mymaster auth-pass secret",
            ">3\r\n$7\r\nmessage\r\n$4\r\n+set\r\n$47\r\nmaster mymaster "
            "127.0.0.1 7001 auth-pass ******\r\n+OK\r\n"});
    ck_assert_str_eq(output(2),
                     "*4\r\n$8\r\npmessage\r\n$4\r\n+set\r\n$4\r\n+set\r\n"
                     "$47\r\nmaster mymaster 127.0.0.1 7001 auth-pass "
                     "******\r\n");
}
END_TEST

/* ---- Names that must be looked up ---- */

static void look_up_names(void)
{
    static char stand_in;

    world.context.resolver = (struct resolver *)&stand_in;
    ask("SENTINEL CONFIG SET resolve-hostnames yes");
    world.hold = true;
    world.requests = 0;
}

START_TEST(monitor_waits_for_the_address)
{
    look_up_names();
    ck_assert_str_eq(ask("SENTINEL MONITOR m2 some.host 7 2"), "");
    ck_assert_str_eq(world.resolved_host, "some.host");
    ck_assert(world.clients[0].waiting);
    ck_assert_uint_eq(world.requests, 0);
    world.resolved(world.resolved_arg, "some.host", "10.0.0.1", false);
    ck_assert_uint_eq(world.requests, 1);
    ck_assert_uint_eq(world.last.client, 1);
    ck_assert_str_eq(world.said, "m2 some.host [10.0.0.1] 7 2");
    ask_as(2, "SENTINEL MONITOR m2 other.host 7 2");
    world.resolved(world.resolved_arg, "other.host", NULL, false);
    ck_assert_str_eq(world.said, "m2 other.host [] 7 2");
    ck_assert_uint_eq(world.last.client, 2);
}
END_TEST

START_TEST(monitor_of_a_client_that_has_gone)
{
    look_up_names();
    ask("SENTINEL MONITOR m2 some.host 7 2");
    client_close(&world.clients[0], "test");
    world.resolved(world.resolved_arg, "some.host", "10.0.0.1", false);
    ck_assert_uint_eq(world.requests, 0);
}
END_TEST

/* ---- CONFIG ---- */

START_TEST(settings_are_shown)
{
    log_set_level(LEVEL_NOTICE);
    EXPECT({"SENTINEL CONFIG GET *",
            "*14\r\n$17\r\nresolve-hostnames\r\n$2\r\nno\r\n$18\r\n"
            "announce-hostnames\r\n$2\r\nno\r\n$11\r\nannounce-ip\r\n$0\r\n\r\n"
            "$13\r\nannounce-port\r\n$1\r\n0\r\n$13\r\nsentinel-user\r\n"
            "$0\r\n\r\n$13\r\nsentinel-pass\r\n$0\r\n\r\n$8\r\nloglevel\r\n"
            "$6\r\nnotice\r\n"},
           {"SENTINEL CONFIG GET nosuch", "*0\r\n"},
           {"SENTINEL CONFIG GET announce-port ANNOUNCE-[ip]*",
            "*4\r\n$13\r\nannounce-port\r\n$1\r\n0\r\n$11\r\nannounce-ip\r\n"
            "$0\r\n\r\n"},
           {"SENTINEL CONFIG GET", ONLY_CONFIG},
           {"SENTINEL CONFIG SET", ONLY_CONFIG},
           {"SENTINEL CONFIG SET announce-ip", ONLY_CONFIG},
           {"SENTINEL CONFIG REWRITE x", ONLY_CONFIG},
           {"SENTINEL CONFIG SET announce-ip 1.1.1.1 loglevel",
            "-ERR Missing argument 'loglevel' value\r\n"});
    ask("HELLO 3");
    EXPECT({"SENTINEL CONFIG GET announce-port",
            "%1\r\n$13\r\nannounce-port\r\n$1\r\n0\r\n"});
}
END_TEST

START_TEST(the_log_level_is_set_with_the_rest)
{
    struct answer refused = {.type = ANSWER_ERROR, .text = "ERR no"};
    struct answer not_saved = {
        .type = ANSWER_ERROR,
        .text = "ERR Failed to save config file. Check server logs."};
    struct answer accepted = {.type = ANSWER_OK};

    log_set_level(LEVEL_NOTICE);
    world.hold = true;
    EXPECT({"SENTINEL CONFIG SET loglevel nosuch",
            "-ERR Invalid value 'nosuch' to SENTINEL CONFIG SET "
            "'loglevel'\r\n"},
           {"SENTINEL CONFIG SET loglevel debug LogLevel debug",
            "-ERR Duplicate argument 'LogLevel' to SENTINEL CONFIG SET\r\n"},
           {"SENTINEL CONFIG SET loglevel WARNING", ""});
    ck_assert_int_eq(world.last.type, REQUEST_FLUSH);
    ck_assert_int_eq(log_get_level(), LEVEL_WARNING);
    ck_assert_int_eq(world.context.settings->log_level, LEVEL_WARNING);
    ck_assert(world.context.settings->log_level_set);
    answer_client(1, &accepted);
    ck_assert_str_eq(output(1), "+OK\r\n");
    ask("SENTINEL CONFIG SET announce-ip x loglevel debug announce-port 5");
    ck_assert_str_eq(world.said, "- announce-ip x announce-port 5");
    /* The write that follows has it already. */
    ck_assert_int_eq(world.context.settings->log_level, LEVEL_DEBUG);
    answer_client(1, &refused);
    ck_assert_int_eq(log_get_level(), LEVEL_WARNING);
    ck_assert_int_eq(world.context.settings->log_level, LEVEL_WARNING);
    ck_assert(world.context.settings->log_level_set);
    world.context.settings->log_level_set = false;
    ask("SENTINEL CONFIG SET announce-ip x loglevel debug");
    answer_client(1, &refused);
    ck_assert(!world.context.settings->log_level_set);
    /* In force although the disk is full, as all settings are. */
    ask("SENTINEL CONFIG SET announce-ip x loglevel verbose");
    answer_client(1, &not_saved);
    ck_assert_int_eq(log_get_level(), LEVEL_VERBOSE);
    ck_assert(world.context.settings->log_level_set);
    ask("SENTINEL CONFIG SET announce-ip x loglevel debug");
    answer_client(1, &accepted);
    ck_assert_int_eq(log_get_level(), LEVEL_DEBUG);
}
END_TEST

static TCase *sentinel_tests(void)
{
    TCase *tests = tcase_create("sentinel");

    tcase_add_checked_fixture(tests, world_open, world_close);
    tcase_add_test(tests, addresses_of_masters);
    tcase_add_test(tests, unknown_masters);
    tcase_add_test(tests, lists_of_instances);
    tcase_add_test(tests, small_queries);
    tcase_add_test(tests, scripts_are_shown);
    tcase_add_test(tests, info_cache_is_shown);
    tcase_add_test(tests, info_has_sections);
    tcase_add_test(tests, info_shows_the_sections_asked_for);
    tcase_add_test(tests, info_tells_the_status_of_masters);
    tcase_add_test(tests, info_tells_tilt);
    tcase_add_test(tests, renamed_commands_have_only_their_new_name);
    tcase_add_test(tests, requests_carry_their_words);
    tcase_add_test(tests, answers_of_all_forms);
    tcase_add_test(tests, refused_before_the_core);
    tcase_add_test(tests, simulations_stay_as_far_as_understood);
    tcase_add_test(tests, the_core_answers);
    tcase_add_test(tests, a_full_disk_is_told);
    tcase_add_test(tests, changes_are_told_to_subscribers);
    tcase_add_test(tests, monitor_waits_for_the_address);
    tcase_add_test(tests, monitor_of_a_client_that_has_gone);
    tcase_add_test(tests, settings_are_shown);
    tcase_add_test(tests, the_log_level_is_set_with_the_rest);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("command_sentinel");
    SRunner *runner;
    int failed;

    suite_add_tcase(suite, sentinel_tests());
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
