/* The state of a core, shared by the modules of lib/ only. */
#ifndef LIB_CORE_INTERNAL_H
#define LIB_CORE_INTERNAL_H

#include "core.h"
#include "emit.h"
#include "heap.h"
#include "instance.h"
#include "master.h"
#include "random.h"

/* In the order in which SENTINEL DEBUG shows them. */
enum interval {
    INFO_PERIOD,
    PING_PERIOD,
    ASK_PERIOD,
    PUBLISH_PERIOD,
    DEFAULT_DOWN_AFTER,
    DEFAULT_FAILOVER_TIMEOUT,
    TILT_TRIGGER,
    TILT_PERIOD,
    SLAVE_RECONF_TIMEOUT,
    MIN_LINK_RECONNECT_PERIOD,
    ELECTION_TIMEOUT,
    SCRIPT_MAX_RUNTIME,
    SCRIPT_RETRY_DELAY
};

/* INFO of a replica whose replication is changing. */
#define FAST_INFO_PERIOD_MS 1000

/* Commands without a reply on one link; above it PING, INFO and hello are
 * not sent. */
#define MAX_PENDING_COMMANDS 100

struct name_entry; /* names.c */

struct core {
    struct random random;
    struct emitter out;
    struct heap deadlines;
    struct heap_node housekeeping; /* tilt, retry of a failed write */
    uint64_t now_ms;               /* of the step under way */
    bool started;
    uint64_t last_instance;
    uint64_t last_conn;
    uint64_t retried_ms;      /* when all that is down was tried anew */
    struct instance *touched; /* to be run at the end of the step */
    struct instance *touched_last;

    char id[ID_LENGTH + 1];
    uint64_t current_epoch;
    struct global_options global;
    uint64_t intervals[CORE_INTERVALS];
    unsigned simulate;
    bool told_clone; /* another sentinel uses our id: was logged */

    struct instance *masters;   /* map by name, of struct master */
    struct instance *instances; /* map by id */
    struct channel *channels;   /* map by conn */
    struct name_entry *names;   /* what host names resolve to */

    uint64_t persist_asked; /* serial of the last ACTION_PERSIST */
    uint64_t persist_done;  /* highest serial known to be on disk */
    bool disk_failed;       /* the last write did not succeed */
    uint64_t persist_retry_ms;
    uint64_t persist_asked_ms; /* when the oldest write not ended was asked */
    uint64_t write_ms;         /* how long the last write took */

    bool tilt;
    uint64_t tilt_ms;
    uint64_t tilt_count;
};

static inline struct master *to_master(struct instance *instance)
{
    return instance->master;
}

#endif
