/* Host names to addresses, on the thread pool, with a time limit. */
#ifndef SENTINEL_RESOLVE_H
#define SENTINEL_RESOLVE_H

#include <stdbool.h>

struct resolver;
struct uv_loop_s;

/* IP is a numeric address, or NULL when there is none. STILL says that the
 * answer holds the address that resolver_lookup() was told of; IP is then the
 * one behind it, in turn, and else the first. Called from the loop, never
 * within resolver_lookup(). */
typedef void resolve_done(void *arg, const char *host, const char *ip,
                          bool still);

/* Before the loop's thread pool is used: it is given more threads, by
 * UV_THREADPOOL_SIZE, unless that is set. */
struct resolver *resolver_new(struct uv_loop_s *loop);

/* Looks HOST up; lookups of the same name at the same time share one query.
 * KNOWN is the address in use, or "". Answers NULL after 5 seconds. */
void resolver_lookup(struct resolver *resolver, const char *host,
                     const char *known, resolve_done *done, void *arg);

void resolver_stop(struct resolver *resolver); /* no callbacks any more */
void resolver_free(struct resolver *resolver); /* when the loop has run out */

#endif
