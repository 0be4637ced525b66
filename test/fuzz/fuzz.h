/* What the fuzz targets share: a demand that holds in every build, and a
 * reader that turns bytes into choices. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include "../../lib/xalloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The target: called with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, so that the input is kept, unless CONDITION holds. Not
 * stderr: a target may have sent that elsewhere. */
#define REQUIRE(condition, ...)                                        \
    do {                                                               \
        if (!(condition)) {                                            \
            dprintf(2, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            dprintf(2, __VA_ARGS__);                                   \
            dprintf(2, "\n");                                          \
            abort();                                                   \
        }                                                              \
    } while (0)

/* The input, read from the front; zeros follow its end. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
    size_t at;
};

static inline bool fuzz_ended(const struct fuzz_input *input)
{
    return input->at >= input->size;
}

static inline unsigned fuzz_byte(struct fuzz_input *input)
{
    return fuzz_ended(input) ? 0 : input->data[input->at++];
}

/* A number below LIMIT, which is 256 at most. */
static inline unsigned fuzz_below(struct fuzz_input *input, unsigned limit)
{
    return fuzz_byte(input) % limit;
}

static inline bool fuzz_one_in(struct fuzz_input *input, unsigned limit)
{
    return fuzz_byte(input) % limit == limit - 1;
}

/* The bytes up to END, which is taken too, as a text of its own: free it.
 * *LENGTH leaves out the NUL behind them, but not NULs among them. */
static inline char *fuzz_text(struct fuzz_input *input, char end,
                              size_t *length)
{
    const char *from = (const char *)input->data + input->at;
    const size_t rest = input->size - input->at;
    const char *found = rest > 0 ? memchr(from, end, rest) : NULL;
    char *text;

    *length = found != NULL ? (size_t)(found - from) : rest;
    input->at += *length + (found != NULL);
    text = xmalloc(*length + 1);
    if (*length > 0)
        memcpy(text, from, *length);
    text[*length] = '\0';
    return text;
}

#endif
