/* Lines to words and back, in the quoting that the reference reads. */
#include "config_words.h"

#include "../lib/xalloc.h"
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the split stands. */
struct cursor {
    const char *at;
    const char *end;
    char *out;
    bool has_nul;
};

static bool is_blank(char c)
{
    return isspace((unsigned char)c) != 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void put(struct cursor *cursor, char c)
{
    if (c == '\0')
        cursor->has_nul = true;
    *cursor->out++ = c;
}

/* Takes what follows a backslash within double quotes. */
static void take_escape(struct cursor *cursor)
{
    static const char names[] = "nrtba";
    static const char values[] = "\n\r\t\b\a";
    const char *at = cursor->at;
    const char *known;

    if (cursor->end - at >= 3 && at[0] == 'x' && hex_value(at[1]) >= 0 &&
        hex_value(at[2]) >= 0) {
        put(cursor, (char)(hex_value(at[1]) * 16 + hex_value(at[2])));
        cursor->at += 3;
        return;
    }
    known = at[0] != '\0' ? strchr(names, at[0]) : NULL;
    put(cursor, known != NULL ? values[known - names] : at[0]);
    cursor->at++;
}

/* Takes what stands between quotes; the opening one has been taken. Returns
 * false when the closing one is missing or glued to what follows. */
static bool take_quoted(struct cursor *cursor, char quote)
{
    while (cursor->at < cursor->end) {
        char c = *cursor->at++;

        if (c == quote)
            return cursor->at == cursor->end || is_blank(*cursor->at);
        if (c == '\\' && cursor->at < cursor->end) {
            if (quote == '"') {
                take_escape(cursor);
                continue;
            }
            if (*cursor->at == '\'')
                c = *cursor->at++;
        }
        put(cursor, c);
    }
    return false;
}

static bool take_word(struct cursor *cursor)
{
    while (cursor->at < cursor->end && !is_blank(*cursor->at)) {
        char c = *cursor->at++;

        if (c == '"' || c == '\'') {
            if (!take_quoted(cursor, c))
                return false;
        } else {
            put(cursor, c);
        }
    }
    *cursor->out++ = '\0';
    return true;
}

static void add_word(struct config_words *words, char *word)
{
    if (words->count == words->capacity) {
        words->capacity = words->capacity != 0 ? words->capacity * 2 : 16;
        words->words = xrealloc(words->words,
                                words->capacity * sizeof(*words->words));
    }
    words->words[words->count++] = word;
}

enum config_split_result config_words_split(struct config_words *words,
                                            const char *line, size_t length)
{
    struct cursor cursor = {.at = line, .end = line + length};

    /* No word is longer than its source, and each but the last is followed
     * by a blank, so this is room for all with their NULs. */
    if (words->text_capacity < length + 2) {
        words->text_capacity = length + 2 > 256 ? length + 2 : 256;
        words->text = xrealloc(words->text, words->text_capacity);
    }
    cursor.out = words->text;
    words->count = 0;
    for (;;) {
        char *word = cursor.out;

        while (cursor.at < cursor.end && is_blank(*cursor.at))
            cursor.at++;
        if (cursor.at == cursor.end)
            break;
        if (!take_word(&cursor))
            return CONFIG_SPLIT_UNBALANCED;
        add_word(words, word);
    }
    words->text_length = (size_t)(cursor.out - words->text);
    return cursor.has_nul ? CONFIG_SPLIT_NUL : CONFIG_SPLIT_OK;
}

void config_words_clear(struct config_words *words)
{
    free(words->words);
    free(words->text);
    *words = (struct config_words){0};
}

static bool needs_quotes(const char *word)
{
    if (word[0] == '\0')
        return true;
    for (; *word != '\0'; word++) {
        unsigned char byte = (unsigned char)*word;

        if (byte <= 0x20 || byte == 0x7f || byte == '"' || byte == '\'')
            return true;
    }
    return false;
}

static void append_escaped(struct text *text, char c)
{
    static const char values[] = "\n\r\t\b\a";
    static const char names[] = "nrtba";
    const char *known = strchr(values, c);
    char escape[8];

    if (c == '"' || c == '\\')
        snprintf(escape, sizeof(escape), "\\%c", c);
    else if (known != NULL)
        snprintf(escape, sizeof(escape), "\\%c", names[known - values]);
    else if ((unsigned char)c < 0x20 || (unsigned char)c == 0x7f)
        snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)c);
    else
        snprintf(escape, sizeof(escape), "%c", c);
    text_add(text, escape);
}

void config_text_word(struct text *text, const char *word, bool always)
{
    if (!always && !needs_quotes(word)) {
        text_add(text, word);
        return;
    }
    text_add(text, "\"");
    for (; *word != '\0'; word++)
        append_escaped(text, *word);
    text_add(text, "\"");
}

const char *config_trim(const char *line, size_t *length)
{
    static const char around[] = " \t\r\n";

    while (*length > 0 && memchr(around, line[0], 4) != NULL) {
        line++;
        (*length)--;
    }
    while (*length > 0 && memchr(around, line[*length - 1], 4) != NULL)
        (*length)--;
    return line;
}

char **config_split(const char *line, size_t *count)
{
    struct config_words words = {0};
    char **copies = NULL;

    *count = 0;
    if (config_words_split(&words, line, strlen(line)) == CONFIG_SPLIT_OK) {
        copies = xcalloc(words.count + 1, sizeof(*copies));
        for (size_t i = 0; i < words.count; i++)
            copies[i] = xstrdup(words.words[i]);
        *count = words.count;
    }
    config_words_clear(&words);
    return copies;
}

void config_free_words(char **words, size_t count)
{
    if (words == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    free(words);
}

char *config_quote(const char *word)
{
    struct text text = {0};

    config_text_word(&text, word, false);
    return text.data;
}
