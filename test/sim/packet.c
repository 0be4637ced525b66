/* What travels on a simulated connection: commands, replies, messages. */
#include "packet.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct packet *packet_new(enum packet_type type, const char *const *words,
                          size_t count)
{
    struct packet *packet = xcalloc(1, sizeof(*packet));

    packet->type = type;
    packet->words = xcalloc(count, sizeof(*packet->words));
    packet->count = count;
    for (size_t i = 0; i < count; i++)
        packet->words[i] = xstrdup(words[i]);
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
    for (size_t i = 0; i < packet->count; i++)
        free(packet->words[i]);
    free(packet->words);
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

static struct reply *reply_new(enum reply_type type, const char *text)
{
    struct reply *reply = xcalloc(1, sizeof(*reply));

    reply->type = type;
    reply->text = xstrdup_or_null(text);
    reply->length = text != NULL ? strlen(text) : 0;
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
    free(value);
}

static void reply_clear(struct reply *reply)
{
    free((char *)reply->text);
    for (size_t i = 0; i < reply->count; i++)
        reply_clear(&reply->elements[i]);
    free(reply->elements);
}

void reply_free(struct reply *reply)
{
    if (reply == NULL)
        return;
    reply_clear(reply);
    free(reply);
}
