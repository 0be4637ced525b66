/* links: sentinel/buffer.o sentinel/resp.o sentinel/resp_words.o
 * sentinel/config_words.o sentinel/resp_request.o sentinel/resp_reply.o */
#include "../../sentinel/resp.h"

#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Help ---- */

/* Collects text. */
struct trace {
    char text[8192];
    size_t length;
};

static void add(struct trace *trace, const char *data, size_t length)
{
    ck_assert_uint_lt(trace->length + length, sizeof(trace->text));
    memcpy(trace->text + trace->length, data, length);
    trace->length += length;
    trace->text[trace->length] = '\0';
}

static void add_text(struct trace *trace, const char *text)
{
    add(trace, text, strlen(text));
}

/* Bytes of memory in use by the process. */
#if defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

static size_t memory_in_use(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#endif
}

/* Appends what the reader has ready: words as [a|b], an error as !text, a
 * drop as #. Returns the last result. */
static enum resp_result drain(struct resp_request_reader *reader,
                              struct trace *trace)
{
    for (;;) {
        struct resp_request request;
        const char *error;
        enum resp_result result = resp_request_next(reader, &request, &error);

        if (result == RESP_ERROR) {
            add_text(trace, "!");
            add_text(trace, error);
        }
        if (result == RESP_DROP)
            add_text(trace, "#");
        if (result != RESP_DONE)
            return result;
        add_text(trace, "[");
        for (size_t i = 0; i < request.count; i++) {
            if (i > 0)
                add_text(trace, "|");
            add(trace, request.words[i], request.lengths[i]);
            ck_assert_int_eq(request.words[i][request.lengths[i]], '\0');
        }
        add_text(trace, "]");
    }
}

/* What comes out when DATA comes in pieces: LENGTH bytes cut at CUT. */
static void read_cut(const char *data, size_t length, size_t cut, bool trusted,
                     struct trace *trace)
{
    struct resp_request_reader *reader = resp_request_reader_new();

    memset(trace, 0, sizeof(*trace));
    resp_request_reader_trust(reader, trusted);
    resp_request_reader_feed(reader, data, cut);
    if (drain(reader, trace) == RESP_MORE) {
        resp_request_reader_feed(reader, data + cut, length - cut);
        drain(reader, trace);
    }
    resp_request_reader_free(reader);
}

static void read_bytewise(const char *data, size_t length, bool trusted,
                          struct trace *trace)
{
    struct resp_request_reader *reader = resp_request_reader_new();

    memset(trace, 0, sizeof(*trace));
    resp_request_reader_trust(reader, trusted);
    for (size_t i = 0; i < length; i++) {
        resp_request_reader_feed(reader, data + i, 1);
        if (drain(reader, trace) != RESP_MORE)
            break;
    }
    resp_request_reader_free(reader);
}

/* Expects the same result whole, byte by byte and cut in two anywhere. */
static void expect_bytes(const char *data, size_t length, bool trusted,
                         const char *expected)
{
    struct trace trace;

    read_bytewise(data, length, trusted, &trace);
    ck_assert_str_eq(trace.text, expected);
    for (size_t cut = 0; cut <= length; cut++) {
        read_cut(data, length, cut, trusted, &trace);
        ck_assert_msg(strcmp(trace.text, expected) == 0,
                      "cut at %zu: %s instead of %s", cut, trace.text,
                      expected);
    }
}

static void expect(const char *data, const char *expected)
{
    expect_bytes(data, strlen(data), true, expected);
}

static void expect_untrusted(const char *data, const char *expected)
{
    expect_bytes(data, strlen(data), false, expected);
}

/* ---- Requests ---- */

