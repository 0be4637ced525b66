/* Glob patterns, as operators and subscribers write them: * ? [abc] [a-z] [^a]
 * and \x for x itself. */
#ifndef LIB_GLOB_H
#define LIB_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all of TEXT matches PATTERN; neither need end in a NUL. Takes time
 * of the product of the lengths at most, whatever the pattern. */
bool glob_match(const char *pattern, size_t pattern_length, const char *text,
                size_t length, bool nocase);

/* The same for strings. */
bool glob_match_text(const char *pattern, const char *text, bool nocase);

#endif
