/* links: sentinel/acl*.o sentinel/config*.o sentinel/elsewhere.o
 * sentinel/password.o sentinel/rewrite_output.o sentinel/settings.o */
#include "config_world.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/wait.h>
#include <syslog.h>

#define MASTER "sentinel monitor mymaster 127.0.0.1 6379 2\n"

/* What loading TEXT prints on standard error, when it is refused. */
static char *refusal(const char *text, size_t length, const char *extra)
{
    char path[96];
    char *output;
    int saved = dup(STDERR_FILENO);
    int fd;
    int result;

    snprintf(path, sizeof(path), "%s/stderr", world_directory);
    world_put(world_file, text, length);
    world_forget();
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    result = config_load(world_file, extra, settings, state);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fd);
    ck_assert_msg(result == -1, "accepted: %s", text);
    output = world_read(path);
    return output;
}

static void expect_refused(const char *text, const char *extra,
                           const char *line, const char *quoted,
                           const char *reason)
{
    char *output = refusal(text, strlen(text), extra);
    char expected[256];

    ck_assert_ptr_nonnull(strstr(output, "*** FATAL CONFIG FILE ERROR "
                                         "(sentineld "));
    ck_assert_msg(strstr(output, line) != NULL, "%s in:%s", line, output);
    snprintf(expected, sizeof(expected), "\n>>> '%s'\n%s", quoted, reason);
    ck_assert_msg(strstr(output, expected) != NULL, "%s in:%s", expected,
                  output);
    free(output);
}

