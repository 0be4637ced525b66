/* What survives a restart: loaded by EVENT_START, copied out for each write.
 * One structure serves both directions, so nothing can be written that is
 * not read again. */
#ifndef LIB_STATE_H
#define LIB_STATE_H

#include "option.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_LENGTH 40

/* Higher epochs cannot be stored: they would be shown as negative numbers on
 * the wire. */
#define EPOCH_MAX ((uint64_t)INT64_MAX)

/* Higher epochs are not believed, whoever tells them: there must be room to
 * count on, or the next failover would write a file that does not load. */
#define EPOCH_TOLD_MAX (EPOCH_MAX - ((uint64_t)1 << 32))

/* Options of the process. Texts are owned, NULL means not set. */
struct global_options {
    char *announce_ip; /* address put into hello messages */
    int announce_port; /* 0: the port we listen on */
    int listen_port;   /* TCP port we listen on */
    bool deny_scripts_reconfig;
    bool resolve_hostnames;  /* accept host names where addresses stand */
    bool announce_hostnames; /* show host names where addresses stand */
    char *sentinel_user;     /* credentials for the other sentinels */
    char *sentinel_pass;
    char *requirepass; /* used for them when sentinel_pass is not set */
};

/* A replica that was known. */
struct state_replica {
    char *host;
    int port;
};

/* Another sentinel that was known. */
struct state_sentinel {
    char *host;
    int port;
    char id[ID_LENGTH + 1];
};

/* A monitored master with all that was learned of it. */
struct state_master {
    char *name;
    char *host; /* current address: the promoted replica's once promoted */
    int port;
    struct master_options options;
    uint64_t config_epoch; /* epoch of the failover that set the address */
    uint64_t leader_epoch; /* epoch of the last vote given */
    struct state_replica *replicas;
    size_t replica_count;
    size_t replica_capacity; /* kept by state_add_replica() */
    struct state_sentinel *sentinels;
    size_t sentinel_count;
    size_t sentinel_capacity; /* kept by state_add_sentinel() */
};

struct state {
    char id[ID_LENGTH + 1]; /* our id; empty: none yet, the core makes one */
    uint64_t current_epoch; /* highest epoch ever seen */
    struct global_options global;
    struct state_master *masters;
    size_t master_count;
    size_t master_capacity; /* kept by state_add_master() */
};

/* An empty state with the defaults of the options; never NULL. */
struct state *state_new(void);

/* Frees STATE and all it owns; NULL is fine. */
void state_free(struct state *state);

/* Appends a master with default options and returns it; the pointer is valid
 * until the next call. NAME and HOST are copied. */
struct state_master *state_add_master(struct state *state, const char *name,
                                      const char *host, int port);

/* The master called NAME, or NULL. */
struct state_master *state_find_master(const struct state *state,
                                       const char *name);

/* Append what is known of a master. A second entry with the same address (or
 * the same id) is merged into the first: a file with duplicates loads. */
void state_add_replica(struct state_master *master, const char *host, int port);
void state_add_sentinel(struct state_master *master, const char *host, int port,
                        const char *id);

/* Frees what OPTIONS owns, not OPTIONS itself. */
void global_options_clear(struct global_options *options);

/* Makes TO an independent copy of FROM; TO is overwritten, not freed. */
void global_options_copy(struct global_options *to,
                         const struct global_options *from);

#endif
