/* What stands in the place of the network, the disk, the resolver, scripts and
 * the log. Nothing is answered within a call, all when the world runs. */
#include "server_world.h"

#include "../../sentinel/conn.h"
#include "../../sentinel/daemon.h"
#include "../../sentinel/log.h"
#include "../../sentinel/resolve.h"
#include "../../sentinel/script.h"
#include "../../sentinel/server_listen.h"
#include "../../sentinel/store.h"
#include "../../sentinel/store_tasks.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Something to be answered. */
struct work {
    struct work *next;
    void (*run)(struct work *work); /* frees what it holds, not itself */
    uint64_t id;                    /* connection */
    struct command_tag tag;
    int port;
    char *text; /* host, path or content */
    void *done;
    void *arg;
    bool write;
};

static struct work *first;
static struct work **end = &first;

static struct work *add_work(void (*run)(struct work *work))
{
    struct work *work = xcalloc(1, sizeof(*work));

    work->run = run;
    *end = work;
    end = &work->next;
    return work;
}

static struct work *take_work(void)
{
    struct work *work = first;

    if (work == NULL)
        return NULL;
    first = work->next;
    if (first == NULL)
        end = &first;
    return work;
}

/* ---- Sockets ---- */

static struct listeners {
    server_accepted *accepted;
    void *arg;
} listeners;

struct listeners *server_listen(struct uv_loop_s *loop,
                                const struct settings *settings,
                                server_accepted *accepted, void *arg,
                                const char **error)
{
    (void)loop;
    (void)settings;
    (void)error;
    listeners = (struct listeners){accepted, arg};
    return &listeners;
}

void server_listen_stop(struct listeners *all)
{
    REQUIRE(all == &listeners, "another one");
}

void server_listen_free(struct listeners *all)
{
    REQUIRE(all == &listeners, "another one");
}

void server_parts_accept(int fd)
{
    listeners.accepted(listeners.arg, fd, true);
}

/* ---- Connections of the core ---- */

#define CONNS_MAX 256

static struct conn_pool {
    const struct conn_callbacks *callbacks;
    void *arg;
    bool stopped;
    uint64_t open[CONNS_MAX]; /* ids; 0: a free place */
    int ports[CONNS_MAX];
} pool;

struct conn_pool *conn_pool_new(struct uv_loop_s *loop,
                                const struct conn_callbacks *callbacks,
                                void *arg, const char *source_address)
{
    (void)loop;
    (void)source_address;
    pool = (struct conn_pool){.callbacks = callbacks, .arg = arg};
    return &pool;
}

static size_t place_of(uint64_t id)
{
    size_t i = 0;

    while (i < CONNS_MAX && pool.open[i] != id)
        i++;
    return i;
}

static void open_done(struct work *work)
{
    if (pool.stopped || place_of(work->id) == CONNS_MAX)
        return;
    if (server_world->servers == SERVERS_WELL) {
        pool.callbacks->up(pool.arg, work->id, "10.0.9.9");
    } else if (server_world->servers == SERVERS_REFUSE) {
        pool.open[place_of(work->id)] = 0;
        pool.callbacks->down(pool.arg, work->id, "refused");
    }
}

void conn_open(struct conn_pool *to, uint64_t id, const char *ip, int port)
{
    const size_t place = place_of(0);

    REQUIRE(to == &pool && ip[0] != '\0' && port > 0, "%s:%d", ip, port);
    if (place == CONNS_MAX)
        return; /* it hears nothing */
    pool.open[place] = id;
    pool.ports[place] = port;
    add_work(open_done)->id = id;
}

static const char *info_of(int port)
{
    return port == 6379 ? "run_id:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
                          "role:master\r\n"
                          "slave0:ip=10.0.0.2,port=6380,state=online\r\n"
                        : "run_id:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"
                          "role:slave\r\nmaster_host:10.0.0.1\r\n"
                          "master_port:6379\r\nmaster_link_status:up\r\n"
                          "slave_priority:100\r\nslave_repl_offset:7\r\n";
}

static void send_done(struct work *work)
{
    struct reply elements[3] = {
        {.type = REPLY_INTEGER},
        {.type = REPLY_STRING, .text = "*", .length = 1},
        {.type = REPLY_INTEGER}};
    struct reply reply = {.type = REPLY_STATUS, .text = "OK"};

    if (pool.stopped || place_of(work->id) == CONNS_MAX ||
        server_world->servers != SERVERS_WELL)
        return;
    if (work->tag.kind == COMMAND_PING) {
        reply.text = "PONG";
    } else if (work->tag.kind == COMMAND_INFO) {
        reply.type = REPLY_STRING;
        reply.text = info_of(pool.ports[place_of(work->id)]);
    } else if (work->tag.kind == COMMAND_ASK) {
        reply = (struct reply){
            .type = REPLY_ARRAY, .elements = elements, .count = 3};
    } else if (work->tag.kind == COMMAND_SUBSCRIBE) {
        return; /* confirmations are conn.c's */
    }
    reply.length = reply.text != NULL ? strlen(reply.text) : 0;
    pool.callbacks->reply(pool.arg, work->id, &work->tag, &reply);
}

void conn_send(struct conn_pool *to, uint64_t id, const struct command_tag *tag,
               const char *const *words, size_t count)
{
    struct work *work;

    REQUIRE(to == &pool && count > 0 && words[0][0] != '\0', "no command");
    if (place_of(id) == CONNS_MAX)
        return;
    work = add_work(send_done);
    work->id = id;
    work->tag = *tag;
}

void conn_close(struct conn_pool *to, uint64_t id, const char *reason)
{
    REQUIRE(to == &pool && reason[0] != '\0', "no reason");
    if (place_of(id) != CONNS_MAX)
        pool.open[place_of(id)] = 0;
}

