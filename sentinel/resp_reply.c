/* Replies of servers: hiredis reads, this builds the core's form of a reply
 * and keeps it within a limit. */
#include "resp.h"
#include "resp_decoder.h"

#include "../lib/xalloc.h"
#include "buffer.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 65536 /* of a status, an error or a header */
#define DEPTH_MAX 7          /* what hiredis 0.14 can nest */

/* The decoder is made anew between replies after so many bytes: its buffer
 * does not shrink by itself while nothing comes. */
#define RENEW_BYTES 65536

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

/* A value in the order of arrival, arrays before their elements. Values are
 * listed flat, because an array cannot be given its place before all of it is
 * there: the announced size is not believed. */
struct value {
    enum reply_type type;
    int64_t integer;
    size_t offset; /* in the text */
    size_t length;
    size_t count; /* of elements announced */
};

/* What one value is counted for, besides its text. */
#define VALUE_BYTES (sizeof(struct value) + sizeof(struct reply))

struct resp_reply_reader {
    redisReader *decoder;
    size_t max_bytes;
    size_t fed_bytes; /* since the decoder was made */
    struct value *values;
    size_t count;
    size_t capacity;
    struct buffer text;    /* of all values, each with a NUL */
    struct reply *replies; /* the tree handed out */
    bool failed;
    const char *refusal; /* why an object function said no */
    char error[192];
};

/* ---- Object functions ---- */

static void *refuse(struct resp_reply_reader *reader, const char *why)
{
    reader->refusal = why;
    return NULL; /* stops hiredis */
}

static size_t held_bytes(const struct resp_reply_reader *reader)
{
    return reader->count * VALUE_BYTES + buffer_length(&reader->text);
}

/* TEXT_BYTES will be appended to the text for it. */
static struct value *add_value(struct resp_reply_reader *reader,
                               enum reply_type type, size_t text_bytes)
{
    struct value *value;

    if (held_bytes(reader) + VALUE_BYTES + text_bytes > reader->max_bytes)
        return refuse(reader, "reply is too large");
    if (reader->count == reader->capacity) {
        reader->capacity = reader->capacity != 0 ? reader->capacity * 2 : 8;
        reader->values = xrealloc(reader->values,
                                  reader->capacity * sizeof(struct value));
    }
    value = &reader->values[reader->count++];
    *value = (struct value){.type = type};
    return value;
}

static void *create_string(const redisReadTask *task, char *text, size_t length)
{
    struct resp_reply_reader *reader = task->privdata;
    enum reply_type type = REPLY_STRING;
    struct value *value;

    if (task->type == REDIS_REPLY_STATUS)
        type = REPLY_STATUS;
    else if (task->type == REDIS_REPLY_ERROR)
        type = REPLY_ERROR;
    else if (task->type != REDIS_REPLY_STRING)
        return refuse(reader, "type of reply that RESP2 does not have");
    if (length > reader->max_bytes)
        return refuse(reader, "reply is too large");
    value = add_value(reader, type, length + 1);
    if (value == NULL)
        return NULL;
    value->offset = buffer_length(&reader->text);
    value->length = length;
    buffer_append(&reader->text, text, length);
    buffer_append(&reader->text, "", 1);
    return reader;
}

static int depth_of(const redisReadTask *task)
{
    int depth = 1;

    while (task->parent != NULL) {
        task = task->parent;
        depth++;
    }
    return depth;
}

static void *create_array(const redisReadTask *task, element_count count)
{
    struct resp_reply_reader *reader = task->privdata;
    struct value *value;

    if (task->type != REDIS_REPLY_ARRAY)
        return refuse(reader, "type of reply that RESP2 does not have");
    if (depth_of(task) > DEPTH_MAX)
        return refuse(reader, "reply is nested too deep");
    if ((size_t)count > reader->max_bytes / VALUE_BYTES)
        return refuse(reader, "reply is too large");
    value = add_value(reader, REPLY_ARRAY, 0);
    if (value == NULL)
        return NULL;
    value->count = (size_t)count;
    return reader;
}

static void *create_integer(const redisReadTask *task, long long number)
{
    struct value *value = add_value(task->privdata, REPLY_INTEGER, 0);

    if (value == NULL)
        return NULL;
    value->integer = number;
    return task->privdata;
}

/* Of "$-1" and "*-1"; a null with a type of its own is RESP3. */
static void *create_nil(const redisReadTask *task)
{
    if (task->type == REDIS_REPLY_NIL)
        return refuse(task->privdata, "type of reply that RESP2 does not have");
    return add_value(task->privdata, REPLY_NIL, 0) != NULL ? task->privdata
                                                           : NULL;
}

#if HIREDIS_MAJOR >= 1
/* We never ask for RESP3, so a server that sends it is not one. */
static void *create_double(const redisReadTask *task, double number, char *text,
                           size_t length)
{
    (void)number;
    (void)text;
    (void)length;
    return refuse(task->privdata, "type of reply that RESP2 does not have");
}

static void *create_bool(const redisReadTask *task, int value)
{
    (void)value;
    return refuse(task->privdata, "type of reply that RESP2 does not have");
}
#endif

static redisReplyObjectFunctions object_functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = create_double,
    .createBool = create_bool,
