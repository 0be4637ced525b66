/* A core with a model of what surrounds it, for tests of single modules: a
 * server answers at once, a write ends at once, and everything the core wants
 * done is kept as lines of text that a test looks for. Where a test needs a
 * delay or a fault it turns the automatic part off and feeds the event
 * itself. */
#ifndef TEST_CORE_WORLD_H
#define TEST_CORE_WORLD_H

#include "../../lib/core.h"
#include "../../lib/core_internal.h"
#include "../../lib/text.h"
#include "../../lib/xalloc.h"
#include "suite.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MY_ID "5555555555555555555555555555555555555555"
#define PEER_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PEER_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PEER_C "cccccccccccccccccccccccccccccccccccccccc"
#define RUNID_1 "1111111111111111111111111111111111111111"
#define RUNID_2 "2222222222222222222222222222222222222222"
#define RUNID_3 "3333333333333333333333333333333333333333"

#define MASTER_IP "10.0.0.1"
#define REPLICA_1 "10.0.0.2"
#define REPLICA_2 "10.0.0.3"
#define PEER_A_IP "10.0.1.1"
#define PEER_B_IP "10.0.1.2"

#define START_MS 1000000u
#define MAX_SERVERS 16
#define MAX_CONNS 512

/* A process at an address, data server or sentinel. */
struct server {
    char ip[ADDR_IP_SIZE];
    int port;
    bool reachable;    /* connections succeed; else they stay under way */
    bool refusing;     /* connections are refused */
    bool silent;       /* established connections answer nothing */
    const char *pong;  /* "-..." is an error; NULL: PONG */
    char info[2048];   /* "": no answer to INFO */
    const char *refuses; /* first word that is refused, or NULL */
    const char *refusal; /* the error */
    /* what a sentinel answers */
    bool says_down;
    bool ignores_questions;
    bool ignores_votes; /* no answer when a vote is asked for */
    const char *votes_for; /* NULL: "*" */
    uint64_t vote_epoch;   /* UINT64_MAX: as asked */
};

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
static struct text trace;
static bool disk_works;   /* writes end at once, and well */
static uint64_t last_serial;
static struct server servers[MAX_SERVERS];
static size_t server_count;
static struct server *conn_server[MAX_CONNS];
static bool conn_failed_transaction[MAX_CONNS];
static struct pending_reply replies[4096];
static size_t reply_count;
static uint64_t opened[64]; /* connections to be reported as up */
static size_t opened_count;

/* ---- The trace ---- */

static inline void add_words(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_addf(&trace, " %s", words[i]);
}

static inline void add_answer(const struct answer *answer)
{
    static const char *const forms[] = {"OK", "error", "integer", "down"};

    text_addf(&trace, " %s", forms[answer->type]);
    if (answer->type == ANSWER_ERROR)
        text_addf(&trace, " %s", answer->text);
    if (answer->type == ANSWER_INTEGER)
        text_addf(&trace, " %lld", (long long)answer->integer);
    if (answer->type == ANSWER_DOWN)
        text_addf(&trace, " %lld %s %llu", (long long)answer->integer,
                  answer->text, (unsigned long long)answer->epoch);
}

static inline const char *address_of(uint64_t conn)
{
    static char text[64];
    struct server *server;

    ck_assert_uint_lt(conn, MAX_CONNS);
    server = conn_server[conn];
    snprintf(text, sizeof(text), "%s", server != NULL ? server->ip : "?");
    return text;
}

static inline void add_line(const struct action *action)
{
    switch (action->type) {
    case ACTION_CONNECT:
        text_addf(&trace, "connect %s:%d", action->connect.ip,
                  action->connect.port);
        break;
    case ACTION_CLOSE:
        text_addf(&trace, "close %s %s", address_of(action->close.conn),
                  action->close.reason);
        break;
    case ACTION_SEND:
        text_addf(&trace, "send %s", address_of(action->send.conn));
        add_words(action->send.words, action->send.count);
        break;
    case ACTION_PERSIST:
        text_add(&trace, "persist");
        break;
    case ACTION_REPLY:
        text_addf(&trace, "reply %llu",
                  (unsigned long long)action->reply.client);
        add_answer(&action->reply.ok);
        break;
    case ACTION_NOTICE:
        text_addf(&trace, "%s %s", action->notice.channel,
                  action->notice.text);
        break;
    case ACTION_LOG:
        text_addf(&trace, "log %s", action->log.text);
        break;
    case ACTION_SCRIPT:
        text_addf(&trace, "script %s", action->script.path);
        add_words(action->script.words, action->script.count);
        break;
    case ACTION_RESOLVE:
        text_addf(&trace, "resolve %s", action->resolve.host);
        break;
    case ACTION_CRASH:
        text_add(&trace, "crash");
        break;
    }
    text_add(&trace, action->wait == WAIT_DISK ? " (disk)\n" : "\n");
}

