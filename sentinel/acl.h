/* The ACL users of this process, and what each may do. */
#ifndef SENTINEL_ACL_H
#define SENTINEL_ACL_H

#include "acl_names.h"
#include "acl_user.h"

#include <stdbool.h>
#include <stddef.h>

struct acl;

#define ACL_DEFAULT_USER "default"

/* With the user `default`, who may do everything without a password. */
struct acl *acl_new(void);
void acl_free(struct acl *acl);

/* What rules mean; before the first of them. Until then no command is known. */
void acl_set_commands(struct acl *acl, struct acl_commands commands);
void acl_set_pubsub_default(struct acl *acl, bool all_channels);
const struct acl_terms *acl_terms(const struct acl *acl);

/* ---- Users ---- */

/* Users live as long as they are not deleted, whatever changes in them. */
struct acl_user *acl_default(const struct acl *acl); /* never NULL */
struct acl_user *acl_find(const struct acl *acl, const char *name,
                          size_t length);

/* Behind USER in the order of names; the first with NULL. */
struct acl_user *acl_next(const struct acl *acl, const struct acl_user *user);
size_t acl_count(const struct acl *acl);

/* Takes USER over; an existing user of this name takes its place in contents.
 * Returns the user as it is known from now on. */
struct acl_user *acl_put(struct acl *acl, struct acl_user *user);

/* Not of `default`. */
void acl_delete(struct acl *acl, struct acl_user *user);

/* Makes `default` as it is now the one that an ACL file without a line of its
 * own leaves in force. */
void acl_keep_default(struct acl *acl);
const struct acl_user *acl_kept_default(const struct acl *acl);

/* ---- Logging in ---- */

/* Whether clients must log in before they may do anything: `default` is off or
 * has a password. */
bool acl_password_required(const struct acl *acl);

/* Whether NAME is a user who is on and has this password. *USER gets it.
 * Takes the same time whatever is wrong. */
bool acl_log_in(const struct acl *acl, const char *name, size_t name_length,
                const char *password, size_t length, struct acl_user **user);

/* ---- Permissions ---- */

/* A command about to be run. */
struct acl_request {
    size_t row;
    const char *const *words; /* the whole command with its container */
    const size_t *lengths;
    size_t count;
    size_t first_channel; /* words that name channels: from here on... */
    size_t channel_count; /* ...so many */
    bool patterns;        /* they are patterns */
};

enum acl_verdict {
    ACL_ALLOWED,
    ACL_DENIED_COMMAND,
    ACL_DENIED_CHANNEL
};

/* With ACL_DENIED_CHANNEL, *WORD is the first channel that is not allowed. A
 * NULL USER may do nothing. */
enum acl_verdict acl_check(const struct acl_user *user,
                           const struct acl_request *request, size_t *word);

/* ---- ACL files ---- */

/* With the kept `default` and the same terms. */
struct acl *acl_new_like(const struct acl *acl);

/* Reads the lines of an ACL file, LENGTH bytes and a NUL. Returns the users
 * that they make, or NULL with a text in *ERROR (free it) that names PATH and
 * lines. */
struct acl *acl_read(const struct acl *acl, const char *path, const char *text,
                     size_t length, char **error);

/* Moves the users of FRESH, which is freed, into ACL: those of a name known
 * change, others come, and those that are not there are deleted. */
void acl_take(struct acl *acl, struct acl *fresh);

/* The lines of all users, as an ACL file holds them. Free with free(). */
char *acl_write(const struct acl *acl);

#endif
