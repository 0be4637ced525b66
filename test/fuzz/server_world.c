/* A daemon in one process: its life, and its clients. */
#include "server_world.h"

#include "../../sentinel/acl_log.h"
#include "../../sentinel/driver.h"
#include "../../sentinel/pubsub.h"
#include "../../sentinel/server.h"
#include "../../sentinel/store.h"
#include "quiet.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS_MAX 20000 /* until all is still */
#define TIMERS_MAX 200   /* runs of the driver's timer in one wait */
#define WORKS_MAX 300    /* answers of servers in one round */

struct server_world *server_world;

static struct {
    uv_timer_t *timer;
    uv_timer_cb callback;
    uint64_t due_ms;
} alarm_clock; /* the driver's timer; no callback: not armed */

uint64_t server_world_now_ns(void)
{
    return server_world->now_ms * 1000000;
}

void server_world_arm(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms)
{
    alarm_clock.timer = timer;
    alarm_clock.callback = callback;
    alarm_clock.due_ms = ms < UINT64_MAX - server_world->now_ms
                             ? server_world->now_ms + ms
                             : UINT64_MAX;
}

void server_world_disarm(uv_timer_t *timer)
{
    (void)timer;
    alarm_clock.callback = NULL;
}

void server_world_crash(void)
{
    server_world->ended = true;
    server_world->crashed = true;
}

/* ---- Start ---- */

static void write_main_file(struct text *text, unsigned shape)
{
    text_init(text);
    text_add(text, "port 0\nunixsocket /s\n"
                   "sentinel monitor mymaster 10.0.0.1 6379 2\n"
                   "sentinel known-replica mymaster 10.0.0.2 6380\n"
                   "sentinel known-sentinel mymaster 10.0.0.3 26379 "
                   "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\n");
    if ((shape & 1) != 0)
        text_add(text, "requirepass secret\n");
    if ((shape & 6) == 2)
        text_add(text, "user alice on >a +@all -@dangerous &+*\n");
    if ((shape & 6) == 4)
        text_add(text, "aclfile users.acl\n");
    if ((shape & 8) != 0)
        text_add(text, "rename-command INFO STATUS\n");
    if ((shape & 16) != 0)
        text_add(text, "maxclients 2\n");
    if ((shape & 32) != 0)
        text_add(text, "sentinel resolve-hostnames yes\n");
    if ((shape & 64) != 0)
        text_add(text, "sentinel deny-scripts-reconfig no\n");
    if ((shape & 128) != 0)
        text_add(text, "sentinel monitor other 10.0.0.1 6379 1\n"
                       "sentinel monitor third 10.0.0.7 7 3\n");
}

static void load(struct server_world *world, unsigned shape)
{
    struct text text;

    write_main_file(&text, shape);
    world->file = text_take(&text);
    world->users = xstrdup("user bob on >b +@all &*\n");
    config_world_commands(command_vocabulary());
    config_world_put(CONFIG_MAIN, world->file, strlen(world->file));
    config_world_put("users.acl", world->users, strlen(world->users));
    REQUIRE(config_world_load(&world->loaded, NULL), "%s", quiet_said());
}

static void start(struct server_world *world)
{
    struct context *context = &world->context;
    const char *error = "";

    REQUIRE(uv_loop_init(&world->loop) == 0, "no loop");
    context->settings = world->loaded.settings;
    memset(context->run_id, 'e', sizeof(context->run_id) - 1);
    context->pubsub = pubsub_new();
    context->acl_log = acl_log_new(8);
    context->resolver = (struct resolver *)(void *)world; /* only not NULL */
    world->store = store_new(&world->loop, context->settings, NULL, NULL);
    context->server = server_new(&world->loop, context, &error);
    REQUIRE(context->server != NULL, "%s", error);
    context->driver = driver_new(&world->loop, context, world->store, 1);
    driver_start(context->driver, world->loaded.state);
}

void server_world_open(unsigned shape)
{
    signal(SIGPIPE, SIG_IGN);
    server_world = xcalloc(1, sizeof(*server_world));
    server_world->now_ms = 1000000;
    for (size_t i = 0; i < SERVER_CLIENTS; i++)
        server_world->fds[i] = -1;
    memset(&alarm_clock, 0, sizeof(alarm_clock));
    load(server_world, shape);
    start(server_world);
    server_world_run();
}

/* ---- Clients ---- */

static void connect_client(size_t number)
{
    int pair[2];

    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                       pair) == 0,
            "no sockets");
    server_world->fds[number] = pair[0];
    server_parts_accept(pair[1]);
}

