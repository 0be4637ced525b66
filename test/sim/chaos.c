/* A random world: disturbed at random, then healed. */
#include "chaos.h"

#include "chaos_world.h"
#include "checker.h"
#include "node.h"

#include <inttypes.h>

static char description[2048];

const char *chaos_description(void)
{
    return description;
}

bool chaos_is_ours(const struct chaos *chaos, int sentinel)
{
    return chaos->world->nodes[sentinel] != NULL;
}

static void set_clocks(struct chaos *chaos)
{
    if (chaos->drift_ppm == 0)
        return;
    for (int i = 1; i <= chaos->options.sentinels; i++) {
        uint64_t span = (uint64_t)(2 * chaos->drift_ppm);
        int64_t ppm = (int64_t)rng_between(&chaos->rng, 0, span) -
                      chaos->drift_ppm;

        if (chaos_is_ours(chaos, SENTINEL(i)))
            node_at(chaos->world, SENTINEL(i))->clock_ppm = ppm;
    }
}

static void make_world(struct chaos *chaos, struct chaos_run *run)
{
    struct world_options options;

    chaos_draw(chaos, run->seed);
    chaos_describe(chaos, description, sizeof(description));
    options = chaos->options;
    if (options.replicas == 0)
        options.replicas = NONE;
    chaos->world = world_new(options);
    trace_keep(chaos->world->trace, run->trace != NULL);
    chaos->world->forgetful = chaos->undiscovered;
    chaos->world->hurried = true;
    set_clocks(chaos);
}

static void note(const struct chaos *chaos, struct chaos_run *run)
{
    run->simulated_ms = world_now_ms(chaos->world);
    run->failovers = checker_promotions(chaos->world->checker);
    run->steps = checker_steps(chaos->world->checker);
}

/* Each fault draws from a source of its own, so that it stays what it is when
 * others are left out. */
static void disturb(struct chaos *chaos, struct chaos_run *run, uint64_t number)
{
    const struct chaos_fault *fault = &chaos_faults[chaos->kinds[rng_between(
        &chaos->rng, 0, chaos->kind_count - 1)]];
    struct rng rng;

    rng_seed(&rng, rng_next(&chaos->rng));
    note(chaos, run);
    run->faults = number + 1;
    if (number < CHAOS_SKIPPED && run->skipped[number])
        return;
    world_note(chaos->world, "fault %" PRIu64 ": %s", number, fault->name);
    fault->run(chaos, &rng);
}

static void disturb_for(struct chaos *chaos, struct chaos_run *run)
{
    uint64_t end_ms = world_now_ms(chaos->world) + chaos->length_ms;
    uint64_t next_ms = world_now_ms(chaos->world);

    for (uint64_t number = 0;; number++) {
        next_ms += rng_between(&chaos->rng, 0, chaos->interval_max_ms);
        if (next_ms >= end_ms)
            break;
        world_run_until(chaos->world, next_ms);
        disturb(chaos, run, number);
    }
}

void chaos_run(struct chaos_run *run)
{
    struct chaos chaos = {0};

    make_world(&chaos, run);
    if (!chaos.undiscovered)
        world_discover(chaos.world);
    disturb_for(&chaos, run);
    chaos_heal(&chaos);
    chaos_expect_convergence(&chaos);
    if (chaos.examined)
        chaos_examine(&chaos);
    note(&chaos, run);
    if (run->trace != NULL)
        trace_print(chaos.world->trace, run->trace);
    run->hash = trace_hash(chaos.world->trace);
    world_free(chaos.world);
}
