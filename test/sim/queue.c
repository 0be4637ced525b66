/* What is going to happen in the simulated world, in order of time. */
#include "queue.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FAN 4 /* children of an item: flatter is kinder to the cache */

static bool before(const struct queue_item *a, const struct queue_item *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us;
    return a->serial < b->serial;
}

void queue_add(struct queue *queue, uint64_t time_us, queue_run *run,
               void *object, uint64_t value)
{
    struct queue_item item = {time_us, queue->serial++, run, object, value};
    size_t at = queue->count;

    if (queue->count == queue->size) {
        queue->size = queue->size != 0 ? queue->size * 2 : 64;
        queue->items = xrealloc(queue->items,
                                queue->size * sizeof(*queue->items));
    }
    queue->count++;
    while (at > 0 && before(&item, &queue->items[(at - 1) / FAN])) {
        queue->items[at] = queue->items[(at - 1) / FAN];
        at = (at - 1) / FAN;
    }
    queue->items[at] = item;
}

const struct queue_item *queue_first(const struct queue *queue)
{
    assert(queue->count > 0);
    return &queue->items[0];
}

static size_t earliest_child(const struct queue *queue, size_t at)
{
    size_t first = at * FAN + 1;
    size_t end = first + FAN < queue->count ? first + FAN : queue->count;
    size_t earliest = first;

    for (size_t child = first + 1; child < end; child++)
        if (before(&queue->items[child], &queue->items[earliest]))
            earliest = child;
    return earliest;
}

struct queue_item queue_take(struct queue *queue)
{
    struct queue_item taken = *queue_first(queue);
    struct queue_item last = queue->items[--queue->count];
    size_t at = 0;

    while (at * FAN + 1 < queue->count) {
        size_t child = earliest_child(queue, at);

        if (!before(&queue->items[child], &last))
            break;
        queue->items[at] = queue->items[child];
        at = child;
    }
    queue->items[at] = last;
    return taken;
}

void queue_clear(struct queue *queue)
{
    free(queue->items);
    memset(queue, 0, sizeof(*queue));
}
