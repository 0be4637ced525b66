/* The INFO text of the model server, as Redis 7.0 gives it. */
#include "redis.h"

#include "../../lib/xalloc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
    char bytes[4096];
    size_t length;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    int written;

    va_start(arguments, format);
    written = vsnprintf(text->bytes + text->length,
                        sizeof(text->bytes) - text->length, format, arguments);
    va_end(arguments);
    text->length += (size_t)written;
    if (text->length >= sizeof(text->bytes))
        abort();
}

static void add_link(struct text *text, const struct redis *redis)
{
    uint64_t now_ms = world_now_ms(redis->world);
    uint64_t silent_ms = redis->link_up ? now_ms - redis->heard_ms : 0;

    add(text, "role:slave\r\nmaster_host:%s\r\nmaster_port:%d\r\n",
        redis->master_ip, redis->master_port);
    add(text,
        "master_link_status:%s\r\nmaster_last_io_seconds_ago:%" PRId64
        "\r\nmaster_sync_in_progress:0\r\n",
        redis->link_up ? "up" : "down",
        redis->link_up ? (int64_t)(silent_ms / 1000) : -1);
    add(text,
        "slave_read_repl_offset:%" PRIu64 "\r\nslave_repl_offset:%" PRIu64
        "\r\n",
        redis->offset, redis->offset);
    if (!redis->link_up)
        add(text, "master_link_down_since_seconds:%" PRId64 "\r\n",
            redis->link_ever_up
                ? (int64_t)((now_ms - redis->link_down_ms) / 1000)
                : -1);
    add(text,
        "slave_priority:%d\r\nslave_read_only:1\r\nreplica_announced:%d\r\n",
        redis->priority, !redis->hidden);
}

static bool follows(const struct redis *replica, const struct redis *redis)
{
    return replica != NULL && replica != redis && replica->running &&
           replica->link_up && replica->master_host == redis->host;
}

static void add_replicas(struct text *text, const struct redis *redis)
{
    int count = 0;

    for (int host = 0; host < NET_HOSTS; host++)
        if (follows(redis->world->redis[host], redis))
            count++;
    add(text, "connected_slaves:%d\r\n", count);
    if (redis->min_replicas > 0)
        add(text, "min_slaves_good_slaves:%d\r\n", redis_good_replicas(redis));
    count = 0;
    for (int host = 0; host < NET_HOSTS; host++) {
        const struct redis *replica = redis->world->redis[host];

        if (follows(replica, redis))
            add(text,
                "slave%d:ip=%s,port=%d,state=online,offset=%" PRIu64
                ",lag=0\r\n",
                count++, replica->ip, replica->port, replica->offset);
    }
}

char *redis_info(const struct redis *redis)
{
    struct text *text = xcalloc(1, sizeof(*text));
    char *copy;

    add(text, "# Server\r\nredis_version:%s\r\nredis_mode:standalone\r\n",
        redis->old ? "4.0.14" : "7.0.15");
    add(text, "process_id:%d\r\nrun_id:%s\r\ntcp_port:%d\r\n",
        1000 + redis->host, redis->run_id, redis->port);
    add(text, "uptime_in_seconds:%" PRIu64 "\r\n\r\n# Replication\r\n",
        (world_now_ms(redis->world) - redis->started_ms) / 1000);
    if (redis_is_master(redis))
        add(text, "role:master\r\n");
    else
        add_link(text, redis);
    add_replicas(text, redis);
    if (!redis->old)
        add(text, "master_failover_state:%s\r\n",
            redis->failover_target < 0 ? "no-failover" : "waiting-for-sync");
    add(text,
        "master_replid:%s\r\nmaster_replid2:%s\r\nmaster_repl_offset:%" PRIu64
        "\r\nsecond_repl_offset:%" PRId64
        "\r\n\r\n# CPU\r\nused_cpu_sys:0.1\r\n",
        redis->replid, redis->replid2, redis->offset, redis->second_offset);
    copy = xstrdup(text->bytes);
    free(text);
    return copy;
}
