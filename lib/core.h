/* The public face of the core: a deterministic state machine that watches
 * masters, agrees with other sentinels and fails over. It has no clock,
 * socket, file or random source of its own: time, seed and every input are
 * given to it, and everything to be done leaves as an ordered list. */
#ifndef LIB_CORE_H
#define LIB_CORE_H

#include "action.h"
#include "event.h"
#include "state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct core;

#define CORE_NO_DEADLINE UINT64_MAX

/* A core that knows nothing yet. SEED fixes all its random choices. The first
 * step must be EVENT_START. Free with core_free(). */
struct core *core_new(uint64_t seed);
void core_free(struct core *core);

/* Feeds one event at NOW_MS (monotonic milliseconds, never decreasing) and
 * returns what must be done, in order. Cannot fail: bad input is dropped and
 * logged by an action. EVENT is borrowed; the list is the core's until the
 * next step. */
const struct action_list *core_step(struct core *core,
                                    const struct event *event, uint64_t now_ms);

/* When EVENT_TIMER is wanted at the latest, in monotonic milliseconds;
 * CORE_NO_DEADLINE when nothing is to be done. */
uint64_t core_deadline(const struct core *core);

/* A copy of what must survive a restart; the caller frees it with
 * state_free(). Replicas and sentinels are sorted. */
struct state *core_state(const struct core *core);

/* ---- Queries. They never change the core; texts are borrowed until the
 * next step. Ages are milliseconds. ---- */

enum instance_kind {
    KIND_MASTER,
    KIND_REPLICA,
    KIND_SENTINEL
};

/* Flags of an instance, in the order in which they are shown. */
enum instance_flag {
    FLAG_SDOWN = 1u << 0,
    FLAG_ODOWN = 1u << 1,
    FLAG_MASTER = 1u << 2,
    FLAG_REPLICA = 1u << 3,
    FLAG_SENTINEL = 1u << 4,
    FLAG_DISCONNECTED = 1u << 5,
    FLAG_MASTER_DOWN = 1u << 6,
    FLAG_FAILOVER = 1u << 7,
    FLAG_PROMOTED = 1u << 8,
    FLAG_RECONF_SENT = 1u << 9,
    FLAG_RECONF_INPROG = 1u << 10,
    FLAG_RECONF_DONE = 1u << 11,
    FLAG_FORCE_FAILOVER = 1u << 12,
    FLAG_SCRIPT_KILL_SENT = 1u << 13,
    FLAG_MASTER_REBOOT = 1u << 14
};

/* What SENTINEL MASTER, REPLICAS and SENTINELS show of an instance. */
struct core_view {
    enum instance_kind kind;
    const char *name;
    const char *ip; /* announced form */
    int port;
    const char *runid; /* "" when unknown */
    unsigned flags;
    uint64_t pending_commands;
    uint64_t link_refcount;
    const char *failover_state; /* NULL unless a failover is in progress */
    uint64_t last_ping_sent;    /* 0 when none is outstanding */
    uint64_t last_ok_ping_reply;
    uint64_t last_ping_reply;
    uint64_t s_down_time; /* valid with FLAG_SDOWN */
    uint64_t o_down_time; /* valid with FLAG_ODOWN */
    int64_t down_after_ms;
    /* master and replica */
    uint64_t info_refresh; /* 0 when never */
    bool reports_master;   /* role-reported */
    uint64_t role_reported_time;
    /* master */
    uint64_t config_epoch;
    size_t replica_count;
    size_t sentinel_count; /* others */
    const struct master_options *options;
    /* replica */
    int64_t master_link_down_ms;
    bool master_link_up;
    const char *master_host; /* "?" when unknown */
    int master_port;
    int64_t priority;
    uint64_t repl_offset;
    bool announced;
    /* sentinel */
    uint64_t last_hello;
    const char *voted_leader; /* "?" when none */
    uint64_t voted_leader_epoch;
};

typedef void core_visit_view(void *arg, const struct core_view *view);

/* Visit in the order of names. Those that take the name of a master return
 * false, without a visit, when it is not known. */
void core_visit_masters(const struct core *core, uint64_t now_ms,
                        core_visit_view *visit, void *arg);
bool core_visit_master(const struct core *core, const char *name,
                       uint64_t now_ms, core_visit_view *visit, void *arg);
bool core_visit_replicas(const struct core *core, const char *name,
                         uint64_t now_ms, core_visit_view *visit, void *arg);
bool core_visit_sentinels(const struct core *core, const char *name,
                          uint64_t now_ms, core_visit_view *visit, void *arg);

/* The address to give to clients (announced form): the promoted replica's as
 * soon as the promotion is on disk. False when NAME is not known. */
bool core_master_address(const struct core *core, const char *name,
                         const char **ip, int *port);

/* What SENTINEL CKQUORUM needs. False when NAME is not known. */
struct core_ckquorum {
    size_t usable; /* this sentinel and those others that are up */
    bool quorum;   /* enough for the master's quorum */
    bool majority; /* enough of all ever known */
};
bool core_ckquorum(const struct core *core, const char *name,
                   struct core_ckquorum *result);

/* Visits the master and its replicas with the last INFO text of each (NULL
 * when never polled) and its age. False when NAME is not known. */
typedef void core_visit_info(void *arg, uint64_t age_ms, const char *text);
bool core_visit_info_cache(const struct core *core, const char *name,
                           uint64_t now_ms, core_visit_info *visit, void *arg);

/* Figures of the process. */
struct core_totals {
    const char *id;
    uint64_t current_epoch;
    size_t masters;
    bool tilt;
    uint64_t tilt_ms;    /* since it began; valid with tilt */
    uint64_t tilt_count; /* times it was entered since the start */
    unsigned simulate;   /* SIMULATE_ bits */
};
void core_totals(const struct core *core, uint64_t now_ms,
                 struct core_totals *totals);

const struct global_options *core_global(const struct core *core);

/* The intervals that SENTINEL DEBUG shows and changes, in its order. */
struct core_interval {
    const char *name; /* "INFO-PERIOD" and so on */
    int64_t ms;
};
#define CORE_INTERVALS 13
void core_intervals(const struct core *core,
                    struct core_interval intervals[CORE_INTERVALS]);

#endif
