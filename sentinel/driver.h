/* The sole caller of core_step: feeds events, runs actions in order, keeps
 * one timer. What stands behind a PERSIST is held until the write has ended. */
#ifndef SENTINEL_DRIVER_H
#define SENTINEL_DRIVER_H

#include "../lib/core.h"

struct context;
struct driver;
struct store;
struct uv_loop_s;

/* The core starts with STATE (borrowed for the call). CONTEXT is borrowed and
 * its other parts must exist already. Never NULL. */
struct driver *driver_new(struct uv_loop_s *loop, struct context *context,
                          struct store *store, uint64_t seed);

/* Feeds EVENT_START: connections are opened, +monitor is told. */
void driver_start(struct driver *driver, const struct state *state);

/* For queries. */
const struct core *driver_core(const struct driver *driver);

/* Monotonic milliseconds, as the core knows them. */
uint64_t driver_now(const struct driver *driver);

/* Hands a request of a client to the core. The answer comes by
 * command_answer() and client_answered(), perhaps within this call, perhaps
 * after a write to disk. REQUEST is borrowed for the call. */
void driver_request(struct driver *driver, const struct request *request);

/* Publishes and logs a notice that does not come from the core (those of
 * scripts: -script-error and so on). */
void driver_notice(struct driver *driver, enum log_level level,
                   const char *channel, const char *text);

/* Closes all connections and stops the timer; writes state that has not been
 * written yet, waiting for the disk. Call before the loop ends. */
void driver_stop(struct driver *driver);
void driver_free(struct driver *driver);

#endif
