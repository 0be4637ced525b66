/* A model Redis server: the commands that sentinels send, what it holds and how
 * that is replicated, and the faults that a server can have. */
#ifndef SIM_REDIS_H
#define SIM_REDIS_H

#include "redis_history.h"
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
    uint64_t life; /* counts starts */
    uint64_t started_ms;
    struct redis_client *clients;

    /* what it holds: HISTORY, up to OFFSET */
    struct history history;
    uint64_t offset;
    uint32_t branches;     /* begun here */
    char replid[41];       /* names the branch */
    char replid2[41];      /* names the one before, valid up to: */
    int64_t second_offset; /* -1: there is none */
    uint64_t saved_offset; /* what a kill leaves */
    uint64_t saved_ms;
    uint64_t full_syncs; /* in which it dropped what it held */
    uint64_t partial_syncs;

    /* replication; master_ip is "" for a master */
    char master_ip[40];
    int master_port;
    int master_host;    /* that has this address; -1: none */
    char stored_ip[40]; /* by CONFIG REWRITE: the role after a restart */
    int stored_port;
    bool link_up;
    bool link_ever_up;
    uint64_t linked_life;  /* of the master that the link leads to */
    uint64_t link_down_ms; /* since when */
    uint64_t heard_ms;     /* the master was last reachable */
    uint64_t link_life;    /* counts attempts, so that old ones are dropped */
    uint64_t stream_us;    /* what it sent to its replicas last arrives then */
    uint64_t acked_ms;     /* it last told its master how far it is, */
    int acked_host;        /* that is this one, */
    uint64_t acked_life;   /* in this life */

    /* FAILOVER */
    int failover_target; /* host, or -1 while none goes on */
    uint64_t failover_end_ms;
    uint64_t failover_life; /* counts orders, so that old ones are dropped */

    /* settings */
    int priority;
    uint64_t priority_ms; /* it was changed then */
    bool hidden;          /* replica-announced no */
    const char *password;
    bool old;           /* knows SLAVEOF only */
    bool acl_slaveof;   /* the ACL allows SLAVEOF, not REPLICAOF */
    bool acl_no_change; /* it allows neither, nor FAILOVER */
    bool sync_stuck;    /* replication never gets going */
    bool refuses_stale; /* replica-serve-stale-data no */
    uint64_t loading_until_ms;
    bool busy; /* with a script */
    bool script_killed;
    uint64_t slow_ms;         /* each command takes so long */
    uint64_t paused_until_ms; /* CLIENT PAUSE … WRITE */
    bool rewrite_fails;       /* CONFIG REWRITE does */
    bool out_of_memory;       /* no writes */
    bool cannot_save;         /* stop-writes-on-bgsave-error: nor PING */
    int min_replicas;         /* to write; 0: none */
    uint64_t min_replicas_max_lag_ms;
    bool no_persistence;       /* starts empty */
    uint64_t save_interval_ms; /* a kill loses what is younger; 0: nothing */
};

/* A server that follows the one at MASTER_HOST, unless that is HOST. */
struct redis *redis_new(struct world *world, int host, int master_host);
void redis_free(struct redis *redis);

/* The model behind a host; fails when it is none. */
struct redis *redis_at(struct world *world, int host);

bool redis_is_master(const struct redis *redis);

/* The text of INFO; the caller frees it. */
char *redis_info(const struct redis *redis);

/* Runs one command of a client; the reply is sent. */
void redis_run_command(struct redis *redis, struct redis_client *client,
                       struct packet *packet);

/* The command FAILOVER. */
struct reply *redis_failover(struct redis *redis, char *const *words,
                             size_t count);

/* Closes all connections but those of KEPT, of the kind that CLIENT KILL TYPE
 * names; NULL for all kinds. Returns how many. */
int redis_kill_clients(struct redis *redis, const struct redis_client *kept,
                       const char *type);

void redis_send(struct redis *redis, struct redis_client *client,
                struct packet *packet);

/* Runs what has come in and is due; all of it with ALL. */
void redis_run_inboxes(struct redis *redis, bool all);

/* ---- redis_replication.c ---- */

/* Points it at another server ("" for none). */
void redis_follow(struct redis *redis, const char *ip, int port);

/* The process at the other side answers. */
bool redis_hears_master(const struct redis *redis);

void redis_start_sync(struct redis *redis);
void redis_drop_link(struct redis *redis);

/* What the passing of time does: a replica follows its master's stream. */
void redis_replicate(struct redis *redis);

/* It has written: its replicas get that one latency later. */
void redis_stream(struct redis *redis);

/* A new replication id, as at a promotion; EMPTY: it holds nothing any more. */
void redis_begin_branch(struct redis *redis, bool empty);

/* The replicas that min-replicas-to-write counts. */
int redis_good_replicas(const struct redis *redis);

/* Finds the hosts of all masters' addresses anew. */
void redis_find_masters(struct world *world);

/* ---- redis_write.c: a client's write, without packets ---- */

enum write_result {
    WRITE_DONE,
    WRITE_REFUSED, /* there was an error, or no connection */
    WRITE_BLOCKED, /* clients are paused: the answer comes after that */
    WRITE_SILENT   /* no answer */
};

/* What names a write for ever, and when the answer to it comes. */
struct write {
    uint32_t branch;
    uint64_t offset;
    uint64_t delay_ms;
};

/* A client at host FROM writes. WRITE is set when it is done. */
enum write_result redis_write(struct redis *redis, int from,
                              struct write *write);

bool redis_holds(const struct redis *redis, const struct write *write);

/* ---- Verbs ---- */

void redis_stop(struct world *world, int host); /* as kill -9 */
void redis_stop_at(struct world *world, int host, uint64_t time_ms);
void redis_start(struct world *world, int host);
void redis_start_at(struct world *world, int host, uint64_t time_ms);
void redis_hang(struct world *world, int host); /* as SIGSTOP */
void redis_hang_at(struct world *world, int host, uint64_t time_ms);
void redis_resume(struct world *world, int host);

/* As SHUTDOWN: it saves, and replicas that hear it get all it has. */
void redis_shutdown(struct world *world, int host);

/* Starts one that is stopped, its data lost. */
void redis_start_empty(struct world *world, int host);

/* Each command takes TIME_MS from now on; 0: none does. */
void redis_slow(struct world *world, int host, uint64_t time_ms);

/* Another password, and all connections closed. PASSWORD is borrowed; NULL
 * for none. Replicas use the one of the world's options. */
void redis_set_password(struct world *world, int host, const char *password);

/* Moves data, settings and saved role to the address of TO, which must be of
 * the same group and not run; FROM is killed and its address is dead. */
void redis_move(struct world *world, int from, int to);

/* Kills both, exchanges their addresses and starts them. */
void redis_exchange(struct world *world, int a, int b);

/* Answers LOADING for TIME_MS from now on. */
void redis_load_for(struct world *world, int host, uint64_t time_ms);

/* REPLICAOF by hand; a host or NONE. */
void redis_replicaof(struct world *world, int host, int master_host);

/* Starts one more replica of HOST's group and returns its host. */
int redis_add(struct world *world, int master_host);

#endif
