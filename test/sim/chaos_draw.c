/* Sizes, rates and faults of a random world, from its seed. */
#include "chaos_world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A world has the cost of so many sentinels that watch one server each, for
 * this long: large ones are disturbed for a shorter time. */
#define WATCHED_MS (UINT64_C(12) * 3600000)
#define WATCHED_MANY 30 /* with more they are disturbed for less still */
#define LENGTH_MIN_MS 10000
#define LENGTH_MAX_MS (UINT64_C(24) * 3600000)

static uint64_t between(struct chaos *chaos, uint64_t low, uint64_t high)
{
    return rng_between(&chaos->rng, low, high);
}

static int pick(struct chaos *chaos, int low, int high)
{
    return (int)between(chaos, (uint64_t)low, (uint64_t)high);
}

/* Most worlds are as most quorums are; some are as large as they can be. */
static void draw_sizes(struct chaos *chaos)
{
    struct world_options *options = &chaos->options;
    int kind = pick(chaos, 1, 100);

    options->masters = kind <= 85   ? 1
                       : kind <= 97 ? pick(chaos, 2, 5)
                                    : pick(chaos, 6, 20);
    kind = pick(chaos, 1, 100);
    options->replicas = kind <= 60 ? 2 : pick(chaos, 0, 5);
    kind = pick(chaos, 1, 100);
    options->sentinels = kind <= 55   ? 3
                         : kind <= 65 ? 1
                         : kind <= 90 ? pick(chaos, 2, 5)
                                      : pick(chaos, 6, MAX_SENTINELS);
    options->quorum = rng_chance(&chaos->rng, 60)
                          ? options->sentinels / 2 + 1
                          : pick(chaos, 1, options->sentinels);
}

/* Some quorums are mixed, and in some no seat is ours but one. */
static void draw_seats(struct chaos *chaos)
{
    int sentinels = chaos->options.sentinels;

    if (sentinels > 1 && rng_chance(&chaos->rng, 12))
        chaos->options.reference_seats = (unsigned)pick(chaos, 1,
                                                        (1 << sentinels) - 2);
}

static void draw_times(struct chaos *chaos)
{
    struct world_options *options = &chaos->options;

    options->down_after_ms = pick(chaos, 3, 50) * 100;
    options->failover_timeout_ms = pick(chaos, 3, 30) * 1000;
    options->parallel_syncs = pick(chaos, 1, 3);
    options->latency_max_us = between(chaos, 300, 1000);
    if (rng_chance(&chaos->rng, 30))
        options->latency_max_us = between(chaos, 1000, 60000);
    options->disk_max_us = between(chaos, 600, 8000);
    if (rng_chance(&chaos->rng, 20))
        options->disk_max_us = between(chaos, 8000, 500000);
    options->sync_ms = between(chaos, 1, 1500);
    if (rng_chance(&chaos->rng, 20))
        options->reboot_down_after_ms = pick(chaos, 5, 100) * 100;
    if (rng_chance(&chaos->rng, 25))
        options->auth_pass = "secret";
    if (rng_chance(&chaos->rng, 30))
        chaos->drift_ppm = (int64_t)between(chaos, 10, 50000);
}

static void draw_faults(struct chaos *chaos)
{
    for (size_t i = 0; i < chaos_fault_count; i++)
        if (rng_chance(&chaos->rng, chaos_faults[i].percent))
            chaos->kinds[chaos->kind_count++] = i;
    if (chaos->kind_count == 0)
        chaos->kinds[chaos->kind_count++] = 0;
}

static void draw_length(struct chaos *chaos)
{
    const struct world_options *options = &chaos->options;
    uint64_t watched = (uint64_t)options->sentinels *
                       (uint64_t)options->masters *
                       (uint64_t)(1 + options->replicas + options->sentinels);

    chaos->length_ms = between(chaos, LENGTH_MIN_MS, 120000);
    chaos->interval_max_ms = between(chaos, 200, 10000);
    if (rng_chance(&chaos->rng, 30)) {
        chaos->length_ms = between(chaos, 120000, 7200000);
        chaos->interval_max_ms = between(chaos, 5000, 60000);
    }
    chaos->limit_ms = WATCHED_MS / watched;
    if (watched > WATCHED_MANY)
        chaos->limit_ms = chaos->limit_ms * WATCHED_MANY / watched;
    if (chaos->length_ms > chaos->limit_ms)
        chaos->length_ms = chaos->limit_ms;
}

/* A world as an installation sees it for hours: signs of life, and faults, are
 * rarer. */
static void draw_patience(struct chaos *chaos)
{
    struct world_options *options = &chaos->options;
    uint64_t limit_ms = chaos->limit_ms;

    options->patience = 1;
    if (!rng_chance(&chaos->rng, 50))
        return;
    options->patience = pick(chaos, 3, 10);
    options->down_after_ms *= options->patience;
    options->failover_timeout_ms *= options->patience;
    chaos->length_ms = between(chaos, 600000, LENGTH_MAX_MS);
    chaos->interval_max_ms = between(chaos, 10000, 600000);
    limit_ms *= 4 * (uint64_t)options->patience;
    if (chaos->length_ms > limit_ms)
        chaos->length_ms = limit_ms;
}

void chaos_draw(struct chaos *chaos, uint64_t seed)
{
    rng_seed(&chaos->rng, seed);
    chaos->options.seed = seed;
    draw_sizes(chaos);
    draw_seats(chaos);
    draw_times(chaos);
    draw_faults(chaos);
    draw_length(chaos);
    draw_patience(chaos);
    chaos->undiscovered = rng_chance(&chaos->rng, 20);
    chaos->examined = rng_chance(&chaos->rng, 40);
}

/* ---- Words ---- */

struct words {
    char *text;
    size_t size;
    size_t length;
};

static void add(struct words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct words *words, const char *format, ...)
{
    va_list arguments;
    int written;

    va_start(arguments, format);
    written = vsnprintf(words->text + words->length,
                        words->size - words->length, format, arguments);
    va_end(arguments);
    words->length += (size_t)written;
    assert(words->length < words->size);
}

void chaos_describe(const struct chaos *chaos, char *text, size_t size)
{
    const struct world_options *options = &chaos->options;
    struct words words = {text, size, 0};

    add(&words, "masters %d replicas %d sentinels %d (0x%x as the reference)",
        options->masters, options->replicas, options->sentinels,
        options->reference_seats);
    add(&words,
        " quorum %d down-after %" PRId64 " failover-timeout %" PRId64
        " reboot-down-after %" PRId64 " parallel-syncs %" PRId64,
        options->quorum, options->down_after_ms, options->failover_timeout_ms,
        options->reboot_down_after_ms, options->parallel_syncs);
    add(&words,
        " latency <= %" PRIu64 " us disk <= %" PRIu64 " us sync %" PRIu64
        " ms clocks +- %" PRId64 " ppm patience %d",
        options->latency_max_us, options->disk_max_us, options->sync_ms,
        chaos->drift_ppm, options->patience);
    add(&words, "%s%s%s, disturbed for %" PRIu64 " ms every <= %" PRIu64 " ms:",
        options->auth_pass != NULL ? ", with passwords" : "",
        chaos->undiscovered ? ", before all have met" : "",
        chaos->examined ? ", masters killed at the end" : "", chaos->length_ms,
        chaos->interval_max_ms);
    for (size_t i = 0; i < chaos->kind_count; i++)
        add(&words, " %s", chaos_faults[chaos->kinds[i]].name);
}
