/* links: sentinel/acl*.o sentinel/command*.o sentinel/config_words.o
 * sentinel/pubsub.o sentinel/resp.o sentinel/settings.o sentinel/password.o
 * sentinel/elsewhere.o sentinel/log.o */
#include "command_world.h"

#include "../../sentinel/log.h"

#include <check.h>
#include <string.h>

#define NO_FILE                                                               \
    "-ERR This Redis instance is not configured to use an ACL file. You may " \
    "want to specify users via the ACL SETUSER command and then issue a "     \
    "CONFIG REWRITE (assuming you have a Redis configuration file set) in "   \
    "order to store users in the Redis configuration.\r\n"
#define WRONG_PASSWORD \
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
#define NOPERM(command)                                                     \
    "-NOPERM this user has no permissions to run the '" command "' command" \
    "\r\n"
#define NO_CHANNEL                                                        \
    "-NOPERM this user has no permissions to access one of the channels " \
    "used as arguments\r\n"
#define NOAUTH "-NOAUTH Authentication required.\r\n"
#define PW_HASH \
    "30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4"

/* Runs LINE as CLIENT and expects the reply. */
static void expect_as(size_t client, const char *line, const char *reply)
{
    const char *got = ask_as(client, line);

    ck_assert_msg(strcmp(got, reply) == 0, "%s: got \"%s\", not \"%s\"", line,
                  got, reply);
}

/* As recorded of the reference. */
START_TEST(one_user_at_first)
{
    for (int proto = 2; proto <= 3; proto++) {
        world.clients[0].output.proto = proto;
        EXPECT(
            {"ACL WHOAMI", "$7\r\ndefault\r\n"},
            {"ACL LIST", "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"},
            {"ACL USERS", "*1\r\n$7\r\ndefault\r\n"}, {"ACL SAVE", NO_FILE},
            {"ACL LOAD", NO_FILE}, {"ACL LOG", "*0\r\n"},
            {"ACL nosuch",
             "-ERR unknown subcommand 'nosuch'. Try ACL HELP.\r\n"},
            {"ACL CAT nosuch", "-ERR Unknown category 'nosuch'\r\n"},
            {"ACL CAT string", "*0\r\n"});
        expect_as(1, "ACL GETUSER nosuch", proto == 2 ? "$-1\r\n" : "_\r\n");
    }
}
END_TEST

START_TEST(a_user_does_what_it_may)
{
    EXPECT({"ACL SETUSER mon on >pw +sentinel|masters +ping &*", "+OK\r\n"},
           {"ACL LIST", "*2\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"
                        "$110\r\nuser mon on #" PW_HASH
                        " &* -@all +ping +sentinel|masters\r\n"});
    expect_as(2, "AUTH mon bad", WRONG_PASSWORD);
    expect_as(2, "AUTH mon pw", "+OK\r\n");
    ck_assert_str_eq(world.clients[1].user->name, "mon");
    ck_assert_int_eq(ask_as(2, "SENTINEL MASTERS")[0], '*');
    expect_as(2, "SENTINEL MYID", NOPERM("sentinel|myid"));
    expect_as(2, "sentinel myid x",
              "-ERR wrong number of arguments for 'sentinel|myid' command\r\n");
    expect_as(2, "INFO", NOPERM("info"));
    expect_as(2, "PUBLISH x y", NOPERM("publish"));
    expect_as(2, "COMMAND COUNT", NOPERM("command|count"));
    expect_as(2, "ACL WHOAMI", NOPERM("acl|whoami"));
    expect_as(2, "nosuch",
              "-ERR unknown command 'nosuch', with args beginning with: \r\n");
    /* Logging in, and ending, is for everybody. */
    expect_as(2, "AUTH mon pw", "+OK\r\n");
    expect_as(2, "QUIT", "+OK\r\n");
    expect_as(2, "RESET", "+RESET\r\n");
    ck_assert_str_eq(world.clients[1].user->name, "default");
    EXPECT({"ACL DELUSER mon", ":1\r\n"}, {"ACL DELUSER mon", ":0\r\n"});
    ck_assert(!world.closed[1]);
}
END_TEST

