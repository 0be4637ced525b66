/* Counts blocks of memory, in place of malloc() and its kin: the linker's
 * --wrap leads all calls here. */
#include "blocks.h"

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static size_t allocated;

size_t blocks_allocated(void)
{
    return allocated;
}

void *__wrap_malloc(size_t size)
{
    allocated++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocated++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (memory == NULL)
        allocated++;
    return __real_realloc(memory, size);
}

void __wrap_free(void *memory)
{
    if (memory != NULL)
        allocated--;
    __real_free(memory);
}
