/* What master, replica and sentinel share: address, run id, role, times. */
#ifndef LIB_INSTANCE_H
#define LIB_INSTANCE_H

#include "addr.h"
#include "core.h"
#include "heap.h"
#include "link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

struct core;
struct master;

/* Commands that a data server has refused, so that they are left out or
 * spelled the old way from then on. */
enum refused_command {
    REFUSED_REPLICAOF = 1u << 0,
    REFUSED_REWRITE = 1u << 1,
    REFUSED_KILL = 1u << 2,
    REFUSED_SLAVEOF = 1u << 3
};

/* Errors told once for each instance, so that a log is not flooded. */
enum told_error {
    TOLD_AUTH = 1u << 0,
    TOLD_SUBSCRIBE = 1u << 1,
    TOLD_PUBLISH = 1u << 2,
    TOLD_INFO = 1u << 3,
    TOLD_HELLO = 1u << 4,
    TOLD_PING = 1u << 5,
    TOLD_REPLICATION = 1u << 6
};

struct instance {
    uint64_t id; /* never used twice; names it in command tags */
    UT_hash_handle by_id;
    enum instance_kind kind;
    struct master *master; /* itself, for a master */
    char *name;            /* key: name, ip:port or sentinel id */
    UT_hash_handle hh;     /* in the map of its kind, by name */
    struct addr addr;
    char runid[ID_LENGTH + 1]; /* "" when unknown */
    unsigned flags;            /* FLAG_ bits, without DISCONNECTED */
    struct link *link;
    struct instance *next_user; /* of the same link */
    struct heap_node deadline;
    bool touched; /* to be run at the end of the step */
    struct instance *next_touched;
    unsigned told; /* TOLD_ bits */

    uint64_t hello_sent_ms; /* last hello that was not refused */
    bool hello_pending;     /* sent, not answered yet */
    bool hello_due;         /* one is due now, whatever the period */

    /* down */
    uint64_t sdown_ms; /* start; valid with ever_sdown */
    uint64_t odown_ms;
    bool ever_sdown;
    bool ever_odown;

    /* master and replica: from INFO */
    bool info_known;
    uint64_t info_ms; /* last reply; valid with info_known */
    bool info_pending;
    uint64_t info_asked_ms;    /* last time it was sent */
    uint64_t info_answered_ms; /* when the INFO was sent whose reply is known */
    char *info_text;
    bool reports_master;
    uint64_t role_ms;          /* since when it reports that role */
    uint64_t master_change_ms; /* since when it reports that master */
    char *master_host;         /* NULL when unknown */
    int master_port;
    bool master_link_up;
    int64_t master_link_down_ms;
    int64_t priority;
    uint64_t offset;
    bool announced;
    uint64_t reboot_ms;  /* valid with FLAG_MASTER_REBOOT */
    bool knows_failover; /* INFO has a line master_failover_state */
    bool failing_over;   /* which says that a FAILOVER is going on */

    /* replica: a change of replication under way */
    unsigned refused;         /* REFUSED_ bits */
    unsigned refused_now;     /* in the transaction under way */
    bool replication_pending; /* a transaction was sent, EXEC not answered */
    uint64_t replication_serial;
    uint64_t replication_ms;        /* when it was sent */
    struct addr replication_target; /* host NULL: to be a master */
    uint64_t reconf_sent_ms;

    /* sentinel */
    uint64_t hello_seen_ms; /* last hello of it */
    struct addr named;      /* the master's address in it; host NULL: none */
    uint64_t named_epoch;   /* and its config epoch */
    uint64_t answer_ms;     /* last answer to our question */
    bool ask_pending;
    uint64_t ask_serial; /* of the last question; older answers are void */
    uint64_t asked_ms;
    bool ask_hinted;            /* a peer asked too soon after our question */
    uint64_t ask_pause_ms;      /* from the last question to the next */
    uint64_t asked_epoch;       /* of the last vote we asked it for, or 0 */
    uint64_t refused_epoch;     /* last epoch for which it gave no vote */
    char leader[ID_LENGTH + 1]; /* whom it voted for, "" none */
    uint64_t leader_epoch;
};

/* Initial values of the documented model; NAME and ADDR are copied. The
 * caller puts it into the map of its kind. */
void instance_init(struct core *core, struct instance *instance,
                   enum instance_kind kind, struct master *master,
                   const char *name, const struct addr *addr);

/* Leaves its link and frees what it owns, not INSTANCE itself. */
void instance_clear(struct core *core, struct instance *instance);

struct instance *instance_find(struct core *core, uint64_t id);

/* Has it run at the end of this step. */
void instance_touch(struct core *core, struct instance *instance);

/* The milliseconds from THEN to NOW, 0 when THEN is still to come. */
uint64_t since_ms(uint64_t now_ms, uint64_t then_ms);

/* Address as shown to the outside, by the process's options. */
const char *instance_ip(const struct core *core,
                        const struct instance *instance);

/* No sdown and no odown began in the last WINDOW_MS. */
bool instance_calm(const struct instance *instance, uint64_t now_ms,
                   uint64_t window_ms);

/* Another process answers at the address: what only the old one had said (its
 * priority, its offset) is not true of it. */
void instance_forget_process(struct instance *instance);

/* What INFO said is forgotten, role is what KIND says. */
void instance_forget_info(struct instance *instance, uint64_t now_ms);

#endif
