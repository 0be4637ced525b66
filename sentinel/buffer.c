/* A growing run of bytes: appended at the end, taken from the front. */
#include "buffer.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256
#define KEPT_CAPACITY 16384 /* an empty buffer holds on to no more */

static void make_room(struct buffer *buffer, size_t length)
{
    size_t held = buffer_length(buffer);
    size_t capacity = buffer->capacity != 0 ? buffer->capacity : FIRST_CAPACITY;

    if (buffer->start != 0) {
        memmove(buffer->data, buffer->data + buffer->start, held);
        buffer->start = 0;
        buffer->end = held;
    }
    while (capacity - held < length)
        capacity *= 2;
    if (capacity != buffer->capacity) {
        buffer->data = xrealloc(buffer->data, capacity);
        buffer->capacity = capacity;
    }
}

void buffer_append(struct buffer *buffer, const char *data, size_t length)
{
    if (length == 0)
        return;
    if (buffer->capacity - buffer->end < length)
        make_room(buffer, length);
    memcpy(buffer->data + buffer->end, data, length);
    buffer->end += length;
}

void buffer_take(struct buffer *buffer, size_t length)
{
    assert(length <= buffer_length(buffer));
    buffer->start += length;
    if (buffer->start != buffer->end)
        return;
    buffer->start = 0;
    buffer->end = 0;
    if (buffer->capacity > KEPT_CAPACITY)
        buffer_clear(buffer);
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof(*buffer));
}
