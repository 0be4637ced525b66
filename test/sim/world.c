/* The simulated world: virtual time, one seed, the hosts. */
#include "world.h"

#include "../../lib/xalloc.h"
#include "checker.h"
#include "node.h"
#include "redis.h"
#include "reference.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISCOVER_LIMIT_MS 15000
#define CALM_MS 3000

static void (*failure_handler)(const char *text);
static bool failure_prints_trace = true;

void world_on_failure(void (*handler)(const char *text), bool print_trace)
{
    failure_handler = handler;
    failure_prints_trace = print_trace;
}

void world_fail(struct world *world, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (failure_prints_trace) {
        trace_print(world->trace, stderr);
        fprintf(stderr, "%" PRIu64 " FAILED: %s\n", world_now_ms(world), text);
    }
    if (failure_handler != NULL)
        failure_handler(text);
    abort();
}

const char *world_master_name(int group)
{
    static char names[MAX_GROUPS][12];

    if (names[group][0] == '\0' && group == 0)
        strcpy(names[group], "mymaster");
    else if (names[group][0] == '\0')
        snprintf(names[group], sizeof(names[group]), "master%d",
                 (group + 1) % 100);
    return names[group];
}

int world_group_of_name(const char *name)
{
    for (int group = 0; group < MAX_GROUPS; group++)
        if (strcmp(world_master_name(group), name) == 0)
            return group;
    return -1;
}

int world_group_of_ip(const char *ip)
{
    char *end;
    long group;

    if (strncmp(ip, "10.0.", 5) != 0)
        return -1;
    group = strtol(ip + 5, &end, 10);
    return end != ip + 5 && *end == '.' && group >= 0 && group < MAX_GROUPS
               ? (int)group
               : -1;
}

const char *world_ip(int host, char ip[16])
{
    if (host >= CLIENT_HOST(1))
        snprintf(ip, 16, "10.2.0.%d", (host - CLIENT_HOST(0)) & 0xff);
    else if (host >= SENTINEL(1))
        snprintf(ip, 16, "10.1.0.%d", (host - SENTINEL(0)) & 0xff);
    else
        snprintf(ip, 16, "10.0.%d.%d", (host / 10) & 0xff, host % 10 + 1);
    return ip;
}

bool world_lookup(const struct world *world, const char *name, char ip[16])
{
    int host;

    if (world->names_lost || sscanf(name, "host-%d.test", &host) != 1)
        return false;
    world_ip(host, ip);
    return true;
}

/* ---- Options ---- */

static void set_count(int *count, int unset)
{
    if (*count == 0)
        *count = unset;
    else if (*count == NONE)
        *count = 0;
}

static void set_time(uint64_t *value, uint64_t unset)
{
    if (*value == 0)
        *value = unset;
}

static void fill_in(struct world_options *options)
{
    set_time(&options->seed, 1);
    set_count(&options->masters, 1);
    set_count(&options->replicas, 2);
    set_count(&options->sentinels, 3);
    set_count(&options->quorum, 2);
    set_count(&options->patience, 1);
    if (options->down_after_ms == 0)
        options->down_after_ms = DEFAULT_DOWN_AFTER_MS;
    if (options->failover_timeout_ms == 0)
        options->failover_timeout_ms = DEFAULT_FAILOVER_TIMEOUT_MS;
    if (options->parallel_syncs == 0)
        options->parallel_syncs = DEFAULT_PARALLEL_SYNCS;
    set_time(&options->latency_min_us, 200);
    set_time(&options->latency_max_us, 1500);
    set_time(&options->disk_min_us, 500);
    set_time(&options->disk_max_us, 6000);
    set_time(&options->sync_ms, 20);
}

static void add_master(struct state *state, const struct world_options *options,
                       int group)
{
    struct state_master *master;
    char ip[16];

    master = state_add_master(state, world_master_name(group),
                              options->resolve_hostnames
                                  ? "host-0.test"
                                  : world_ip(REDIS(group, 0), ip),
                              6379);
    master->options.quorum = options->quorum;
    master->options.down_after_ms = options->down_after_ms;
    master->options.failover_timeout_ms = options->failover_timeout_ms;
    master->options.parallel_syncs = options->parallel_syncs;
    master->options.reboot_down_after_ms = options->reboot_down_after_ms;
    xreplace(&master->options.auth_pass, options->auth_pass);
    xreplace(&master->options.notification_script,
             options->notification_script);
    xreplace(&master->options.client_reconfig_script,
             options->client_reconfig_script);
}

static struct state *first_state(struct world *world)
{
    struct state *state = state_new();

    rng_hex40(&world->rng, state->id);
    state->global.listen_port = 26379;
    state->global.resolve_hostnames = world->options.resolve_hostnames;
    xreplace(&state->global.requirepass, world->options.auth_pass);
    for (int group = 0; group < world->options.masters; group++)
        add_master(state, &world->options, group);
    return state;
}

/* ---- Life ---- */