START_TEST(users_are_shown)
{
    EXPECT({"ACL SETUSER a on >pw ~k %R~r (+ping &c) &x +get", "+OK\r\n"},
           {"ACL GETUSER a",
            "*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n"
            "$64\r\n" PW_HASH "\r\n$8\r\ncommands\r\n$10\r\n-@all +get\r\n"
            "$4\r\nkeys\r\n$7\r\n~k %R~r\r\n$8\r\nchannels\r\n$2\r\n&x\r\n"
            "$9\r\nselectors\r\n*1\r\n*6\r\n$8\r\ncommands\r\n$11\r\n-@all "
            "+ping\r\n$4\r\nkeys\r\n$0\r\n\r\n$8\r\nchannels\r\n$2\r\n&c\r\n"},
           {"ACL GETUSER default",
            "*12\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$6\r\nnopass\r\n"
            "$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$5\r\n+@all\r\n"
            "$4\r\nkeys\r\n$2\r\n~*\r\n$8\r\nchannels\r\n$2\r\n&*\r\n"
            "$9\r\nselectors\r\n*0\r\n"});
    world.clients[0].output.proto = 3;
    EXPECT({"ACL SETUSER a reset (+@all)", "+OK\r\n"},
           {"ACL GETUSER a",
            "%6\r\n$5\r\nflags\r\n~2\r\n$3\r\noff\r\n$16\r\nsanitize-payload"
            "\r\n$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$5\r\n-@all\r\n"
            "$4\r\nkeys\r\n$0\r\n\r\n$8\r\nchannels\r\n$0\r\n\r\n"
            "$9\r\nselectors\r\n*1\r\n%3\r\n$8\r\ncommands\r\n$5\r\n+@all\r\n"
            "$4\r\nkeys\r\n$0\r\n\r\n$8\r\nchannels\r\n$0\r\n\r\n"},
           {"ACL LIST",
            "*2\r\n$69\r\nuser a off sanitize-payload resetchannels -@all "
            "(resetchannels +@all)\r\n$34\r\nuser default on nopass ~* &* "
            "+@all\r\n"},
           {"ACL USERS", "*2\r\n$1\r\na\r\n$7\r\ndefault\r\n"});
}
END_TEST

#define MODIFIER(rule, reason) \
    "-ERR Error in ACL SETUSER modifier '" rule "': " reason "\r\n"
#define UNKNOWN "Unknown command or category name in ACL"

START_TEST(what_is_wrong_changes_nothing)
{
    EXPECT({"ACL SETUSER n on foo", MODIFIER("foo", "Syntax error")},
           {"ACL SETUSER n +nosuch", MODIFIER("+nosuch", UNKNOWN)},
           {"ACL SETUSER n -@nosuch", MODIFIER("-@nosuch", UNKNOWN)},
           {"ACL SETUSER n +sentinel|nosuch",
            MODIFIER("+sentinel|nosuch", UNKNOWN)},
           {"ACL SETUSER n \"(+ping +nosuch)\"",
            MODIFIER("(+ping +nosuch)", UNKNOWN)},
           {"ACL SETUSER n \"&a b\"", MODIFIER("&a b", "Syntax error")},
           {"ACL SETUSER n (+ping",
            "-ERR Unmatched parenthesis in acl selector starting at "
            "'(+ping'.\r\n"},
           {"ACL SETUSER \"b c\" on",
            "-ERR Usernames can't contain spaces or null characters\r\n"},
           {"ACL SETUSER \"b\\0c\" on",
            "-ERR Usernames can't contain spaces or null characters\r\n"},
           {"ACL SETUSER \"b\\nuser\" on",
            "-ERR Usernames can't be empty, longer than 1024 bytes, or "
            "contain control characters\r\n"},
           {"ACL SETUSER", "-ERR wrong number of arguments for 'acl|setuser' "
                           "command\r\n"},
           {"ACL GETUSER n", "$-1\r\n"},
           {"ACL DELUSER nosuch default",
            "-ERR The 'default' user cannot be removed\r\n"},
           {"ACL LOG 1 2", "-ERR unknown subcommand or wrong number of "
                           "arguments for 'LOG'. Try ACL HELP.\r\n"},
           {"ACL LOG x", "-ERR value is not an integer or out of range\r\n"},
           {"ACL CAT a b", "-ERR unknown subcommand or wrong number of "
                           "arguments for 'CAT'. Try ACL HELP.\r\n"},
           {"ACL USERS", "*1\r\n$7\r\ndefault\r\n"},
           {"ACL SETUSER n \"\"", "+OK\r\n"},
           {"ACL SETUSER n (+ping &a) (+info ~b)", "+OK\r\n"});
}
END_TEST

