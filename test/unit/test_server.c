/* links: sentinel/buffer.o sentinel/resp.o sentinel/resp_words.o
 * sentinel/config_words.o sentinel/resp_request.o sentinel/resp_reply.o
 * sentinel/stream.o sentinel/stream_open.o sentinel/conn.o sentinel/client.o
 * sentinel/server.o sentinel/server_listen.o sentinel/settings.o
 * sentinel/elsewhere.o sentinel/password.o sentinel/acl*.o sentinel/turns.o */
#include "../../sentinel/conn.h"
#include "server_world.h"

/* ---- Requests and replies ---- */

START_TEST(requests_are_answered)
{
    int fd;

    start();
    fd = connect_client();
    say(fd, "PING\r\n");
    hear(fd, "+PONG\r\n");
    say(fd, "*1\r\n$4\r\nPING\r\n\r\n*0\r\nCOUNT 'a b' c\r\nNOW\nPING\nx\n");
    hear(fd, "+PONG\r\n:3\r\n+NOW\r\n+PONG\r\n-ERR unknown\r\n");
    ck_assert_uint_eq(commands_run, 6);
    ck_assert_uint_eq(context.connections_received, 1);
    ck_assert_uint_eq(context.output_bytes, 45);
    ck_assert_uint_eq(context.input_bytes, 52);
    close(fd);
    expect_count(0);
}
END_TEST

START_TEST(a_client_that_waits_keeps_its_requests)
{
    struct client *client;
    int fd;

    start();
    fd = connect_client();
    say(fd, "PING\nWAIT\nPING\nCOUNT\n");
    hear(fd, "+PONG\r\n");
    hear_nothing(fd);
    ck_assert_uint_eq(commands_run, 2);
    client = server_client(server, 1);
    ck_assert_ptr_nonnull(client);
    resp_status(&client->output, "ANSWER");
    client_answered(client);
    hear(fd, "+ANSWER\r\n+PONG\r\n:1\r\n");
    close(fd);
}
END_TEST

START_TEST(a_client_that_waits_is_not_read_without_end)
{
    static char pings[1200000];
    uint64_t since = now_ms();
    size_t sent = 0;
    size_t heard = 0;
    int fd;

    for (size_t i = 0; i < sizeof(pings); i += 6)
        memcpy(pings + i, "PING\r\n", 6);
    start();
    fd = connect_client();
    say(fd, "WAIT\r\n");
    while (now_ms() - since < 200) {
        ssize_t got = send(fd, pings + sent, sizeof(pings) - sent,
                           MSG_NOSIGNAL);

        sent += got > 0 ? (size_t)got : 0;
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_gt(sent, 300000); /* the kernel has taken the rest */
    ck_assert_uint_lt(context.input_bytes, 200000);
    client_answered(server_client(server, 1));
    while (heard < sizeof(pings) / 6 * 7) {
        char bytes[65536];
        ssize_t got = read(fd, bytes, sizeof(bytes));

        heard += got > 0 ? (size_t)got : 0;
        got = send(fd, pings + sent, sizeof(pings) - sent, MSG_NOSIGNAL);
        sent += got > 0 ? (size_t)got : 0;
        turn(since);
    }
    ck_assert_uint_eq(heard, sizeof(pings) / 6 * 7);
    close(fd);
}
END_TEST

START_TEST(a_half_closed_client_gets_its_answers)
{
    struct client *client;
    int fd;

    start();
    fd = connect_client();
    say(fd, "PING\nWAIT\nPING\n");
    shutdown(fd, SHUT_WR);
    hear(fd, "+PONG\r\n");
    hear_nothing(fd);
    client = server_client(server, 1);
    ck_assert_ptr_nonnull(client);
    resp_status(&client->output, "LATE");
    client_answered(client);
    hear(fd, "+LATE\r\n+PONG\r\n");
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
    expect_count(0);
}
END_TEST

START_TEST(a_client_may_go_while_it_waits)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    int fd;

    start();
    fd = connect_client();
    say(fd, "WAIT\n");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    expect_count(0);
    ck_assert_ptr_null(server_client(server, 1));
}
END_TEST

