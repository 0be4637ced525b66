/* links: sentinel/buffer.o sentinel/resp.o sentinel/resp_words.o
 * sentinel/config_words.o sentinel/resp_request.o sentinel/resp_reply.o
 * sentinel/stream.o sentinel/stream_open.o sentinel/conn.o */
#include "../../sentinel/conn.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define DEADLINE_MS 10000

/* ---- The world: a pool, a server socket, a trace of what was told ---- */

static uv_loop_t loop;
static uv_timer_t pulse; /* makes each turn of the loop short */
static struct conn_pool *pool;
static int listener;
static int port;
static char trace[16384];
static uint64_t close_at_reply; /* conn to be closed from within reply() */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
    size_t length = strlen(trace);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(trace + length, sizeof(trace) - length, format, arguments);
    va_end(arguments);
}

static void on_up(void *arg, uint64_t conn, const char *local_ip)
{
    ck_assert_ptr_eq(arg, trace);
    tell("up %d %s\n", (int)conn, local_ip);
}

static void on_down(void *arg, uint64_t conn, const char *reason)
{
    ck_assert_ptr_eq(arg, trace);
    tell("down %d %s\n", (int)conn, reason);
}

static void on_reply(void *arg, uint64_t conn, const struct command_tag *tag,
                     const struct reply *reply)
{
    ck_assert_ptr_eq(arg, trace);
    tell("reply %d kind %d serial %d: type %d %s\n", (int)conn, (int)tag->kind,
         (int)tag->serial, (int)reply->type,
         reply->text != NULL ? reply->text : "");
    if (conn == close_at_reply)
        conn_close(pool, conn, "enough");
}

static void on_message(void *arg, uint64_t conn, const char *channel,
                       const char *text)
{
    ck_assert_ptr_eq(arg, trace);
    tell("message %d %s %s\n", (int)conn, channel, text);
}

static const struct conn_callbacks callbacks = {
    .up = on_up, .down = on_down, .reply = on_reply, .message = on_message};

static void on_pulse(uv_timer_t *timer)
{
    (void)timer;
}

static int listen_on(int family, int *chosen)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool six = family == AF_INET6;
    socklen_t size = six ? sizeof(v6) : sizeof(v4);
    struct sockaddr *address = six ? (struct sockaddr *)&v6
                                   : (struct sockaddr *)&v4;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, address, size) < 0) {
        close(fd);
        return -1;
    }
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, address, &size), 0);
    *chosen = ntohs(six ? v6.sin6_port : v4.sin_port);
    return fd;
}

static void set_up(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &pulse);
    uv_timer_start(&pulse, on_pulse, 2, 2);
    listener = listen_on(AF_INET, &port);
    ck_assert_int_ge(listener, 0);
    trace[0] = '\0';
    close_at_reply = 0;
    pool = conn_pool_new(&loop, &callbacks, trace, NULL);
}

/* Stops the pool; the loop must run out, and nothing is told any more. */
static void stop(void)
{
    char before[sizeof(trace)];

    memcpy(before, trace, sizeof(trace));
    conn_pool_stop(pool);
    uv_close((uv_handle_t *)&pulse, NULL);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    conn_pool_free(pool);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_str_eq(trace, before);
    close(listener);
}

static void turn(uint64_t since)
{
    ck_assert_msg(uv_hrtime() / 1000000 - since < DEADLINE_MS,
                  "too late; so far: %s", trace);
    uv_run(&loop, UV_RUN_ONCE);
}

/* Runs until as much as EXPECTED has been told. */
static void expect(const char *expected)
{
    uint64_t since = uv_hrtime() / 1000000;

    while (strlen(trace) < strlen(expected))
        turn(since);
    ck_assert_str_eq(trace, expected);
    trace[0] = '\0';
}

/* Runs for a while in which nothing may be told. */
static void expect_silence(void)
{
    uint64_t since = uv_hrtime() / 1000000;

    while (uv_hrtime() / 1000000 - since < 50)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_str_eq(trace, "");
}

