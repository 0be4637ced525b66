/* RESP out: replies to clients and commands to servers. What comes in is read
 * by resp_request.c and resp_reply.c. */
#include "resp.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

void resp_writer_init(struct resp_writer *writer, int proto)
{
    assert(proto == 2 || proto == 3);
    memset(writer, 0, sizeof(*writer));
    writer->proto = proto;
}

void resp_writer_clear(struct resp_writer *writer)
{
    free(writer->data);
    writer->data = NULL;
    writer->length = 0;
    writer->capacity = 0;
}

/* Makes room for LENGTH bytes and returns where they go. */
static char *extend(struct resp_writer *writer, size_t length)
{
    size_t capacity = writer->capacity != 0 ? writer->capacity : FIRST_CAPACITY;
    char *place;

    while (capacity - writer->length < length)
        capacity *= 2;
    if (capacity != writer->capacity) {
        writer->data = xrealloc(writer->data, capacity);
        writer->capacity = capacity;
    }
    place = writer->data + writer->length;
    writer->length += length;
    return place;
}

void resp_raw(struct resp_writer *writer, const char *data, size_t length)
{
    if (length != 0)
        memcpy(extend(writer, length), data, length);
}

/* A line: its type, TEXT with line ends made blanks, CR LF. */
static void write_line(struct resp_writer *writer, char type, const char *text)
{
    size_t length = strlen(text);
    char *place = extend(writer, length + 3);

    *place++ = type;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '\r' || c == '\n')
            c = ' ';
        *place++ = c;
    }
    *place++ = '\r';
    *place = '\n';
}

static void write_header(struct resp_writer *writer, char type, size_t count)
{
    char line[32];
    int length = snprintf(line, sizeof(line), "%c%zu\r\n", type, count);

    resp_raw(writer, line, (size_t)length);
}

void resp_status(struct resp_writer *writer, const char *text)
{
    write_line(writer, '+', text);
}

void resp_error(struct resp_writer *writer, const char *text)
{
    write_line(writer, '-', text);
}

void resp_errorf(struct resp_writer *writer, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        abort(); /* out of memory */
    resp_error(writer, text);
    free(text);
}

void resp_integer(struct resp_writer *writer, int64_t number)
{
    char line[32];
    int length = snprintf(line, sizeof(line), ":%" PRId64 "\r\n", number);

    resp_raw(writer, line, (size_t)length);
}

void resp_bulk(struct resp_writer *writer, const char *data, size_t length)
{
    write_header(writer, '$', length);
    resp_raw(writer, data, length);
    resp_raw(writer, "\r\n", 2);
}

void resp_text(struct resp_writer *writer, const char *text)
{
    resp_bulk(writer, text, strlen(text));
}

void resp_number_text(struct resp_writer *writer, int64_t number)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%" PRId64, number);

    resp_bulk(writer, text, (size_t)length);
}

void resp_unsigned_text(struct resp_writer *writer, uint64_t number)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%" PRIu64, number);

    resp_bulk(writer, text, (size_t)length);
}

void resp_null(struct resp_writer *writer)
{
    if (writer->proto >= 3)
        resp_raw(writer, "_\r\n", 3);
    else
        resp_raw(writer, "$-1\r\n", 5);
}

void resp_null_array(struct resp_writer *writer)
{
    if (writer->proto >= 3)
        resp_raw(writer, "_\r\n", 3);
    else
        resp_raw(writer, "*-1\r\n", 5);
}

void resp_array(struct resp_writer *writer, size_t count)
{
    write_header(writer, '*', count);
}

void resp_map(struct resp_writer *writer, size_t pairs)
{
    if (writer->proto >= 3)
        write_header(writer, '%', pairs);
    else
        write_header(writer, '*', pairs * 2);
}

void resp_push(struct resp_writer *writer, size_t count)
{
    write_header(writer, writer->proto >= 3 ? '>' : '*', count);
}

void resp_set(struct resp_writer *writer, size_t count)
{
    write_header(writer, writer->proto >= 3 ? '~' : '*', count);
}

void resp_bool(struct resp_writer *writer, bool value)
{
    if (writer->proto >= 3)
        resp_raw(writer, value ? "#t\r\n" : "#f\r\n", 4);
    else
        resp_integer(writer, value ? 1 : 0);
}

size_t resp_format(const char *const *words, size_t count, char **data)
{
    char *command = NULL;
    long long length;

    assert(count > 0 && count <= INT_MAX);
    /* hiredis does not change the words; its prototype forgets to say so. */
    length = redisFormatCommandArgv(&command, (int)count, (const char **)words,
                                    NULL);
    if (length <= 0)
        abort(); /* out of memory */
    *data = command;
    return (size_t)length;
}
