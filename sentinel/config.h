/* sentinel.conf in: the reference's syntax, every error with file, line, text
 * and reason. Loop-free. */
#ifndef SENTINEL_CONFIG_H
#define SENTINEL_CONFIG_H

#include "../lib/state.h"
#include "settings.h"

#include <stddef.h>

/* Reads FILE and then the directives of EXTRA (from the command line, one
 * line each, EXTRA may be NULL). Fills SETTINGS and STATE. Changes to the
 * directory named by `dir`. Lines that are accepted without effect are told
 * by log_printf() after the log has been opened: they are collected in
 * settings and logged by main. Returns 0, or -1 after having printed the error
 * on standard error. */
int config_load(const char *file, const char *extra, struct settings *settings,
                struct state *state) __attribute__((warn_unused_result));

/* Splits a line into words as the reference does (double quotes with escapes,
 * single quotes). Returns the words (free with config_free_words()) and their
 * number in *COUNT, or NULL when quotes are unbalanced. */
char **config_split(const char *line, size_t *count);
void config_free_words(char **words, size_t count);

/* WORD as it must be written into a line to be read as one word again:
 * itself, or in double quotes with escapes. Free with free(). */
char *config_quote(const char *word);

struct acl_lines;

/* The new text of the file: TEXT is what it holds now (NULL: nothing). User's
 * lines, comments and order are kept; see protocol: known options are
 * replaced in place, what is missing is appended. USERS are the `user` lines
 * of this moment; with NULL those of the file stay. Free with free(). */
char *config_rewrite(const char *text, const struct settings *settings,
                     const struct state *state, const struct acl_lines *users);

#endif
