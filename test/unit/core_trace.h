/* What the core wants done, kept as lines of text that a test looks for, and
 * the model of the processes around it that the lines speak of. */
#ifndef TEST_CORE_TRACE_H
#define TEST_CORE_TRACE_H

#include "../../lib/core.h"
#include "../../lib/core_internal.h"
#include "../../lib/text.h"
#include "../../lib/xalloc.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CONNS 512
#define MAX_SERVERS 16

/* A process at an address, data server or sentinel. */
struct server {
    char ip[ADDR_IP_SIZE];
    int port;
    bool reachable;      /* connections succeed; else they stay under way */
    bool refusing;       /* connections are refused */
    bool silent;         /* established connections answer nothing */
    const char *pong;    /* "-..." is an error; NULL: PONG */
    char info[2048];     /* "": no answer to INFO */
    const char *refuses; /* first word that is refused, or NULL */
    const char *refusal; /* the error */
    /* what a sentinel answers */
    bool says_down;
    bool ignores_questions;
    bool ignores_votes;    /* no answer when a vote is asked for */
    const char *votes_for; /* NULL: "*" */
    uint64_t vote_epoch;   /* UINT64_MAX: as asked */
};

static struct text trace;
static struct server servers[MAX_SERVERS];
static size_t server_count;
static struct server *conn_server[MAX_CONNS]; /* by connection; NULL: gone */

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
        text_addf(&trace, "%s %s", action->notice.channel, action->notice.text);
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
    return trace.length > 3000 ? trace.data + trace.length - 3000 : trace.data;
}

#define expect(line)                                                          \
    ck_assert_msg(count_lines(line, NULL) > 0, "expected \"%s\" in:%s", line, \
                  trace_end())
#define expect_count(line, number)                                        \
    ck_assert_msg(count_lines(line, NULL) == (number),                    \
                  "expected \"%s\" %zu times, is there %zu times, in:%s", \
                  line, (size_t)(number), count_lines(line, NULL),        \
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

#endif
