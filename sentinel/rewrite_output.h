/* The sentinel lines that a state needs, in the order in which they are
 * written. */
#ifndef SENTINEL_REWRITE_OUTPUT_H
#define SENTINEL_REWRITE_OUTPUT_H

#include "../lib/state.h"
#include "config_words.h"

#include <stdbool.h>
#include <stddef.h>

struct acl_lines;
struct settings;

/* One line to be written. Texts are places in struct output_list's text, each
 * ending in a NUL. */
struct output {
    size_t group;    /* what is set: option, and master where there is one */
    size_t line;     /* the whole in canonical spelling, without `sentinel` */
    bool forced;     /* is appended when the file has no line of its group */
    bool only_equal; /* says "not set": an equal line stays, no other */
    bool elsewhere;  /* an included file or the command line says it */
    bool many;       /* its group may have any number of lines */
    bool user;       /* a `user` line: no `sentinel` before it */
    bool state;      /* the main file counts whatever is said elsewhere */
    const char *quoted; /* value that is always written in quotes, or NULL */
};

struct output_list {
    struct output *outputs;
    size_t count;
    size_t capacity;
    struct text text;
};

/* Fills LIST, which starts as all zero. Borrows from STATE. USERS may be
 * NULL. */
void output_list_build(struct output_list *list,
                       const struct settings *settings,
                       const struct state *state,
                       const struct acl_lines *users);
void output_list_clear(struct output_list *list);

#endif
