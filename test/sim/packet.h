/* What travels on a simulated connection: commands, replies, messages. */
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include "../../lib/event.h"

#include <stddef.h>
#include <stdint.h>

#define PACKET_WORDS 16 /* at most */

enum packet_type {
    PACKET_COMMAND, /* words */
    PACKET_REPLY,   /* reply, to the oldest command without one */
    PACKET_MESSAGE, /* words: channel, payload */
    PACKET_CLOSE    /* the sender has closed; words: reason */
};

struct packet {
    struct packet *next;
    uint64_t arrival_us;
    enum packet_type type;
    char **words;
    size_t count;
    struct reply *reply;
};

/* A first-in first-out list. */
struct packet_list {
    struct packet *head;
    struct packet *tail;
};

/* Copies WORDS. Free with packet_free(). */
struct packet *packet_new(enum packet_type type, const char *const *words,
                          size_t count);

/* Takes REPLY over. */
struct packet *packet_reply(struct reply *reply);

void packet_free(struct packet *packet); /* NULL is fine */

void packet_append(struct packet_list *list, struct packet *packet);
struct packet *packet_take(struct packet_list *list); /* NULL when empty */
void packet_drop_all(struct packet_list *list);

/* Replies to build; free with reply_free(). Texts are copied. */
struct reply *reply_status(const char *text);
struct reply *reply_error(const char *text);
struct reply *reply_integer(int64_t integer);
struct reply *reply_string(const char *text);
struct reply *reply_array(size_t count); /* of nils, to be set */

/* Takes VALUE over and puts it in place of element INDEX. */
void reply_set(struct reply *array, size_t index, struct reply *value);

void reply_free(struct reply *reply);

#endif