START_TEST(requests_come_out_whole_however_they_are_cut)
{
    expect("*1\r\n$4\r\nPING\r\n", "[PING]");
    expect("*2\r\n$8\r\nSENTINEL\r\n$4\r\nMYID\r\n*1\r\n$4\r\nPING\r\n",
           "[SENTINEL|MYID][PING]");
    expect("*3\r\n$0\r\n\r\n$2\r\n\r\n\r\n$1\r\n*\r\n", "[|\r\n|*]");
    expect("PING\r\n*1\r\n$4\r\nPING\r\nPING\n", "[PING][PING][PING]");
    expect("*0\r\n*1\r\n$4\r\nPING\r\n", "[][PING]");
    expect("*-1\r\n*-7\r\n*1\r\n$4\r\nPING\r\n", "[][][PING]");
    expect("\r\n\r\nPING\r\n", "[][][PING]");
    expect("*1\r\n$4\r\nPI", "");
    expect("", "");
}
END_TEST

START_TEST(words_may_hold_any_byte)
{
    static const char data[] = "*2\r\n$5\r\na\0b\r\n\r\n$1\r\n\0\r\n";
    struct resp_request_reader *reader = resp_request_reader_new();
    struct resp_request request;
    const char *error;

    resp_request_reader_feed(reader, data, sizeof(data) - 1);
    ck_assert_int_eq(resp_request_next(reader, &request, &error), RESP_DONE);
    ck_assert_uint_eq(request.count, 2);
    ck_assert_uint_eq(request.lengths[0], 5);
    ck_assert_mem_eq(request.words[0], "a\0b\r\n", 6);
    ck_assert_uint_eq(request.lengths[1], 1);
    ck_assert_mem_eq(request.words[1], "\0", 2);
    resp_request_reader_free(reader);
}
END_TEST

START_TEST(inline_words_are_split_as_redis_does)
{
    expect("  a \t b  \r\n", "[a|b]");
    expect("sentinel   get-master-addr-by-name  'mymaster' \r\n",
           "[sentinel|get-master-addr-by-name|mymaster]");
    expect("set \"a b\" 'c d'\n", "[set|a b|c d]");
    expect("x \"\" ''\n", "[x||]");
    expect("\"\\n\\t\\b\\a\\r\\\\\\\"\\q\"\n", "[\n\t\b\a\r\\\"q]");
    expect("\"\\x41\\x6f\\xZZ\\x4\"\n", "[AoxZZx4]");
    expect("'it\\'s \\n'\n", "[it's \\n]");
    expect("a\"b c\"\n", "[ab c]");
    expect("a\\b \\\"c d\\\"\n", "!ERR Protocol error: unbalanced quotes in "
                                 "request");
    expect("a\\b\n", "[a\\b]");
}
END_TEST

START_TEST(unbalanced_quotes_are_an_error)
{
    static const char error[] =
        "!ERR Protocol error: unbalanced quotes in request";

    expect("PING \"abc\r\n", error);
    expect("PING 'abc\r\n", error);
    expect("PING \"abc\"def\r\n", error);
    expect("PING 'abc'def\r\n", error);
    expect("PING \"abc\\\"\r\n", error);
    expect("PING \"abc\\\n", error);
    expect("\"\n", error);
}
END_TEST

START_TEST(headers_are_judged)
{
    static const char multibulk[] =
        "!ERR Protocol error: invalid multibulk length";
    static const char bulk[] = "!ERR Protocol error: invalid bulk length";

    expect("*x\r\n", multibulk);
    expect("*\r\n", multibulk);
    expect("*1x\r\n", multibulk);
    expect("* 1\r\n", multibulk);
    expect("*+1\r\n", multibulk);
    expect("*01\r\n", multibulk);
    expect("*-\r\n", multibulk);
    expect("*1\rx", multibulk);
    expect("*2147483648\r\n", multibulk);
    expect("*99999999999999999999999\r\n", multibulk);
    expect("*1\r\n$x\r\n", bulk);
    expect("*1\r\n$\r\n", bulk);
    expect("*1\r\n$-1\r\n", bulk);
    expect("*1\r\n$-5\r\n", bulk);
    expect("*1\r\n$600000000\r\n", bulk);
    expect("*1\r\n$1000000000\r\n", bulk);
    expect("*1\r\n$9223372036854775808\r\n", bulk);
    expect("*1\r\nPING\r\n", "!ERR Protocol error: expected '$', got 'P'");
    expect("*2\r\n$1\r\na\r\n:1\r\n",
           "!ERR Protocol error: expected '$', got ':'");
    expect("*1\r\n\r\n", "!ERR Protocol error: expected '$', got '\\x0d'");
    expect("PING\r\n*x\r\n",
           "[PING]!ERR Protocol error: invalid multibulk length");
}
END_TEST

