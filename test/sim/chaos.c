/* A random world: disturbed at random, then healed. */
#include "chaos.h"

#include "checker.h"
#include "operator.h"
#include "redis.h"

#include <inttypes.h>
#include <string.h>

enum fault {
    FAULT_REDIS_STOP,
    FAULT_REDIS_HANG,
    FAULT_REDIS_RESTART,
    FAULT_REDIS_LOADING,
    FAULT_REDIS_BY_HAND,
    FAULT_CRASH,
    FAULT_CRASH_LATER,
    FAULT_PAUSE,
    FAULT_CUT,
    FAULT_CUT_ONE_WAY,
    FAULT_ISOLATE,
    FAULT_NET_HEAL,
    FAULT_DISK,
    FAULT_ORDER,
    FAULTS
};

struct chaos {
    struct world *world;
    struct rng *rng;
    struct world_options options;
    enum fault faults[FAULTS]; /* those that occur in this world */
    size_t fault_count;
    uint64_t length_ms;       /* of the disturbed phase */
    uint64_t interval_max_ms; /* between two faults */
};

static char description[512];

const char *chaos_description(void)
{
    return description;
}

/* ---- Drawing the world ---- */

static uint64_t between(struct chaos *chaos, uint64_t low, uint64_t high)
{
    return rng_between(chaos->rng, low, high);
}

static int pick(struct chaos *chaos, int low, int high)
{
    return (int)between(chaos, (uint64_t)low, (uint64_t)high);
}

static void draw_options(struct chaos *chaos, uint64_t seed)
{
    struct world_options *options = &chaos->options;

    options->seed = seed;
    options->masters = rng_chance(chaos->rng, 70) ? 1 : pick(chaos, 2, 4);
    options->replicas = pick(chaos, 0, 4);
    options->sentinels = rng_chance(chaos->rng, 60) ? 3 : pick(chaos, 2, 7);
    options->quorum = rng_chance(chaos->rng, 60)
                          ? options->sentinels / 2 + 1
                          : pick(chaos, 1, options->sentinels);
    options->down_after_ms = pick(chaos, 3, 50) * 100;
    options->failover_timeout_ms = pick(chaos, 3, 30) * 1000;
    options->parallel_syncs = pick(chaos, 1, 3);
    options->latency_max_us = between(chaos, 300, 1000);
    if (rng_chance(chaos->rng, 30))
        options->latency_max_us = between(chaos, 1000, 60000);
    options->disk_max_us = between(chaos, 600, 8000);
    if (rng_chance(chaos->rng, 20))
        options->disk_max_us = between(chaos, 8000, 500000);
    options->sync_ms = between(chaos, 1, 1500);
}

static void draw_faults(struct chaos *chaos)
{
    for (int fault = 0; fault < FAULTS; fault++)
        if (rng_chance(chaos->rng, fault == FAULT_ORDER ? 15 : 45))
            chaos->faults[chaos->fault_count++] = (enum fault)fault;
    chaos->faults[chaos->fault_count] = FAULT_REDIS_STOP;
    if (chaos->fault_count == 0)
        chaos->fault_count = 1;
    chaos->length_ms = between(chaos, 10000, 120000);
    chaos->interval_max_ms = between(chaos, 200, 10000);
}

static void describe(const struct chaos *chaos)
{
    const struct world_options *options = &chaos->options;
    int length = snprintf(
        description, sizeof(description),
        "masters %d replicas %d sentinels %d quorum %d down-after %" PRId64
        " failover-timeout %" PRId64 " parallel-syncs %" PRId64
        " latency <= %" PRIu64 " us disk <= %" PRIu64 " us sync %" PRIu64
        " ms, disturbed for %" PRIu64 " ms every <= %" PRIu64 " ms, faults",
        options->masters, options->replicas, options->sentinels,
        options->quorum, options->down_after_ms, options->failover_timeout_ms,
        options->parallel_syncs, options->latency_max_us, options->disk_max_us,
        options->sync_ms, chaos->length_ms, chaos->interval_max_ms);

    for (size_t i = 0; i < chaos->fault_count; i++)
        length += snprintf(description + length,
                           sizeof(description) - (size_t)length, " %d",
                           chaos->faults[i]);
}

static struct world *draw_world(struct chaos *chaos, uint64_t seed)
{
    struct rng rng;
    struct world_options options;