/* Text, the number of the line at fault, the line, and the reason. */
static const struct {
    const char *text;
    const char *line;
    const char *quoted;
    const char *reason;
} refused[] = {
    {"port 1\nnosuch 1\n", "at line 2\n", "nosuch 1",
     "Bad directive or wrong number of arguments\n"},
    {"\n\n  sentinel nosuch 1 \n", "at line 3\n", "sentinel nosuch 1",
     "Unrecognized sentinel configuration statement.\n"},
    {"sentinel monitor\n", "at line 1\n", "sentinel monitor",
     "Unrecognized sentinel configuration statement.\n"},
    {"sentinel monitor m 127.0.0.1 1\n", "at line 1\n",
     "sentinel monitor m 127.0.0.1 1",
     "Unrecognized sentinel configuration statement.\n"},
    {"sentinel monitor m 127.0.0.1 1 x\n", "at line 1\n",
     "sentinel monitor m 127.0.0.1 1 x", "Quorum must be 1 or greater.\n"},
    {"sentinel monitor m nosuchhost 1 2\n", "at line 1\n",
     "sentinel monitor m nosuchhost 1 2",
     "Can't resolve instance hostname. 'nosuchhost' is not an address; host "
     "names need the line 'sentinel resolve-hostnames yes'.\n"},
    {"sentinel monitor m 127.0.0.1 70000 2\n", "at line 1\n",
     "sentinel monitor m 127.0.0.1 70000 2", "Invalid port number.\n"},
    {"sentinel monitor m 127.0.0.1 x 2\n", "at line 1\n",
     "sentinel monitor m 127.0.0.1 x 2", "Invalid port number.\n"},
    {"sentinel monitor 'a b' 127.0.0.1 1 2\n", "at line 1\n",
     "sentinel monitor 'a b' 127.0.0.1 1 2", "A master's name must not"},
    {"sentinel monitor a,b 127.0.0.1 1 2\n", "at line 1\n",
     "sentinel monitor a,b 127.0.0.1 1 2", "A master's name must not"},
    {MASTER MASTER, "at line 2\n", "sentinel monitor mymaster 127.0.0.1 6379 2",
     "Duplicate master name.\n"},
    {"sentinel auth-pass nosuch x\n" MASTER, "at line 1\n",
     "sentinel auth-pass nosuch x", "No such master with specified name.\n"},
    {"sentinel myid 123\n", "at line 1\n", "sentinel myid 123",
     "Malformed Sentinel id in myid option.\n"},
    {"sentinel deny-scripts-reconfig maybe\n", "at line 1\n",
     "sentinel deny-scripts-reconfig maybe",
     "Please specify yes or no for the deny-scripts-reconfig options.\n"},
    {"sentinel resolve-hostnames maybe\n", "at line 1\n",
     "sentinel resolve-hostnames maybe",
     "Please specify yes or no for the resolve-hostnames option.\n"},
    {"sentinel quorum mymaster 2\n" MASTER, "at line 1\n",
     "sentinel quorum mymaster 2",
     "Unrecognized sentinel configuration statement.\n"},
    {"sentinel monitor m \"unbalanced\n", "at line 1\n",
     "sentinel monitor m \"unbalanced",
     "Unbalanced quotes in configuration line\n"},
    {"port abc\n", "at line 1\n", "port abc",
     "argument couldn't be parsed into an integer\n"},
    {"port 70000\n", "at line 1\n", "port 70000",
     "argument must be between 0 and 65535 inclusive\n"},
    {"port 1 2\n", "at line 1\n", "port 1 2", "wrong number of arguments\n"},
    {"maxmemory\n", "at line 1\n", "maxmemory", "wrong number of arguments\n"},
    {"loglevel nosuch\n", "at line 1\n", "loglevel nosuch",
     "argument(s) must be one of the following: debug, verbose, notice, "
     "warning"},
    {"daemonize maybe\n", "at line 1\n", "daemonize maybe",
     "argument must be 'yes' or 'no'\n"},
    {"include /nosuch/file\n", "at line 1\n", "include /nosuch/file",
     "Fatal error, can't open config file '/nosuch/file': No such file"},
    {"dir /nosuch/dir\n", "at line 1\n", "dir /nosuch/dir",
     "No such file or directory\n"},
    {"logfile /nosuch/dir/log\nport 1\n", "at line 1\n",
     "logfile /nosuch/dir/log", "Can't open the log file: No such file"},
    {MASTER "sentinel down-after-milliseconds mymaster 0\n", "at line 2\n",
     "sentinel down-after-milliseconds mymaster 0",
     "negative or zero time parameter.\n"},
    {MASTER "sentinel down-after-milliseconds mymaster\n", "at line 2\n",
     "sentinel down-after-milliseconds mymaster",
     "Unrecognized sentinel configuration statement.\n"},
    {MASTER "sentinel notification-script mymaster /nosuch\n", "at line 2\n",
     "sentinel notification-script mymaster /nosuch",
     "Notification script seems non existing or non executable.\n"},
    {MASTER "sentinel client-reconfig-script mymaster /nosuch\n", "at line 2\n",
     "sentinel client-reconfig-script mymaster /nosuch",
     "Client reconfiguration script seems non existing or non executable.\n"},
    {MASTER "sentinel known-replica mymaster 127.0.0.1 70000\n", "at line 2\n",
     "sentinel known-replica mymaster 127.0.0.1 70000",
     "Invalid port number.\n"},
    {MASTER "sentinel known-sentinel mymaster 127.0.0.1 5 abc\n", "at line 2\n",
     "sentinel known-sentinel mymaster 127.0.0.1 5 abc",
     "Malformed Sentinel id"},
    {MASTER "sentinel leader-epoch mymaster x\n", "at line 2\n",
     "sentinel leader-epoch mymaster x", "An epoch must be a number"},
    {"sentinel announce-port 99999\n", "at line 1\n",
     "sentinel announce-port 99999", "announce-port must be between"},
    {MASTER "sentinel auth-pass mymaster \"a\\x00b\"\n", "at line 2\n",
     "sentinel auth-pass mymaster \"a\\x00b\"", "A value holds a NUL byte\n"},
    {"tls-port 26380\n", "at line 1\n", "tls-port 26380", "TLS is not"},
    {"tls-replication yes\n", "at line 1\n", "tls-replication yes",
     "TLS is not"},
    {"user default nosuchrule\n", "at line 1\n", "user default nosuchrule",
     "Error in user declaration 'user': Syntax error\n"},
    {"user bob on +ping +nosuch\n", "at line 1\n", "user bob on +ping +nosuch",
     "Error in user declaration 'user': Unknown command or category name in "
     "ACL (rule '+nosuch')\n"},
    {"user bob +sentinel|nosuch\n", "at line 1\n", "user bob +sentinel|nosuch",
     "Error in user declaration 'user': Unknown command or category name in "
     "ACL\n"},
    {"user bob +@nosuch\n", "at line 1\n", "user bob +@nosuch",
     "Error in user declaration 'user': Unknown command or category name in "
     "ACL\n"},
    {"user bob (+ping\n", "at line 1\n", "user bob (+ping",
     "Error in user declaration 'user': Unmatched parenthesis\n"},
    {"user bob #abc\n", "at line 1\n", "user bob #abc",
     "Error in user declaration 'user': The password hash must be exactly 64 "
     "characters and contain only lowercase hexadecimal characters\n"},
    {"user bob on\nport 1\nuser bob off\n", "at line 3\n", "user bob off",
     "Error in user declaration 'bob': Duplicate user found. A user can only "
     "be defined once in config files\n"},
    {"user \"bob bill\" on\n", "at line 1\n", "user \"bob bill\" on",
     "Error in user declaration 'user': a name must not be empty"},
    {"user\n", "at line 1\n", "user",
     "Bad directive or wrong number of arguments\n"},
    {"user bob on\naclfile users.acl\n", "at line 2\n", "aclfile users.acl",
     "Users are declared by 'user' lines and in an ACL file"},
    {"aclfile nosuch.acl\n", "at line 1\n", "aclfile nosuch.acl",
     "Error loading ACLs, opening file '"},
    {"acl-pubsub-default some\n", "at line 1\n", "acl-pubsub-default some",
     "argument(s) must be one of the following: allchannels, "
     "resetchannels\n"},
    {"acllog-max-len -1\n", "at line 1\n", "acllog-max-len -1",
     "argument must be between 0 and 9223372036854775807 inclusive\n"},
};

