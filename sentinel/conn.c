/* The connections of the core's links: commands in flight, replies matched to
 * them in order. */
#include "conn.h"

#include "../lib/xalloc.h"
#include "resp.h"
#include "stream.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

/* The core asks for one thing at a time, so each limit means that the server
 * is out of its mind. */
#define COMMANDS_MAX 1000
#define UNSENT_MAX_BYTES 1048576
#define REPLY_MAX_BYTES 4194304

/* A command whose reply has not come yet. */
struct command {
    struct command_tag tag;
    size_t confirmations; /* replies to come: SUBSCRIBE has one a channel */
};

struct conn {
    uint64_t id;
    struct conn_pool *pool;
    struct stream *stream;
    struct resp_reply_reader *replies;
    struct command *commands; /* ring of those in flight, oldest first */
    size_t first;
    size_t count;
    size_t capacity;
    bool subscribed; /* messages may come */
    bool closing;    /* nothing is sent or read any more */
    bool silent;     /* the owner has closed it and hears no more of it */
    UT_hash_handle hh;
};

struct conn_pool {
    struct stream_hub *hub;
    const struct conn_callbacks *callbacks;
    void *arg;
    char *source_address; /* or NULL */
    struct conn *conns;   /* by id; without those closed by the owner */
};

/* ---- Ends ---- */

/* Closes for a reason of our own, which down() will tell. */
static void fail(struct conn *conn, const char *reason)
{
    conn->closing = true;
    stream_close(conn->stream, reason);
}

static void on_closed(void *arg, const char *reason)
{
    struct conn *conn = arg;
    struct conn_pool *pool = conn->pool;
    uint64_t id = conn->id;
    bool silent = conn->silent;

    if (!silent)
        HASH_DEL(pool->conns, conn);
    resp_reply_reader_free(conn->replies);
    free(conn->commands);
    free(conn);
    if (!silent)
        pool->callbacks->down(pool->arg, id, reason);
}

static void close_silently(struct conn *conn, const char *reason)
{
    HASH_DEL(conn->pool->conns, conn);
    conn->silent = true;
    conn->closing = true;
    stream_close(conn->stream, reason);
}

/* ---- Commands in flight ---- */

static void push_command(struct conn *conn, const struct command *command)
{
    if (conn->count == conn->capacity) {
        size_t capacity = conn->capacity != 0 ? conn->capacity * 2 : 8;
        struct command *ring = xmalloc(capacity * sizeof(*ring));

        for (size_t i = 0; i < conn->count; i++)
            ring[i] = conn->commands[(conn->first + i) % conn->capacity];
        free(conn->commands);
        conn->commands = ring;
        conn->capacity = capacity;
        conn->first = 0;
    }
    conn->commands[(conn->first + conn->count++) % conn->capacity] = *command;
}

static struct command_tag pop_command(struct conn *conn)
{
    struct command_tag tag = conn->commands[conn->first].tag;

    conn->first = (conn->first + 1) % conn->capacity;
    conn->count--;
    return tag;
}

/* ---- Replies ---- */

enum push_kind {
    PUSH_NONE,    /* an ordinary reply */
    PUSH_MESSAGE, /* on a channel */
    PUSH_CONFIRM, /* of SUBSCRIBE */
    PUSH_OTHER    /* what we never asked for */
};

/* Tells the messages of pub/sub by their first word; no other reply to what a
 * sentinel sends is an array that begins with one of these words. */
static enum push_kind push_kind(const struct reply *reply)
{
    static const struct {
        const char *word;
        enum push_kind kind;
    } words[] = {
        {"message", PUSH_MESSAGE},   {"subscribe", PUSH_CONFIRM},
        {"pmessage", PUSH_OTHER},    {"psubscribe", PUSH_OTHER},
        {"unsubscribe", PUSH_OTHER}, {"punsubscribe", PUSH_OTHER},
        {"smessage", PUSH_OTHER},
    };

    if (reply->type != REPLY_ARRAY || reply->count < 3 ||
        reply->elements[0].type != REPLY_STRING)
        return PUSH_NONE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(reply->elements[0].text, words[i].word) == 0)
            return words[i].kind;
    return PUSH_NONE;
}

static void take_message(struct conn *conn, const struct reply *reply)
{
    const struct conn_pool *pool = conn->pool;
    const struct reply *channel = &reply->elements[1];
    const struct reply *text = &reply->elements[2];

    if (!conn->subscribed || reply->count != 3 ||
        channel->type != REPLY_STRING || text->type != REPLY_STRING)
        fail(conn, "Protocol error: message that nobody asked for");
    else
        pool->callbacks->message(pool->arg, conn->id, channel->text,
                                 text->text);
}

static void take_reply(struct conn *conn, const struct reply *reply)
{
    const struct conn_pool *pool = conn->pool;
    struct command_tag tag = pop_command(conn);

    pool->callbacks->reply(pool->arg, conn->id, &tag, reply);
}

