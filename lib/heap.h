/* Deadlines in a binary heap: the next one is at hand, a change costs
 * log n. Nodes live inside the objects they belong to. */
#ifndef LIB_HEAP_H
#define LIB_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_NEVER UINT64_MAX

/* What the owner of a node is, so that it can be found again. */
enum heap_owner {
    OWNER_INSTANCE,
    OWNER_LINK,
    OWNER_CORE
};

struct heap_node {
    uint64_t at_ms;  /* HEAP_NEVER: not in the heap */
    uint64_t order;  /* among equal times, first come first served */
    size_t position; /* in the heap */
    enum heap_owner owner;
};

struct heap {
    struct heap_node **nodes;
    size_t count;
    size_t capacity;
    uint64_t next_order;
};

void heap_init(struct heap *heap);
void heap_clear(struct heap *heap); /* nodes are not touched */
void heap_node_init(struct heap_node *node, enum heap_owner owner);

/* Puts NODE at AT_MS, from wherever it was; HEAP_NEVER takes it out. */
void heap_set(struct heap *heap, struct heap_node *node, uint64_t at_ms);

/* Of two times the one that comes first. */
static inline uint64_t heap_earlier(uint64_t left_ms, uint64_t right_ms)
{
    return left_ms < right_ms ? left_ms : right_ms;
}

/* The node with the earliest time, or NULL. */
struct heap_node *heap_first(const struct heap *heap);

#endif
