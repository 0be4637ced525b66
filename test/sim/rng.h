/* The only source of chance in the simulated world: one seed fixes all. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

void rng_seed(struct rng *rng, uint64_t seed);

uint64_t rng_next(struct rng *rng);

/* Uniform in LOW..HIGH, both included; LOW <= HIGH. */
uint64_t rng_between(struct rng *rng, uint64_t low, uint64_t high);

/* True in PERCENT of 100 cases. */
bool rng_chance(struct rng *rng, unsigned percent);

/* Writes 40 lower-case hex characters and a NUL. */
void rng_hex40(struct rng *rng, char text[41]);

#endif
