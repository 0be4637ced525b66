/* Who gets which notice: channels and patterns of all clients. */
#include "pubsub.h"

#include "../lib/glob.h"
#include "../lib/xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xmalloc(size)
#define uthash_fatal(message) abort()
#include <uthash.h>

/* Of one client; whoever needs more uses patterns. */
#define SUBSCRIPTIONS_LIMIT 1024
#define NAME_LIMIT 1024

/* A channel or a pattern that somebody has subscribed to. */
struct topic {
    char *name; /* may hold any bytes */
    size_t length;
    bool pattern;
    struct subscription *first; /* oldest first */
    struct subscription *last;
    struct topic *next; /* of the patterns, oldest first */
    struct topic *previous;
    UT_hash_handle hh;
};

/* One client's subscription of one topic, in two lists: the topic's and the
 * client's. */
struct subscription {
    struct topic *topic;
    struct client *client;
    struct subscription *next; /* of the topic */
    struct subscription *previous;
    struct subscription *client_next;
};

struct pubsub {
    struct topic *channels; /* hash tables by name */
    struct topic *patterns;
    struct topic *first_pattern;
    struct topic *last_pattern;
    struct client **reached; /* by the message being published */
    size_t reached_count;
    size_t reached_capacity;
};

struct pubsub *pubsub_new(void)
{
    return xcalloc(1, sizeof(struct pubsub));
}

/* ---- Topics ---- */

static struct topic *topic_find(struct pubsub *pubsub, const char *name,
                                size_t length, bool pattern)
{
    struct topic *topic = NULL;
    struct topic *table = pattern ? pubsub->patterns : pubsub->channels;
    HASH_FIND(hh, table, name, length, topic);
    return topic;
}

static struct topic *topic_add(struct pubsub *pubsub, const char *name,
                               size_t length, bool pattern)
{
    struct topic *topic = xcalloc(1, sizeof(*topic));

    topic->name = xmalloc(length + 1);
    memcpy(topic->name, name, length);
    topic->name[length] = '\0';
    topic->length = length;
    topic->pattern = pattern;
    if (!pattern) {
        HASH_ADD_KEYPTR(hh, pubsub->channels, topic->name, length, topic);
        return topic;
    }
    HASH_ADD_KEYPTR(hh, pubsub->patterns, topic->name, length, topic);
    topic->previous = pubsub->last_pattern;
    if (topic->previous != NULL)
        topic->previous->next = topic;
    else
        pubsub->first_pattern = topic;
    pubsub->last_pattern = topic;
    return topic;
}

static void topic_remove(struct pubsub *pubsub, struct topic *topic)
{
    if (!topic->pattern) {
        assert(pubsub->channels != NULL);
        HASH_DEL(pubsub->channels, topic);
    } else {
        assert(pubsub->patterns != NULL);
        HASH_DEL(pubsub->patterns, topic);
        if (topic->previous != NULL)
            topic->previous->next = topic->next;
        else
            pubsub->first_pattern = topic->next;
        if (topic->next != NULL)
            topic->next->previous = topic->previous;
        else
            pubsub->last_pattern = topic->previous;
    }
    free(topic->name);
    free(topic);
}

/* ---- Subscriptions ---- */

static struct subscription *subscription_find(const struct client *client,
                                              const struct topic *topic)
{
    struct subscription *one = client->subscriptions;
    while (one != NULL && one->topic != topic)
        one = one->client_next;
    return one;
}

static void subscription_add(struct client *client, struct topic *topic)
{
    struct subscription *one = xcalloc(1, sizeof(*one));
    struct subscription **end = &client->subscriptions;

    one->topic = topic;
    one->client = client;
    one->previous = topic->last;
    if (topic->last != NULL)
        topic->last->next = one;
    else
        topic->first = one;
    topic->last = one;
    while (*end != NULL)
        end = &(*end)->client_next;
    *end = one;
    if (topic->pattern)
        client->patterns++;
    else
        client->channels++;
}

/* Ends the subscription to which SLOT, in its client's list, points. */
static void subscription_remove(struct pubsub *pubsub,
                                struct subscription **slot)
{
    struct subscription *one = *slot;
    struct topic *topic = one->topic;

    *slot = one->client_next;
    if (one->previous != NULL)
        one->previous->next = one->next;
    else
        topic->first = one->next;
    if (one->next != NULL)
        one->next->previous = one->previous;
    else
        topic->last = one->previous;
    if (topic->pattern)
        one->client->patterns--;
    else
        one->client->channels--;
    free(one);
    if (topic->first == NULL)
        topic_remove(pubsub, topic);
}

/* Where the pointer to the subscription of NAME stands (of any name when NAME
 * is NULL), or NULL. */
static struct subscription **slot_find(struct client *client, const char *name,
                                       size_t length, bool pattern)
{
    struct subscription **slot = &client->subscriptions;

    for (; *slot != NULL; slot = &(*slot)->client_next) {
        const struct topic *topic = (*slot)->topic;
        if (topic->pattern == pattern &&
            (name == NULL || (topic->length == length &&
                              memcmp(topic->name, name, length) == 0)))
            return slot;
    }
    return NULL;
}

/* KIND is "subscribe" or "unsubscribe". */
static void confirm(struct client *client, const char *kind, bool pattern,
                    const char *name, size_t length)
{
    struct resp_writer *out = &client->output;
    char text[16];

    snprintf(text, sizeof(text), "%s%s", pattern ? "p" : "", kind);
    resp_push(out, 3);
    resp_text(out, text);
    if (name != NULL)
        resp_bulk(out, name, length);
    else
        resp_null(out);
    resp_integer(out, (int64_t)(client->channels + client->patterns));
}