START_TEST(replies_are_sent_before_closing)
{
    int fd;

    start();
    fd = connect_client();
    say(fd, "PING\nQUIT\nPING\n");
    hear(fd, "+PONG\r\n+OK\r\n");
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
    fd = connect_client();
    say(fd, "PING\nKILL\nPING\n");
    hear(fd, "+PONG\r\n");
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
    expect_count(0);
}
END_TEST

/* ---- Bad input ---- */

START_TEST(protocol_errors_are_told)
{
    int fd;

    start();
    fd = connect_client();
    say(fd, "PING\n*x\r\nPING\n");
    hear(fd, "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n");
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
    fd = connect_client();
    say(fd, "*1\r\n$1000000000\r\n");
    hear(fd, "-ERR Protocol error: invalid bulk length\r\n");
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
}
END_TEST

/* What is still under way must not make the system throw the answer away. */
START_TEST(errors_arrive_while_the_client_still_sends)
{
    static char rubbish[400000];
    uint64_t since = now_ms();
    ssize_t got;
    char byte;
    int fd;

    memset(rubbish, 'A', sizeof(rubbish));
    start();
    fd = connect_client();
    say_bytes(fd, rubbish, sizeof(rubbish));
    hear(fd, "-ERR Protocol error: too big inline request\r\n");
    while ((got = read(fd, &byte, 1)) < 0 && errno == EAGAIN)
        turn(since);
    ck_assert_int_eq(got, 0); /* an end, not a reset */
    close(fd);
}
END_TEST

START_TEST(a_closing_client_cannot_stay)
{
    uint64_t since = now_ms();
    int fd;

    start();
    fd = connect_client();
    say(fd, "*x\r\n");
    expect_count(0);
    while (forgotten == 0)
        turn(since); /* although we never close our side */
    ck_assert_uint_lt(now_ms() - since, 5000);
    close(fd);
}
END_TEST

START_TEST(http_gets_no_answer)
{
    int fd;

    start();
    fd = connect_client();
    say(fd, "PING\r\nHost: x\r\nPING\r\n");
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
}
END_TEST

START_TEST(strangers_are_limited_until_they_log_in)
{
    int fd;

    require_password();
    start();
    fd = connect_client();
    say(fd, "AUTH\n*12\r\n");
    hear(fd, "+OK\r\n");
    hear_nothing(fd);
    close(fd);
    fd = connect_client();
    say(fd, "*12\r\n");
    hear(fd, "-ERR Protocol error: unauthenticated multibulk length\r\n");
    close(fd);
}
END_TEST

/* ---- The list ---- */

static void close_even(void *arg, struct client *client)
{
    char *ids = arg;
    size_t length = strlen(ids);

    snprintf(ids + length, 64 - length, "%d ", (int)client->id);
    if (client->id % 2 == 0)
        client_close(client, "even");
    if (client->id == 1 && server_client(server, 3) != NULL)
        client_close(server_client(server, 3), "by another");
}

START_TEST(clients_are_visited_in_order)
{
    char ids[64] = "";
    int fds[5];

    start();
    for (int i = 0; i < 5; i++)
        fds[i] = connect_client();
    server_visit_clients(server, close_even, ids);
    ck_assert_str_eq(ids, "1 2 4 5 ");
    ck_assert_uint_eq(server_client_count(server), 2);
    ck_assert_ptr_null(server_client(server, 2));
    ids[0] = '\0';
    server_visit_clients(server, close_even, ids);
    ck_assert_str_eq(ids, "1 5 ");
    for (int i = 0; i < 5; i++)
        close(fds[i]);
    expect_count(0);
}
END_TEST

START_TEST(new_clients_have_first_values)
{
    const struct client *client;
    char local[64];
    int fd;

    start();
    fd = connect_client();
    client = server_client(server, 1);
    snprintf(local, sizeof(local), "127.0.0.1:%d", settings.port);
    ck_assert_str_eq(client->local_address, local);
    ck_assert_int_eq(strncmp(client->address, "127.0.0.1:", 10), 0);
    ck_assert_str_eq(client->user->name, "default");
    ck_assert(client->authenticated);
    ck_assert(client->loopback && !client->unix_socket);
    ck_assert_int_eq(client->output.proto, 2);
    ck_assert_int_gt(client->fd, 0);
    close(fd);
}
END_TEST

