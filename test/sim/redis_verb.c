/* What can be done to a model server: stop, start, and other faults. */
#include "redis.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- Stop and start ---- */

static void stop(struct redis *redis)
{
    redis->running = false;
    redis->hung = false;
    net_listen(redis->world->net, redis->host, false);
    (void)redis_kill_clients(redis, NULL, NULL);
    redis_drop_link(redis);
}

void redis_stop(struct world *world, int host)
{
    struct redis *redis = redis_at(world, host);

    if (!redis->running)
        return;
    stop(redis);
    if (redis->save_interval_ms > 0 && redis->saved_offset < redis->offset) {
        redis->offset = redis->saved_offset;
        history_cut(&redis->history, redis->offset);
    }
}

void redis_shutdown(struct world *world, int host)
{
    struct redis *redis = redis_at(world, host);

    if (!redis->running || redis->hung)
        return;
    for (int other = 0; other < NET_HOSTS; other++) {
        struct redis *replica = world->redis[other];

        if (replica != NULL && replica->running && !replica->hung &&
            replica->master_host == host)
            redis_replicate(replica);
    }
    redis->saved_offset = redis->offset;
    stop(redis);
}

/* What the process has, and the disk has not. */
static void forget(struct redis *redis)
{
    redis->loading_until_ms = 0;
    redis->paused_until_ms = 0;
    redis->busy = false;
    redis->link_ever_up = false;
    redis->failover_target = -1;
    redis->failover_life++;
}

static void start(struct redis *redis, bool empty)
{
    struct world *world = redis->world;

    redis->running = true;
    redis->life++;
    redis->started_ms = world_now_ms(world);
    forget(redis);
    rng_hex40(&world->rng, redis->run_id);
    /* The role first: a branch that begins is of the loaded data. */
    snprintf(redis->master_ip, sizeof(redis->master_ip), "%s",
             redis->stored_ip);
    redis->master_port = redis->stored_port;
    redis->master_host = redis_is_master(redis)
                             ? -1
                             : net_find(world->net, redis->master_ip);
    if (empty || redis_is_master(redis))
        redis_begin_branch(redis, empty);
    redis->link_down_ms = world_now_ms(world);
    redis->link_life++;
    if (!redis_is_master(redis))
        redis_start_sync(redis);
    net_listen(world->net, redis->host, true);
}

void redis_start(struct world *world, int host)
{
    struct redis *redis = redis_at(world, host);

    if (!redis->running)
        start(redis, redis->no_persistence);
}

void redis_start_empty(struct world *world, int host)
{
    struct redis *redis = redis_at(world, host);

    if (!redis->running)
        start(redis, true);
}

void redis_hang(struct world *world, int host)
{
    redis_at(world, host)->hung = redis_at(world, host)->running;
}

void redis_resume(struct world *world, int host)
{
    struct redis *redis = redis_at(world, host);

    if (!redis->hung)
        return;
    redis->hung = false;
    redis_run_inboxes(redis, true);
}

/* ---- The same, later ---- */

static void stop_now(void *object, uint64_t value)
{
    redis_stop(object, (int)value);
}

static void start_now(void *object, uint64_t value)
{
    redis_start(object, (int)value);
}

static void hang_now(void *object, uint64_t value)
{
    redis_hang(object, (int)value);
}

static void plan(struct world *world, int host, uint64_t time_ms,
                 queue_run *run)
{
    assert(time_ms * 1000 >= world->now_us);
    queue_add(&world->queue, time_ms * 1000, run, world, (uint64_t)host);
}

void redis_stop_at(struct world *world, int host, uint64_t time_ms)
{
    plan(world, host, time_ms, stop_now);
}

void redis_start_at(struct world *world, int host, uint64_t time_ms)
{
    plan(world, host, time_ms, start_now);
}

void redis_hang_at(struct world *world, int host, uint64_t time_ms)
{
    plan(world, host, time_ms, hang_now);
}

/* ---- Other faults ---- */

void redis_slow(struct world *world, int host, uint64_t time_ms)
{
    redis_at(world, host)->slow_ms = time_ms;
}

void redis_set_password(struct world *world, int host, const char *password)
{
    struct redis *redis = redis_at(world, host);

    redis->password = password;
    (void)redis_kill_clients(redis, NULL, NULL);
}

/* What moves from one address to another. */
struct belongings {
    struct history history;
    uint64_t offset;
    uint64_t saved_offset;
    uint64_t save_interval_ms;
    bool no_persistence;
    char replid[41];
    char replid2[41];
    int64_t second_offset;
    int priority;
    char stored_ip[40];
    int stored_port;
};

static struct belongings pack(const struct redis *redis)
{
    struct belongings all = {
        .history = redis->history,
        .offset = redis->offset,
        .saved_offset = redis->saved_offset,
        .save_interval_ms = redis->save_interval_ms,
        .no_persistence = redis->no_persistence,
        .second_offset = redis->second_offset,
        .priority = redis->priority,
        .stored_port = redis->stored_port,
    };

    memcpy(all.replid, redis->replid, sizeof(all.replid));
    memcpy(all.replid2, redis->replid2, sizeof(all.replid2));
    memcpy(all.stored_ip, redis->stored_ip, sizeof(all.stored_ip));
    return all;
}

static void unpack(struct redis *redis, const struct belongings *all)
{
    redis->history = all->history;
    redis->offset = all->offset;
    redis->saved_offset = all->saved_offset;
    redis->save_interval_ms = all->save_interval_ms;
    redis->no_persistence = all->no_persistence;
    redis->second_offset = all->second_offset;
    redis->priority = all->priority;
    redis->stored_port = all->stored_port;
    memcpy(redis->replid, all->replid, sizeof(all->replid));
    memcpy(redis->replid2, all->replid2, sizeof(all->replid2));
    memcpy(redis->stored_ip, all->stored_ip, sizeof(all->stored_ip));
}

static void exchange(struct redis *a, struct redis *b)
{
    struct belongings of_a = pack(a);
    struct belongings of_b = pack(b);

    unpack(a, &of_b);
    unpack(b, &of_a);
}

void redis_move(struct world *world, int from, int to)
{
    if (world->redis[to] == NULL) {
        (void)redis_new(world, to, from);
        redis_stop(world, to);
    }
    assert(!redis_at(world, to)->running);
    redis_stop(world, from);
    exchange(redis_at(world, from), redis_at(world, to));
    redis_start(world, to);
}

void redis_exchange(struct world *world, int a, int b)
{
    redis_stop(world, a);
    redis_stop(world, b);
    exchange(redis_at(world, a), redis_at(world, b));
    redis_start(world, a);
    redis_start(world, b);
}

void redis_load_for(struct world *world, int host, uint64_t time_ms)
{
    redis_at(world, host)->loading_until_ms = world_now_ms(world) + time_ms;
}

void redis_replicaof(struct world *world, int host, int master_host)
{
    char ip[16] = "";

    if (master_host != NONE)
        world_ip(master_host, ip);
    redis_follow(redis_at(world, host), ip, master_host != NONE ? 6379 : 0);
}

int redis_add(struct world *world, int master_host)
{
    int host = master_host;

    while (world->redis[host] != NULL)
        host++;
    (void)redis_new(world, host, master_host);
    return host;
}