    rng_seed(&rng, seed);
    chaos->rng = &rng;
    draw_options(chaos, seed);
    draw_faults(chaos);
    describe(chaos);
    options = chaos->options;
    if (options.replicas == 0)
        options.replicas = NONE;
    chaos->world = world_new(options);
    chaos->rng = &chaos->world->rng;
    return chaos->world;
}

/* ---- Disturbing ---- */

/* A master more often than not: its loss is what all is about. */
static int pick_redis(struct chaos *chaos)
{
    int group = pick(chaos, 0, chaos->options.masters - 1);
    int host = REDIS(group, pick(chaos, 0, chaos->options.replicas));

    for (int i = 0; i <= chaos->options.replicas; i++) {
        const struct redis *redis = redis_at(chaos->world, REDIS(group, i));

        if (redis->running && redis_is_master(redis) &&
            rng_chance(chaos->rng, 50))
            return redis->host;
    }
    return host;
}

static int pick_sentinel(struct chaos *chaos)
{
    return SENTINEL(pick(chaos, 1, chaos->options.sentinels));
}

static int pick_host(struct chaos *chaos)
{
    return rng_chance(chaos->rng, 50) ? pick_redis(chaos)
                                      : pick_sentinel(chaos);
}

static void disturb_redis(struct chaos *chaos, enum fault fault)
{
    struct world *world = chaos->world;
    int host = pick_redis(chaos);
    struct redis *redis = redis_at(world, host);

    if (!redis->running) {
        redis_start(world, host);
    } else if (redis->hung) {
        redis_resume(world, host);
    } else if (fault == FAULT_REDIS_HANG) {
        redis_hang(world, host);
    } else if (fault == FAULT_REDIS_STOP) {
        redis_stop(world, host);
    } else if (fault == FAULT_REDIS_RESTART) {
        redis_stop(world, host);
        redis_start(world, host);
    } else if (fault == FAULT_REDIS_LOADING) {
        redis_load_for(world, host, between(chaos, 100, 10000));
    } else if (!redis_is_master(redis)) {
        /* A master made a replica of its replica would leave no server that
         * has data: that is beyond what sentinels can mend. */
        int other = REDIS(host / 10, pick(chaos, 0, chaos->options.replicas));

        redis_replicaof(world, host, other != host ? other : NONE);
    }
}

static void disturb_sentinel(struct chaos *chaos, enum fault fault)
{
    struct world *world = chaos->world;
    int host = pick_sentinel(chaos);
    struct node *node = node_at(world, host);

    if (node->core == NULL) {
        sentinel_restart(world, host);
    } else if (node->paused) {
        sentinel_resume(world, host);
    } else if (fault == FAULT_CRASH) {
        sentinel_crash(world, host);
    } else if (fault == FAULT_CRASH_LATER) {
        sentinel_crash_after(world, host, between(chaos, 0, 60));
    } else if (fault == FAULT_PAUSE) {
        sentinel_pause(world, host);
    } else if (fault == FAULT_DISK) {
        node->disk_failing = !node->disk_failing;
    } else {
        (void)sentinel_failover(
            world, host,
            world_master_name(pick(chaos, 0, chaos->options.masters - 1)));
    }
}

static void disturb_net(struct chaos *chaos, enum fault fault)
{
    int a = pick_host(chaos);
    int b = pick_host(chaos);

    if (fault == FAULT_ISOLATE)
        net_isolate(chaos->world, a);
    else if (fault == FAULT_NET_HEAL || rng_chance(chaos->rng, 20))
        net_heal(chaos->world);
    else if (fault == FAULT_CUT && a != b)
        net_cut(chaos->world, a, b);
    else if (a != b)
        net_cut_one_way(chaos->world, a, b);
}

static void disturb(struct chaos *chaos)
{
    enum fault fault = chaos->faults[between(chaos, 0, chaos->fault_count - 1)];
    char text[16];

    snprintf(text, sizeof(text), "%d", fault);
    trace_add(chaos->world->trace, world_now_ms(chaos->world), "world", "fault",
              text);
    switch (fault) {
    case FAULT_CUT:
    case FAULT_CUT_ONE_WAY:
    case FAULT_ISOLATE:
    case FAULT_NET_HEAL:
        disturb_net(chaos, fault);
        break;
    case FAULT_CRASH:
    case FAULT_CRASH_LATER:
    case FAULT_PAUSE:
    case FAULT_DISK:
    case FAULT_ORDER:
        disturb_sentinel(chaos, fault);
        break;
    default:
        disturb_redis(chaos, fault);
    }
}

