/* The process itself: background, pid file, service manager, limits, and its
 * end. */
#ifndef SENTINEL_DAEMON_H
#define SENTINEL_DAEMON_H

#include <stdbool.h>

struct context;
struct settings;

/* Ends the process as SIGTERM does: at the next turn of the loop, with the
 * state written. May be called from a command handler, and twice. */
void daemon_shutdown(struct context *context);

/* Whether a service manager is to be told (`supervised`, and its signs in the
 * environment). Such a process does not go to the background. */
bool daemon_supervised(const struct settings *settings);

/* Goes to the background. The parent waits until the child calls
 * daemon_ready() and ends with 0, or with 1 when the child ends before.
 * Returns in the child only: 0, or -1 when it cannot be done. */
int daemon_detach(void) __attribute__((warn_unused_result));

/* All is well: lets the parent of daemon_detach() end, and standard error go.
 * No effect when the process was not detached. */
void daemon_ready(void);

/* Tells the service manager that the start has ended, or the end begins. */
void daemon_notify_ready(void);
void daemon_notify_stopping(void);

/* Writes the pid to PATH. Returns 0, or -1 with errno. */
int daemon_write_pidfile(const char *path) __attribute__((warn_unused_result));

/* Raises the limit of open files for max_clients and the links to MASTERS
 * masters; lowers max_clients, and logs it, when that is not allowed. */
void daemon_raise_file_limit(struct settings *settings, unsigned long masters);

/* Keeps descriptors that were open at the start from scripts. */
void daemon_hide_descriptors(void);

#endif
