/* links: sentinel/held.o test/fuzz/step_world.o test/fuzz/step_serve.o
 *        test/fuzz/step_check.o
 * The core under any sequence of events. The input is a program: what happens
 * next, and with which words. Servers and disk obey it: well for a while, then
 * in any way; the core crashes and starts again from what is on disk. */
#include "step_world.h"

#define STEPS_MAX 400
#define SERVED_MAX_MS 60000 /* in one run, to be done with it */
#define LONG_WAIT_MS 4000

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

static const char *take_word(struct step_world *world)
{
    return words[fuzz_below(&world->input, WORDS)];
}

static unsigned byte(struct step_world *world)
{
    return fuzz_byte(&world->input);
}

static void add(struct step_world *world, const char *text)
{
    const size_t length = strlen(world->text);

    snprintf(world->text + length, sizeof(world->text) - length, "%s", text);
}

/* ---- Events of any kind ---- */

static void make_info(struct step_world *world)
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
    const unsigned count = byte(world) % 16;

    world->text[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        add(world, lines[byte(world) % (sizeof(lines) / sizeof(lines[0]))]);
}

/* Mostly what another sentinel may say, about epochs around ours. */
static void make_hello(struct step_world *world)
{
    const unsigned sentinel = byte(world) % (SENTINELS + 1);
    const unsigned server = byte(world) % SERVERS;
    const uint64_t epoch = world->current_epoch;

    if (sentinel < SENTINELS) {
        snprintf(
            world->text, sizeof(world->text),
            "10.0.1.%u,26379,%040u,%llu,%s,10.0.0.%u,6379,%llu", sentinel + 1,
            sentinel + 1, (unsigned long long)epoch + byte(world) % 4,
            byte(world) % 8 == 7 ? "other" : "mymaster", server + 1,
            (unsigned long long)epoch + byte(world) % 3 - (epoch > 0 ? 1 : 0));
        return;
    }
    world->text[0] = '\0';
    for (unsigned i = 0; i < 8; i++) {
        add(world, i > 0 ? "," : "");
        add(world, take_word(world));
    }
}

static const char *take_status(struct step_world *world)
{
    static const char *const texts[] = {
        "PONG",        "OK",           "QUEUED",
        "LOADING x",   "MASTERDOWN x", "BUSY x",
        "NOAUTH x",    "NOPERM x",     "ERR unknown command 'REPLICAOF'",
        "EXECABORT x", "ERR x",        ""};

    return texts[byte(world) % (sizeof(texts) / sizeof(texts[0]))];
}

static void make_elements(struct step_world *world, struct reply *reply,
                          struct reply *elements)
{
    reply->elements = elements;
    reply->count = byte(world) % 4;
    for (size_t i = 0; i < reply->count; i++) {
        elements[i].type = byte(world) % 4 == 0
                               ? (enum reply_type)(byte(world) % 5)
                               : (i == 1 ? REPLY_STRING : REPLY_INTEGER);
        elements[i].integer = byte(world) % 8 == 0 ? -1
                                                   : (int64_t)(byte(world) % 8);
        elements[i].text = take_word(world);
        elements[i].length = strlen(elements[i].text);
    }
}

/* Any reply to any command. */
static void answer(struct step_world *world)
{
    struct reply elements[4] = {0};
    struct reply reply = {.type = (enum reply_type)(byte(world) % 6)};
    struct event event = {.type = EVENT_REPLY};
    struct step_sent *sent;

    if (world->sent_count == 0)
        return;
    sent = &world->sent[byte(world) % world->sent_count];
    event.reply.conn = sent->conn;
    event.reply.tag = sent->tag;
    event.reply.reply = &reply;
    *sent = world->sent[--world->sent_count];
    reply.text = take_status(world);
    if (reply.type == REPLY_STRING) {
        make_info(world);
        reply.text = world->text;
    }
    if (reply.type == REPLY_ARRAY)
        make_elements(world, &reply, elements);
    reply.length = strlen(reply.text);
    step_feed(world, &event);
}

