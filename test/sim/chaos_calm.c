/* The end of a random world: all faults are over, and within a bounded time
 * all sentinels must agree, and the servers with them, and it must stay so. */
#include "chaos_world.h"
#include "operator.h"
#include "redis.h"
#include "reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CALM_MS 15000 /* that it must stay so, times the patience */
#define LOOK_MS 500

/* ---- Healing ---- */

static void heal_redis(struct world *world, struct redis *redis)
{
    redis->busy = false;
    redis->cannot_save = false;
    redis->rewrite_fails = false;
    redis->priority = redis->priority != 0 ? redis->priority : 100;
    redis_slow(world, redis->host, 0);
    if (redis->password != world->options.auth_pass)
        redis_set_password(world, redis->host, world->options.auth_pass);
    redis_resume(world, redis->host);
    redis_start(world, redis->host);
}

static void heal_sentinel(struct chaos *chaos, int sentinel)
{
    struct world *world = chaos->world;

    if (chaos_is_ours(chaos, sentinel)) {
        node_at(world, sentinel)->actions_left = -1;
        disk_heal(world, sentinel);
    } else {
        reference_kill_after(world->references[sentinel], -1);
    }
    sentinel_resume(world, sentinel);
    sentinel_restart(world, sentinel);
}

static void set_again(struct chaos *chaos, int sentinel, int group)
{
    const struct world_options *options = &chaos->options;
    char words[160];

    snprintf(words, sizeof(words),
             "quorum %d down-after-milliseconds %" PRId64
             " failover-timeout %" PRId64 " parallel-syncs %" PRId64 "%s%s",
             options->quorum, options->down_after_ms,
             options->failover_timeout_ms, options->parallel_syncs,
             options->auth_pass != NULL ? " auth-pass " : "",
             options->auth_pass != NULL ? options->auth_pass : "");
    (void)sentinel_set(chaos->world, sentinel, world_master_name(group), words);
}

/* What the operator finds when no sentinel can tell. */
static int find_master(const struct chaos *chaos, int group)
{
    int found = REDIS(group, 0);

    for (int i = chaos->options.replicas; i >= 0; i--)
        if (redis_is_master(redis_at(chaos->world, REDIS(group, i))))
            found = REDIS(group, i);
    return found;
}

void chaos_monitor_again(struct chaos *chaos, int group)
{
    struct world *world = chaos->world;
    const char *name = world_master_name(group);
    char quorum[12];
    char ip[16];
    int master = NONE;

    for (int i = 1; i <= chaos->options.sentinels && master == NONE; i++)
        master = sentinel_master(world, SENTINEL(i), group);
    if (master == NONE)
        master = find_master(chaos, group);
    snprintf(quorum, sizeof(quorum), "%d", chaos->options.quorum);
    for (int i = 1; i <= chaos->options.sentinels; i++) {
        if (chaos_is_ours(chaos, SENTINEL(i)) &&
            sentinel_is_up(world, SENTINEL(i)) &&
            sentinel_master(world, SENTINEL(i), group) == NONE) {
            (void)sentinel_monitor(world, SENTINEL(i), name,
                                   world_ip(master, ip), "6379", quorum);
            /* It may have been killed meanwhile. */
            if (sentinel_is_up(world, SENTINEL(i)))
                set_again(chaos, SENTINEL(i), group);
        }
    }
}

static void take_peers(void *arg, const struct core_view *view)
{
    *(size_t *)arg = view->sentinel_count;
}

static bool is_alone(const struct node *node, int group)
{
    size_t peers = 0;

    (void)core_visit_master(node->core, world_master_name(group),
                            node_now_ms(node), take_peers, &peers);
    return peers == 0;
}

/* One that was told to forget all others, as they were told to forget it, is
 * told again what to monitor. */
