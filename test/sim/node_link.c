/* Connections of a simulated sentinel to servers and other sentinels. */
#include "../../lib/xalloc.h"
#include "checker.h"
#include "node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct node_link *find(const struct node *node, uint64_t conn)
{
    struct node_link *link;

    HASH_FIND(hh, node->links, &conn, sizeof(conn), link);
    return link;
}

static void drop(struct node *node, struct node_link *link, const char *reason)
{
    HASH_DEL(node->links, link);
    net_close(node->world->net, link->end, reason);
    packet_drop_all(&link->waiting);
    free(link->sent);
    free(link);
}

void node_links_drop(struct node *node)
{
    while (node->links != NULL)
        drop(node, node->links, "Connection reset by peer");
}

void node_link_open(struct node *node, const struct action *action)
{
    struct node_link *link = xcalloc(1, sizeof(*link));

    if (find(node, action->connect.conn) != NULL)
        world_fail(node->world, "%s: connection opened twice", node->name);
    link->node = node;
    link->conn = action->connect.conn;
    HASH_ADD(hh, node->links, conn, sizeof(link->conn), link);
    link->end = net_connect(node->world->net, node->host, action->connect.ip,
                            action->connect.port);
    link->end->context = link;
}

void node_link_close(struct node *node, const struct action *action)
{
    struct node_link *link = find(node, action->close.conn);

    if (link != NULL)
        drop(node, link, "Connection reset by peer");
}

static void remember(struct node_link *link, const struct action *action)
{
    struct node_sent *sent;

    if (link->sent_count == link->sent_size) {
        link->sent_size += 8;
        link->sent = xrealloc(link->sent,
                              link->sent_size * sizeof(*link->sent));
    }
    sent = &link->sent[link->sent_count++];
    sent->tag = action->send.tag;
    sent->group = action->send.tag.kind == COMMAND_ASK
                      ? world_group_of_ip(action->send.words[2])
                      : -1;
}

void node_link_send(struct node *node, const struct action *action)
{
    struct node_link *link = find(node, action->send.conn);
    struct packet *packet;

    assert(action->send.count > 0);
    checker_sent(node->world->checker, node,
                 link != NULL ? net_end_peer(link->end) : -1,
                 action->send.tag.kind, action->send.words, action->send.count);
    if (link == NULL)
        return;
    remember(link, action);
    packet = packet_new(PACKET_COMMAND, action->send.words, action->send.count);
    if (link->established)
        net_send(node->world->net, link->end, packet);
    else
        packet_append(&link->waiting, packet);
}

void node_link_established(struct node *node, uint64_t conn)
{
    struct node_link *link = find(node, conn);
    struct event event = {.type = EVENT_CONN_UP};
    struct packet *packet;

    if (link == NULL)
        return;
    link->established = true;
    while ((packet = packet_take(&link->waiting)) != NULL)
        net_send(node->world->net, link->end, packet);
    event.conn.conn = conn;
    event.conn.local_ip = node->ip;
    node_feed(node, &event);
}

static void feed_message(struct node *node, uint64_t conn,
                         const struct packet *packet)
{
    struct event event = {.type = EVENT_MESSAGE};

    event.message.conn = conn;
    event.message.channel = packet->words[0];
    event.message.text = packet->words[1];
    node_feed(node, &event);
}

void node_link_received(struct node *node, uint64_t conn,
                        const struct packet *packet)
{
    struct node_link *link = find(node, conn);
    struct event event = {.type = EVENT_REPLY};

    if (link == NULL)
        return;
    if (packet->type == PACKET_MESSAGE) {
        feed_message(node, conn, packet);
        return;
    }
    assert(packet->type == PACKET_REPLY && link->sent_count > 0);
    event.reply.conn = conn;
    event.reply.tag = link->sent[0].tag;
    event.reply.reply = packet->reply;
    checker_heard(node->world->checker, node, net_end_peer(link->end),
                  link->sent[0].group, packet->reply);
    link->sent_count--;
    memmove(link->sent, link->sent + 1, link->sent_count * sizeof(*link->sent));
    node_feed(node, &event);
}

void node_link_closed(struct node *node, uint64_t conn, const char *reason)
{
    struct node_link *link = find(node, conn);
    struct event event = {.type = EVENT_CONN_DOWN};

    if (link == NULL)
        return;
    drop(node, link, "");
    event.conn.conn = conn;
    event.conn.reason = reason;
    node_feed(node, &event);
}
