/* The words of one request, as they are collected. */
#include "resp_words.h"

#include "../lib/xalloc.h"
#include "config_words.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16
#define KEPT_CAPACITY 1024 /* of lengths, when the words are forgotten */

void resp_words_begin(struct resp_words *words)
{
    if (words->count == words->capacity) {
        words->capacity = words->capacity != 0 ? words->capacity * 2
                                               : FIRST_CAPACITY;
        words->lengths = xrealloc(words->lengths,
                                  words->capacity * sizeof(size_t));
    }
    words->lengths[words->count++] = 0;
}

void resp_words_add(struct resp_words *words, const char *data, size_t length)
{
    buffer_append(&words->text, data, length);
    words->lengths[words->count - 1] += length;
}

void resp_words_end(struct resp_words *words)
{
    buffer_append(&words->text, "", 1);
}

bool resp_words_split(struct resp_words *words, const char *line)
{
    struct config_words split = {0};
    enum config_split_result result = config_words_split(&split, line,
                                                         strlen(line));

    /* Unlike in a file, a word may hold a NUL here: its end is where the next
     * one begins. */
    for (size_t i = 0; result != CONFIG_SPLIT_UNBALANCED && i < split.count;
         i++) {
        const char *end = i + 1 < split.count ? split.words[i + 1]
                                              : split.text + split.text_length;

        resp_words_begin(words);
        resp_words_add(words, split.words[i],
                       (size_t)(end - split.words[i] - 1));
        resp_words_end(words);
    }
    config_words_clear(&split);
    return result != CONFIG_SPLIT_UNBALANCED;
}

void resp_words_finish(struct resp_words *words)
{
    char *text = words->text.data;

    words->pointers = xmalloc(words->count * sizeof(char *));
    for (size_t i = 0; i < words->count; i++) {
        words->pointers[i] = text;
        text += words->lengths[i] + 1;
    }
}

void resp_words_reset(struct resp_words *words)
{
    free(words->pointers);
    words->pointers = NULL;
    words->count = 0;
    buffer_take(&words->text, buffer_length(&words->text));
    if (words->capacity > KEPT_CAPACITY) {
        free(words->lengths);
        words->lengths = NULL;
        words->capacity = 0;
    }
}

void resp_words_clear(struct resp_words *words)
{
    buffer_clear(&words->text);
    free(words->lengths);
    free(words->pointers);
    *words = (struct resp_words){0};
}
