/* What hello messages bring: other sentinels, their addresses, newer epochs
 * and newer configurations. */
#ifndef LIB_DISCOVERY_H
#define LIB_DISCOVERY_H

struct core;
struct instance;
struct link;

/* Takes in the hello message TEXT. FROM is the instance on whose channel it
 * came, or NULL when a peer sent it to us directly. */
void discovery_take_hello(struct core *core, struct instance *from,
                          const char *text);

/* A hello with our own id came by LINK: ours that comes back, or that of a
 * sentinel which was started from a copy of our file, which is logged once. */
void discovery_take_own(struct core *core, const struct link *link,
                        const char *text);

#endif
