/* Host names to addresses, on the thread pool, with a time limit. */
#ifndef SENTINEL_RESOLVE_H
#define SENTINEL_RESOLVE_H

struct resolver;
struct uv_loop_s;

/* IP is the first numeric address, or NULL when there is none. Called from
 * the loop, never within resolver_lookup(). */
typedef void resolve_done(void *arg, const char *host, const char *ip);

struct resolver *resolver_new(struct uv_loop_s *loop);

/* Looks HOST up; lookups of the same name at the same time share one query.
 * Answers NULL after 5 seconds. */
void resolver_lookup(struct resolver *resolver, const char *host,
                     resolve_done *done, void *arg);

void resolver_stop(struct resolver *resolver); /* no callbacks any more */
void resolver_free(struct resolver *resolver); /* when the loop has run out */

#endif
