/* What the parts of a reference seat share. Times are signed and as long ago
 * as those of a wall clock: the reference counts some from zero. */
#ifndef SIM_REFERENCE_INTERNAL_H
#define SIM_REFERENCE_INTERNAL_H

#include "../../lib/core.h"
#include "reference.h"

#include <stddef.h>

#define REFERENCE_HELLO_CHANNEL "__sentinel__:hello"
#define REFERENCE_INFO_PERIOD_MS 10000
#define REFERENCE_PING_PERIOD_MS 1000
#define REFERENCE_ASK_PERIOD_MS 1000
#define REFERENCE_PUBLISH_PERIOD_MS 2000

enum reference_failover_state {
    REFERENCE_NONE,
    REFERENCE_WAIT_START,
    REFERENCE_SELECT_SLAVE,
    REFERENCE_SEND_SLAVEOF_NOONE,
    REFERENCE_WAIT_PROMOTION,
    REFERENCE_RECONF_SLAVES,
    REFERENCE_UPDATE_CONFIG
};

/* What a reply belongs to. */
enum reference_command {
    REFERENCE_OTHER, /* its reply is not looked at */
    REFERENCE_PING,
    REFERENCE_INFO,
    REFERENCE_PUBLISH,
    REFERENCE_ASK
};

/* A connection, either way. */
struct reference_conn {
    struct reference_conn *next;
    struct reference *reference;
    struct reference_instance *instance; /* NULL for one that came in */
    struct net_end *end;
    bool established;
    bool authorised;                  /* of one that came in */
    bool closed;                      /* by the other side, while paused */
    struct packet_list out;           /* until it is established */
    struct packet_list inbox;         /* while paused */
    enum reference_command *commands; /* without a reply, oldest first */
    size_t command_count;
    int64_t opened_ms;
};

/* A master, a replica, or another sentinel, and the link to it. */
struct reference_instance {
    struct reference_instance *next;
    struct reference_master *master; /* also of a master itself */
    unsigned flags;                  /* FLAG_… */
    char ip[40];
    int port;
    char runid[ID_LENGTH + 1]; /* a sentinel's id; "": not known */
    int64_t s_down_ms;         /* start of the last time; 0: never */
    int64_t o_down_ms;

    /* the link */
    struct reference_conn *command;
    struct reference_conn *pubsub;
    size_t pending;
    int64_t tried_ms; /* to connect */
    int64_t act_ping_ms;
    int64_t last_ping_ms;
    int64_t last_avail_ms;
    int64_t last_pong_ms;
    int64_t activity_ms; /* on the pubsub connection */
    int64_t published_ms;

    /* from INFO */
    int64_t info_ms; /* 0: never */
    unsigned role;   /* FLAG_MASTER or FLAG_REPLICA */
    int64_t role_ms; /* of the first report of it */
    char follows_ip[40];
    int follows_port;
    int64_t follows_ms;   /* of the last change */
    bool link_up;         /* of a replica, to its master */
    int64_t link_down_ms; /* how long; negative: never up */
    int priority;
    uint64_t offset;
    int64_t reconf_ms; /* SLAVEOF was sent */

    /* from a sentinel */
    int64_t answered_ms;
    char leader[ID_LENGTH + 1]; /* "": no vote is known */
    uint64_t leader_epoch;
};

struct reference_master {
    struct reference *reference;
    int group;
    const char *name;
    struct reference_instance self;
    struct reference_instance *replicas;
    struct reference_instance *sentinels;
    uint64_t config_epoch;
    char leader[ID_LENGTH + 1];
    uint64_t leader_epoch;
    enum reference_failover_state state;
    uint64_t failover_epoch;
    int64_t state_ms;          /* of the last change */
    int64_t failover_start_ms; /* with a random part: can be ahead */
    struct reference_instance *promoted;
};

struct reference {
    struct world *world;
    struct rng rng;
    int host;
    char name[16];
    char ip[16];
    char id[ID_LENGTH + 1];
    struct state *disk;
    bool running;
    bool paused;
    bool dying;
    int64_t acts_left; /* until it is killed; -1: never */
    uint64_t life;     /* counts starts; the timer of an old one is dead */
    uint64_t current_epoch;
    bool tilt;
    int64_t tilt_ms;
    int64_t tick_ms; /* of the last tick */
    bool disputed;   /* see reference_has_disputed() */
    struct reference_master masters[MAX_GROUPS];
    struct reference_conn *conns;
};

