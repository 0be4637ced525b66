/* One accepted client: its stream, its requests, its output and what it has
 * subscribed to. */
#ifndef SENTINEL_CLIENT_H
#define SENTINEL_CLIENT_H

#include "resp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acl_user;
struct context; /* the daemon's parts, see command.h */
struct stream;
struct subscription;

/* Fields that commands read and set; all else goes through the calls below.
 * A client is freed only in the close callback of its stream. */
struct client {
    uint64_t id; /* never used twice */
    struct context *context;
    struct stream *stream;     /* NULL once closing */
    struct resp_writer output; /* written once per loop turn; output.proto is
                                * the protocol version of the client */
    char *name;                /* CLIENT SETNAME, or NULL */
    char *lib_name;            /* CLIENT SETINFO, or NULL */
    char *lib_version;
    const struct acl_user *user; /* `default` at first; NULL once it is
                                  * deleted: the client closes */
    bool authenticated;          /* see command_authenticated(), too */
    bool waiting; /* a request is with the core: further commands of this
                   * client are kept until client_answered() */
    bool close_after_reply;
    bool reply_off;       /* CLIENT REPLY OFF */
    bool reply_skip_next; /* CLIENT REPLY SKIP was the last command */
    bool reply_skip;      /* ... was the one before: command.c's own */
    int former_log_level; /* level + 1 to go back to when the core refuses
                           * CONFIG SET, negative when no command has set it,
                           * or 0: command_config.c's own */
    char address[80];     /* peer's, ip:port or unix path:0 */
    char local_address[80];
    int fd;              /* for CLIENT LIST */
    uint64_t created_ms; /* loop time */
    uint64_t last_active_ms;
    const char *last_command;           /* static full name for CLIENT LIST */
    struct subscription *subscriptions; /* kept by pubsub.c */
    size_t channels;                    /* kept by pubsub.c */
    size_t patterns;                    /* kept by pubsub.c */
    bool unix_socket;
    bool loopback; /* peer is on a loopback address or a Unix socket */
};

/* What a client has subscribed to decides which commands it may give and how
 * large its output may grow (client-output-buffer-limit pubsub). */
static inline bool client_subscribed(const struct client *client)
{
    return client->channels + client->patterns > 0;
}

/* Asks for the output to be written at the end of this loop turn. Call after
 * appending to client->output from outside of a command handler. Closes the
 * client, with a log line, when its output has grown over the limit. */
void client_flush(struct client *client);

/* Closes after what is already written; REASON goes to the log. */
void client_close(struct client *client, const char *reason);

/* The answer to the request the client waits for has been appended: goes on
 * with the commands it has sent meanwhile. */
void client_answered(struct client *client);

#endif
