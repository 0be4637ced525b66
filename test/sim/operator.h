/* What operators do in the simulated world: commands to a sentinel, faults of
 * sentinels and their disks. */
#ifndef SIM_OPERATOR_H
#define SIM_OPERATOR_H

#include "node.h"

/* ---- Commands. They let time pass until the answer is there and return it:
 * "+OK", "-ERR …", ":1", "1 s2 5" for an answer about a master, or "killed".
 * The text lives until the next command. In a hurried world they return ""
 * and no time passes. ---- */

const char *sentinel_failover(struct world *world, int sentinel,
                              const char *name);
const char *sentinel_coordinate(struct world *world, int sentinel,
                                const char *name);
const char *sentinel_reset(struct world *world, int sentinel,
                           const char *pattern);
const char *sentinel_monitor(struct world *world, int sentinel,
                             const char *name, const char *ip, const char *port,
                             const char *quorum);
const char *sentinel_remove(struct world *world, int sentinel,
                            const char *name);

/* WORDS: option and value, separated by blanks. */
const char *sentinel_set(struct world *world, int sentinel, const char *name,
                         const char *words);
const char *sentinel_config_set(struct world *world, int sentinel,
                                const char *words);
const char *sentinel_debug(struct world *world, int sentinel,
                           const char *words);
const char *sentinel_flush(struct world *world, int sentinel);
const char *sentinel_simulate(struct world *world, int sentinel, unsigned bits);

/* is-master-down-by-addr about HOST. CANDIDATE is "*", or an id. */
const char *sentinel_ask(struct world *world, int sentinel, int host,
                         uint64_t epoch, const char *candidate);

/* PUBLISH of a hello. */
const char *sentinel_hello(struct world *world, int sentinel, const char *text);

/* ---- Faults ---- */

void sentinel_crash(struct world *world, int sentinel); /* as kill -9 */
void sentinel_crash_at(struct world *world, int sentinel, uint64_t time_ms);
void sentinel_restart(struct world *world, int sentinel);
void sentinel_restart_at(struct world *world, int sentinel, uint64_t time_ms);
void sentinel_pause(struct world *world, int sentinel); /* as SIGSTOP */
void sentinel_resume(struct world *world, int sentinel);

/* It dies before its action number COUNT from now on (0: the next). */
void sentinel_crash_after(struct world *world, int sentinel, uint64_t count);

/* Writes end without success from now on. */
void disk_fail(struct world *world, int sentinel);
/* No write ends until it is healed. */
void disk_stall(struct world *world, int sentinel);
void disk_heal(struct world *world, int sentinel);

/* ---- Looking ---- */

bool sentinel_runs(struct world *world, int sentinel);

/* It runs and is not paused. */
bool sentinel_is_up(struct world *world, int sentinel);

/* The host that SENTINEL gives to clients as the master of GROUP; NONE when
 * it does not run or does not know. */
int sentinel_master(struct world *world, int sentinel, int group);

/* Whether a failover of GROUP's master is in progress there. */
bool sentinel_is_busy(struct world *world, int sentinel, int group);

/* Flags (FLAG_…) of what SENTINEL knows as master of GROUP. */
unsigned sentinel_master_flags(struct world *world, int sentinel, int group);

#endif