START_TEST(strangers_may_send_little)
{
    expect_untrusted("*10\r\n$1\r\na\r\n", "");
    expect_untrusted("*11\r\n",
                     "!ERR Protocol error: unauthenticated multibulk length");
    expect_untrusted("*1000000\r\n",
                     "!ERR Protocol error: unauthenticated multibulk length");
    expect_untrusted("*1\r\n$16384\r\n", "");
    expect_untrusted("*1\r\n$16385\r\n",
                     "!ERR Protocol error: unauthenticated bulk length");
    expect_untrusted("*1\r\n$600000000\r\n",
                     "!ERR Protocol error: invalid bulk length");
    expect_untrusted("a b c d e f g h i j k l\n", "[a|b|c|d|e|f|g|h|i|j|k|l]");
}
END_TEST

START_TEST(http_is_dropped)
{
    expect("POST / HTTP/1.1\r\nHost: x\r\n\r\n", "#");
    expect("PING\r\nHost: x\r\nPING\r\n", "[PING]#");
    expect("post x\r\n", "#");
    expect("*1\r\n$5\r\nhost:\r\n", "#");
    expect("GET / HTTP/1.1\r\nHost: x\r\n", "[GET|/|HTTP/1.1]#");
}
END_TEST

/* Feeds COUNT bytes C after PREFIX in pieces and expects the error. */
static void expect_too_long(const char *prefix, char c, size_t count,
                            const char *expected)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct trace trace = {.length = 0};
    enum resp_result result = RESP_MORE;
    char piece[1000];

    memset(piece, c, sizeof(piece));
    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, prefix, strlen(prefix));
    for (size_t sent = 0; sent < count && result == RESP_MORE;
         sent += sizeof(piece)) {
        ck_assert_uint_le(resp_request_pending(reader), 65536 + 1000);
        resp_request_reader_feed(reader, piece, sizeof(piece));
        result = drain(reader, &trace);
    }
    ck_assert_int_eq(result, RESP_ERROR);
    ck_assert_str_eq(trace.text, expected);
    resp_request_reader_free(reader);
}

START_TEST(lines_without_end_are_refused)
{
    expect_too_long("", 'A', 70000,
                    "!ERR Protocol error: too big inline request");
    expect_too_long("*", '1', 70000,
                    "!ERR Protocol error: too big mbulk count string");
    expect_too_long("*1\r\n$", '1', 70000,
                    "!ERR Protocol error: too big bulk count string");
}
END_TEST

START_TEST(a_complete_line_that_is_too_long_is_refused)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct trace trace = {.length = 0};
    char *line = malloc(70001);

    memset(line, 'A', 70000);
    line[70000] = '\n';
    resp_request_reader_feed(reader, line, 70001);
    ck_assert_int_eq(drain(reader, &trace), RESP_ERROR);
    ck_assert_str_eq(trace.text, "!ERR Protocol error: too big inline request");
    free(line);
    resp_request_reader_free(reader);
}
END_TEST

START_TEST(huge_headers_are_refused_before_memory_is_taken)
{
    static const char *const headers[] = {
        "*1000000\r\n",         "*1048576\r\n",          "*2000000\r\n",
        "*1000000000\r\n",      "*1\r\n$1000000000\r\n", "*1\r\n$1048576\r\n",
        "*1\r\n$100000000\r\n",
    };

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct resp_request_reader *reader = resp_request_reader_new();
        struct trace trace = {.length = 0};
        size_t before = memory_in_use();

        resp_request_reader_trust(reader, true);
        resp_request_reader_feed(reader, headers[i], strlen(headers[i]));
        ck_assert_int_eq(drain(reader, &trace), RESP_ERROR);
        ck_assert_uint_lt(memory_in_use(), before + 4096);
        resp_request_reader_free(reader);
    }
    expect("*1\r\n$1048576\r\n",
           "!ERR Protocol error: request is larger than 1048576 bytes");
}
END_TEST

