/* The core's driver and disk, as fuzz input wants them. */
#include "step_world.h"

/* ---- Connections ---- */

struct step_conn *step_find_conn(struct step_world *world, uint64_t id)
{
    for (size_t i = 0; i < world->conn_count; i++)
        if (world->conns[i].id == id)
            return &world->conns[i];
    return NULL;
}

void step_drop_conn(struct step_world *world, uint64_t id)
{
    struct step_conn *conn = step_find_conn(world, id);
    size_t kept = 0;

    if (conn == NULL)
        return;
    *conn = world->conns[--world->conn_count];
    for (size_t i = 0; i < world->sent_count; i++)
        if (world->sent[i].conn != id)
            world->sent[kept++] = world->sent[i];
    world->sent_count = kept;
}

static void open_conn(struct step_world *world, const struct action *action)
{
    struct step_conn *conn;

    if (world->conn_count == CONNS_MAX)
        return; /* it will hear nothing */
    conn = &world->conns[world->conn_count++];
    *conn = (struct step_conn){.id = action->connect.conn,
                               .port = action->connect.port};
    snprintf(conn->ip, sizeof(conn->ip), "%s", action->connect.ip);
}

static void send_command(struct step_world *world, const struct action *action)
{
    const struct step_conn *conn = step_find_conn(world, action->send.conn);
    struct step_sent *sent;

    if (conn == NULL || world->sent_count == SENT_MAX)
        return;
    sent = &world->sent[world->sent_count++];
    *sent = (struct step_sent){.conn = action->send.conn,
                               .tag = action->send.tag};
    step_note_sent(sent, action->send.words, action->send.count);
    if (sent->tag.kind == COMMAND_REPLICAOF)
        step_obey(world, sent, conn);
}

/* ---- A trace, for whoever looks at a finding: FUZZ_TRACE=1 ---- */

static void trace_words(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf(" %s", words[i]);
}

static void trace_action(const struct step_world *world, const char *how,
                         const struct action *action)
{
    static const char *const names[] = {"connect", "close",  "send", "persist",
                                        "reply",   "notice", "log",  "script",
                                        "resolve", "crash"};

    if (getenv("FUZZ_TRACE") == NULL)
        return;
    printf("%8llu %s %s", (unsigned long long)world->now_ms, how,
           names[action->type]);
    if (action->type == ACTION_SEND) {
        printf(" on %llu:", (unsigned long long)action->send.conn);
        trace_words(action->send.words, action->send.count);
    } else if (action->type == ACTION_NOTICE) {
        printf(" %s %s", action->notice.channel, action->notice.text);
    } else if (action->type == ACTION_LOG) {
        printf(" %s", action->log.text);
    } else if (action->type == ACTION_CONNECT) {
        printf(" %llu %s:%d", (unsigned long long)action->connect.conn,
               action->connect.ip, action->connect.port);
    } else if (action->type == ACTION_PERSIST) {
        printf(" %llu", (unsigned long long)action->persist.serial);
    } else if (action->type == ACTION_REPLY) {
        printf(" to %llu: %d %lld %s", (unsigned long long)action->reply.client,
               action->reply.ok.type, (long long)action->reply.ok.integer,
               action->reply.ok.text != NULL ? action->reply.ok.text : "");
    }
    printf("\n");
    fflush(stdout);
}

static void trace(const struct step_world *world, const char *what)
{
    if (getenv("FUZZ_TRACE") != NULL)
        printf("%8llu == %s\n", (unsigned long long)world->now_ms, what);
}

/* ---- Actions, as the driver runs them ---- */

static void run_action(struct step_world *world, const struct action *action)
{
    trace_action(world, "runs", action);
    step_check_action(world, action);
    switch (action->type) {
    case ACTION_CONNECT:
        open_conn(world, action);
        break;
    case ACTION_CLOSE:
        step_drop_conn(world, action->close.conn);
        break;
    case ACTION_SEND:
        send_command(world, action);
        break;
    case ACTION_CRASH:
        world->crashed = true;
        break;
    case ACTION_PERSIST:
        REQUIRE(false, "a write is not run");
        break;
    case ACTION_REPLY:
    case ACTION_NOTICE:
    case ACTION_LOG:
    case ACTION_SCRIPT:
    case ACTION_RESOLVE:
        break;
    }
}

static void take_action(struct step_world *world, const struct action *action)
{
    step_check_given(world, action);
    if (world->crashed)
        return;
    if (action->type == ACTION_PERSIST) {
        trace_action(world, "asks", action);
        world->asked = action->persist.serial;
        held_add(&world->held, action);
    } else if (action->wait == WAIT_NOTHING ||
               held_first(&world->held) == NULL) {
        run_action(world, action);
    } else {
        trace_action(world, "holds", action);
        held_add(&world->held, action);
    }
}

static void start_write(struct step_world *world)
{
    if (world->asked == world->covered || world->writing != NULL)
        return;
    world->covered = world->asked;
    world->writing = core_state(world->core);
}

void step_feed(struct step_world *world, const struct event *event)
{
    const struct action_list *list;

    world->client = event->type == EVENT_REQUEST ? event->request.client : 0;
    world->answers = 0;
    list = core_step(world->core, event, world->now_ms);
    for (size_t i = 0; i < list->count; i++)
        take_action(world, &list->actions[i]);
    start_write(world);
    step_check_core(world);
    if (world->crashed)
        step_crash(world, world->now_ms % 2 == 0);
}

/* ---- The disk ---- */

static void release(struct step_world *world, bool ok)
{
    const struct action *action;

    while ((action = held_first(&world->held)) != NULL && !world->crashed) {
        if (action->type == ACTION_PERSIST) {
            if (action->persist.serial > world->covered)
                return;
        } else if (ok || action->wait != WAIT_DISK) {
            run_action(world, action);
        } else if (action->type == ACTION_REPLY) {
            struct action failed = *action;

            failed.reply.ok = failed.reply.failed;
            run_action(world, &failed);
        }
        held_drop(&world->held);
    }
}

static void land(struct step_world *world)
{
    step_check_write(world, world->writing);
    state_free(world->durable);
    world->durable = world->writing;
    world->writing = NULL;
}

void step_disk(struct step_world *world, bool ok)
{
    struct event event = {.type = EVENT_PERSISTED};

    if (world->writing == NULL)
        return;
    trace(world, ok ? "written" : "not written");
    if (ok)
        land(world);
    state_free(world->writing);
    world->writing = NULL;
    event.persisted.serial = world->covered;
    event.persisted.ok = ok;
    release(world, ok);
    if (world->crashed)
        step_crash(world, false);
    else
        step_feed(world, &event);
}

/* ---- Starts ---- */

void step_start(struct step_world *world)
{
    struct event event = {.type = EVENT_START, .start = world->durable};

    world->core = core_new(world->now_ms);
    world->current_epoch = world->durable->current_epoch;
    step_feed(world, &event);
}

void step_crash(struct step_world *world, bool landed)
{
    trace(world, landed ? "crash, and the write lands" : "crash");
    if (landed && world->writing != NULL)
        land(world);
    state_free(world->writing);
    world->writing = NULL;
    held_clear(&world->held);
    held_init(&world->held);
    core_free(world->core);
    world->conn_count = 0;
    world->sent_count = 0;
    world->ask_count = 0;
    world->last_conn = 0;
    world->asked = 0;
    world->covered = 0;
    world->crashed = false;
    step_start(world);
}

void step_free(struct step_world *world)
{
    held_clear(&world->held);
    core_free(world->core);
    state_free(world->writing);
    state_free(world->durable);
    free(world);
}