START_TEST(a_password_is_generated)
{
    char first[128];

    EXPECT(
        {"ACL GENPASS 0",
         "-ERR ACL GENPASS argument must be the number of bits for the "
         "output password, a positive number up to 4096\r\n"},
        {"ACL GENPASS 4097",
         "-ERR ACL GENPASS argument must be the number of bits for the "
         "output password, a positive number up to 4096\r\n"},
        {"ACL GENPASS x", "-ERR value is not an integer or out of range\r\n"},
        {"ACL GENPASS 1 2", "-ERR unknown subcommand or wrong number of "
                            "arguments for 'GENPASS'. Try ACL HELP.\r\n"});
    snprintf(first, sizeof(first), "%s", ask("ACL GENPASS"));
    ck_assert_int_eq(strncmp(first, "$64\r\n", 5), 0);
    ck_assert_uint_eq(strspn(first + 5, "0123456789abcdef"), 64);
    ck_assert_str_ne(ask("ACL GENPASS"), first);
    ck_assert_int_eq(strncmp(ask("ACL GENPASS 5"), "$2\r\n", 4), 0);
    ck_assert_int_eq(strncmp(ask("ACL GENPASS 4"), "$1\r\n", 4), 0);
    ck_assert_int_eq(strncmp(ask("ACL GENPASS 4096"), "$1024\r\n", 7), 0);
}
END_TEST

START_TEST(permissions_are_tried)
{
    EXPECT({"ACL SETUSER d on nopass +ping +sentinel|masters +subscribe "
            "+publish &ok +psubscribe",
            "+OK\r\n"},
           {"ACL DRYRUN nosuch ping", "-ERR User 'nosuch' not found\r\n"},
           {"ACL DRYRUN default nosuch", "-ERR Command 'nosuch' not found\r\n"},
           {"ACL DRYRUN default sentinel",
            "-ERR wrong number of arguments for 'sentinel' command\r\n"},
           {"ACL DRYRUN default sentinel nosuch",
            "-ERR Command 'sentinel' not found\r\n"},
           {"ACL DRYRUN d sentinel master",
            "-ERR wrong number of arguments for 'sentinel|master' command"
            "\r\n"},
           {"ACL DRYRUN default shutdown", "+OK\r\n"},
           {"ACL DRYRUN d ping", "+OK\r\n"}, {"ACL DRYRUN d auth x", "+OK\r\n"},
           {"ACL DRYRUN d info",
            "$54\r\nThis user has no permissions to run the 'info' command"
            "\r\n"},
           {"ACL DRYRUN d sentinel masters", "+OK\r\n"},
           {"ACL DRYRUN d sentinel myid",
            "$63\r\nThis user has no permissions to run the 'sentinel|myid' "
            "command\r\n"},
           {"ACL DRYRUN d subscribe ok", "+OK\r\n"},
           {"ACL DRYRUN d subscribe ok bad",
            "$56\r\nThis user has no permissions to access the 'bad' channel"
            "\r\n"},
           {"ACL DRYRUN d psubscribe ok*",
            "$56\r\nThis user has no permissions to access the 'ok*' channel"
            "\r\n"},
           {"ACL DRYRUN d publish bad x",
            "$56\r\nThis user has no permissions to access the 'bad' channel"
            "\r\n"},
           {"ACL DRYRUN d publish ok x", "+OK\r\n"}, {"ACL LOG", "*0\r\n"});
    ck_assert(!world.shut_down);
}
END_TEST

