/* Connections between simulated hosts: latency, order, loss of the path. */
#include "net.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US 200000 /* first repetition of lost data */
#define RETRY_LIMIT 4   /* it doubles so many times */
#define CONNECT_RETRY_US 1000000
#define CONNECT_TRIES 6

#define IP_SLOTS 512 /* a power of two, well above NET_HOSTS */

enum {
    CLIENT,
    SERVER
};

struct net_conn {
    struct net *net;
    struct net_conn *next;
    struct net_conn *previous;
    struct net_end ends[2];
    int port;
    bool established;
    bool reset;
    unsigned tries;   /* to connect */
    unsigned pending; /* scheduled events that name it */
};

struct net_host {
    char ip[40];
    int port;
    bool known;
    bool listening;
    const struct net_handler *handler;
    void *owner;
};

struct net {
    struct queue *queue;
    const uint64_t *now_us;
    struct rng *rng;
    struct net_options options;
    struct net_host hosts[NET_HOSTS];
    int by_ip[IP_SLOTS]; /* hash table of hosts: number + 1, 0 when empty */
    bool cut[NET_HOSTS][NET_HOSTS];
    bool refused[NET_HOSTS][NET_HOSTS];
    uint64_t delay_us[NET_HOSTS]; /* more, for all that a host sends */
    unsigned loss_percent;
    struct net_conn *conns;
};

struct net *net_new(struct queue *queue, const uint64_t *now_us,
                    struct rng *rng, struct net_options options)
{
    struct net *net = xcalloc(1, sizeof(*net));

    net->queue = queue;
    net->now_us = now_us;
    net->rng = rng;
    net->options = options;
    return net;
}

static void unlink_conn(struct net_conn *conn)
{
    struct net *net = conn->net;

    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        net->conns = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    packet_drop_all(&conn->ends[CLIENT].in_flight);
    packet_drop_all(&conn->ends[SERVER].in_flight);
    free(conn);
}

void net_free(struct net *net)
{
    if (net == NULL)
        return;
    while (net->conns != NULL)
        unlink_conn(net->conns);
    free(net);
}

static void release(struct net_conn *conn)
{
    if (conn->pending == 0 && !conn->ends[CLIENT].open &&
        !conn->ends[SERVER].open)
        unlink_conn(conn);
}

static void schedule(struct net_conn *conn, uint64_t time_us, queue_run *run,
                     uint64_t value)
{
    conn->pending++;
    queue_add(conn->net->queue, time_us, run, conn, value);
}

static uint64_t draw_latency(struct net *net, int from)
{
    return rng_between(net->rng, net->options.latency_min_us,
                       net->options.latency_max_us) +
           (from >= 0 ? net->delay_us[from] : 0);
}

/* The slot of the host known at IP, or the empty one where it would be. */
static size_t slot_of(const struct net *net, const char *ip)
{
    size_t slot = 5381;

    for (const char *at = ip; *at != '\0'; at++)
        slot = slot * 33 + (unsigned char)*at;
    slot &= IP_SLOTS - 1;
    while (net->by_ip[slot] != 0 &&
           strcmp(net->hosts[net->by_ip[slot] - 1].ip, ip) != 0)
        slot = (slot + 1) & (IP_SLOTS - 1);
    return slot;
}

int net_find(const struct net *net, const char *ip)
{
    return net->by_ip[slot_of(net, ip)] - 1;
}

void net_add_host(struct net *net, int host, const char *ip, int port,
                  const struct net_handler *handler, void *owner)
{
    struct net_host *known = &net->hosts[host];

    assert(host >= 0 && host < NET_HOSTS && !known->known);
    snprintf(known->ip, sizeof(known->ip), "%s", ip);
    known->port = port;
    known->known = true;
    known->handler = handler;
    known->owner = owner;
    net->by_ip[slot_of(net, ip)] = host + 1;
}

void net_move_host(struct net *net, int host, const char *ip)
{
    assert(net->hosts[host].known && net_find(net, ip) < 0);
    snprintf(net->hosts[host].ip, sizeof(net->hosts[host].ip), "%s", ip);
    memset(net->by_ip, 0, sizeof(net->by_ip));
    for (int each = 0; each < NET_HOSTS; each++)
        if (net->hosts[each].known)
            net->by_ip[slot_of(net, net->hosts[each].ip)] = each + 1;
}

