/* What server.c and client.c share: the whole of a client. */
#ifndef SENTINEL_CLIENT_INTERNAL_H
#define SENTINEL_CLIENT_INTERNAL_H

#include "client.h"
#include "server.h"
#include "turns.h"

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
    struct turn turn; /* wanted while there may be requests to run */
    bool closing;     /* in the list until its stream is gone */
    bool processing;  /* commands are being run, further up the stack */
    bool paused;      /* not read: so much has come in and not been run */
    bool full;        /* runs no requests until its output has left */
    bool ended;       /* the peer sends no more; close when all is answered */
    uint64_t counted_bytes;      /* unread output in the sum of the server */
    uint64_t over_soft_since_ms; /* output too large since then; 0: it is
                                  * not */
    UT_hash_handle hh;           /* the server's list, by id */
};

/* Takes over the connected socket FD. The addresses, unix_socket and loopback
 * are copied from LIKE; all else gets its first value. */
struct session *session_new(struct server *server, struct context *context,
                            struct stream_hub *hub, uint64_t id, int fd,
                            const struct client *like);

/* Runs some of its requests: a turn_take. */
bool session_take_turn(struct turn *turn);

/* Output that the peer has not read and the system has not taken. */
uint64_t session_unread(const struct session *session);

/* Closes it, the one with the most output of all that is unread. */
void session_close_largest(struct session *session);

/* Closes it when it has been idle or over its output limit for too long. */
void session_tick(struct session *session, uint64_t now_ms);

/* ---- Called by client.c ---- */

/* Whether session_tick() must be called from now on. */
void server_want_tick(struct server *server);

/* The session has, or may have, requests to run. */
void server_want_turn(struct server *server, struct session *session);

/* Whether what the loop gives to clients at a time is used up. */
bool server_turn_over(const struct server *server);

/* The session's unread output has changed to that many bytes. */
void server_count_unread(struct server *server, struct session *session,
                         uint64_t bytes);

/* The session begins to close: it counts no more. */
void server_closing(struct server *server, struct session *session);

/* The session is about to be freed. */
void server_forget(struct server *server, struct session *session);

#endif
