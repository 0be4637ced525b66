/* A reference seat: what it makes of replies, and what it answers. */
#include "reference_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Replies ---- */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void kill_script(struct reference_instance *instance)
{
    static const char *const words[] = {"SCRIPT", "KILL"};

    if ((instance->flags & FLAG_SDOWN) == 0 ||
        (instance->flags & FLAG_SCRIPT_KILL_SENT) != 0 ||
        instance->command == NULL)
        return;
    reference_send(instance, REFERENCE_OTHER, words, 2);
    instance->flags |= FLAG_SCRIPT_KILL_SENT;
}

static void take_pong(struct reference_instance *instance,
                      const struct reply *reply)
{
    int64_t now_ms = reference_now_ms(instance->master->reference);

    instance->last_pong_ms = now_ms;
    if (reply->type != REPLY_STATUS && reply->type != REPLY_ERROR)
        return;
    if (starts_with(reply->text, "PONG") ||
        starts_with(reply->text, "LOADING") ||
        starts_with(reply->text, "MASTERDOWN")) {
        instance->last_avail_ms = now_ms;
        instance->act_ping_ms = 0;
    } else if (starts_with(reply->text, "BUSY")) {
        kill_script(instance);
    }
}

void reference_take_reply(struct reference_instance *instance,
                          enum reference_command command,
                          const struct reply *reply)
{
    switch (command) {
    case REFERENCE_OTHER:
        break;
    case REFERENCE_PING:
        take_pong(instance, reply);
        break;
    case REFERENCE_INFO:
        if (reply->type == REPLY_STRING)
            reference_take_info(instance, reply->text);
        break;
    case REFERENCE_PUBLISH:
        if (reply->type != REPLY_ERROR)
            instance->published_ms = reference_now_ms(
                instance->master->reference);
        break;
    case REFERENCE_ASK:
        reference_take_answer(instance, reply);
        break;
    }
}

/* ---- Commands ---- */

static struct reply *run_auth(struct reference_conn *conn,
                              const struct packet *packet)
{
    const char *password = conn->reference->world->options.auth_pass;

    conn->authorised = password != NULL && packet->count >= 2 &&
                       strcmp(packet->words[packet->count - 1], password) == 0;
    return conn->authorised
               ? reply_status("OK")
               : reply_error("WRONGPASS invalid username-password pair or "
                             "user is disabled.");
}

static struct reply *run_publish(struct reference *reference,
                                 const struct packet *packet)
{
    if (strcmp(packet->words[1], REFERENCE_HELLO_CHANNEL) != 0)
        return reply_error("ERR Only HELLO messages are accepted by Sentinel "
                           "instances.");
    reference_take_hello(reference, packet->words[2]);
    return reply_integer(1);
}

static struct reply *run(struct reference_conn *conn,
                         const struct packet *packet)
{
    const char *name = packet->words[0];

    if (strcasecmp(name, "AUTH") == 0)
        return run_auth(conn, packet);
    if (!conn->authorised)
        return reply_error("NOAUTH Authentication required.");
    if (strcasecmp(name, "PING") == 0)
        return reply_status("PONG");
    if (strcasecmp(name, "CLIENT") == 0)
        return reply_status("OK");
    if (strcasecmp(name, "PUBLISH") == 0 && packet->count == 3)
        return run_publish(conn->reference, packet);
    if (strcasecmp(name, "SENTINEL") == 0 && packet->count == 6 &&
        strcasecmp(packet->words[1], "is-master-down-by-addr") == 0)
        return reference_answer(conn->reference, packet);
    return reply_error("ERR unknown command");
}

void reference_take_command(struct reference_conn *conn,
                            const struct packet *packet)
{
    struct reply *reply = run(conn, packet);

    if (reference_may_act(conn->reference))
        net_send(conn->reference->world->net, conn->end, packet_reply(reply));
    else
        reply_free(reply);
}
