/* A random world: its size, its faults and their rates are drawn from the
 * seed. First it is disturbed, and only safety counts; then all is healed,
 * and the sentinels must agree within a bounded time. */
#ifndef SIM_CHAOS_H
#define SIM_CHAOS_H

#include <stdint.h>
#include <stdio.h>

/* Runs the world of SEED; ends by world_fail() when a rule is broken. With
 * TRACE not NULL the trace is printed there, also when all is well. Returns
 * the hash of all that happened. */
uint64_t chaos_run(uint64_t seed, FILE *trace);

/* What was drawn for the world that runs, for the report of a failure. */
const char *chaos_description(void);

#endif
