/* What is going to happen in the simulated world, in order of time. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stddef.h>
#include <stdint.h>

typedef void queue_run(void *object, uint64_t value);

struct queue_item {
    uint64_t time_us;
    uint64_t serial; /* keeps what is due at one time in order of addition */
    queue_run *run;
    void *object; /* borrowed: must live as long as the world */
    uint64_t value;
};

struct queue {
    struct queue_item *items; /* a heap */
    size_t count;
    size_t size;
    uint64_t serial;
};

void queue_add(struct queue *queue, uint64_t time_us, queue_run *run,
               void *object, uint64_t value);

/* The next item; the queue must not be empty. */
const struct queue_item *queue_first(const struct queue *queue);
struct queue_item queue_take(struct queue *queue);

void queue_clear(struct queue *queue);

#endif
