/* Event to module; the order of work in a step. */
#include "core.h"

#include "core_internal.h"
#include "discovery.h"
#include "failover.h"
#include "hello.h"
#include "monitor.h"
#include "names.h"
#include "notice.h"
#include "odown.h"
#include "persist.h"
#include "replication.h"
#include "reply.h"
#include "request.h"
#include "role.h"
#include "sdown.h"
#include "snapshot.h"
#include "tilt.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct core_interval default_intervals[CORE_INTERVALS] = {
    [INFO_PERIOD] = {"INFO-PERIOD", 10000},
    [PING_PERIOD] = {"PING-PERIOD", 1000},
    [ASK_PERIOD] = {"ASK-PERIOD", 1000},
    [PUBLISH_PERIOD] = {"PUBLISH-PERIOD", 2000},
    [DEFAULT_DOWN_AFTER] = {"DEFAULT-DOWN-AFTER", DEFAULT_DOWN_AFTER_MS},
    [DEFAULT_FAILOVER_TIMEOUT] = {"DEFAULT-FAILOVER-TIMEOUT",
                                  DEFAULT_FAILOVER_TIMEOUT_MS},
    [TILT_TRIGGER] = {"TILT-TRIGGER", 2000},
    [TILT_PERIOD] = {"TILT-PERIOD", 30000},
    [SLAVE_RECONF_TIMEOUT] = {"SLAVE-RECONF-TIMEOUT", 10000},
    [MIN_LINK_RECONNECT_PERIOD] = {"MIN-LINK-RECONNECT-PERIOD", 15000},
    [ELECTION_TIMEOUT] = {"ELECTION-TIMEOUT", 10000},
    [SCRIPT_MAX_RUNTIME] = {"SCRIPT-MAX-RUNTIME", 60000},
    [SCRIPT_RETRY_DELAY] = {"SCRIPT-RETRY-DELAY", 30000},
};

struct core *core_new(uint64_t seed)
{
    struct core *core = xcalloc(1, sizeof(*core));

    random_seed(&core->random, seed);
    emitter_init(&core->out);
    heap_init(&core->deadlines);
    heap_node_init(&core->housekeeping, OWNER_CORE);
    for (size_t i = 0; i < CORE_INTERVALS; i++)
        core->intervals[i] = (uint64_t)default_intervals[i].ms;
    return core;
}

void core_free(struct core *core)
{
    if (core == NULL)
        return;
    emitter_begin(&core->out);
    while (core->masters != NULL)
        master_remove(core, core->masters->master);
    assert(core->instances == NULL && core->channels == NULL);
    heap_clear(&core->deadlines);
    names_clear(core);
    global_options_clear(&core->global);
    emitter_clear(&core->out);
    free(core);
}

void core_intervals(const struct core *core,
                    struct core_interval intervals[CORE_INTERVALS])
{
    for (size_t i = 0; i < CORE_INTERVALS; i++) {
        intervals[i].name = default_intervals[i].name;
        intervals[i].ms = (int64_t)core->intervals[i];
    }
}

static void make_id(struct core *core)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < ID_LENGTH; i++)
        core->id[i] = digits[random_below(&core->random, 16)];
    core->id[ID_LENGTH] = '\0';
}

static void start(struct core *core, const struct state *state)
{
    struct instance *master;

    assert(!core->started);
    core->started = true;
    snapshot_load(core, state);
    if (core->id[0] == '\0') {
        make_id(core);
        persist(core);
    }
    MASTER_EACH (core->masters, master) {
        master->master->untold = !names_showable(core, &master->addr);
        if (!master->master->untold)
            master_tell(core, master->master);
    }
}

static void take_message(struct core *core, uint64_t conn,
                         const char *channel_name, const char *text)
{
    struct channel *channel = link_find_channel(core, conn);

    if (channel == NULL)
        return;
    channel->link->pubsub_active_ms = core->now_ms;
    if (strcmp(channel_name, HELLO_CHANNEL) != 0)
        return;
    /* Our own messages come back by every server. */
    if (strstr(text, core->id) != NULL)
        discovery_take_own(core, channel->link, text);
    else
        discovery_take_hello(core, channel->link->users, text);
}

static void take_conn(struct core *core, const struct event *event)
{
    struct channel *channel = link_find_channel(core, event->conn.conn);

    if (channel == NULL)
        return;
    if (event->type == EVENT_CONN_UP)
        link_conn_up(core, channel, event->conn.local_ip);
    else
        link_conn_down(core, channel, event->conn.reason);
}