START_TEST(announced_words_take_no_memory)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct trace trace = {.length = 0};
    size_t before = memory_in_use();

    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, "*170000\r\n$1\r\na\r\n", 16);
    ck_assert_int_eq(drain(reader, &trace), RESP_MORE);
    ck_assert_uint_lt(memory_in_use(), before + 4096);
    resp_request_reader_free(reader);
}
END_TEST

/* Feeds words of SIZE bytes until the reader refuses; the memory it holds
 * stays within its limit all the time. */
static void fill_up(size_t size)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct trace trace = {.length = 0};
    char *word = malloc(size + 64);
    int head = sprintf(word, "$%zu\r\n", size);
    size_t before = memory_in_use();
    enum resp_result result;
    size_t fed = 0;

    memset(word + head, 'x', size);
    memcpy(word + (size_t)head + size, "\r\n", 2);
    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, "*100000\r\n", 9);
    do {
        resp_request_reader_feed(reader, word, (size_t)head + size + 2);
        fed += size;
        result = drain(reader, &trace);
        ck_assert_uint_le(resp_request_pending(reader), 1048576);
        ck_assert_uint_lt(memory_in_use(), before + (size_t)12582912);
        ck_assert_uint_lt(fed, 2097152);
    } while (result == RESP_MORE);
    ck_assert_int_eq(result, RESP_ERROR);
    ck_assert_str_eq(
        trace.text,
        "!ERR Protocol error: request is larger than 1048576 bytes");
    resp_request_reader_free(reader);
    free(word);
}

START_TEST(a_request_is_bounded_as_a_whole)
{
    fill_up(50);
    fill_up(1000);
    fill_up(100000);
}
END_TEST

START_TEST(large_requests_leave_no_memory_behind)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct resp_request request;
    const char *error;
    size_t size = 1000000;
    char *body = malloc(size);
    size_t before = memory_in_use();

    memset(body, 'x', size);
    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, "*1\r\n$1000000\r\n", 14);
    resp_request_reader_feed(reader, body, size);
    resp_request_reader_feed(reader, "\r\n", 2);
    ck_assert_int_eq(resp_request_next(reader, &request, &error), RESP_DONE);
    ck_assert_uint_eq(request.lengths[0], size);
    ck_assert_mem_eq(request.words[0], body, size);
    ck_assert_int_eq(resp_request_next(reader, &request, &error), RESP_MORE);
    ck_assert_uint_eq(resp_request_pending(reader), 0);
    ck_assert_uint_lt(memory_in_use(), before + 4096);
    resp_request_reader_free(reader);
    free(body);
}
END_TEST

START_TEST(many_words_are_read)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct resp_request request;
    const char *error;

    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, "*100000\r\n", 9);
    for (int i = 0; i < 100000; i++)
        resp_request_reader_feed(reader, "$1\r\nz\r\n", 7);
    ck_assert_int_eq(resp_request_next(reader, &request, &error), RESP_DONE);
    ck_assert_uint_eq(request.count, 100000);
    for (size_t i = 0; i < request.count; i++)
        ck_assert_int_eq(request.words[i][0], 'z');
    resp_request_reader_free(reader);
}
END_TEST

START_TEST(an_error_is_final)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct trace trace = {.length = 0};

    resp_request_reader_feed(reader, "*x\r\n", 4);
    ck_assert_int_eq(drain(reader, &trace), RESP_ERROR);
    resp_request_reader_feed(reader, "PING\r\n", 6);
    ck_assert_int_eq(drain(reader, &trace), RESP_ERROR);
    ck_assert_uint_eq(resp_request_pending(reader), 0);
    resp_request_reader_free(reader);
}
END_TEST

