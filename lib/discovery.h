/* What hello messages bring: other sentinels, their addresses, newer epochs
 * and newer configurations. */
#ifndef LIB_DISCOVERY_H
#define LIB_DISCOVERY_H

struct core;
struct instance;

/* Takes in the hello message TEXT. FROM is the instance on whose channel it
 * came, or NULL when a peer sent it to us directly. */
void discovery_take_hello(struct core *core, struct instance *from,
                          const char *text);

#endif