START_TEST(wrong_lines_are_refused)
{
    expect_refused(refused[_i].text, NULL, refused[_i].line, refused[_i].quoted,
                   refused[_i].reason);
}
END_TEST

#define MARKED                                                            \
    MASTER "\n# Generated by CONFIG REWRITE\nsentinel myid " TEST_ID "\n" \
           "sentinel config-epoch mymaster 12\n"                          \
           "sentinel leader-epoch mymaster 12\n"                          \
           "sentinel known-replica mymaster 127.0.0.1 6380\n"             \
           "sentinel current-epoch 12"

START_TEST(every_cut_of_a_state_is_refused_behind_the_mark)
{
    static const char text[] = MARKED "\n";
    size_t from = (size_t)(strstr(text, "# Gen") - text) + 3;

    ck_assert_int_eq(world_load(text, NULL), 0);
    ck_assert_uint_eq(state->current_epoch, 12);
    for (size_t length = from; length < strlen(text); length++) {
        char *cut = xstrndup(text, length);
        /* Cut behind the mark or before it is a file without a state. */
        if (strstr(cut, "sentinel myid " TEST_ID "\n") != NULL ||
            cut[length - 1] != '\n') {
            char *output = refusal(cut, length, NULL);

            ck_assert_ptr_nonnull(strstr(output, "at line "));
            ck_assert_ptr_nonnull(strstr(output, "cut short"));
            free(output);
        }
        free(cut);
    }
}
END_TEST

START_TEST(a_nul_byte_is_refused_with_its_line)
{
    static const char text[] = "port 1\nport 2\0\n";
    char *output = refusal(text, sizeof(text) - 1, NULL);

    ck_assert_ptr_nonnull(strstr(output, "at line 2\n"));
    ck_assert_ptr_nonnull(strstr(output, "NUL byte"));
    free(output);
}
END_TEST

