/* The words of one request, as they are collected. */
#include "resp_words.h"

#include "../lib/xalloc.h"

#include <ctype.h>
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

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* What a backslash in double quotes stands for; TEXT is behind it and not
 * empty. Returns how many characters it takes. */
static size_t unescape(const char *text, char *c)
{
    static const char names[] = "nrtba";
    static const char values[] = "\n\r\t\b\a";
    const char *name = strchr(names, text[0]);

    if (text[0] == 'x' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
        *c = (char)(hex_digit(text[1]) * 16 + hex_digit(text[2]));
        return 3;
    }
    *c = text[0];
    if (name != NULL)
        *c = values[name - names];
    return 1;
}

/* Reads a quoted part up to its closing quote, which must end the word.
 * Returns what follows, or NULL when quotes are unbalanced. */
static const char *read_quoted(struct resp_words *words, const char *text,
                               char quote)
{
    while (*text != quote) {
        char c = *text;
        size_t used = 1;

        if (c == '\0')
            return NULL;
        if (c == '\\' && quote == '"' && text[1] != '\0') {
            used = 1 + unescape(text + 1, &c);
        } else if (c == '\\' && quote == '\'' && text[1] == '\'') {
            c = '\'';
            used = 2;
        }
        resp_words_add(words, &c, 1);
        text += used;
    }
    text++;
    return *text == '\0' || isspace((unsigned char)*text) ? text : NULL;
}

/* Reads one word; a quoted part can begin in the middle of it. */
static const char *read_word(struct resp_words *words, const char *text)
{
    resp_words_begin(words);
    while (text != NULL && *text != '\0' && strchr(" \n\r\t", *text) == NULL) {
        if (*text == '"' || *text == '\'')
            text = read_quoted(words, text + 1, *text);
        else
            resp_words_add(words, text++, 1);
    }
    resp_words_end(words);
    return text;
}

bool resp_words_split(struct resp_words *words, const char *line)
{
    for (;;) {
        while (isspace((unsigned char)*line))
            line++;
        if (*line == '\0')
            return true;
        line = read_word(words, line);
        if (line == NULL)
            return false;
    }
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
