/* Requests of clients: RESP arrays and inline commands, with limits.
 *
 * hiredis decodes the arrays, but it would wait for any bulk it is told of and
 * its errors are not those of Redis. So a gate stands before it: each header
 * is judged before its bytes are let through, and what hiredis is given can
 * neither fail nor grow beyond the limit. */
#include "resp.h"
#include "resp_decoder.h"

#include "../lib/xalloc.h"
#include "buffer.h"
#include "resp_words.h"

#include <assert.h>
#include <ctype.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Protocol 18.1; the first four are the limits of Redis. */
#define LINE_MAX_BYTES 65536
#define BULK_MAX_BYTES (512LL * 1024 * 1024)
#define UNTRUSTED_WORDS 10
#define UNTRUSTED_BULK_BYTES 16384

/* No command of a sentinel comes near this; a client that is stopped in the
 * middle of a request can make us hold no more. */
#define REQUEST_MAX_BYTES 1048576

/* "$0\r\n\r\n": an array that announces more words cannot become a request
 * within the limit, and is refused when it is announced. */
#define WORD_MIN_BYTES 6
#define WORDS_MAX (REQUEST_MAX_BYTES / WORD_MIN_BYTES)

#define PROTOCOL_ERROR "ERR Protocol error: "

/* Memory of larger requests is given back when they are done. */
#define KEPT_BYTES 16384

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

struct resp_request_reader {
    redisReader *decoder;
    struct buffer input; /* not let through yet */
    bool authenticated;
    bool failed;          /* nothing is read any more */
    bool dropped;         /* failed, and no answer is due */
    bool done;            /* what is below was handed out */
    size_t words_left;    /* of the array being read */
    size_t body_left;     /* of the bulk being read, its line end included */
    size_t request_bytes; /* of the array being read, let through so far */
    struct resp_words words;
    char error[128];
};

enum step {
    STEP_ON,   /* go on with the next piece */
    STEP_WAIT, /* more bytes are needed */
    STEP_DONE, /* the request is complete */
    STEP_FAIL  /* error says why */
};

/* ---- Object functions: hiredis tells of each word ---- */

static void *create_string(const redisReadTask *task, char *text, size_t length)
{
    struct resp_request_reader *reader = task->privdata;

    resp_words_begin(&reader->words);
    resp_words_add(&reader->words, text, length);
    resp_words_end(&reader->words);
    return reader;
}

/* The announced number is not believed: words take memory as they arrive. */
static void *create_array(const redisReadTask *task, element_count count)
{
    (void)count;
    return task->privdata;
}

/* The gate lets only arrays of bulk strings through: not reached. */
static void *create_integer(const redisReadTask *task, long long number)
{
    (void)task;
    (void)number;
    return NULL;
}

static void *create_nil(const redisReadTask *task)
{
    (void)task;
    return NULL;
}

static redisReplyObjectFunctions object_functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = resp_decoder_keep,
};

/* ---- The gate ---- */

static enum step fail(struct resp_request_reader *reader, const char *format,
                      ...) __attribute__((format(printf, 2, 3)));

static enum step fail(struct resp_request_reader *reader, const char *format,
                      ...)
{
    size_t length = strlen(PROTOCOL_ERROR);
    va_list arguments;

    va_start(arguments, format);
    memcpy(reader->error, PROTOCOL_ERROR, length);
    vsnprintf(reader->error + length, sizeof(reader->error) - length, format,
              arguments);
    va_end(arguments);
    return STEP_FAIL;
}

/* Lets LENGTH bytes through to hiredis. */
static void let_through(struct resp_request_reader *reader, size_t length)
{
    if (redisReaderFeed(reader->decoder, buffer_bytes(&reader->input),
                        length) != REDIS_OK)
        abort(); /* out of memory */
    buffer_take(&reader->input, length);
    reader->request_bytes += length;
}

