/* Random numbers from a seed: a counter run through a mixing function. */
#include "random.h"

#include <assert.h>

void random_seed(struct random *random, uint64_t seed)
{
    random->state = seed;
}

uint64_t random_next(struct random *random)
{
    uint64_t mixed = random->state += UINT64_C(0x9E3779B97F4A7C15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    assert(limit > 0);
    /* The bias of the remainder does not matter for the small limits that
     * waits are drawn from. */
    return random_next(random) % limit;
}
