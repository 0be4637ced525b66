/* A small daemon for the tests of commands: a real core and real tables, but
 * clients without sockets and a driver that runs actions on the spot. To be
 * included once by a test program. */
#ifndef TEST_COMMAND_WORLD_H
#define TEST_COMMAND_WORLD_H

#include "../../lib/xalloc.h"
#include "../../sentinel/acl.h"
#include "../../sentinel/acl_log.h"
#include "../../sentinel/command.h"
#include "../../sentinel/daemon.h"
#include "../../sentinel/driver.h"
#include "../../sentinel/pubsub.h"
#include "../../sentinel/resolve.h"
#include "../../sentinel/script.h"
#include "../../sentinel/server.h"
#include "../../sentinel/settings.h"
#include "../../sentinel/store_tasks.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MY_ID "0123456789012345678901234567890123456789"
#define OTHER_ID "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
#define CLIENTS 4

static struct world {
    struct core *core;
    uint64_t now_ms;
    struct context context;
    struct client clients[CLIENTS];
    bool closed[CLIENTS];
    bool hold;       /* requests are kept, not given to the core */
    bool disk_fails; /* writes asked for by PERSIST fail */
    bool shut_down;
    size_t requests;     /* seen so far */
    struct request last; /* its texts are only valid within the call */
    char said[512];      /* and are written here */
    resolve_done *resolved;
    void *resolved_arg;
    char resolved_host[64];
    struct script_view scripts[2];
    size_t script_count;
    char *file; /* the only one there is, or NULL */
} world;

/* ---- Fakes of what the commands call ---- */

const struct core *driver_core(const struct driver *driver)
{
    (void)driver;
    return world.core;
}

uint64_t driver_now(const struct driver *driver)
{
    (void)driver;
    return world.now_ms;
}

struct client *server_client(struct server *server, uint64_t id)
{
    (void)server;
    if (id == 0 || id > CLIENTS || world.closed[id - 1])
        return NULL;
    return &world.clients[id - 1];
}

size_t server_client_count(const struct server *server)
{
    (void)server;
    return CLIENTS;
}

void server_visit_clients(struct server *server, server_visit *visit, void *arg)
{
    for (uint64_t id = 1; id <= CLIENTS; id++)
        if (server_client(server, id) != NULL)
            visit(arg, server_client(server, id));
}

void client_flush(struct client *client)
{
    ck_assert_ptr_nonnull(client->stream);
}

void client_close(struct client *client, const char *reason)
{
    ck_assert_ptr_nonnull(reason);
    pubsub_forget(world.context.pubsub, client);
    client->stream = NULL;
    world.closed[client->id - 1] = true;
}

void client_answered(struct client *client)
{
    ck_assert(client->waiting);
    client->waiting = false;
}

void daemon_shutdown(struct context *context)
{
    ck_assert_ptr_eq(context, &world.context);
    world.shut_down = true;
}

void resolver_lookup(struct resolver *resolver, const char *host,
                     const char *known, resolve_done *done, void *arg)
{
    (void)resolver;
    ck_assert_str_eq(known, "");
    snprintf(world.resolved_host, sizeof(world.resolved_host), "%s", host);
    world.resolved = done;
    world.resolved_arg = arg;
}

void script_queue_visit(const struct script_queue *queue, script_visit *visit,
                        void *arg)
{
    (void)queue;
    for (size_t i = 0; i < world.script_count; i++)
        visit(arg, &world.scripts[i]);
}

size_t script_queue_length(const struct script_queue *queue)
{
    (void)queue;
    return world.script_count;
}

size_t script_queue_running(const struct script_queue *queue)
{
    (void)queue;
    return 0;
}

void store_tasks_read(struct store_tasks *tasks, const char *path,
                      store_task_done *done, void *arg)
{
    (void)tasks;
    (void)path;
    if (world.file == NULL)
        done(arg, NULL, 0, "'users.acl': No such file or directory");
    else
        done(arg, world.file, strlen(world.file), NULL);
}

void store_tasks_write(struct store_tasks *tasks, const char *path, char *text,
                       store_task_done *done, void *arg)
{
    (void)tasks;
    (void)path;
    if (!world.disk_fails)
        xreplace(&world.file, text);
    done(arg, text, strlen(text), world.disk_fails ? "disk full" : NULL);
    free(text);
}

static void answer_client(uint64_t id, const struct answer *answer)
{
    struct client *client = server_client(NULL, id);

    if (client == NULL)
        return;
    command_answer(client, answer);
    client_answered(client);
}

/* Runs the actions of one step; a write ends at once. */
static void step(const struct event *event)
{
    const struct action_list *list = core_step(world.core, event, world.now_ms);
    uint64_t serial = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct action *action = &list->actions[i];
        if (action->type == ACTION_PERSIST)
            serial = action->persist.serial;
        else if (action->type == ACTION_REPLY)
            answer_client(action->reply.client,
                          world.disk_fails && action->wait == WAIT_DISK &&
                                  serial != 0
                              ? &action->reply.failed
                              : &action->reply.ok);
        else if (action->type == ACTION_NOTICE)
            pubsub_publish(world.context.pubsub, action->notice.channel,
                           action->notice.text);
    }
    if (serial != 0) {
        struct event done = {.type = EVENT_PERSISTED,
                             .persisted = {serial, !world.disk_fails}};
        step(&done);
    }
}

