/* A simulated sentinel: a core, its disk, and a driver that runs the core's
 * actions as action.h demands. It can be killed between any two of them. */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "../../lib/core.h"
#include "world.h"

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

/* A command that was sent. */
struct node_sent {
    struct command_tag tag;
    int group; /* that an is-master-down-by-addr is about, or -1 */
};

/* A connection that the core asked for. */
struct node_link {
    UT_hash_handle hh; /* by conn */
    struct node *node;
    uint64_t conn; /* the core's name for it */
    struct net_end *end;
    bool established;
    struct packet_list waiting; /* until it is established */
    struct node_sent *sent;     /* without a reply, oldest first */
    size_t sent_count;
    size_t sent_size;
};

/* A connection that came in. */
struct node_client {
    UT_hash_handle hh; /* by id */
    uint64_t id;
    bool authorised;
    struct net_end *end;
    bool waiting; /* for the core's answer; later commands queue up */
    struct packet_list inbox;
    char asked_ip[40]; /* by the last is-master-down-by-addr */
};

/* A host name that is being looked up. */
struct node_lookup {
    struct node_lookup *next;
    uint64_t id;
    char *host;
};

struct node_input;
struct node_held;

struct node {
    struct world *world;
    int host;
    char name[16];
    char ip[16];
    char id[41];
    struct core *core; /* NULL when not running */
    uint64_t life;     /* counts starts; what belongs to an old one is dead */
    uint64_t clock_ms; /* when the world began */
    int64_t clock_ppm; /* how much faster it runs than the world's, < 1000000 */
    bool dying;
    bool paused;
    struct node_input *inbox; /* what came in while paused, in order */
    struct node_input *inbox_last;
    uint64_t armed_us; /* the timer; UINT64_MAX: none */
    uint64_t spin_ms;
    unsigned spins;

    struct state *disk; /* what a restart finds */
    struct state *writing;
    uint64_t writing_serial;
    uint64_t wanted_serial;
    uint64_t done_serial;
    bool write_planned;
    bool disk_failing;
    bool disk_stalled;      /* no write ends */
    struct node_held *held; /* in order */

    struct node_link *links;
    struct node_client *clients;
    uint64_t next_client;
    uint64_t operator_client; /* whose answer goes to world->answer */
    char operator_ip[40];     /* that is-master-down-by-addr named */
    struct node_lookup *lookups;
    int64_t actions_left; /* until it is killed; -1: never */
    uint64_t actions_run;
};

/* A sentinel with STATE on its disk (taken over), started. */
struct node *node_new(struct world *world, int host, struct state *state);
void node_free(struct node *node);

struct node *node_at(struct world *world, int host);

uint64_t node_now_ms(const struct node *node);

/* Feeds EVENT and runs what comes of it; the node must run. */
void node_feed(struct node *node, const struct event *event);

/* Starts the process from its disk; it must not run. */
void node_start(struct node *node);

/* Kills the process: what is not on disk is lost. A write under way may or
 * may not have reached the disk. */
void node_kill(struct node *node, const char *why);

/* ---- For the parts of the driver ---- */

extern const struct net_handler node_handler;

/* Runs one action, whatever it waits for. With SAVED false a reply takes its
 * form for a failed write. */
void node_run_action(struct node *node, const struct action *action,
                     bool saved);

/* node_disk.c: PERSIST, writes, and the actions that wait for them. */
void node_persist(struct node *node, uint64_t serial);
void node_hold(struct node *node, const struct action *action);
void node_written(struct node *node);
void node_disk_lost(struct node *node); /* the process was killed */

/* node_input.c: all that comes in passes here, so that a paused process gets
 * it later. */
enum node_input_type {
    INPUT_LINK_ESTABLISHED,
    INPUT_LINK_RECEIVED,
    INPUT_LINK_CLOSED,
    INPUT_CLIENT_RECEIVED, /* packet NULL: go on with what waits */
    INPUT_CLIENT_CLOSED,
    INPUT_TIMER,
    INPUT_WRITTEN,
    INPUT_RESOLVED
};
struct node_input {
    struct node_input *next;
    enum node_input_type type;
    uint64_t id; /* of the link or client, which can be gone by then */
    struct packet *packet;
    char *text; /* reason, or host name */
};
void node_input(struct node *node, struct node_input input);
void node_inputs_run(struct node *node);
void node_inputs_drop(struct node *node);
void node_resolve(struct node *node, const char *host);
void node_timer(struct node *node);

/* node_link.c: connections that the core asked for. */
void node_link_open(struct node *node, const struct action *action);
void node_link_close(struct node *node, const struct action *action);
void node_link_send(struct node *node, const struct action *action);
void node_link_established(struct node *node, uint64_t conn);
void node_link_received(struct node *node, uint64_t conn,
                        const struct packet *packet);
void node_link_closed(struct node *node, uint64_t conn, const char *reason);
void node_links_drop(struct node *node);

/* node_client.c: connections that come in. */
void node_client_accepted(struct node *node, struct net_end *end);
void node_client_received(struct node *node, uint64_t id,
                          struct packet *packet); /* takes it over */
void node_client_closed(struct node *node, uint64_t id);
void node_client_answer(struct node *node, uint64_t id,
                        const struct answer *answer);
void node_clients_drop(struct node *node);

/* TEXT with the ids of sentinels replaced by their names; to be freed. */
char *node_readable(const struct world *world, const char *text);

/* A deep copy. */
struct state *node_copy_state(const struct state *state);

#endif
