/* A set of canonical lines, asked by the whole line and by what it sets. */
#include "elsewhere.h"

#include "../lib/xalloc.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
    char *key;
    UT_hash_handle hh;
};

struct elsewhere {
    struct entry *groups;
    struct entry *lines;
};

struct elsewhere *elsewhere_new(void)
{
    return xcalloc(1, sizeof(struct elsewhere));
}

static void free_entries(struct entry *entries)
{
    struct entry *entry;
    struct entry *next;

    HASH_ITER (hh, entries, entry, next) {
        HASH_DEL(entries, entry);
        free(entry->key);
        free(entry);
    }
}

void elsewhere_free(struct elsewhere *elsewhere)
{
    if (elsewhere == NULL)
        return;
    free_entries(elsewhere->groups);
    free_entries(elsewhere->lines);
    free(elsewhere);
}

static bool has(const struct entry *entries, const char *key)
{
    struct entry *found;

    HASH_FIND_STR(entries, key, found);
    return found != NULL;
}

static void add(struct entry **entries, const char *key)
{
    struct entry *entry;

    if (has(*entries, key))
        return;
    entry = xcalloc(1, sizeof(*entry));
    entry->key = xstrdup(key);
    HASH_ADD_KEYPTR(hh, *entries, entry->key, strlen(entry->key), entry);
}

void elsewhere_add(struct elsewhere *elsewhere, const char *group,
                   const char *line)
{
    add(&elsewhere->groups, group);
    add(&elsewhere->lines, line);
}

bool elsewhere_has_line(const struct elsewhere *elsewhere, const char *line)
{
    return elsewhere != NULL && has(elsewhere->lines, line);
}

bool elsewhere_has_group(const struct elsewhere *elsewhere, const char *group)
{
    return elsewhere != NULL && has(elsewhere->groups, group);
}