static int accept_peer_on(int fd)
{
    uint64_t since = uv_hrtime() / 1000000;
    int peer;

    while ((peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
        turn(since);
    return peer;
}

/* Opens conn 1 and returns the server's end. */
static int connect_peer(void)
{
    int peer;

    conn_open(pool, 1, "127.0.0.1", port);
    ck_assert_str_eq(trace, "");
    peer = accept_peer_on(listener);
    expect("up 1 127.0.0.1\n");
    return peer;
}

static void send_command(enum command_kind kind, uint64_t serial,
                         const char *first, const char *second)
{
    const struct command_tag tag = {.kind = kind, .serial = serial};
    const char *words[] = {first, second};

    conn_send(pool, 1, &tag, words, second != NULL ? 2 : 1);
}

static void peer_says(int peer, const char *text)
{
    ck_assert_int_eq(write(peer, text, strlen(text)), (int)strlen(text));
}

/* Runs until the peer has got exactly EXPECTED. */
static void peer_hears(int peer, const char *expected)
{
    uint64_t since = uv_hrtime() / 1000000;
    char text[4096] = "";
    size_t length = 0;

    while (length < strlen(expected)) {
        ssize_t got = read(peer, text + length, sizeof(text) - 1 - length);

        ck_assert_int_ne(got, 0);
        if (got > 0)
            length += (size_t)got;
        else
            turn(since);
    }
    text[length] = '\0';
    ck_assert_str_eq(text, expected);
}

/* Runs until the peer sees the end of the connection. */
static void peer_sees_end(int peer)
{
    uint64_t since = uv_hrtime() / 1000000;
    char byte;

    while (read(peer, &byte, 1) < 0 && errno == EAGAIN)
        turn(since);
}

/* ---- Ends ---- */

START_TEST(refused_connection_is_reported)
{
    close(listener); /* nobody listens there any more */
    conn_open(pool, 1, "127.0.0.1", port);
    send_command(COMMAND_PING, 1, "PING", NULL);
    ck_assert_str_eq(trace, "");
    expect("down 1 Connection refused\n");
    listener = listen_on(AF_INET, &port);
}
END_TEST

static void expect_bad_address(const char *ip, int bad_port)
{
    conn_open(pool, 1, ip, bad_port);
    send_command(COMMAND_PING, 1, "PING", NULL);
    ck_assert_str_eq(trace, "");
    expect("down 1 Invalid argument\n");
}

START_TEST(bad_addresses_are_reported_later)
{
    expect_bad_address("nohost", port);
    expect_bad_address("", port);
    expect_bad_address("127.0.0.1", 0);
    expect_bad_address("127.0.0.1", -1);
    expect_bad_address("127.0.0.1", 65536);
    conn_open(pool, 2, "nohost", port);
    conn_close(pool, 2, "not wanted");
    expect_silence();
}
END_TEST

START_TEST(reset_is_reported)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    int peer = connect_peer();

    send_command(COMMAND_PING, 1, "PING", NULL);
    peer_hears(peer, "*1\r\n$4\r\nPING\r\n");
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(peer);
    expect("down 1 Connection reset by peer\n");
}
END_TEST

START_TEST(clean_end_is_reported)
{
    int peer = connect_peer();

    peer_says(peer, "+half a re");
    close(peer);
    expect("down 1 Server closed the connection\n");
}
END_TEST

START_TEST(silent_peer_is_no_event)
{
    int peer = connect_peer();

    send_command(COMMAND_PING, 1, "PING", NULL);
    expect_silence();
    conn_close(pool, 1, "no reply");
    peer_hears(peer, "");
    peer_sees_end(peer);
    expect_silence();
    close(peer);
}
END_TEST

START_TEST(closing_is_silent_and_final)
{
    conn_open(pool, 1, "127.0.0.1", port);
    conn_close(pool, 1, "changed our mind");
    conn_close(pool, 1, "twice");
    send_command(COMMAND_PING, 1, "PING", NULL);
    conn_close(pool, 77, "never known");
    expect_silence();
}
END_TEST

START_TEST(stop_closes_all)
{
    int peer = connect_peer();

    conn_open(pool, 2, "127.0.0.1", port);
    send_command(COMMAND_PING, 1, "PING", NULL);
    close(peer);
}
END_TEST

/* ---- Commands and replies ---- */

START_TEST(commands_wait_for_the_connection)
{
    int peer;

    conn_open(pool, 1, "127.0.0.1", port);
    send_command(COMMAND_AUTH, 1, "AUTH", "x");
    send_command(COMMAND_PING, 2, "PING", NULL);
    peer = accept_peer_on(listener);
    peer_hears(peer, "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n*1\r\n$4\r\nPING\r\n");
    peer_says(peer, "+OK\r\n+PONG\r\n");
    expect("up 1 127.0.0.1\n"
           "reply 1 kind 0 serial 1: type 0 OK\n"
           "reply 1 kind 3 serial 2: type 0 PONG\n");
    close(peer);
}
END_TEST

START_TEST(replies_come_in_order)
{
    static const char replies[] = "+PONG\r\n$5\r\nhello\r\n:1\r\n-ERR x\r\n";
    int peer = connect_peer();

    send_command(COMMAND_PING, 1, "PING", NULL);
    send_command(COMMAND_INFO, 2, "INFO", NULL);
    send_command(COMMAND_HELLO, 3, "PUBLISH", "x");
    send_command(COMMAND_EXEC, 4, "EXEC", NULL);
    for (const char *byte = replies; *byte != '\0'; byte++) {
        char text[2] = {*byte, '\0'};

        peer_says(peer, text);
        uv_run(&loop, UV_RUN_ONCE);
    }
    expect("reply 1 kind 3 serial 1: type 0 PONG\n"
           "reply 1 kind 4 serial 2: type 3 hello\n"
           "reply 1 kind 5 serial 3: type 2 \n"
           "reply 1 kind 11 serial 4: type 1 ERR x\n");
    close(peer);
}
END_TEST

START_TEST(owner_may_close_within_a_reply)
{
    int peer = connect_peer();

    close_at_reply = 1;
    send_command(COMMAND_PING, 1, "PING", NULL);
    send_command(COMMAND_PING, 2, "PING", NULL);
    peer_says(peer, "+A\r\n+B\r\n");
    expect("reply 1 kind 3 serial 1: type 0 A\n");
    peer_sees_end(peer);
    expect_silence();
    close(peer);
}
END_TEST

/* ---- Pub/sub ---- */

START_TEST(messages_are_not_replies)
{
    int peer = connect_peer();

    send_command(COMMAND_SETNAME, 1, "CLIENT", NULL);
    send_command(COMMAND_SUBSCRIBE, 2, "SUBSCRIBE", "c");
    peer_says(peer, "+OK\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
                    "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\none\r\n");
    expect("reply 1 kind 1 serial 1: type 0 OK\n"
           "reply 1 kind 2 serial 2: type 5 \n"
           "message 1 c one\n");
    send_command(COMMAND_PING, 3, "PING", NULL);
    peer_says(peer, "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\ntwo\r\n"
                    "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    expect("message 1 c two\n"
           "reply 1 kind 3 serial 3: type 5 \n");
    close(peer);
}
END_TEST

START_TEST(refused_subscription_is_a_reply)
{
    int peer = connect_peer();

    send_command(COMMAND_SUBSCRIBE, 1, "SUBSCRIBE", "c");
    peer_says(peer, "-NOPERM x\r\n");
    expect("reply 1 kind 2 serial 1: type 1 NOPERM x\n");
    peer_says(peer, "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\none\r\n");
    expect("down 1 Protocol error: message that nobody asked for\n");
    close(peer);
}
END_TEST

/* ---- Servers that are none ---- */

/* What the peer says without having been asked brings the connection down. */
static void expect_down(const char *said, const char *reason)
{
    char expected[256];
    int peer = connect_peer();

    peer_says(peer, said);
    snprintf(expected, sizeof(expected), "down 1 %s\n", reason);
    expect(expected);
    close(peer);
}

START_TEST(replies_that_nobody_asked_for)
{
    static const char message[] =
        "Protocol error: message that nobody asked for";
    static const char reply[] = "Protocol error: reply that nobody asked for";

    expect_down("+OK\r\n", reply);
    expect_down(":1\r\n", reply);
    expect_down("*2\r\n:1\r\n:2\r\n", reply);
    expect_down("*3\r\n:1\r\n:2\r\n:3\r\n", reply);
    expect_down("-DENIED go away\r\n", "Server refused: DENIED go away");
    expect_down("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n", message);
    expect_down("*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\nc\r\n$1\r\nx\r\n",
                message);
    expect_down("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n",
                "Protocol error: subscription that nobody asked for");
}
END_TEST

START_TEST(a_second_reply_to_one_command)
{
    int peer = connect_peer();

    send_command(COMMAND_PING, 1, "PING", NULL);
    peer_says(peer, "+PONG\r\n+PONG\r\n");
    expect("reply 1 kind 3 serial 1: type 0 PONG\n"
           "down 1 Protocol error: reply that nobody asked for\n");
    close(peer);
}
END_TEST

START_TEST(garbage_and_huge_replies)
{
    expect_down("$1000000000\r\n", "Protocol error: reply is too large");
    expect_down("*1000000000\r\n", "Protocol error: reply is too large");
    expect_down("*1\r\n$1000000000\r\nx", "Protocol error: reply is too large");
}
END_TEST

START_TEST(not_redis)
{
    uint64_t since = uv_hrtime() / 1000000;
    int peer = connect_peer();

    peer_says(peer, "HTTP/1.1 400 Bad Request\r\n");
    while (trace[0] == '\0')
        turn(since);
    ck_assert_ptr_eq(strstr(trace, "down 1 Protocol error"), trace);
    close(peer);
}
END_TEST

/* ---- Limits ---- */

START_TEST(too_many_commands_in_flight)
{
    int peer = connect_peer();

    for (uint64_t i = 0; i < 1001; i++)
        send_command(COMMAND_PING, i, "P", NULL);
    ck_assert_str_eq(trace, "");
    expect("down 1 too many commands without a reply\n");
    close(peer);
}
END_TEST

/* More commands than the limit, and more than once around the ring, when each
 * is answered in time. */
START_TEST(only_unanswered_commands_count)
{
    int peer = connect_peer();

    for (uint64_t i = 0; i < 1500; i++) {
        char expected[128];

        send_command(COMMAND_PING, 2 * i, "P", NULL);
        send_command(COMMAND_INFO, 2 * i + 1, "I", NULL);
        peer_says(peer, "+a\r\n+b\r\n");
        snprintf(expected, sizeof(expected),
                 "reply 1 kind 3 serial %d: type 0 a\n"
                 "reply 1 kind 4 serial %d: type 0 b\n",
                 (int)(2 * i), (int)(2 * i + 1));
        expect(expected);
    }
    close(peer);
}
END_TEST

START_TEST(peer_that_does_not_read)
{
    uint64_t since = uv_hrtime() / 1000000;
    size_t size = 300000;
    char *word = malloc(size + 1);
    int peer = connect_peer();

    memset(word, 'x', size);
    word[size] = '\0';
    for (int i = 0; i < 500 && trace[0] == '\0'; i++) {
        send_command(COMMAND_PING, 1, word, NULL);
        turn(since);
    }
    expect("down 1 too much output that the server does not read\n");
    free(word);
    close(peer);
}
END_TEST

/* ---- Addresses ---- */

START_TEST(source_address_is_used)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    int peer;

    conn_pool_stop(pool);
    uv_run(&loop, UV_RUN_NOWAIT);
    conn_pool_free(pool);
    pool = conn_pool_new(&loop, &callbacks, trace, "127.0.0.5");
    conn_open(pool, 1, "127.0.0.1", port);
    peer = accept_peer_on(listener);
    expect("up 1 127.0.0.5\n");
    ck_assert_int_eq(getpeername(peer, (struct sockaddr *)&address, &size), 0);
    ck_assert_str_eq(inet_ntoa(address.sin_addr), "127.0.0.5");
    close(peer);
}
END_TEST

