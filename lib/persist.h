/* What is on disk: asks for writes and knows which have ended. */
#ifndef LIB_PERSIST_H
#define LIB_PERSIST_H

#include <stdbool.h>
#include <stdint.h>

struct core;

/* The state has changed: asks for a write. Returns its serial. What is emitted
 * behind it with WAIT_DISK is not said before the write has ended well. */
uint64_t persist(struct core *core);

/* Whether the write with SERIAL is known to be on disk. */
bool persist_is_done(const struct core *core, uint64_t serial);

/* Whether all that was ever asked for is on disk, or a write that covers it is
 * under way: only then may epochs be said with WAIT_DISK. */
bool persist_is_trusted(const struct core *core);

/* Whether a write has been under way for so long that the disk must have
 * stalled: no election is begun then. */
bool persist_is_stuck(const struct core *core);

/* A write has ended. */
void persist_result(struct core *core, uint64_t serial, bool ok);

/* Tries again after a failure when it is time; returns the next such moment
 * or HEAP_NEVER. */
uint64_t persist_run(struct core *core);

#endif
