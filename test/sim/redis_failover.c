/* The FAILOVER command of the model server: nobody writes until a replica has
 * all that was written and takes over. */
#include "redis.h"

#include <stdlib.h>
#include <strings.h>

/* A replica acknowledges its offset once a second. */
#define ACKNOWLEDGE_MS 1000

static bool may_hand_over(const struct redis *redis, const struct redis *target)
{
    return target->running && !target->hung && target->link_up &&
           target->master_host == redis->host && redis_hears_master(target) &&
           target->offset == redis->offset;
}

static void try_handover(void *object, uint64_t life);

static void try_again(struct redis *redis)
{
    queue_add(&redis->world->queue,
              redis->world->now_us + ACKNOWLEDGE_MS * 1000, try_handover, redis,
              redis->failover_life);
}

static void try_handover(void *object, uint64_t life)
{
    struct redis *redis = object;
    struct redis *target;

    if (life != redis->failover_life || !redis->running)
        return;
    if (redis->hung) {
        try_again(redis);
        return;
    }
    target = redis_at(redis->world, redis->failover_target);
    if (may_hand_over(redis, target)) {
        redis->failover_life++;
        redis->failover_target = -1;
        redis_follow(target, "", 0);
        redis_follow(redis, target->ip, target->port);
    } else if (world_now_ms(redis->world) >= redis->failover_end_ms) {
        redis->failover_target = -1;
    } else {
        try_again(redis);
    }
}

struct reply *redis_failover(struct redis *redis, char *const *words,
                             size_t count)
{
    int target;

    if (count == 2 && strcasecmp(words[1], "ABORT") == 0) {
        if (redis->failover_target < 0)
            return reply_error("ERR No failover in progress.");
        redis->failover_target = -1;
        redis->failover_life++;
        return reply_status("OK");
    }
    if (count != 6 || strcasecmp(words[1], "TO") != 0 ||
        strcasecmp(words[4], "TIMEOUT") != 0)
        return reply_error("ERR syntax error");
    if (redis->failover_target >= 0)
        return reply_error("ERR FAILOVER already in progress.");
    if (!redis_is_master(redis))
        return reply_error("ERR FAILOVER is not valid when server is a "
                           "replica.");
    target = net_find(redis->world->net, words[2]);
    if (target < 0 || redis->world->redis[target] == NULL ||
        redis_at(redis->world, target)->master_host != redis->host)
        return reply_error("ERR FAILOVER target HOST and PORT is not a "
                           "replica.");
    redis->failover_target = target;
    redis->failover_end_ms = world_now_ms(redis->world) +
                             (uint64_t)atoll(words[5]);
    redis->failover_life++;
    try_again(redis);
    return reply_status("OK");
}