static void join_again(struct chaos *chaos, int group)
{
    struct world *world = chaos->world;

    if (!world->forgetful || chaos->options.sentinels == 1)
        return;
    for (int i = 1; i <= chaos->options.sentinels; i++)
        if (chaos_is_ours(chaos, SENTINEL(i)) &&
            is_alone(node_at(world, SENTINEL(i)), group))
            (void)sentinel_remove(world, SENTINEL(i), world_master_name(group));
}

void chaos_heal(struct chaos *chaos)
{
    struct world *world = chaos->world;

    world_note(world, "healed");
    net_heal(world);
    for (int host = 0; host < NET_HOSTS; host++)
        if (world->redis[host] != NULL)
            heal_redis(world, world->redis[host]);
    for (int i = 1; i <= chaos->options.sentinels; i++)
        heal_sentinel(chaos, SENTINEL(i));
    for (int group = 0; group < chaos->options.masters; group++) {
        join_again(chaos, group);
        chaos_monitor_again(chaos, group);
        for (int i = 1; i <= chaos->options.sentinels; i++)
            if (chaos_is_ours(chaos, SENTINEL(i)))
                set_again(chaos, SENTINEL(i), group);
    }
}

/* ---- What must hold ---- */

/* Whether some sentinel knows HOST as a replica: one that all were told to
 * forget while it was down is nobody's any more. */
struct search {
    const char *ip;
    bool found;
};

static void look_for(void *arg, const struct core_view *view)
{
    struct search *search = arg;

    if (strcmp(view->ip, search->ip) == 0)
        search->found = true;
}

