/* The disk of a simulated sentinel: writes that take time and can fail, and
 * the actions that wait for them. One write serves all that asked for it
 * before it began. */
#include "../../lib/xalloc.h"
#include "checker.h"
#include "node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STALL_LOOK_US 50000 /* until a stalled disk is looked at again */

struct node_held {
    struct node_held *next;
    uint64_t serial; /* runs when the write that covers this has ended */
    struct action action;
};

/* ---- Copies ---- */

struct state *node_copy_state(const struct state *state)
{
    struct state *copy = state_new();

    memcpy(copy->id, state->id, sizeof(copy->id));
    copy->current_epoch = state->current_epoch;
    global_options_clear(&copy->global);
    global_options_copy(&copy->global, &state->global);
    for (size_t i = 0; i < state->master_count; i++) {
        const struct state_master *from = &state->masters[i];
        struct state_master *to = state_add_master(copy, from->name, from->host,
                                                   from->port);

        master_options_clear(&to->options);
        master_options_copy(&to->options, &from->options);
        to->config_epoch = from->config_epoch;
        to->leader_epoch = from->leader_epoch;
        for (size_t j = 0; j < from->replica_count; j++)
            state_add_replica(to, from->replicas[j].host,
                              from->replicas[j].port);
        for (size_t j = 0; j < from->sentinel_count; j++)
            state_add_sentinel(to, from->sentinels[j].host,
                               from->sentinels[j].port, from->sentinels[j].id);
    }
    return copy;
}

static const char **copy_words(const char *const *words, size_t count)
{
    const char **copy = xcalloc(count, sizeof(*copy));

    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(words[i]);
    return copy;
}

static void free_words(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)words[i]);
    free((void *)words);
}

/* The texts of an action, where it has any: at most two. */
static void texts_of(struct action *action, const char **texts[2])
{
    texts[0] = NULL;
    texts[1] = NULL;
    if (action->type == ACTION_CONNECT) {
        texts[0] = &action->connect.ip;
    } else if (action->type == ACTION_CLOSE) {
        texts[0] = &action->close.reason;
    } else if (action->type == ACTION_REPLY) {
        texts[0] = &action->reply.ok.text;
        texts[1] = &action->reply.failed.text;
    } else if (action->type == ACTION_NOTICE) {
        texts[0] = &action->notice.channel;
        texts[1] = &action->notice.text;
    } else if (action->type == ACTION_LOG) {
        texts[0] = &action->log.text;
    } else if (action->type == ACTION_SCRIPT) {
        texts[0] = &action->script.path;
    } else if (action->type == ACTION_RESOLVE) {
        texts[0] = &action->resolve.host;
        texts[1] = &action->resolve.known;
    }
}

static void own_texts(struct action *action)
{
    const char **texts[2];

    texts_of(action, texts);
    for (int i = 0; i < 2; i++)
        if (texts[i] != NULL)
            *texts[i] = xstrdup_or_null(*texts[i]);
    if (action->type == ACTION_SEND)
        action->send.words = copy_words(action->send.words, action->send.count);
    else if (action->type == ACTION_SCRIPT)
        action->script.words = copy_words(action->script.words,
                                          action->script.count);
}

static void free_held(struct node_held *held)
{
    const char **texts[2];

    texts_of(&held->action, texts);
    for (int i = 0; i < 2; i++)
        if (texts[i] != NULL)
            free((char *)*texts[i]);
    if (held->action.type == ACTION_SEND)
        free_words(held->action.send.words, held->action.send.count);
    else if (held->action.type == ACTION_SCRIPT)
        free_words(held->action.script.words, held->action.script.count);
    free(held);
}

/* ---- Waiting ---- */

void node_hold(struct node *node, const struct action *action)
{
    struct node_held *held = xcalloc(1, sizeof(*held));
    struct node_held **at = &node->held;

    held->serial = node->wanted_serial;
    held->action = *action;
    own_texts(&held->action);
    while (*at != NULL)
        at = &(*at)->next;
    *at = held;
}

static void run_held(struct node *node, bool saved)
{
    while (node->held != NULL && node->held->serial <= node->done_serial &&
           !node->dying) {
        struct node_held *held = node->held;
        bool turn = held->action.wait == WAIT_TURN;

        node->held = held->next;
        if (saved || turn || held->action.type == ACTION_REPLY)
            node_run_action(node, &held->action, saved || turn);
        free_held(held);
    }
}

/* ---- Writing ---- */

static void write_ended(void *object, uint64_t value)
{
    struct node *node = object;

    if (value != node->life || node->core == NULL)
        return;
    if (node->disk_stalled)
        queue_add(&node->world->queue, node->world->now_us + STALL_LOOK_US,
                  write_ended, node, node->life);
    else
        node_input(node, (struct node_input){.type = INPUT_WRITTEN});
}

static void start_write(void *object, uint64_t value)
{
    struct node *node = object;
    struct world *world = node->world;

    if (value != node->life || node->core == NULL)
        return;
    assert(node->writing == NULL && node->write_planned);
    node->write_planned = false;
    node->writing = core_state(node->core);
    node->writing_serial = node->wanted_serial;
    queue_add(&world->queue,
              world->now_us + rng_between(&world->rng,
                                          world->options.disk_min_us,
                                          world->options.disk_max_us),
              write_ended, node, node->life);
}

static void plan_write(struct node *node)
{
    if (node->writing != NULL || node->write_planned ||
        node->done_serial >= node->wanted_serial)
        return;
    node->write_planned = true;
    queue_add(&node->world->queue, node->world->now_us, start_write, node,
              node->life);
}

void node_persist(struct node *node, uint64_t serial)
{
    if (serial <= node->wanted_serial)
        world_fail(node->world, "%s: a serial of PERSIST comes again",
                   node->name);
    node->wanted_serial = serial;
    plan_write(node);
}

static void synced(struct node *node)
{
    checker_disk(node->world->checker, node, node->writing);
    state_free(node->disk);
    node->disk = node->writing;
    node->writing = NULL;
}

void node_written(struct node *node)
{
    struct event event = {.type = EVENT_PERSISTED};

    event.persisted.ok = !node->disk_failing;
    event.persisted.serial = node->writing_serial;
    if (event.persisted.ok)
        synced(node);
    state_free(node->writing);
    node->writing = NULL;
    node->done_serial = node->writing_serial;
    run_held(node, event.persisted.ok);
    if (node->dying) {
        node_kill(node, "");
        return;
    }
    plan_write(node);
    node_feed(node, &event);
}

void node_disk_lost(struct node *node)
{
    if (node->writing != NULL && node->core != NULL && !node->disk_failing &&
        rng_chance(&node->world->rng, 50))
        synced(node);
    state_free(node->writing);
    node->writing = NULL;
    node->write_planned = false;
    node->wanted_serial = 0;
    node->done_serial = 0;
    while (node->held != NULL) {
        struct node_held *held = node->held;

        node->held = held->next;
        free_held(held);
    }
}
