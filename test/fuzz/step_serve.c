/* Servers, other sentinels and the disk, when they do what is expected. */
#include "step_world.h"

#define ROUND_MS 50
#define ANSWERS_MAX 64 /* in one round */

/* Which of COUNT addresses "10.0.<NET>.<n>" IP is, from 0; or -1. */
static int number_of(const char *ip, const char *net, int count)
{
    const size_t length = strlen(net);
    int number;

    if (strncmp(ip, net, length) != 0)
        return -1;
    number = atoi(ip + length) - 1;
    return number >= 0 && number < count ? number : -1;
}

static int server_of(const struct step_conn *conn)
{
    return conn->port == 6379 ? number_of(conn->ip, "10.0.0.", SERVERS) : -1;
}

static int sentinel_of(const struct step_conn *conn)
{
    return conn->port == 26379 ? number_of(conn->ip, "10.0.1.", SENTINELS) : -1;
}

static bool is_there(const struct step_world *world,
                     const struct step_conn *conn)
{
    const int server = server_of(conn);
    const int sentinel = sentinel_of(conn);

    if (server >= 0)
        return !world->servers[server].dead;
    return sentinel >= 0 && !world->sentinel_dead[sentinel];
}

void step_note_sent(struct step_sent *sent, const char *const *words,
                    size_t count)
{
    if (sent->tag.kind == COMMAND_ASK && count == 6) {
        sent->asked_epoch = strtoull(words[4], NULL, 10);
        snprintf(sent->candidate, sizeof(sent->candidate), "%s", words[5]);
    } else if (sent->tag.kind == COMMAND_REPLICAOF && count == 3 &&
               strcmp(words[1], "NO") != 0) {
        snprintf(sent->host, sizeof(sent->host), "%s", words[1]);
    }
}

void step_obey(struct step_world *world, const struct step_sent *sent,
               const struct step_conn *conn)
{
    const int server = server_of(conn);
    const int of = number_of(sent->host, "10.0.0.", SERVERS);

    if (server < 0 || world->servers[server].dead)
        return;
    world->servers[server].is_replica = sent->host[0] != '\0';
    if (of >= 0)
        world->servers[server].of = (unsigned)of;
}

/* ---- Answers ---- */

static void write_info(struct step_world *world, int number)
{
    const struct step_server *server = &world->servers[number];
    char *text = world->text;
    size_t size = sizeof(world->text);
    int length = snprintf(text, size, "run_id:%040d\r\nrole:%s\r\n", number + 1,
                          server->is_replica ? "slave" : "master");

    if (server->is_replica)
        length += snprintf(text + length, size - (size_t)length,
                           "master_host:10.0.0.%u\r\nmaster_port:6379\r\n"
                           "master_link_status:%s\r\nslave_priority:100\r\n"
                           "slave_repl_offset:%llu\r\n",
                           server->of + 1,
                           world->servers[server->of].dead ? "down" : "up",
                           (unsigned long long)server->offset);
    for (unsigned i = 0; i < SERVERS; i++)
        if (world->servers[i].is_replica &&
            world->servers[i].of == (unsigned)number)
            length += snprintf(
                text + length, size - (size_t)length,
                "slave%u:ip=10.0.0.%u,port=6379,state=online\r\n", i, i + 1);
}

static void feed_reply(struct step_world *world, const struct step_sent *sent,
                       struct reply *reply)
{
    struct event event = {.type = EVENT_REPLY};

    reply->length = reply->text != NULL ? strlen(reply->text) : 0;
    event.reply.conn = sent->conn;
    event.reply.tag = sent->tag;
    event.reply.reply = reply;
    step_feed(world, &event);
}

/* Others find the master down when it is, and give their votes to who asks,
 * to nobody, or to a third one. */
