/* The model server: its life, its clients, its replication. */
#include "redis.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CRON_US 100000
#define FIRST_OFFSET 1000

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
    redis->min_replicas_max_lag_ms = 10000;
    redis->master_host = -1;
    redis->second_offset = -1;
    world_ip(host, redis->ip);
    world->redis[host] = redis;
    net_add_host(world->net, host, redis->ip, redis->port, &handler, redis);
    if (master_host != host) {
        world_ip(master_host, redis->stored_ip);
        redis->stored_port = 6379;
    }
    redis_find_masters(world);
    redis_start_empty(world, host);
    if (redis_is_master(redis))
        redis->offset = redis->saved_offset = FIRST_OFFSET;
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
    history_clear(&redis->history);
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

static void run_due(void *object, uint64_t life)
{
    struct redis *redis = object;

    if (redis->life == life && !redis->hung)
        redis_run_inboxes(redis, false);
}

static void run_later(struct redis *redis, struct redis_client *client,
                      struct packet *packet)
{
    packet->arrival_us = redis->world->now_us + redis->slow_ms * 1000;
    packet_append(&client->inbox, packet);
    if (redis->slow_ms > 0)
        queue_add(&redis->world->queue, packet->arrival_us, run_due, redis,
                  redis->life);
}

static void on_received(void *owner, struct net_end *end, struct packet *packet)
{
    struct redis *redis = owner;
    struct redis_client *client = end->context;

    if (redis->hung || redis->slow_ms > 0 || client->inbox.head != NULL)
        run_later(redis, client, packet);
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
static struct redis_client *find_unfinished(const struct redis *redis,
                                            uint64_t time_us)
{
    struct redis_client *client = redis->clients;

    while (client != NULL && !client->closed &&
           (client->inbox.head == NULL ||
            client->inbox.head->arrival_us > time_us))
        client = client->next;
    return client;
}

/* Looks from the start each time: a command can kill other clients. */
void redis_run_inboxes(struct redis *redis, bool all)
{
    uint64_t time_us = all ? UINT64_MAX : redis->world->now_us;
    struct redis_client *client;

    while ((client = find_unfinished(redis, time_us)) != NULL) {
        struct packet *packet = packet_take(&client->inbox);

        if (packet != NULL)
            redis_run_command(redis, client, packet);
        else
            remove_client(redis, client);
    }
}

static void save(struct redis *redis)
{
    uint64_t now_ms = world_now_ms(redis->world);

    if (now_ms - redis->saved_ms < redis->save_interval_ms)
        return;
    redis->saved_ms = now_ms;
    redis->saved_offset = redis->offset;
}

/* A client writes also where none is simulated. */
static void write_something(struct redis *redis)
{
    uint64_t bytes = rng_between(&redis->world->rng, 0, 100);

    if (redis_good_replicas(redis) >= redis->min_replicas &&
        redis->failover_target < 0 &&
        world_now_ms(redis->world) >= redis->paused_until_ms)
        redis->offset += bytes;
}

static void cron(void *object, uint64_t value)
{
    struct redis *redis = object;
    struct world *world = redis->world;

    (void)value;
    if (redis->running && !redis->hung) {
        if (redis_is_master(redis))
            write_something(redis);
        else
            redis_replicate(redis);
        save(redis);
    }
    queue_add(&world->queue,
              world->now_us + CRON_US * (uint64_t)world->options.patience, cron,
              redis, 0);
}
