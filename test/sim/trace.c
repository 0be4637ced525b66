/* The trace: all lines that the sentinels said, and matching them. */
#include "trace.h"

#include "../../lib/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct trace {
    char **lines;
    size_t count;
    size_t size;
    uint64_t hash;
    bool kept;
};

static void (*match_handler)(const char *channel);

struct trace *trace_new(void)
{
    struct trace *trace = xcalloc(1, sizeof(*trace));

    trace->hash = UINT64_C(14695981039346656037);
    trace->kept = true;
    return trace;
}

void trace_free(struct trace *trace)
{
    if (trace == NULL)
        return;
    for (size_t i = 0; i < trace->count; i++)
        free(trace->lines[i]);
    free(trace->lines);
    free(trace);
}

static void hash_number(struct trace *trace, uint64_t number)
{
    trace->hash = (trace->hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    trace->hash ^= trace->hash >> 29;
}

static void hash_text(struct trace *trace, const char *text)
{
    size_t left = strlen(text);
    uint64_t number;

    for (; left >= sizeof(number); left -= sizeof(number)) {
        memcpy(&number, text, sizeof(number));
        hash_number(trace, number);
        text += sizeof(number);
    }
    number = left; /* so that texts end where they end */
    memcpy((char *)&number + 1, text, left);
    hash_number(trace, number);
}

void trace_hash_text(struct trace *trace, uint64_t time_us, const char *text)
{
    hash_number(trace, time_us);
    hash_text(trace, text);
}

void trace_keep(struct trace *trace, bool kept)
{
    trace->kept = kept;
}

bool trace_is_kept(const struct trace *trace)
{
    return trace->kept;
}

static void keep(struct trace *trace, char *line)
{
    if (trace->count == trace->size) {
        trace->size = trace->size != 0 ? trace->size * 2 : 64;
        trace->lines = xrealloc(trace->lines,
                                trace->size * sizeof(*trace->lines));
    }
    trace->lines[trace->count++] = line;
}

void trace_add(struct trace *trace, uint64_t time_ms, const char *who,
               const char *what, const char *text)
{
    size_t size = strlen(who) + strlen(what) + strlen(text) + 32;
    char *line;

    if (!trace->kept)
        return;
    line = xmalloc(size);
    snprintf(line, size, "%" PRIu64 " %s %s%s%s", time_ms, who, what,
             text[0] != '\0' ? " " : "", text);
    keep(trace, line);
}

size_t trace_count(const struct trace *trace)
{
    return trace->count;
}

const char *trace_line(const struct trace *trace, size_t index)
{
    return trace->lines[index];
}

uint64_t trace_hash(const struct trace *trace)
{
    return trace->hash;
}

static size_t word_length(const char *text, const char *end)
{
    const char *at = text;

    while (at < end && *at != ' ')
        at++;
    return (size_t)(at - text);
}

static bool word_matches(const char *word, size_t length, const char *pattern,
                         size_t pattern_length)
{
    if (pattern_length == 1 && pattern[0] == '*')
        return true;
    return length == pattern_length && memcmp(word, pattern, length) == 0;
}

/* "1000-1200" or a word. */
static bool time_matches(const char *word, size_t length, const char *pattern,
                         size_t pattern_length)
{
    unsigned long long time = strtoull(word, NULL, 10);
    const char *dash = memchr(pattern, '-', pattern_length);

    if (dash == NULL)
        return word_matches(word, length, pattern, pattern_length);
    return time >= strtoull(pattern, NULL, 10) &&
           time <= strtoull(dash + 1, NULL, 10);
}

bool trace_matches(const char *line, const char *pattern, size_t length)
{
    const char *line_end = line + strlen(line);
    const char *end = pattern + length;
    bool first = true;

    for (;;) {
        size_t have = word_length(line, line_end);
        size_t want = word_length(pattern, end);
        bool last = pattern + want == end;

        if (last && want == 1 && pattern[0] == '*' && !first)
            return true;
        if (first ? !time_matches(line, have, pattern, want)
                  : !word_matches(line, have, pattern, want))
            return false;
        line += have;
        pattern += want;
        if (line == line_end || pattern == end)
            return line == line_end && pattern == end;
        line++;
        pattern++;
        first = false;
    }
}

void trace_print(const struct trace *trace, FILE *file)
{
    for (size_t i = 0; i < trace->count; i++)
        fprintf(file, "%s\n", trace->lines[i]);
}

void trace_on_match(void (*handler)(const char *channel))
{
    match_handler = handler;
}

/* The channel is the third word. */
void trace_matched(const char *line)
{
    const char *end = line + strlen(line);
    const char *word = line;
    char channel[64];

    for (int i = 0; i < 2; i++) {
        word += word_length(word, end);
        word += *word == ' ';
    }
    if ((word[0] != '+' && word[0] != '-') || match_handler == NULL)
        return;
    snprintf(channel, sizeof(channel), "%.*s", (int)word_length(word, end),
             word);
    match_handler(channel);
}
