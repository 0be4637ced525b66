/* links: sentinel/buffer.o sentinel/resp.o sentinel/resp_words.o
 * sentinel/config_words.o sentinel/resp_request.o sentinel/resp_reply.o
 * sentinel/stream.o sentinel/stream_open.o sentinel/client.o sentinel/server.o
 * sentinel/server_listen.o sentinel/settings.o sentinel/elsewhere.o
 * sentinel/password.o sentinel/acl*.o sentinel/turns.o */
#include "server_world.h"

#include <sys/ioctl.h>

/* Of client.c: requests between two looks at the clock, and in a share. */
#define REQUESTS_PER_CLOCK 8
#define TURN_REQUESTS 64

/* ---- Help ---- */

/* A client whose unread output soon stays with the server. */
static int connect_with_small_buffer(void)
{
    int size = 4096;
    int fd = connect_client();

    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
                     0);
    return fd;
}

/* COUNT times WORD, a line each; says as much of it as the kernel takes, and
 * leaves it there. */
static void say_often(int fd, const char *word, size_t count)
{
    size_t length = strlen(word);
    char *text = malloc(count * length);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * length, word, length);
    ck_assert_int_eq(send(fd, text, count * length, MSG_NOSIGNAL),
                     (ssize_t)(count * length));
    free(text);
}

/* One turn of the loop; returns how many commands it has run. */
static uint64_t count_in_turn(void)
{
    uint64_t before = commands_run;

    uv_run(&loop, UV_RUN_NOWAIT);
    return commands_run - before;
}

static void turn_until_commands(uint64_t count)
{
    uint64_t since = now_ms();

    while (commands_run < count)
        turn(since);
}

static bool heard(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK) == 1;
}

/* Hears TEXT, and leaves what comes after it. */
static void hear_next(int fd, const char *text)
{
    uint64_t since = now_ms();
    char bytes[64] = "";
    size_t length = 0;

    while (length < strlen(text)) {
        ssize_t got = read(fd, bytes + length, strlen(text) - length);

        ck_assert_int_ne(got, 0);
        length += got > 0 ? (size_t)got : 0;
        if (got < 0)
            turn(since);
    }
    ck_assert_str_eq(bytes, text);
}

static void hear_often(int fd, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hear_next(fd, text);
}

/* ---- Time ---- */

START_TEST(a_turn_is_short_however_much_is_asked)
{
    int fds[20];
    uint64_t most = 0;

    start();
    for (size_t i = 0; i < 20; i++)
        fds[i] = connect_client();
    for (size_t i = 0; i < 20; i++)
        say_often(fds[i], "SLOW\n", 20);
    while (commands_run < 20 * 20) {
        uint64_t count = count_in_turn();

        most = count > most ? count : most;
    }
    /* Each takes a millisecond. */
    ck_assert_uint_le(most, REQUESTS_PER_CLOCK);
    for (size_t i = 0; i < 20; i++) {
        hear_often(fds[i], "+DONE\r\n", 1);
        close(fds[i]);
    }
}
END_TEST

START_TEST(a_short_request_does_not_wait_for_long_ones)
{
    uint64_t since = now_ms();
    uint64_t before;
    int fds[20];
    int quick;

    start();
    quick = connect_client();
    for (size_t i = 0; i < 20; i++)
        fds[i] = connect_client();
    for (size_t i = 0; i < 20; i++)
        say_often(fds[i], "SLOW\n", 100);
    turn_until_commands(20 * REQUESTS_PER_CLOCK); /* none is new any more */
    before = commands_run;
    ck_assert_int_eq(send(quick, "PING\n", 5, 0), 5);
    while (!heard(quick))
        turn(since);
    hear_next(quick, "+PONG\r\n");
    ck_assert_uint_le(commands_run - before, 8 * REQUESTS_PER_CLOCK);
    for (size_t i = 0; i < 20; i++)
        close(fds[i]);
    close(quick);
}
END_TEST

static void on_beat(uv_timer_t *timer)
{
    size_t *beats = timer->data;

    (*beats)++;
}

