/* Votes given and received: who leads the failover of a master in an epoch,
 * and when a sentinel may ask for votes itself. */
#ifndef LIB_ELECTION_H
#define LIB_ELECTION_H

#include "event.h"
#include "quorum.h"

#include <stdbool.h>
#include <stdint.h>

struct core;
struct master;

/* Answers SENTINEL is-master-down-by-addr, with a vote when one is asked for.
 * At most one vote is given for each master and epoch, and it is on disk before
 * it is told. */
void election_answer(struct core *core, const struct request *request);

/* Votes for this sentinel in the failover epoch of MASTER; the caller has just
 * raised the current epoch to it. */
void election_vote_for_self(struct core *core, struct master *master);

/* How the election of MASTER stands for this sentinel. */
enum quorum_verdict election_judge(const struct core *core,
                                   const struct master *master);

/* The earliest moment at which this sentinel may start a failover of MASTER,
 * which is objectively down: by rank among the sentinels that are up, later
 * when it has lost an election or given its vote away. May change with any
 * event. */
uint64_t election_start_ms(const struct core *core,
                           const struct master *master);

/* An election was lost as VERDICT says: when to try again. */
void election_lost(struct core *core, struct master *master,
                   enum quorum_verdict verdict);

/* A failover was given up for another reason. */
void election_pause(struct core *core, struct master *master);

#endif
