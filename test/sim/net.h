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

#define NET_HOSTS 240

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

/* Gives HOST another address, which must be free; connections stay. */
void net_move_host(struct net *net, int host, const char *ip);

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

/* Whether TO's host rejects new connections from FROM, as a firewall does. */
void net_set_refused(struct net *net, int from, int to, bool refused);

/* All that HOST sends takes DELAY_US longer. What is on its way is not
 * changed. */
void net_set_delay(struct net *net, int host, uint64_t delay_us);

/* Each packet is lost with this chance, and sent again as TCP does. */
void net_set_loss(struct net *net, unsigned percent);

/* Undoes all of these. */
void net_join_all(struct net *net);

/* Whether END is that of the side which has opened the connection. */
bool net_end_is_opener(const struct net_end *end);

/* The host of the other side, or -1. */
int net_end_peer(const struct net_end *end);

/* All established connections between A and B are reset, for both sides. An
 * owner whose process hangs may keep its end. */
void net_reset(struct net *net, int a, int b);

/* Connections open at both ends, from one host to another. */
size_t net_count(const struct net *net, int from, int to);

#endif
