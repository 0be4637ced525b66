/* One random world in a process of its own, so that a failure can be looked
 * at from outside; and the faults that are enough for a failure. */
#ifndef SIM_ATTEMPT_H
#define SIM_ATTEMPT_H

#include "chaos.h"

#include <stdbool.h>

struct attempt {
    struct chaos_run run;
    bool failed;
    char text[1024]; /* of the failure */
};

/* Runs ATTEMPT's world; true when it is well. */
bool attempt_run(struct attempt *attempt);

/* Leaves out the faults without which ATTEMPT, which has failed, fails in the
 * same way. */
void attempt_shrink(struct attempt *attempt);

#endif