/* A decimal number as Redis accepts it in headers: no sign but '-', no
 * leading zeros, no blanks. */
static bool parse_number(const char *text, size_t length, long long *number)
{
    bool negative = length > 0 && text[0] == '-';
    size_t i = negative ? 1 : 0;
    long long value = 0;

    if (length - i == 0 || length - i > 18)
        return false;
    if (text[i] == '0' && length > 1)
        return false;
    for (; i < length; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *number = negative ? -value : value;
    return true;
}

/* Reads the number of a header ("*3\r\n"); KIND is how errors call it, SIZE
 * becomes the length of the whole line. */
static enum step read_header(struct resp_request_reader *reader,
                             const char *kind, long long *number, size_t *size)
{
    const char *bytes = buffer_bytes(&reader->input);
    size_t length = buffer_length(&reader->input);
    const char *end = memchr(bytes, '\r', length);

    if (end == NULL && length > LINE_MAX_BYTES)
        return fail(reader, "too big %s count string",
                    kind[0] == 'm' ? "mbulk" : "bulk");
    if (end == NULL || (size_t)(end - bytes) + 1 == length)
        return STEP_WAIT;
    if (end[1] != '\n' ||
        !parse_number(bytes + 1, (size_t)(end - bytes) - 1, number))
        return fail(reader, "invalid %s length", kind);
    *size = (size_t)(end - bytes) + 2;
    return STEP_ON;
}

static enum step read_array_header(struct resp_request_reader *reader)
{
    long long number = 0;
    size_t size = 0;
    enum step step = read_header(reader, "multibulk", &number, &size);

    if (step != STEP_ON)
        return step;
    if (number > INT_MAX)
        return fail(reader, "invalid multibulk length");
    if (number > UNTRUSTED_WORDS && !reader->authenticated)
        return fail(reader, "unauthenticated multibulk length");
    if (number > WORDS_MAX)
        return fail(reader, "invalid multibulk length");
    if (number <= 0) {
        buffer_take(&reader->input, size);
        return STEP_DONE;
    }
    reader->words_left = (size_t)number;
    let_through(reader, size);
    return STEP_ON;
}

static enum step read_bulk_header(struct resp_request_reader *reader)
{
    const char *bytes = buffer_bytes(&reader->input);
    long long number = 0;
    size_t size = 0;
    enum step step;

    if (bytes[0] != '$') {
        unsigned char got = (unsigned char)bytes[0];

        return fail(reader,
                    isprint(got) ? "expected '$', got '%c'"
                                 : "expected '$', got '\\x%02x'",
                    got);
    }
    step = read_header(reader, "bulk", &number, &size);
    if (step != STEP_ON)
        return step;
    if (number < 0 || number > BULK_MAX_BYTES)
        return fail(reader, "invalid bulk length");
    if (number > UNTRUSTED_BULK_BYTES && !reader->authenticated)
        return fail(reader, "unauthenticated bulk length");
    if (reader->request_bytes + size + (size_t)number + 2 > REQUEST_MAX_BYTES)
        return fail(reader, "request is larger than %d bytes",
                    REQUEST_MAX_BYTES);
    let_through(reader, size);
    reader->body_left = (size_t)number + 2;
    return STEP_ON;
}

static enum step read_body(struct resp_request_reader *reader)
{
    size_t length = buffer_length(&reader->input);
    void *root = NULL;

    if (length > reader->body_left)
        length = reader->body_left;
    let_through(reader, length);
    reader->body_left -= length;
    if (reader->body_left != 0)
        return STEP_WAIT;
    reader->words_left--;
    /* Each word is decoded at once, so that hiredis keeps no more than one. */
    if (redisReaderGetReply(reader->decoder, &root) != REDIS_OK ||
        (root != NULL) != (reader->words_left == 0))
        return fail(reader, "malformed request");
    return reader->words_left == 0 ? STEP_DONE : STEP_ON;
}

/* ---- Inline commands ---- */

static enum step read_inline(struct resp_request_reader *reader)
{
    const char *bytes = buffer_bytes(&reader->input);
    size_t length = buffer_length(&reader->input);
    const char *end = memchr(bytes, '\n', length);
    bool balanced;
    char *line;

    if (end != NULL)
        length = (size_t)(end - bytes);
    if (length > LINE_MAX_BYTES)
        return fail(reader, "too big inline request");
    if (end == NULL)
        return STEP_WAIT;
    line = xstrndup(bytes, length);
    buffer_take(&reader->input, length + 1);
    balanced = resp_words_split(&reader->words, line);
    free(line);
    return balanced ? STEP_DONE : fail(reader, "unbalanced quotes in request");
}

/* ---- The reader ---- */

struct resp_request_reader *resp_request_reader_new(void)
{
    struct resp_request_reader *reader = xcalloc(1, sizeof(*reader));

    reader->decoder = resp_decoder_new(&object_functions, reader);
    return reader;
}

void resp_request_reader_free(struct resp_request_reader *reader)
{
    if (reader == NULL)
        return;
    redisReaderFree(reader->decoder);
    buffer_clear(&reader->input);
    resp_words_clear(&reader->words);
    free(reader);
}

void resp_request_reader_trust(struct resp_request_reader *reader,
                               bool authenticated)
{
    reader->authenticated = authenticated;
}

void resp_request_reader_feed(struct resp_request_reader *reader,
                              const char *data, size_t length)
{
    if (!reader->failed)
        buffer_append(&reader->input, data, length);
}

static enum step read_piece(struct resp_request_reader *reader)
{
    if (buffer_length(&reader->input) == 0)
        return STEP_WAIT;
    if (reader->body_left != 0)
        return read_body(reader);
    if (reader->words_left != 0)
        return read_bulk_header(reader);
    if (buffer_bytes(&reader->input)[0] == '*')
        return read_array_header(reader);
    return read_inline(reader);
}

/* First words of an HTTP request: somebody makes a browser talk to us. */
static bool is_http(const struct resp_words *words)
{
    return words->count > 0 && (strcasecmp(words->pointers[0], "post") == 0 ||
                                strcasecmp(words->pointers[0], "host:") == 0);
}

/* Forgets the last request, before the next one is read. */
static void forget_request(struct resp_request_reader *reader)
{
    if (reader->request_bytes > KEPT_BYTES) {
        redisReaderFree(reader->decoder);
        reader->decoder = resp_decoder_new(&object_functions, reader);
    }
    resp_words_reset(&reader->words);
    reader->request_bytes = 0;
    reader->done = false;
}

static enum resp_result give_up(struct resp_request_reader *reader,
                                bool dropped)
{
    reader->failed = true;
    reader->dropped = dropped;
    buffer_clear(&reader->input);
    return dropped ? RESP_DROP : RESP_ERROR;
}

enum resp_result resp_request_next(struct resp_request_reader *reader,
                                   struct resp_request *request,
                                   const char **error)
{
    enum step step = STEP_ON;

    *error = reader->error;
    if (reader->failed)
        return reader->dropped ? RESP_DROP : RESP_ERROR;
    if (reader->done)
        forget_request(reader);
    while (step == STEP_ON)
        step = read_piece(reader);
    if (step == STEP_WAIT)
        return RESP_MORE;
    if (step == STEP_FAIL)
        return give_up(reader, false);
    reader->done = true;
    resp_words_finish(&reader->words);
    if (is_http(&reader->words))
        return give_up(reader, true);
    *request = (struct resp_request){.count = reader->words.count,
                                     .words = reader->words.pointers,
                                     .lengths = reader->words.lengths};
    return RESP_DONE;
}

size_t resp_request_pending(const struct resp_request_reader *reader)
{
    return buffer_length(&reader->input) +
           (reader->done ? 0 : reader->request_bytes);
}
