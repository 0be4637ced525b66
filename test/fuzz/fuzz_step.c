/* Fuzz target: the core under any sequence of events. The input is read as a
 * program: what happens next, and with which words. Assertions are on. */
#include "../../lib/core.h"
#include "../../lib/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CONNS 64
#define MAX_TAGS 4096
#define MAX_STEPS 4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sent {
    uint64_t conn;
    struct command_tag tag;
};

struct player {
    const uint8_t *data;
    size_t size;
    size_t at;
    struct core *core;
    uint64_t now_ms;
    uint64_t conns[MAX_CONNS];
    size_t conn_count;
    struct sent sent[MAX_TAGS];
    size_t sent_count;
    uint64_t persist_serial;
    char text[2048];
};

static const char *const words[] = {"mymaster",
                                    "other",
                                    "*",
                                    "m*",
                                    "[",
                                    "",
                                    "10.0.0.1",
                                    "10.0.0.2",
                                    "10.0.0.3",
                                    "::1",
                                    "name.test",
                                    "6379",
                                    "0",
                                    "-1",
                                    "65536",
                                    "1",
                                    "2",
                                    "9223372036854775807",
                                    "99999999999999999999",
                                    "quorum",
                                    "down-after-milliseconds",
                                    "failover-timeout",
                                    "parallel-syncs",
                                    "auth-pass",
                                    "auth-user",
                                    "rename-command",
                                    "PING",
                                    "PANG",
                                    "notification-script",
                                    "client-reconfig-script",
                                    "master-reboot-down-after-period",
                                    "/bin/true",
                                    "resolve-hostnames",
                                    "announce-hostnames",
                                    "yes",
                                    "no",
                                    "announce-ip",
                                    "announce-port",
                                    "sentinel-pass",
                                    "ping-period",
                                    "info-period",
                                    "tilt-trigger",
                                    "ask-period",
                                    "publish-period",
                                    "a b",
                                    "a,b",
                                    "\n",
                                    "1111111111111111111111111111111111111111",
                                    "2222222222222222222222222222222222222222",
                                    "3333333333333333333333333333333333333333"};
#define WORDS (sizeof(words) / sizeof(words[0]))

static unsigned byte(struct player *player)
{
    return player->at < player->size ? player->data[player->at++] : 0;
}

static const char *word(struct player *player)
{
    return words[byte(player) % WORDS];
}

static void add(struct player *player, const char *text)
{
    size_t length = strlen(player->text);

    snprintf(player->text + length, sizeof(player->text) - length, "%s", text);
}

/* ---- What the core wants done ---- */

static void forget_conn(struct player *player, uint64_t conn)
{
    for (size_t i = 0; i < player->conn_count; i++)
        if (player->conns[i] == conn)
            player->conns[i--] = player->conns[--player->conn_count];
}

static void note(struct player *player, const struct action_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct action *action = &list->actions[i];

        if (action->type == ACTION_CONNECT && player->conn_count < MAX_CONNS)
            player->conns[player->conn_count++] = action->connect.conn;
        else if (action->type == ACTION_CLOSE)
            forget_conn(player, action->close.conn);
        else if (action->type == ACTION_SEND && player->sent_count < MAX_TAGS)
            player->sent[player->sent_count++] = (struct sent){
                action->send.conn, action->send.tag};
        else if (action->type == ACTION_PERSIST)
            player->persist_serial = action->persist.serial;
    }
}

static void step(struct player *player, const struct event *event)
{
    note(player, core_step(player->core, event, player->now_ms));
}

/* ---- Events ---- */

