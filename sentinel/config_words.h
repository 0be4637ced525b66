/* Lines to words and back, in the quoting that the reference reads. */
#ifndef SENTINEL_CONFIG_WORDS_H
#define SENTINEL_CONFIG_WORDS_H

#include "../lib/text.h"

#include <stdbool.h>
#include <stddef.h>

/* The words of one line; memory is used again by the next split. */
struct config_words {
    char **words;
    size_t count;
    size_t capacity;
    char *text;         /* all words, each ending in a NUL */
    size_t text_length; /* with these */
    size_t text_capacity;
};

enum config_split_result {
    CONFIG_SPLIT_OK,
    CONFIG_SPLIT_UNBALANCED, /* a quote has no end, or none that is allowed */
    CONFIG_SPLIT_NUL         /* a word would hold a NUL byte */
};

/* Splits LENGTH bytes. WORDS starts as all zero. */
enum config_split_result config_words_split(struct config_words *words,
                                            const char *line, size_t length);
void config_words_clear(struct config_words *words);

/* Appends WORD, quoted when that is needed to read it back, or ALWAYS. */
void config_text_word(struct text *text, const char *word, bool always);

/* Narrows LINE of *LENGTH bytes by the blanks, tabs and line ends around it. */
const char *config_trim(const char *line, size_t *length);

#endif