void net_listen(struct net *net, int host, bool listening)
{
    net->hosts[host].listening = listening;
}

bool net_is_cut(const struct net *net, int from, int to)
{
    return from < 0 || to < 0 || net->cut[from][to];
}

void net_set_cut(struct net *net, int from, int to, bool cut)
{
    net->cut[from][to] = cut;
}

void net_set_refused(struct net *net, int from, int to, bool refused)
{
    net->refused[from][to] = refused;
}

void net_set_delay(struct net *net, int host, uint64_t delay_us)
{
    net->delay_us[host] = delay_us;
}

void net_set_loss(struct net *net, unsigned percent)
{
    net->loss_percent = percent;
}

void net_join_all(struct net *net)
{
    memset(net->cut, 0, sizeof(net->cut));
    memset(net->refused, 0, sizeof(net->refused));
    memset(net->delay_us, 0, sizeof(net->delay_us));
    net->loss_percent = 0;
}

bool net_end_is_opener(const struct net_end *end)
{
    return end == &end->conn->ends[CLIENT];
}

int net_end_peer(const struct net_end *end)
{
    return end->conn->ends[net_end_is_opener(end) ? SERVER : CLIENT].host;
}

static void close_to_owner(struct net_end *end, const char *reason)
{
    struct net_host *host = &end->conn->net->hosts[end->host];

    if (end->open)
        host->handler->closed(host->owner, end, reason);
}

static void established(void *object, uint64_t value)
{
    struct net_conn *conn = object;
    struct net_end *end = &conn->ends[CLIENT];
    struct net_host *host = &conn->net->hosts[end->host];

    (void)value;
    conn->pending--;
    conn->established = true;
    if (end->open)
        host->handler->established(host->owner, end);
    else
        release(conn);
}

static void refused(void *object, uint64_t value)
{
    struct net_conn *conn = object;

    (void)value;
    conn->pending--;
    if (conn->ends[CLIENT].open)
        close_to_owner(&conn->ends[CLIENT], "Connection refused");
    else
        release(conn);
}

static void accept_conn(struct net_conn *conn)
{
    struct net *net = conn->net;
    struct net_end *server = &conn->ends[SERVER];
    struct net_host *host = &net->hosts[server->host];

    server->open = true;
    server->last_arrival_us = *net->now_us + draw_latency(net, server->host);
    schedule(conn, server->last_arrival_us, established, 0);
    host->handler->accepted(host->owner, server);
}

/* The request to connect arrives, or would. */
static void arrive(void *object, uint64_t value)
{
    struct net_conn *conn = object;
    struct net *net = conn->net;
    int from = conn->ends[CLIENT].host;
    int to = conn->ends[SERVER].host;

    (void)value;
    conn->pending--;
    if (!conn->ends[CLIENT].open) {
        release(conn);
        return;
    }
    if (net_is_cut(net, from, to) || net_is_cut(net, to, from)) {
        uint64_t wait_us = (uint64_t)CONNECT_RETRY_US << conn->tries;

        if (++conn->tries > CONNECT_TRIES)
            close_to_owner(&conn->ends[CLIENT], "Connection timed out");
        else
            schedule(conn, *net->now_us + wait_us, arrive, 0);
        return;
    }
    if (net->hosts[to].listening && net->hosts[to].port == conn->port &&
        !net->refused[from][to])
        accept_conn(conn);
    else
        schedule(conn, *net->now_us + draw_latency(net, to), refused, 0);
}

struct net_end *net_connect(struct net *net, int from, const char *ip, int port)
{
    struct net_conn *conn = xcalloc(1, sizeof(*conn));

    conn->net = net;
    conn->next = net->conns;
    if (net->conns != NULL)
        net->conns->previous = conn;
    net->conns = conn;
    conn->port = port;
    conn->ends[CLIENT].conn = conn;
    conn->ends[SERVER].conn = conn;
    conn->ends[CLIENT].host = from;
    conn->ends[SERVER].host = net_find(net, ip);
    conn->ends[CLIENT].open = true;
    schedule(conn, *net->now_us + draw_latency(net, from), arrive, 0);
    return &conn->ends[CLIENT];
}