/* ---- Healing ---- */

static void heal(struct chaos *chaos)
{
    struct world *world = chaos->world;

    trace_add(world->trace, world_now_ms(world), "world", "healed", "");
    net_heal(world);
    for (int host = 0; host < NET_HOSTS; host++) {
        if (world->redis[host] != NULL) {
            redis_resume(world, host);
            redis_start(world, host);
        }
        if (world->nodes[host] != NULL) {
            world->nodes[host]->actions_left = -1;
            disk_heal(world, host);
            sentinel_resume(world, host);
            sentinel_restart(world, host);
        }
    }
}

/* What is not yet as it must be, or NULL. */
static const char *find_servers_fault(struct chaos *chaos, int group,
                                      int master)
{
    struct world *world = chaos->world;
    char ip[16];

    world_ip(master, ip);
    if (!redis_is_master(redis_at(world, master)))
        return "the master is a replica";
    for (int i = 0; i <= chaos->options.replicas; i++) {
        const struct redis *redis = redis_at(world, REDIS(group, i));

        if (redis->host == master)
            continue;
        if (redis_is_master(redis))
            return "there is a second master";
        if (strcmp(redis->master_ip, ip) != 0)
            return "a replica follows another server";
        if (!redis->link_up)
            return "a replica has no link to the master";
    }
    return NULL;
}

static const char *find_fault(struct chaos *chaos, int group)
{
    struct world *world = chaos->world;
    int master = sentinel_master(world, S1, group);

    for (int i = 1; i <= chaos->options.sentinels; i++) {
        if (sentinel_master(world, SENTINEL(i), group) != master)
            return "the sentinels name different masters";
        if (sentinel_is_busy(world, SENTINEL(i), group))
            return "a failover is in progress";
        if ((sentinel_master_flags(world, SENTINEL(i), group) &
             (FLAG_SDOWN | FLAG_ODOWN)) != 0)
            return "a sentinel thinks the master is down";
    }
    return find_servers_fault(chaos, group, master);
}

static const char *find_any_fault(struct chaos *chaos)
{
    const char *fault = NULL;

    for (int group = 0; group < chaos->options.masters && fault == NULL;
         group++)
        fault = find_fault(chaos, group);
    return fault;
}

/* The longest chain of waits: a tilt, a failover that lasts to its end, the
 * wait before the next one, and that for a wrong replica. */
static uint64_t convergence_limit_ms(const struct chaos *chaos)
{
    return 150000 + 8 * (uint64_t)chaos->options.failover_timeout_ms +
           10 * (uint64_t)chaos->options.down_after_ms;
}

static void expect_convergence(struct chaos *chaos)
{
    struct world *world = chaos->world;
    uint64_t limit_ms = world_now_ms(world) + convergence_limit_ms(chaos);
    uint64_t calm_since_ms = world_now_ms(world);
    const char *fault;

    do {
        world_run_for(world, 500);
        fault = find_any_fault(chaos);
        if (fault != NULL)
            calm_since_ms = world_now_ms(world);
        if (fault != NULL && world_now_ms(world) > limit_ms)
            world_fail(world, "healed, but %s", fault);
    } while (world_now_ms(world) - calm_since_ms < 15000);
}

uint64_t chaos_run(uint64_t seed, FILE *trace)
{
    struct chaos chaos = {0};
    struct world *world = draw_world(&chaos, seed);
    uint64_t end_ms;
    uint64_t hash;

    /* Sentinels that do not know of each other cannot agree: first they have
     * to find all. */
    world_discover(world);
    end_ms = world_now_ms(world) + chaos.length_ms;
    while (world_now_ms(world) < end_ms) {
        world_run_for(world, between(&chaos, 0, chaos.interval_max_ms));
        disturb(&chaos);
    }
    heal(&chaos);
    expect_convergence(&chaos);
    if (trace != NULL)
        trace_print(world->trace, trace);
    hash = trace_hash(world->trace);
    world_free(world);
    return hash;
}
