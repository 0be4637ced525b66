/* What can happen to a random world. A fault that finds its victim already
 * down ends that instead, so that all comes back now and then. */
#include "chaos_world.h"
#include "operator.h"
#include "redis.h"

#include <stdio.h>
#include <string.h>

static int pick(struct rng *rng, int low, int high)
{
    return (int)rng_between(rng, (uint64_t)low, (uint64_t)high);
}

static int pick_group(const struct chaos *chaos, struct rng *rng)
{
    return pick(rng, 0, chaos->options.masters - 1);
}

/* A master more often than not: its loss is what all is about. */
static int pick_redis(const struct chaos *chaos, struct rng *rng)
{
    int group = pick_group(chaos, rng);
    int host = REDIS(group, pick(rng, 0, chaos->options.replicas));

    for (int i = 0; i <= chaos->options.replicas; i++) {
        const struct redis *redis = redis_at(chaos->world, REDIS(group, i));

        if (redis->running && redis_is_master(redis) && rng_chance(rng, 50))
            return redis->host;
    }
    return host;
}

static int pick_sentinel(const struct chaos *chaos, struct rng *rng)
{
    return SENTINEL(pick(rng, 1, chaos->options.sentinels));
}

static int pick_host(const struct chaos *chaos, struct rng *rng)
{
    return rng_chance(rng, 50) ? pick_redis(chaos, rng)
                               : pick_sentinel(chaos, rng);
}

/* ---- Servers ---- */

/* A server that runs, or NULL when the one that was picked did not: it does
 * then. */
static struct redis *pick_running(const struct chaos *chaos, struct rng *rng)
{
    struct redis *redis = redis_at(chaos->world, pick_redis(chaos, rng));

    if (redis->running && !redis->hung)
        return redis;
    redis_resume(chaos->world, redis->host);
    redis_start(chaos->world, redis->host);
    return NULL;
}

static void stop_redis(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis_stop(chaos->world, redis->host);
}

static void shut_redis_down(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis_shutdown(chaos->world, redis->host);
}

static void hang_redis(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis_hang(chaos->world, redis->host);
}

static void restart_redis(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);

    if (redis == NULL)
        return;
    redis_stop(chaos->world, redis->host);
    redis_start(chaos->world, redis->host);
}

static void empty_redis(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);

    if (redis == NULL)
        return;
    redis_stop(chaos->world, redis->host);
    redis_start_empty(chaos->world, redis->host);
}

static void load_redis(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis_load_for(chaos->world, redis->host, rng_between(rng, 100, 10000));
}

static void slow_redis(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis_slow(chaos->world, redis->host,
                   redis->slow_ms != 0 ? 0 : rng_between(rng, 1, 3000));
}

static void change_password(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);
    const char *password = chaos->options.auth_pass;

    if (redis != NULL)
        redis_set_password(chaos->world, redis->host,
                           redis->password == password ? "another" : password);
}

static void busy_redis(struct chaos *chaos, struct rng *rng)
{
    struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis->busy = !redis->busy;
}

static void fail_save(struct chaos *chaos, struct rng *rng)
{
    struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis->cannot_save = !redis->cannot_save;
}

static void fail_rewrite(struct chaos *chaos, struct rng *rng)
{
    struct redis *redis = pick_running(chaos, rng);

    if (redis != NULL)
        redis->rewrite_fails = !redis->rewrite_fails;
}

/* Two servers come back with each other's addresses. */
static void exchange(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);
    int other;

    if (redis == NULL)
        return;
    other = REDIS(redis->host / 10, pick(rng, 0, chaos->options.replicas));
    if (other != redis->host)
        redis_exchange(chaos->world, redis->host, other);
}

static void change_priority(struct chaos *chaos, struct rng *rng)
{
    struct redis *redis = pick_running(chaos, rng);

    if (redis == NULL)
        return;
    redis->priority = rng_chance(rng, 30) ? 0 : pick(rng, 1, 200);
    redis->priority_ms = world_now_ms(chaos->world);
}

