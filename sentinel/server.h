/* Listening sockets, and the list of accepted clients. */
#ifndef SENTINEL_SERVER_H
#define SENTINEL_SERVER_H

#include "client.h"

#include <stddef.h>
#include <stdint.h>

struct context;
struct server;
struct uv_loop_s;

/* Listens as context->settings says. Returns NULL, with a text in *ERROR
 * (static storage), when an address cannot be bound. CONTEXT is borrowed. */
struct server *server_new(struct uv_loop_s *loop, struct context *context,
                          const char **error);

/* Closes listeners and clients after their output is written; free it only
 * when the loop has run out. */
void server_stop(struct server *server);
void server_free(struct server *server);

/* The client with this id, or NULL when it has gone. */
struct client *server_client(struct server *server, uint64_t id);
size_t server_client_count(const struct server *server);

/* Visits all clients in the order of their ids. The visitor may close them. */
typedef void server_visit(void *arg, struct client *client);
void server_visit_clients(struct server *server, server_visit *visit,
                          void *arg);

#endif
