/* What an INFO text means: discovery of replicas, change of role, replicas
 * that must be put right. */
#ifndef LIB_ROLE_H
#define LIB_ROLE_H

#include <stdint.h>

struct core;
struct instance;

/* Takes in the INFO text of a master or replica, asked for at ASKED_MS. */
void role_take_info(struct core *core, struct instance *instance,
                    const char *text, uint64_t asked_ms);

#endif