/* A master made a replica of its replica would leave no server that has data:
 * that is beyond what sentinels can mend. */
static void order_redis(struct chaos *chaos, struct rng *rng)
{
    const struct redis *redis = pick_running(chaos, rng);
    int other;

    if (redis == NULL || redis_is_master(redis))
        return;
    other = REDIS(redis->host / 10, pick(rng, 0, chaos->options.replicas));
    redis_replicaof(chaos->world, redis->host,
                    other != redis->host ? other : NONE);
}

/* ---- Sentinels ---- */

/* A sentinel that runs, or NONE when the one that was picked did not: it does
 * then. */
static int pick_alive(const struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_sentinel(chaos, rng);

    if (sentinel_is_up(chaos->world, sentinel))
        return sentinel;
    sentinel_resume(chaos->world, sentinel);
    sentinel_restart(chaos->world, sentinel);
    return NONE;
}

/* The same, of those that have all commands and a disk. */
static int pick_ours(const struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_alive(chaos, rng);

    return sentinel != NONE && chaos_is_ours(chaos, sentinel) ? sentinel : NONE;
}

static void crash(struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_alive(chaos, rng);

    if (sentinel != NONE)
        sentinel_crash(chaos->world, sentinel);
}

static void crash_later(struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_alive(chaos, rng);

    if (sentinel != NONE)
        sentinel_crash_after(chaos->world, sentinel, rng_between(rng, 0, 60));
}

static void crash_all(struct chaos *chaos, struct rng *rng)
{
    for (int i = 1; i <= chaos->options.sentinels; i++)
        sentinel_crash(chaos->world, SENTINEL(i));
    for (int i = 1; i <= chaos->options.sentinels; i++)
        sentinel_restart_at(chaos->world, SENTINEL(i),
                            world_now_ms(chaos->world) +
                                rng_between(rng, 1, 5000));
}

static void pause_sentinel(struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_alive(chaos, rng);

    if (sentinel != NONE)
        sentinel_pause(chaos->world, sentinel);
}

static void fail_disk(struct chaos *chaos, struct rng *rng)
{
    struct node *node = chaos->world->nodes[pick_sentinel(chaos, rng)];

    if (node != NULL)
        node->disk_failing = !node->disk_failing;
}

static void stall_disk(struct chaos *chaos, struct rng *rng)
{
    struct node *node = chaos->world->nodes[pick_sentinel(chaos, rng)];

    if (node != NULL)
        node->disk_stalled = !node->disk_stalled;
}

/* ---- The network ---- */

static void cut(struct chaos *chaos, struct rng *rng)
{
    int a = pick_host(chaos, rng);
    int b = pick_host(chaos, rng);

    if (a != b)
        net_cut(chaos->world, a, b);
}

static void cut_one_way(struct chaos *chaos, struct rng *rng)
{
    int a = pick_host(chaos, rng);
    int b = pick_host(chaos, rng);

    if (a != b)
        net_cut_one_way(chaos->world, a, b);
}

static void isolate(struct chaos *chaos, struct rng *rng)
{
    net_isolate(chaos->world, pick_host(chaos, rng));
}

/* Two sides that do not hear each other. */
static void split(struct chaos *chaos, struct rng *rng)
{
    bool side[NET_HOSTS];

    for (int host = 0; host < NET_HOSTS; host++)
        side[host] = rng_chance(rng, 50);
    for (int a = 0; a < NET_HOSTS; a++)
        for (int b = 0; b < NET_HOSTS; b++)
            net_set_cut(chaos->world->net, a, b, side[a] != side[b]);
}

static void heal_net(struct chaos *chaos, struct rng *rng)
{
    (void)rng;
    net_heal(chaos->world);
}

static void reset_conns(struct chaos *chaos, struct rng *rng)
{
    int a = pick_host(chaos, rng);

    for (int b = 0; b < NET_HOSTS; b++)
        if (b != a && rng_chance(rng, 70))
            net_reset(chaos->world->net, a, b);
}

