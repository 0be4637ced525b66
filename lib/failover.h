/* The failover states.
 *
 *   none -> wait_start -> select_slave -> send_slaveof_noone
 *        -> wait_promotion -> reconf_slaves -> update_config -> none
 *
 * Every state up to wait_promotion may fall back to none: the failover is
 * given up and nothing has been told. So may reconf_slaves when a newer
 * configuration becomes known. */
#ifndef LIB_FAILOVER_H
#define LIB_FAILOVER_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct master;

/* Starts a failover of MASTER when it is objectively down and it is our turn,
 * and takes every step that can be taken now. Returns when to look again. Not
 * to be called in tilt. */
uint64_t failover_run(struct core *core, struct master *master);

/* SENTINEL FAILOVER: starts one without election. None may be in progress.
 * COORDINATED asks for votes all the same, and has the master itself hand
 * over. */
void failover_force(struct core *core, struct master *master, bool coordinated);

/* All that waits for the disk may go on. */
void failover_persisted(struct core *core);

/* The disk failed: elections whose own vote is not on disk are given up. */
void failover_disk_failed(struct core *core);

/* The name of the state as shown by SENTINEL MASTER. */
const char *failover_state_name(const struct master *master);

/* An operator ends the failover of MASTER, if there is one. A promotion that
 * has been told, or whose write is under way, stays: its config epoch must not
 * be said of the old address. */
void failover_cut_short(struct core *core, struct master *master);

/* Ends a failover that a newer configuration has overtaken. */
void failover_drop(struct core *core, struct master *master);

#endif
