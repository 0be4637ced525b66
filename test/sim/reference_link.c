/* A reference seat: its connections, and the commands on them. */
#include "reference_internal.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECONNECT_PERIOD_MS 15000 /* a younger connection is not judged */

/* ---- Connections ---- */

static struct reference_conn *conn_new(struct reference *reference,
                                       struct net_end *end)
{
    struct reference_conn *conn = xcalloc(1, sizeof(*conn));

    conn->reference = reference;
    conn->end = end;
    conn->opened_ms = reference_now_ms(reference);
    conn->next = reference->conns;
    reference->conns = conn;
    end->context = conn;
    return conn;
}

void reference_conn_close(struct reference_conn *conn)
{
    struct reference_conn **at = &conn->reference->conns;
    struct reference_instance *instance = conn->instance;

    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    if (instance != NULL && instance->command == conn)
        instance->command = NULL;
    if (instance != NULL && instance->pubsub == conn)
        instance->pubsub = NULL;
    net_close(conn->reference->world->net, conn->end,
              "Connection reset by peer");
    packet_drop_all(&conn->out);
    packet_drop_all(&conn->inbox);
    free(conn->commands);
    free(conn);
}

void reference_links_close(struct reference_instance *instance)
{
    if (instance->command != NULL)
        reference_conn_close(instance->command);
    if (instance->pubsub != NULL)
        reference_conn_close(instance->pubsub);
}

bool reference_is_disconnected(const struct reference_instance *instance)
{
    return instance->command == NULL ||
           ((instance->flags & FLAG_SENTINEL) == 0 && instance->pubsub == NULL);
}

/* ---- Commands ---- */

static void send_packet(struct reference_conn *conn, struct packet *packet)
{
    if (!reference_may_act(conn->reference))
        packet_free(packet);
    else if (conn->established)
        net_send(conn->reference->world->net, conn->end, packet);
    else
        packet_append(&conn->out, packet);
}

static void send_on(struct reference_conn *conn, enum reference_command command,
                    const char *const *words, size_t count)
{
    const struct world *world = conn->reference->world;

    for (size_t i = 0; i < count; i++)
        trace_hash_text(world->trace, world->now_us, words[i]);
    conn->commands = xrealloc(conn->commands, (conn->command_count + 1) *
                                                  sizeof(*conn->commands));
    conn->commands[conn->command_count++] = command;
    send_packet(conn, packet_new(PACKET_COMMAND, words, count));
}

void reference_send(struct reference_instance *instance,
                    enum reference_command command, const char *const *words,
                    size_t count)
{
    assert(instance->command != NULL);
    instance->pending++;
    send_on(instance->command, command, words, count);
}

void reference_ping(struct reference_instance *instance)
{
    static const char *const words[] = {"PING"};

    reference_send(instance, REFERENCE_PING, words, 1);
    instance->last_ping_ms = reference_now_ms(instance->master->reference);
    if (instance->act_ping_ms == 0)
        instance->act_ping_ms = instance->last_ping_ms;
}

void reference_replicaof(struct reference_instance *instance, const char *ip,
                         int port)
{
    char number[16];
    const char *const multi[] = {"MULTI"};
    const char *const slaveof[] = {"SLAVEOF", port != 0 ? ip : "NO", number};
    const char *const rewrite[] = {"CONFIG", "REWRITE"};
    const char *const normal[] = {"CLIENT", "KILL", "TYPE", "normal"};
    const char *const pubsub[] = {"CLIENT", "KILL", "TYPE", "pubsub"};
    const char *const exec[] = {"EXEC"};

    if (port != 0)
        snprintf(number, sizeof(number), "%d", port);
    else
        snprintf(number, sizeof(number), "ONE");
    reference_send(instance, REFERENCE_OTHER, multi, 1);
    reference_send(instance, REFERENCE_OTHER, slaveof, 3);
    reference_send(instance, REFERENCE_OTHER, rewrite, 2);
    reference_send(instance, REFERENCE_OTHER, normal, 4);
    reference_send(instance, REFERENCE_OTHER, pubsub, 4);
    reference_send(instance, REFERENCE_OTHER, exec, 1);
}

/* ---- Connecting ---- */

static struct reference_conn *open_conn(struct reference_instance *instance,
                                        const char *suffix)
{
    struct reference *reference = instance->master->reference;
    const char *password = reference->world->options.auth_pass;
    const char *const auth[] = {"AUTH", password};
    char name[40];
    const char *const setname[] = {"CLIENT", "SETNAME", name};
    struct reference_conn *conn = conn_new(
        reference, net_connect(reference->world->net, reference->host,
                               instance->ip, instance->port));

    conn->instance = instance;
    if (password != NULL)
        send_on(conn, REFERENCE_OTHER, auth, 2);
    snprintf(name, sizeof(name), "sentinel-%.8s-%s", reference->id, suffix);
    send_on(conn, REFERENCE_OTHER, setname, 3);
    return conn;
}

