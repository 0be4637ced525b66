/* Random numbers from a seed; not for secrets. */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

void random_seed(struct random *random, uint64_t seed);

/* Evenly distributed over all 64-bit values. */
uint64_t random_next(struct random *random);

/* From 0 to LIMIT - 1; LIMIT is not 0. */
uint64_t random_below(struct random *random, uint64_t limit);

#endif