static void conn_event(struct step_world *world)
{
    struct event event = {.type = EVENT_CONN_DOWN};
    struct step_conn *conn;
    const unsigned choice = byte(world) % 3;

    if (world->conn_count == 0)
        return;
    conn = &world->conns[byte(world) % world->conn_count];
    event.conn.conn = conn->id;
    if (choice == 0 && !conn->up) {
        conn->up = true;
        event.type = EVENT_CONN_UP;
        event.conn.local_ip = "10.0.9.9";
    } else if (choice == 1) {
        event.conn.reason = byte(world) % 8 == 0 ? NULL : "refused";
        step_drop_conn(world, conn->id);
    } else {
        make_hello(world);
        event.type = EVENT_MESSAGE;
        event.message.conn = conn->id;
        event.message.channel = byte(world) % 8 == 7 ? "other"
                                                     : "__sentinel__:hello";
        event.message.text = world->text;
    }
    step_feed(world, &event);
}

static void resolve(struct step_world *world)
{
    struct event event = {.type = EVENT_RESOLVED};

    event.resolved.host = take_word(world);
    event.resolved.ip = byte(world) % 2 == 0 ? "10.0.0.3" : NULL;
    event.resolved.known = byte(world) % 2 == 0;
    step_feed(world, &event);
}

/* ---- Requests of clients ---- */

