/* A simulated sentinel: its life, its timer, its actions. */
#include "node.h"

#include "../../lib/xalloc.h"
#include "checker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPIN_LIMIT 2000 /* timers of one core within one millisecond */
#define NO_TIMER UINT64_MAX

struct node *node_at(struct world *world, int host)
{
    if (host < 0 || host >= NET_HOSTS || world->nodes[host] == NULL)
        world_fail(world, "host %d is not a sentinel", host);
    return world->nodes[host];
}

uint64_t node_now_ms(const struct node *node)
{
    uint64_t now_us = node->world->now_us;
    int64_t ahead_us = (int64_t)now_us * node->clock_ppm / 1000000;

    return (uint64_t)((int64_t)now_us + ahead_us) / 1000 + node->clock_ms;
}

struct node *node_new(struct world *world, int host, struct state *state)
{
    struct node *node = xcalloc(1, sizeof(*node));

    node->world = world;
    node->host = host;
    snprintf(node->name, sizeof(node->name), "s%d", host - SENTINEL(0));
    memcpy(node->id, state->id, sizeof(node->id));
    world_ip(host, node->ip);
    node->disk = state;
    node->next_client = 1;
    node->actions_left = -1;
    node->clock_ms = rng_between(&world->rng, 0, 1000000);
    world->nodes[host] = node;
    net_add_host(world->net, host, node->ip, state->global.listen_port,
                 &node_handler, node);
    return node;
}

static void stop(struct node *node)
{
    node_links_drop(node);
    node_clients_drop(node);
    node_inputs_drop(node);
    node_disk_lost(node);
    core_free(node->core);
    node->core = NULL;
    node->life++;
    node->paused = false;
    node->dying = false;
    node->actions_left = -1;
    node->armed_us = NO_TIMER;
}

void node_free(struct node *node)
{
    if (node == NULL)
        return;
    stop(node);
    state_free(node->disk);
    free(node);
}

void node_kill(struct node *node, const char *why)
{
    struct world *world = node->world;

    if (node->core == NULL)
        return;
    trace_add(world->trace, world_now_ms(world), node->name, "killed", why);
    net_listen(world->net, node->host, false);
    stop(node);
    checker_killed(world->checker, node);
}

/* SENTINEL DEBUG: what a large installation sets to spare its servers. */
static void set_intervals(struct node *node)
{
    char words[4][12];
    const char *const pairs[] = {"PING-PERIOD", words[0],         "INFO-PERIOD",
                                 words[1],      "PUBLISH-PERIOD", words[2],
                                 "ASK-PERIOD",  words[3]};
    const bool runnable[8] = {false};
    struct event event = {.type = EVENT_REQUEST};
    int patience = node->world->options.patience;

    snprintf(words[0], sizeof(words[0]), "%d", 1000 * patience);
    snprintf(words[1], sizeof(words[1]), "%d", 10000 * patience);
    snprintf(words[2], sizeof(words[2]), "%d", 2000 * patience);
    snprintf(words[3], sizeof(words[3]), "%d", 1000 * patience);
    event.request.type = REQUEST_DEBUG;
    event.request.client = node->next_client++;
    event.request.set.words = pairs;
    event.request.set.runnable = runnable;
    event.request.set.count = 8;
    node_feed(node, &event);
}

void node_start(struct node *node)
{
    struct world *world = node->world;
    struct event event = {.type = EVENT_START};
    struct state *state;

    assert(node->core == NULL);
    trace_add(world->trace, world_now_ms(world), node->name, "started", "");
    node->core = core_new(rng_next(&world->rng));
    node->armed_us = NO_TIMER;
    net_listen(world->net, node->host, true);
    state = node_copy_state(node->disk);
    event.start = state;
    node_feed(node, &event);
    state_free(state);
    if (node->world->options.patience > 1 && node->core != NULL)
        set_intervals(node);
}

/* ---- The timer ---- */

static void timer_fired(void *object, uint64_t value)
{
    struct node *node = object;

    if (value != node->life || node->core == NULL ||
        node->armed_us != node->world->now_us)
        return;
    node->armed_us = NO_TIMER;
    node_input(node, (struct node_input){.type = INPUT_TIMER});
}

