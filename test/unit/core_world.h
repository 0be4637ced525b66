/* A core with a model of what surrounds it, for tests of single modules: a
 * server answers at once, a write ends at once, and everything the core wants
 * done is kept as lines of text that a test looks for. Where a test needs a
 * delay or a fault it turns the automatic part off and feeds the event
 * itself. */
#ifndef TEST_CORE_WORLD_H
#define TEST_CORE_WORLD_H

#include "../../lib/core.h"
#include "../../lib/core_internal.h"
#include "../../lib/xalloc.h"
#include "core_trace.h"
#include "suite.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MY_ID "5555555555555555555555555555555555555555"
#define PEER_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PEER_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define RUNID_1 "1111111111111111111111111111111111111111"
#define RUNID_2 "2222222222222222222222222222222222222222"
#define RUNID_3 "3333333333333333333333333333333333333333"

#define MASTER_IP "10.0.0.1"
#define REPLICA_1 "10.0.0.2"
#define REPLICA_2 "10.0.0.3"
#define PEER_A_IP "10.0.1.1"
#define PEER_B_IP "10.0.1.2"

#define START_MS 1000000u

struct pending_reply {
    uint64_t conn;
    struct command_tag tag;
    struct server *server;
    uint64_t asked_epoch;
    bool refused;
    bool transaction_failed;
};

static struct core *core;
static uint64_t now_ms;
static struct state *initial;
static bool disk_works; /* writes end at once, and well */
static uint64_t last_serial;
static bool conn_failed_transaction[MAX_CONNS];
static struct pending_reply replies[4096];
static size_t reply_count;
static uint64_t opened[64]; /* connections to be reported as up */
static size_t opened_count;

/* ---- Steps ---- */

static inline void answer_send(const struct action *action)
{
    uint64_t conn = action->send.conn;
    struct server *server;
    struct pending_reply *reply;
    const char *const *words = action->send.words;

    ck_assert_uint_lt(conn, MAX_CONNS);
    server = conn_server[conn];
    if (server == NULL || !server->reachable || server->silent)
        return;
    /* held back by a write that has not ended; dropped if it fails */
    if (action->wait == WAIT_DISK && !disk_works &&
        last_serial > core->persist_done)
        return;
    ck_assert_uint_lt(reply_count, 4096);
    reply = &replies[reply_count++];
    memset(reply, 0, sizeof(*reply));
    reply->conn = conn;
    reply->tag = action->send.tag;
    reply->server = server;
    if (reply->tag.kind == COMMAND_MULTI)
        conn_failed_transaction[conn] = false;
    if (server->refuses != NULL && strcmp(words[0], server->refuses) == 0)
        reply->refused = conn_failed_transaction[conn] = true;
    if (reply->tag.kind == COMMAND_EXEC)
        reply->transaction_failed = conn_failed_transaction[conn];
    if (reply->tag.kind == COMMAND_ASK)
        reply->asked_epoch = strtoull(words[4], NULL, 10);
    if (reply->tag.kind == COMMAND_ASK && strcmp(words[5], "*") == 0)
        reply->asked_epoch = 0;
}

static inline void run_action(const struct action *action)
{
    uint64_t conn;

    add_line(action);
    switch (action->type) {
    case ACTION_CONNECT:
        conn = action->connect.conn;
        ck_assert_uint_lt(conn, MAX_CONNS);
        conn_server[conn] = server_at(action->connect.ip, action->connect.port);
        ck_assert_uint_lt(opened_count, 64);
        if (conn_server[conn] != NULL && conn_server[conn]->reachable)
            opened[opened_count++] = conn;
        break;
    case ACTION_CLOSE:
        conn_server[action->close.conn] = NULL;
        break;
    case ACTION_SEND:
        answer_send(action);
        break;
    case ACTION_PERSIST:
        last_serial = action->persist.serial;
        break;
    default:
        break;
    }
}

/* Feeds EVENT alone; what it causes is traced, its answers are queued. */
static inline void feed(const struct event *event)
{
    const struct action_list *list = core_step(core, event, now_ms);

    for (size_t i = 0; i < list->count; i++)
        run_action(&list->actions[i]);
}

static inline void feed_reply(uint64_t conn, struct command_tag tag,
                              const struct reply *reply)
{
    feed(&(struct event){.type = EVENT_REPLY,
                         .reply = {.conn = conn, .tag = tag, .reply = reply}});
}

static inline struct reply status_reply(const char *text)
{
    bool error = text[0] == '-';

    return (struct reply){.type = error ? REPLY_ERROR : REPLY_STATUS,
                          .text = error ? text + 1 : text,
                          .length = strlen(text) - (error ? 1 : 0)};
}

