/* Connections of a simulated sentinel to servers and other sentinels. */
#include "../../lib/xalloc.h"
#include "checker.h"
#include "node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct node_link *find(const struct node *node, uint64_t conn)
{
    struct node_link *link = node->links;

    while (link != NULL && link->conn != conn)
        link = link->next;
    return link;
}

static void drop(struct node *node, struct node_link *link, const char *reason)
{
    struct node_link **at = &node->links;

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    net_close(node->world->net, link->end, reason);
    packet_drop_all(&link->waiting);
    free(link->tags);
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
    link->next = node->links;
    node->links = link;
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

void node_link_send(struct node *node, const struct action *action)
{
    struct node_link *link = find(node, action->send.conn);
    struct packet *packet;

    assert(action->send.count > 0);
    checker_sent(node->world->checker, node, action->send.tag.kind,
                 action->send.words, action->send.count);
    if (link == NULL)
        return;
    link->tags = xrealloc(link->tags,
                          (link->tag_count + 1) * sizeof(*link->tags));
    link->tags[link->tag_count++] = action->send.tag;
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
    assert(packet->type == PACKET_REPLY && link->tag_count > 0);
    event.reply.conn = conn;
    event.reply.tag = link->tags[0];
    event.reply.reply = packet->reply;
    link->tag_count--;
    memmove(link->tags, link->tags + 1, link->tag_count * sizeof(*link->tags));
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