static void take_confirmation(struct conn *conn, const struct reply *reply)
{
    struct command *command = &conn->commands[conn->first];

    if (conn->count == 0 || command->tag.kind != COMMAND_SUBSCRIBE) {
        fail(conn, "Protocol error: subscription that nobody asked for");
        return;
    }
    conn->subscribed = true;
    if (--command->confirmations == 0)
        take_reply(conn, reply);
}

/* A server that turns us away says why before it closes: that is worth more
 * than that nobody asked. */
static void refuse_reply(struct conn *conn, const struct reply *reply)
{
    char reason[160];

    if (reply->type == REPLY_ERROR)
        snprintf(reason, sizeof(reason), "Server refused: %s", reply->text);
    else
        snprintf(reason, sizeof(reason),
                 "Protocol error: reply that nobody asked for");
    fail(conn, reason);
}

static void dispatch(struct conn *conn, const struct reply *reply)
{
    switch (push_kind(reply)) {
    case PUSH_MESSAGE:
        take_message(conn, reply);
        break;
    case PUSH_CONFIRM:
        take_confirmation(conn, reply);
        break;
    case PUSH_OTHER:
        fail(conn, "Protocol error: message that nobody asked for");
        break;
    case PUSH_NONE:
        if (conn->count == 0)
            refuse_reply(conn, reply);
        else
            take_reply(conn, reply);
        break;
    }
}

/* ---- Stream ---- */

static void on_connected(void *arg, const char *local_ip)
{
    struct conn *conn = arg;

    if (!conn->closing)
        conn->pool->callbacks->up(conn->pool->arg, conn->id, local_ip);
}

static void on_read(void *arg, const char *data, size_t length)
{
    struct conn *conn = arg;

    resp_reply_reader_feed(conn->replies, data, length);
    while (!conn->closing) {
        const struct reply *reply;
        const char *error;
        enum resp_result result = resp_reply_next(conn->replies, &reply,
                                                  &error);

        if (result == RESP_MORE)
            return;
        if (result == RESP_DONE)
            dispatch(conn, reply);
        else
            fail(conn, error);
    }
}

static const struct stream_callbacks stream_callbacks = {
    .connected = on_connected,
    .read = on_read,
    .closed = on_closed,
};

/* ---- The pool ---- */

struct conn_pool *conn_pool_new(struct uv_loop_s *loop,
                                const struct conn_callbacks *callbacks,
                                void *arg, const char *source_address)
{
    struct conn_pool *pool = xcalloc(1, sizeof(*pool));

    pool->hub = stream_hub_new(loop);
    pool->callbacks = callbacks;
    pool->arg = arg;
    pool->source_address = xstrdup_or_null(source_address);
    return pool;
}

static struct conn *find(const struct conn_pool *pool, uint64_t id)
{
    struct conn *conn = NULL;

    HASH_FIND(hh, pool->conns, &id, sizeof(id), conn);
    return conn;
}

void conn_open(struct conn_pool *pool, uint64_t id, const char *ip, int port)
{
    struct conn *conn = xcalloc(1, sizeof(*conn));

    assert(find(pool, id) == NULL);
    conn->id = id;
    conn->pool = pool;
    conn->replies = resp_reply_reader_new(REPLY_MAX_BYTES);
    HASH_ADD(hh, pool->conns, id, sizeof(conn->id), conn);
    conn->stream = stream_connect(pool->hub, ip, port, pool->source_address,
                                  &stream_callbacks, conn);
}

void conn_send(struct conn_pool *pool, uint64_t id,
               const struct command_tag *tag, const char *const *words,
               size_t count)
{
    struct conn *conn = find(pool, id);
    struct command command = {.tag = *tag, .confirmations = 1};
    size_t length;
    char *data;

    if (conn == NULL || conn->closing)
        return;
    if (conn->count >= COMMANDS_MAX) {
        fail(conn, "too many commands without a reply");
        return;
    }
    if (tag->kind == COMMAND_SUBSCRIBE && count > 2)
        command.confirmations = count - 1;
    length = resp_format(words, count, &data);
    if (stream_unsent(conn->stream) + length > UNSENT_MAX_BYTES) {
        fail(conn, "too much output that the server does not read");
    } else {
        push_command(conn, &command);
        stream_write(conn->stream, data, length);
    }
    free(data);
}

void conn_close(struct conn_pool *pool, uint64_t id, const char *reason)
{
    struct conn *conn = find(pool, id);

    if (conn != NULL)
        close_silently(conn, reason);
}

void conn_pool_stop(struct conn_pool *pool)
{
    struct conn *conn;
    struct conn *next;

    HASH_ITER (hh, pool->conns, conn, next)
        close_silently(conn, "stopping");
    stream_hub_stop(pool->hub);
}

void conn_pool_free(struct conn_pool *pool)
{
    if (pool == NULL)
        return;
    stream_hub_free(pool->hub);
    free(pool->source_address);
    free(pool);
}
