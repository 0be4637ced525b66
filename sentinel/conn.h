/* The connections of the core's links: one outgoing stream each, commands in
 * flight, replies matched to them in order. */
#ifndef SENTINEL_CONN_H
#define SENTINEL_CONN_H

#include "../lib/event.h"

#include <stdint.h>

struct conn_pool;
struct uv_loop_s;

/* What the pool tells its owner; arguments are borrowed for the call. None is
 * called from within a conn_ function, always from the loop. */
struct conn_callbacks {
    void (*up)(void *arg, uint64_t conn, const char *local_ip);
    /* Not after conn_close(). The connection is gone when this is called. */
    void (*down)(void *arg, uint64_t conn, const char *reason);
    void (*reply)(void *arg, uint64_t conn, const struct command_tag *tag,
                  const struct reply *reply);
    /* A pub/sub message (RESP2 array of three: "message", channel, text). */
    void (*message)(void *arg, uint64_t conn, const char *channel,
                    const char *text);
};

/* SOURCE_ADDRESS (may be NULL) is the local address of all connections. */
struct conn_pool *conn_pool_new(struct uv_loop_s *loop,
                                const struct conn_callbacks *callbacks,
                                void *arg, const char *source_address);

/* Starts to connect; up() or down() follows, also for a bad address. */
void conn_open(struct conn_pool *pool, uint64_t id, const char *ip, int port);

/* Queues a command; all of one loop turn leave in one write. Kept until the
 * connection is established. Dropped when ID is unknown. */
void conn_send(struct conn_pool *pool, uint64_t id,
               const struct command_tag *tag, const char *const *words,
               size_t count);

/* Closes without an event. No effect when ID is unknown. */
void conn_close(struct conn_pool *pool, uint64_t id, const char *reason);

/* Closes all; free it only when the loop has run out. */
void conn_pool_stop(struct conn_pool *pool);
void conn_pool_free(struct conn_pool *pool);

#endif
