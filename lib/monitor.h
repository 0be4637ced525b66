/* What to send when: INFO and hello messages of one instance. */
#ifndef LIB_MONITOR_H
#define LIB_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct instance;
struct link;
struct master;

/* Sends INFO and hello when due; returns when to look again. */
uint64_t monitor_run(struct core *core, struct instance *instance);

/* Sends INFO now, also when one is outstanding: its answer tells of what was
 * sent before it. No effect without a connection. */
void monitor_ask_info(struct core *core, struct instance *instance);

/* What this sentinel announces of itself in hellos over LINK. */
const char *monitor_own_ip(const struct core *core, const struct link *link);
int monitor_own_port(const struct core *core);

/* Has a hello sent at once to all that belongs to MASTER. */
void monitor_force_hello(struct core *core, struct master *master);

#endif
