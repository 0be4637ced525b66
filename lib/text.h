/* Text that grows, and small text helpers. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Always ends in a NUL once something was added. Free with text_clear(). */
struct text {
    char *data;
    size_t length;
    size_t capacity;
};

void text_init(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const char *more);
void text_add_bytes(struct text *text, const char *more, size_t length);
void text_addf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text as a new string that the caller frees; TEXT becomes empty. */
char *text_take(struct text *text);

/* Compare without regard to case (ASCII). */
bool text_same_word(const char *left, const char *right);
int text_compare_nocase(const char *left, const char *right);

/* Whether TEXT begins with PREFIX. */
bool text_starts(const char *text, const char *prefix);

/* Whether TEXT holds a byte below 0x20 or 0x7F. */
bool text_has_control(const char *text);

/* Reads all of TEXT as decimal into *NUMBER. False if it is not just that,
 * or does not fit. */
bool text_to_unsigned(const char *text, size_t length, uint64_t *number);
bool text_to_signed(const char *text, size_t length, int64_t *number);

#endif