static void open_pubsub(struct reference_instance *instance)
{
    static const char *const words[] = {"SUBSCRIBE", REFERENCE_HELLO_CHANNEL};

    instance->pubsub = open_conn(instance, "pubsub");
    instance->activity_ms = instance->pubsub->opened_ms;
    send_on(instance->pubsub, REFERENCE_OTHER, words, 2);
}

void reference_reconnect(struct reference_instance *instance)
{
    int64_t now_ms = reference_now_ms(instance->master->reference);

    if (!reference_is_disconnected(instance) || instance->port == 0 ||
        now_ms - instance->tried_ms < REFERENCE_PING_PERIOD_MS)
        return;
    instance->tried_ms = now_ms;
    if (instance->command == NULL) {
        instance->command = open_conn(instance, "cmd");
        instance->pending = 0;
        reference_ping(instance);
    }
    if (instance->pubsub == NULL && (instance->flags & FLAG_SENTINEL) == 0)
        open_pubsub(instance);
}

void reference_close_stale(struct reference_instance *instance)
{
    const struct reference *reference = instance->master->reference;
    int64_t now_ms = reference_now_ms(reference);
    int64_t limit_ms = reference_down_after_ms(reference) / 2;

    if (instance->command != NULL &&
        now_ms - instance->command->opened_ms > RECONNECT_PERIOD_MS &&
        instance->act_ping_ms != 0 &&
        now_ms - instance->act_ping_ms > limit_ms &&
        now_ms - instance->last_pong_ms > limit_ms)
        reference_conn_close(instance->command);
    if (instance->pubsub != NULL &&
        now_ms - instance->pubsub->opened_ms > RECONNECT_PERIOD_MS &&
        now_ms - instance->activity_ms > 3 * REFERENCE_PUBLISH_PERIOD_MS)
        reference_conn_close(instance->pubsub);
}

/* ---- What comes in ---- */

/* CONN can be gone afterwards. */
static void take_packet(struct reference_conn *conn, struct packet *packet)
{
    struct reference *reference = conn->reference;
    struct reference_instance *instance = conn->instance;
    enum reference_command command;

    if (instance == NULL) {
        reference_take_command(conn, packet);
        return;
    }
    if (instance->pubsub == conn)
        instance->activity_ms = reference_now_ms(reference);
    if (packet->type == PACKET_MESSAGE) {
        if (strstr(packet->words[1], reference->id) == NULL)
            reference_take_hello(reference, packet->words[1]);
        return;
    }
    assert(packet->type == PACKET_REPLY && conn->command_count > 0);
    command = conn->commands[0];
    conn->command_count--;
    memmove(conn->commands, conn->commands + 1,
            conn->command_count * sizeof(*conn->commands));
    if (instance->command == conn && instance->pending > 0)
        instance->pending--;
    reference_take_reply(instance, command, packet->reply);
}

static void on_accepted(void *owner, struct net_end *end)
{
    struct reference_conn *conn = conn_new(owner, end);

    conn->established = true;
    conn->authorised = conn->reference->world->options.auth_pass == NULL;
}

static void send_out(struct reference_conn *conn)
{
    struct packet *packet;

    while ((packet = packet_take(&conn->out)) != NULL)
        net_send(conn->reference->world->net, conn->end, packet);
}

static void on_established(void *owner, struct net_end *end)
{
    struct reference *reference = owner;
    struct reference_conn *conn = end->context;

    conn->established = true;
    if (!reference->paused)
        send_out(conn);
}

static void on_received(void *owner, struct net_end *end, struct packet *packet)
{
    struct reference *reference = owner;
    struct reference_conn *conn = end->context;

    if (reference->paused) {
        packet_append(&conn->inbox, packet);
        return;
    }
    take_packet(conn, packet);
    packet_free(packet);
    reference_settle(reference);
}

static void on_closed(void *owner, struct net_end *end, const char *reason)
{
    struct reference *reference = owner;
    struct reference_conn *conn = end->context;

    (void)reason;
    if (reference->paused)
        conn->closed = true;
    else
        reference_conn_close(conn);
}

const struct net_handler reference_handler = {
    .accepted = on_accepted,
    .established = on_established,
    .received = on_received,
    .closed = on_closed,
};

static struct reference_conn *find_unfinished(const struct reference *reference)
{
    struct reference_conn *conn = reference->conns;

    while (conn != NULL && conn->inbox.head == NULL && !conn->closed &&
           (!conn->established || conn->out.head == NULL))
        conn = conn->next;
    return conn;
}

/* Looks from the start each time: a message can close other connections. */
void reference_conns_run(struct reference *reference)
{
    struct reference_conn *conn;

    while ((conn = find_unfinished(reference)) != NULL) {
        struct packet *packet = packet_take(&conn->inbox);

        if (packet != NULL) {
            take_packet(conn, packet);
            packet_free(packet);
        } else if (conn->closed) {
            reference_conn_close(conn);
        } else {
            send_out(conn);
        }
    }
}
