/* A seat that behaves as the reference, Redis Sentinel 7.0, does: a second
 * model, independent of the core, for quorums in which both kinds sit. It
 * speaks to servers and sentinels as a node does, and to no one else.
 *
 * Left out, since no quorum depends on it: host names, scripts, options that
 * change at run time, one link shared by several masters. Its disk never
 * fails: a reference that cannot write votes nevertheless, and so twice. */
#ifndef SIM_REFERENCE_H
#define SIM_REFERENCE_H

#include "world.h"

#include <stdbool.h>
#include <stdint.h>

struct reference;
struct state;

/* A sentinel with STATE on its disk (taken over); it does not run yet. Free
 * with reference_free(). */
struct reference *reference_new(struct world *world, int host,
                                struct state *state);
void reference_free(struct reference *reference); /* NULL is fine */

/* "s2", and its id of 40 characters. */
const char *reference_name(const struct reference *reference);
const char *reference_id(const struct reference *reference);

/* What a restart finds. */
const struct state *reference_disk(const struct reference *reference);

bool reference_runs(const struct reference *reference);
bool reference_is_paused(const struct reference *reference);

/* ---- Verbs; each does nothing when it does not apply ---- */

void reference_start(struct reference *reference);
void reference_kill(struct reference *reference); /* as kill -9 */
void reference_pause(struct reference *reference);
void reference_resume(struct reference *reference);

/* It dies before its packet or write number COUNT from now on (0: the next);
 * never when COUNT is negative. */
void reference_kill_after(struct reference *reference, int64_t count);

/* ---- Orders, with the answer that is given ---- */

const char *reference_failover(struct reference *reference, const char *name);
const char *reference_reset(struct reference *reference, const char *pattern);

/* ---- Looking; it must run ---- */

/* The host that it gives to clients as the master of GROUP. */
int reference_master_host(const struct reference *reference, int group);

/* Whether it has ever named a master under a config epoch that may be another
 * sentinel's: by an order, by votes of another epoch, or by a newer one that it
 * learned in the middle of its own failover. From then on references can name
 * different masters for ever: they move to higher epochs only. */
bool reference_has_disputed(const struct reference *reference);

/* FLAG_… of what it knows as the master of GROUP. */
unsigned reference_flags(const struct reference *reference, int group);

#endif
