/* One ACL user: passwords, permissions, and the rules that make them. */
#ifndef SENTINEL_ACL_USER_H
#define SENTINEL_ACL_USER_H

#include "acl_selector.h"
#include "config_words.h"
#include "password.h"

#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

/* Of payloads of RESTORE, which a sentinel has not: kept and written. */
enum acl_sanitize {
    SANITIZE_DEFAULT,
    SANITIZE_YES,
    SANITIZE_NO
};

struct acl_user {
    char *name;
    bool on;
    bool no_password;
    enum acl_sanitize sanitize;
    char (*hashes)[PASSWORD_HASH_SIZE];
    size_t hash_count;
    struct acl_selector *selectors; /* the first is the user's own, those in
                                     * parentheses follow */
    size_t selector_count;
    bool unlimited;    /* may do everything: nothing is to be checked */
    unsigned declared; /* config_user.c's own: where the line stands */
    UT_hash_handle hh; /* acl.c's own: by name */
};

/* What rules mean depends on. */
struct acl_terms {
    struct acl_commands commands;
    bool all_channels; /* acl-pubsub-default: of a user not told otherwise */
};

/* A rule that was refused. */
struct acl_failure {
    const char *rule;   /* the word; borrowed from the words given, or... */
    char *owned;        /* ...from here, when it was put together: free it */
    const char *reason; /* static; NULL: a parenthesis is not closed */
};

/* A new user: off, without password, keys and commands. */
struct acl_user *acl_user_new(const struct acl_terms *terms, const char *name);
struct acl_user *acl_user_copy(const struct acl_user *user);
void acl_user_free(struct acl_user *user);

/* Exchanges all but names and places in tables. */
void acl_user_exchange(struct acl_user *left, struct acl_user *right);

/* Obeys COUNT words, each a rule or, within parentheses, a part of one.
 * Returns 0, or -1 with *FAILURE filled in; the user may then be half
 * changed. */
int acl_user_apply(struct acl_user *user, const struct acl_terms *terms,
                   const char *const *words, const size_t *lengths,
                   size_t count, struct acl_failure *failure)
    __attribute__((warn_unused_result));

/* Whether one of the user's passwords has this hash, which takes the same time
 * for all hashes. */
bool acl_user_has_hash(const struct acl_user *user, const char *hash);

/* Whether the channel may be used, see acl_selector_channel(). */
bool acl_user_channel(const struct acl_user *user, const char *name,
                      size_t length, bool pattern);

/* Appends the line of the user, from "user <name>" on, in the form of the
 * reference. No word holds a blank or needs quotes in an ACL file. */
void acl_user_put(const struct acl_user *user, struct text *text);

/* Whether NAME can be written into files. */
bool acl_user_name_fits(const char *name, size_t length);

#endif
