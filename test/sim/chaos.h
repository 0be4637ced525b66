/* A random world: its size, its faults and their rates are drawn from the
 * seed. First it is disturbed, and only safety counts; then all is healed,
 * and the sentinels must agree within a bounded time. */
#ifndef SIM_CHAOS_H
#define SIM_CHAOS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CHAOS_SKIPPED 4096 /* faults that can be left out by number */

struct chaos_run {
    uint64_t seed;
    FILE
        *trace; /* the lines are printed here, also when all is well; or NULL */

    /* Faults left out, by number from 0 on: to find those that matter. */
    unsigned char skipped[CHAOS_SKIPPED];

    /* Results. They are kept up to date while the world runs, so that they
     * tell how far a failing one has come. */
    uint64_t hash; /* of all that happened */
    uint64_t simulated_ms;
    uint64_t faults;    /* numbered, without those left out */
    uint64_t failovers; /* promotions that were told */
    uint64_t steps;     /* of all sentinels */
};

/* Runs the world of RUN; ends by world_fail() when a rule is broken. */
void chaos_run(struct chaos_run *run);

/* What was drawn for the world that runs, for the report of a failure. */
const char *chaos_description(void);

#endif
