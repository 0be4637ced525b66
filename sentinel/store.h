/* State out: sentinel.conf is rewritten on the thread pool (temporary file in
 * the same directory, write, fsync, rename, fsync of the directory). */
#ifndef SENTINEL_STORE_H
#define SENTINEL_STORE_H

#include "../lib/state.h"

#include <stdbool.h>
#include <stdint.h>

struct settings;
struct store;
struct uv_loop_s;

/* Called from the loop when a write has ended. ERROR is NULL, or says what
 * failed (borrowed). */
typedef void store_done(void *arg, const char *error);

/* SETTINGS is borrowed and names the file. DONE may be NULL as long as
 * store_write() is not called. */
struct store *store_new(struct uv_loop_s *loop, const struct settings *settings,
                        store_done *done, void *arg);

/* Replaces whom store_write() tells of its end; for whoever comes to exist
 * after the store. */
void store_set_done(struct store *store, store_done *done, void *arg);

/* At the start: removes what crashes have left of former writes, and finds
 * out, by creating a file, whether the configuration can be replaced.
 * Returns 0, or -1 with a reason that names the directory in *ERROR (static
 * storage). A file that is itself a mount point is fine: it is written in
 * place. */
int store_check(struct store *store, const char **error)
    __attribute__((warn_unused_result));

/* Starts a write of STATE, which the store takes over and frees. Only one
 * write at a time: the caller waits for done() before the next. */
void store_write(struct store *store, struct state *state);
bool store_busy(const struct store *store);

/* Writes on the calling thread: at the start, to find out whether the
 * directory can be written to, and at the end. Returns 0, or -1 with the
 * reason in *ERROR (static storage). */
int store_write_now(struct store *store, const struct state *state,
                    const char **error) __attribute__((warn_unused_result));

void store_free(struct store *store); /* not while a write goes on */

#endif