/* ---- ACL LOG ---- */

#define ENTRY(count, reason, object, user, age)                          \
    "*14\r\n$5\r\ncount\r\n:" count "\r\n$6\r\nreason\r\n" reason "\r\n" \
    "$7\r\ncontext\r\n$8\r\ntoplevel\r\n$6\r\nobject\r\n" object "\r\n"  \
    "$8\r\nusername\r\n" user "\r\n$11\r\nage-seconds\r\n" age "\r\n"    \
    "$11\r\nclient-info\r\n"

START_TEST(refusals_are_recorded)
{
    const char *log;

    ask("ACL SETUSER mon on >pw +ping +subscribe &ok");
    expect_as(2, "AUTH nouser x", WRONG_PASSWORD);
    expect_as(2, "HELLO 3 AUTH mon x", WRONG_PASSWORD);
    expect_as(2, "AUTH mon pw", "+OK\r\n");
    expect_as(2, "INFO", NOPERM("info"));
    expect_as(2, "SUBSCRIBE ok bad", NO_CHANNEL);
    world.now_ms += 1500;
    expect_as(2, "INFO", NOPERM("info"));
    log = ask("ACL LOG 1");
    ck_assert_msg(strstr(log, "*1\r\n" ENTRY("2", "$7\r\ncommand", "$4\r\ninfo",
                                             "$3\r\nmon", "$1\r\n0")) == log,
                  "%s", log);
    ck_assert_ptr_nonnull(
        strstr(log, "\r\nid=2 addr=127.0.0.1:5002 laddr=127.0.0.1:26379 "));
    ck_assert_ptr_nonnull(strstr(log, " cmd=info user=mon redir=-1 resp=2"));
    log = ask("ACL LOG");
    ck_assert_int_eq(strncmp(log, "*4\r\n", 4), 0);
    ck_assert_ptr_nonnull(strstr(log, ENTRY("1", "$7\r\nchannel", "$3\r\nbad",
                                            "$3\r\nmon", "$3\r\n1.5")));
    ck_assert_ptr_nonnull(strstr(log, ENTRY("1", "$4\r\nauth", "$5\r\nHELLO",
                                            "$3\r\nmon", "$3\r\n1.5")));
    ck_assert_ptr_nonnull(strstr(log, ENTRY("1", "$4\r\nauth", "$4\r\nAUTH",
                                            "$6\r\nnouser", "$3\r\n1.5")));
    ask("HELLO 3");
    ck_assert_ptr_nonnull(
        strstr(ask("ACL LOG"), "$11\r\nage-seconds\r\n,1.5\r\n"));
    EXPECT({"ACL LOG 0", "*0\r\n"}, {"ACL LOG -1", "*0\r\n"},
           {"ACL LOG RESET", "+OK\r\n"}, {"ACL LOG", "*0\r\n"});
}
END_TEST

/* ---- Changes that clients feel ---- */

START_TEST(channels_are_checked)
{
    ask("ACL SETUSER u on >pw +subscribe +psubscribe +publish +ping &ok* "
        "&lit");
    expect_as(2, "AUTH u pw", "+OK\r\n");
    expect_as(2, "SUBSCRIBE okay bad", NO_CHANNEL);
    expect_as(2, "PSUBSCRIBE *", NO_CHANNEL);
    expect_as(2, "PSUBSCRIBE okx*", NO_CHANNEL);
    expect_as(2, "PUBLISH __sentinel__:hello x", NO_CHANNEL);
    expect_as(2, "SUBSCRIBE lit",
              "*3\r\n$9\r\nsubscribe\r\n$3\r\nlit\r\n:1"
              "\r\n");
    /* The permission comes before what a subscriber may do. */
    expect_as(2, "INFO", NOPERM("info"));
    expect_as(2, "PUBLISH okay x",
              "-ERR Can't execute 'publish': only (P|S)SUBSCRIBE / "
              "(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
              "context\r\n");
    ask("ACL SETUSER u &__sentinel__:hello");
    expect_as(3, "AUTH u pw", "+OK\r\n");
    ck_assert_int_eq(ask_as(3, "PUBLISH __sentinel__:hello x")[0], ':');
}
END_TEST

