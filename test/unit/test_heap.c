/* links: lib */
#include "../../lib/heap.h"
#include "../../lib/random.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

#define NODES 200

static struct heap heap;
static struct heap_node nodes[NODES];

static void setup(void)
{
    heap_init(&heap);
    for (size_t i = 0; i < NODES; i++)
        heap_node_init(&nodes[i], OWNER_INSTANCE);
}

static void teardown(void)
{
    heap_clear(&heap);
}

START_TEST(empty_heap_has_no_first)
{
    ck_assert_ptr_null(heap_first(&heap));
    heap_set(&heap, &nodes[0], HEAP_NEVER);
    ck_assert_ptr_null(heap_first(&heap));
}
END_TEST

START_TEST(first_is_the_earliest)
{
    heap_set(&heap, &nodes[0], 30);
    heap_set(&heap, &nodes[1], 10);
    heap_set(&heap, &nodes[2], 20);
    ck_assert_ptr_eq(heap_first(&heap), &nodes[1]);
    heap_set(&heap, &nodes[1], 40);
    ck_assert_ptr_eq(heap_first(&heap), &nodes[2]);
    heap_set(&heap, &nodes[0], 5);
    ck_assert_ptr_eq(heap_first(&heap), &nodes[0]);
    heap_set(&heap, &nodes[0], HEAP_NEVER);
    ck_assert_ptr_eq(heap_first(&heap), &nodes[2]);
    ck_assert_uint_eq(nodes[0].at_ms, HEAP_NEVER);
}
END_TEST

START_TEST(equal_times_keep_the_order_in_which_they_were_set)
{
    for (size_t i = 0; i < NODES; i++)
        heap_set(&heap, &nodes[i], 7);
    for (size_t i = 0; i < NODES; i++) {
        ck_assert_ptr_eq(heap_first(&heap), &nodes[i]);
        heap_set(&heap, &nodes[i], HEAP_NEVER);
    }
    ck_assert_ptr_null(heap_first(&heap));
}
END_TEST

START_TEST(setting_the_same_time_keeps_the_place)
{
    heap_set(&heap, &nodes[0], 7);
    heap_set(&heap, &nodes[1], 7);
    heap_set(&heap, &nodes[0], 7);
    ck_assert_ptr_eq(heap_first(&heap), &nodes[0]);
}
END_TEST

/* Against a search through all nodes. */
START_TEST(random_changes_keep_the_order)
{
    struct random random;

    random_seed(&random, 42);
    for (int round = 0; round < 20000; round++) {
        struct heap_node *node = &nodes[random_below(&random, NODES)];
        uint64_t least = HEAP_NEVER;
        size_t inside = 0;
        bool ordered = true;

        heap_set(&heap, node,
                 random_below(&random, 4) == 0 ? HEAP_NEVER
                                               : random_below(&random, 1000));
        for (size_t i = 0; i < NODES; i++) {
            inside += nodes[i].at_ms != HEAP_NEVER;
            if (nodes[i].at_ms < least)
                least = nodes[i].at_ms;
        }
        ck_assert_uint_eq(heap.count, inside);
        for (size_t i = 0; i < heap.count; i++)
            ordered = ordered && heap.nodes[i]->position == i &&
                      heap.nodes[(i > 0 ? i - 1 : 0) / 2]->at_ms <=
                          heap.nodes[i]->at_ms;
        ck_assert(ordered);
        if (inside > 0)
            ck_assert_uint_eq(heap_first(&heap)->at_ms, least);
    }
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        empty_heap_has_no_first,
        first_is_the_earliest,
        equal_times_keep_the_order_in_which_they_were_set,
        setting_the_same_time_keeps_the_place,
        random_changes_keep_the_order,
    };

    return run_suite("heap", cases, ROWS(cases), setup, teardown);
}
