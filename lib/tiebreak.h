/* Sentinels that name different addresses in the same config epoch: after two
 * failovers at once, one of them forced, or with files that disagree from the
 * start. Epochs alone would never bring them together. */
#ifndef LIB_TIEBREAK_H
#define LIB_TIEBREAK_H

struct addr;
struct core;
struct instance;

/* SENTINEL names ADDR (copied) in the config epoch that we have too. When it
 * differs from ours, and most sentinels name it, it is followed; when no
 * address has a majority for some time, the one that most name, and among
 * equals the smallest, wins everywhere. An address that no server has which we
 * know makes us ask anew for the name of our master, if it has one. */
void tiebreak_take(struct core *core, struct instance *sentinel,
                   const struct addr *addr);

#endif
