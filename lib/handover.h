/* A coordinated failover: the master itself hands over to the selected replica
 * with its FAILOVER command, so that no acknowledged write is lost. */
#ifndef LIB_HANDOVER_H
#define LIB_HANDOVER_H

#include "event.h"

#include <stdbool.h>

struct core;
struct instance;
struct master;

/* Tells the master to pause writes and to fail over to the promoted replica.
 * False when it cannot be reached now. */
bool handover_start(struct core *core, struct master *master);

/* Whether less time is left of the failover than a handover needs. */
bool handover_is_late(const struct core *core, const struct master *master);

/* The promotion is known and the old master has been told to follow: the new
 * one saves its role and sends its clients away, and the old one's pause
 * ends. */
void handover_end(struct core *core, struct master *master);

/* The failover was given up: the master takes writes again. */
void handover_abort(struct core *core, struct master *master);

/* A reply to one of those commands. */
void handover_reply(struct core *core, struct instance *instance,
                    const struct command_tag *tag, const struct reply *reply);

#endif