START_TEST(an_included_file_is_named_in_its_errors)
{
    char path[96];
    char text[160];
    char *output;

    snprintf(path, sizeof(path), "%s/included.conf", world_directory);
    world_put(path, "port 1\n\nport x\n", 15);
    snprintf(text, sizeof(text), "# a\ninclude %s/incl*.conf\nport 3\n",
             world_directory);
    output = refusal(text, strlen(text), NULL);
    ck_assert_ptr_nonnull(strstr(output, "/included.conf', at line 3\n"));
    ck_assert_ptr_nonnull(strstr(output, ">>> 'port x'\n"));
    free(output);
}
END_TEST

START_TEST(a_file_that_includes_itself_ends)
{
    char *output = refusal("include sentinel.conf\n", 22, NULL);

    ck_assert_ptr_nonnull(strstr(output, "include each other"));
    free(output);
}
END_TEST

START_TEST(the_command_line_counts_more)
{
    ck_assert_int_eq(world_load("port 1\n" MASTER,
                                "port 26380\nsentinel monitor m 10.0.0.1 1 2\n"
                                "loglevel debug\nsentinel\n"),
                     0);
    ck_assert_int_eq(settings->port, 26380);
    ck_assert_int_eq(settings->log_level, LEVEL_DEBUG);
    ck_assert_uint_eq(state->master_count, 2);
    expect_refused("port 1\n", "port x\n", "command line\n", "port x",
                   "argument couldn't be parsed into an integer\n");
}
END_TEST

START_TEST(a_missing_file_is_said_plainly)
{
    world_forget();
    ck_assert_int_eq(config_load("/nosuch/file", NULL, settings, state), -1);
}
END_TEST

START_TEST(the_first_file_of_the_wild_loads)
{
    ck_assert_int_eq(world_load("port 26379\n"
                                "daemonize yes\n"
                                "pidfile \"./sentinel.pid\"\n"
                                "logfile \"./sentinel.log\"\n"
                                "dir \"./\"\n"
                                "bind 127.0.0.1 -::1\n"
                                "protected-mode no\n"
                                "sentinel monitor mymaster 10.0.0.1 6379 1\n"
                                "sentinel parallel-syncs mymaster 2\n"
                                "sentinel auth-pass mymaster \"se \\\"cret\"\n"
                                "sentinel down-after-milliseconds mymaster "
                                "3000\n",
                                NULL),
                     0);
    ck_assert(settings->daemonize);
    ck_assert_str_eq(settings->pidfile, "./sentinel.pid");
    ck_assert_str_eq(settings->log_file, "./sentinel.log");
    ck_assert_uint_eq(settings->bind_count, 2);
    ck_assert_str_eq(settings->binds[1], "-::1");
    ck_assert_str_eq(settings->directory, world_directory);
    ck_assert_str_eq(state->masters[0].options.auth_pass, "se \"cret");
    ck_assert_int_eq(state->masters[0].options.quorum, 1);
    ck_assert_int_eq(state->masters[0].options.parallel_syncs, 2);
    ck_assert_int_eq(state->masters[0].options.down_after_ms, 3000);
    ck_assert_uint_eq(settings->note_count, 0);
}
END_TEST

