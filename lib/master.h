/* A monitored master: its options, its replicas, the other sentinels. */
#ifndef LIB_MASTER_H
#define LIB_MASTER_H

#include "instance.h"
#include "option.h"

enum failover_state {
    FAILOVER_NONE,
    FAILOVER_WAIT_START,
    FAILOVER_SELECT_SLAVE,
    FAILOVER_SEND_SLAVEOF_NOONE,
    FAILOVER_WAIT_PROMOTION,
    FAILOVER_RECONF_SLAVES,
    FAILOVER_UPDATE_CONFIG
};

struct master {
    struct instance instance;   /* first: an instance that is a master */
    struct instance *replicas;  /* map by name */
    struct instance *sentinels; /* map by name */
    struct master_options options;
    uint64_t config_epoch;
    uint64_t leader_epoch;      /* of the last vote given */
    char leader[ID_LENGTH + 1]; /* to whom, "" when not known */
    uint64_t vote_serial;       /* write that makes it durable */
    bool untold;                /* +monitor waits for its name's address */
    bool nameless;              /* INFO named replicas not resolved yet */
    bool replaced;              /* its address was another, which was down */
    uint64_t replaced_ms;       /* until when; valid with replaced */

    bool in_conflict;     /* others name another address in the same epoch */
    uint64_t conflict_ms; /* since when */

    /* Failover by this sentinel. */
    enum failover_state state;
    uint64_t state_ms;       /* since when */
    uint64_t failover_epoch; /* the epoch in which it wants to lead */
    uint64_t election_ms;    /* when the election began */
    struct instance *promoted;
    bool coordinated;          /* by the master's own FAILOVER command */
    bool handover_failed;      /* which the master has refused */
    uint64_t handover_serial;  /* of that transaction */
    uint64_t promotion_serial; /* 0, or the write that must end before the
                                * promotion is told */

    /* When the next one may start. */
    unsigned elections_lost; /* in a row */
    unsigned fruitless;      /* failovers without a good replica, in a row */
    uint64_t start_after_ms;
    bool start_delay_told; /* the log line for that moment was written */
    bool awaiting_winner;  /* the vote went to somebody else */
    char winner[ID_LENGTH + 1];
    uint64_t winner_ms; /* since when we wait for it */
};

static inline struct master *master_of(const struct instance *instance)
{
    return instance->master;
}

/* Adds a master with OPTIONS (copied). NAME must be new. */
struct master *master_add(struct core *core, const char *name,
                          const struct addr *addr,
                          const struct master_options *options);

/* Tells that MASTER is monitored from now on. */
void master_tell(struct core *core, struct master *master);

/* Forgets a master with all that belongs to it. */
void master_remove(struct core *core, struct master *master);
struct master *master_find(const struct core *core, const char *name);

/* Adds a replica (ADDR copied), or returns NULL when one with this address
 * is there or the port is 0. */
struct instance *master_add_replica(struct core *core, struct master *master,
                                    const struct addr *addr);
struct instance *master_find_replica(const struct core *core,
                                     const struct master *master,
                                     const struct addr *addr);

/* The address of REPLICA was resolved or has changed: it gets the name that
 * goes with it, unless another has that. */
void master_rename_replica(struct core *core, struct instance *replica);
void master_remove_replica(struct core *core, struct instance *replica);
void master_remove_replicas(struct core *core, struct master *master);

/* Adds a sentinel and shares the link that another master may have to the
 * same sentinel. ID must be new for this master. */
struct instance *master_add_sentinel(struct core *core, struct master *master,
                                     const char *id, const struct addr *addr);
struct instance *master_find_sentinel(const struct master *master,
                                      const char *id);
void master_remove_sentinel(struct core *core, struct instance *sentinel);
void master_remove_sentinels(struct core *core, struct master *master);

size_t master_replica_count(const struct master *master);
size_t master_sentinel_count(const struct master *master); /* others */

/* The address that clients are told: the promoted replica's once the failover
 * has reached reconf_slaves. */
const struct addr *master_current_addr(const struct master *master);

/* "Looks sane": reports to be a master, is not down, INFO is fresh. */
bool master_looks_sane(const struct core *core, const struct master *master);

#define MASTER_EACH(map, item) \
    for ((item) = (map); (item) != NULL; (item) = (item)->hh.next)

#endif
