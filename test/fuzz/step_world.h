/* A core with a driver, a disk and servers that can do anything at any moment,
 * and also what they are supposed to do: so that few bytes of input lead deep
 * into elections and failovers. */
#ifndef TEST_FUZZ_STEP_WORLD_H
#define TEST_FUZZ_STEP_WORLD_H

#include "../../lib/core.h"
#include "../../sentinel/held.h"
#include "fuzz.h"

#define CONNS_MAX 128
#define SENT_MAX 1024
#define SERVERS 4   /* 10.0.0.1 and so on, port 6379 */
#define SENTINELS 3 /* 10.0.1.1 and so on, port 26379 */
#define FACTS_MAX 512
#define ASKED_MAX 64

#define OWN_ID "0000000000000000000000000000000000000000"

/* A connection that the core has asked for. */
struct step_conn {
    uint64_t id;
    char ip[48];
    int port;
    bool up;
};

/* A command that has left, not answered yet. */
struct step_sent {
    uint64_t conn;
    struct command_tag tag;
    uint64_t asked_epoch;          /* COMMAND_ASK */
    char candidate[ID_LENGTH + 1]; /* COMMAND_ASK; "" or "*": no vote */
    char host[48];                 /* COMMAND_REPLICAOF; "" for nobody */
};

/* A data server as it should be. */
struct step_server {
    bool dead;
    bool is_replica;
    unsigned of; /* which server it replicates from */
    uint64_t offset;
};

/* A vote that was told: must never become another one. */
struct step_fact {
    char master[32];
    unsigned generation; /* of the master: it was removed so often */
    uint64_t epoch;
    char leader[ID_LENGTH + 1];
};

/* A question of another sentinel that has not been answered yet. */
struct step_asked {
    uint64_t client;
    char master[32]; /* whom it is about when only one can be meant, or "" */
};

struct step_world {
    struct fuzz_input input;
    struct core *core;
    uint64_t now_ms;
    uint64_t served_ms; /* so much of it with step_serve() */
    struct step_conn conns[CONNS_MAX];
    size_t conn_count;
    uint64_t last_conn; /* ids are never used twice */
    struct step_sent sent[SENT_MAX];
    size_t sent_count;

    /* The disk, as the driver uses it. */
    struct held_queue held;
    struct state *durable; /* what a restart finds */
    struct state *writing; /* NULL: no write is under way */
    uint64_t asked;
    uint64_t covered;

    struct step_server servers[SERVERS];
    bool sentinel_dead[SENTINELS];
    unsigned vote_of[SENTINELS]; /* how it answers */

    /* For the rules. */
    struct step_fact facts[FACTS_MAX];
    size_t fact_count;
    struct step_asked asks[ASKED_MAX];
    size_t ask_count;
    unsigned generation; /* REMOVE so far, of any master */
    uint64_t current_epoch;
    uint64_t clients; /* that have asked so far */
    uint64_t client;  /* of the request of this step, or 0 */
    unsigned answers; /* to it */
    bool crashed;     /* ACTION_CRASH was run */
    char text[4096];
};

/* ---- step_world.c ---- */

/* Starts a core from world->durable. */
void step_start(struct step_world *world);

/* Feeds EVENT, takes in what follows, and checks the rules. */
void step_feed(struct step_world *world, const struct event *event);

/* The write under way ends. */
void step_disk(struct step_world *world, bool ok);

/* All but what is on disk is lost; LANDED: the write under way is on disk. */
void step_crash(struct step_world *world, bool landed);

void step_free(struct step_world *world);

struct step_conn *step_find_conn(struct step_world *world, uint64_t id);
void step_drop_conn(struct step_world *world, uint64_t id);

/* ---- step_serve.c ---- */

/* Servers, sentinels and disk do what is expected of them, while SPAN_MS
 * pass. */
void step_serve(struct step_world *world, uint64_t span_ms);

/* One command is answered as expected: the oldest, or NUMBER behind it. */
void step_serve_one(struct step_world *world, size_t number);

/* Takes what is needed from the words of a command. */
void step_note_sent(struct step_sent *sent, const char *const *words,
                    size_t count);

/* The server is told whom to replicate from. */
void step_obey(struct step_world *world, const struct step_sent *sent,
               const struct step_conn *conn);

/* ---- step_check.c ---- */

/* An action that is run: what it says must rest on the disk. */
void step_check_action(struct step_world *world, const struct action *action);

/* An action as the core gives it. */
void step_check_given(struct step_world *world, const struct action *action);

/* Behind each step. */
void step_check_core(struct step_world *world);

/* STATE is about to take the place of world->durable. */
void step_check_write(struct step_world *world, const struct state *state);

/* A question about IP and PORT comes from CLIENT. */
void step_check_asked(struct step_world *world, uint64_t client, const char *ip,
                      int64_t port);

#endif