static struct net_end *other_end(struct net_end *end)
{
    struct net_conn *conn = end->conn;

    return &conn->ends[end == &conn->ends[CLIENT] ? SERVER : CLIENT];
}

static void hand_over(struct net_end *to, struct packet *packet)
{
    struct net_host *host = &to->conn->net->hosts[to->host];

    if (!to->open) {
        packet_free(packet);
    } else if (packet->type == PACKET_CLOSE) {
        host->handler->closed(host->owner, to, packet->words[0]);
        packet_free(packet);
    } else {
        host->handler->received(host->owner, to, packet);
    }
}

#define IS_RETRY 2u

/* What the end VALUE (and IS_RETRY) has sent arrives, as far as it is due. */
static void deliver(void *object, uint64_t value)
{
    struct net_conn *conn = object;
    struct net *net = conn->net;
    struct net_end *from = &conn->ends[value & 1];
    struct net_end *to = other_end(from);

    if (from->blocked && (value & IS_RETRY) == 0) {
        conn->pending--;
        release(conn);
        return;
    }
    if (to->open &&
        (net_is_cut(net, from->host, to->host) ||
         (net->loss_percent > 0 && rng_chance(net->rng, net->loss_percent)))) {
        uint64_t wait_us = (uint64_t)RETRY_US << from->tries;

        conn->pending--;
        from->blocked = true;
        if (from->tries < RETRY_LIMIT)
            from->tries++;
        schedule(conn, *net->now_us + wait_us, deliver, value | IS_RETRY);
        return;
    }
    from->blocked = false;
    from->tries = 0;
    while (from->in_flight.head != NULL &&
           from->in_flight.head->arrival_us <= *net->now_us)
        hand_over(to, packet_take(&from->in_flight));
    conn->pending--;
    release(conn);
}

void net_send(struct net *net, struct net_end *end, struct packet *packet)
{
    struct net_conn *conn = end->conn;
    uint64_t arrival_us = *net->now_us + draw_latency(net, end->host);

    assert(end->open);
    if (arrival_us < end->last_arrival_us)
        arrival_us = end->last_arrival_us;
    end->last_arrival_us = arrival_us;
    packet->arrival_us = arrival_us;
    packet_append(&end->in_flight, packet);
    schedule(conn, arrival_us, deliver, end == &conn->ends[SERVER]);
}

void net_close(struct net *net, struct net_end *end, const char *reason)
{
    struct net_conn *conn = end->conn;

    assert(end->open);
    if (other_end(end)->open)
        net_send(net, end, packet_new(PACKET_CLOSE, &reason, 1));
    end->open = false;
    end->context = NULL;
    release(conn);
}

static bool is_between(const struct net_conn *conn, int a, int b)
{
    int client = conn->ends[CLIENT].host;
    int server = conn->ends[SERVER].host;

    return (client == a && server == b) || (client == b && server == a);
}

static void reset_conn(struct net_conn *conn)
{
    conn->reset = true;
    conn->pending++; /* it stays until both sides know */
    close_to_owner(&conn->ends[SERVER], "Connection reset by peer");
    close_to_owner(&conn->ends[CLIENT], "Connection reset by peer");
    conn->pending--;
    release(conn);
}

/* What an owner does about it can end any connection, so the search begins
 * anew after each. */
void net_reset(struct net *net, int a, int b)
{
    struct net_conn *conn = net->conns;

    while (conn != NULL) {
        bool hit = is_between(conn, a, b) && conn->established && !conn->reset;

        if (hit)
            reset_conn(conn);
        conn = hit ? net->conns : conn->next;
    }
}

size_t net_count(const struct net *net, int from, int to)
{
    size_t count = 0;

    for (const struct net_conn *conn = net->conns; conn != NULL;
         conn = conn->next)
        if (conn->ends[CLIENT].open && conn->ends[SERVER].open &&
            conn->ends[CLIENT].host == from && conn->ends[SERVER].host == to)
            count++;
    return count;
}
