/* Memory for the core: out of memory ends the process in one place. */
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size != 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *xrealloc(void *memory, size_t size)
{
    return checked(realloc(memory, size != 0 ? size : 1));
}

void *xmemdup(const void *memory, size_t size)
{
    void *copy = xmalloc(size);

    if (size != 0)
        memcpy(copy, memory, size);
    return copy;
}

char *xstrndup(const char *text, size_t length)
{
    char *copy = xmalloc(length + 1);

    assert(text != NULL || length == 0);
    if (length != 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *xstrdup(const char *text)
{
    assert(text != NULL);
    return xstrndup(text, strlen(text));
}

char *xstrdup_or_null(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

void xreplace(char **slot, const char *text)
{
    char *copy = text != NULL && text[0] != '\0' ? xstrdup(text) : NULL;

    assert(slot != NULL);
    free(*slot);
    *slot = copy;
}
