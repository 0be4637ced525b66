/* What the tests of the server share: a loop with a server on it, sockets that
 * play its clients, and stand-ins for what runs commands. */
#ifndef TEST_SERVER_WORLD_H
#define TEST_SERVER_WORLD_H

#include "../../sentinel/server.h"

#include "../../sentinel/acl.h"
#include "../../sentinel/command.h"
#include "../../sentinel/log.h"
#include "../../sentinel/pubsub.h"
#include "../../sentinel/settings.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define DEADLINE_MS 20000

/* ---- The world ---- */

static uv_loop_t loop;
static uv_timer_t pulse; /* makes each turn of the loop short */
static struct settings settings;
static struct context context;
static struct server *server;
static char logged[65536];
static size_t forgotten; /* calls of pubsub_forget() */
static uint64_t commands_run;
static uint64_t last_client; /* whose command was run last */
static uint64_t streak;      /* commands of its that came one after another */
static uint64_t longest_streak;   /* of the commands watched, */
static uint64_t watched_commands; /* so many, the first ones */

/* ---- Stand-ins for the modules that are not under test ---- */

void log_printf(enum log_level level, const char *format, ...)
{
    size_t length = strlen(logged);
    va_list arguments;

    (void)level;
    va_start(arguments, format);
    vsnprintf(logged + length, sizeof(logged) - length, format, arguments);
    va_end(arguments);
}

void pubsub_forget(struct pubsub *pubsub, struct client *client)
{
    ck_assert_ptr_eq(pubsub, &forgotten);
    ck_assert_ptr_null(client->stream);
    forgotten++;
}

static inline void append_bytes(struct client *client, size_t count)
{
    char *bytes = malloc(count);

    memset(bytes, 'x', count);
    resp_bulk(&client->output, bytes, count);
    free(bytes);
}

static inline void burn(uint64_t nanoseconds)
{
    uint64_t since = uv_hrtime();

    while (uv_hrtime() - since < nanoseconds)
        continue;
}

void command_run(struct client *client, const struct resp_request *request)
{
    const char *word = request->words[0];

    commands_run++;
    streak = client->id == last_client ? streak + 1 : 1;
    last_client = client->id;
    if (commands_run <= watched_commands && streak > longest_streak)
        longest_streak = streak;
    if (strcasecmp(word, "PING") == 0) {
        resp_status(&client->output, "PONG");
    } else if (strcasecmp(word, "COUNT") == 0) {
        resp_integer(&client->output, (int64_t)request->count);
    } else if (strcasecmp(word, "WAIT") == 0) {
        client->waiting = true;
    } else if (strcasecmp(word, "NOW") == 0) {
        client->waiting = true; /* answered within the command */
        resp_status(&client->output, "NOW");
        client_answered(client);
    } else if (strcasecmp(word, "AUTH") == 0) {
        client->authenticated = true;
        resp_status(&client->output, "OK");
    } else if (strcasecmp(word, "QUIT") == 0) {
        resp_status(&client->output, "OK");
        client->close_after_reply = true;
    } else if (strcasecmp(word, "SUBSCRIBE") == 0) {
        client->channels = 1;
        resp_status(&client->output, "SUBSCRIBED");
    } else if (strcasecmp(word, "BIG") == 0) {
        append_bytes(client, (size_t)atol(request->words[1]));
    } else if (strcasecmp(word, "SLOW") == 0) {
        burn(1000000);
        resp_status(&client->output, "DONE");
    } else if (strcasecmp(word, "KILL") == 0) {
        client_close(client, "killed");
    } else {
        resp_error(&client->output, "ERR unknown");
    }
}

/* ---- Help ---- */

static inline void on_pulse(uv_timer_t *timer)
{
    (void)timer;
}

/* A port that nobody uses at this moment. */
static inline int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* Clients must log in from now on. */
static inline void require_password(void)
{
    const char *const rules[] = {">secret"};
    const size_t lengths[] = {7};
    struct acl_failure failure;

    ck_assert_int_eq(acl_user_apply(acl_default(settings.acl),
                                    acl_terms(settings.acl), rules, lengths, 1,
                                    &failure),
                     0);
}

