/* Changing what a data server replicates from: one transaction, with the old
 * spellings for servers that refuse the new ones. */
#ifndef LIB_REPLICATION_H
#define LIB_REPLICATION_H

#include "event.h"

#include <stdbool.h>

struct addr;
struct core;
struct instance;

/* Sends MULTI, REPLICAOF, CONFIG REWRITE, CLIENT KILL, EXEC, and an INFO
 * behind them. TARGET NULL makes it a master. False when there is no
 * connection. */
bool replication_set(struct core *core, struct instance *instance,
                     const struct addr *target);

/* A reply to one of those commands. What was refused is left out or spelled
 * as of old, and the rest is sent again at once. */
void replication_reply(struct core *core, struct instance *instance,
                       const struct command_tag *tag,
                       const struct reply *reply);

#endif