START_TEST(a_file_written_by_the_reference_loads)
{
    ck_assert_int_eq(
        world_load("port 26379\n"
                   "sentinel known-slave mymaster 10.0.0.9 6379\n"
                   "sentinel known-replica mymaster 10.0.0.2 6379\n"
                   "sentinel monitor mymaster 10.0.0.1 6379 2\n"
                   "# Generated by CONFIG REWRITE\n"
                   "protected-mode no\n"
                   "latency-tracking-info-percentiles 50 99 99.9\n"
                   "user default on nopass ~* &* +@all\n"
                   "sentinel myid " TEST_ID "\n"
                   "sentinel config-epoch mymaster 7\n"
                   "sentinel leader-epoch mymaster 9\n"
                   "sentinel current-epoch 3\n"
                   "sentinel known-replica mymaster 10.0.0.2 6379\n"
                   "sentinel known-replica mymaster 10.0.0.3 6379\n"
                   "sentinel known-sentinel mymaster 10.0.0.4 26379 "
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                   "sentinel known-sentinel mymaster 10.0.0.5 26379 "
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                   "sentinel known-sentinel mymaster 10.0.0.6 26379\n",
                   NULL),
        0);
    ck_assert_str_eq(state->id, TEST_ID);
    ck_assert_uint_eq(state->current_epoch, 7);
    ck_assert_uint_eq(state->masters[0].config_epoch, 7);
    ck_assert_uint_eq(state->masters[0].leader_epoch, 9);
    ck_assert_uint_eq(state->masters[0].replica_count, 3);
    ck_assert_uint_eq(state->masters[0].sentinel_count, 1);
    ck_assert(!settings_password_required(settings));
}
END_TEST

START_TEST(the_order_of_lines_does_not_matter)
{
    ck_assert_int_eq(
        world_load("SENTINEL DOWN-AFTER-MILLISECONDS mymaster 7000\n"
                   "sentinel known-replica mymaster redis-2 6380\n"
                   "sentinel monitor mymaster redis-1 6379 2\n"
                   "sentinel\n"
                   "sentinel resolve-hostnames yes\n",
                   NULL),
        0);
    ck_assert_str_eq(state->masters[0].host, "redis-1");
    ck_assert_int_eq(state->masters[0].options.down_after_ms, 7000);
    ck_assert_str_eq(state->masters[0].replicas[0].host, "redis-2");
    ck_assert(state->global.resolve_hostnames);
}
END_TEST

START_TEST(server_directives_are_obeyed)
{
    ck_assert_int_eq(world_load("port 0\nbind\nunixsocket /x/y\n"
                                "unixsocketperm 700\ntimeout 5\n"
                                "tcp-backlog 7\ntcp-keepalive 0\n"
                                "maxclients 12\nsupervised systemd\n"
                                "syslog-enabled yes\nsyslog-ident me\n"
                                "syslog-facility local3\nlogfile \"\"\n"
                                "bind-source-addr 10.0.0.1\n"
                                "client-output-buffer-limit normal 0 0 0 "
                                "pubsub 1mb 2k 9\n"
                                "loglevel nothing\nprotected-mode yes\n",
                                NULL),
                     0);
    ck_assert_int_eq(settings->port, 0);
    ck_assert(settings->bind_given && settings->bind_count == 0);
    ck_assert_str_eq(settings->unix_socket, "/x/y");
    ck_assert_uint_eq(settings->unix_socket_mode, 0700);
    ck_assert_int_eq(settings->timeout_s, 5);
    ck_assert_int_eq(settings->tcp_backlog, 7);
    ck_assert_int_eq(settings->tcp_keepalive_s, 0);
    ck_assert_int_eq(settings->max_clients, 12);
    ck_assert_int_eq(settings->supervised, SUPERVISED_SYSTEMD);
    ck_assert(settings->syslog_enabled);
    ck_assert_str_eq(settings->syslog_ident, "me");
    ck_assert_int_eq(settings->syslog_facility, LOG_LOCAL3);
    ck_assert_ptr_null(settings->log_file);
    ck_assert_str_eq(settings->bind_source_address, "10.0.0.1");
    ck_assert_uint_eq(settings->pubsub_hard_limit, 1048576);
    ck_assert_uint_eq(settings->pubsub_soft_limit, 2000);
    ck_assert_uint_eq(settings->pubsub_soft_seconds, 9);
    ck_assert_int_gt(settings->log_level, LEVEL_WARNING);
    ck_assert(settings->protected_mode);
}
END_TEST

