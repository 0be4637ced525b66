/* Keeps what the code under test says on standard error. */
#include "quiet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT_BYTES 4096

static char said[KEPT_BYTES + 1];
static size_t said_length;

static ssize_t keep(void *cookie, const char *data, size_t length)
{
    const size_t given = length;

    (void)cookie;
    if (length > KEPT_BYTES) {
        data += length - KEPT_BYTES;
        length = KEPT_BYTES;
    }
    if (said_length + length > KEPT_BYTES) {
        const size_t gone = said_length + length - KEPT_BYTES;

        memmove(said, said + gone, said_length - gone);
        said_length -= gone;
    }
    memcpy(said + said_length, data, length);
    said_length += length;
    said[said_length] = '\0';
    return (ssize_t)given;
}

/* Called by assert() in the place of libc's own, which would be kept, too. */
void __assert_fail(const char *condition, const char *file, unsigned line,
                   const char *function)
{
    dprintf(STDERR_FILENO, "%s:%u: %s: Assertion `%s' failed.\n", file, line,
            function, condition);
    abort();
}

void quiet_begin(void)
{
    static FILE *stream;

    if (stream == NULL) {
        stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = keep});
        if (stream == NULL)
            abort();
        setvbuf(stream, NULL, _IOLBF, BUFSIZ);
        stderr = stream;
    }
    said_length = 0;
    said[0] = '\0';
}

const char *quiet_said(void)
{
    fflush(stderr);
    return said;
}