START_TEST(a_lost_channel_ends_the_connection)
{
    ask("ACL SETUSER u on nopass +subscribe +psubscribe &ok* &lit");
    ask_as(2, "AUTH u x");
    ask_as(3, "AUTH u x");
    ask_as(4, "SUBSCRIBE lit");
    ask_as(2, "SUBSCRIBE lit");
    ask_as(3, "PSUBSCRIBE ok*");
    EXPECT({"ACL SETUSER u resetchannels &ok* &lit &more", "+OK\r\n"},
           {"ACL SETUSER u resetchannels &l* &ok*", "+OK\r\n"},
           {"ACL SETUSER u -@all", "+OK\r\n"});
    ck_assert(!world.closed[1] && !world.closed[2]);
    EXPECT({"ACL SETUSER u resetchannels &lit &ok", "+OK\r\n"});
    ck_assert(!world.closed[1] && world.closed[2] && !world.closed[3]);
    EXPECT({"ACL SETUSER u resetchannels", "+OK\r\n"});
    ck_assert(world.closed[1] && !world.closed[3]);
}
END_TEST

START_TEST(a_deleted_user_is_disconnected)
{
    ask("ACL SETUSER u on nopass +@all");
    ask("ACL SETUSER v on nopass +ping");
    ask_as(1, "AUTH u x");
    ask_as(2, "AUTH u x");
    ask_as(3, "AUTH v x");
    expect_as(4, "CLIENT KILL USER nosuch", "-ERR No such user 'nosuch'\r\n");
    expect_as(1, "ACL DELUSER nosuch u", ":1\r\n");
    ck_assert(world.clients[0].close_after_reply && !world.closed[0]);
    ck_assert_ptr_null(world.clients[0].user);
    ck_assert(world.closed[1] && !world.closed[2]);
    /* What it has sent behind is not run any more, and could do nothing. */
    expect_as(1, "PING", NOPERM("ping"));
    ck_assert_ptr_nonnull(
        strstr(ask_as(4, "CLIENT LIST"), " cmd=auth user=v redir"));
    expect_as(4, "CLIENT KILL USER v", ":1\r\n");
    ck_assert(world.closed[2]);
}
END_TEST

START_TEST(changes_hold_at_once)
{
    ask("ACL SETUSER u on nopass +ping");
    ask_as(2, "AUTH u x");
    expect_as(2, "PING", "+PONG\r\n");
    ask("ACL SETUSER u -ping +info|server");
    expect_as(2, "PING", NOPERM("ping"));
    ck_assert_int_eq(ask_as(2, "INFO server")[0], '$');
    expect_as(2, "INFO", NOPERM("info"));
    /* Who is in stays in. */
    ask("ACL SETUSER u off +ping");
    expect_as(2, "PING", "+PONG\r\n");
    expect_as(2, "AUTH u x", WRONG_PASSWORD);
    expect_as(2, "PING", "+PONG\r\n");
}
END_TEST