static inline struct reply string_reply(const char *text)
{
    return (struct reply){
        .type = REPLY_STRING, .text = text, .length = strlen(text)};
}

static inline struct reply integer_reply(int64_t integer)
{
    return (struct reply){.type = REPLY_INTEGER, .integer = integer};
}

static inline void give_ask_reply(const struct pending_reply *pending)
{
    const struct server *server = pending->server;
    bool voted = server->votes_for != NULL && pending->asked_epoch != 0;
    uint64_t epoch = server->vote_epoch == UINT64_MAX ? pending->asked_epoch
                                                      : server->vote_epoch;
    struct reply elements[3] = {integer_reply(server->says_down),
                                string_reply(voted ? server->votes_for : "*"),
                                integer_reply(voted ? (int64_t)epoch : 0)};
    struct reply reply = {
        .type = REPLY_ARRAY, .elements = elements, .count = 3};

    feed_reply(pending->conn, pending->tag, &reply);
}

static inline void give_reply(const struct pending_reply *pending)
{
    const struct server *server = pending->server;
    struct reply ok = status_reply("OK");
    struct reply reply = ok;

    if (pending->refused) {
        reply = status_reply(server->refusal);
    } else if (pending->tag.kind == COMMAND_PING) {
        reply = status_reply(server->pong != NULL ? server->pong : "PONG");
    } else if (pending->tag.kind == COMMAND_INFO) {
        if (server->info[0] == '\0')
            return;
        reply = string_reply(server->info);
    } else if (pending->tag.kind == COMMAND_HELLO) {
        reply = integer_reply(1);
    } else if (pending->tag.kind == COMMAND_ASK) {
        if (!server->ignores_questions &&
            (!server->ignores_votes || pending->asked_epoch == 0))
            give_ask_reply(pending);
        return;
    } else if (pending->transaction_failed) {
        reply = status_reply("-EXECABORT Transaction discarded");
    } else if (pending->tag.kind == COMMAND_EXEC) {
        reply = (struct reply){
            .type = REPLY_ARRAY, .elements = &ok, .count = 1};
    }
    feed_reply(pending->conn, pending->tag, &reply);
}

static inline void break_conn(uint64_t conn, const char *reason)
{
    conn_server[conn] = NULL;
    feed(&(struct event){.type = EVENT_CONN_DOWN,
                         .conn = {.conn = conn, .reason = reason}});
}

/* Lets writes end, connections come up and answers arrive, until all is
 * quiet. */
static inline void settle_world(void)
{
    for (;;) {
        if (disk_works && last_serial > core->persist_done) {
            feed(&(struct event){.type = EVENT_PERSISTED,
                                 .persisted = {last_serial, true}});
        } else if (opened_count > 0) {
            uint64_t conn = opened[0];

            memmove(opened, opened + 1, --opened_count * sizeof(*opened));
            if (conn_server[conn] != NULL && conn_server[conn]->refusing)
                break_conn(conn, "connection refused");
            else if (conn_server[conn] != NULL)
                feed(&(struct event){
                    .type = EVENT_CONN_UP,
                    .conn = {.conn = conn, .local_ip = "10.0.9.9"}});
        } else if (reply_count > 0) {
            struct pending_reply first = replies[0];

            memmove(replies, replies + 1, --reply_count * sizeof(*replies));
            if (conn_server[first.conn] == first.server &&
                !first.server->silent)
                give_reply(&first);
        } else {
            return;
        }
    }
}

static inline void step(const struct event *event)
{
    feed(event);
    settle_world();
}

/* Time passes; the core is woken at its deadlines, never later. */
static inline void run_for(uint64_t ms)
{
    uint64_t end = now_ms + ms;
    unsigned wakes = 0;

    settle_world();
    while (core_deadline(core) <= end) {
        if (core_deadline(core) > now_ms)
            now_ms = core_deadline(core);
        step(&(struct event){.type = EVENT_TIMER});
        ck_assert_msg(core_deadline(core) > now_ms, "a deadline stays due");
        ck_assert_uint_lt(++wakes, 200000);
    }
    now_ms = end;
    step(&(struct event){.type = EVENT_TIMER});
}

/* Runs until LINE is there, at most MS; returns how long it took. */
static inline uint64_t run_until(const char *line, uint64_t ms)
{
    uint64_t begin = now_ms;

    settle_world();
    while (count_lines(line, NULL) == 0) {
        uint64_t next = core_deadline(core);

        ck_assert_msg(next <= begin + ms, "no \"%s\" within %llu ms in:%s",
                      line, (unsigned long long)ms, trace_end());
        if (next > now_ms)
            now_ms = next;
        step(&(struct event){.type = EVENT_TIMER});
    }
    return now_ms - begin;
}

