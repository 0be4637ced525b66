/* A growing run of bytes: appended at the end, taken from the front. */
#ifndef SENTINEL_BUFFER_H
#define SENTINEL_BUFFER_H

#include <stddef.h>

/* All zero is an empty buffer. Owned by whoever holds it. */
struct buffer {
    char *data;
    size_t start;    /* of what has not been taken */
    size_t end;      /* of what has been appended */
    size_t capacity; /* of data */
};

static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* The bytes not taken yet; NULL when nothing was ever appended. */
static inline const char *buffer_bytes(const struct buffer *buffer)
{
    return buffer->data != NULL ? buffer->data + buffer->start : NULL;
}

void buffer_append(struct buffer *buffer, const char *data, size_t length);

/* Drops LENGTH bytes (no more than there are) from the front. Memory of a
 * buffer that runs empty is given back when it is large. */
void buffer_take(struct buffer *buffer, size_t length);

/* Frees the memory; the buffer is empty then. */
void buffer_clear(struct buffer *buffer);

#endif
