/* Clients: they ask a sentinel for the master, write to it again and again,
 * and keep account of what it acknowledged. */
#ifndef SIM_WRITER_H
#define SIM_WRITER_H

#include "account.h"

/* The hosts of clients: cuts of the network hold for them, too. */
#define CLIENT(number) (SENTINEL(MAX_SENTINELS) + (number))
#define WRITERS_MAX 9

struct writers;

struct writers_options {
    int group;            /* whose master they write to */
    int first;            /* CLIENT(FIRST) and those behind it: */
    int count;            /* so many */
    uint64_t interval_ms; /* between two writes of one of them; 0: 100 */
};

/* They write until writers_stop(). Every other one also listens to what a
 * sentinel says of a new master. Free it behind the world, whose queue has
 * them until then. */
struct writers *writers_new(struct world *world,
                            struct writers_options options);
void writers_stop(struct writers *writers);
void writers_free(struct writers *writers);

const struct account *writers_account(const struct writers *writers);

#endif
