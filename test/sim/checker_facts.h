/* What the checker keeps: facts that must stay true for the life of a world,
 * and figures of each sentinel. Only for the checker's own files. */
#ifndef SIM_CHECKER_FACTS_H
#define SIM_CHECKER_FACTS_H

#include "checker.h"
#include "world.h"

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

enum fact_kind {
    FACT_LEADER,  /* of a group in an epoch: the leader's id */
    FACT_VOTE,    /* of a host for a group in an epoch: whom it chose */
    FACT_ADDRESS, /* of a group in a config epoch: "ip:port" */
    FACT_FORCED   /* a failover of a group that needed no majority of all
                   * sentinels took this epoch */
};

struct fact_key {
    enum fact_kind kind;
    int group;
    int host; /* 0 where it does not matter */
    int unused;
    uint64_t epoch;
};

struct fact {
    UT_hash_handle hh;
    struct fact_key key;
    char value[64];
};

/* What one sentinel has heard of another about a group. */
struct opinion {
    bool down;
    uint64_t heard_ms; /* by the listener's clock; 0 for never */
    uint64_t epoch;    /* of the vote */
    bool vote_for_me;  /* in that epoch */
};

/* What is known of one sentinel. */
struct figures {
    uint64_t epoch_in_memory;
    uint64_t epoch_in_hello;
    uint64_t last_new_epoch; /* named by +new-epoch */
    bool forced_next;        /* FAILOVER was ordered */
    bool ordered_next;       /* FAILOVER COORDINATED was ordered */
    struct {
        uint64_t candidate_epoch; /* of the last +try-failover */
        bool candidate_forced;
        uint64_t config_epoch; /* in memory */
        bool forgotten;        /* REMOVE: it begins anew */
        bool ever_forgotten;   /* what was said before may be on its way */
        struct opinion opinions[MAX_SENTINELS + 1]; /* by number */
    } groups[MAX_GROUPS];
};

struct checker {
    struct world *world;
    struct fact *facts;
    struct figures *figures[NET_HOSTS]; /* NULL until needed */
    uint64_t steps;
    uint64_t promotions;
};

struct figures *checker_figures(struct checker *checker,
                                const struct node *node);

/* NULL when nothing was said. */
const struct fact *checker_find(const struct checker *checker,
                                struct fact_key key);

/* VALUE is said now; RULE names what is broken if it was another. */
void checker_state(struct checker *checker, const char *rule,
                   struct fact_key key, const char *value);

/* NODE says a number that a restart must not make untrue. */
void checker_saved(struct checker *checker, const struct node *node,
                   const char *what, uint64_t said, uint64_t on_disk);

/* checker_hello.c */
void checker_hello(struct checker *checker, const struct node *node,
                   const char *text);

/* checker_votes.c */
void checker_vote(struct checker *checker, const struct node *node, int group,
                  uint64_t epoch, const char *leader);
void checker_asked(struct checker *checker, const struct node *node,
                   const char *const *words);
void checker_tried(struct checker *checker, const struct node *node, int group);
void checker_elected(struct checker *checker, const struct node *node,
                     int group);
void checker_vote_notice(struct checker *checker, const struct node *node,
                         const char *text);

/* checker_promotion.c */
void checker_promotes(struct checker *checker, const struct node *node,
                      int target);
void checker_promoted(struct checker *checker, const struct node *node,
                      const char *text);

#endif
