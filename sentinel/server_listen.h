/* Sockets that listen: opened as the settings say, accepted without ever
 * spinning. */
#ifndef SENTINEL_SERVER_LISTEN_H
#define SENTINEL_SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

struct listeners;
struct settings;
struct uv_loop_s;

/* A connection was accepted on a Unix socket (LOCAL) or TCP; FD is the
 * callee's. */
typedef void server_accepted(void *arg, int fd, bool local);

/* Opens all sockets. Returns NULL, with a text in *ERROR (static storage),
 * when one that is not optional cannot be opened, or when there is none.
 * SETTINGS are borrowed. */
struct listeners *server_listen(struct uv_loop_s *loop,
                                const struct settings *settings,
                                server_accepted *accepted, void *arg,
                                const char **error);

/* Closes them, and removes the Unix socket; free when the loop has run out. */
void server_listen_stop(struct listeners *listeners);
void server_listen_free(struct listeners *listeners);

#endif