static void answer_question(struct step_world *world,
                            const struct step_sent *sent, int sentinel)
{
    static char third[] = "cccccccccccccccccccccccccccccccccccccccc";
    static char nobody[] = "*";
    const bool asked = strlen(sent->candidate) == ID_LENGTH;
    struct reply elements[3] = {{.type = REPLY_INTEGER, .integer = 1},
                                {.type = REPLY_STRING, .text = nobody},
                                {.type = REPLY_INTEGER}};
    struct reply reply = {
        .type = REPLY_ARRAY, .elements = elements, .count = 3};
    const unsigned vote = world->vote_of[sentinel] % 4;

    elements[0].integer = vote != 3;
    if (asked && vote == 0)
        elements[1].text = sent->candidate;
    else if (asked && vote == 1)
        elements[1].text = third;
    if (asked && vote < 2)
        elements[2].integer = (int64_t)sent->asked_epoch;
    elements[1].length = strlen(elements[1].text);
    feed_reply(world, sent, &reply);
}

static void answer(struct step_world *world, const struct step_sent *sent,
                   const struct step_conn *conn)
{
    struct reply reply = {.type = REPLY_STATUS, .text = "OK"};
    struct reply done = {.type = REPLY_STATUS, .text = "OK", .length = 2};
    const int server = server_of(conn);

    switch (sent->tag.kind) {
    case COMMAND_PING:
        reply.text = "PONG";
        break;
    case COMMAND_INFO:
        if (server < 0)
            return;
        write_info(world, server);
        reply = (struct reply){.type = REPLY_STRING, .text = world->text};
        break;
    case COMMAND_HELLO:
        reply = (struct reply){.type = REPLY_INTEGER, .integer = 1};
        break;
    case COMMAND_ASK:
        if (sentinel_of(conn) >= 0)
            answer_question(world, sent, sentinel_of(conn));
        return;
    case COMMAND_REPLICAOF:
    case COMMAND_REWRITE:
    case COMMAND_KILL_CLIENTS:
    case COMMAND_HANDOVER:
        reply.text = "QUEUED";
        break;
    case COMMAND_EXEC:
        reply = (struct reply){
            .type = REPLY_ARRAY, .elements = &done, .count = 1};
        break;
    case COMMAND_AUTH:
    case COMMAND_SETNAME:
    case COMMAND_SUBSCRIBE:
    case COMMAND_MULTI:
    case COMMAND_SCRIPT_KILL:
        break;
    }
    feed_reply(world, sent, &reply);
}

void step_serve_one(struct step_world *world, size_t number)
{
    struct step_sent sent;
    struct step_conn conn;

    if (world->sent_count == 0)
        return;
    number %= world->sent_count;
    sent = world->sent[number];
    memmove(&world->sent[number], &world->sent[number + 1],
            (world->sent_count - number - 1) * sizeof(sent));
    world->sent_count--;
    conn = *step_find_conn(world, sent.conn);
    if (conn.up && is_there(world, &conn))
        answer(world, &sent, &conn);
}

/* ---- Rounds ---- */

static void serve_conns(struct step_world *world)
{
    for (size_t i = 0; i < world->conn_count; i++) {
        struct event event = {.type = EVENT_CONN_UP};
        struct step_conn *conn = &world->conns[i];

        if (conn->up || !is_there(world, conn))
            continue;
        conn->up = true;
        event.conn.conn = conn->id;
        event.conn.local_ip = "10.0.9.9";
        step_feed(world, &event);
    }
}

static void serve_commands(struct step_world *world)
{
    /* What dead servers have is not taken out, so that it stays unanswered. */
    size_t at = 0;

    for (size_t i = 0; i < ANSWERS_MAX && at < world->sent_count; i++) {
        const struct step_conn *conn = step_find_conn(world,
                                                      world->sent[at].conn);

        if (conn->up && is_there(world, conn))
            step_serve_one(world, at);
        else
            at++;
    }
}

void step_serve(struct step_world *world, uint64_t span_ms)
{
    const uint64_t end_ms = world->now_ms + span_ms;
    struct event timer = {.type = EVENT_TIMER};

    while (world->now_ms < end_ms) {
        uint64_t next_ms = core_deadline(world->core);

        if (next_ms > world->now_ms + ROUND_MS)
            next_ms = world->now_ms + ROUND_MS;
        world->now_ms = next_ms < end_ms ? next_ms : end_ms;
        step_feed(world, &timer);
        serve_conns(world);
        serve_commands(world);
        step_disk(world, true);
    }
}