void conn_pool_stop(struct conn_pool *to)
{
    to->stopped = true;
}

void conn_pool_free(struct conn_pool *to)
{
    REQUIRE(to->stopped, "not stopped");
}

/* ---- The disk ---- */

static struct store {
    store_done *done;
    void *arg;
    bool busy;
    bool failed; /* the write under way */
} store;

struct store *store_new(struct uv_loop_s *loop, const struct settings *settings,
                        store_done *done, void *arg)
{
    (void)loop;
    (void)settings;
    store = (struct store){.done = done, .arg = arg};
    return &store;
}

void store_set_done(struct store *to, store_done *done, void *arg)
{
    to->done = done;
    to->arg = arg;
}

/* What the core has, in the file: must load to the same at the next start. */
static void write_file(const struct state *state)
{
    struct config_loaded loaded = {server_world->loaded.settings,
                                   (struct state *)state};
    char *text = config_world_rewrite(&loaded, server_world->file);

    config_world_put("users.acl", server_world->users,
                     strlen(server_world->users));
    if (server_world->loaded.settings->acl_file == NULL)
        config_world_check(&loaded, server_world->file, NULL);
    free(server_world->file);
    server_world->file = text;
}

int store_write_now(struct store *to, const struct state *state,
                    const char **error)
{
    REQUIRE(!to->busy, "two writes at once");
    *error = "disk full";
    if (server_world->disk_fails)
        return -1;
    write_file(state);
    return 0;
}

static void write_done(struct work *work)
{
    (void)work;
    store.busy = false;
    store.done(store.arg, store.failed ? "disk full" : NULL);
}

void store_write(struct store *to, struct state *state)
{
    REQUIRE(!to->busy, "two writes at once");
    to->busy = true;
    to->failed = server_world->disk_fails;
    if (!to->failed)
        write_file(state);
    state_free(state);
    add_work(write_done);
}

bool store_busy(const struct store *to)
{
    return to->busy;
}

void store_free(struct store *to)
{
    REQUIRE(!to->busy, "a write is under way");
}

/* ---- The ACL file ---- */

static void task_done(struct work *work)
{
    store_task_done *done = (store_task_done *)work->done;
    const bool failed = server_world->disk_fails;

    if (work->write && !failed)
        xreplace(&server_world->users, work->text);
    if (failed)
        done(work->arg, NULL, 0, "disk full");
    else
        done(work->arg, server_world->users, strlen(server_world->users), NULL);
}

static void add_task(char *text, store_task_done *done, void *arg)
{
    struct work *work = add_work(task_done);

    work->write = text != NULL;
    work->text = text;
    work->done = (void *)done;
    work->arg = arg;
}

void store_tasks_read(struct store_tasks *tasks, const char *path,
                      store_task_done *done, void *arg)
{
    (void)tasks;
    (void)path;
    add_task(NULL, done, arg);
}

void store_tasks_write(struct store_tasks *tasks, const char *path, char *text,
                       store_task_done *done, void *arg)
{
    (void)tasks;
    (void)path;
    add_task(text, done, arg);
}

/* ---- Names ---- */

static void lookup_done(struct work *work)
{
    const bool found = strchr(work->text, 'x') == NULL;

    ((resolve_done *)work->done)(work->arg, work->text,
                                 found ? "10.0.0.77" : NULL, false);
}

void resolver_lookup(struct resolver *resolver, const char *host,
                     const char *known, resolve_done *done, void *arg)
{
    struct work *work = add_work(lookup_done);

    (void)resolver;
    REQUIRE(known != NULL, "no address in use");
    work->text = xstrdup(host);
    work->done = (void *)done;
    work->arg = arg;
}

/* ---- Scripts ---- */

void script_queue_add(struct script_queue *queue, const char *path,
                      const char *const *words, size_t count)
{
    (void)queue;
    REQUIRE(path[0] != '\0', "no path");
    for (size_t i = 0; i < count; i++)
        REQUIRE(words[i] != NULL, "no word");
}

void script_queue_visit(const struct script_queue *queue, script_visit *visit,
                        void *arg)
{
    static const char *const argv[] = {"/bin/true", "a b", ""};
    static const struct script_view view = {argv, 3, true, 1, 2, 1};

    (void)queue;
    visit(arg, &view);
}

size_t script_queue_length(const struct script_queue *queue)
{
    (void)queue;
    return 1;
}

size_t script_queue_running(const struct script_queue *queue)
{
    (void)queue;
    return 1;
}

/* ---- The log, and the end ---- */

static enum log_level log_level = LEVEL_NOTICE;

void log_printf(enum log_level level, const char *format, ...)
{
    char text[4096];
    va_list arguments;

    (void)level;
    va_start(arguments, format);
    REQUIRE(vsnprintf(text, sizeof(text), format, arguments) >= 0, "%s",
            format);
    va_end(arguments);
}

void log_write(enum log_level level, const char *text)
{
    log_printf(level, "%s", text);
}

void log_set_level(enum log_level level)
{
    log_level = level;
}

enum log_level log_get_level(void)
{
    return log_level;
}

void log_close(void)
{
}

void daemon_shutdown(struct context *context)
{
    REQUIRE(context == &server_world->context, "another one");
    server_world->ended = true;
}

bool server_parts_run(void)
{
    struct work *work = take_work();

    if (work == NULL)
        return false;
    work->run(work);
    free(work->text);
    free(work);
    return true;
}

void server_parts_close(void)
{
    while (server_parts_run())
        ;
    log_level = LEVEL_NOTICE;
}
