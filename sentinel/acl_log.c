/* What was refused to clients, and to whom: ACL LOG. */
#include "acl_log.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_MS 60000
#define TEXT_LIMIT 1024 /* bytes kept of an object or a name */
/* Entries compared with a new one: a long log must not make refusals costly. */
#define COMPARED 128

struct acl_log {
    uint64_t limit;
    struct acl_log_entry *entries; /* oldest first */
    size_t count;
    size_t capacity;
};

struct acl_log *acl_log_new(uint64_t limit)
{
    struct acl_log *log = xcalloc(1, sizeof(*log));

    log->limit = limit;
    return log;
}

static void clear(struct acl_log_entry *entry)
{
    free(entry->object);
    free(entry->user);
    free(entry->client);
}

void acl_log_reset(struct acl_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        clear(&log->entries[i]);
    log->count = 0;
}

void acl_log_free(struct acl_log *log)
{
    if (log == NULL)
        return;
    acl_log_reset(log);
    free(log->entries);
    free(log);
}

static bool alike(const struct acl_log_entry *left,
                  const struct acl_log_entry *right)
{
    return strcmp(left->reason, right->reason) == 0 &&
           strcmp(left->object, right->object) == 0 &&
           strcmp(left->user, right->user) == 0 &&
           right->last_ms - left->last_ms <= GROUP_MS;
}

/* Takes the entry at INDEX out of the list, which keeps its order. */
static struct acl_log_entry take(struct acl_log *log, size_t index)
{
    struct acl_log_entry entry = log->entries[index];

    log->count--;
    memmove(&log->entries[index], &log->entries[index + 1],
            (log->count - index) * sizeof(*log->entries));
    return entry;
}

/* Merges what NEW is like into it. */
static void merge(struct acl_log *log, struct acl_log_entry *new)
{
    for (size_t i = log->count; i > 0 && log->count - i < COMPARED; i--) {
        if (alike(&log->entries[i - 1], new)) {
            struct acl_log_entry old = take(log, i - 1);
            new->count += old.count;
            clear(&old);
            return;
        }
    }
}

static char *cut(const char *text, size_t length)
{
    return xstrndup(text, length < TEXT_LIMIT ? length : TEXT_LIMIT);
}

void acl_log_add(struct acl_log *log, const char *reason, const char *object,
                 size_t object_length, const char *user, size_t user_length,
                 const char *client, size_t client_length, uint64_t now_ms)
{
    struct acl_log_entry new = {.count = 1, .reason = reason};

    if (log->limit == 0)
        return;
    new.object = cut(object, object_length);
    new.user = cut(user, user_length);
    new.client = xstrndup(client, client_length);
    new.last_ms = now_ms;
    merge(log, &new);
    if (log->count >= log->limit) {
        struct acl_log_entry oldest = take(log, 0);
        clear(&oldest);
    }
    if (log->count == log->capacity) {
        log->capacity = 2 * log->capacity + 16;
        log->entries = xrealloc(log->entries,
                                log->capacity * sizeof(*log->entries));
    }
    log->entries[log->count++] = new;
}

size_t acl_log_count(const struct acl_log *log)
{
    return log->count;
}

const struct acl_log_entry *acl_log_at(const struct acl_log *log, size_t n)
{
    assert(n < log->count);
    return &log->entries[log->count - 1 - n];
}