/* ---- Worlds ---- */

static inline void world_setup(void)
{
    core = core_new(1);
    now_ms = START_MS;
    initial = state_new();
    memcpy(initial->id, MY_ID, sizeof(initial->id));
    initial->global.listen_port = 26379;
    text_init(&trace);
    forget();
    disk_works = true;
    last_serial = 0;
    server_count = reply_count = opened_count = 0;
    memset(conn_server, 0, sizeof(conn_server));
}

static inline void world_teardown(void)
{
    core_free(core);
    state_free(initial);
    text_clear(&trace);
}

/* A fresh world, for the next row of a table. */
static inline void world_renew(void)
{
    world_teardown();
    world_setup();
}

/* The master called mymaster, with a quorum and a down-after of 5 s. */
static inline struct state_master *plan_master(int64_t quorum)
{
    struct state_master *master = state_add_master(initial, "mymaster",
                                                   MASTER_IP, 6379);
    struct server *server = add_server(MASTER_IP, 6379);

    master->options.quorum = quorum;
    master->options.down_after_ms = 5000;
    is_master(server, RUNID_1);
    return master;
}

static inline struct server *plan_replica(struct state_master *master,
                                          const char *ip, const char *runid,
                                          int offset)
{
    struct server *server = add_server(ip, 6379);

    state_add_replica(master, ip, 6379);
    follows(server, runid, MASTER_IP, "up", offset);
    return server;
}

static inline struct server *plan_peer(struct state_master *master,
                                       const char *ip, const char *id)
{
    struct server *server = server_at(ip, 26379);

    state_add_sentinel(master, ip, 26379, id);
    return server != NULL ? server : add_server(ip, 26379);
}

static inline void start_core(void)
{
    step(&(struct event){.type = EVENT_START, .start = initial});
}

static inline struct master *the_master(void)
{
    return master_find(core, "mymaster");
}

static inline struct instance *the_replica(const char *ip)
{
    struct instance *replica;

    MASTER_EACH (the_master()->replicas, replica)
        if (strcmp(replica->addr.ip, ip) == 0)
            return replica;
    ck_abort_msg("no replica %s", ip);
    return NULL;
}

static inline struct instance *the_peer(const char *id)
{
    struct instance *sentinel = master_find_sentinel(the_master(), id);

    ck_assert_ptr_nonnull(sentinel);
    return sentinel;
}

/* What another sentinel asks. */
static inline void ask_us(uint64_t epoch, const char *runid)
{
    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = REQUEST_DOWN,
                                     .client = 7,
                                     .down = {.ip = MASTER_IP,
                                              .port = 6379,
                                              .epoch = epoch,
                                              .runid = runid}}});
}

static inline void request(enum request_type type, const char *name)
{
    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = type, .client = 7, .name = name}});
}

static inline void hello(const char *text)
{
    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = REQUEST_HELLO,
                                     .client = 7,
                                     .hello = {.text = text}}});
}

/* The process at IP stops: connections break, new ones are not made. */
static inline void kill_server(const char *ip)
{
    uint64_t last = core->last_conn;

    for (size_t i = 0; i < server_count; i++)
        if (strcmp(servers[i].ip, ip) == 0)
            servers[i].reachable = false;
    for (uint64_t conn = 1; conn <= last; conn++) {
        if (conn_server[conn] == NULL || strcmp(conn_server[conn]->ip, ip) != 0)
            continue;
        break_conn(conn, "reset");
    }
    settle_world();
}

static inline void revive_server(const char *ip)
{
    for (size_t i = 0; i < server_count; i++)
        if (strcmp(servers[i].ip, ip) == 0)
            servers[i].reachable = true;
}

/* What a module emits when a test calls it outside of a step: begin, call,
 * then end, which adds it to the trace. */
static inline void begin_call(void)
{
    core->now_ms = now_ms;
    emitter_begin(&core->out);
}

static inline void end_call(void)
{
    const struct action_list *list = emitter_end(&core->out);

    for (size_t i = 0; i < list->count; i++)
        run_action(&list->actions[i]);
}

static inline void set_option(const char *name, const char *value)
{
    const char *words[] = {name, value};

    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = REQUEST_SET,
                                     .client = 7,
                                     .name = "mymaster",
                                     .set = {.words = words, .count = 2}}});
}

/* Runs the suite NAME of the tests given, each in a world of its own. */
#define RUN_WORLDS(name, cases) \
    run_suite(name, cases, ROWS(cases), world_setup, world_teardown)

#endif