/* What new connections must do, and those that have never logged in. */
START_TEST(the_default_user_decides_who_must_log_in)
{
    world.clients[1].authenticated = false;
    expect_as(2, "PING", "+PONG\r\n");
    EXPECT({"ACL SETUSER default >pw", "+OK\r\n"}, {"PING", "+PONG\r\n"});
    expect_as(2, "PING", NOAUTH);
    EXPECT({"ACL SETUSER default nopass", "+OK\r\n"});
    expect_as(2, "PING", "+PONG\r\n");
    ck_assert_int_eq(ask_as(2, "HELLO 2 SETNAME me")[0], '*');
    EXPECT({"ACL SETUSER default off", "+OK\r\n"});
    expect_as(2, "PING", NOAUTH);
    expect_as(2, "AUTH default x", WRONG_PASSWORD);
    expect_as(2, "AUTH x",
              "-ERR AUTH <password> called without any password configured "
              "for the default user. Are you sure your configuration is "
              "correct?\r\n");
    EXPECT({"ACL SETUSER default on -info", "+OK\r\n"},
           {"INFO", NOPERM("info")});
    ck_assert_str_eq(world.clients[0].user->name, "default");
}
END_TEST

/* ---- The ACL file ---- */

static void give_file(const char *text)
{
    xreplace(&world.context.settings->acl_file, "/x/users.acl");
    xreplace(&world.file, text);
}

START_TEST(users_go_to_the_file_and_back)
{
    give_file("user mon on nopass +ping\n");
    EXPECT({"ACL SETUSER gone on nopass +ping", "+OK\r\n"},
           {"ACL SETUSER mon on nopass +subscribe &a", "+OK\r\n"});
    ask_as(2, "AUTH gone x");
    ask_as(3, "AUTH mon x");
    ask_as(4, "AUTH mon x");
    ask_as(4, "SUBSCRIBE a");
    EXPECT({"ACL LOAD", "+OK\r\n"},
           {"ACL LIST",
            "*2\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"
            "$44\r\nuser mon on nopass resetchannels -@all +ping\r\n"});
    /* Whose user is gone, and who has lost a channel, goes. */
    ck_assert(world.closed[1] && !world.closed[2] && world.closed[3]);
    expect_as(3, "PING", "+PONG\r\n");
    EXPECT({"ACL SETUSER new on >pw", "+OK\r\n"}, {"ACL SAVE", "+OK\r\n"});
    ck_assert_str_eq(world.file,
                     "user default on nopass ~* &* +@all\n"
                     "user mon on nopass resetchannels -@all +ping\n"
                     "user new on #" PW_HASH " resetchannels -@all\n");
    EXPECT({"ACL DELUSER new", ":1\r\n"}, {"ACL LOAD", "+OK\r\n"},
           {"ACL DELUSER new", ":1\r\n"});
}
END_TEST

START_TEST(a_bad_file_changes_nothing)
{
    give_file("user mon on +nosuch\nfoo\n");
    EXPECT({"ACL LOAD",
            "-ERR /x/users.acl:1: Error in applying operation '+nosuch': "
            "Unknown command or category name in ACL. /x/users.acl:2 should "
            "start with user keyword followed by the username. WARNING: ACL "
            "errors detected, no change to the previously active ACL rules "
            "was performed\r\n"},
           {"ACL USERS", "*1\r\n$7\r\ndefault\r\n"});
    free(world.file);
    world.file = NULL;
    EXPECT({"ACL LOAD", "-ERR Error loading ACLs, opening file 'users.acl': "
                        "No such file or directory\r\n"});
    world.disk_fails = true;
    EXPECT({"ACL SAVE", "-ERR There was an error trying to save the ACLs. "
                        "Please check the server logs for more information"
                        "\r\n"});
}
END_TEST

/* Who asks for a change that ends its own rights gets the answer first. */
START_TEST(the_one_who_loads_may_go)
{
    give_file("user default on nopass +@all &*\n");
    ask("ACL SETUSER admin on nopass +@all");
    ask_as(2, "AUTH admin x");
    expect_as(2, "ACL LOAD", "+OK\r\n");
    ck_assert(world.clients[1].close_after_reply && !world.closed[1]);
    ask("HELLO 3");
    ask("SUBSCRIBE +sdown");
    expect_as(1, "ACL SETUSER default resetchannels", "+OK\r\n");
    ck_assert(world.clients[0].close_after_reply && !world.closed[0]);
}
END_TEST