/* A timer that is armed for an earlier time stays: it then finds out. */
static void arm(struct node *node)
{
    struct world *world = node->world;
    uint64_t deadline_ms = core_deadline(node->core);
    uint64_t now_ms = node_now_ms(node);
    uint64_t due_us = world->now_us;

    if (deadline_ms == CORE_NO_DEADLINE)
        return;
    /* A clock that runs fast finds the timer late, a slow one early: then it
     * is armed again. */
    if (deadline_ms > now_ms)
        due_us = (due_us / 1000 + deadline_ms - now_ms) * 1000 +
                 rng_between(&world->rng, 0, 900);
    if (node->armed_us <= due_us)
        return;
    node->armed_us = due_us;
    queue_add(&world->queue, due_us, timer_fired, node, node->life);
}

void node_timer(struct node *node)
{
    struct event event = {.type = EVENT_TIMER};

    if (core_deadline(node->core) <= node_now_ms(node))
        node_feed(node, &event);
    else
        arm(node);
}

/* ---- Actions ---- */

static void said(struct node *node, const char *what, const char *text)
{
    struct world *world = node->world;
    char *readable;

    trace_hash_text(world->trace, world->now_us, what);
    trace_hash_text(world->trace, world->now_us, text);
    if (!trace_is_kept(world->trace))
        return;
    readable = node_readable(world, text);
    trace_add(world->trace, world_now_ms(world), node->name, what, readable);
    free(readable);
}

static void run_notice(struct node *node, const struct action *action)
{
    said(node, action->notice.channel, action->notice.text);
    checker_notice(node->world->checker, node, action->notice.channel,
                   action->notice.text);
}

static void run_script(struct node *node, const struct action *action)
{
    size_t size = strlen(action->script.path) + 1;
    char *text;

    for (size_t i = 0; i < action->script.count; i++)
        size += strlen(action->script.words[i]) + 1;
    text = xmalloc(size);
    strcpy(text, action->script.path);
    for (size_t i = 0; i < action->script.count; i++) {
        strcat(text, " ");
        strcat(text, action->script.words[i]);
    }
    said(node, "script", text);
    free(text);
}

static bool may_go_on(struct node *node)
{
    node->actions_run++;
    if (node->actions_left == 0)
        node->dying = true;
    else if (node->actions_left > 0)
        node->actions_left--;
    return !node->dying;
}

void node_run_action(struct node *node, const struct action *action, bool saved)
{
    if (!may_go_on(node))
        return;
    switch (action->type) {
    case ACTION_CONNECT:
        node_link_open(node, action);
        break;
    case ACTION_CLOSE:
        node_link_close(node, action);
        break;
    case ACTION_SEND:
        node_link_send(node, action);
        break;
    case ACTION_PERSIST:
        node_persist(node, action->persist.serial);
        break;
    case ACTION_REPLY:
        node_client_answer(node, action->reply.client,
                           saved ? &action->reply.ok : &action->reply.failed);
        break;
    case ACTION_NOTICE:
        run_notice(node, action);
        break;
    case ACTION_LOG:
        if (action->log.level != LEVEL_DEBUG)
            said(node, "log", action->log.text);
        break;
    case ACTION_SCRIPT:
        run_script(node, action);
        break;
    case ACTION_RESOLVE:
        node_resolve(node, action->resolve.host);
        break;
    case ACTION_CRASH:
        node->dying = true;
        break;
    }
}

static void check_spin(struct node *node)
{
    uint64_t now_ms = node_now_ms(node);

    if (node->spin_ms != now_ms)
        node->spins = 0;
    node->spin_ms = now_ms;
    if (++node->spins > SPIN_LIMIT)
        world_fail(node->world, "%s spins: deadline %" PRIu64 ", now %" PRIu64,
                   node->name, core_deadline(node->core), now_ms);
}

void node_feed(struct node *node, const struct event *event)
{
    const struct action_list *list;

    assert(node->core != NULL && !node->paused);
    /* What others send they may send as fast as they can. */
    if (event->type == EVENT_TIMER)
        check_spin(node);
    list = core_step(node->core, event, node_now_ms(node));
    for (size_t i = 0; i < list->count && !node->dying; i++) {
        const struct action *action = &list->actions[i];

        if (action->type == ACTION_NOTICE)
            checker_decided(node->world->checker, node, action->notice.channel,
                            action->notice.text);
        if (action->type != ACTION_PERSIST && action->wait != WAIT_NOTHING &&
            node->done_serial < node->wanted_serial)
            node_hold(node, action);
        else
            node_run_action(node, action, true);
    }
    if (node->dying) {
        node_kill(node, "");
        return;
    }
    checker_step(node->world->checker, node);
    arm(node);
}
