/* Text that grows, and small text helpers. */
#include "text.h"

#include "xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *text)
{
    memset(text, 0, sizeof(*text));
}

void text_clear(struct text *text)
{
    free(text->data);
    text_init(text);
}

static void text_reserve(struct text *text, size_t more)
{
    size_t needed = text->length + more + 1;

    if (needed <= text->capacity)
        return;
    text->capacity = needed < 64 ? 64 : needed * 2;
    text->data = xrealloc(text->data, text->capacity);
}

void text_add_bytes(struct text *text, const char *more, size_t length)
{
    text_reserve(text, length);
    if (length != 0)
        memcpy(text->data + text->length, more, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
    assert(more != NULL);
    text_add_bytes(text, more, strlen(more));
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    text_reserve(text, (size_t)length);
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

char *text_take(struct text *text)
{
    char *data = text->data != NULL ? text->data : xstrdup("");

    text_init(text);
    return data;
}

int text_compare_nocase(const char *left, const char *right)
{
    size_t i = 0;

    assert(left != NULL && right != NULL);
    while (left[i] != '\0' &&
           tolower((unsigned char)left[i]) == tolower((unsigned char)right[i]))
        i++;
    return tolower((unsigned char)left[i]) - tolower((unsigned char)right[i]);
}

bool text_same_word(const char *left, const char *right)
{
    return text_compare_nocase(left, right) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text == 0x7F)
            return true;
    return false;
}

bool text_to_unsigned(const char *text, size_t length, uint64_t *number)
{
    uint64_t value = 0;

    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool text_to_signed(const char *text, size_t length, int64_t *number)
{
    bool negative = length > 0 && text[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t value;

    if (negative) {
        text++;
        length--;
    }
    if (!text_to_unsigned(text, length, &value) || value > limit)
        return false;
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}
