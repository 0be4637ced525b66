/* Connections of other sentinels to a simulated one: the few commands that
 * sentinels send each other, and the answers to operators. */
#include "../../lib/xalloc.h"
#include "checker.h"
#include "node.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct node_client *find(const struct node *node, uint64_t id)
{
    struct node_client *client;

    HASH_FIND(hh, node->clients, &id, sizeof(id), client);
    return client;
}

static void drop(struct node *node, struct node_client *client,
                 const char *reason)
{
    HASH_DEL(node->clients, client);
    net_close(node->world->net, client->end, reason);
    packet_drop_all(&client->inbox);
    free(client);
}

void node_clients_drop(struct node *node)
{
    while (node->clients != NULL)
        drop(node, node->clients, "Connection reset by peer");
}

void node_client_closed(struct node *node, uint64_t id)
{
    struct node_client *client = find(node, id);

    if (client != NULL)
        drop(node, client, "");
}

void node_client_accepted(struct node *node, struct net_end *end)
{
    struct node_client *client = xcalloc(1, sizeof(*client));

    client->id = node->next_client++;
    client->end = end;
    client->authorised = node->disk->global.requirepass == NULL;
    HASH_ADD(hh, node->clients, id, sizeof(client->id), client);
    end->context = client;
}

/* ---- Requests ---- */

static void send_reply(struct node *node, struct node_client *client,
                       struct reply *reply)
{
    net_send(node->world->net, client->end, packet_reply(reply));
}

/* Hands REQUEST to the core; the client waits for the answer. */
static void ask_core(struct node *node, struct node_client *client,
                     struct event *event)
{
    event->type = EVENT_REQUEST;
    event->request.client = client->id;
    client->waiting = true;
    node_feed(node, event);
}

static void run_down(struct node *node, struct node_client *client,
                     const struct packet *packet)
{
    struct event event = {.type = EVENT_REQUEST};

    event.request.type = REQUEST_DOWN;
    event.request.down.ip = packet->words[2];
    event.request.down.port = strtoll(packet->words[3], NULL, 10);
    event.request.down.epoch = strtoull(packet->words[4], NULL, 10);
    event.request.down.runid = packet->words[5];
    snprintf(client->asked_ip, sizeof(client->asked_ip), "%s",
             packet->words[2]);
    ask_core(node, client, &event);
}

static void run_hello(struct node *node, struct node_client *client,
                      const struct packet *packet)
{
    struct event event = {.type = EVENT_REQUEST};

    event.request.type = REQUEST_HELLO;
    event.request.hello.text = packet->words[2];
    ask_core(node, client, &event);
}

static void run_auth(struct node *node, struct node_client *client,
                     const struct packet *packet)
{
    const char *password = node->disk->global.requirepass;

    client->authorised = password != NULL && packet->count >= 2 &&
                         strcmp(packet->words[packet->count - 1], password) ==
                             0;
    send_reply(node, client,
               client->authorised
                   ? reply_status("OK")
                   : reply_error("WRONGPASS invalid username-password pair"));
}

static void run_command(struct node *node, struct node_client *client,
                        const struct packet *packet)
{
    const char *name = packet->words[0];

    if (strcasecmp(name, "AUTH") == 0)
        run_auth(node, client, packet);
    else if (!client->authorised)
        send_reply(node, client,
                   reply_error("NOAUTH Authentication required."));
    else if (strcasecmp(name, "PING") == 0)
        send_reply(node, client, reply_status("PONG"));
    else if (strcasecmp(name, "CLIENT") == 0)
        send_reply(node, client, reply_status("OK"));
    else if (strcasecmp(name, "PUBLISH") == 0 && packet->count == 3)
        run_hello(node, client, packet);
    else if (strcasecmp(name, "SENTINEL") == 0 && packet->count == 6 &&
             strcasecmp(packet->words[1], "is-master-down-by-addr") == 0)
        run_down(node, client, packet);
    else
        send_reply(node, client, reply_error("ERR unknown command"));
}

void node_client_received(struct node *node, uint64_t id, struct packet *packet)
{
    struct node_client *client = find(node, id);

    if (client == NULL) {
        packet_free(packet);
        return;
    }
    if (packet != NULL)
        packet_append(&client->inbox, packet);
    while (client != NULL && !client->waiting &&
           (packet = packet_take(&client->inbox)) != NULL) {
        run_command(node, client, packet);
        packet_free(packet);
        client = find(node, id); /* the process can have been killed */
    }
}

/* ---- Answers ---- */

static struct reply *reply_of(const struct answer *answer)
{
    struct reply *reply;

    switch (answer->type) {
    case ANSWER_OK:
        return reply_status("OK");
    case ANSWER_ERROR:
        return reply_error(answer->text);
    case ANSWER_INTEGER:
        return reply_integer(answer->integer);
    case ANSWER_DOWN:
        break;
    }
    reply = reply_array(3);
    reply_set(reply, 0, reply_integer(answer->integer));
    reply_set(reply, 1, reply_string(answer->text));
    reply_set(reply, 2, reply_integer((int64_t)answer->epoch));
    return reply;
}

static char *text_of(const struct world *world, const struct answer *answer)
{
    char text[1400];

    switch (answer->type) {
    case ANSWER_OK:
        return xstrdup("+OK");
    case ANSWER_ERROR:
        snprintf(text, sizeof(text), "-%s", answer->text);
        break;
    case ANSWER_INTEGER:
        snprintf(text, sizeof(text), ":%" PRId64, answer->integer);
        break;
    case ANSWER_DOWN:
        snprintf(text, sizeof(text), "%" PRId64 " %s %" PRIu64, answer->integer,
                 answer->text, answer->epoch);
        break;
    }
    return node_readable(world, text);
}

/* Not at once: the core's list of actions is being run. */
static void go_on(void *object, uint64_t value)
{
    struct node *node = object;

    if (node->core != NULL)
        node_input(node, (struct node_input){.type = INPUT_CLIENT_RECEIVED,
                                             .id = value});
}

void node_client_answer(struct node *node, uint64_t id,
                        const struct answer *answer)
{
    struct world *world = node->world;
    struct node_client *client = find(node, id);

    if (id == node->operator_client) {
        if (answer->type == ANSWER_ERROR)
            checker_refused(world->checker, node);
        free(world->answer);
        world->answer = text_of(world, answer);
        node->operator_client = 0;
        return;
    }
    if (client == NULL)
        return;
    if (!client->waiting)
        world_fail(world, "%s answers a client twice", node->name);
    if (answer->type == ANSWER_DOWN)
        checker_answered(world->checker, node, client->asked_ip, answer);
    send_reply(node, client, reply_of(answer));
    client->waiting = false;
    if (client->inbox.head != NULL)
        queue_add(&world->queue, world->now_us, go_on, node, id);
}