#endif
    .freeObject = resp_decoder_keep,
};

/* ---- The tree ---- */

/* Where the building of a tree stands. */
struct builder {
    const struct resp_reply_reader *reader;
    size_t read;  /* values done */
    size_t taken; /* replies given a place */
};

/* Fills PLACE from the next value; depth is limited when values come in. */
static void build(struct builder *builder, struct reply *place)
{
    const struct value *value = &builder->reader->values[builder->read++];

    *place = (struct reply){.type = value->type, .integer = value->integer};
    if (value->type == REPLY_STATUS || value->type == REPLY_ERROR ||
        value->type == REPLY_STRING) {
        place->text = buffer_bytes(&builder->reader->text) + value->offset;
        place->length = value->length;
    }
    if (value->count == 0)
        return;
    place->elements = builder->reader->replies + builder->taken;
    place->count = value->count;
    builder->taken += value->count;
    for (size_t i = 0; i < place->count; i++)
        build(builder, &place->elements[i]);
}

static void build_tree(struct resp_reply_reader *reader)
{
    struct builder builder = {.reader = reader, .taken = 1};

    assert(reader->values != NULL);
    reader->replies = xmalloc(reader->count * sizeof(struct reply));
    build(&builder, &reader->replies[0]);
    assert(builder.read == reader->count && builder.taken == reader->count);
}

static void forget_reply(struct resp_reply_reader *reader)
{
    free(reader->replies);
    reader->replies = NULL;
    buffer_take(&reader->text, buffer_length(&reader->text));
    reader->count = 0;
    if (reader->capacity * sizeof(struct value) > RENEW_BYTES) {
        free(reader->values);
        reader->values = NULL;
        reader->capacity = 0;
    }
    /* Between two replies nothing is lost by a new decoder. */
    if (reader->fed_bytes >= RENEW_BYTES &&
        reader->decoder->pos == reader->decoder->len) {
        redisReaderFree(reader->decoder);
        reader->decoder = resp_decoder_new(&object_functions, reader);
        reader->fed_bytes = 0;
    }
}

/* ---- The reader ---- */

struct resp_reply_reader *resp_reply_reader_new(size_t max_bytes)
{
    struct resp_reply_reader *reader = xcalloc(1, sizeof(*reader));

    reader->max_bytes = max_bytes;
    reader->decoder = resp_decoder_new(&object_functions, reader);
    return reader;
}

void resp_reply_reader_free(struct resp_reply_reader *reader)
{
    if (reader == NULL)
        return;
    redisReaderFree(reader->decoder);
    buffer_clear(&reader->text);
    free(reader->values);
    free(reader->replies);
    free(reader);
}

void resp_reply_reader_feed(struct resp_reply_reader *reader, const char *data,
                            size_t length)
{
    if (reader->failed || length == 0)
        return;
    if (redisReaderFeed(reader->decoder, data, length) != REDIS_OK)
        abort(); /* out of memory */
    reader->fed_bytes += length;
}

static enum resp_result fail(struct resp_reply_reader *reader, const char *why,
                             const char **error)
{
    snprintf(reader->error, sizeof(reader->error), "Protocol error: %s", why);
    reader->failed = true;
    *error = reader->error;
    return RESP_ERROR;
}

/* The number at the front of BYTES, capped; TEXT is what hiredis has not
 * judged yet, so anything may stand there. */
static size_t announced(const char *bytes, const char *end, size_t cap)
{
    size_t number = 0;

    while (bytes < end && *bytes >= '0' && *bytes <= '9' && number <= cap)
        number = number * 10 + (size_t)(*bytes++ - '0');
    return number;
}

/* Looks at what hiredis waits for. A line would have been taken as soon as it
 * was complete, so a complete line here is the header of a bulk whose body is
 * missing: its length is refused now, not when the body has come. */
static const char *judge_rest(const struct resp_reply_reader *reader)
{
    const redisReader *decoder = reader->decoder;
    const char *bytes = decoder->buf + decoder->pos;
    size_t length = decoder->len - decoder->pos;
    size_t room = reader->max_bytes - held_bytes(reader);
    const char *end = length != 0 ? memmem(bytes, length, "\r\n", 2) : NULL;

    if (end == NULL && length > LINE_MAX_BYTES)
        return "line is too long";
    if (length > room)
        return "reply is too large";
    if (end != NULL && announced(bytes, end, room) > room)
        return "reply is too large";
    return NULL;
}

enum resp_result resp_reply_next(struct resp_reply_reader *reader,
                                 const struct reply **reply, const char **error)
{
    void *root = NULL;
    const char *why;

    if (reader->failed) {
        *error = reader->error;
        return RESP_ERROR;
    }
    if (reader->replies != NULL)
        forget_reply(reader);
    if (redisReaderGetReply(reader->decoder, &root) != REDIS_OK)
        return fail(reader,
                    reader->refusal != NULL ? reader->refusal
                                            : reader->decoder->errstr,
                    error);
    if (root != NULL) {
        build_tree(reader);
        *reply = &reader->replies[0];
        return RESP_DONE;
    }
    why = judge_rest(reader);
    if (why != NULL)
        return fail(reader, why, error);
    return RESP_MORE;
}