START_TEST(timers_run_between_the_turns)
{
    size_t beats = 0;
    uv_timer_t beat;
    int fd;

    start();
    fd = connect_client();
    uv_timer_init(&loop, &beat);
    beat.data = &beats;
    uv_timer_start(&beat, on_beat, 1, 1);
    say_often(fd, "SLOW\n", 200);
    turn_until_commands(200);
    ck_assert_uint_ge(beats, 200 / REQUESTS_PER_CLOCK - 2);
    uv_close((uv_handle_t *)&beat, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(fd);
}
END_TEST

START_TEST(shares_are_equal)
{
    int greedy;
    int other;

    start();
    greedy = connect_client();
    other = connect_client();
    say_often(greedy, "SLOW\n", 300);
    say_often(other, "SLOW\n", 100);
    hear_often(other, "+DONE\r\n", 100);
    ck_assert_uint_ge(commands_run, 200 - 5 * REQUESTS_PER_CLOCK);
    ck_assert_uint_le(commands_run, 200 + 5 * REQUESTS_PER_CLOCK);
    close(greedy);
    close(other);
}
END_TEST

/* Nobody has anything to do before something comes in. */
static void expect_the_loop_to_wait(void)
{
    uv_timer_stop(&pulse);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(uv_backend_timeout(&loop), -1);
    uv_timer_start(&pulse, on_pulse, 2, 2);
}

/* Until so much is there to be read from the client, no turn being run. */
static void wait_for_arrival(uint64_t id, size_t bytes)
{
    const struct client *client = server_client(server, id);
    uint64_t since = now_ms();
    int arrived = 0;

    ck_assert_ptr_nonnull(client);
    while ((size_t)arrived < bytes) {
        ck_assert_uint_lt(now_ms() - since, DEADLINE_MS);
        ck_assert_int_eq(ioctl(client->fd, FIONREAD, &arrived), 0);
    }
}

/* Two clients say the same, COUNT times. Before one of them can have got all,
 * there are no more than EXPECTED commands of one in a row. */
static void expect_streak(const char *request, size_t count, uint64_t expected)
{
    int first;
    int second;

    start();
    first = connect_client();
    second = connect_client();
    say_often(first, request, count);
    say_often(second, request, count);
    wait_for_arrival(1, count * strlen(request));
    wait_for_arrival(2, count * strlen(request));
    watched_commands = count;
    turn_until_commands(2 * count);
    ck_assert_uint_gt(longest_streak, 0);
    ck_assert_uint_le(longest_streak, expected);
    close(first);
    close(second);
}

START_TEST(a_share_has_few_requests)
{
    expect_streak("PING\n", 20 * TURN_REQUESTS, TURN_REQUESTS);
}
END_TEST

START_TEST(a_share_has_little_output)
{
    expect_streak("BIG 9000\n", 12, 2);
}
END_TEST

START_TEST(the_loop_waits_when_nobody_wants_a_turn_and_only_then)
{
    int fd;

    start();
    fd = connect_client();
    say_often(fd, "SLOW\n", 100);
    turn_until_commands(1);
    while (commands_run < 100) {
        ck_assert_int_eq(uv_backend_timeout(&loop), 0);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    expect_the_loop_to_wait();
    hear_often(fd, "+DONE\r\n", 100);
    close(fd);
}
END_TEST

/* ---- Order ---- */

START_TEST(many_shares_are_answered_in_order)
{
    char text[32];
    int fd;

    start();
    fd = connect_client();
    for (size_t i = 0; i < 10 * TURN_REQUESTS; i++) {
        snprintf(text, sizeof(text), "BIG %zu\n", i % 7);
        ck_assert_int_gt(send(fd, text, strlen(text), MSG_NOSIGNAL), 0);
    }
    for (size_t i = 0; i < 10 * TURN_REQUESTS; i++) {
        snprintf(text, sizeof(text), "$%zu\r\n%.*s\r\n", i % 7, (int)(i % 7),
                 "xxxxxxx");
        hear_next(fd, text);
    }
    close(fd);
}
END_TEST

START_TEST(an_answer_that_waits_holds_back_the_later_shares)
{
    struct client *client;
    int fd;

    start();
    fd = connect_client();
    say_often(fd, "PING\n", TURN_REQUESTS + 3);
    say_often(fd, "WAIT\n", 1);
    say_often(fd, "COUNT\n", 2 * TURN_REQUESTS);
    hear_often(fd, "+PONG\r\n", TURN_REQUESTS + 3);
    hear_nothing(fd);
    ck_assert_uint_eq(commands_run, TURN_REQUESTS + 4);
    client = server_client(server, 1);
    ck_assert_ptr_nonnull(client);
    resp_status(&client->output, "LATE");
    client_answered(client);
    /* Not within the call: whoever brings the answer has other things to do. */
    ck_assert_uint_eq(commands_run, TURN_REQUESTS + 4);
    hear_next(fd, "+LATE\r\n");
    hear_often(fd, ":1\r\n", 2 * TURN_REQUESTS);
    close(fd);
}
END_TEST

START_TEST(a_half_closed_client_gets_all_its_shares)
{
    int fd;

    start();
    fd = connect_client();
    say_often(fd, "PING\n", 5 * TURN_REQUESTS);
    shutdown(fd, SHUT_WR);
    hear_often(fd, "+PONG\r\n", 5 * TURN_REQUESTS);
    ck_assert_uint_eq(hear_end(fd), 0);
    close(fd);
    expect_count(0);
}
END_TEST

START_TEST(clients_may_go_while_they_want_turns)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    int fds[6];

    start();
    for (size_t i = 0; i < 6; i++) {
        fds[i] = connect_client();
        say_often(fds[i], "SLOW\n", 500);
    }
    turn_until_commands(10);
    client_close(server_client(server, 2), "killed");
    client_close(server_client(server, 5), "killed");
    for (size_t i = 0; i < 6; i++) {
        setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        close(fds[i]);
    }
    expect_count(0);
    ck_assert_uint_lt(commands_run, 500); /* nobody's were run to the end */
}
END_TEST

/* ---- Output ---- */

#define QUESTIONS 20000
#define QUESTION "BIG 1000\n"
#define QUESTION_BYTES (sizeof(QUESTION) - 1)
#define ANSWER_BYTES (sizeof("$1000\r\n\r\n") - 1 + 1000)

static char questions[QUESTIONS * QUESTION_BYTES];

/* Says what the kernel takes of the rest; returns how much. */
static size_t ask_on(int fd, size_t asked)
{
    ssize_t sent = send(fd, questions + asked, sizeof(questions) - asked,
                        MSG_NOSIGNAL);

    return sent > 0 ? (size_t)sent : 0;
}

/* Asks until neither questions are taken nor run any more. */
static size_t ask_until_stuck(int fd)
{
    size_t asked = 0;
    uint64_t before;
    size_t more;

    do {
        before = commands_run;
        more = ask_on(fd, asked);
        asked += more;
        run_for(more != 0 ? 1 : 100);
    } while (more != 0 || commands_run != before);
    return asked;
}

START_TEST(who_does_not_read_is_not_answered)
{
    uint64_t since = now_ms();
    size_t heard_bytes = 0;
    size_t asked;
    int deaf;
    int fd;

    for (size_t i = 0; i < QUESTIONS; i++)
        memcpy(questions + i * QUESTION_BYTES, QUESTION, QUESTION_BYTES);
    start();
    deaf = connect_client();
    fd = connect_client();
    asked = ask_until_stuck(deaf);
    ck_assert_uint_lt(commands_run, 15000);
    expect_the_loop_to_wait();
    ck_assert_uint_eq(server_client_count(server), 2);
    say(fd, "PING\n");
    hear(fd, "+PONG\r\n");
    while (heard_bytes < QUESTIONS * ANSWER_BYTES) {
        char bytes[65536];
        ssize_t got = read(deaf, bytes, sizeof(bytes));

        heard_bytes += got > 0 ? (size_t)got : 0;
        asked += ask_on(deaf, asked);
        if (got <= 0)
            turn(since);
    }
    hear_nothing(deaf);
    say(deaf, "PING\n");
    hear(deaf, "+PONG\r\n");
    ck_assert_uint_eq(commands_run, QUESTIONS + 2);
    close(deaf);
    close(fd);
}
END_TEST

START_TEST(the_sum_of_unread_output_is_limited)
{
    uint64_t since = now_ms();
    int fds[3];

    settings.output_sum_limit = 50000000;
    start();
    for (size_t i = 0; i < 3; i++)
        fds[i] = connect_with_small_buffer();
    say(fds[0], "BIG 20000000\n");
    say(fds[1], "BIG 40000000\n");
    say(fds[2], "BIG 20000000\n");
    while (server_client(server, 2) != NULL)
        turn(since);
    run_for(50);
    ck_assert_uint_eq(server_client_count(server), 2);
    ck_assert_ptr_nonnull(strstr(logged, "all clients together"));
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
}
END_TEST

static Suite *server_suite(void)
{
    Suite *suite = suite_create("server_turns");
    const TTest *tests[] = {
        a_turn_is_short_however_much_is_asked,
        a_short_request_does_not_wait_for_long_ones,
        timers_run_between_the_turns,
        shares_are_equal,
        a_share_has_few_requests,
        a_share_has_little_output,
        the_loop_waits_when_nobody_wants_a_turn_and_only_then,
        many_shares_are_answered_in_order,
        an_answer_that_waits_holds_back_the_later_shares,
        a_half_closed_client_gets_all_its_shares,
        clients_may_go_while_they_want_turns,
        who_does_not_read_is_not_answered,
        the_sum_of_unread_output_is_limited,
    };

    add_tests(suite, "server_turns", tests, sizeof(tests) / sizeof(tests[0]));
    return suite;
}

int main(void)
{
    return run_suite(server_suite()) ? EXIT_FAILURE : EXIT_SUCCESS;
}
