/* Commands to other processes: words renamed, counted, tagged. */
#ifndef LIB_SEND_H
#define LIB_SEND_H

#include "action.h"
#include "link.h"

#include <stddef.h>
#include <stdint.h>

struct core;
struct instance;

/* Sends WORDS for INSTANCE on CHANNEL of its link. The first word, and only
 * it, goes through the rename map. SERIAL comes back with the reply. */
void send_words(struct core *core, const struct instance *instance,
                struct channel *channel, enum action_wait wait,
                enum command_kind kind, uint64_t serial,
                const char *const *words, size_t count);

/* AUTH when there are credentials for INSTANCE, then CLIENT SETNAME. */
void send_greeting(struct core *core, const struct instance *instance,
                   struct channel *channel, const char *suffix);

/* Whether another periodic command may be sent on the link. */
bool send_allowed(const struct link *link);

#endif
