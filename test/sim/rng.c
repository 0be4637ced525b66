/* The only source of chance in the simulated world: one seed fixes all. */
#include "rng.h"

#include <assert.h>

void rng_seed(struct rng *rng, uint64_t seed)
{
    rng->state = seed;
    (void)rng_next(rng);
}

/* A counter with a mixing function: every seed, also 0 and 1, gives a stream
 * unlike that of its neighbours. */
uint64_t rng_next(struct rng *rng)
{
    uint64_t mixed;

    rng->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = rng->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t rng_between(struct rng *rng, uint64_t low, uint64_t high)
{
    assert(low <= high);
    return low + rng_next(rng) % (high - low + 1);
}

bool rng_chance(struct rng *rng, unsigned percent)
{
    return rng_next(rng) % 100 < percent;
}

void rng_hex40(struct rng *rng, char text[41])
{
    for (int i = 0; i < 40; i++)
        text[i] = "0123456789abcdef"[rng_next(rng) % 16];
    text[40] = '\0';
}
