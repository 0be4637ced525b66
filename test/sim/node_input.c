/* What comes in to a simulated sentinel; kept while the process is paused. */
#include "../../lib/xalloc.h"
#include "node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- Host names ---- */

static void lookup_ended(void *object, uint64_t value)
{
    struct node *node = object;

    if (node->core != NULL)
        node_input(node,
                   (struct node_input){.type = INPUT_RESOLVED, .id = value});
}

void node_resolve(struct node *node, const char *host)
{
    struct node_lookup *lookup = xcalloc(1, sizeof(*lookup));
    struct world *world = node->world;

    lookup->id = node->next_client++;
    lookup->host = xstrdup(host);
    lookup->next = node->lookups;
    node->lookups = lookup;
    queue_add(&world->queue,
              world->now_us + rng_between(&world->rng, 500, 20000),
              lookup_ended, node, lookup->id);
}

static void free_lookup(struct node_lookup *lookup)
{
    free(lookup->host);
    free(lookup);
}

static void run_resolved(struct node *node, uint64_t id)
{
    struct event event = {.type = EVENT_RESOLVED};
    struct node_lookup **at = &node->lookups;
    struct node_lookup *lookup;
    char ip[16];

    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    lookup = *at;
    if (lookup == NULL)
        return;
    *at = lookup->next;
    event.resolved.host = lookup->host;
    if (world_lookup(node->world, lookup->host, ip))
        event.resolved.ip = ip;
    node_feed(node, &event);
    free_lookup(lookup);
}

/* ---- Inputs ---- */

/* Takes the input's packet over. */
static void run(struct node *node, const struct node_input *input)
{
    switch (input->type) {
    case INPUT_LINK_ESTABLISHED:
        node_link_established(node, input->id);
        break;
    case INPUT_LINK_RECEIVED:
        node_link_received(node, input->id, input->packet);
        packet_free(input->packet);
        break;
    case INPUT_LINK_CLOSED:
        node_link_closed(node, input->id, input->text);
        break;
    case INPUT_CLIENT_RECEIVED:
        node_client_received(node, input->id, input->packet);
        break;
    case INPUT_CLIENT_CLOSED:
        node_client_closed(node, input->id);
        break;
    case INPUT_TIMER:
        node_timer(node);
        break;
    case INPUT_WRITTEN:
        node_written(node);
        break;
    case INPUT_RESOLVED:
        run_resolved(node, input->id);
        break;
    }
}

void node_input(struct node *node, struct node_input input)
{
    struct node_input *kept;

    assert(node->core != NULL);
    if (!node->paused && node->inbox == NULL) {
        run(node, &input);
        free(input.text);
        return;
    }
    kept = xmemdup(&input, sizeof(input));
    kept->next = NULL;
    if (node->inbox != NULL)
        node->inbox_last->next = kept;
    else
        node->inbox = kept;
    node->inbox_last = kept;
}

void node_inputs_run(struct node *node)
{
    while (node->inbox != NULL && node->core != NULL) {
        struct node_input *input = node->inbox;

        node->inbox = input->next;
        run(node, input);
        free(input->text);
        free(input);
    }
}

void node_inputs_drop(struct node *node)
{
    while (node->inbox != NULL) {
        struct node_input *input = node->inbox;

        node->inbox = input->next;
        packet_free(input->packet);
        free(input->text);
        free(input);
    }
    while (node->lookups != NULL) {
        struct node_lookup *lookup = node->lookups;

        node->lookups = lookup->next;
        free_lookup(lookup);
    }
}

/* ---- From the network ---- */

/* What an end that the node has opened belongs to; NULL for the others. */
static struct node_link *link_of(const struct net_end *end)
{
    return net_end_is_opener(end) ? end->context : NULL;
}

static uint64_t client_of(const struct net_end *end)
{
    const struct node_client *client = end->context;

    assert(client != NULL);
    return client->id;
}

static void on_accepted(void *owner, struct net_end *end)
{
    node_client_accepted(owner, end);
}

static void on_established(void *owner, struct net_end *end)
{
    node_input(owner, (struct node_input){.type = INPUT_LINK_ESTABLISHED,
                                          .id = link_of(end)->conn});
}

static void on_received(void *owner, struct net_end *end, struct packet *packet)
{
    const struct node_link *link = link_of(end);
    struct node_input input = {.type = INPUT_LINK_RECEIVED, .packet = packet};

    if (link == NULL)
        input.type = INPUT_CLIENT_RECEIVED;
    input.id = link != NULL ? link->conn : client_of(end);
    node_input(owner, input);
}

static void on_closed(void *owner, struct net_end *end, const char *reason)
{
    const struct node_link *link = link_of(end);
    struct node_input input = {.type = INPUT_LINK_CLOSED};

    if (link == NULL)
        input.type = INPUT_CLIENT_CLOSED;
    input.id = link != NULL ? link->conn : client_of(end);
    input.text = xstrdup(reason);
    node_input(owner, input);
}

const struct net_handler node_handler = {
    .accepted = on_accepted,
    .established = on_established,
    .received = on_received,
    .closed = on_closed,
};
