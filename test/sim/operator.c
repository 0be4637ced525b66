/* What operators do in the simulated world. */
#include "operator.h"

#include "../../lib/xalloc.h"
#include "checker.h"
#include "reference.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_LIMIT_US 5000000
#define MAX_WORDS 10

/* The seat at SENTINEL if it behaves as the reference does, else NULL. */
static struct reference *reference_at(const struct world *world, int sentinel)
{
    return sentinel >= 0 && sentinel < NET_HOSTS ? world->references[sentinel]
                                                 : NULL;
}

/* It answers at once: only its text has to be kept. */
static const char *told(struct world *world, const char *answer)
{
    xreplace(&world->answer, answer);
    return world->answer;
}

static struct node *running(struct world *world, int sentinel)
{
    struct node *node = node_at(world, sentinel);

    if (node->core == NULL || node->paused)
        world_fail(world, "%s does not run", node->name);
    return node;
}

static const char *ask(struct world *world, int sentinel,
                       struct request *request)
{
    struct node *node = running(world, sentinel);
    struct event event = {.type = EVENT_REQUEST};
    uint64_t limit_us = world->now_us + ANSWER_LIMIT_US;
    uint64_t life = node->life;

    free(world->answer);
    world->answer = NULL;
    request->client = node->next_client++;
    node->operator_client = request->client;
    event.request = *request;
    node_feed(node, &event);
    if (world->hurried)
        return "";
    while (world->answer == NULL && node->life == life &&
           world_step(world, limit_us))
        continue;
    if (node->life != life)
        return "killed";
    if (world->answer == NULL)
        world_fail(world, "%s does not answer", node->name);
    return world->answer;
}

static const char *ask_by_name(struct world *world, int sentinel,
                               enum request_type type, const char *name)
{
    struct request request = {.type = type, .name = name};

    return ask(world, sentinel, &request);
}

const char *sentinel_failover(struct world *world, int sentinel,
                              const char *name)
{
    if (reference_at(world, sentinel) != NULL)
        return told(world,
                    reference_failover(reference_at(world, sentinel), name));
    checker_forced(world->checker, running(world, sentinel));
    return ask_by_name(world, sentinel, REQUEST_FAILOVER, name);
}

/* SENTINEL FAILOVER name COORDINATED: there is an election. */
const char *sentinel_coordinate(struct world *world, int sentinel,
                                const char *name)
{
    struct request request = {.type = REQUEST_FAILOVER, .name = name};

    checker_ordered(world->checker, running(world, sentinel));
    request.failover.coordinated = true;
    return ask(world, sentinel, &request);
}

const char *sentinel_reset(struct world *world, int sentinel,
                           const char *pattern)
{
    world->forgetful = true;
    if (reference_at(world, sentinel) != NULL)
        return told(world,
                    reference_reset(reference_at(world, sentinel), pattern));
    return ask_by_name(world, sentinel, REQUEST_RESET, pattern);
}

const char *sentinel_remove(struct world *world, int sentinel, const char *name)
{
    world->forgetful = true;
    checker_removed(world->checker, running(world, sentinel),
                    world_group_of_name(name));
    return ask_by_name(world, sentinel, REQUEST_REMOVE, name);
}

const char *sentinel_flush(struct world *world, int sentinel)
{
    return ask_by_name(world, sentinel, REQUEST_FLUSH, NULL);
}

const char *sentinel_monitor(struct world *world, int sentinel,
                             const char *name, const char *ip, const char *port,
                             const char *quorum)
{
    struct request request = {.type = REQUEST_MONITOR, .name = name};

    world->forgetful = true;
    request.monitor.host = ip;
    request.monitor.ip = ip;
    request.monitor.port = port;
    request.monitor.quorum = quorum;
    return ask(world, sentinel, &request);
}

static const char *ask_with_words(struct world *world, int sentinel,
                                  struct request *request, const char *text)
{
    char *copy = xstrdup(text);
    const char *words[MAX_WORDS];
    bool runnable[MAX_WORDS];
    const char *answer;
    char *rest = NULL;

    for (char *word = strtok_r(copy, " ", &rest);
         word != NULL && request->set.count < MAX_WORDS;
         word = strtok_r(NULL, " ", &rest)) {
        runnable[request->set.count] = true;
        words[request->set.count++] = word;
    }
    request->set.words = words;
    request->set.runnable = runnable;
    answer = ask(world, sentinel, request);
    free(copy);
    return answer;
}

const char *sentinel_set(struct world *world, int sentinel, const char *name,
                         const char *words)
{
    struct request request = {.type = REQUEST_SET, .name = name};

    return ask_with_words(world, sentinel, &request, words);
}

const char *sentinel_config_set(struct world *world, int sentinel,
                                const char *words)
{
    struct request request = {.type = REQUEST_CONFIG_SET};

    return ask_with_words(world, sentinel, &request, words);
}

const char *sentinel_debug(struct world *world, int sentinel, const char *words)
{
    struct request request = {.type = REQUEST_DEBUG};

    return ask_with_words(world, sentinel, &request, words);
}

const char *sentinel_simulate(struct world *world, int sentinel, unsigned bits)
{
    struct request request = {.type = REQUEST_SIMULATE};

    request.simulate = bits;
    return ask(world, sentinel, &request);
}

