/* links: sentinel/resp_reply.o sentinel/resp.o sentinel/buffer.o
 * Replies of servers: any bytes, in any pieces. The pieces must not matter, no
 * reply may be larger than allowed, and one that was read must read the same
 * when it is written again. */
#include "../../lib/text.h"
#include "../../sentinel/resp.h"
#include "fuzz.h"

#define DEPTH_MAX 8 /* seven arrays, and what is in the last */

/* How the bytes are handed over, and the limit. */
struct cutting {
    const uint8_t *pieces; /* lengths, used in turn; none: all at once */
    size_t count;
    size_t max_bytes;
};

static size_t piece_length(const struct cutting *cutting, size_t number,
                           size_t rest)
{
    size_t length;

    if (cutting->count == 0)
        return rest;
    length = cutting->pieces[number % cutting->count];
    length = length == 0 ? 1 : length;
    return length < rest ? length : rest;
}

/* Appends REPLY in RESP2; nothing is lost but nulls of arrays. */
static void write_reply(struct resp_writer *writer, const struct reply *reply,
                        int depth)
{
    REQUIRE(depth <= DEPTH_MAX, "nested too deep");
    switch (reply->type) {
    case REPLY_STATUS:
    case REPLY_ERROR:
        resp_raw(writer, reply->type == REPLY_STATUS ? "+" : "-", 1);
        resp_raw(writer, reply->text, reply->length);
        resp_raw(writer, "\r\n", 2);
        break;
    case REPLY_INTEGER:
        resp_integer(writer, reply->integer);
        break;
    case REPLY_STRING:
        resp_bulk(writer, reply->text, reply->length);
        break;
    case REPLY_NIL:
        resp_null(writer);
        break;
    case REPLY_ARRAY:
        resp_array(writer, reply->count);
        for (size_t i = 0; i < reply->count; i++)
            write_reply(writer, &reply->elements[i], depth + 1);
        break;
    }
    if (reply->text != NULL)
        REQUIRE(reply->text[reply->length] == '\0', "a text does not end");
}

static size_t held_bytes(const struct reply *reply)
{
    size_t bytes = sizeof(*reply) + reply->length;

    for (size_t i = 0; i < reply->count; i++)
        bytes += held_bytes(&reply->elements[i]);
    return bytes;
}

/* All replies in DATA, written again, and the error that ended them, or not:
 * at which byte it is seen may depend on the pieces. */
static bool read_all(struct resp_writer *log, const uint8_t *data, size_t size,
                     const struct cutting *cutting)
{
    struct resp_reply_reader *reader = resp_reply_reader_new(
        cutting->max_bytes);
    enum resp_result result = RESP_MORE;
    const struct reply *reply;
    const char *error = "";
    size_t at = 0;

    resp_writer_init(log, 2);
    for (size_t i = 0; at < size && result == RESP_MORE; i++) {
        size_t length = piece_length(cutting, i, size - at);

        resp_reply_reader_feed(reader, (const char *)data + at, length);
        at += length;
        while ((result = resp_reply_next(reader, &reply, &error)) ==
               RESP_DONE) {
            REQUIRE(held_bytes(reply) <= cutting->max_bytes,
                    "a reply is larger than allowed");
            write_reply(log, reply, 1);
        }
    }
    REQUIRE(result == RESP_MORE || result == RESP_ERROR, "strange result");
    REQUIRE(result != RESP_ERROR || error[0] != '\0', "no reason");
    REQUIRE(result != RESP_ERROR ||
                resp_reply_next(reader, &reply, &error) == RESP_ERROR,
            "a failed reader goes on");
    resp_reply_reader_free(reader);
    return result == RESP_ERROR;
}

static void check_same(const struct resp_writer *left,
                       const struct resp_writer *right, const char *what)
{
    REQUIRE(left->length == right->length &&
                (left->length == 0 ||
                 memcmp(left->data, right->data, left->length) == 0),
            "%s: %zu bytes of replies instead of %zu", what, right->length,
            left->length);
}

static void check_cutting(const struct resp_writer *expected, bool failed,
                          const uint8_t *data, size_t size,
                          const struct cutting *cutting)
{
    struct resp_writer got;
    bool failed_now = read_all(&got, data, size, cutting);

    check_same(expected, &got, "in pieces");
    REQUIRE(failed_now == failed, "the pieces decide about an error");
    resp_writer_clear(&got);
}

/* The first byte says how many follow that are the lengths of pieces, and
 * chooses the limit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t one[] = {1};
    struct cutting cutting = {NULL, 0, 1 << 20};
    struct cutting given;
    struct resp_writer expected;
    bool failed;

    if (size < 1 || size < 1 + (size_t)(data[0] % 8))
        return 0;
    if (data[0] >= 128)
        cutting.max_bytes = (size_t)data[0] * 8;
    given = (struct cutting){data + 1, data[0] % 8, cutting.max_bytes};
    data += 1 + given.count;
    size -= 1 + given.count;
    failed = read_all(&expected, data, size, &cutting);
    check_cutting(&expected, failed, data, size, &given);
    given = (struct cutting){one, 1, cutting.max_bytes};
    check_cutting(&expected, failed, data, size, &given);
    /* What was read is written in full length, so it needs a new limit. */
    cutting.max_bytes = 1 << 24;
    check_cutting(&expected, false, (const uint8_t *)expected.data,
                  expected.length, &cutting);
    resp_writer_clear(&expected);
    return 0;
}
