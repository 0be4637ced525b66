/* The safety rules, checked after every step of every sentinel: one leader
 * and one vote, epochs that only grow, one address for a config epoch, and
 * nothing said that is not on disk. */
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

/* After each step; also reads all queries of the core now and then. */
void checker_step(struct checker *checker, struct node *node);

/* A notice is published. */
void checker_notice(struct checker *checker, struct node *node,
                    const char *channel, const char *text);

/* A command leaves the process. */
void checker_sent(struct checker *checker, struct node *node,
                  enum command_kind kind, const char *const *words,
                  size_t count);

/* An answer about the master at ASKED_IP leaves the process. */
void checker_answered(struct checker *checker, struct node *node,
                      const char *asked_ip, const struct answer *answer);

/* WRITTEN replaces what is on the node's disk. */
void checker_disk(struct checker *checker, struct node *node,
                  const struct state *written);

/* The process was killed: its memory is gone, its disk is not. */
void checker_killed(struct checker *checker, struct node *node);

/* An operator has ordered NODE to fail over: its next failover needs no
 * election and has no claim to a config epoch of its own. */
void checker_forced(struct checker *checker, struct node *node);

#endif
