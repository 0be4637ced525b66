/* What the parts of a random world share. Only for chaos*.c. */
#ifndef SIM_CHAOS_WORLD_H
#define SIM_CHAOS_WORLD_H

#include "chaos.h"
#include "rng.h"
#include "world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chaos;

/* A kind of fault. RUN does it to something drawn from RNG, or ends it where
 * it is in force. */
struct chaos_fault {
    const char *name;
    unsigned percent; /* of worlds in which it occurs */
    void (*run)(struct chaos *chaos, struct rng *rng);
};

extern const struct chaos_fault chaos_faults[];
extern const size_t chaos_fault_count;

struct chaos {
    struct world *world;
    struct rng rng; /* for what is drawn: another than the world's, so that a
                     * fault left out changes no other */
    struct world_options options;
    bool undiscovered; /* the faults begin at once */
    bool examined;     /* each master is killed once more at the end */
    int64_t drift_ppm; /* clocks run up to so much faster or slower */
    size_t kinds[64];  /* of faults that occur, by index */
    size_t kind_count;
    uint64_t limit_ms;        /* for the length, by size */
    uint64_t length_ms;       /* of the disturbed phase */
    uint64_t interval_max_ms; /* between two faults */
};

/* Whether SENTINEL is a seat of ours, not one as the reference. */
bool chaos_is_ours(const struct chaos *chaos, int sentinel);

/* chaos_draw.c: sizes, rates and faults from the seed, and their words. */
void chaos_draw(struct chaos *chaos, uint64_t seed);
void chaos_describe(const struct chaos *chaos, char *text, size_t size);

/* Has all sentinels that do not monitor GROUP's master do so again, at the
 * address that another one names. */
void chaos_monitor_again(struct chaos *chaos, int group);

/* chaos_calm.c: ends all faults; then the bounds within which all must agree,
 * and what else must hold at the end. */
void chaos_heal(struct chaos *chaos);
void chaos_expect_convergence(struct chaos *chaos);
void chaos_examine(struct chaos *chaos);

#endif