static bool is_command(const char *name)
{
    return strcasecmp(name, "ping") == 0 || strcasecmp(name, "info") == 0;
}

START_TEST(commands_of_the_sentinel_are_renamed)
{
    static const struct {
        const char *text;
        const char *reason; /* NULL: accepted */
    } cases[] = {
        {"rename-command PING pong\n", NULL},
        {"rename-command ping \"\"\nrename-command info PING\n", NULL},
        {"rename-command PING a\nrename-command a b\n", NULL},
        {"rename-command nosuch x\n", "No such command in rename-command"},
        {"rename-command PING x\nrename-command ping y\n",
         "No such command in rename-command"},
        {"rename-command PING info\n", "Target command name already exists"},
        {"rename-command PING\n", "wrong number of arguments"},
    };

    world_command_exists = is_command;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *said;

        if (cases[i].reason == NULL) {
            ck_assert_int_eq(world_load(cases[i].text, NULL), 0);
            continue;
        }
        said = refusal(cases[i].text, strlen(cases[i].text), NULL);
        ck_assert_msg(strstr(said, cases[i].reason) != NULL, "%s", said);
        free(said);
    }
    world_command_exists = NULL;

    ck_assert_int_eq(world_load("rename-command PING a\n"
                                "rename-command INFO ping\n"
                                "rename-command a info\n"
                                "rename-command AUTH \"\"\n",
                                NULL),
                     0);
    ck_assert_str_eq(settings_command_name(settings, "info"), "PING");
    ck_assert_str_eq(settings_command_name(settings, "Ping"), "INFO");
    ck_assert_str_eq(settings_command_name(settings, "role"), "role");
    ck_assert_ptr_null(settings_command_name(settings, "a"));
    ck_assert_ptr_null(settings_command_name(settings, "auth"));
}
END_TEST

START_TEST(what_means_nothing_here_is_noted)
{
    ck_assert_int_eq(world_load("maxmemory 100mb\nloadmodule x\n"
                                "sentinel monitor a 10.0.0.1 1 1\n"
                                "sentinel monitor b 10.0.0.1 1 1\n"
                                "sentinel parallel-syncs a 0\n",
                                NULL),
                     0);
    ck_assert_uint_eq(settings->note_count, 4);
    ck_assert_int_eq(settings->notes[0].level, LEVEL_VERBOSE);
    ck_assert_ptr_nonnull(
        strstr(settings->notes[0].text, "sentinel.conf:1: 'maxmemory'"));
    ck_assert_int_eq(settings->notes[1].level, LEVEL_WARNING);
    ck_assert_ptr_nonnull(strstr(settings->notes[1].text, ":2: 'loadmodule'"));
    ck_assert_ptr_nonnull(strstr(settings->notes[2].text, "parallel-syncs"));
    ck_assert_int_eq(state->masters[0].options.parallel_syncs, 1);
    ck_assert_ptr_nonnull(strstr(settings->notes[3].text, "same address"));
}
END_TEST

/* Whether the user may log in with the password. */
static bool logs_in(const char *name, const char *password)
{
    struct acl_user *user;

    return acl_log_in(settings->acl, name, strlen(name), password,
                      strlen(password), &user);
}

static bool matches(const char *password)
{
    return logs_in("default", password);
}

/* The line of a user as ACL LIST shows it; valid until the next call. */
static const char *line_of(const char *name)
{
    static char line[1024];
    const struct acl_user *user = acl_find(settings->acl, name, strlen(name));
    struct text text = {0};

    ck_assert_ptr_nonnull(user);
    acl_user_put(user, &text);
    ck_assert_uint_lt(text.length, sizeof(line));
    strcpy(line, text.data);
    free(text.data);
    return line;
}

