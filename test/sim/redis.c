/* The model server: its life, its clients, its replication. */
#include "redis.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CRON_US 100000
#define REPL_TIMEOUT_MS 60000 /* a silent master is noticed after that */

static const struct net_handler handler;

static void cron(void *object, uint64_t value);

struct redis *redis_at(struct world *world, int host)
{
    assert(host >= 0 && host < NET_HOSTS);
    if (world->redis[host] == NULL)
        world_fail(world, "host %d is not a server", host);
    return world->redis[host];
}

bool redis_is_master(const struct redis *redis)
{
    return redis->master_ip[0] == '\0';
}

struct redis *redis_new(struct world *world, int host, int master_host)
{
    struct redis *redis = xcalloc(1, sizeof(*redis));

    redis->world = world;
    redis->host = host;
    redis->port = 6379;
    redis->failover_target = -1;
    redis->priority = 100;
    redis->password = world->options.auth_pass;
    redis->offset = 1000;
    world_ip(host, redis->ip);
    world->redis[host] = redis;
    net_add_host(world->net, host, redis->ip, redis->port, &handler, redis);
    if (master_host != host) {
        world_ip(master_host, redis->stored_ip);
        redis->stored_port = 6379;
    }
    redis_start(world, host);
    queue_add(&world->queue,
              world->now_us + rng_between(&world->rng, 0, CRON_US), cron, redis,
              0);
    return redis;
}

static void free_client(struct redis_client *client)
{
    packet_drop_all(&client->inbox);
    packet_drop_all(&client->queued);
    free(client);
}

void redis_free(struct redis *redis)
{
    if (redis == NULL)
        return;
    while (redis->clients != NULL) {
        struct redis_client *client = redis->clients;

        redis->clients = client->next;
        free_client(client);
    }
    free(redis);
}

/* ---- Clients ---- */

static void remove_client(struct redis *redis, struct redis_client *client)
{
    struct redis_client **at = &redis->clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    net_close(redis->world->net, client->end, "Server closed the connection");
    free_client(client);
}

int redis_kill_clients(struct redis *redis, const struct redis_client *kept,
                       const char *type)
{
    struct redis_client *client = redis->clients;
    int count = 0;

    while (client != NULL) {
        struct redis_client *next = client->next;
        bool wanted = type == NULL ||
                      (strcasecmp(type, "normal") == 0 &&
                       !client->subscribed) ||
                      (strcasecmp(type, "pubsub") == 0 && client->subscribed);

        if (wanted && client != kept) {
            remove_client(redis, client);
            count++;
        }
        client = next;
    }
    return count;
}

void redis_send(struct redis *redis, struct redis_client *client,
                struct packet *packet)
{
    net_send(redis->world->net, client->end, packet);
}

static void on_accepted(void *owner, struct net_end *end)
{
    struct redis *redis = owner;
    struct redis_client *client = xcalloc(1, sizeof(*client));
    struct redis_client **at = &redis->clients;

    while (*at != NULL)
        at = &(*at)->next;
    *at = client;
    client->end = end;
    end->context = client;
}

static void on_received(void *owner, struct net_end *end, struct packet *packet)
{
    struct redis *redis = owner;
    struct redis_client *client = end->context;

    if (redis->hung)
        packet_append(&client->inbox, packet);
    else
        redis_run_command(redis, client, packet);
}

static void on_closed(void *owner, struct net_end *end, const char *reason)
{
    struct redis *redis = owner;
    struct redis_client *client = end->context;

    (void)reason;
    client->closed = true;
    if (!redis->hung)
        remove_client(redis, client);
}

static const struct net_handler handler = {
    .accepted = on_accepted,
    .received = on_received,
    .closed = on_closed,
};

/* A client that still has something to run, or is to be removed. */
static struct redis_client *find_unfinished(const struct redis *redis)
{
    struct redis_client *client = redis->clients;

    while (client != NULL && client->inbox.head == NULL && !client->closed)
        client = client->next;
    return client;
}