static void take_persisted(struct core *core, uint64_t serial, bool ok)
{
    persist_result(core, serial, ok);
    if (ok)
        failover_persisted(core);
    else
        failover_disk_failed(core);
}

static void dispatch(struct core *core, const struct event *event)
{
    switch (event->type) {
    case EVENT_START:
        start(core, event->start);
        break;
    case EVENT_TIMER:
        break;
    case EVENT_CONN_UP:
    case EVENT_CONN_DOWN:
        take_conn(core, event);
        break;
    case EVENT_REPLY:
        reply_take(core, event->reply.conn, &event->reply.tag,
                   event->reply.reply);
        break;
    case EVENT_MESSAGE:
        take_message(core, event->message.conn, event->message.channel,
                     event->message.text);
        break;
    case EVENT_RESOLVED:
        names_answer(core, event->resolved.host, event->resolved.ip,
                     event->resolved.known);
        break;
    case EVENT_PERSISTED:
        take_persisted(core, event->persisted.serial, event->persisted.ok);
        break;
    case EVENT_REQUEST:
        request_run(core, &event->request);
        break;
    }
}

/* What a master does besides being an instance: agreement and failover. */
static uint64_t run_master(struct core *core, struct master *master)
{
    struct instance *instance = &master->instance;
    bool was_down = (instance->flags & FLAG_SDOWN) != 0;
    uint64_t next = sdown_run(core, instance);
    bool is_down = (instance->flags & FLAG_SDOWN) != 0;

    if (is_down && !was_down)
        odown_ask_all(core, master);
    odown_run(core, master);
    return heap_earlier(next, failover_run(core, master));
}

/* Brings INSTANCE up to the moment and sets its next deadline. */
static void run_instance(struct core *core, struct instance *instance)
{
    uint64_t next = monitor_run(core, instance);

    if (!core->tilt) {
        if (instance->kind == KIND_MASTER)
            next = heap_earlier(next, run_master(core, instance->master));
        else
            next = heap_earlier(next, sdown_run(core, instance));
        if (instance->kind == KIND_SENTINEL)
            next = heap_earlier(next, odown_run_ask(core, instance));
    }
    heap_set(&core->deadlines, &instance->deadline, next);
}

static void run_owner(struct core *core, struct heap_node *node)
{
    char *base = (char *)node;

    switch (node->owner) {
    case OWNER_INSTANCE:
        run_instance(
            core, (struct instance *)(void *)(base - offsetof(struct instance,
                                                              deadline)));
        break;
    case OWNER_LINK:
        link_run(core, (struct link *)(void *)(base - offsetof(struct link,
                                                               deadline)));
        break;
    case OWNER_CORE:
        heap_set(&core->deadlines, &core->housekeeping,
                 heap_earlier(tilt_run(core), persist_run(core)));
        break;
    }
}

/* Runs whatever the event has touched and whatever is due, until all is
 * settled. */
static void settle(struct core *core)
{
    struct heap_node *first;

    heap_set(&core->deadlines, &core->housekeeping, core->now_ms);
    for (;;) {
        struct instance *touched = core->touched;

        if (touched != NULL) {
            core->touched = touched->next_touched;
            touched->touched = false;
            run_instance(core, touched);
            continue;
        }
        first = heap_first(&core->deadlines);
        if (first == NULL || first->at_ms > core->now_ms)
            return;
        heap_set(&core->deadlines, first, HEAP_NEVER);
        run_owner(core, first);
    }
}

const struct action_list *core_step(struct core *core,
                                    const struct event *event, uint64_t now_ms)
{
    uint64_t gap_ms = now_ms - core->now_ms;

    assert(core->started == (event->type != EVENT_START));
    assert(now_ms >= core->now_ms);
    core->now_ms = now_ms;
    emitter_begin(&core->out);
    if (core->started)
        tilt_check(core, gap_ms);
    dispatch(core, event);
    settle(core);
    return emitter_end(&core->out);
}

uint64_t core_deadline(const struct core *core)
{
    const struct heap_node *first = heap_first(&core->deadlines);
    uint64_t next = first != NULL ? first->at_ms : CORE_NO_DEADLINE;

    if (core->masters == NULL)
        return next;
    return heap_earlier(next, core->now_ms + tilt_heartbeat_ms(core));
}
