/* A model Redis server: the commands that sentinels send, replication state,
 * and the faults that a server can have. */
#ifndef SIM_REDIS_H
#define SIM_REDIS_H

#include "world.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_client {
    struct redis_client *next;
    struct net_end *end;
    struct packet_list inbox; /* not run while the process hangs */
    bool closed;              /* by the other side */
    bool authorised;
    bool subscribed;
    bool in_transaction;
    bool spoilt; /* a command of the transaction was refused */
    struct packet_list queued;
};

struct redis {
    struct world *world;
    int host;
    char ip[16];
    int port;
    bool running;
    bool hung;
    char run_id[41];
    uint64_t started_ms;
    struct redis_client *clients;

    /* replication; master_ip is "" for a master */
    char master_ip[40];
    int master_port;
    char stored_ip[40]; /* by CONFIG REWRITE: the role after a restart */
    int stored_port;
    bool link_up;
    bool link_ever_up;
    uint64_t link_down_ms; /* since when */
    uint64_t heard_ms;     /* the master was last reachable */
    uint64_t link_life;    /* counts attempts, so that old ones are dropped */
    uint64_t offset;
    uint64_t stored_offset;

    /* FAILOVER */
    int failover_target; /* host, or -1 while none goes on */
    uint64_t failover_end_ms;
    uint64_t failover_life; /* counts orders, so that old ones are dropped */

    /* settings */
    int priority;
    bool hidden; /* replica-announced no */
    const char *password;
    bool old;           /* knows SLAVEOF only */
    bool acl_slaveof;   /* the ACL allows SLAVEOF, not REPLICAOF */
    bool acl_no_change; /* it allows neither, nor FAILOVER */
    bool sync_stuck;    /* replication never gets going */
    bool refuses_stale; /* replica-serve-stale-data no */
    uint64_t loading_until_ms;
    bool busy; /* with a script */
    bool script_killed;
};

/* A server of GROUP; INDEX 0 is the master, the others follow it. */
struct redis *redis_new(struct world *world, int host, int master_host);
void redis_free(struct redis *redis);

/* The model behind a host; fails when it is none. */
struct redis *redis_at(struct world *world, int host);

bool redis_is_master(const struct redis *redis);

/* The text of INFO; the caller frees it. */
char *redis_info(const struct redis *redis);

/* Runs one command of a client; the reply is sent. */
void redis_run_command(struct redis *redis, struct redis_client *client,
                       struct packet *command);

/* The command FAILOVER. */
struct reply *redis_failover(struct redis *redis, char *const *words,
                             size_t count);

/* Points it at another server ("" for none). */
void redis_follow(struct redis *redis, const char *ip, int port);

/* Closes all connections but those of KEPT, of the kind that CLIENT KILL TYPE
 * names; NULL for all kinds. Returns how many. */
int redis_kill_clients(struct redis *redis, const struct redis_client *kept,
                       const char *type);

void redis_send(struct redis *redis, struct redis_client *client,
                struct packet *packet);

/* ---- Verbs ---- */

void redis_stop(struct world *world, int host); /* as kill -9 */
void redis_stop_at(struct world *world, int host, uint64_t time_ms);
void redis_start(struct world *world, int host);
void redis_start_at(struct world *world, int host, uint64_t time_ms);
void redis_hang(struct world *world, int host); /* as SIGSTOP */
void redis_hang_at(struct world *world, int host, uint64_t time_ms);
void redis_resume(struct world *world, int host);

/* Answers LOADING for TIME_MS from now on. */
void redis_load_for(struct world *world, int host, uint64_t time_ms);

/* REPLICAOF by hand; a host or NONE. */
void redis_replicaof(struct world *world, int host, int master_host);

/* Starts one more replica of HOST's group and returns its host. */
int redis_add(struct world *world, int master_host);

#endif