START_TEST(trust_can_change_between_requests)
{
    struct resp_request_reader *reader = resp_request_reader_new();
    struct trace trace = {.length = 0};

    resp_request_reader_feed(reader, "AUTH x\r\n", 8);
    ck_assert_int_eq(drain(reader, &trace), RESP_MORE);
    resp_request_reader_trust(reader, true);
    resp_request_reader_feed(reader, "*11\r\n", 5);
    ck_assert_int_eq(drain(reader, &trace), RESP_MORE);
    ck_assert_str_eq(trace.text, "[AUTH|x]");
    resp_request_reader_free(reader);
}
END_TEST

/* ---- Replies ---- */

static void show(struct trace *trace, const struct reply *reply)
{
    static const char kinds[] = {
        [REPLY_STATUS] = '+', [REPLY_ERROR] = '-', [REPLY_INTEGER] = ':',
        [REPLY_STRING] = '$', [REPLY_NIL] = '_',   [REPLY_ARRAY] = '*'};
    char number[32];

    add(trace, &kinds[reply->type], 1);
    if (reply->type == REPLY_INTEGER) {
        snprintf(number, sizeof(number), "%lld", (long long)reply->integer);
        add_text(trace, number);
    }
    if (reply->text != NULL) {
        add(trace, reply->text, reply->length);
        ck_assert_int_eq(reply->text[reply->length], '\0');
    }
    if (reply->type != REPLY_ARRAY)
        return;
    add_text(trace, "(");
    for (size_t i = 0; i < reply->count; i++) {
        if (i > 0)
            add_text(trace, " ");
        show(trace, &reply->elements[i]);
    }
    add_text(trace, ")");
}

static enum resp_result drain_replies(struct resp_reply_reader *reader,
                                      struct trace *trace)
{
    for (;;) {
        const struct reply *reply;
        const char *error;
        enum resp_result result = resp_reply_next(reader, &reply, &error);

        if (result == RESP_ERROR) {
            ck_assert_uint_gt(strlen(error), 0);
            add_text(trace, "!");
        }
        if (result != RESP_DONE)
            return result;
        show(trace, reply);
        add_text(trace, ";");
    }
}

static void expect_replies(const char *data, const char *expected)
{
    size_t length = strlen(data);

    for (size_t cut = 0; cut <= length + 1; cut++) {
        struct resp_reply_reader *reader = resp_reply_reader_new(100000);
        struct trace trace = {.length = 0};
        size_t step = cut <= length ? cut : 1; /* last: byte by byte */
        size_t at = 0;

        while (at < length) {
            size_t size = step != 0 && at + step < length ? step : length - at;

            resp_reply_reader_feed(reader, data + at, size);
            at += size;
            if (drain_replies(reader, &trace) == RESP_ERROR)
                break;
        }
        ck_assert_msg(strcmp(trace.text, expected) == 0,
                      "cut at %zu: %s instead of %s", cut, trace.text,
                      expected);
        resp_reply_reader_free(reader);
    }
}

START_TEST(replies_come_out_whole_however_they_are_cut)
{
    expect_replies("+OK\r\n", "+OK;");
    expect_replies("-ERR no\r\n", "-ERR no;");
    expect_replies(":-42\r\n", ":-42;");
    expect_replies("$5\r\nhello\r\n", "$hello;");
    expect_replies("$0\r\n\r\n", "$;");
    expect_replies("$-1\r\n", "_;");
    expect_replies("*-1\r\n", "_;");
    expect_replies("*0\r\n", "*();");
    expect_replies("*3\r\n:1\r\n$1\r\n*\r\n:0\r\n", "*(:1 $* :0);");
    expect_replies("*3\r\n*2\r\n:1\r\n*0\r\n*1\r\n*1\r\n+x\r\n$-1\r\n",
                   "*(*(:1 *()) *(*(+x)) _);");
    expect_replies("+OK\r\n+PONG\r\n$3\r\na\r\n\r\n", "+OK;+PONG;$a\r\n;");
    expect_replies("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nt\r\n",
                   "*($message $c $t);");
    expect_replies("+99999999999\r\n", "+99999999999;");
    expect_replies(":999999999999\r\n", ":999999999999;");
    expect_replies("*2\r\n$1\r\na\r\n", "");
}
END_TEST

