/* What is going to happen in the simulated world, in order of time. */
#include "queue.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool before(const struct queue_item *a, const struct queue_item *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us;
    return a->serial < b->serial;
}

static void swap(struct queue_item *a, struct queue_item *b)
{
    struct queue_item kept = *a;

    *a = *b;
    *b = kept;
}

void queue_add(struct queue *queue, uint64_t time_us, queue_run *run,
               void *object, uint64_t value)
{
    size_t at = queue->count;

    if (queue->count == queue->size) {
        queue->size = queue->size != 0 ? queue->size * 2 : 64;
        queue->items = xrealloc(queue->items,
                                queue->size * sizeof(*queue->items));
    }
    queue->items[queue->count++] = (struct queue_item){time_us, queue->serial++,
                                                       run, object, value};
    while (at > 0 && before(&queue->items[at], &queue->items[(at - 1) / 2])) {
        swap(&queue->items[at], &queue->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

const struct queue_item *queue_first(const struct queue *queue)
{
    assert(queue->count > 0);
    return &queue->items[0];
}

struct queue_item queue_take(struct queue *queue)
{
    struct queue_item taken = *queue_first(queue);
    size_t at = 0;

    queue->items[0] = queue->items[--queue->count];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < queue->count &&
                before(&queue->items[child], &queue->items[least]))
                least = child;
        if (least == at)
            return taken;
        swap(&queue->items[at], &queue->items[least]);
        at = least;
    }
}

void queue_clear(struct queue *queue)
{
    free(queue->items);
    memset(queue, 0, sizeof(*queue));
}
