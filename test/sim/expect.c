/* Expectations on the trace. */
#include "node.h"
#include "reference.h"
#include "world.h"

#include "../../lib/xalloc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT_LIMIT_MS 60000

void world_mark(struct world *world)
{
    world->mark = trace_count(world->trace);
}

/* The line of the trace from AT on that matches; the world runs until it is
 * there. Returns its index + 1, or 0. */
static size_t find_line(struct world *world, size_t at, uint64_t limit_us,
                        const char *pattern, size_t length)
{
    for (;;) {
        for (; at < trace_count(world->trace); at++)
            if (trace_matches(trace_line(world->trace, at), pattern, length))
                return at + 1;
        if (!world_step(world, limit_us))
            return 0;
    }
}

void expect_within(struct world *world, uint64_t limit_ms, const char *text)
{
    uint64_t limit_us = world->now_us + limit_ms * 1000;
    size_t at = world->mark;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        at = find_line(world, at, limit_us, text, length);
        if (at == 0)
            world_fail(world, "expected after line %zu of the trace: %.*s",
                       world->mark, (int)length, text);
        trace_matched(trace_line(world->trace, at - 1));
        text += length;
        text += *text == '\n';
    }
}

void expect(struct world *world, const char *text)
{
    expect_within(world, EXPECT_LIMIT_MS, text);
}

void expectf(struct world *world, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(text))
        abort();
    expect(world, text);
}

size_t world_matches(const struct world *world, const char *line)
{
    size_t count = 0;

    for (size_t i = world->mark; i < trace_count(world->trace); i++)
        if (trace_matches(trace_line(world->trace, i), line,
                          strcspn(line, "\n")))
            count++;
    return count;
}

void expect_none(struct world *world, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        if (world_matches(world, text) != 0)
            world_fail(world, "not expected: %.*s", (int)length, text);
        text += length;
        text += text[0] == '\n';
    }
}

uint64_t world_when(struct world *world, const char *pattern)
{
    size_t at = find_line(world, world->mark, 0, pattern, strlen(pattern));

    if (at == 0)
        world_fail(world, "was not said: %s", pattern);
    return strtoull(trace_line(world->trace, at - 1), NULL, 10);
}

static const char *name_of(const struct world *world, int sentinel)
{
    return world->references[sentinel] != NULL
               ? reference_name(world->references[sentinel])
               : world->nodes[sentinel]->name;
}

const char *world_who(struct world *world, const char *channel)
{
    char pattern[80];
    size_t at;
    int host;

    snprintf(pattern, sizeof(pattern), "* * %s *", channel);
    at = find_line(world, world->mark,
                   world->now_us + (uint64_t)EXPECT_LIMIT_MS * 1000, pattern,
                   strlen(pattern));
    if (at == 0 ||
        sscanf(trace_line(world->trace, at - 1), "%*u s%d", &host) != 1)
        world_fail(world, "nobody says %s", channel);
    return name_of(world, SENTINEL(host));
}

int world_host(const char *name)
{
    return SENTINEL(atoi(name + 1));
}

int world_other(const struct world *world, int sentinel, int which)
{
    for (int i = 1; i <= world->options.sentinels; i++)
        if (SENTINEL(i) != sentinel && which-- == 0)
            return SENTINEL(i);
    return NONE;
}

/* ---- Names for ids ---- */

static const char *id_of(const struct world *world, int sentinel)
{
    if (world->references[sentinel] != NULL)
        return reference_id(world->references[sentinel]);
    return world->nodes[sentinel] != NULL ? world->nodes[sentinel]->id : NULL;
}

/* Whose id TEXT begins with; NONE when it is nobody's. */
static int host_of_id(const struct world *world, const char *text)
{
    for (int host = SENTINEL(1); host < NET_HOSTS; host++) {
        const char *id = id_of(world, host);

        if (id != NULL && strncmp(id, text, ID_LENGTH) == 0)
            return host;
    }
    return NONE;
}

char *node_readable(const struct world *world, const char *text)
{
    char *copy = xstrdup(text);
    char *to = copy;

    while (*text != '\0') {
        int host = host_of_id(world, text);

        if (host == NONE) {
            *to++ = *text++;
            continue;
        }
        to += strlen(strcpy(to, name_of(world, host)));
        text += ID_LENGTH;
    }
    *to = '\0';
    return copy;
}
