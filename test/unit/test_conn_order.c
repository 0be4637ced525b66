/* links: sentinel/conn.o sentinel/resp.o sentinel/resp_words.o
 * sentinel/config_words.o sentinel/resp_request.o sentinel/resp_reply.o
 * sentinel/buffer.o */
/* Replies belong to commands in their order, however many are in flight. The
 * stream is one that never sends. */
#include "../../lib/random.h"
#include "../../sentinel/conn.h"
#include "../../sentinel/stream.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define CONN 7

static struct stream {
    const struct stream_callbacks *callbacks;
    void *arg;
} stream;

static struct conn_pool *pool;
static uint64_t sent;
static uint64_t answered;

/* ---- The stream ---- */

struct stream_hub *stream_hub_new(struct uv_loop_s *loop)
{
    (void)loop;
    return NULL;
}

void stream_hub_stop(struct stream_hub *hub)
{
    (void)hub;
}

void stream_hub_free(struct stream_hub *hub)
{
    (void)hub;
}

struct stream *stream_connect(struct stream_hub *hub, const char *ip, int port,
                              const char *source_ip,
                              const struct stream_callbacks *callbacks,
                              void *arg)
{
    (void)hub, (void)ip, (void)port, (void)source_ip;
    stream.callbacks = callbacks;
    stream.arg = arg;
    return &stream;
}

void stream_write(struct stream *to, const char *data, size_t length)
{
    ck_assert_ptr_eq(to, &stream);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_gt(length, 0);
}

size_t stream_unsent(const struct stream *of)
{
    ck_assert_ptr_eq(of, &stream);
    return 0;
}

void stream_close(struct stream *which, const char *reason)
{
    which->callbacks->closed(which->arg, reason);
}

/* ---- The owner ---- */

static void on_up(void *arg, uint64_t conn, const char *local_ip)
{
    (void)arg, (void)conn, (void)local_ip;
}

static void on_down(void *arg, uint64_t conn, const char *reason)
{
    (void)arg, (void)conn;
    ck_abort_msg("closed: %s", reason);
}

/* Each command is numbered, and its reply is that number. */
static void on_reply(void *arg, uint64_t conn, const struct command_tag *tag,
                     const struct reply *reply)
{
    (void)arg;
    ck_assert_uint_eq(conn, CONN);
    ck_assert_int_eq(reply->type, REPLY_INTEGER);
    answered++;
    ck_assert_uint_eq(tag->serial, answered);
    ck_assert_int_eq(reply->integer, (int64_t)answered);
}

static void on_message(void *arg, uint64_t conn, const char *channel,
                       const char *text)
{
    (void)arg, (void)conn;
    ck_abort_msg("nobody has subscribed to %s: %s", channel, text);
}

static void send_commands(uint64_t count)
{
    const char *words[] = {"PING"};

    for (; count > 0; count--) {
        struct command_tag tag = {.kind = COMMAND_PING, .serial = ++sent};

        conn_send(pool, CONN, &tag, words, 1);
    }
}

static void answer_commands(uint64_t count)
{
    for (; count > 0; count--) {
        char data[32];
        int length = snprintf(data, sizeof(data), ":%llu\r\n",
                              (unsigned long long)answered + 1);

        stream.callbacks->read(stream.arg, data, (size_t)length);
    }
}

static void set_up(void)
{
    static const struct conn_callbacks callbacks = {
        .up = on_up, .down = on_down, .reply = on_reply, .message = on_message};

    pool = conn_pool_new(NULL, &callbacks, NULL, NULL);
    conn_open(pool, CONN, "10.0.0.1", 6379);
    stream.callbacks->connected(stream.arg, "10.0.9.9");
}

static void tear_down(void)
{
    ck_assert_uint_eq(answered, sent);
    conn_pool_stop(pool);
    conn_pool_free(pool);
}

/* More than there has been room for, after some were answered already. */
START_TEST(room_is_made_in_the_middle_of_it)
{
    for (uint64_t before = 0; before < 40; before++) {
        send_commands(before);
        answer_commands(before / 2);
        send_commands(100);
        answer_commands(sent - answered);
        conn_close(pool, CONN, "next");
        conn_open(pool, CONN, "10.0.0.1", 6379);
    }
}
END_TEST

START_TEST(any_number_in_flight)
{
    struct random random;

    random_seed(&random, 1);
    for (int i = 0; i < 60; i++) {
        uint64_t flying = sent - answered;

        send_commands(random_below(&random, 900 - flying));
        answer_commands(random_below(&random, sent - answered + 1));
    }
    answer_commands(sent - answered);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        room_is_made_in_the_middle_of_it,
        any_number_in_flight,
    };

    return run_suite("conn_order", cases, ROWS(cases), set_up, tear_down);
}
