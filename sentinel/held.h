/* Actions that wait for the disk: copied, in order, behind the writes they
 * wait for. */
#ifndef SENTINEL_HELD_H
#define SENTINEL_HELD_H

#include "../lib/action.h"

#include <stdbool.h>

struct held_action;

struct held_queue {
    struct held_action *first;
    struct held_action *last;
};

void held_init(struct held_queue *queue);
void held_clear(struct held_queue *queue);

/* Appends a copy of ACTION. */
void held_add(struct held_queue *queue, const struct action *action);

/* The oldest action, or NULL. Valid until held_drop(). */
const struct action *held_first(const struct held_queue *queue);
void held_drop(struct held_queue *queue);

#endif