/* Looks from the start each time: a command can kill other clients. */
static void run_inboxes(struct redis *redis)
{
    struct redis_client *client;

    while ((client = find_unfinished(redis)) != NULL) {
        struct packet *packet = packet_take(&client->inbox);

        if (packet != NULL)
            redis_run_command(redis, client, packet);
        else
            remove_client(redis, client);
    }
}

/* ---- Replication ---- */

static const struct redis *master_of(const struct redis *redis)
{
    int host = net_find(redis->world->net, redis->master_ip);

    return host >= 0 ? redis->world->redis[host] : NULL;
}

/* The process on the other side answers. */
static bool hears_master(const struct redis *redis)
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

    if (redis_is_master(redis) || redis->sync_stuck || !hears_master(redis))
        return false;
    master = master_of(redis);
    return (redis_is_master(master) || master->link_up) &&
           world_now_ms(redis->world) >= master->loading_until_ms;
}

static void drop_link(struct redis *redis)
{
    if (redis->link_up)
        redis->link_down_ms = world_now_ms(redis->world);
    redis->link_up = false;
    redis->link_life++;
}

static void sync_done(void *object, uint64_t value)
{
    struct redis *redis = object;

    if (value != redis->link_life || !redis->running || redis->hung ||
        redis->link_up || !can_sync(redis))
        return;
    redis->link_up = true;
    redis->link_ever_up = true;
    redis->heard_ms = world_now_ms(redis->world);
    redis->offset = master_of(redis)->offset;
}

static void start_sync(struct redis *redis)
{
    struct world *world = redis->world;

    queue_add(&world->queue, world->now_us + world->options.sync_ms * 1000,
              sync_done, redis, redis->link_life);
}

void redis_follow(struct redis *redis, const char *ip, int port)
{
    if (strcmp(redis->master_ip, ip) == 0 && redis->master_port == port)
        return;
    drop_link(redis);
    redis->link_down_ms = world_now_ms(redis->world);
    snprintf(redis->master_ip, sizeof(redis->master_ip), "%s", ip);
    redis->master_port = port;
    if (!redis_is_master(redis))
        start_sync(redis);
}

static void follow_stream(struct redis *redis)
{
    const struct redis *master = master_of(redis);

    if (redis->link_up && (master == NULL || !master->running))
        drop_link(redis);
    if (redis->link_up && can_sync(redis)) {
        redis->heard_ms = world_now_ms(redis->world);
        if (master->offset > redis->offset)
            redis->offset = master->offset;
    } else if (redis->link_up &&
               world_now_ms(redis->world) - redis->heard_ms > REPL_TIMEOUT_MS) {
        drop_link(redis);
    }
    if (!redis->link_up && can_sync(redis))
        start_sync(redis);
}

static void cron(void *object, uint64_t value)
{
    struct redis *redis = object;
    struct world *world = redis->world;

    (void)value;
    if (redis->running && !redis->hung) {
        if (redis_is_master(redis))
            redis->offset += rng_between(&world->rng, 0, 100);
        else
            follow_stream(redis);
    }
    queue_add(&world->queue, world->now_us + CRON_US, cron, redis, 0);
}

/* ---- Verbs ---- */

void redis_stop(struct world *world, int host)
{
    struct redis *redis = redis_at(world, host);

    if (!redis->running)
        return;
    redis->running = false;
    redis->hung = false;
    net_listen(world->net, host, false);
    (void)redis_kill_clients(redis, NULL, NULL);
    drop_link(redis);
}

void redis_start(struct world *world, int host)
{
    struct redis *redis = redis_at(world, host);

    if (redis->running)
        return;
    redis->running = true;
    redis->started_ms = world_now_ms(world);
    redis->loading_until_ms = 0;
    redis->busy = false;
    redis->link_ever_up = false;
    rng_hex40(&world->rng, redis->run_id);
    redis_follow(redis, redis->stored_ip, redis->stored_port);
    redis->link_life++;
    if (!redis_is_master(redis))
        start_sync(redis);
    net_listen(world->net, host, true);
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
    run_inboxes(redis);
}

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
