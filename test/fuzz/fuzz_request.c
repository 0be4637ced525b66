/* links: sentinel/resp.o sentinel/resp_request.o sentinel/resp_words.o
 *        sentinel/buffer.o sentinel/config_words.o
 * Requests of clients: any bytes, in any pieces. The pieces must not matter,
 * and what was read must read the same when it is written as an array. */
#include "../../lib/text.h"
#include "../../sentinel/resp.h"
#include "fuzz.h"

/* Bytes of log from which on the client has logged in. */
#define TRUSTED_FROM 200

/* A request and the line behind it. */
#define HELD_MAX_BYTES (1048576 + 65536 + 256)

/* How the bytes are handed over. */
struct cutting {
    const uint8_t *pieces; /* lengths, used in turn; NULL: all at once */
    size_t count;
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

static void note_request(struct text *log, const struct resp_request *request)
{
    text_addf(log, "request %zu\n", request->count);
    for (size_t i = 0; i < request->count; i++) {
        REQUIRE(request->words[i][request->lengths[i]] == '\0',
                "word %zu does not end", i);
        text_addf(log, "%zu ", request->lengths[i]);
        text_add_bytes(log, request->words[i], request->lengths[i]);
        text_add(log, "\n");
    }
}

/* Takes out all that is complete; returns false when no more can come. The
 * client is a stranger for its first requests, so that both limits are met. */
static bool drain(struct resp_request_reader *reader, struct text *log)
{
    for (;;) {
        struct resp_request request = {0};
        const char *error = NULL;
        enum resp_result result = resp_request_next(reader, &request, &error);

        if (result == RESP_MORE)
            return true;
        if (result == RESP_DONE) {
            note_request(log, &request);
            resp_request_reader_trust(reader, log->length > TRUSTED_FROM);
            continue;
        }
        text_addf(log, "%s\n", result == RESP_ERROR ? error : "drop");
        REQUIRE(resp_request_next(reader, &request, &error) == result,
                "a failed reader goes on");
        return false;
    }
}

/* All requests in DATA, as a text. */
static void read_all(struct text *log, const uint8_t *data, size_t size,
                     const struct cutting *cutting)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    size_t at = 0;

    text_init(log);
    text_add(log, "");
    for (size_t i = 0; at < size; i++) {
        size_t length = piece_length(cutting, i, size - at);

        resp_request_reader_feed(reader, (const char *)data + at, length);
        at += length;
        if (!drain(reader, log))
            break;
        REQUIRE(resp_request_pending(reader) <= HELD_MAX_BYTES,
                "%zu bytes are held", resp_request_pending(reader));
    }
    resp_request_reader_free(reader);
}

/* Reads what REQUEST becomes as an array: must be the same. */
static void check_round_trip(const struct resp_request *request)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct resp_request again = {0};
    struct resp_writer writer;
    const char *error = "";

    resp_writer_init(&writer, 2);
    resp_array(&writer, request->count);
    for (size_t i = 0; i < request->count; i++)
        resp_bulk(&writer, request->words[i], request->lengths[i]);
    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, writer.data, writer.length);
    REQUIRE(resp_request_next(reader, &again, &error) == RESP_DONE,
            "what was read is refused: %s", error);
    REQUIRE(again.count == request->count, "%zu words become %zu",
            request->count, again.count);
    for (size_t i = 0; i < again.count; i++)
        REQUIRE(again.lengths[i] == request->lengths[i] &&
                    memcmp(again.words[i], request->words[i],
                           again.lengths[i]) == 0,
                "word %zu differs", i);
    REQUIRE(resp_request_next(reader, &again, &error) == RESP_MORE,
            "something is left");
    resp_writer_clear(&writer);
    resp_request_reader_free(reader);
}

static void check_round_trips(const uint8_t *data, size_t size)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct resp_request request = {0};
    const char *error;

    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, (const char *)data, size);
    while (resp_request_next(reader, &request, &error) == RESP_DONE)
        if (request.count > 0)
            check_round_trip(&request);
    resp_request_reader_free(reader);
}

static void check_cutting(const struct text *expected, const uint8_t *data,
                          size_t size, const struct cutting *cutting)
{
    struct text got;

    read_all(&got, data, size, cutting);
    REQUIRE(got.length == expected->length &&
                memcmp(got.data, expected->data, got.length) == 0,
            "in pieces:\n%s\n-- instead of --\n%s", got.data, expected->data);
    text_clear(&got);
}

/* The first byte says how many follow that are the lengths of pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t one[] = {1};
    const struct cutting whole = {NULL, 0};
    const struct cutting bytes = {one, 1};
    struct cutting given = {NULL, 0};
    struct text expected;

    if (size < 1 || size < 1 + (size_t)(data[0] % 8))
        return 0;
    given = (struct cutting){data + 1, data[0] % 8};
    data += 1 + given.count;
    size -= 1 + given.count;
    read_all(&expected, data, size, &whole);
    check_cutting(&expected, data, size, &bytes);
    check_cutting(&expected, data, size, &given);
    text_clear(&expected);
    check_round_trips(data, size);
    return 0;
}