START_TEST(passwords_of_the_default_user)
{
    ck_assert_int_eq(world_load("requirepass one\n", NULL), 0);
    ck_assert(settings_password_required(settings));
    ck_assert(matches("one") && !matches("on") && !matches(""));
    ck_assert_str_eq(state->global.requirepass, "one");

    /* The user's line counts for clients, wherever requirepass stands. */
    ck_assert_int_eq(
        world_load("user default on >two "
                   "#2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e88"
                   "6266e7ae ~* &* +@all\nrequirepass one\n",
                   NULL),
        0);
    ck_assert(matches("two") && matches("foo") && !matches("one"));
    ck_assert_str_eq(state->global.requirepass, "one");
    ck_assert_uint_eq(settings->note_count, 0);

    ck_assert_int_eq(
        world_load("user default on "
                   "#2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e88"
                   "6266e7ae ~* &* +@all\n",
                   NULL),
        0);
    ck_assert(settings_password_required(settings));
    ck_assert(matches("foo") && !matches("bar"));
    ck_assert_ptr_null(state->global.requirepass);
    ck_assert_ptr_nonnull(
        strstr(settings->notes[0].text, "neither requirepass nor"));
}
END_TEST

START_TEST(users_are_declared)
{
    ck_assert_int_eq(
        world_load("user mon on >pw +PING +sentinel|masters &+s*\n"
                   "user copied off nopass ~a* %R~b allchannels +@all -debug "
                   "+config|get (+info ~x)\n"
                   "user default off +@all\n",
                   NULL),
        0);
    ck_assert_str_eq(line_of("mon"),
                     "user mon on "
                     "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46"
                     "e26170c4 resetchannels &+s* -@all +ping "
                     "+sentinel|masters");
    ck_assert_str_eq(line_of("copied"),
                     "user copied off nopass ~a* %R~b &* +@all -debug "
                     "+config|get (~x resetchannels -@all +info)");
    ck_assert_str_eq(line_of("default"),
                     "user default off resetchannels +@all");
    ck_assert(logs_in("mon", "pw") && !logs_in("mon", "p"));
    ck_assert(!logs_in("copied", "x") && !logs_in("nobody", "pw"));
    ck_assert(settings_password_required(settings));
}
END_TEST

/* Whatever stands first: the defaults are known when users are made. */
START_TEST(new_users_have_the_channels_of_the_default)
{
    ck_assert_int_eq(world_load("user a\nacl-pubsub-default allchannels\n"
                                "acllog-max-len 7\n",
                                NULL),
                     0);
    ck_assert_str_eq(line_of("a"), "user a off &* -@all");
    ck_assert_int_eq(settings->acl_log_limit, 7);
    ck_assert_int_eq(world_load("user a\n", NULL), 0);
    ck_assert_str_eq(line_of("a"), "user a off resetchannels -@all");
    ck_assert_int_eq(settings->acl_log_limit, 128);
}
END_TEST

START_TEST(users_of_several_files)
{
    world_put("more.conf", "user a on\nuser b on nopass\n", 27);
    ck_assert_int_eq(
        world_load("user a off nopass\ninclude more.conf\n", "user c on\n"), 0);
    ck_assert_str_eq(line_of("a"), "user a off nopass resetchannels -@all");
    ck_assert_str_eq(line_of("b"), "user b on nopass resetchannels -@all");
    ck_assert_int_eq(world_load("user a on\n", "user a off\n"), 0);
    ck_assert_str_eq(line_of("a"), "user a off resetchannels -@all");
}
END_TEST

START_TEST(an_acl_file_is_read)
{
    char *output;

    world_put("users.acl", "# x\nuser default on >pw ~* &* +@all\n", 36);
    ck_assert_int_eq(world_load("aclfile users.acl\n", NULL), 0);
    ck_assert(matches("pw"));
    ck_assert_int_eq(settings->acl_file[0], '/');
    world_put("users.acl", "\nuser bob on >pw ~* &* +@all\n", 29);
    ck_assert_int_eq(world_load("aclfile users.acl\nrequirepass x\n", NULL), 0);
    ck_assert(logs_in("bob", "pw") && matches("x") && !matches("pw"));
    world_put("users.acl", "\nuser bob +nosuch\n", 18);
    output = refusal("aclfile users.acl\n", 18, NULL);
    ck_assert_ptr_nonnull(strstr(
        output, "users.acl:2: Error in applying operation '+nosuch': Unknown"));
    free(output);
}
END_TEST

