/* Reset of a master, and its change to a new address. */
#ifndef LIB_SWITCH_H
#define LIB_SWITCH_H

#include <stdint.h>

struct addr;
struct core;
struct instance;
struct master;

/* SENTINEL RESET: replicas and sentinels are forgotten, a failover in progress
 * is dropped, connections are made anew. The caller asks for the write. */
void switch_reset(struct core *core, struct master *master);

/* The master is at ADDR from now on; the old one becomes a replica. Emits
 * +switch-master and +slave and asks for the write. All evidence about the old
 * address is forgotten. ADDR is copied. */
void switch_address(struct core *core, struct master *master,
                    const struct addr *addr);

/* SENTINEL tells of a configuration with a higher epoch and another address,
 * or one of the same epoch that has won the tie: it is followed. */
void switch_from_peer(struct core *core, struct instance *sentinel,
                      const struct addr *addr, uint64_t config_epoch);

/* Queues the client-reconfig-script of MASTER, if there is one. */
void switch_call_script(struct core *core, const struct master *master,
                        const char *role, const struct addr *from,
                        const struct addr *to);

#endif
