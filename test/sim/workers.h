/* Several processes that take seeds from one counter. */
#ifndef SIM_WORKERS_H
#define SIM_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

struct workers {
    uint64_t next;  /* seed; the workers share the counter */
    uint64_t end;   /* no seed from this one on */
    uint64_t hours; /* simulated, after which no more seeds are taken; or 0 */
    bool go_on;     /* after a failure */
    /* Kept by the workers. */
    uint64_t seeds;
    uint64_t failures;
    uint64_t simulated_ms;
    uint64_t faults;
    uint64_t failovers;
    uint64_t steps;
};

/* Runs JOBS processes, shows how far they are, and prints each failure and at
 * last a summary. True when there was no failure. */
bool workers_run(struct workers *workers, unsigned jobs);

#endif