START_TEST(output_is_written_at_the_end)
{
    int fd;

    start();
    fd = connect_client();
    say(fd, "SUBSCRIBE\n");
    hear(fd, "+SUBSCRIBED\r\n");
    resp_text(&server_client(server, 1)->output, "goodbye");
    client_flush(server_client(server, 1));
    server_stop(server);
    hear(fd, "$7\r\ngoodbye\r\n");
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
}
END_TEST

START_TEST(a_client_that_does_not_read_cannot_hold_up_the_end)
{
    uint64_t since;
    int fd;

    start();
    fd = connect_client();
    say(fd, "BIG 20000000\n");
    server_stop(server);
    since = now_ms();
    while (forgotten == 0)
        turn(since);
    ck_assert_uint_lt(now_ms() - since, 5000);
    close(fd);
}
END_TEST

/* ---- Both ends ---- */

static char told[4096];

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
    size_t length = strlen(told);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(told + length, sizeof(told) - length, format, arguments);
    va_end(arguments);
}

static void on_up(void *arg, uint64_t conn, const char *local_ip)
{
    (void)arg;
    (void)conn;
    tell("up %s;", local_ip);
}

static void on_down(void *arg, uint64_t conn, const char *reason)
{
    (void)arg;
    (void)conn;
    tell("down %s;", reason);
}

static void on_reply(void *arg, uint64_t conn, const struct command_tag *tag,
                     const struct reply *reply)
{
    (void)arg;
    (void)conn;
    tell("%d %s;", (int)tag->serial, reply->text);
}

static void on_message(void *arg, uint64_t conn, const char *channel,
                       const char *text)
{
    (void)arg;
    (void)conn;
    tell("%s %s;", channel, text);
}

static void expect_told(const char *expected)
{
    uint64_t since = now_ms();

    while (strlen(told) < strlen(expected))
        turn(since);
    ck_assert_str_eq(told, expected);
}

START_TEST(conn_and_server_understand_each_other)
{
    static const struct conn_callbacks callbacks = {
        .up = on_up, .down = on_down, .reply = on_reply, .message = on_message};
    const char *ping[] = {"PING"};
    const char *bad[] = {"NOSUCH", "a b"};
    const char *quit[] = {"QUIT"};
    struct conn_pool *pool;

    told[0] = '\0';
    start();
    pool = conn_pool_new(&loop, &callbacks, NULL, NULL);
    conn_open(pool, 9, "127.0.0.1", settings.port);
    for (uint64_t i = 1; i <= 3; i++) {
        struct command_tag tag = {.kind = COMMAND_PING, .serial = i};

        conn_send(pool, 9, &tag, i == 2 ? bad : ping, i == 2 ? 2 : 1);
    }
    expect_told("up 127.0.0.1;1 PONG;2 ERR unknown;3 PONG;");
    conn_send(pool, 9, &(struct command_tag){.serial = 4}, quit, 1);
    expect_told("up 127.0.0.1;1 PONG;2 ERR unknown;3 PONG;4 OK;"
                "down Server closed the connection;");
    conn_pool_stop(pool);
    uv_run(&loop, UV_RUN_NOWAIT);
    conn_pool_free(pool);
}
END_TEST

static Suite *server_suite(void)
{
    Suite *suite = suite_create("server");
    const TTest *tests[] = {
        requests_are_answered,
        a_client_that_waits_keeps_its_requests,
        a_client_that_waits_is_not_read_without_end,
        a_half_closed_client_gets_its_answers,
        a_client_may_go_while_it_waits,
        replies_are_sent_before_closing,
        protocol_errors_are_told,
        errors_arrive_while_the_client_still_sends,
        a_closing_client_cannot_stay,
        http_gets_no_answer,
        strangers_are_limited_until_they_log_in,
        clients_are_visited_in_order,
        new_clients_have_first_values,
        output_is_written_at_the_end,
        a_client_that_does_not_read_cannot_hold_up_the_end,
        conn_and_server_understand_each_other,
    };

    add_tests(suite, "server", tests, sizeof(tests) / sizeof(tests[0]));
    return suite;
}

int main(void)
{
    return run_suite(server_suite()) ? EXIT_FAILURE : EXIT_SUCCESS;
}