void pubsub_subscribe(struct pubsub *pubsub, struct client *client,
                      const char *name, size_t length, bool pattern)
{
    struct topic *topic = topic_find(pubsub, name, length, pattern);

    if (topic == NULL || subscription_find(client, topic) == NULL) {
        if (length > NAME_LIMIT) {
            resp_errorf(&client->output,
                        "ERR name of a subscription longer than %d bytes",
                        NAME_LIMIT);
            return;
        }
        if (client->channels + client->patterns >= SUBSCRIPTIONS_LIMIT) {
            resp_errorf(&client->output, "ERR more than %d subscriptions",
                        SUBSCRIPTIONS_LIMIT);
            return;
        }
        if (topic == NULL)
            topic = topic_add(pubsub, name, length, pattern);
        subscription_add(client, topic);
    }
    confirm(client, "subscribe", pattern, name, length);
}

/* Drops the subscription at *SLOT with a confirmation. */
static void drop(struct pubsub *pubsub, struct client *client,
                 struct subscription **slot)
{
    const struct topic *topic = (*slot)->topic;
    const bool pattern = topic->pattern;
    const size_t length = topic->length;
    char *name = xmemdup(topic->name, length + 1);

    subscription_remove(pubsub, slot);
    confirm(client, "unsubscribe", pattern, name, length);
    free(name);
}

void pubsub_unsubscribe(struct pubsub *pubsub, struct client *client,
                        const char *name, size_t length, bool pattern)
{
    struct subscription **slot = slot_find(client, name, length, pattern);

    if (slot == NULL) {
        confirm(client, "unsubscribe", pattern, name, length);
        return;
    }
    drop(pubsub, client, slot);
    while (name == NULL && (slot = slot_find(client, NULL, 0, pattern)) != NULL)
        drop(pubsub, client, slot);
}

void pubsub_visit(const struct client *client, pubsub_seen *seen, void *arg)
{
    for (const struct subscription *one = client->subscriptions; one != NULL;
         one = one->client_next)
        seen(arg, one->topic->name, one->topic->length, one->topic->pattern);
}

void pubsub_forget(struct pubsub *pubsub, struct client *client)
{
    while (client->subscriptions != NULL)
        subscription_remove(pubsub, &client->subscriptions);
    assert(client->channels == 0 && client->patterns == 0);
}

void pubsub_counts(const struct pubsub *pubsub, size_t *channels,
                   size_t *patterns)
{
    *channels = HASH_COUNT(pubsub->channels);
    *patterns = HASH_COUNT(pubsub->patterns);
}

void pubsub_free(struct pubsub *pubsub)
{
    if (pubsub == NULL)
        return;
    while (pubsub->channels != NULL)
        pubsub_forget(pubsub, pubsub->channels->first->client);
    while (pubsub->patterns != NULL)
        pubsub_forget(pubsub, pubsub->patterns->first->client);
    free(pubsub->reached);
    free(pubsub);
}

/* ---- Publishing ---- */

/* A message in the form of each protocol version, written when first
 * needed. */
struct message {
    struct resp_writer forms[2];
    const struct topic *topic; /* the pattern it is sent for, or NULL */
    const char *channel;
    const char *text;
};

static const struct resp_writer *message_form(struct message *message,
                                              int proto)
{
    struct resp_writer *form = &message->forms[proto == 3];

    if (form->length > 0)
        return form;
    resp_writer_init(form, proto);
    resp_push(form, message->topic != NULL ? 4 : 3);
    resp_text(form, message->topic != NULL ? "pmessage" : "message");
    if (message->topic != NULL)
        resp_bulk(form, message->topic->name, message->topic->length);
    resp_text(form, message->channel);
    resp_text(form, message->text);
    return form;
}

static void remember(struct pubsub *pubsub, struct client *client)
{
    if (pubsub->reached_count == pubsub->reached_capacity) {
        pubsub->reached_capacity = pubsub->reached_capacity * 2 + 16;
        pubsub->reached = xrealloc(pubsub->reached,
                                   pubsub->reached_capacity *
                                       sizeof(struct client *));
    }
    pubsub->reached[pubsub->reached_count++] = client;
}

/* Appends the message to all subscribers of TOPIC. */
static void deliver(struct pubsub *pubsub, const struct topic *topic,
                    const char *channel, const char *text)
{
    struct message message = {.topic = topic->pattern ? topic : NULL,
                              .channel = channel,
                              .text = text};

    for (struct subscription *one = topic->first; one != NULL;
         one = one->next) {
        const struct resp_writer *form = message_form(
            &message, one->client->output.proto);
        resp_raw(&one->client->output, form->data, form->length);
        remember(pubsub, one->client);
    }
    resp_writer_clear(&message.forms[0]);
    resp_writer_clear(&message.forms[1]);
}

size_t pubsub_publish(struct pubsub *pubsub, const char *channel,
                      const char *text)
{
    const size_t length = strlen(channel);
    const struct topic *topic = topic_find(pubsub, channel, length, false);
    struct client **reached;
    size_t count;

    assert(pubsub->reached_count == 0);
    if (topic != NULL)
        deliver(pubsub, topic, channel, text);
    for (topic = pubsub->first_pattern; topic != NULL; topic = topic->next)
        if (glob_match(topic->name, topic->length, channel, length, false))
            deliver(pubsub, topic, channel, text);

    /* Flushing may close clients, which ends subscriptions, and whoever is
     * told of that may publish in turn: nothing of ours is held meanwhile.
     * Clients themselves live on until the loop turns. */
    reached = pubsub->reached;
    count = pubsub->reached_count;
    pubsub->reached = NULL;
    pubsub->reached_count = pubsub->reached_capacity = 0;
    for (size_t i = 0; i < count; i++)
        if (reached[i]->stream != NULL)
            client_flush(reached[i]);
    free(reached);
    return count;
}
