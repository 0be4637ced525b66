/* INFO text to fields. */
#ifndef LIB_INFO_H
#define LIB_INFO_H

#include "state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Replicas of one master that are taken in; the rest is ignored. */
#define INFO_MAX_REPLICAS 1024

/* A replica as its master lists it. */
struct info_replica {
    char *host; /* owned */
    int port;   /* 1 to 65535 */
};

/* Fields that concern monitoring; has_ says which were present. */
struct info {
    bool malformed;            /* some line that matters could not be read */
    char runid[ID_LENGTH + 1]; /* "" when absent */
    bool has_role;
    bool is_master;
    bool has_failover_state; /* master_failover_state */
    bool failing_over;
    int64_t link_down_ms; /* master_link_down_since_seconds; 0 when absent */
    /* Only behind role:slave. */
    char *master_host; /* owned; NULL when absent */
    bool has_master_port;
    int master_port;
    bool has_link_status;
    bool link_up;
    bool has_priority;
    int64_t priority;
    bool has_offset;
    uint64_t offset;
    bool has_announced;
    bool announced;
    struct info_replica *replicas;
    size_t replica_count;
};

/* Reads TEXT, of any content. Free the result with info_clear(). */
void info_parse(struct info *info, const char *text);
void info_clear(struct info *info);

#endif