/* Writes what a request carries into world.said. */
static void say(const struct request *request)
{
    char *text = world.said;
    const size_t size = sizeof(world.said);
    int n = snprintf(text, size, "%s",
                     request->name != NULL ? request->name : "-");

    switch (request->type) {
    case REQUEST_DOWN:
        snprintf(text + n, size - (size_t)n, " %s %lld %llu %s",
                 request->down.ip, (long long)request->down.port,
                 (unsigned long long)request->down.epoch, request->down.runid);
        break;
    case REQUEST_HELLO:
        snprintf(text + n, size - (size_t)n, " %s", request->hello.text);
        break;
    case REQUEST_MONITOR:
        snprintf(text + n, size - (size_t)n, " %s [%s] %s %s",
                 request->monitor.host, request->monitor.ip,
                 request->monitor.port, request->monitor.quorum);
        break;
    case REQUEST_SIMULATE:
        snprintf(text + n, size - (size_t)n, " %u", request->simulate);
        break;
    case REQUEST_SET:
    case REQUEST_CONFIG_SET:
    case REQUEST_DEBUG:
        for (size_t i = 0; i < request->set.count; i++)
            n += snprintf(
                text + n, size - (size_t)n, " %s%s", request->set.words[i],
                request->set.runnable != NULL && request->set.runnable[i]
                    ? "(x)"
                    : "");
        break;
    default:
        break;
    }
}

void driver_request(struct driver *driver, const struct request *request)
{
    struct event event = {.type = EVENT_REQUEST, .request = *request};

    (void)driver;
    world.requests++;
    world.last = *request;
    say(request);
    if (!world.hold)
        step(&event);
}

/* ---- Set up, talk, look ---- */

static void world_open(void)
{
    static char socket_stand_in;
    struct state *state = state_new();
    struct state_master *master = state_add_master(state, "mymaster",
                                                   "127.0.0.1", 7001);
    struct event start = {.type = EVENT_START, .start = state};

    memset(&world, 0, sizeof(world));
    world.now_ms = 100000;
    world.context.settings = settings_new();
    world.context.settings->port = 26379;
    acl_set_commands(world.context.settings->acl, command_vocabulary());
    world.context.acl_log = acl_log_new(128);
    world.context.pubsub = pubsub_new();
    world.context.started_ms = 40000;
    strcpy(world.context.run_id, OTHER_ID);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world.clients[i];
        client->id = i + 1;
        client->context = &world.context;
        client->stream = (struct stream *)&socket_stand_in;
        resp_writer_init(&client->output, 2);
        client->user = acl_default(world.context.settings->acl);
        client->authenticated = true;
        snprintf(client->address, sizeof(client->address), "127.0.0.1:%d",
                 5001 + (int)i);
        strcpy(client->local_address, "127.0.0.1:26379");
    }
    strcpy(state->id, MY_ID);
    state->global.listen_port = 26379;
    master->options.quorum = 2;
    state_add_replica(master, "127.0.0.1", 7002);
    state_add_replica(master, "127.0.0.1", 7003);
    state_add_sentinel(master, "127.0.0.1", 7004, OTHER_ID);
    world.core = core_new(1);
    step(&start);
    state_free(state);
}

static void world_close(void)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world.clients[i];
        pubsub_forget(world.context.pubsub, client);
        resp_writer_clear(&client->output);
        free(client->name);
        free(client->lib_name);
        free(client->lib_version);
    }
    pubsub_free(world.context.pubsub);
    settings_free(world.context.settings);
    acl_log_free(world.context.acl_log);
    free(world.file);
    core_free(world.core);
}

/* The text of what CLIENT (from 1) has got; empties its output. Valid until
 * the next call. */
static const char *output(size_t client)
{
    static char text[65536];
    struct resp_writer *out = &world.clients[client - 1].output;

    ck_assert_uint_lt(out->length, sizeof(text));
    if (out->length > 0)
        memcpy(text, out->data, out->length);
    text[out->length] = '\0';
    out->length = 0;
    return text;
}

/* Runs a request of words with their lengths. */
static void run_words(size_t client, char **words, size_t *lengths,
                      size_t count)
{
    struct resp_request request = {count, words, lengths};
    command_run(&world.clients[client - 1], &request);
}

/* Runs LINE, words between blanks, "..." for one with blanks (in which \0, \n
 * and \r stand for such a byte), and returns the reply. */
static const char *ask_as(size_t client, const char *line)
{
    char buffer[2048];
    char *words[64];
    size_t lengths[64];
    size_t count = 0;
    char *to = buffer;

    while (*line != '\0') {
        const bool quoted = *line == '"';
        words[count] = to;
        for (line += quoted; *line != '\0' && *line != (quoted ? '"' : ' ');
             line++) {
            if (*line == '\\') {
                line++;
                *to++ = *line == '0' ? '\0' : *line == 'n' ? '\n' : '\r';
            } else {
                *to++ = *line;
            }
        }
        line += quoted;
        lengths[count] = (size_t)(to - words[count]);
        count++;
        *to++ = '\0';
        while (*line == ' ')
            line++;
    }
    run_words(client, words, lengths, count);
    return output(client);
}

static const char *ask(const char *line)
{
    return ask_as(1, line);
}

/* Requests and the exact replies to them. */
struct exchange {
    const char *request;
    const char *reply;
};

static void expect_all(const struct exchange *exchanges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *reply = ask(exchanges[i].request);
        ck_assert_msg(strcmp(reply, exchanges[i].reply) == 0,
                      "%s: got \"%s\", not \"%s\"", exchanges[i].request, reply,
                      exchanges[i].reply);
    }
}

#define EXPECT(...)                                                      \
    do {                                                                 \
        static const struct exchange exchanges[] = {__VA_ARGS__};        \
        expect_all(exchanges, sizeof(exchanges) / sizeof(exchanges[0])); \
    } while (0)

#endif
