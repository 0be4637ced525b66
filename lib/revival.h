/* When the network is back: all that is silent is tried at once, so that nobody
 * is replaced only because his connection came back later than others. */
#ifndef LIB_REVIVAL_H
#define LIB_REVIVAL_H

struct channel;
struct core;

/* CHANNEL works: if its instance was down for want of an answer, everybody who
 * still is gets his connections anew, once in ten seconds at most. No failover
 * is begun before a slot of the election has passed since then. */
void revival_check(struct core *core, const struct channel *channel);

#endif
