/* What the core knows of the connections to an address. Masters and replicas
 * have one each; sentinel peers that watch the same masters share one. */
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include "addr.h"
#include "heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

struct core;
struct instance;
struct link;

/* One connection of a link. */
struct channel {
    uint64_t conn; /* 0: there is none */
    bool up;       /* established */
    uint64_t opened_ms;
    bool attempted;        /* attempted_ms is valid */
    uint64_t attempted_ms; /* last time a connection was tried */
    bool was_up;           /* that attempt led to a connection */
    uint64_t quick_ms;     /* last time it was tried anew without a pause */
    bool hurried;          /* begun just before the network was back, perhaps:
                            * it is made anew when not established soon */
    struct link *link;
    UT_hash_handle hh; /* in core->channels, by conn */
};

struct link {
    struct heap_node deadline;
    struct channel command;
    struct channel pubsub;
    bool awaits_name;       /* its name is being looked up for the first
                             * time: silence does not count yet */
    bool wants_pubsub;      /* masters and replicas */
    struct instance *users; /* first of those that share it */
    size_t user_count;
    uint64_t pubsub_active_ms;   /* last message or reply on pubsub */
    bool ping_outstanding;       /* act_ping_ms is valid */
    uint64_t act_ping_ms;        /* oldest PING without a valid reply */
    bool pinged;                 /* last_ping_ms is valid */
    uint64_t last_ping_ms;       /* last PING sent */
    uint64_t round_trip_ms;      /* how long the last one took */
    uint64_t last_avail_ms;      /* last valid reply to a PING */
    uint64_t last_pong_ms;       /* last reply of any kind to a PING */
    size_t pending;              /* commands without a reply */
    char local_ip[ADDR_IP_SIZE]; /* our side of the command connection */
};

/* A link of its own for INSTANCE, with the clocks at now: one that can never
 * be reached goes down after down-after. */
void link_attach_new(struct core *core, struct instance *instance);

/* INSTANCE joins the link of OTHER and gives up its own. */
void link_share(struct core *core, struct instance *instance,
                struct instance *other);

/* INSTANCE and DONOR, masters or replicas with links of their own, exchange
 * them: the connections to a promoted replica serve the master from then
 * on. */
void link_exchange(struct instance *instance, struct instance *donor);

/* INSTANCE leaves its link; the last to leave closes and frees it. */
void link_detach(struct core *core, struct instance *instance);

/* Closes the connections, for the REASON given; clocks go on. */
void link_close(struct core *core, struct link *link, const char *reason);

/* Clocks start anew: what was learned of an older address must not count
 * against a new one. A connection is tried without delay. */
void link_reset_clocks(struct core *core, struct link *link);

/* The first look-up of its name has ended: the clocks of a link that awaits
 * it start. */
void link_name_answered(struct core *core, struct link *link);

/* A reply to PING came: VALID says that it proves availability. */
void link_pong(struct core *core, struct link *link, bool valid);

/* Opens what is missing, sends a PING when it is due, closes what has gone
 * stale; sets the link's next deadline. */
void link_run(struct core *core, struct link *link);

/* Whether a connection that should be there is not (the flag that is shown:
 * a connection still being made counts as there). */
bool link_disconnected(const struct link *link);

/* Whether the command connection is established. */
bool link_is_up(const struct link *link);

/* Sends PING at once, not at the next interval, where the connection stands. */
void link_ping_now(struct core *core, struct link *link);

/* The interval of PING: the shortest that one of its users wants. */
uint64_t link_ping_interval_ms(const struct core *core,
                               const struct link *link);

/* The connections that do not stand, or carry nothing any more, are made anew
 * at once; not the one that was REACHED. */
void link_try_anew(struct core *core, struct link *link,
                   const struct channel *reached);

/* Events of its connections. */
void link_conn_up(struct core *core, struct channel *channel,
                  const char *local_ip);
void link_conn_down(struct core *core, struct channel *channel,
                    const char *reason);
struct channel *link_find_channel(struct core *core, uint64_t conn);

#endif
