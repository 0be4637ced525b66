/* Deadlines in a binary heap. */
#include "heap.h"

#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>

void heap_init(struct heap *heap)
{
    heap->nodes = NULL;
    heap->count = 0;
    heap->capacity = 0;
    heap->next_order = 0;
}

void heap_clear(struct heap *heap)
{
    free(heap->nodes);
    heap_init(heap);
}

void heap_node_init(struct heap_node *node, enum heap_owner owner)
{
    node->at_ms = HEAP_NEVER;
    node->order = 0;
    node->position = 0;
    node->owner = owner;
}

static bool before(const struct heap_node *left, const struct heap_node *right)
{
    if (left->at_ms != right->at_ms)
        return left->at_ms < right->at_ms;
    return left->order < right->order;
}

static void place(struct heap *heap, struct heap_node *node, size_t position)
{
    heap->nodes[position] = node;
    node->position = position;
}

static void sift_up(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;

    while (position > 0) {
        struct heap_node *parent = heap->nodes[(position - 1) / 2];

        if (!before(node, parent))
            break;
        place(heap, parent, position);
        position = (position - 1) / 2;
    }
    place(heap, node, position);
}

static void sift_down(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;

    for (;;) {
        size_t child = 2 * position + 1;

        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            before(heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!before(heap->nodes[child], node))
            break;
        place(heap, heap->nodes[child], position);
        position = child;
    }
    place(heap, node, position);
}

static void take_out(struct heap *heap, struct heap_node *node)
{
    struct heap_node *last = heap->nodes[--heap->count];

    if (last != node) {
        last->position = node->position;
        sift_up(heap, last);
        sift_down(heap, last);
    }
    node->at_ms = HEAP_NEVER;
}

static void put_in(struct heap *heap, struct heap_node *node)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 16 : heap->capacity * 2;
        heap->nodes = xrealloc(heap->nodes,
                               heap->capacity * sizeof(*heap->nodes));
    }
    node->position = heap->count++;
    sift_up(heap, node);
}

void heap_set(struct heap *heap, struct heap_node *node, uint64_t at_ms)
{
    bool inside = node->at_ms != HEAP_NEVER;

    assert(!inside || heap->nodes[node->position] == node);
    if (node->at_ms == at_ms)
        return;
    if (at_ms == HEAP_NEVER) {
        take_out(heap, node);
        return;
    }
    node->at_ms = at_ms;
    node->order = heap->next_order++;
    if (inside) {
        sift_up(heap, node);
        sift_down(heap, node);
    } else {
        put_in(heap, node);
    }
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count > 0 ? heap->nodes[0] : NULL;
}
