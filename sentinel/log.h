/* Log lines: levels, targets, wall time. Loop-free. The line format is that
 * of Redis: "<pid>:X 01 Jan 2026 10:00:00.000 # text". */
#ifndef SENTINEL_LOG_H
#define SENTINEL_LOG_H

#include "../lib/action.h"

#include <stdbool.h>

/* Above all levels: nothing is written. */
#define LOG_LEVEL_NOTHING ((enum log_level)(LEVEL_WARNING + 1))

/* Opens the targets. FILE empty or NULL: standard output. Returns 0, or -1
 * with a text in *ERROR (static storage) when FILE cannot be appended to. */
int log_open(const char *file, enum log_level level, const char **error)
    __attribute__((warn_unused_result));

/* Also logs to syslog. IDENT is borrowed until log_close(). */
void log_open_syslog(const char *ident, int facility);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Whether lines go to standard output. */
bool log_is_stdout(void);

/* Opens the file anew under its name (SIGHUP). */
void log_reopen(void);
void log_close(void);

/* Writes one line when LEVEL is high enough. Control characters in the text
 * are escaped, so no text from the network can forge a line. A log file that
 * was renamed or removed is opened anew under its name; one that was truncated
 * goes on at its new end. */
void log_write(enum log_level level, const char *text);
void log_printf(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
