/* Glob patterns, as operators and subscribers write them. */
#include "glob.h"

#include <ctype.h>
#include <string.h>

static int fold(char c, bool nocase)
{
    return nocase ? tolower((unsigned char)c) : (unsigned char)c;
}

/* Whether C is in the class that begins behind '[' at *AT; moves *AT behind
 * the closing ']' (or to END when there is none). */
static bool class_matches(const char **at, const char *end, char c, bool nocase)
{
    const char *p = *at;
    const int wanted = fold(c, nocase);
    bool negated = p < end && *p == '^';
    bool found = false;

    if (negated)
        p++;
    while (p < end && *p != ']') {
        int low;
        int high;
        if (*p == '\\' && p + 1 < end)
            p++;
        low = high = fold(*p++, nocase);
        if (end - p >= 2 && p[0] == '-' && p[1] != ']') {
            high = fold(p[1], nocase);
            p += 2;
        }
        if (low > high) {
            const int other = low;
            low = high;
            high = other;
        }
        if (wanted >= low && wanted <= high)
            found = true;
    }
    *at = p < end ? p + 1 : end;
    return found != negated;
}

/* Whether the element of the pattern at *AT, which is not '*', matches C;
 * moves *AT behind it. */
static bool element_matches(const char **at, const char *end, char c,
                            bool nocase)
{
    const char *p = *at;

    if (*p == '?') {
        *at = p + 1;
        return true;
    }
    if (*p == '[') {
        *at = p + 1;
        return class_matches(at, end, c, nocase);
    }
    if (*p == '\\' && p + 1 < end)
        p++;
    *at = p + 1;
    return fold(*p, nocase) == fold(c, nocase);
}

/* Each element but '*' takes exactly one character, so after a mismatch only
 * the last '*' need be tried anew: the time is bounded by the product of the
 * lengths, whatever a client subscribes to. */
bool glob_match(const char *pattern, size_t pattern_length, const char *text,
                size_t length, bool nocase)
{
    const char *p = pattern;
    const char *end = pattern + pattern_length;
    const char *t = text;
    const char *text_end = text + length;
    const char *star = NULL; /* behind the last '*' */
    const char *star_text = NULL;

    while (t < text_end) {
        if (p < end && *p == '*') {
            star = ++p;
            star_text = t;
        } else if (p < end && element_matches(&p, end, *t, nocase)) {
            t++;
        } else if (star != NULL) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < end && *p == '*')
        p++;
    return p == end;
}

bool glob_match_text(const char *pattern, const char *text, bool nocase)
{
    return glob_match(pattern, strlen(pattern), text, strlen(text), nocase);
}