/* ---- Commands of another name ---- */

static void rename_command(const char *old, const char *new)
{
    struct settings *settings = world.context.settings;
    const size_t count = settings->rename_count++;

    settings->renames = xrealloc(settings->renames,
                                 (count + 1) * sizeof(*settings->renames));
    settings->renames[count] = (struct renamed_command){xstrdup(old),
                                                        xstrdup(new)};
}

START_TEST(renamed_commands_keep_their_permissions)
{
    rename_command("PING", "Pong");
    rename_command("info", "");
    rename_command("sentinel", "s2");
    EXPECT({"PING", "-ERR unknown command 'PING', with args beginning with: "
                    "\r\n"},
           {"pong", "+PONG\r\n"}, {"COMMAND COUNT", ":14\r\n"},
           {"COMMAND INFO ping info", "*2\r\n$-1\r\n$-1\r\n"},
           {"COMMAND LIST FILTERBY PATTERN p*",
            "*4\r\n$4\r\nping\r\n$10\r\npsubscribe\r\n$12\r\npunsubscribe\r\n"
            "$7\r\npublish\r\n"},
           {"COMMAND LIST FILTERBY PATTERN inf*", "*0\r\n"},
           {"COMMAND DOCS ping", "*0\r\n"},
           {"S2 foo", "-ERR unknown subcommand 'foo'. Try S2 HELP.\r\n"},
           {"S2 master", "-ERR wrong number of arguments for "
                         "'sentinel|master' command\r\n"},
           {"ACL SETUSER u on nopass +ping +s2|masters",
            MODIFIER("+s2|masters", UNKNOWN)},
           {"ACL SETUSER u on nopass +ping +sentinel|masters", "+OK\r\n"},
           {"ACL DRYRUN u pong", "+OK\r\n"},
           {"ACL DRYRUN u ping", "-ERR Command 'ping' not found\r\n"});
    ck_assert_ptr_nonnull(strstr(ask("COMMAND INFO Pong"), "$4\r\nping\r\n"));
    ck_assert_ptr_nonnull(
        strstr(ask("COMMAND INFO s2|masters"), "$16\r\nsentinel|masters\r\n"));
    ck_assert_ptr_nonnull(strstr(ask("ACL CAT fast"), "ping"));
    ck_assert_ptr_null(strstr(ask("ACL CAT dangerous"), "\ninfo\r"));
    ask_as(2, "AUTH u x");
    expect_as(2, "PONG", "+PONG\r\n");
    ck_assert_int_eq(ask_as(2, "S2 MASTERS")[0], '*');
    expect_as(2, "S2 MYID", NOPERM("sentinel|myid"));
}
END_TEST

static Suite *command_acl_suite(void)
{
    Suite *suite = suite_create("command_acl");
    TCase *tests = tcase_create("command_acl");

    tcase_add_checked_fixture(tests, world_open, world_close);
    tcase_add_test(tests, one_user_at_first);
    tcase_add_test(tests, a_user_does_what_it_may);
    tcase_add_test(tests, users_are_shown);
    tcase_add_test(tests, what_is_wrong_changes_nothing);
    tcase_add_test(tests, a_password_is_generated);
    tcase_add_test(tests, permissions_are_tried);
    tcase_add_test(tests, refusals_are_recorded);
    tcase_add_test(tests, channels_are_checked);
    tcase_add_test(tests, a_lost_channel_ends_the_connection);
    tcase_add_test(tests, a_deleted_user_is_disconnected);
    tcase_add_test(tests, changes_hold_at_once);
    tcase_add_test(tests, the_default_user_decides_who_must_log_in);
    tcase_add_test(tests, users_go_to_the_file_and_back);
    tcase_add_test(tests, a_bad_file_changes_nothing);
    tcase_add_test(tests, the_one_who_loads_may_go);
    tcase_add_test(tests, renamed_commands_keep_their_permissions);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(command_acl_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
