/* The `user` lines that the configuration file is to hold, as they were at one
 * moment: made by the thread of the loop for the one that writes. */
#ifndef SENTINEL_ACL_LINES_H
#define SENTINEL_ACL_LINES_H

#include "acl.h"
#include "config_words.h"

#include <stdbool.h>
#include <stddef.h>

struct acl_line {
    char *text;   /* from "user" on, words between single blanks */
    bool implied; /* `default`, as it is without any line */
};

struct acl_lines {
    struct acl_terms terms;
    struct acl_line *lines; /* in the order of names */
    size_t count;
};

/* With IN_FILE the users are in an ACL file, so there are no lines. */
struct acl_lines *acl_lines_new(const struct acl *acl, bool in_file);
void acl_lines_free(struct acl_lines *lines);

/* A line of the file in the same form, to be compared: COUNT words, the first
 * of them `user`. GROUP gets "user <name>". *CLEAR tells whether a password
 * stands there in clear. Returns false when no user can be made of it. */
bool acl_lines_canonical(const struct acl_terms *terms, char *const *words,
                         size_t count, struct text *group, struct text *line,
                         bool *clear);

/* Obeys the words of a line behind the name for USER, which is new. Returns 0,
 * or -1 with *FAILURE. */
int acl_lines_apply(struct acl_user *user, const struct acl_terms *terms,
                    char *const *words, size_t count,
                    struct acl_failure *failure)
    __attribute__((warn_unused_result));

/* Appends TEXT, words between single blanks, as words of the file: quoted
 * where that is needed. */
void acl_lines_put(struct text *line, const char *text);

#endif
