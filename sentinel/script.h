/* Notification and reconfiguration scripts: queue, retries, time limit. */
#ifndef SENTINEL_SCRIPT_H
#define SENTINEL_SCRIPT_H

#include "../lib/action.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct script_queue;
struct uv_loop_s;

/* Told of notices (-script-error, -script-timeout, +script-child ...) and
 * asked for the two limits, which SENTINEL DEBUG may change. */
struct script_callbacks {
    void (*notice)(void *arg, enum log_level level, const char *channel,
                   const char *text);
    uint64_t (*max_runtime_ms)(void *arg);
    uint64_t (*retry_delay_ms)(void *arg);
};

struct script_queue *script_queue_new(struct uv_loop_s *loop,
                                      const struct script_callbacks *callbacks,
                                      void *arg);

/* Queues PATH with WORDS as arguments; all are copied. Over 256 jobs, the
 * oldest that does not run is dropped. At most 16 run at once. */
void script_queue_add(struct script_queue *queue, const char *path,
                      const char *const *words, size_t count);

/* For SENTINEL PENDING-SCRIPTS and INFO. */
struct script_view {
    const char *const *argv; /* path first */
    size_t argc;
    bool running;
    int pid;          /* 0 when not running */
    uint64_t time_ms; /* it runs for so long; or until it is run again */
    int retry;        /* runs begun so far, this one included */
};
typedef void script_visit(void *arg, const struct script_view *view);
void script_queue_visit(const struct script_queue *queue, script_visit *visit,
                        void *arg);
size_t script_queue_length(const struct script_queue *queue);
size_t script_queue_running(const struct script_queue *queue);

/* Drops what waits; running scripts go on by themselves. */
void script_queue_stop(struct script_queue *queue);
void script_queue_free(struct script_queue *queue);

#endif