/* How many of our sentinels do. */
static int count_knowing(struct chaos *chaos, int group,
                         const struct redis *redis)
{
    int count = 0;

    for (int i = 1; i <= chaos->options.sentinels; i++) {
        const struct node *node = chaos->world->nodes[SENTINEL(i)];
        struct search search = {redis->ip, false};

        if (node != NULL && node->core != NULL)
            core_visit_replicas(node->core, world_master_name(group),
                                node_now_ms(node), look_for, &search);
        count += search.found ? 1 : 0;
    }
    return count;
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

        if (redis->host == master || !redis->running ||
            (world->forgetful && count_knowing(chaos, group, redis) == 0))
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

/* All that the sentinels still know of is a replica of a server that they were
 * told to forget, or had not met: no sentinel can mend that. */
static bool is_lost(struct chaos *chaos, int group, int master)
{
    if (!chaos->world->forgetful ||
        redis_is_master(redis_at(chaos->world, master)))
        return false;
    for (int i = 0; i <= chaos->options.replicas; i++) {
        const struct redis *redis = redis_at(chaos->world, REDIS(group, i));

        if (redis->host != master && count_knowing(chaos, group, redis) > 0)
            return false;
    }
    return true;
}

static const char *find_fault(struct chaos *chaos, int group)
{
    struct world *world = chaos->world;
    int master = sentinel_master(world, S1, group);

    if (master == NONE)
        return "a sentinel has no master";
    if (is_lost(chaos, group, master))
        return NULL;
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

/* A connection too many is one that was lost sight of. */
static void check_connections(struct chaos *chaos)
{
    struct world *world = chaos->world;

    for (int i = 1; i <= chaos->options.sentinels; i++)
        for (int host = 0; host < NET_HOSTS; host++) {
            size_t limit = world->redis[host] != NULL ? 2 : 1;
            size_t count = net_count(world->net, SENTINEL(i), host);

            if (chaos_is_ours(chaos, SENTINEL(i)) && count > limit)
                world_fail(world, "s%d has %zu connections to host %d", i,
                           count, host);
        }
}

/* The longest chain of waits: a tilt, a failover that lasts to its end, the
 * wait before the next one, and that for a wrong replica. */
static uint64_t convergence_limit_ms(const struct chaos *chaos)
{
    uint64_t limit_ms = 150000 * (uint64_t)chaos->options.patience +
                        8 * (uint64_t)chaos->options.failover_timeout_ms +
                        10 * (uint64_t)chaos->options.down_after_ms;

    /* The reference tries again much later. */
    return chaos->options.reference_seats == 0 ? limit_ms : 3 * limit_ms;
}

static void expect_within_limit(struct chaos *chaos, uint64_t limit_ms)
{
    struct world *world = chaos->world;
    uint64_t end_ms = world_now_ms(world) + limit_ms;
    uint64_t calm_since_ms = world_now_ms(world);
    const char *fault;

    do {
        world_run_for(world, LOOK_MS);
        fault = find_any_fault(chaos);
        if (fault != NULL)
            calm_since_ms = world_now_ms(world);
        if (fault != NULL && world_now_ms(world) > end_ms)
            world_fail(world, "healed, but %s", fault);
    } while (world_now_ms(world) - calm_since_ms <
             CALM_MS * (uint64_t)chaos->options.patience);
    check_connections(chaos);
}

/* References that have taken one epoch for two addresses, each with the few
 * votes that it knew of or by an order, may never agree: a fault of theirs. */
static bool is_disputed(const struct chaos *chaos)
{
    if (chaos->world->forgetful && chaos->options.reference_seats != 0)
        return true;
    for (int i = 1; i <= chaos->options.sentinels; i++) {
        const struct reference *reference =
            chaos->world->references[SENTINEL(i)];

        if (reference != NULL && reference_has_disputed(reference))
            return true;
    }
    return false;
}

void chaos_expect_convergence(struct chaos *chaos)
{
    if (is_disputed(chaos))
        world_run_for(chaos->world, CALM_MS);
    else
        expect_within_limit(chaos, convergence_limit_ms(chaos));
}

/* ---- The loss of a master that finds all well ---- */

static bool has_switched(struct chaos *chaos, int group, int old)
{
    for (int i = 1; i <= chaos->options.sentinels; i++) {
        int master = sentinel_master(chaos->world, SENTINEL(i), group);

        if (master == NONE || master == old)
            return false;
    }
    return true;
}

/* Nothing hinders a failover but the pauses that follow earlier ones. */
static uint64_t failover_limit_ms(const struct chaos *chaos)
{
    return (chaos->options.reference_seats == 0 ? 60000 : 300000) *
               (uint64_t)chaos->options.patience +
           2 * (uint64_t)chaos->options.down_after_ms +
           2 * (uint64_t)chaos->options.failover_timeout_ms;
}

/* All sentinels know a server that can take the place of MASTER. */
static bool has_successor(struct chaos *chaos, int group, int master)
{
    int ours = chaos->options.sentinels -
               __builtin_popcount(chaos->options.reference_seats);

    for (int i = 0; i <= chaos->options.replicas; i++) {
        const struct redis *redis = redis_at(chaos->world, REDIS(group, i));

        if (redis->host != master && count_knowing(chaos, group, redis) == ours)
            return true;
    }
    return false;
}

void chaos_examine(struct chaos *chaos)
{
    struct world *world = chaos->world;
    int masters[MAX_GROUPS] = {0};
    uint64_t limit_ms = world_now_ms(world) + failover_limit_ms(chaos);

    if (is_disputed(chaos))
        return;
    world_note(world, "all masters are killed");
    for (int group = 0; group < chaos->options.masters; group++) {
        masters[group] = sentinel_master(world, S1, group);
        if (!has_successor(chaos, group, masters[group]))
            masters[group] = NONE;
        else
            redis_stop(world, masters[group]);
    }
    for (int group = 0; group < chaos->options.masters; group++)
        while (masters[group] != NONE &&
               !has_switched(chaos, group, masters[group])) {
            if (world_now_ms(world) > limit_ms)
                world_fail(world, "nobody takes the place of a lost master");
            world_run_for(world, 100);
        }
    for (int group = 0; group < chaos->options.masters; group++)
        if (masters[group] != NONE)
            redis_start(world, masters[group]);
    chaos_expect_convergence(chaos);
}
