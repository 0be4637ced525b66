/* Replication between model servers: who follows whom, and what they hold. */
#include "redis.h"

#include <stdio.h>
#include <string.h>

#define REPL_TIMEOUT_MS 60000 /* a silent master is noticed after that */
#define ACKNOWLEDGE_MS 1000   /* how often a replica says how far it is */
#define BACKLOG_BYTES 1048576 /* what a partial synchronisation can send */
#define BRANCHES_BITS 20      /* of a branch's number; the rest: the host */
#define NO_REPLID "0000000000000000000000000000000000000000"

/* ---- Who follows whom ---- */

void redis_find_masters(struct world *world)
{
    for (int host = 0; host < NET_HOSTS; host++) {
        struct redis *redis = world->redis[host];

        if (redis != NULL && !redis_is_master(redis))
            redis->master_host = net_find(world->net, redis->master_ip);
    }
}

static struct redis *master_of(const struct redis *redis)
{
    return redis->master_host >= 0 ? redis->world->redis[redis->master_host]
                                   : NULL;
}

bool redis_hears_master(const struct redis *redis)
{
    const struct redis *master = master_of(redis);
    const struct net *net = redis->world->net;

    return master != NULL && master != redis && master->running &&
           !master->hung && redis->master_port == master->port &&
           !net_is_cut(net, redis->host, master->host) &&
           !net_is_cut(net, master->host, redis->host);
}

/* It also has data to give: a replica without a link has none. */
static bool can_sync(const struct redis *redis)
{
    const struct redis *master;

    if (redis_is_master(redis) || redis->sync_stuck ||
        !redis_hears_master(redis))
        return false;
    master = master_of(redis);
    return (redis_is_master(master) || master->link_up) &&
           world_now_ms(redis->world) >= master->loading_until_ms;
}

/* A new connection has to give the password. */
static bool may_log_in(const struct redis *redis)
{
    const char *password = master_of(redis)->password;
    const char *given = redis->world->options.auth_pass;

    return password == NULL || (given != NULL && strcmp(password, given) == 0);
}

void redis_drop_link(struct redis *redis)
{
    if (redis->link_up)
        redis->link_down_ms = world_now_ms(redis->world);
    redis->link_up = false;
    redis->link_life++;
}

/* ---- What a server holds ---- */

void redis_begin_branch(struct redis *redis, bool empty)
{
    uint32_t branch = ((uint32_t)redis->host << BRANCHES_BITS) |
                      ++redis->branches;

    if (empty) {
        history_clear(&redis->history);
        redis->offset = 0;
    }
    redis->saved_offset = redis->offset;
    redis->second_offset = -1;
    snprintf(redis->replid2, sizeof(redis->replid2), NO_REPLID);
    if (redis->history.count > 0) {
        memcpy(redis->replid2, redis->replid, sizeof(redis->replid2));
        redis->second_offset = (int64_t)redis->offset + 1;
    }
    rng_hex40(&redis->world->rng, redis->replid);
    if (redis_is_master(redis))
        history_begin(&redis->history, branch, redis->offset);
}

/* Whether the master has all that REPLICA lacks, and REPLICA nothing else. */
static bool can_continue(const struct redis *replica,
                         const struct redis *master)
{
    if (replica->offset > master->offset ||
        master->offset - replica->offset > BACKLOG_BYTES)
        return false;
    if (strcmp(replica->replid, master->replid) == 0)
        return true;
    return strcmp(replica->replid, master->replid2) == 0 &&
           (int64_t)replica->offset < master->second_offset;
}

static void take_full(struct redis *replica, const struct redis *master)
{
    replica->full_syncs++;
    snprintf(replica->replid2, sizeof(replica->replid2), NO_REPLID);
    replica->second_offset = -1;
    replica->saved_offset = master->offset;
    replica->saved_ms = world_now_ms(replica->world);
}

static void take_rest(struct redis *replica, const struct redis *master)
{
    replica->partial_syncs++;
    if (strcmp(replica->replid, master->replid) == 0)
        return;
    memcpy(replica->replid2, replica->replid, sizeof(replica->replid2));
    replica->second_offset = (int64_t)replica->offset + 1;
}

/* In both cases it holds afterwards what its master holds. */
static void synchronise(struct redis *replica, const struct redis *master)
{
    if (can_continue(replica, master))
        take_rest(replica, master);
    else
        take_full(replica, master);
    memcpy(replica->replid, master->replid, sizeof(replica->replid));
    history_copy(&replica->history, &master->history);
    replica->offset = master->offset;
}

static bool is_same_branch(const struct redis *a, const struct redis *b)
{
    return history_branch(&a->history) == history_branch(&b->history);
}

/* ---- The link ---- */

static void acknowledge(struct redis *redis, const struct redis *master)
{
    uint64_t now_ms = world_now_ms(redis->world);

    if (now_ms - redis->acked_ms < ACKNOWLEDGE_MS &&
        redis->acked_host == master->host && redis->acked_life == master->life)
        return;
    redis->acked_ms = now_ms;
    redis->acked_host = master->host;
    redis->acked_life = master->life;
}

