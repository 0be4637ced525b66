/* Clients that write. A write is a call, without packets, so that they cost
 * next to nothing. */
#include "writer.h"

#include "../../lib/xalloc.h"
#include "operator.h"

#include <assert.h>
#include <stdlib.h>

#define DEFAULT_INTERVAL_MS 100
#define TIMEOUT_MS 1000        /* for the answer to a write */
#define CONNECT_TIMEOUT_MS 200 /* to a sentinel */

struct writer {
    struct writers *writers;
    int host;
    int target;            /* the master as far as it knows; NONE */
    int listens_to;        /* a sentinel; NONE: it does not listen */
    struct write pending;  /* the answer is on its way, */
    uint64_t pending_life; /* if the server lives so long */
};

struct writers {
    struct world *world;
    struct writers_options options;
    struct writer *all;
    struct account account;
    bool stopped;
};

/* ---- Asking ---- */

enum reach {
    REACHED,
    REFUSED,
    SILENT
};

static bool is_cut(const struct world *world, int a, int b)
{
    return net_is_cut(world->net, a, b) || net_is_cut(world->net, b, a);
}

static enum reach reach(const struct writer *writer, int sentinel)
{
    struct world *world = writer->writers->world;
    const struct node *node = node_at(world, sentinel);

    if (node->paused || is_cut(world, writer->host, sentinel))
        return SILENT;
    return node->core != NULL ? REACHED : REFUSED;
}

static int pick_sentinel(struct world *world)
{
    return SENTINEL(
        (int)rng_between(&world->rng, 1, (uint64_t)world->options.sentinels));
}

/* Asks one sentinel after the other; returns how long that took. */
static uint64_t ask(struct writer *writer)
{
    struct world *world = writer->writers->world;
    int sentinel = pick_sentinel(world);

    for (int i = 0; i < world->options.sentinels; i++) {
        enum reach reached = reach(writer, sentinel);

        if (reached == SILENT)
            return CONNECT_TIMEOUT_MS;
        if (reached == REACHED)
            writer->target = sentinel_master(world, sentinel,
                                             writer->writers->options.group);
        if (writer->target != NONE)
            return 0;
        sentinel = sentinel < SENTINEL(world->options.sentinels) ? sentinel + 1
                                                                 : SENTINEL(1);
    }
    return 0;
}

/* +switch-master would have come since the last turn. */
static void listen_to_sentinel(struct writer *writer)
{
    struct world *world = writer->writers->world;
    int master;

    if (writer->listens_to == NONE)
        return;
    if (reach(writer, writer->listens_to) != REACHED) {
        writer->listens_to = pick_sentinel(world);
        return;
    }
    master = sentinel_master(world, writer->listens_to,
                             writer->writers->options.group);
    if (master != NONE)
        writer->target = master;
}

/* ---- Writing ---- */

static void record(struct writer *writer)
{
    struct writers *writers = writer->writers;

    account_add(&writers->account, &writer->pending,
                world_now_ms(writers->world));
}

static void answer_arrives(void *object, uint64_t target)
{
    struct writer *writer = object;
    struct world *world = writer->writers->world;
    const struct redis *redis = redis_at(world, (int)target);

    if (redis->running && !redis->hung && redis->life == writer->pending_life &&
        !is_cut(world, writer->host, redis->host))
        record(writer);
}

/* Returns when the next turn comes, from now on. */
static uint64_t take_answer(struct writer *writer, const struct redis *redis)
{
    struct world *world = writer->writers->world;
    uint64_t delay_ms = writer->pending.delay_ms;

    if (delay_ms > TIMEOUT_MS) {
        writer->target = NONE;
        return TIMEOUT_MS;
    }
    if (delay_ms == 0) {
        record(writer);
    } else {
        writer->pending_life = redis->life;
        queue_add(&world->queue, world->now_us + delay_ms * 1000,
                  answer_arrives, writer, (uint64_t)redis->host);
    }
    return delay_ms + writer->writers->options.interval_ms;
}

static uint64_t write_once(struct writer *writer)
{
    struct world *world = writer->writers->world;
    struct redis *redis = redis_at(world, writer->target);

    switch (redis_write(redis, writer->host, &writer->pending)) {
    case WRITE_DONE:
        return take_answer(writer, redis);
    case WRITE_SILENT:
        writer->target = NONE;
        return TIMEOUT_MS;
    case WRITE_REFUSED:
        writer->target = NONE;
        break;
    case WRITE_BLOCKED:
        break;
    }
    return writer->writers->options.interval_ms;
}

static void turn(void *object, uint64_t value)
{
    struct writer *writer = object;
    struct world *world = writer->writers->world;
    uint64_t wait_ms = 0;

    (void)value;
    if (writer->writers->stopped)
        return;
    listen_to_sentinel(writer);
    if (writer->target == NONE)
        wait_ms = ask(writer);
    if (wait_ms == 0)
        wait_ms = writer->target != NONE ? write_once(writer)
                                         : writer->writers->options.interval_ms;
    queue_add(&world->queue, world->now_us + wait_ms * 1000, turn, writer, 0);
}

/* ---- Life ---- */

static void start_writer(struct writers *writers, int index)
{
    struct world *world = writers->world;
    struct writer *writer = &writers->all[index];
    uint64_t wait_us = rng_between(&world->rng, 0,
                                   writers->options.interval_ms * 1000);

    writer->writers = writers;
    writer->host = CLIENT(writers->options.first + index);
    writer->target = NONE;
    writer->listens_to = index % 2 == 0 ? pick_sentinel(world) : NONE;
    queue_add(&world->queue, world->now_us + wait_us, turn, writer, 0);
}

struct writers *writers_new(struct world *world, struct writers_options options)
{
    struct writers *writers = xcalloc(1, sizeof(*writers));

    assert(options.first >= 1 &&
           options.first + options.count - 1 <= WRITERS_MAX &&
           CLIENT(WRITERS_MAX) < NET_HOSTS);
    if (options.interval_ms == 0)
        options.interval_ms = DEFAULT_INTERVAL_MS;
    writers->world = world;
    writers->options = options;
    writers->account.opened_ms = world_now_ms(world);
    writers->all = xcalloc((size_t)options.count, sizeof(*writers->all));
    for (int i = 0; i < options.count; i++)
        start_writer(writers, i);
    return writers;
}

void writers_stop(struct writers *writers)
{
    writers->stopped = true;
}

void writers_free(struct writers *writers)
{
    if (writers == NULL)
        return;
    account_clear(&writers->account);
    free(writers->all);
    free(writers);
}

const struct account *writers_account(const struct writers *writers)
{
    return &writers->account;
}