static void refuse(struct chaos *chaos, struct rng *rng)
{
    int a = pick_host(chaos, rng);
    int b = pick_host(chaos, rng);

    net_set_refused(chaos->world->net, a, b, true);
    net_reset(chaos->world->net, a, b);
}

static void lose_packets(struct chaos *chaos, struct rng *rng)
{
    net_set_loss(chaos->world->net,
                 rng_chance(rng, 40) ? 0 : (unsigned)rng_between(rng, 1, 20));
}

static void delay_host(struct chaos *chaos, struct rng *rng)
{
    net_set_delay(chaos->world->net, pick_host(chaos, rng),
                  rng_chance(rng, 30) ? 0 : rng_between(rng, 1000, 400000));
}

/* ---- Operators ---- */

static void order_failover(struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_alive(chaos, rng);
    const char *name = world_master_name(pick_group(chaos, rng));

    if (sentinel == NONE)
        return;
    if (!chaos_is_ours(chaos, sentinel) || rng_chance(rng, 50))
        (void)sentinel_failover(chaos->world, sentinel, name);
    else
        (void)sentinel_coordinate(chaos->world, sentinel, name);
}

static void order_reset(struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_alive(chaos, rng);
    const char *name = world_master_name(pick_group(chaos, rng));

    if (sentinel != NONE)
        (void)sentinel_reset(chaos->world, sentinel,
                             rng_chance(rng, 50) ? "*" : name);
}

static void order_set(struct chaos *chaos, struct rng *rng)
{
    int sentinel = pick_ours(chaos, rng);
    const char *name = world_master_name(pick_group(chaos, rng));
    char words[96];

    snprintf(words, sizeof(words),
             "quorum %d down-after-milliseconds %d failover-timeout %d",
             pick(rng, 1, chaos->options.sentinels), pick(rng, 3, 50) * 100,
             pick(rng, 3, 30) * 1000);
    if (sentinel != NONE)
        (void)sentinel_set(chaos->world, sentinel, name, words);
}

/* What an operator would type: the address that some sentinel names. */
static void monitor_again(void *object, uint64_t group)
{
    chaos_monitor_again(object, (int)group);
}

static void order_replace(struct chaos *chaos, struct rng *rng)
{
    struct world *world = chaos->world;
    int sentinel = pick_ours(chaos, rng);
    int group = pick_group(chaos, rng);

    if (sentinel == NONE)
        return;
    (void)sentinel_remove(world, sentinel, world_master_name(group));
    queue_add(&world->queue, world->now_us + rng_between(rng, 0, 20000) * 1000,
              monitor_again, chaos, (uint64_t)group);
}

const struct chaos_fault chaos_faults[] = {
    {"stop", 45, stop_redis},
    {"shutdown", 25, shut_redis_down},
    {"hang", 45, hang_redis},
    {"restart", 45, restart_redis},
    {"restart-empty", 15, empty_redis},
    {"loading", 35, load_redis},
    {"slow", 25, slow_redis},
    {"password", 15, change_password},
    {"busy", 15, busy_redis},
    {"cannot-save", 15, fail_save},
    {"rewrite-fails", 15, fail_rewrite},
    {"exchange", 10, exchange},
    {"priority", 15, change_priority},
    {"replicaof", 45, order_redis},
    {"crash", 45, crash},
    {"crash-later", 45, crash_later},
    {"crash-all", 10, crash_all},
    {"pause", 45, pause_sentinel},
    {"disk-fails", 35, fail_disk},
    {"disk-stalls", 15, stall_disk},
    {"cut", 45, cut},
    {"cut-one-way", 45, cut_one_way},
    {"isolate", 45, isolate},
    {"split", 30, split},
    {"net-heals", 60, heal_net},
    {"reset", 25, reset_conns},
    {"refuse", 25, refuse},
    {"loss", 20, lose_packets},
    {"delay", 25, delay_host},
    {"failover", 15, order_failover},
    {"forget", 12, order_reset},
    {"set", 12, order_set},
    {"replace", 8, order_replace},
};

const size_t chaos_fault_count = sizeof(chaos_faults) / sizeof(chaos_faults[0]);
