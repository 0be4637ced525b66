/* The names that ACL rules speak of: commands and categories. */
#include "acl_names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const categories[] = {
    "keyspace", "read",     "write",     "set",        "sortedset",
    "list",     "hash",     "string",    "bitmap",     "hyperloglog",
    "geo",      "stream",   "pubsub",    "admin",      "fast",
    "slow",     "blocking", "dangerous", "connection", "transaction",
    "scripting"};
#define CATEGORY_NAMES (sizeof(categories) / sizeof(categories[0]))

static bool equals(const char *left, const char *right, size_t length)
{
    return strlen(left) == length && strncasecmp(left, right, length) == 0;
}

size_t acl_command_find(const struct acl_commands *commands, const char *name,
                        size_t length)
{
    for (size_t row = 0; row < commands->count; row++) {
        if (equals(commands->rows[row].name, name, length))
            return row;
    }
    return ACL_NO_ROW;
}

bool acl_command_is_sub(const struct acl_commands *commands, size_t container,
                        size_t sub)
{
    const char *name = commands->rows[container].name;
    size_t length = strlen(name);

    return strncmp(commands->rows[sub].name, name, length) == 0 &&
           commands->rows[sub].name[length] == '|';
}

const char *acl_category_name(size_t n)
{
    return n < CATEGORY_NAMES ? categories[n] : NULL;
}

static unsigned category_bit(const char *name)
{
    static const char *const bits[CATEGORIES] = {
        "pubsub", "admin", "fast", "slow", "dangerous", "connection"};

    for (size_t i = 0; i < CATEGORIES; i++) {
        if (strcmp(name, bits[i]) == 0)
            return 1u << i;
    }
    return 0;
}

bool acl_category_find(const char *name, size_t length, unsigned *bit)
{
    for (size_t i = 0; i < CATEGORY_NAMES; i++) {
        if (equals(categories[i], name, length)) {
            *bit = category_bit(categories[i]);
            return true;
        }
    }
    return false;
}
