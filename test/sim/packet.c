/* What travels on a simulated connection: commands, replies, messages. */
#include "packet.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One piece of memory: the packet, the pointers to its words, their bytes. */
struct packet *packet_new(enum packet_type type, const char *const *words,
                          size_t count)
{
    size_t lengths[PACKET_WORDS];
    size_t size = sizeof(struct packet) + count * sizeof(char *);
    struct packet *packet;
    char *at;

    assert(count <= PACKET_WORDS);
    for (size_t i = 0; i < count; i++) {
        lengths[i] = strlen(words[i]) + 1;
        size += lengths[i];
    }
    packet = xmalloc(size);
    memset(packet, 0, sizeof(*packet));
    packet->type = type;
    packet->words = (char **)(packet + 1);
    packet->count = count;
    at = (char *)(packet->words + count);
    for (size_t i = 0; i < count; i++) {
        packet->words[i] = memcpy(at, words[i], lengths[i]);
        at += lengths[i];
    }
    return packet;
}

struct packet *packet_reply(struct reply *reply)
{
    struct packet *packet = packet_new(PACKET_REPLY, NULL, 0);

    packet->reply = reply;
    return packet;
}

void packet_free(struct packet *packet)
{
    if (packet == NULL)
        return;
    reply_free(packet->reply);
    free(packet);
}

void packet_append(struct packet_list *list, struct packet *packet)
{
    packet->next = NULL;
    if (list->tail != NULL)
        list->tail->next = packet;
    else
        list->head = packet;
    list->tail = packet;
}

struct packet *packet_take(struct packet_list *list)
{
    struct packet *packet = list->head;

    if (packet == NULL)
        return NULL;
    list->head = packet->next;
    if (list->head == NULL)
        list->tail = NULL;
    packet->next = NULL;
    return packet;
}

void packet_drop_all(struct packet_list *list)
{
    struct packet *packet;

    while ((packet = packet_take(list)) != NULL)
        packet_free(packet);
}

/* The text stands behind the reply, in one piece of memory with it. */
static struct reply *reply_new(enum reply_type type, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    struct reply *reply = xmalloc(sizeof(*reply) + length + 1);

    memset(reply, 0, sizeof(*reply));
    reply->type = type;
    if (text != NULL)
        reply->text = memcpy(reply + 1, text, length + 1);
    reply->length = length;
    return reply;
}

struct reply *reply_status(const char *text)
{
    return reply_new(REPLY_STATUS, text);
}

struct reply *reply_error(const char *text)
{
    return reply_new(REPLY_ERROR, text);
}

struct reply *reply_string(const char *text)
{
    return reply_new(REPLY_STRING, text);
}

struct reply *reply_integer(int64_t integer)
{
    struct reply *reply = reply_new(REPLY_INTEGER, NULL);

    reply->integer = integer;
    return reply;
}

struct reply *reply_array(size_t count)
{
    struct reply *reply = reply_new(REPLY_ARRAY, NULL);

    reply->elements = xcalloc(count, sizeof(*reply->elements));
    reply->count = count;
    for (size_t i = 0; i < count; i++)
        reply->elements[i].type = REPLY_NIL;
    return reply;
}

void reply_set(struct reply *array, size_t index, struct reply *value)
{
    assert(array->type == REPLY_ARRAY && index < array->count);
    assert(array->elements[index].type == REPLY_NIL);
    array->elements[index] = *value;
    array->elements[index].text = xstrdup_or_null(value->text);
    free(value);
}

static void free_elements(struct reply *reply)
{
    for (size_t i = 0; i < reply->count; i++) {
        free((char *)reply->elements[i].text);
        free_elements(&reply->elements[i]);
    }
    free(reply->elements);
}

void reply_free(struct reply *reply)
{
    if (reply == NULL)
        return;
    free_elements(reply);
    free(reply);
}
