/* The state that survives a restart: copied out, and taken in at the start. */
#ifndef LIB_SNAPSHOT_H
#define LIB_SNAPSHOT_H

struct core;
struct state;

/* Builds masters, replicas and sentinels from what was stored. The core knows
 * nothing yet. */
void snapshot_load(struct core *core, const struct state *state);

#endif