static void make_info(struct player *player)
{
    static const char *const lines[] = {
        "role:master\r\n",
        "role:slave\r\n",
        "role:what\r\n",
        "run_id:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
        "run_id:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n",
        "run_id:x\r\n",
        "slave0:ip=10.0.0.2,port=6379,state=online\r\n",
        "slave1:ip=10.0.0.3,port=6379\r\n",
        "slave2:10.0.0.4,6379,online\r\n",
        "slave3:ip=,port=\r\n",
        "slave4:ip=name.test,port=7\r\n",
        "master_host:10.0.0.1\r\n",
        "master_host:10.0.0.3\r\n",
        "master_port:6379\r\n",
        "master_port:x\r\n",
        "master_link_status:up\r\n",
        "master_link_status:down\r\n",
        "master_link_down_since_seconds:-1\r\n",
        "master_link_down_since_seconds:100\r\n",
        "slave_priority:0\r\n",
        "slave_priority:10\r\n",
        "slave_repl_offset:100\r\n",
        "slave_repl_offset:-1\r\n",
        "replica_announced:0\r\n",
        "master_failover_state:no-failover\r\n",
        "master_failover_state:waiting-for-sync\r\n",
        "# x\r\n",
        ":\r\n"};
    unsigned count = byte(player) % 16;

    player->text[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        add(player, lines[byte(player) % (sizeof(lines) / sizeof(lines[0]))]);
}

static void make_hello(struct player *player)
{
    unsigned fields = byte(player) % 16 == 0 ? 7 : 8;

    player->text[0] = '\0';
    for (unsigned i = 0; i < fields; i++) {
        static const unsigned char usual[] = {7, 11, 48, 15, 0, 6, 11, 15};
        unsigned choice = byte(player);

        if (i > 0)
            add(player, ",");
        add(player,
            choice % 4 != 0 ? words[usual[i] + choice / 4 % 2] : word(player));
    }
}

static const char *status(struct player *player)
{
    static const char *const texts[] = {
        "PONG",        "OK",           "QUEUED",
        "LOADING x",   "MASTERDOWN x", "BUSY x",
        "NOAUTH x",    "NOPERM x",     "ERR unknown command 'REPLICAOF'",
        "EXECABORT x", "ERR x",        ""};

    return texts[byte(player) % (sizeof(texts) / sizeof(texts[0]))];
}

static void answer(struct player *player)
{
    struct reply elements[4];
    struct reply reply = {.type = (enum reply_type)(byte(player) % 6)};
    struct event event = {.type = EVENT_REPLY};
    struct sent *sent;

    if (player->sent_count == 0)
        return;
    sent = &player->sent[byte(player) % player->sent_count];
    event.reply.conn = sent->conn;
    event.reply.tag = sent->tag;
    event.reply.reply = &reply;
    *sent = player->sent[--player->sent_count];
    memset(elements, 0, sizeof(elements));
    reply.text = status(player);
    if (reply.type == REPLY_STRING) {
        make_info(player);
        reply.text = player->text;
    }
    if (reply.type == REPLY_ARRAY) {
        reply.elements = elements;
        reply.count = byte(player) % 4;
        for (size_t i = 0; i < reply.count; i++) {
            elements[i].type = byte(player) % 4 == 0
                                   ? (enum reply_type)(byte(player) % 5)
                                   : (i == 1 ? REPLY_STRING : REPLY_INTEGER);
            elements[i].integer = byte(player) % 8 == 0
                                      ? -1
                                      : (int64_t)(byte(player) % 8);
            elements[i].text = word(player);
            elements[i].length = strlen(elements[i].text);
        }
    }
    reply.length = reply.text != NULL ? strlen(reply.text) : 0;
    step(player, &event);
}

static void ask(struct player *player)
{
    struct event event = {.type = EVENT_REQUEST};
    struct request *request = &event.request;
    const char *list[6];
    bool runnable[6];

    request->type = (enum request_type)(byte(player) % (REQUEST_SIMULATE + 1));
    request->client = 1;
    request->name = word(player);
    switch (request->type) {
    case REQUEST_DOWN:
        request->down.ip = word(player);
        request->down.port = byte(player) % 2 == 0 ? 6379 : -1;
        request->down.epoch = byte(player) % 16 == 0 ? UINT64_MAX
                                                     : byte(player) % 16;
        request->down.runid = word(player);
        break;
    case REQUEST_HELLO:
        make_hello(player);
        request->hello.text = player->text;
        break;
    case REQUEST_FAILOVER:
        request->failover.coordinated = byte(player) % 2 == 0;
        break;
    case REQUEST_MONITOR:
        request->monitor.host = word(player);
        request->monitor.ip = word(player);
        request->monitor.port = word(player);
        request->monitor.quorum = word(player);
        break;
    case REQUEST_SET:
    case REQUEST_CONFIG_SET:
    case REQUEST_DEBUG:
        request->set.count = byte(player) % 6;
        for (size_t i = 0; i < request->set.count; i++) {
            list[i] = word(player);
            runnable[i] = byte(player) % 2 == 0;
        }
        request->set.words = list;
        request->set.runnable = runnable;
        break;
    case REQUEST_SIMULATE:
        request->simulate = byte(player) % 4;
        break;
    case REQUEST_RESET:
    case REQUEST_REMOVE:
    case REQUEST_FLUSH:
        break;
    }
    step(player, &event);
}

static void conn_event(struct player *player, unsigned choice)
{
    struct event event = {.type = EVENT_CONN_UP};

    if (player->conn_count == 0)
        return;
    event.conn.conn = player->conns[byte(player) % player->conn_count];
    if (choice == 0) {
        event.conn.local_ip = byte(player) % 8 == 0 ? NULL : "10.0.9.9";
    } else if (choice == 1) {
        event.type = EVENT_CONN_DOWN;
        event.conn.reason = byte(player) % 8 == 0 ? NULL : "refused";
        forget_conn(player, event.conn.conn);
    } else {
        make_hello(player);
        event.type = EVENT_MESSAGE;
        event.message.conn = event.conn.conn;
        event.message.channel = byte(player) % 8 == 0 ? "other"
                                                      : "__sentinel__:hello";
        event.message.text = player->text;
    }
    step(player, &event);
}

static void other_event(struct player *player, unsigned choice)
{
    struct event event = {.type = EVENT_TIMER};

    if (choice == 0 && player->persist_serial != 0) {
        event.type = EVENT_PERSISTED;
        event.persisted.serial = player->persist_serial;
        event.persisted.ok = byte(player) % 4 != 0;
    } else if (choice == 1) {
        event.type = EVENT_RESOLVED;
        event.resolved.host = word(player);
        event.resolved.ip = byte(player) % 2 == 0 ? word(player) : NULL;
    }
    step(player, &event);
}

static void pass_time(struct player *player)
{
    static const uint64_t spans_ms[] = {0,    1,    10,   50,   200,   999,
                                        1000, 1500, 2000, 2001, 10000, 60000};

    player->now_ms +=
        spans_ms[byte(player) % (sizeof(spans_ms) / sizeof(spans_ms[0]))];
}

/* ---- A run ---- */

static void see(void *arg, const struct core_view *view)
{
    *(size_t *)arg += strlen(view->name) + strlen(view->ip);
}

/* Queries must hold at any time, and what is stored must load again. */
static void look(struct player *player)
{
    size_t seen = 0;
    struct state *state = core_state(player->core);
    struct core_ckquorum ckquorum;
    const char *ip;
    int port;
    struct core *copy = core_new(1);
    struct event event = {.type = EVENT_START, .start = state};

    core_visit_masters(player->core, player->now_ms, see, &seen);
    core_visit_replicas(player->core, "mymaster", player->now_ms, see, &seen);
    core_visit_sentinels(player->core, "mymaster", player->now_ms, see, &seen);
    core_ckquorum(player->core, "mymaster", &ckquorum);
    core_master_address(player->core, "mymaster", &ip, &port);
    core_step(copy, &event, 0);
    core_free(copy);
    state_free(state);
}

static void start(struct player *player)
{
    struct state *state = state_new();
    struct event event = {.type = EVENT_START, .start = state};
    unsigned shape = byte(player);
    struct state_master *master = state_add_master(state, "mymaster",
                                                   "10.0.0.1", 6379);

    memset(state->id, '1', ID_LENGTH);
    state->id[ID_LENGTH] = '\0';
    state->global.listen_port = 26379;
    state->global.deny_scripts_reconfig = (shape & 1) != 0;
    state->global.resolve_hostnames = (shape & 2) != 0;
    state->global.announce_hostnames = (shape & 4) != 0;
    master->options.quorum = 1 + shape % 3;
    master->options.down_after_ms = (shape & 8) != 0 ? 1000 : 30000;
    master->options.failover_timeout_ms = (shape & 16) != 0 ? 3000 : 180000;
    state_add_replica(master, "10.0.0.2", 6379);
    state_add_replica(master, "10.0.0.3", 6379);
    if ((shape & 32) != 0)
        state_add_sentinel(master, "10.0.1.2", 26379, words[WORDS - 2]);
    if ((shape & 64) != 0)
        state_add_sentinel(master, "10.0.1.3", 26379, words[WORDS - 1]);
    if ((shape & 128) != 0)
        state_add_master(state, "other", "name.test", 6379);
    player->core = core_new(shape);
    step(player, &event);
    state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct player *player = xcalloc(1, sizeof(*player));

    player->data = data;
    player->size = size;
    player->now_ms = 1;
    start(player);
    for (int i = 0; i < MAX_STEPS && player->at < size; i++) {
        unsigned choice = byte(player);

        if (choice % 8 < 3)
            answer(player);
        else if (choice % 8 == 3)
            pass_time(player);
        else if (choice % 8 == 4)
            ask(player);
        else if (choice % 8 == 5)
            conn_event(player, choice / 8 % 3);
        else
            other_event(player, choice / 8 % 3);
        if (choice == 255)
            look(player);
    }
    look(player);
    core_free(player->core);
    free(player);
    return 0;
}
