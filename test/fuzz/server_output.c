/* Whether what clients get is RESP, byte for byte. */
#include "server_world.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16

/* What is left to be read. */
struct reading {
    const char *start;
    const char *at;
    const char *end;
    bool resp3;
    bool cut; /* it has ended within a reply */
};

static void refuse(const struct reading *reading, const char *why)
{
    const size_t before = (size_t)(reading->at - reading->start);
    const size_t from = before > 200 ? before - 200 : 0;
    size_t rest = (size_t)(reading->end - reading->at);

    rest = rest > 100 ? 100 : rest;
    REQUIRE(false, "%s at byte %zu: ...%.*s [here] %.*s", why, before,
            (int)(before - from), reading->start + from, (int)rest,
            reading->at);
}

/* The line behind the type; NULL when it has not come. */
static const char *take_line(struct reading *reading, size_t *length)
{
    const char *line = reading->at;
    const size_t rest = (size_t)(reading->end - line);
    const char *end = rest > 0 ? memchr(line, '\r', rest) : NULL;

    if (end == NULL || end + 1 == reading->end) {
        reading->cut = true;
        return NULL;
    }
    if (end[1] != '\n')
        refuse(reading, "a line ends badly");
    if (memchr(line, '\n', (size_t)(end - line)) != NULL)
        refuse(reading, "a line feed within a line");
    *length = (size_t)(end - line);
    reading->at = end + 2;
    return line;
}

static bool take_number(struct reading *reading, long long *number)
{
    size_t length;
    const char *line = take_line(reading, &length);
    char *end;

    if (line == NULL)
        return false;
    *number = strtoll(line, &end, 10);
    if (length == 0 || end != line + length || isspace((unsigned char)line[0]))
        refuse(reading, "not a number");
    return true;
}

static void take_bulk(struct reading *reading)
{
    long long length;

    if (!take_number(reading, &length) || length == -1)
        return;
    if (length < 0)
        refuse(reading, "a negative length");
    if (reading->end - reading->at < length + 2) {
        reading->cut = true;
        return;
    }
    if (memcmp(reading->at + length, "\r\n", 2) != 0)
        refuse(reading, "a bulk string ends badly");
    reading->at += length + 2;
}

static void take_value(struct reading *reading, int depth);

static void take_many(struct reading *reading, int depth, long long factor)
{
    long long count;

    if (!take_number(reading, &count) || count == -1)
        return;
    if (count < 0)
        refuse(reading, "a negative count");
    for (long long i = 0; i < count * factor && !reading->cut; i++)
        take_value(reading, depth + 1);
}

static void take_value(struct reading *reading, int depth)
{
    long long number;
    size_t length;
    char type;

    if (reading->at == reading->end) {
        reading->cut = true;
        return;
    }
    type = *reading->at;
    if (depth > DEPTH_MAX)
        refuse(reading, "nested too deep");
    if (!reading->resp3 && strchr("+-:$*", type) == NULL)
        refuse(reading, "a type that RESP2 does not have");
    reading->at++;
    if (type == '+' || type == '-' || type == '_' || type == '#' || type == ',')
        (void)take_line(reading, &length);
    else if (type == ':')
        (void)take_number(reading, &number);
    else if (type == '$' || type == '=')
        take_bulk(reading);
    else if (type == '*' || type == '~' || type == '>')
        take_many(reading, depth, 1);
    else if (type == '%')
        take_many(reading, depth, 2);
    else
        refuse(reading, "a type that does not exist");
}

void server_output_check(const char *data, size_t length, bool cut, bool resp3)
{
    struct reading reading = {data, data, data + length, resp3, false};

    while (reading.at != reading.end && !reading.cut)
        take_value(&reading, 0);
    if (reading.cut && !cut)
        refuse(&reading, "a reply is not complete");
}
