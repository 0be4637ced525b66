/* The words of one request, as they are collected. Part of resp_request.c. */
#ifndef SENTINEL_RESP_WORDS_H
#define SENTINEL_RESP_WORDS_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty list. Memory grows with what has arrived, never with
 * what was announced. */
struct resp_words {
    struct buffer text; /* all words, each with a NUL */
    size_t *lengths;    /* of the words, without the NUL */
    size_t count;
    size_t capacity; /* of lengths */
    char **pointers; /* to the words; NULL before resp_words_finish() */
};

/* A word is begun, grows and is ended. */
void resp_words_begin(struct resp_words *words);
void resp_words_add(struct resp_words *words, const char *data, size_t length);
void resp_words_end(struct resp_words *words);

/* Splits a line (ends in a NUL) into words as Redis does: blanks separate,
 * double quotes with escapes, single quotes. False when quotes are
 * unbalanced; WORDS is of no use then. */
bool resp_words_split(struct resp_words *words, const char *line);

/* Fills in the pointers; no word may be added any more. */
void resp_words_finish(struct resp_words *words);

/* Forgets all words; large memory is given back. */
void resp_words_reset(struct resp_words *words);

void resp_words_clear(struct resp_words *words); /* frees all memory */

#endif