START_TEST(garbage_is_an_error)
{
    expect_replies("HTTP/1.1 200 OK\r\n", "!");
    expect_replies("+OK\r\nxyz\r\n", "+OK;!");
    expect_replies(":abc\r\n", "!");
    expect_replies("$abc\r\n", "!");
    expect_replies("*abc\r\n", "!");
    expect_replies("*-5\r\n", "!");
    expect_replies("*1000000000\r\n", "!");
    expect_replies("*2147483647\r\n", "!");
    expect_replies("$1000000000\r\n", "!");
    expect_replies("$99999999999999999999\r\n", "!");
    expect_replies("%1\r\n+a\r\n+b\r\n", "!");
    expect_replies("#t\r\n", "!");
    expect_replies(",1.5\r\n", "!");
    expect_replies("_\r\n", "!");
    expect_replies("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
                   ":1\r\n",
                   "!");
}
END_TEST

/* Feeds PIECE after PREFIX until the reader refuses, within a megabyte. */
static void expect_bounded(const char *prefix, const char *piece)
{
    struct resp_reply_reader *reader = resp_reply_reader_new(100000);
    struct trace trace = {.length = 0};
    size_t before = memory_in_use();
    enum resp_result result;
    size_t fed = 0;

    resp_reply_reader_feed(reader, prefix, strlen(prefix));
    result = drain_replies(reader, &trace);
    while (result == RESP_MORE) {
        ck_assert_uint_lt(fed, 1000000);
        ck_assert_uint_lt(memory_in_use(), before + 1000000);
        resp_reply_reader_feed(reader, piece, strlen(piece));
        fed += strlen(piece);
        result = drain_replies(reader, &trace);
    }
    ck_assert_int_eq(result, RESP_ERROR);
    resp_reply_reader_free(reader);
}