/* ---- reference.c ---- */

int64_t reference_now_ms(const struct reference *reference);

/* Whether what has an effect outside may still happen: false from the moment
 * on at which it is killed, within the handling of one event. */
bool reference_may_act(struct reference *reference);

/* Notes that it is going to name a master under an EPOCH of which it cannot
 * claim to be the only owner. */
void reference_dispute(struct reference_master *master, uint64_t epoch);

/* To be called at the end of each event: it dies now if it is dying. */
void reference_settle(struct reference *reference);

/* ---- reference_state.c: instances, the disk ---- */

struct reference_instance *reference_add(struct reference_master *master,
                                         unsigned kind, const char *ip,
                                         int port, const char *runid);
struct reference_instance *
reference_find_replica(const struct reference_master *master, const char *ip,
                       int port);
void reference_remove(struct reference_instance **at);
bool reference_same_address(const struct reference_instance *instance,
                            const char *ip, int port);

/* Section 10.6: whom clients are given. */
const struct reference_instance *
reference_current(const struct reference_master *master);

/* Forgets all but the address, the sentinels (unless RESET says so too) and
 * the epochs. */
void reference_forget(struct reference_master *master, bool sentinels);
void reference_change_address(struct reference_master *master, const char *ip,
                              int port);

void reference_load(struct reference *reference);
void reference_unload(struct reference *reference);
void reference_save(struct reference *reference);

/* Into the trace: CHANNEL, then the instance (NULL: none), then DETAIL. */
void reference_notice(struct reference *reference, const char *channel,
                      const struct reference_instance *instance,
                      const char *detail);

/* ---- reference_link.c: connections and commands ---- */

extern const struct net_handler reference_handler;

bool reference_is_disconnected(const struct reference_instance *instance);
void reference_conn_close(struct reference_conn *conn);
void reference_links_close(struct reference_instance *instance);
void reference_conns_run(struct reference *reference); /* after a pause */
void reference_reconnect(struct reference_instance *instance);
void reference_close_stale(struct reference_instance *instance);

/* On the command connection, which must exist. */
void reference_send(struct reference_instance *instance,
                    enum reference_command command, const char *const *words,
                    size_t count);
void reference_ping(struct reference_instance *instance);

/* REPLICAOF and what goes with it; port 0 for NO ONE. */
void reference_replicaof(struct reference_instance *instance, const char *ip,
                         int port);

/* A packet that came in on one of its own connections; CONN can be gone
 * afterwards. */
void reference_take_reply(struct reference_instance *instance,
                          enum reference_command command,
                          const struct reply *reply);
void reference_take_command(struct reference_conn *conn,
                            const struct packet *packet);

/* ---- reference_info.c ---- */

void reference_take_info(struct reference_instance *instance, const char *text);

/* ---- reference_hello.c ---- */

void reference_send_hello(struct reference_instance *instance);
void reference_take_hello(struct reference *reference, const char *text);
void reference_force_hello(struct reference_master *master);

/* ---- reference_down.c: who is down ---- */

int64_t reference_down_after_ms(const struct reference *reference);
void reference_check_sdown(struct reference_instance *instance);
void reference_check_odown(struct reference_master *master);

/* ---- reference_vote.c ---- */

void reference_ask_all(struct reference_master *master, bool forced);
void reference_take_answer(struct reference_instance *sentinel,
                           const struct reply *reply);
struct reply *reference_answer(struct reference *reference,
                               const struct packet *packet);

/* The id of the leader, "" for none. */
const char *reference_count_votes(struct reference_master *master,
                                  uint64_t epoch);

/* ---- reference_failover.c ---- */

int64_t reference_failover_timeout_ms(const struct reference *reference);
struct reference_instance *
reference_select(const struct reference_master *master);
void reference_start_failover(struct reference_master *master);
bool reference_start_failover_if_needed(struct reference_master *master);
void reference_step_failover(struct reference_master *master);
void reference_promoted(struct reference_master *master);

#endif
