/* The trace: all lines that the sentinels said, and matching them. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct trace;

struct trace *trace_new(void);
void trace_free(struct trace *trace);

/* Whether lines are kept (they are at first): a swarm needs them only to
 * explain a failure, and runs the seed again for that. */
void trace_keep(struct trace *trace, bool kept);
bool trace_is_kept(const struct trace *trace);

/* Appends "<ms> <who> <what> <text>", when lines are kept. */
void trace_add(struct trace *trace, uint64_t time_ms, const char *who,
               const char *what, const char *text);

/* Hashed, and never kept: the hash of a run is the same with and without
 * lines. */
void trace_hash_text(struct trace *trace, uint64_t time_us, const char *text);

size_t trace_count(const struct trace *trace);
const char *trace_line(const struct trace *trace, size_t index);

/* Equal for two runs in which the same happened at the same time. */
uint64_t trace_hash(const struct trace *trace);

/* Whether LINE is what PATTERN (of length LENGTH) says: word by word, "*" is
 * any word, "*" as the last word any rest, the first can be "<low>-<high>". */
bool trace_matches(const char *line, const char *pattern, size_t length);

void trace_print(const struct trace *trace, FILE *file);

/* Called with the channel of each notice that an expectation has matched. */
void trace_on_match(void (*handler)(const char *channel));
void trace_matched(const char *line);

#endif
