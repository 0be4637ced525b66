/* Replies to the commands sent on links: each to whom it concerns. */
#ifndef LIB_REPLY_H
#define LIB_REPLY_H

#include "event.h"

#include <stdint.h>

struct core;

/* Takes in the REPLY to the command TAG on connection CONN. Ignored when the
 * connection or the instance is gone. */
void reply_take(struct core *core, uint64_t conn, const struct command_tag *tag,
                const struct reply *reply);

#endif