static void start_sentinel(void *object, uint64_t value)
{
    struct world *world = object;

    if (world->references[value] != NULL)
        reference_start(world->references[value]);
    else if (world->nodes[value]->core == NULL)
        node_start(world->nodes[value]);
}

static void add_sentinel(struct world *world, int number)
{
    const struct world_options *options = &world->options;

    if ((options->reference_seats >> (number - 1) & 1) == 0)
        (void)node_new(world, SENTINEL(number), first_state(world));
    else if (options->resolve_hostnames)
        world_fail(world, "a reference seat knows no host names");
    else
        (void)reference_new(world, SENTINEL(number), first_state(world));
}

static void add_hosts(struct world *world)
{
    for (int group = 0; group < world->options.masters; group++)
        for (int i = 0; i <= world->options.replicas; i++)
            (void)redis_new(world, REDIS(group, i), REDIS(group, 0));
    for (int i = 1; i <= world->options.sentinels; i++) {
        add_sentinel(world, i);
        queue_add(&world->queue, rng_between(&world->rng, 0, 50000),
                  start_sentinel, world, (uint64_t)SENTINEL(i));
    }
}

struct world *world_new(struct world_options options)
{
    struct world *world = xcalloc(1, sizeof(*world));
    struct net_options net_options;

    fill_in(&options);
    world->options = options;
    rng_seed(&world->rng, options.seed);
    net_options.latency_min_us = options.latency_min_us;
    net_options.latency_max_us = options.latency_max_us;
    world->net = net_new(&world->queue, &world->now_us, &world->rng,
                         net_options);
    world->trace = trace_new();
    world->checker = checker_new(world);
    add_hosts(world);
    return world;
}

void world_free(struct world *world)
{
    for (int host = 0; host < NET_HOSTS; host++)
        node_free(world->nodes[host]);
    for (int host = 0; host < NET_HOSTS; host++)
        reference_free(world->references[host]);
    for (int host = 0; host < NET_HOSTS; host++)
        redis_free(world->redis[host]);
    net_free(world->net);
    queue_clear(&world->queue);
    checker_free(world->checker);
    trace_free(world->trace);
    free(world->answer);
    free(world);
}

void world_note(struct world *world, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    trace_hash_text(world->trace, world->now_us, text);
    trace_add(world->trace, world_now_ms(world), "world", text, "");
}

/* ---- Time ---- */

uint64_t world_now_ms(const struct world *world)
{
    return world->now_us / 1000;
}

bool world_step(struct world *world, uint64_t limit_us)
{
    struct queue_item item;

    if (world->queue.count == 0 ||
        queue_first(&world->queue)->time_us > limit_us)
        return false;
    item = queue_take(&world->queue);
    world->now_us = item.time_us;
    item.run(item.object, item.value);
    return true;
}

void world_run_until(struct world *world, uint64_t time_ms)
{
    while (world_step(world, time_ms * 1000))
        continue;
    if (world->now_us < time_ms * 1000)
        world->now_us = time_ms * 1000;
}

void world_run_for(struct world *world, uint64_t time_ms)
{
    world_run_until(world, world_now_ms(world) + time_ms);
}

static bool disk_knows_all(struct world *world, const struct state *disk)
{
    for (int group = 0; group < world->options.masters; group++) {
        const struct state_master *master = state_find_master(
            disk, world_master_name(group));

        if (master->replica_count != (size_t)world->options.replicas ||
            master->sentinel_count != (size_t)world->options.sentinels - 1)
            return false;
    }
    return true;
}

static const struct state *disk_of(const struct world *world, int sentinel)
{
    return world->references[sentinel] != NULL
               ? reference_disk(world->references[sentinel])
               : world->nodes[sentinel]->disk;
}

static bool all_discovered(struct world *world)
{
    for (int i = 1; i <= world->options.sentinels; i++)
        if (!disk_knows_all(world, disk_of(world, SENTINEL(i))))
            return false;
    return true;
}

void world_discover(struct world *world)
{
    uint64_t limit_us = world->now_us + DISCOVER_LIMIT_MS * 1000 *
                                            (uint64_t)world->options.patience;

    while (!all_discovered(world))
        if (!world_step(world, limit_us))
            world_fail(world, "the sentinels do not find all hosts");
}

struct world *world_ready(struct world_options options)
{
    struct world *world = world_new(options);

    world_discover(world);
    world_run_for(world, CALM_MS);
    world_mark(world);
    return world;
}

/* ---- The network ---- */

void net_cut_one_way(struct world *world, int from, int to)
{
    net_set_cut(world->net, from, to, true);
}

void net_cut(struct world *world, int a, int b)
{
    net_set_cut(world->net, a, b, true);
    net_set_cut(world->net, b, a, true);
}

void net_join(struct world *world, int a, int b)
{
    net_set_cut(world->net, a, b, false);
    net_set_cut(world->net, b, a, false);
}

void net_isolate(struct world *world, int host)
{
    for (int other = 0; other < NET_HOSTS; other++)
        if (other != host)
            net_cut(world, host, other);
}

void net_heal(struct world *world)
{
    net_join_all(world->net);
}