/* Forgets what has happened so far. */
static inline void forget(void)
{
    text_clear(&trace);
    text_add(&trace, "\n");
}

/* How often LINE, or with a '*' at its end a line that begins so, is there;
 * *FIRST is where the first one stands. */
static inline size_t count_lines(const char *line, const char **first)
{
    char wanted[1400];
    size_t length = strlen(line);
    bool prefix = length > 0 && line[length - 1] == '*';
    const char *at = trace.data;
    size_t count = 0;

    snprintf(wanted, sizeof(wanted), "\n%.*s%s",
             (int)(prefix ? length - 1 : length), line, prefix ? "" : "\n");
    if (first != NULL)
        *first = NULL;
    while ((at = strstr(at, wanted)) != NULL) {
        if (first != NULL && *first == NULL)
            *first = at;
        count++;
        at++;
    }
    return count;
}

/* The end of the trace, as much as Check can print. */
static inline const char *trace_end(void)
{
    return trace.length > 3000 ? trace.data + trace.length - 3000
                               : trace.data;
}

#define expect(line)                                                          \
    ck_assert_msg(count_lines(line, NULL) > 0, "expected \"%s\" in:%s", line, \
                  trace_end())
#define expect_count(line, number)                                         \
    ck_assert_msg(count_lines(line, NULL) == (number),                     \
                  "expected \"%s\" %zu times, is there %zu times, in:%s",  \
                  line, (size_t)(number), count_lines(line, NULL),         \
                  trace_end())
#define expect_none(line) expect_count(line, 0)

/* The lines, ended by NULL, are there in this order. */
static inline void expect_in_order(const char *line, ...)
{
    const char *last = NULL;
    const char *last_line = "";
    va_list lines;

    va_start(lines, line);
    for (; line != NULL; line = va_arg(lines, const char *)) {
        const char *at;

        expect(line);
        count_lines(line, &at);
        ck_assert_msg(last == NULL || at > last,
                      "expected \"%s\" behind \"%s\" in:%s", line, last_line,
                      trace_end());
        last = at;
        last_line = line;
    }
    va_end(lines);
}

/* ---- Servers ---- */

static inline struct server *server_at(const char *ip, int port)
{
    for (size_t i = 0; i < server_count; i++)
        if (strcmp(servers[i].ip, ip) == 0 && servers[i].port == port)
            return &servers[i];
    return NULL;
}

static inline struct server *add_server(const char *ip, int port)
{
    struct server *server = &servers[server_count++];

    ck_assert_uint_lt(server_count, MAX_SERVERS);
    memset(server, 0, sizeof(*server));
    snprintf(server->ip, sizeof(server->ip), "%s", ip);
    server->port = port;
    server->reachable = true;
    server->vote_epoch = UINT64_MAX;
    return server;
}

static inline void set_info(struct server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void set_info(struct server *server, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(server->info, sizeof(server->info), format, arguments);
    va_end(arguments);
}

static inline void is_master(struct server *server, const char *runid)
{
    set_info(server, "run_id:%s\r\nrole:master\r\n", runid);
}

static inline void follows(struct server *server, const char *runid,
                           const char *ip, const char *status, int offset)
{
    set_info(server,
             "run_id:%s\r\nrole:slave\r\nmaster_host:%s\r\n"
             "master_port:6379\r\nmaster_link_status:%s\r\n"
             "slave_priority:100\r\nslave_repl_offset:%d\r\n",
             runid, ip, status, offset);
}

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
        conn_server[conn] =
            server_at(action->connect.ip, action->connect.port);
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
    struct reply elements[3] = {
        integer_reply(server->says_down),
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
    struct state_master *master =
        state_add_master(initial, "mymaster", MASTER_IP, 6379);
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
    step(&(struct event){
        .type = EVENT_REQUEST,
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
        if (conn_server[conn] == NULL ||
            strcmp(conn_server[conn]->ip, ip) != 0)
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

    step(&(struct event){
        .type = EVENT_REQUEST,
        .request = {.type = REQUEST_SET,
                    .client = 7,
                    .name = "mymaster",
                    .set = {.words = words, .count = 2}}});
}

/* Runs the suite NAME of the tests given, each in a world of its own. */
#define RUN_WORLDS(name, cases) \
    run_suite(name, cases, ROWS(cases), world_setup, world_teardown)

#endif