static char loopback_address[] = "127.0.0.1";

static inline void set_up(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &pulse);
    uv_timer_start(&pulse, on_pulse, 2, 2);
    memset(&context, 0, sizeof(context));
    settings = (struct settings){.bind_given = true,
                                 .bind_count = 1,
                                 .binds = {loopback_address},
                                 .tcp_backlog = 511,
                                 .max_clients = 10000,
                                 .tcp_keepalive_s = 300,
                                 .pubsub_hard_limit = 33554432,
                                 .pubsub_soft_limit = 8388608,
                                 .pubsub_soft_seconds = 60,
                                 .acl = acl_new()};
    settings.port = free_port();
    context.settings = &settings;
    context.pubsub = (struct pubsub *)(void *)&forgotten;
    server = NULL;
    logged[0] = '\0';
    forgotten = 0;
    commands_run = 0;
    last_client = 0;
    longest_streak = 0;
    watched_commands = 0;
}

static inline void start(void)
{
    const char *error = "";

    server = server_new(&loop, &context, &error);
    ck_assert_msg(server != NULL, "%s", error);
}

static inline void stop(void)
{
    if (server != NULL)
        server_stop(server);
    uv_close((uv_handle_t *)&pulse, NULL);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    server_free(server);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    acl_free(settings.acl);
    ck_assert_uint_eq(forgotten, context.connections_received);
}

static inline uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static inline void turn(uint64_t since)
{
    ck_assert_msg(now_ms() - since < DEADLINE_MS, "too late; log: %s", logged);
    uv_run(&loop, UV_RUN_ONCE);
}

static inline void run_for(uint64_t milliseconds)
{
    uint64_t since = now_ms();

    while (now_ms() - since < milliseconds)
        uv_run(&loop, UV_RUN_ONCE);
}

static inline int connect_to(const char *ip)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)settings.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    ck_assert_int_eq(inet_pton(AF_INET, ip, &address.sin_addr), 1);
    ck_assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
              errno == EINPROGRESS);
    return fd;
}

/* A client that has been let in. */
static inline int connect_client(void)
{
    uint64_t received = context.connections_received;
    uint64_t since = now_ms();
    int fd = connect_to("127.0.0.1");

    while (context.connections_received == received)
        turn(since);
    return fd;
}

static inline void say_bytes(int fd, const char *data, size_t length)
{
    uint64_t since = now_ms();

    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);

        if (sent > 0) {
            data += sent;
            length -= (size_t)sent;
        } else {
            ck_assert_int_eq(errno, EAGAIN);
        }
        turn(since);
    }
}

static inline void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* Runs until exactly EXPECTED has come. */
static inline void hear(int fd, const char *expected)
{
    uint64_t since = now_ms();
    char text[4096] = "";
    size_t length = 0;

    while (length < strlen(expected)) {
        ssize_t got = read(fd, text + length, sizeof(text) - 1 - length);

        ck_assert_msg(got > 0 || (got < 0 && errno == EAGAIN),
                      "connection ended, so far: %s", text);
        if (got > 0)
            length += (size_t)got;
        else
            turn(since);
    }
    text[length] = '\0';
    ck_assert_str_eq(text, expected);
}

static inline void hear_nothing(int fd)
{
    char byte;

    run_for(50);
    ck_assert_int_eq(read(fd, &byte, 1), -1);
    ck_assert_int_eq(errno, EAGAIN);
}

/* Runs until the connection has ended; returns what came before that. */
static inline size_t hear_end(int fd)
{
    uint64_t since = now_ms();
    char bytes[65536];
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, bytes, sizeof(bytes))) > 0 ||
           (got < 0 && errno == EAGAIN)) {
        length += got > 0 ? (size_t)got : 0;
        turn(since);
    }
    return length;
}

static inline void expect_count(size_t count)
{
    uint64_t since = now_ms();

    while (server_client_count(server) != count)
        turn(since);
}

static inline void add_tests(Suite *suite, const char *name,
                             const TTest **tests, size_t count)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, stop);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

#endif
