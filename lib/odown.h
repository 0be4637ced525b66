/* Objectively down: the others are asked, and enough of them agree. */
#ifndef LIB_ODOWN_H
#define LIB_ODOWN_H

#include "event.h"

#include <stdint.h>

struct core;
struct instance;
struct master;

/* Counts who agrees and sets or clears the flag of MASTER, with its notice. */
void odown_run(struct core *core, struct master *master);

/* Asks SENTINEL about its master when that is due, and forgets an answer that
 * has grown old. Returns when to look again. */
uint64_t odown_run_ask(struct core *core, struct instance *sentinel);

/* Has all sentinels of MASTER asked at once: it went down here, or a vote is
 * wanted. */
void odown_ask_all(struct core *core, struct master *master);

/* A peer asks about MASTER, so it sees it down: those who said no before are
 * asked again, since one of them has changed its mind. */
void odown_hint(struct core *core, struct master *master);

/* The answer of SENTINEL to the question SERIAL. */
void odown_take_answer(struct core *core, struct instance *sentinel,
                       uint64_t serial, const struct reply *reply);

#endif
