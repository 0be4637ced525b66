/* The table of commands: name, arity, help and handler in one row. */
#ifndef SENTINEL_COMMAND_H
#define SENTINEL_COMMAND_H

#include "../lib/core.h"
#include "acl_names.h"
#include "client.h"

#include <stdbool.h>

struct acl_log;
struct driver;
struct server;
struct pubsub;
struct resolver;
struct script_queue;
struct settings;
struct store_tasks;

/* The parts of the daemon that commands work on. Owned by main. */
struct context {
    struct driver *driver;
    struct server *server;
    struct pubsub *pubsub;
    struct script_queue *scripts;
    struct settings *settings;
    struct acl_log *acl_log;     /* NULL: refusals are not recorded */
    struct store_tasks *tasks;   /* for the ACL file */
    struct resolver *resolver;   /* for SENTINEL MONITOR; NULL: no look-ups */
    char run_id[41];             /* new at each start, shown by INFO */
    uint64_t started_ms;         /* loop time */
    uint64_t commands_processed; /* counted by command_run() */
    uint64_t error_replies;      /* counted by command_run() */
    uint64_t connections_received;
    uint64_t rejected_connections;
    uint64_t input_bytes;
    uint64_t output_bytes;
};

/* Runs one request of CLIENT (REQUEST->count >= 1) and appends its reply to
 * client->output, or sends a request to the core and sets client->waiting. */
void command_run(struct client *client, const struct resp_request *request);

/* All commands, for what ACL rules speak of. */
struct acl_commands command_vocabulary(void);

/* Whether a top-level command is called NAME, in any case. */
bool command_exists(const char *name);

/* Appends the core's answer to the client that waits for it. */
void command_answer(struct client *client, const struct answer *answer);

#endif
