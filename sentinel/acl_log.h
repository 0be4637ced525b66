/* What was refused to clients, and to whom: ACL LOG. */
#ifndef SENTINEL_ACL_LOG_H
#define SENTINEL_ACL_LOG_H

#include <stddef.h>
#include <stdint.h>

struct acl_log;

struct acl_log_entry {
    uint64_t count;     /* of refusals that are alike, close to each other */
    const char *reason; /* static: "auth", "command" or "channel" */
    char *object;       /* what was refused */
    char *user;
    char *client; /* the line of CLIENT LIST at the last time */
    uint64_t last_ms;
};

/* Holds LIMIT entries at most; 0: none. */
struct acl_log *acl_log_new(uint64_t limit);
void acl_log_free(struct acl_log *log);

/* What is alike - reason, object and user - counts as one when less than a
 * minute has passed; it moves to the front. Long texts are cut. */
void acl_log_add(struct acl_log *log, const char *reason, const char *object,
                 size_t object_length, const char *user, size_t user_length,
                 const char *client, size_t client_length, uint64_t now_ms);

void acl_log_reset(struct acl_log *log);

size_t acl_log_count(const struct acl_log *log);

/* The N-th entry, newest first; N is less than the count. */
const struct acl_log_entry *acl_log_at(const struct acl_log *log, size_t n);

#endif