const char *sentinel_ask(struct world *world, int sentinel, int host,
                         uint64_t epoch, const char *candidate)
{
    struct request request = {.type = REQUEST_DOWN};
    char ip[16];

    request.down.ip = world_ip(host, ip);
    request.down.port = 6379;
    request.down.epoch = epoch;
    request.down.runid = candidate;
    snprintf(node_at(world, sentinel)->operator_ip, 16, "%s", ip);
    return ask(world, sentinel, &request);
}

const char *sentinel_hello(struct world *world, int sentinel, const char *text)
{
    struct request request = {.type = REQUEST_HELLO};

    request.hello.text = text;
    return ask(world, sentinel, &request);
}

/* ---- Faults ---- */

void sentinel_crash(struct world *world, int sentinel)
{
    if (reference_at(world, sentinel) != NULL)
        reference_kill(reference_at(world, sentinel));
    else
        node_kill(node_at(world, sentinel), "");
}

void sentinel_restart(struct world *world, int sentinel)
{
    if (reference_at(world, sentinel) != NULL)
        reference_start(reference_at(world, sentinel));
    else if (node_at(world, sentinel)->core == NULL)
        node_start(node_at(world, sentinel));
}

static void crash_now(void *object, uint64_t value)
{
    sentinel_crash(object, (int)value);
}

static void restart_now(void *object, uint64_t value)
{
    sentinel_restart(object, (int)value);
}

void sentinel_crash_at(struct world *world, int sentinel, uint64_t time_ms)
{
    assert(time_ms * 1000 >= world->now_us);
    queue_add(&world->queue, time_ms * 1000, crash_now, world,
              (uint64_t)sentinel);
}

void sentinel_restart_at(struct world *world, int sentinel, uint64_t time_ms)
{
    assert(time_ms * 1000 >= world->now_us);
    queue_add(&world->queue, time_ms * 1000, restart_now, world,
              (uint64_t)sentinel);
}

void sentinel_crash_after(struct world *world, int sentinel, uint64_t count)
{
    if (reference_at(world, sentinel) != NULL)
        reference_kill_after(reference_at(world, sentinel), (int64_t)count);
    else
        node_at(world, sentinel)->actions_left = (int64_t)count;
}

void sentinel_pause(struct world *world, int sentinel)
{
    if (reference_at(world, sentinel) != NULL)
        reference_pause(reference_at(world, sentinel));
    else if (node_at(world, sentinel)->core != NULL)
        node_at(world, sentinel)->paused = true;
}

void sentinel_resume(struct world *world, int sentinel)
{
    struct node *node;

    if (reference_at(world, sentinel) != NULL) {
        reference_resume(reference_at(world, sentinel));
        return;
    }
    node = node_at(world, sentinel);
    if (!node->paused)
        return;
    node->paused = false;
    node_inputs_run(node);
}

void disk_fail(struct world *world, int sentinel)
{
    node_at(world, sentinel)->disk_failing = true;
}

void disk_stall(struct world *world, int sentinel)
{
    node_at(world, sentinel)->disk_stalled = true;
}

void disk_heal(struct world *world, int sentinel)
{
    node_at(world, sentinel)->disk_failing = false;
    node_at(world, sentinel)->disk_stalled = false;
}

/* ---- Looking ---- */

bool sentinel_runs(struct world *world, int sentinel)
{
    return reference_at(world, sentinel) != NULL
               ? reference_runs(reference_at(world, sentinel))
               : node_at(world, sentinel)->core != NULL;
}

bool sentinel_is_up(struct world *world, int sentinel)
{
    const struct reference *reference = reference_at(world, sentinel);

    if (reference != NULL)
        return reference_runs(reference) && !reference_is_paused(reference);
    return node_at(world, sentinel)->core != NULL &&
           !node_at(world, sentinel)->paused;
}

int sentinel_master(struct world *world, int sentinel, int group)
{
    const struct reference *reference = reference_at(world, sentinel);
    const struct node *node;
    const char *ip;
    int port;

    if (reference != NULL)
        return reference_runs(reference)
                   ? reference_master_host(reference, group)
                   : NONE;
    node = node_at(world, sentinel);
    if (node->core == NULL ||
        !core_master_address(node->core, world_master_name(group), &ip, &port))
        return NONE;
    return net_find(world->net, ip);
}

static void take_view(void *arg, const struct core_view *view)
{
    *(struct core_view *)arg = *view;
}

unsigned sentinel_master_flags(struct world *world, int sentinel, int group)
{
    const struct reference *reference = reference_at(world, sentinel);
    struct core_view view = {0};
    const struct node *node;

    if (reference != NULL)
        return reference_runs(reference) ? reference_flags(reference, group)
                                         : 0;
    node = node_at(world, sentinel);
    if (node->core != NULL)
        (void)core_visit_master(node->core, world_master_name(group),
                                node_now_ms(node), take_view, &view);
    return view.flags;
}

bool sentinel_is_busy(struct world *world, int sentinel, int group)
{
    return (sentinel_master_flags(world, sentinel, group) & FLAG_FAILOVER) != 0;
}
