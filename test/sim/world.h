/* The simulated world: virtual time, one seed, hosts, verbs to disturb them,
 * and the trace of what the sentinels said. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "net.h"
#include "queue.h"
#include "rng.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

struct checker;
struct node;
struct redis;
struct reference;

/* Hosts. A master and its replicas stand in one group: host REDIS(g, i) has
 * the address 10.0.<g>.<i + 1>:6379, sentinel <n> 10.1.0.<n>:26379, client <n>
 * 10.2.0.<n>. */
#define REDIS(group, index) ((group)*10 + (index))
#define MASTER REDIS(0, 0)
#define REPLICA_1 REDIS(0, 1)
#define REPLICA_2 REDIS(0, 2)
#define REPLICA_3 REDIS(0, 3)
#define SENTINEL(number) (199 + (number))
#define S1 SENTINEL(1)
#define S2 SENTINEL(2)
#define S3 SENTINEL(3)
#define S4 SENTINEL(4)
#define S5 SENTINEL(5)
#define CLIENT_HOST(number) (219 + (number))
#define MAX_GROUPS 20
#define MAX_SENTINELS 9
#define MAX_CLIENTS 20
#define NONE (-1) /* for a count that is zero on purpose */

/* What is not set takes its default, so every option set matters. */
struct world_options {
    uint64_t seed;                /* default 1 */
    int masters;                  /* 1: mymaster, then master2, … */
    int replicas;                 /* 2 a master */
    int sentinels;                /* 3 */
    int quorum;                   /* 2 */
    int64_t down_after_ms;        /* 30000 */
    int64_t failover_timeout_ms;  /* 180000 */
    int64_t parallel_syncs;       /* 1 */
    int64_t reboot_down_after_ms; /* 0 */
    uint64_t latency_min_us;      /* 200 */
    uint64_t latency_max_us;      /* 1500 */
    uint64_t disk_min_us;         /* 500: time to write and sync the state */
    uint64_t disk_max_us;         /* 6000 */
    uint64_t sync_ms;             /* 20: a replica's start of replication */
    int patience;          /* 1: all that is periodic is so many times rarer */
    const char *auth_pass; /* none: of servers and sentinels */
    const char *notification_script;    /* none */
    const char *client_reconfig_script; /* none */
    bool resolve_hostnames;
    unsigned reference_seats; /* bit 0: s1 behaves as the reference does, … */
};

struct world {
    struct world_options options; /* with the defaults filled in */
    uint64_t now_us;
    struct rng rng;
    struct queue queue;
    struct net *net;
    struct trace *trace;
    struct checker *checker;
    struct redis *redis[NET_HOSTS];
    struct node *nodes[NET_HOSTS];
    struct reference *references[NET_HOSTS]; /* in place of nodes */
    char *answer;    /* to the last request of an operator */
    bool names_lost; /* the name server does not answer */
    bool forgetful;  /* sentinels may know less than all others */
    bool hurried;    /* operators do not wait for answers */
    size_t mark;     /* in the trace, for expectations */
};

/* All servers and sentinels run; the sentinels have just been started. Free
 * with world_free(). */
struct world *world_new(struct world_options options);
void world_free(struct world *world);

uint64_t world_now_ms(const struct world *world);

/* Lets the time pass. */
void world_run_until(struct world *world, uint64_t time_ms);
void world_run_for(struct world *world, uint64_t time_ms);

/* A line of the trace about the world itself. */
void world_note(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs what comes next, unless that is after LIMIT_US. */
bool world_step(struct world *world, uint64_t limit_us);

/* Runs until each sentinel knows all servers and all others, on disk too;
 * fails when that takes longer than 15 s. */
void world_discover(struct world *world);

/* A world in which all is known and calm, with the mark set: what most
 * scenarios start from. */
struct world *world_ready(struct world_options options);

/* The name of group GROUP's master, and the group of an address or name
 * (-1 when there is none). The text is static. */
const char *world_master_name(int group);
int world_group_of_name(const char *name);
int world_group_of_ip(const char *ip);

/* Writes the address of HOST into IP and returns it. */
const char *world_ip(int host, char ip[16]);

/* The address that a name like "host-1.test" has: that of host 1. */
bool world_lookup(const struct world *world, const char *name, char ip[16]);

/* Ends the test: prints the trace and the formatted text, and calls what
 * world_on_failure() has set (default: abort). Does not return. */
void world_fail(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
void world_on_failure(void (*handler)(const char *text), bool print_trace);

/* ---- Expectations, on the trace from the last world_mark() on ---- */

/* The lines of TEXT must appear in this order, other lines may stand between
 * them. A line is "<ms> <sentinel> <channel> <text>"; "*" stands for any word,
 * and the time can be a range "1000-1200". Lets time pass until the last line
 * has appeared, for 60 s at most. */
void expect(struct world *world, const char *text);

/* The same with another limit. */
void expect_within(struct world *world, uint64_t limit_ms, const char *text);

/* As expect(), with a format: for who became the leader, mostly. */
void expectf(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* No line since the mark matches one of TEXT's; lets no time pass. */
void expect_none(struct world *world, const char *text);

/* How often LINE has appeared since the mark. */
size_t world_matches(const struct world *world, const char *line);

/* When the first line since the mark that PATTERN matches was said, in ms;
 * fails when there is none. */
uint64_t world_when(struct world *world, const char *pattern);

/* Expectations start here from now on. */
void world_mark(struct world *world);

/* Who said "<channel>" first since the mark, as "s2". Runs until it is said;
 * fails after 60 s. The text lives as long as the world. */
const char *world_who(struct world *world, const char *channel);

/* The host called NAME ("s2"), and another that is not it: WHICH 0, 1, … */
int world_host(const char *name);
int world_other(const struct world *world, int sentinel, int which);

/* ---- Verbs on the network. HOST can be any. ---- */

void net_cut(struct world *world, int a, int b); /* both ways */
void net_cut_one_way(struct world *world, int from, int to);
void net_join(struct world *world, int a, int b); /* undo */
void net_isolate(struct world *world, int host);  /* from all */
void net_heal(struct world *world);               /* all */

#endif