START_TEST(source_address_that_is_not_ours)
{
    conn_pool_stop(pool);
    uv_run(&loop, UV_RUN_NOWAIT);
    conn_pool_free(pool);
    pool = conn_pool_new(&loop, &callbacks, trace, "192.0.2.1");
    conn_open(pool, 1, "127.0.0.1", port);
    expect("down 1 Cannot assign requested address\n");
}
END_TEST

START_TEST(ipv6_works)
{
    int port6;
    int listener6 = listen_on(AF_INET6, &port6);
    int peer;

    if (listener6 < 0)
        return; /* this host has no IPv6 */
    conn_open(pool, 1, "::1", port6);
    peer = accept_peer_on(listener6);
    expect("up 1 ::1\n");
    close(peer);
    close(listener6);
    expect("down 1 Server closed the connection\n");
}
END_TEST

static void add_test_case(Suite *suite, const char *name, const TTest **tests,
                          size_t count)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, stop);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
}

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn");
    const TTest *tests[] = {
        refused_connection_is_reported,
        bad_addresses_are_reported_later,
        reset_is_reported,
        clean_end_is_reported,
        silent_peer_is_no_event,
        closing_is_silent_and_final,
        stop_closes_all,
        commands_wait_for_the_connection,
        replies_come_in_order,
        owner_may_close_within_a_reply,
        messages_are_not_replies,
        refused_subscription_is_a_reply,
        replies_that_nobody_asked_for,
        a_second_reply_to_one_command,
        garbage_and_huge_replies,
        not_redis,
        too_many_commands_in_flight,
        only_unanswered_commands_count,
        peer_that_does_not_read,
        source_address_is_used,
        source_address_that_is_not_ours,
        ipv6_works,
    };

    add_test_case(suite, "conn", tests, sizeof(tests) / sizeof(tests[0]));
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(conn_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
