/* ACL files: the users in a file of their own. */
#include "acl.h"

#include "../lib/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_LIMIT 4096 /* bytes; what comes behind is left out */

/* The work of one acl_read(). */
struct reading {
    struct acl *fresh;
    const char *path;
    size_t number; /* of the line */
    struct text errors;
};

static void add_error(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_error(struct reading *reading, const char *format, ...)
{
    va_list arguments;
    char *text;

    if (reading->errors.length > ERROR_LIMIT)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    text_add(&reading->errors, text);
    text_add(&reading->errors, ". ");
    free(text);
}

/* Words between blanks: there are no quotes in these files. Returns their
 * number; *WORDS and *LENGTHS are the caller's. */
static size_t split(const char *line, size_t length, const char ***words,
                    size_t **lengths)
{
    size_t count = 0;
    size_t capacity = 0;
    size_t at = 0;

    *words = NULL;
    *lengths = NULL;
    while (at < length) {
        size_t end = at;
        while (end < length && line[end] != ' ' && line[end] != '\t')
            end++;
        if (end > at && count == capacity) {
            capacity = 2 * capacity + 8;
            *words = xrealloc(*words, capacity * sizeof(**words));
            *lengths = xrealloc(*lengths, capacity * sizeof(**lengths));
        }
        if (end > at) {
            (*words)[count] = line + at;
            (*lengths)[count++] = end - at;
        }
        at = end + 1;
    }
    return count;
}

static void tell_failure(struct reading *reading,
                         const struct acl_failure *failure, size_t length)
{
    if (failure->reason == NULL)
        add_error(reading,
                  "%s:%zu: Unmatched parenthesis in selector "
                  "definition",
                  reading->path, reading->number);
    else if (failure->reason == acl_unknown_command)
        add_error(reading, "%s:%zu: Error in applying operation '%.*s': %s",
                  reading->path, reading->number, (int)length, failure->rule,
                  failure->reason);
    else
        add_error(reading, "%s:%zu: %s", reading->path, reading->number,
                  failure->reason);
    free(failure->owned);
}

/* The line's word that a failure speaks of ends where the line has a blank. */
static size_t rule_length(const struct acl_failure *failure)
{
    return failure->owned != NULL ? strlen(failure->rule)
                                  : strcspn(failure->rule, " \t\r\n");
}

/* USER gets the rules; a line of `default` starts from nothing, too. */
static void read_user(struct reading *reading, const char *const *words,
                      const size_t *lengths, size_t count)
{
    const struct acl_terms *terms = acl_terms(reading->fresh);
    struct acl_failure failure;
    struct acl_user *user;
    char *name;

    if (!acl_user_name_fits(words[0], lengths[0])) {
        add_error(reading, "%s:%zu: invalid user name", reading->path,
                  reading->number);
        return;
    }
    name = xstrndup(words[0], lengths[0]);
    user = acl_user_new(terms, name);
    free(name);
    if (acl_user_apply(user, terms, words + 1, lengths + 1, count - 1,
                       &failure) != 0) {
        tell_failure(reading, &failure,
                     failure.rule != NULL ? rule_length(&failure) : 0);
        acl_user_free(user);
        return;
    }
    user->declared = 1;
    acl_put(reading->fresh, user);
}

static void read_line(struct reading *reading, const char *line, size_t length)
{
    const char **words;
    size_t *lengths;
    const size_t count = split(line, length, &words, &lengths);
    const struct acl_user *known;

    if (count < 2 || lengths[0] != 4 || memcmp(words[0], "user", 4) != 0) {
        add_error(reading,
                  "%s:%zu should start with user keyword followed by "
                  "the username",
                  reading->path, reading->number);
    } else {
        known = acl_find(reading->fresh, words[1], lengths[1]);
        if (known != NULL && known->declared != 0)
            add_error(reading, "WARNING: Duplicate user '%s' found on line %zu",
                      known->name, reading->number);
        else
            read_user(reading, words + 1, lengths + 1, count - 1);
    }
    free(words);
    free(lengths);
}

struct acl *acl_read(const struct acl *acl, const char *path, const char *text,
                     size_t length, char **error)
{
    struct reading reading = {.fresh = acl_new_like(acl), .path = path};
    size_t at = 0;

    acl_default(reading.fresh)->declared = 0;
    while (at < length) {
        const char *end = memchr(text + at, '\n', length - at);
        const size_t size = end != NULL ? (size_t)(end - (text + at))
                                        : length - at;
        size_t trimmed = size;
        const char *line = config_trim(text + at, &trimmed);

        reading.number++;
        if (trimmed > 0 && line[0] != '#')
            read_line(&reading, line, trimmed);
        at += size + 1;
    }
    if (reading.errors.length == 0)
        return reading.fresh;
    text_add(&reading.errors, "WARNING: ACL errors detected, no change to the "
                              "previously active ACL rules was performed");
    *error = reading.errors.data;
    acl_free(reading.fresh);
    return NULL;
}

char *acl_write(const struct acl *acl)
{
    struct text text = {0};

    for (struct acl_user *user = acl_next(acl, NULL); user != NULL;
         user = acl_next(acl, user)) {
        acl_user_put(user, &text);
        text_add(&text, "\n");
    }
    return text.data;
}
