/* The safety rules, checked after every step of every sentinel: one leader
 * and one vote, epochs that only grow, one address for a config epoch, no
 * failover without quorum and majority, no unfit replica promoted, and nothing
 * said that is not on disk. */
#ifndef SIM_CHECKER_H
#define SIM_CHECKER_H

#include "../../lib/core.h"

#include <stdbool.h>
#include <stddef.h>

struct checker;
struct node;
struct world;

struct checker *checker_new(struct world *world);
void checker_free(struct checker *checker);

/* How many steps were checked, and promotions told. */
uint64_t checker_steps(const struct checker *checker);
uint64_t checker_promotions(const struct checker *checker);

/* After each step; also reads all queries of the core now and then. */
void checker_step(struct checker *checker, struct node *node);

/* The core decides to publish a notice. */
void checker_decided(struct checker *checker, struct node *node,
                     const char *channel, const char *text);

/* It is published. */
void checker_notice(struct checker *checker, struct node *node,
                    const char *channel, const char *text);

/* A command leaves the process for the host TARGET (-1: for none). */
void checker_sent(struct checker *checker, struct node *node, int target,
                  enum command_kind kind, const char *const *words,
                  size_t count);

/* An answer about the master at ASKED_IP leaves the process. */
void checker_answered(struct checker *checker, struct node *node,
                      const char *asked_ip, const struct answer *answer);

/* The sentinel at PEER has answered NODE's question about GROUP's master. */
void checker_heard(struct checker *checker, struct node *node, int peer,
                   int group, const struct reply *reply);

/* WRITTEN replaces what is on the node's disk. */
void checker_disk(struct checker *checker, struct node *node,
                  const struct state *written);

/* The process was killed: its memory is gone, its disk is not. */
void checker_killed(struct checker *checker, struct node *node);

/* An operator has ordered NODE to fail over: its next failover needs no
 * election and has no claim to a config epoch of its own. */
void checker_forced(struct checker *checker, struct node *node);

/* The same for a coordinated failover, which needs an election, but nobody
 * who thinks that the master is down. */
void checker_ordered(struct checker *checker, struct node *node);

/* Such an order was refused. */
void checker_refused(struct checker *checker, struct node *node);

/* The sentinel ID, a reference seat, leads a failover of GROUP in EPOCH. */
void checker_reference_leads(struct checker *checker, int group, uint64_t epoch,
                             const char *id);

/* A reference seat uses EPOCH as its config epoch without being the only one
 * that may. */
void checker_reference_disputes(struct checker *checker, int group,
                                uint64_t epoch);

/* An operator has NODE forget the master of GROUP. */
void checker_removed(struct checker *checker, struct node *node, int group);

#endif
