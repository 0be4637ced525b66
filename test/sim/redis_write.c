/* A client's write to a model server, and whether another server holds it. */
#include "redis.h"

#define WRITE_BYTES 60

/* The server gives an error. */
static bool refuses(const struct redis *redis)
{
    return !redis_is_master(redis) || redis->busy || redis->out_of_memory ||
           redis->cannot_save ||
           world_now_ms(redis->world) < redis->loading_until_ms ||
           redis_good_replicas(redis) < redis->min_replicas;
}

static bool is_paused(const struct redis *redis)
{
    return redis->failover_target >= 0 ||
           world_now_ms(redis->world) < redis->paused_until_ms;
}

static enum write_result answer(struct redis *redis, struct write *write)
{
    if (!redis->running || refuses(redis))
        return WRITE_REFUSED;
    if (is_paused(redis))
        return WRITE_BLOCKED;
    redis->offset += WRITE_BYTES;
    redis_stream(redis);
    write->branch = history_branch(&redis->history);
    write->offset = redis->offset;
    write->delay_ms = redis->slow_ms;
    return WRITE_DONE;
}

enum write_result redis_write(struct redis *redis, int from,
                              struct write *write)
{
    const struct net *net = redis->world->net;
    enum write_result result;

    if (net_is_cut(net, from, redis->host) || redis->hung)
        return WRITE_SILENT;
    result = answer(redis, write);
    /* Done perhaps, but the client does not learn it. */
    if (net_is_cut(net, redis->host, from))
        return WRITE_SILENT;
    return result;
}

bool redis_holds(const struct redis *redis, const struct write *write)
{
    return history_holds(&redis->history, redis->offset, write->branch,
                         write->offset);
}
