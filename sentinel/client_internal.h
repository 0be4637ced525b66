/* What server.c and client.c share: the whole of a client. */
#ifndef SENTINEL_CLIENT_INTERNAL_H
#define SENTINEL_CLIENT_INTERNAL_H

#include "client.h"
#include "server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

struct stream_hub;

struct session {
    struct client client; /* first: a client's address is its session's */
    struct server *server;
    struct stream_hub *hub;
    struct resp_request_reader *requests;
    bool closing;    /* in the list until its stream is gone */
    bool processing; /* commands are being run, further up the stack */
    bool paused;     /* too much has come in while it waits */
    bool ended;      /* the peer sends no more; close when all is answered */
    uint64_t over_soft_since_ms; /* output too large since then; 0: it is
                                  * not */
    UT_hash_handle hh;           /* the server's list, by id */
};

/* Takes over the connected socket FD. The addresses, unix_socket and loopback
 * are copied from LIKE; all else gets its first value. */
struct session *session_new(struct server *server, struct context *context,
                            struct stream_hub *hub, uint64_t id, int fd,
                            const struct client *like);

/* Closes it when it has been idle or over its output limit for too long. */
void session_tick(struct session *session, uint64_t now_ms);

/* ---- Called by client.c ---- */

/* Whether session_tick() must be called from now on. */
void server_want_tick(struct server *server);

/* The session begins to close: it counts no more. */
void server_closing(struct server *server, struct session *session);

/* The session is about to be freed. */
void server_forget(struct server *server, struct session *session);

#endif