static void sync_done(void *object, uint64_t value)
{
    struct redis *redis = object;

    if (value != redis->link_life || !redis->running || redis->hung ||
        redis->link_up || !can_sync(redis) || !may_log_in(redis))
        return;
    redis->link_up = true;
    redis->link_ever_up = true;
    redis->linked_life = master_of(redis)->life;
    redis->heard_ms = world_now_ms(redis->world);
    synchronise(redis, master_of(redis));
    acknowledge(redis, master_of(redis));
}

void redis_start_sync(struct redis *redis)
{
    struct world *world = redis->world;

    queue_add(&world->queue, world->now_us + world->options.sync_ms * 1000,
              sync_done, redis, redis->link_life);
}

void redis_follow(struct redis *redis, const char *ip, int port)
{
    if (strcmp(redis->master_ip, ip) == 0 && redis->master_port == port)
        return;
    redis_drop_link(redis);
    redis->link_down_ms = world_now_ms(redis->world);
    snprintf(redis->master_ip, sizeof(redis->master_ip), "%s", ip);
    redis->master_port = port;
    redis->master_host = -1;
    if (redis_is_master(redis)) {
        redis_begin_branch(redis, false);
    } else {
        redis->master_host = net_find(redis->world->net, ip);
        redis_start_sync(redis);
    }
}

static void follow_stream(struct redis *redis, const struct redis *master)
{
    redis->heard_ms = world_now_ms(redis->world);
    if (!is_same_branch(redis, master))
        synchronise(redis, master);
    else if (master->offset > redis->offset)
        redis->offset = master->offset;
}

/* What goes the other way needs only that way. */
static void send_acknowledgement(struct redis *redis,
                                 const struct redis *master)
{
    if (master != NULL && master->running && !master->hung &&
        !net_is_cut(redis->world->net, redis->host, master->host))
        acknowledge(redis, master);
}

void redis_replicate(struct redis *redis)
{
    const struct redis *master = master_of(redis);

    if (redis->link_up && (master == NULL || !master->running ||
                           master->life != redis->linked_life))
        redis_drop_link(redis);
    if (redis->link_up) {
        send_acknowledgement(redis, master);
        if (can_sync(redis))
            follow_stream(redis, master);
        else if (world_now_ms(redis->world) - redis->heard_ms > REPL_TIMEOUT_MS)
            redis_drop_link(redis);
    }
    if (!redis->link_up && can_sync(redis))
        redis_start_sync(redis);
}

/* ---- The stream ---- */

/* The first host of a group, and that of the next. */
static int first_of_group(const struct redis *redis, int next)
{
    return REDIS(redis->host / REDIS(1, 0) + next, 0);
}

/* What was sent before a kill still arrives; a cut is made good by the next
 * look at the master. */
static bool receives(const struct redis *replica, const struct redis *master)
{
    return replica != NULL && replica->running && !replica->hung &&
           replica->link_up && !replica->sync_stuck &&
           replica->master_host == master->host &&
           replica->linked_life == master->life &&
           is_same_branch(replica, master) &&
           !net_is_cut(replica->world->net, master->host, replica->host);
}

static void arrive(void *object, uint64_t offset)
{
    struct redis *master = object;

    for (int host = first_of_group(master, 0); host < first_of_group(master, 1);
         host++) {
        struct redis *replica = master->world->redis[host];

        if (receives(replica, master) && replica->offset < offset) {
            replica->offset = offset;
            redis_stream(replica);
        }
    }
}

void redis_stream(struct redis *redis)
{
    struct world *world = redis->world;
    uint64_t arrival_us =
        world->now_us + rng_between(&world->rng, world->options.latency_min_us,
                                    world->options.latency_max_us);
    bool followed = false;

    for (int host = first_of_group(redis, 0); host < first_of_group(redis, 1);
         host++)
        followed |= receives(world->redis[host], redis);
    if (!followed)
        return;
    if (arrival_us < redis->stream_us)
        arrival_us = redis->stream_us;
    redis->stream_us = arrival_us;
    queue_add(&world->queue, arrival_us, arrive, redis, redis->offset);
}

/* ---- min-replicas-to-write ---- */

/* The master has seen the connection end. */
static bool is_gone(const struct redis *replica, const struct redis *master)
{
    return !net_is_cut(master->world->net, replica->host, master->host) &&
           (!replica->running || !replica->link_up ||
            replica->master_host != master->host);
}

int redis_good_replicas(const struct redis *redis)
{
    uint64_t now_ms = world_now_ms(redis->world);
    int count = 0;

    if (redis->min_replicas == 0)
        return 0;
    for (int host = first_of_group(redis, 0); host < first_of_group(redis, 1);
         host++) {
        const struct redis *replica = redis->world->redis[host];

        if (replica != NULL && replica != redis &&
            replica->acked_host == redis->host &&
            replica->acked_life == redis->life &&
            now_ms - replica->acked_ms <= redis->min_replicas_max_lag_ms &&
            !is_gone(replica, redis))
            count++;
    }
    return count;
}
