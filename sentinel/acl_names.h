/* The names that ACL rules speak of: commands, their categories, and what
 * files copied from a data server name besides. */
#ifndef SENTINEL_ACL_NAMES_H
#define SENTINEL_ACL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Categories that commands of ours are in, in the order in which COMMAND INFO
 * shows them. */
enum command_category {
    CATEGORY_PUBSUB = 1u << 0,
    CATEGORY_ADMIN = 1u << 1,
    CATEGORY_FAST = 1u << 2,
    CATEGORY_SLOW = 1u << 3,
    CATEGORY_DANGEROUS = 1u << 4,
    CATEGORY_CONNECTION = 1u << 5
};
#define CATEGORIES 6

/* Commands that there may be: the size of a user's bitmap. */
#define ACL_COMMANDS_LIMIT 256u

/* A row that is none. */
#define ACL_NO_ROW ((size_t)-1)

/* What rules need to know of a command. */
struct acl_command {
    const char *name; /* full, in lower case: "ping", "sentinel|masters" */
    unsigned categories;
    bool container; /* has subcommands, which stand directly behind it */
};

/* All commands; a row's number is its place here. Borrowed for good. */
struct acl_commands {
    const struct acl_command *rows;
    size_t count; /* at most ACL_COMMANDS_LIMIT */
};

/* The row with this full name in any case, or ACL_NO_ROW. */
size_t acl_command_find(const struct acl_commands *commands, const char *name,
                        size_t length);

/* Whether row SUB is a subcommand of row CONTAINER. */
bool acl_command_is_sub(const struct acl_commands *commands, size_t container,
                        size_t sub);

/* The N-th name of all categories that Redis has, or NULL behind the last. */
const char *acl_category_name(size_t n);

/* Whether NAME, in any case, is a category; *BIT is 0 when no command of ours
 * is in it. */
bool acl_category_find(const char *name, size_t length, unsigned *bit);

/* Whether NAME, in any case and without a subcommand, is a command of Redis or
 * Valkey data servers or, with a dot in it, may be one of a module. */
bool acl_name_elsewhere(const char *name, size_t length);

#endif