START_TEST(the_main_file_keeps_the_address_of_a_master)
{
    ck_assert_int_eq(world_load("sentinel monitor m 10.0.0.2 6379 2\n",
                                "sentinel monitor m 10.0.0.1 6379 2\n"),
                     0);
    ck_assert_uint_eq(state->master_count, 1);
    ck_assert_str_eq(state->masters[0].host, "10.0.0.2");
}
END_TEST

/* Words and the line that holds them. */
START_TEST(lines_split_into_words)
{
    size_t count;
    char **words = config_split("a  \"b c\\x41\\n\\\"\" 'd\\'e' f\"g\"\t\"\"",
                                &count);

    ck_assert_ptr_nonnull(words);
    ck_assert_uint_eq(count, 5);
    ck_assert_str_eq(words[0], "a");
    ck_assert_str_eq(words[1], "b cA\n\"");
    ck_assert_str_eq(words[2], "d'e");
    ck_assert_str_eq(words[3], "fg");
    ck_assert_str_eq(words[4], "");
    config_free_words(words, count);
    ck_assert_ptr_null(config_split("\"a\"b", &count));
    ck_assert_ptr_null(config_split("'a", &count));
    ck_assert_ptr_null(config_split("\"a\\", &count));
    words = config_split(" \t ", &count);
    ck_assert_ptr_nonnull(words);
    ck_assert_uint_eq(count, 0);
    config_free_words(words, count);
}
END_TEST

START_TEST(quoted_words_are_read_again)
{
    char word[2] = {0};
    size_t count;

    for (int byte = 1; byte < 256; byte++) {
        char *quoted;
        char **words;

        word[0] = (char)byte;
        quoted = config_quote(word);
        words = config_split(quoted, &count);
        ck_assert_msg(words != NULL && count == 1, "byte %d: %s", byte, quoted);
        ck_assert_str_eq(words[0], word);
        config_free_words(words, count);
        free(quoted);
    }
}
END_TEST

static Suite *config_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");

    tcase_add_checked_fixture(tests, world_open, world_close);
    tcase_add_loop_test(tests, wrong_lines_are_refused, 0,
                        (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_test(tests, every_cut_of_a_state_is_refused_behind_the_mark);
    tcase_add_test(tests, a_nul_byte_is_refused_with_its_line);
    tcase_add_test(tests, an_included_file_is_named_in_its_errors);
    tcase_add_test(tests, a_file_that_includes_itself_ends);
    tcase_add_test(tests, the_command_line_counts_more);
    tcase_add_test(tests, a_missing_file_is_said_plainly);
    tcase_add_test(tests, the_first_file_of_the_wild_loads);
    tcase_add_test(tests, a_file_written_by_the_reference_loads);
    tcase_add_test(tests, the_order_of_lines_does_not_matter);
    tcase_add_test(tests, server_directives_are_obeyed);
    tcase_add_test(tests, commands_of_the_sentinel_are_renamed);
    tcase_add_test(tests, what_means_nothing_here_is_noted);
    tcase_add_test(tests, passwords_of_the_default_user);
    tcase_add_test(tests, users_are_declared);
    tcase_add_test(tests, new_users_have_the_channels_of_the_default);
    tcase_add_test(tests, users_of_several_files);
    tcase_add_test(tests, an_acl_file_is_read);
    tcase_add_test(tests, the_main_file_keeps_the_address_of_a_master);
    tcase_add_test(tests, lines_split_into_words);
    tcase_add_test(tests, quoted_words_are_read_again);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(config_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