static void ask_down(struct step_world *world, struct request *request)
{
    static const char *const ips[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    const unsigned choice = byte(world);

    request->down.ip = choice % 8 == 7 ? take_word(world) : ips[choice % 3];
    request->down.port = choice >= 248 ? -1 : 6379;
    request->down.epoch = world->current_epoch + byte(world) % 4;
    if (choice >= 240)
        request->down.epoch = UINT64_MAX - byte(world);
    request->down.runid = words[WORDS - 1 - byte(world) % 5];
    step_check_asked(world, request->client, request->down.ip,
                     request->down.port);
}

static void take_words(struct step_world *world, struct request *request,
                       const char **list, bool *runnable, char *digits,
                       size_t size)
{
    request->set.count = byte(world) % 6;
    for (size_t i = 0; i < request->set.count; i++) {
        list[i] = take_word(world);
        runnable[i] = byte(world) % 2 == 0;
    }
    /* A number of any size. */
    if (request->set.count > 1 && byte(world) % 2 == 0) {
        uint64_t number = 0;

        for (unsigned i = byte(world) % 8; i > 0; i--)
            number = number << 8 | byte(world);
        snprintf(digits, size, "%llu", (unsigned long long)number);
        list[1] = digits;
    }
    request->set.words = list;
    request->set.runnable = runnable;
}

static void ask(struct step_world *world)
{
    struct event event = {.type = EVENT_REQUEST};
    struct request *request = &event.request;
    const char *list[6];
    bool runnable[6];
    char digits[32];

    request->type = (enum request_type)(byte(world) % (REQUEST_SIMULATE + 1));
    request->client = ++world->clients;
    request->name = byte(world) % 2 == 0 ? "mymaster" : take_word(world);
    switch (request->type) {
    case REQUEST_DOWN:
        ask_down(world, request);
        break;
    case REQUEST_HELLO:
        make_hello(world);
        request->hello.text = world->text;
        break;
    case REQUEST_FAILOVER:
        request->failover.coordinated = byte(world) % 2 == 0;
        break;
    case REQUEST_MONITOR:
        request->monitor.host = take_word(world);
        request->monitor.ip = take_word(world);
        request->monitor.port = take_word(world);
        request->monitor.quorum = take_word(world);
        break;
    case REQUEST_SET:
    case REQUEST_CONFIG_SET:
    case REQUEST_DEBUG:
        take_words(world, request, list, runnable, digits, sizeof(digits));
        break;
    case REQUEST_SIMULATE:
        request->simulate = byte(world) % 4;
        break;
    case REQUEST_REMOVE:
        world->generation++; /* what was promised for it is forgotten */
        break;
    case REQUEST_RESET:
    case REQUEST_FLUSH:
        break;
    }
    step_feed(world, &event);
}

/* ---- A run ---- */

static void see(void *arg, const struct core_view *view)
{
    *(size_t *)arg += strlen(view->name) + strlen(view->ip);
}

/* Queries must hold at any time, and what is stored must load again. */
static void look(struct step_world *world)
{
    struct state *state = core_state(world->core);
    struct event event = {.type = EVENT_START, .start = state};
    struct core *copy = core_new(1);
    struct core_ckquorum ckquorum;
    size_t seen = 0;
    const char *ip;
    int port;

    core_visit_masters(world->core, world->now_ms, see, &seen);
    core_visit_replicas(world->core, "mymaster", world->now_ms, see, &seen);
    core_visit_sentinels(world->core, "mymaster", world->now_ms, see, &seen);
    core_ckquorum(world->core, "mymaster", &ckquorum);
    core_master_address(world->core, "mymaster", &ip, &port);
    core_step(copy, &event, 0);
    core_free(copy);
    state_free(state);
}

static void pass_time(struct step_world *world)
{
    static const uint64_t spans_ms[] = {0,    1,    10,   50,   200,   999,
                                        1000, 1500, 2000, 2001, 10000, 60000};

    world->now_ms +=
        spans_ms[byte(world) % (sizeof(spans_ms) / sizeof(spans_ms[0]))];
}

static void change_servers(struct step_world *world)
{
    const unsigned choice = byte(world);
    struct step_server *server = &world->servers[choice / 16 % SERVERS];

    if (choice % 16 < 4)
        server->dead = !server->dead;
    else if (choice % 16 < 6)
        server->is_replica = !server->is_replica;
    else if (choice % 16 < 8)
        server->of = byte(world) % SERVERS;
    else if (choice % 16 < 10)
        server->offset += byte(world);
    else if (choice % 16 < 12)
        world->sentinel_dead[choice / 16 % SENTINELS] ^= true;
    else
        world->vote_of[choice / 16 % SENTINELS] = byte(world);
}

static void serve(struct step_world *world, uint64_t span_ms)
{
    if (world->served_ms >= SERVED_MAX_MS)
        return;
    world->served_ms += span_ms;
    step_serve(world, span_ms);
}

static void one_step(struct step_world *world)
{
    struct event timer = {.type = EVENT_TIMER};

    switch (byte(world) % 16) {
    case 0:
    case 1:
        answer(world);
        break;
    case 2:
        pass_time(world);
        break;
    case 3:
        step_feed(world, &timer);
        break;
    case 4:
    case 5:
    case 6:
        ask(world);
        break;
    case 7:
        conn_event(world);
        break;
    case 8:
        resolve(world);
        break;
    case 9:
        step_disk(world, byte(world) % 4 != 3);
        break;
    case 10:
        step_crash(world, byte(world) % 2 == 0);
        break;
    case 11:
        change_servers(world);
        break;
    case 12:
        step_serve_one(world, byte(world));
        break;
    case 13:
        serve(world, LONG_WAIT_MS);
        break;
    case 14:
        serve(world, byte(world) * 4);
        break;
    case 15:
        look(world);
        break;
    }
}

/* What is on disk at the first start. */
static struct state *make_state(unsigned shape)
{
    struct state *state = state_new();
    struct state_master *master = state_add_master(state, "mymaster",
                                                   "10.0.0.1", 6379);

    memcpy(state->id, OWN_ID, sizeof(OWN_ID));
    state->global.listen_port = 26379;
    state->global.deny_scripts_reconfig = (shape & 1) != 0;
    state->global.resolve_hostnames = (shape & 2) != 0;
    state->global.announce_hostnames = (shape & 4) != 0;
    master->options.quorum = 1 + shape % 3;
    master->options.down_after_ms = (shape & 8) != 0 ? 30000 : 1000;
    master->options.failover_timeout_ms = (shape & 16) != 0 ? 180000 : 3000;
    state_add_replica(master, "10.0.0.2", 6379);
    state_add_replica(master, "10.0.0.3", 6379);
    if ((shape & 32) == 0) {
        state_add_sentinel(master, "10.0.1.1", 26379,
                           "0000000000000000000000000000000000000001");
        state_add_sentinel(master, "10.0.1.2", 26379,
                           "0000000000000000000000000000000000000002");
    }
    if ((shape & 64) != 0)
        state->current_epoch = master->config_epoch = EPOCH_TOLD_MAX - 1;
    if ((shape & 128) != 0)
        state_add_master(state, "other", "name.test", 6379);
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct step_world *world = xcalloc(1, sizeof(*world));

    world->input = (struct fuzz_input){data, size, 0};
    world->now_ms = 1;
    held_init(&world->held);
    for (unsigned i = 1; i < SERVERS; i++)
        world->servers[i].is_replica = true;
    world->durable = make_state(byte(world));
    step_start(world);
    for (int i = 0; i < STEPS_MAX && !fuzz_ended(&world->input); i++)
        one_step(world);
    look(world);
    step_free(world);
    return 0;
}
