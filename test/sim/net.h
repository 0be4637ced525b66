/* Connections between simulated hosts: latency, order, loss of the path. It
 * behaves as TCP does: what is sent into a cut is sent again, later and later,
 * so it can arrive long after it was said. */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "packet.h"
#include "queue.h"
#include "rng.h"

#include <stdbool.h>
#include <stdint.h>

#define NET_HOSTS 128

struct net;
struct net_conn;

/* One end of a connection; the owner of the end keeps it until it calls
 * net_close(). */
struct net_end {
    struct net_conn *conn;
    int host;
    void *context; /* the owner's */
    bool open;     /* the owner has not closed it */
    /* The rest is the direction from this end to the other. */
    struct packet_list in_flight;
    uint64_t last_arrival_us;
    bool blocked; /* the path was cut; sent again by a timer */
    unsigned tries;
};

/* What an end's owner is told. After closed() it still has to call
 * net_close(). */
struct net_handler {
    void (*accepted)(void *owner, struct net_end *end);
    void (*established)(void *owner, struct net_end *end);
    void (*received)(void *owner, struct net_end *end, struct packet *packet);
    void (*closed)(void *owner, struct net_end *end, const char *reason);
};

struct net_options {
    uint64_t latency_min_us;
    uint64_t latency_max_us;
};

/* QUEUE, NOW_US and RNG belong to the world and are borrowed. */
struct net *net_new(struct queue *queue, const uint64_t *now_us,
                    struct rng *rng, struct net_options options);
void net_free(struct net *net);

/* Makes HOST known at IP and PORT; it does not listen yet. */
void net_add_host(struct net *net, int host, const char *ip, int port,
                  const struct net_handler *handler, void *owner);

/* The host known at IP, or -1. */
int net_find(const struct net *net, const char *ip);

/* A host that does not listen refuses connections. */
void net_listen(struct net *net, int host, bool listening);

/* Opens a connection; established() or closed() follows, or neither. */
struct net_end *net_connect(struct net *net, int from, const char *ip,
                            int port);

/* Takes PACKET over. */
void net_send(struct net *net, struct net_end *end, struct packet *packet);

/* Gives END back; the other side learns it, in order, with REASON. */
void net_close(struct net *net, struct net_end *end, const char *reason);

/* Whether what FROM sends does not reach TO, and setting it. */
bool net_is_cut(const struct net *net, int from, int to);
void net_set_cut(struct net *net, int from, int to, bool cut);

/* Connections open at both ends, from one host to another. */
size_t net_count(const struct net *net, int from, int to);

#endif
