/* Turning the other replicas to the promoted one, parallel-syncs at a time. */
#ifndef LIB_RECONF_H
#define LIB_RECONF_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct master;

/* One round: time-outs first, then further replicas are sent to the promoted
 * one. Returns true when all are done, or the time is over, and the failover
 * has ended; else *NEXT is when to look again. */
bool reconf_run(struct core *core, struct master *master, uint64_t *next);

#endif
