/* The sole caller of core_step: feeds events, runs actions in order. */
#include "driver.h"

#include "../lib/xalloc.h"
#include "client.h"
#include "command.h"
#include "conn.h"
#include "held.h"
#include "log.h"
#include "pubsub.h"
#include "resolve.h"
#include "script.h"
#include "server.h"
#include "settings.h"
#include "store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define CRASH_EXIT_CODE 99

struct driver {
    struct context *context;
    struct core *core;
    struct conn_pool *conns;
    struct store *store;
    uv_timer_t timer;
    uv_loop_t *loop;
    bool stopping;
    bool crashing; /* as SENTINEL SIMULATE-FAILURE has ordered */

    /* Behind the oldest PERSIST that has not ended: that one first. */
    struct held_queue held;
    uint64_t asked;   /* serial of the last PERSIST met */
    uint64_t covered; /* serial that the write under way covers */

    /* Answers are handed over when the list of a step has been run: a client
     * that gets one may ask the core again at once. */
    struct held_queue answers;
    bool answering;
};

static void feed(struct driver *driver, const struct event *event);

uint64_t driver_now(const struct driver *driver)
{
    (void)driver;
    /* Not the loop's cached time: tilt must see how late we are. */
    return uv_hrtime() / 1000000;
}

const struct core *driver_core(const struct driver *driver)
{
    return driver->core;
}

/* ---- Running actions ---- */

static void publish(struct driver *driver, enum log_level level,
                    const char *channel, const char *text)
{
    log_printf(level, "%s %s", channel, text);
    if (level != LEVEL_DEBUG && driver->context->pubsub != NULL)
        pubsub_publish(driver->context->pubsub, channel, text);
}

void driver_notice(struct driver *driver, enum log_level level,
                   const char *channel, const char *text)
{
    publish(driver, level, channel, text);
}

static void write_log(const struct driver *driver, const struct action *action)
{
    uint64_t until_ms = action->log.until_ms;
    char when[64];
    time_t at;

    if (until_ms == 0) {
        log_write(action->log.level, action->log.text);
        return;
    }
    at = time(NULL) + (time_t)((until_ms - driver_now(driver) + 999) / 1000);
    if (ctime_r(&at, when) == NULL)
        return;
    when[strcspn(when, "\n")] = '\0';
    log_printf(action->log.level, "%s%s", action->log.text, when);
}

static void on_resolved(void *arg, const char *host, const char *ip, bool known)
{
    struct event event = {.type = EVENT_RESOLVED,
                          .resolved = {.host = host, .ip = ip, .known = known}};

    feed(arg, &event);
}

static void on_crash(uv_timer_t *timer)
{
    (void)timer;
    log_write(LEVEL_WARNING,
              "Sentinel CRASH because of SENTINEL simulate-failure");
    log_close();
    _exit(CRASH_EXIT_CODE);
}

/* Nothing is done from now on, but what has been said already leaves: who
 * ordered the failover gets its answer. */
static void crash(struct driver *driver)
{
    driver->crashing = true;
    uv_timer_start(&driver->timer, on_crash, 1, 0);
}

static void run_action(struct driver *driver, const struct action *action)
{
    switch (action->type) {
    case ACTION_CONNECT:
        conn_open(driver->conns, action->connect.conn, action->connect.ip,
                  action->connect.port);
        break;
    case ACTION_CLOSE:
        conn_close(driver->conns, action->close.conn, action->close.reason);
        break;
    case ACTION_SEND:
        conn_send(driver->conns, action->send.conn, &action->send.tag,
                  action->send.words, action->send.count);
        break;
    case ACTION_REPLY:
        held_add(&driver->answers, action);
        break;
    case ACTION_NOTICE:
        publish(driver, action->notice.level, action->notice.channel,
                action->notice.text);
        break;
    case ACTION_LOG:
        write_log(driver, action);
        break;
    case ACTION_SCRIPT:
        script_queue_add(driver->context->scripts, action->script.path,
                         action->script.words, action->script.count);
        break;
    case ACTION_RESOLVE:
        resolver_lookup(driver->context->resolver, action->resolve.host,
                        action->resolve.known, on_resolved, driver);
        break;
    case ACTION_CRASH:
        crash(driver);
        break;
    case ACTION_PERSIST:
        assert(false);
        break;
    }
}

static void take_action(struct driver *driver, const struct action *action)
{
    if (driver->crashing)
        return;
    if (action->type == ACTION_PERSIST) {
        driver->asked = action->persist.serial;
        held_add(&driver->held, action);
    } else if (action->wait == WAIT_NOTHING ||
               held_first(&driver->held) == NULL) {
        run_action(driver, action);
    } else {
        held_add(&driver->held, action);
    }
}

static void deliver_answers(struct driver *driver)
{
    const struct action *action;

    if (driver->answering)
        return;
    driver->answering = true;
    while ((action = held_first(&driver->answers)) != NULL) {
        struct client *client = server_client(driver->context->server,
                                              action->reply.client);

        if (client != NULL) {
            command_answer(client, &action->reply.ok);
            held_drop(&driver->answers);
            client_answered(client);
        } else {
            held_drop(&driver->answers);
        }
    }
    driver->answering = false;
}

/* ---- Writes ---- */

/* One write serves all PERSISTs met so far; those met while it goes on join
 * the next. */
static void start_write(struct driver *driver)
{
    if (driver->stopping || driver->asked == driver->covered ||
        store_busy(driver->store))
        return;
    driver->covered = driver->asked;
    store_write(driver->store, core_state(driver->core));
}