START_TEST(replies_are_bounded)
{
    expect_bounded("", "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    expect_bounded("*", "11111111111111");
    expect_bounded("$100001\r\n", "");
    expect_bounded("*900\r\n",
                   "$200\r\n"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                   "\r\n");
    expect_bounded("*900\r\n", "*900\r\n:1\r\n");
}
END_TEST

START_TEST(large_replies_leave_no_memory_behind)
{
    struct resp_reply_reader *reader = resp_reply_reader_new(1000000);
    size_t before = memory_in_use();
    const struct reply *reply;
    const char *error;
    char piece[1000];

    memset(piece, 'x', sizeof(piece));
    resp_reply_reader_feed(reader, "$900000\r\n", 9);
    for (int i = 0; i < 900; i++) {
        ck_assert_int_eq(resp_reply_next(reader, &reply, &error), RESP_MORE);
        resp_reply_reader_feed(reader, piece, sizeof(piece));
    }
    resp_reply_reader_feed(reader, "\r\n", 2);
    ck_assert_int_eq(resp_reply_next(reader, &reply, &error), RESP_DONE);
    ck_assert_uint_eq(reply->length, 900000);
    ck_assert_int_eq(resp_reply_next(reader, &reply, &error), RESP_MORE);
    ck_assert_uint_lt(memory_in_use(), before + 4096);
    resp_reply_reader_free(reader);
}
END_TEST

/* ---- Writing ---- */

static void write_all_kinds(struct resp_writer *writer)
{
    resp_status(writer, "OK");
    resp_error(writer, "ERR a\r\nb");
    resp_errorf(writer, "ERR %d of %s", 7, "x");
    resp_integer(writer, INT64_MIN);
    resp_bulk(writer, "a\0b", 3);
    resp_text(writer, "");
    resp_number_text(writer, -5);
    resp_unsigned_text(writer, UINT64_MAX);
    resp_null(writer);
    resp_null_array(writer);
    resp_array(writer, 2);
    resp_map(writer, 3);
    resp_push(writer, 3);
    resp_set(writer, 1);
    resp_bool(writer, true);
    resp_bool(writer, false);
}

static void expect_written(int proto, const char *expected, size_t length)
{
    struct resp_writer writer;

    resp_writer_init(&writer, proto);
    write_all_kinds(&writer);
    ck_assert_uint_eq(writer.length, length);
    ck_assert_mem_eq(writer.data, expected, length);
    resp_writer_clear(&writer);
    ck_assert_uint_eq(writer.length, 0);
    ck_assert_int_eq(writer.proto, proto);
}

#define COMMON                                                     \
    "+OK\r\n-ERR a  b\r\n-ERR 7 of x\r\n:-9223372036854775808\r\n" \
    "$3\r\na\0b\r\n$0\r\n\r\n$2\r\n-5\r\n$20\r\n18446744073709551615\r\n"

START_TEST(values_are_written_for_each_protocol)
{
    static const char two[] = COMMON
        "$-1\r\n*-1\r\n*2\r\n*6\r\n*3\r\n*1\r\n:1\r\n:0\r\n";
    static const char three[] = COMMON
        "_\r\n_\r\n*2\r\n%3\r\n>3\r\n~1\r\n#t\r\n#f\r\n";

    expect_written(2, two, sizeof(two) - 1);
    expect_written(3, three, sizeof(three) - 1);
}
END_TEST

START_TEST(output_grows)
{
    struct resp_writer writer;

    resp_writer_init(&writer, 2);
    for (int i = 0; i < 100000; i++)
        resp_integer(&writer, 7);
    ck_assert_uint_eq(writer.length, 400000);
    for (size_t i = 0; i < writer.length; i += 4)
        ck_assert_mem_eq(writer.data + i, ":7\r\n", 4);
    resp_writer_clear(&writer);
}
END_TEST

START_TEST(commands_are_formatted)
{
    static const char *const words[] = {"PUBLISH", "c d", ""};
    static const char expected[] =
        "*3\r\n$7\r\nPUBLISH\r\n$3\r\nc d\r\n$0\r\n\r\n";
    char *data;
    size_t length = resp_format(words, 3, &data);

    ck_assert_uint_eq(length, sizeof(expected) - 1);
    ck_assert_mem_eq(data, expected, length);
    free(data);
}
END_TEST

static Suite *resp_suite(void)
{
    Suite *suite = suite_create("resp");
    TCase *requests = tcase_create("requests");
    TCase *replies = tcase_create("replies");
    TCase *writing = tcase_create("writing");

    tcase_set_timeout(requests, 60);
    tcase_add_test(requests, requests_come_out_whole_however_they_are_cut);
    tcase_add_test(requests, words_may_hold_any_byte);
    tcase_add_test(requests, inline_words_are_split_as_redis_does);
    tcase_add_test(requests, unbalanced_quotes_are_an_error);
    tcase_add_test(requests, headers_are_judged);
    tcase_add_test(requests, strangers_may_send_little);
    tcase_add_test(requests, http_is_dropped);
    tcase_add_test(requests, lines_without_end_are_refused);
    tcase_add_test(requests, a_complete_line_that_is_too_long_is_refused);
    tcase_add_test(requests, huge_headers_are_refused_before_memory_is_taken);
    tcase_add_test(requests, announced_words_take_no_memory);
    tcase_add_test(requests, a_request_is_bounded_as_a_whole);
    tcase_add_test(requests, large_requests_leave_no_memory_behind);
    tcase_add_test(requests, many_words_are_read);
    tcase_add_test(requests, an_error_is_final);
    tcase_add_test(requests, trust_can_change_between_requests);
    suite_add_tcase(suite, requests);
    tcase_add_test(replies, replies_come_out_whole_however_they_are_cut);
    tcase_add_test(replies, garbage_is_an_error);
    tcase_add_test(replies, replies_are_bounded);
    tcase_add_test(replies, large_replies_leave_no_memory_behind);
    suite_add_tcase(suite, replies);
    tcase_add_test(writing, values_are_written_for_each_protocol);
    tcase_add_test(writing, output_grows);
    tcase_add_test(writing, commands_are_formatted);
    suite_add_tcase(suite, writing);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(resp_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
