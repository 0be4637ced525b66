/* Which replica to promote: const data in, answer out. */
#ifndef LIB_SELECTION_H
#define LIB_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct instance;
struct master;

/* The best eligible replica of MASTER, or NULL. With FRESH_MS not 0 only those
 * count whose INFO was asked for at that moment or later. */
struct instance *selection_best(const struct core *core,
                                const struct master *master, uint64_t fresh_ms);

/* Whether the documented conditions hold for REPLICA. */
bool selection_is_eligible(const struct core *core,
                           const struct instance *replica);

/* Whether some replica that can be reached has not answered the INFO asked for
 * at FRESH_MS yet: it may turn out to be eligible. */
bool selection_is_incomplete(const struct core *core,
                             const struct master *master, uint64_t fresh_ms);

#endif
