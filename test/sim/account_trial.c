/* Worlds with exactly one kind of fault, while clients write. */
#include "account.h"

#include "account_fault.h"
#include "operator.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CALM_MS 5000    /* without a fault: all is well again */
#define LIMIT_MS 180000 /* for that */
#define AFTER_MS 2000   /* clients go on so long */

static char description[256];

const char *account_description(void)
{
    return description;
}

/* ---- The world ---- */

static void draw_options(struct trial *trial, const struct fault *fault,
                         uint64_t seed, struct world_options *options)
{
    struct rng rng;

    rng_seed(&rng, seed);
    options->seed = seed;
    options->replicas = rng_chance(&rng, 60) ? 2 : (int)rng_between(&rng, 2, 4);
    options->sentinels = rng_chance(&rng, 70) ? 3 : 5;
    options->quorum = options->sentinels / 2 + 1;
    options->down_after_ms = 1000;
    options->failover_timeout_ms = 10000;
    options->latency_max_us = rng_between(&rng, 300, 3000);
    options->sync_ms = rng_between(&rng, 10, 500);
    options->reboot_down_after_ms = fault->reboot_down_after_ms;
    trial->interval_ms = rng_between(&rng, 2, 50);
}

static void describe(const struct trial *trial, const struct fault *fault)
{
    const struct world_options *options = &trial->world->options;

    snprintf(description, sizeof(description),
             "fault '%s' seed %" PRIu64 " replicas %d sentinels %d latency <= "
             "%" PRIu64 " us, 3 clients write every %" PRIu64 " ms",
             fault->name, options->seed, options->replicas, options->sentinels,
             options->latency_max_us, trial->interval_ms);
}

static void set_servers(struct trial *trial, const struct fault *fault)
{
    for (int host = 0; host < NET_HOSTS; host++) {
        struct redis *redis = trial->world->redis[host];

        if (redis == NULL)
            continue;
        redis->save_interval_ms = fault->save_interval_ms;
        if (fault->min_replicas == 0)
            continue;
        redis->min_replicas = fault->min_replicas;
        redis->min_replicas_max_lag_ms = MIN_REPLICAS_MAX_LAG_MS;
    }
}

static void begin(struct trial *trial, const struct fault *fault, uint64_t seed)
{
    struct world_options options = {0};

    draw_options(trial, fault, seed, &options);
    trial->world = world_new(options);
    describe(trial, fault);
    world_discover(trial->world);
    set_servers(trial, fault);
    trial->writers = writers_new(
        trial->world,
        (struct writers_options){.first = 1,
                                 .count = TRIAL_CLIENTS,
                                 .interval_ms = trial->interval_ms});
    trial_run(trial, 4000, 8000);
    world_mark(trial->world);
}

/* ---- Its end ---- */

static void heal(struct trial *trial)
{
    struct world *world = trial->world;

    net_heal(world);
    world->options.disk_max_us = TRIAL_DISK_US;
    for (int host = 0; host < NET_HOSTS; host++) {
        if (world->redis[host] != NULL) {
            redis_resume(world, host);
            redis_slow(world, host, 0);
            redis_at(world, host)->cannot_save = false;
            redis_at(world, host)->rewrite_fails = false;
            redis_at(world, host)->password = world->options.auth_pass;
            redis_start(world, host);
        }
        if (world->nodes[host] != NULL) {
            disk_heal(world, host);
            sentinel_resume(world, host);
            sentinel_restart(world, host);
        }
    }
}

static bool sentinels_agree(struct trial *trial, int master)
{
    struct world *world = trial->world;

    for (int i = 1; i <= world->options.sentinels; i++)
        if (sentinel_master(world, SENTINEL(i), 0) != master ||
            (sentinel_master_flags(world, SENTINEL(i), 0) &
             (FLAG_SDOWN | FLAG_ODOWN | FLAG_FAILOVER)) != 0)
            return false;
    return true;
}

static bool all_follow(struct trial *trial, int master)
{
    for (int i = 0; i <= trial->world->options.replicas; i++) {
        const struct redis *redis = redis_at(trial->world, REDIS(0, i));

        if (redis->host == master
                ? !redis_is_master(redis)
                : redis->master_host != master || !redis->link_up)
            return false;
    }
    return true;
}

static bool is_calm(struct trial *trial)
{
    int master = sentinel_master(trial->world, S1, 0);

    return master != NONE && sentinels_agree(trial, master) &&
           all_follow(trial, master);
}

static void wait_for_calm(struct trial *trial)
{
    struct world *world = trial->world;
    uint64_t limit_ms = world_now_ms(world) + LIMIT_MS;
    uint64_t calm_since_ms = world_now_ms(world);

    do {
        world_run_for(world, 250);
        if (!is_calm(trial))
            calm_since_ms = world_now_ms(world);
        if (world_now_ms(world) > limit_ms)
            world_fail(world, "healed, but no agreement: %s", description);
    } while (world_now_ms(world) - calm_since_ms < CALM_MS);
}

static struct account_sum end(struct trial *trial)
{
    struct world *world = trial->world;
    struct account_sum sum;
    uint64_t end_ms;

    heal(trial);
    wait_for_calm(trial);
    world_run_for(world, AFTER_MS);
    writers_stop(trial->writers);
    end_ms = world_now_ms(world);
    world_run_for(world, AFTER_MS);
    sum = account_close(writers_account(trial->writers),
                        redis_at(world, sentinel_master(world, S1, 0)), end_ms);
    if (sum.acknowledged == 0)
        world_fail(world, "nothing was written: %s", description);
    return sum;
}

struct account_sum account_trial(const char *kind, uint64_t seed)
{
    struct trial trial = {0};
    const struct fault *fault = fault_find(kind);
    struct account_sum sum;

    begin(&trial, fault, seed);
    fault->run(&trial);
    sum = end(&trial);
    if (fault->lossless && sum.lost > 0)
        world_fail(trial.world,
                   "%zu acknowledged writes lost, from %" PRIu64 " to %" PRIu64
                   ": %s",
                   sum.lost, sum.first_lost_ms, sum.last_lost_ms, description);
    world_free(trial.world);
    writers_free(trial.writers);
    return sum;
}

/* ---- For the faults ---- */

uint64_t trial_draw(struct trial *trial, uint64_t low, uint64_t high)
{
    return rng_between(&trial->world->rng, low, high);
}

void trial_run(struct trial *trial, uint64_t low_ms, uint64_t high_ms)
{
    world_run_until(trial->world, world_now_ms(trial->world) +
                                      trial_draw(trial, low_ms, high_ms));
}

static bool is_one_of(int host, const int *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (hosts[i] == host)
            return true;
    return false;
}

void trial_cut_off(struct trial *trial, const int *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int other = 0; other < NET_HOSTS; other++)
            if (!is_one_of(other, hosts, count))
                net_cut(trial->world, hosts[i], other);
}
