/* Who gets which notice: channels and patterns of all clients. */
#ifndef SENTINEL_PUBSUB_H
#define SENTINEL_PUBSUB_H

#include "client.h"

struct pubsub;

struct pubsub *pubsub_new(void);
void pubsub_free(struct pubsub *pubsub);

/* Appends a message for CHANNEL to the output of each client that has
 * subscribed to it or to a pattern that matches, and asks for their output to
 * be written. Returns the number of deliveries. */
size_t pubsub_publish(struct pubsub *pubsub, const char *channel,
                      const char *text);

/* Each adds or drops one subscription (no effect when it is there already, or
 * not) and appends the confirmation that the client expects. A NULL NAME drops
 * all of that kind, with one confirmation each, or a single one with a null
 * name when there was none. */
void pubsub_subscribe(struct pubsub *pubsub, struct client *client,
                      const char *name, size_t length, bool pattern);
void pubsub_unsubscribe(struct pubsub *pubsub, struct client *client,
                        const char *name, size_t length, bool pattern);

/* Visits what the client has subscribed to. */
typedef void pubsub_seen(void *arg, const char *name, size_t length,
                         bool pattern);
void pubsub_visit(const struct client *client, pubsub_seen *seen, void *arg);

/* Forgets a client that closes, without output. */
void pubsub_forget(struct pubsub *pubsub, struct client *client);

/* Number of different channels and of patterns, for INFO. */
void pubsub_counts(const struct pubsub *pubsub, size_t *channels,
                   size_t *patterns);

#endif