static void check_output(size_t number, bool cut)
{
    struct text *output = &server_world->outputs[number];

    if (output->length > 0)
        server_output_check(output->data, output->length, cut, true);
}

/* Our end goes; another connection may take its place. */
static void drop(size_t number, bool cut)
{
    check_output(number, cut);
    close(server_world->fds[number]);
    server_world->fds[number] = -1;
    text_clear(&server_world->outputs[number]);
}

/* Returns whether something has come. */
static bool hear(size_t number)
{
    char bytes[16384];
    ssize_t got;

    if (server_world->fds[number] < 0)
        return false;
    got = read(server_world->fds[number], bytes, sizeof(bytes));
    if (got > 0) {
        text_add_bytes(&server_world->outputs[number], bytes, (size_t)got);
        return true;
    }
    if (got == 0 || errno != EAGAIN) { /* the server has closed it */
        drop(number, got != 0);
        return true;
    }
    return false;
}

static bool run_once(void)
{
    bool busy = false;

    uv_run(&server_world->loop, UV_RUN_NOWAIT);
    for (unsigned i = 0; i < WORKS_MAX && server_parts_run(); i++)
        busy = true;
    uv_run(&server_world->loop, UV_RUN_NOWAIT);
    for (size_t i = 0; i < SERVER_CLIENTS; i++)
        busy |= hear(i);
    /* Clients may have requests left that no turn had time for. */
    return busy || (uv_loop_alive(&server_world->loop) &&
                    uv_backend_timeout(&server_world->loop) == 0);
}

void server_world_run(void)
{
    unsigned still = 0;

    for (unsigned i = 0; still < 2; i++) {
        REQUIRE(i < ROUNDS_MAX, "it never ends");
        still = run_once() ? 0 : still + 1;
    }
}

void server_world_say(size_t number, const char *data, size_t length)
{
    if (server_world->fds[number] < 0)
        connect_client(number);
    while (length > 0 && server_world->fds[number] >= 0) {
        const ssize_t sent = send(server_world->fds[number], data, length, 0);

        if (sent < 0 && errno != EAGAIN)
            break; /* closed on the other side: seen when it is heard */
        data += sent > 0 ? sent : 0;
        length -= sent > 0 ? (size_t)sent : 0;
        server_world_run();
        if (sent < 0)
            break; /* it does not read, since it waits */
    }
}

void server_world_shut(size_t number)
{
    if (server_world->fds[number] >= 0)
        shutdown(server_world->fds[number], SHUT_WR);
    server_world_run();
}

void server_world_hang_up(size_t number)
{
    if (server_world->fds[number] >= 0)
        drop(number, true);
    server_world_run();
}

void server_world_wait(uint64_t span_ms)
{
    const uint64_t target_ms = server_world->now_ms + span_ms;

    for (unsigned i = 0; i < TIMERS_MAX && alarm_clock.callback != NULL &&
                         alarm_clock.due_ms <= target_ms;
         i++) {
        uv_timer_cb callback = alarm_clock.callback;

        if (alarm_clock.due_ms > server_world->now_ms)
            server_world->now_ms = alarm_clock.due_ms;
        alarm_clock.callback = NULL;
        callback(alarm_clock.timer);
        server_world_run();
    }
    server_world->now_ms = target_ms;
}

/* ---- End ---- */

static void check_nothing_left(void)
{
    struct context *context = &server_world->context;
    size_t channels;
    size_t patterns;

    pubsub_counts(context->pubsub, &channels, &patterns);
    REQUIRE(server_client_count(context->server) == 0, "%zu clients are left",
            server_client_count(context->server));
    REQUIRE(channels == 0 && patterns == 0, "%zu channels, %zu patterns left",
            channels, patterns);
}

void server_world_close(void)
{
    struct context *context = &server_world->context;

    for (size_t i = 0; i < SERVER_CLIENTS; i++)
        server_world_hang_up(i);
    if (!server_world->crashed)
        check_nothing_left();
    driver_stop(context->driver);
    server_stop(context->server);
    server_parts_close();
    REQUIRE(uv_run(&server_world->loop, UV_RUN_DEFAULT) == 0, "handles left");
    server_free(context->server);
    driver_free(context->driver);
    store_free(server_world->store);
    pubsub_free(context->pubsub);
    acl_log_free(context->acl_log);
    REQUIRE(uv_loop_close(&server_world->loop) == 0, "the loop is not empty");
    config_world_clear(&server_world->loaded);
    config_world_forget();
    free(server_world->file);
    free(server_world->users);
    free(server_world);
    server_world = NULL;
}