/* Runs what was behind the writes that have ended. What must not be said
 * without the disk is dropped, or answered in its failed form, when it
 * failed. */
static void release_held(struct driver *driver, bool ok)
{
    const struct action *action;

    while ((action = held_first(&driver->held)) != NULL) {
        if (driver->crashing)
            return;
        if (action->type == ACTION_PERSIST) {
            if (action->persist.serial > driver->covered)
                return;
        } else if (ok || action->wait != WAIT_DISK) {
            run_action(driver, action);
        } else if (action->type == ACTION_REPLY) {
            struct action failed = *action;

            failed.reply.ok = failed.reply.failed;
            run_action(driver, &failed);
        }
        held_drop(&driver->held);
    }
}

static void tell_written(const char *error)
{
    if (error == NULL)
        log_write(LEVEL_NOTICE, "Sentinel new configuration saved on disk");
    else
        log_printf(LEVEL_WARNING,
                   "WARNING: Sentinel was not able to save the new "
                   "configuration on disk!!!: %s",
                   error);
}

/* Writes on this thread what has not been written yet. */
static void write_rest(struct driver *driver)
{
    struct state *state;
    const char *error = NULL;

    if (driver->asked == driver->covered)
        return;
    driver->covered = driver->asked;
    state = core_state(driver->core);
    if (store_write_now(driver->store, state, &error) == 0)
        error = NULL;
    tell_written(error);
    state_free(state);
}

static void on_written(void *arg, const char *error)
{
    struct driver *driver = arg;
    struct event event = {.type = EVENT_PERSISTED};

    tell_written(error);
    if (driver->stopping) {
        write_rest(driver);
        return;
    }
    event.persisted.serial = driver->covered;
    event.persisted.ok = error == NULL;
    release_held(driver, error == NULL);
    feed(driver, &event);
}

/* ---- Feeding events ---- */

static void on_timer(uv_timer_t *timer)
{
    struct event event = {.type = EVENT_TIMER};

    feed(timer->data, &event);
}

static void arm_timer(struct driver *driver)
{
    uint64_t deadline = core_deadline(driver->core);
    uint64_t now_ms = driver_now(driver);

    if (deadline == CORE_NO_DEADLINE) {
        uv_timer_stop(&driver->timer);
        return;
    }
    /* The timer counts from the loop's cached time. */
    uv_update_time(driver->loop);
    uv_timer_start(&driver->timer, on_timer,
                   deadline > now_ms ? deadline - now_ms : 0, 0);
}

static void feed(struct driver *driver, const struct event *event)
{
    const struct action_list *list;

    if (driver->stopping || driver->crashing)
        return;
    list = core_step(driver->core, event, driver_now(driver));
    for (size_t i = 0; i < list->count; i++)
        take_action(driver, &list->actions[i]);
    start_write(driver);
    deliver_answers(driver);
    if (!driver->stopping && !driver->crashing)
        arm_timer(driver);
}

static void on_conn_up(void *arg, uint64_t conn, const char *local_ip)
{
    struct event event = {.type = EVENT_CONN_UP,
                          .conn = {.conn = conn, .local_ip = local_ip}};

    feed(arg, &event);
}

static void on_conn_down(void *arg, uint64_t conn, const char *reason)
{
    struct event event = {.type = EVENT_CONN_DOWN,
                          .conn = {.conn = conn, .reason = reason}};

    feed(arg, &event);
}

static void on_conn_reply(void *arg, uint64_t conn,
                          const struct command_tag *tag,
                          const struct reply *reply)
{
    struct event event = {.type = EVENT_REPLY,
                          .reply = {.conn = conn, .tag = *tag, .reply = reply}};

    feed(arg, &event);
}

static void on_conn_message(void *arg, uint64_t conn, const char *channel,
                            const char *text)
{
    struct event event = {
        .type = EVENT_MESSAGE,
        .message = {.conn = conn, .channel = channel, .text = text}};

    feed(arg, &event);
}

void driver_request(struct driver *driver, const struct request *request)
{
    struct event event = {.type = EVENT_REQUEST, .request = *request};

    feed(driver, &event);
}

/* ---- Life ---- */

struct driver *driver_new(struct uv_loop_s *loop, struct context *context,
                          struct store *store, uint64_t seed)
{
    static const struct conn_callbacks callbacks = {
        .up = on_conn_up,
        .down = on_conn_down,
        .reply = on_conn_reply,
        .message = on_conn_message,
    };
    struct driver *driver = xcalloc(1, sizeof(*driver));

    driver->context = context;
    driver->loop = loop;
    driver->store = store;
    driver->core = core_new(seed);
    driver->conns = conn_pool_new(loop, &callbacks, driver,
                                  context->settings->bind_source_address);
    held_init(&driver->held);
    held_init(&driver->answers);
    store_set_done(store, on_written, driver);
    uv_timer_init(loop, &driver->timer);
    driver->timer.data = driver;
    return driver;
}

void driver_start(struct driver *driver, const struct state *state)
{
    struct event event = {.type = EVENT_START, .start = state};

    feed(driver, &event);
}

void driver_stop(struct driver *driver)
{
    if (driver->stopping)
        return;
    driver->stopping = true;
    conn_pool_stop(driver->conns);
    uv_close((uv_handle_t *)&driver->timer, NULL);
    /* A write under way must not be overtaken; its end writes the rest. */
    if (!store_busy(driver->store))
        write_rest(driver);
}

void driver_free(struct driver *driver)
{
    conn_pool_free(driver->conns);
    held_clear(&driver->held);
    held_clear(&driver->answers);
    core_free(driver->core);
    free(driver);
}
