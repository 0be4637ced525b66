/* Replies to the commands sent on links. */
#include "reply.h"

#include "core_internal.h"
#include "handover.h"
#include "odown.h"
#include "replication.h"
#include "role.h"
#include "send.h"
#include "text.h"

#include <assert.h>
#include <string.h>

#define LOGIN_RETRY_MS 5000

static void tell_once(struct core *core, struct instance *instance,
                      unsigned told, const char *what,
                      const struct reply *reply)
{
    if ((instance->told & told) != 0)
        return;
    instance->told |= told;
    emit_logf(&core->out, LEVEL_WARNING, "%s refused by %s %s:%d: %s", what,
              instance->name, instance->addr.host, instance->addr.port,
              reply->text);
}

/* A script that blocks the server is killed once, when it has made the server
 * subjectively down. */
static void kill_script(struct core *core, struct instance *instance)
{
    const char *words[] = {"SCRIPT", "KILL"};

    if ((instance->flags & FLAG_SDOWN) == 0 ||
        (instance->flags & FLAG_SCRIPT_KILL_SENT) != 0 ||
        instance->link->command.conn == 0)
        return;
    instance->flags |= FLAG_SCRIPT_KILL_SENT;
    send_words(core, instance, &instance->link->command, WAIT_NOTHING,
               COMMAND_SCRIPT_KILL, 0, words, 2);
}

static bool is_valid_pong(const struct reply *reply)
{
    if (reply->type != REPLY_STATUS && reply->type != REPLY_ERROR)
        return false;
    return text_starts(reply->text, "PONG") ||
           text_starts(reply->text, "LOADING") ||
           text_starts(reply->text, "MASTERDOWN");
}

/* A connection on which we are not logged in stays so, also when the server
 * would let us in by now; and refusals keep it from becoming stale. */
static void log_in_again(struct core *core, struct link *link)
{
    if (link->command.conn != 0 &&
        core->now_ms >= link->command.opened_ms + LOGIN_RETRY_MS)
        link_close(core, link, "not logged in");
}

static void take_pong(struct core *core, struct link *link,
                      const struct reply *reply)
{
    struct instance *user = link->users;
    bool valid = is_valid_pong(reply);

    link_pong(core, link, valid);
    /* LOADING and MASTERDOWN are valid too, but told once, not each time. */
    if (valid && text_starts(reply->text, "PONG")) {
        user->told &= ~(unsigned)TOLD_PING;
        user->flags &= ~(unsigned)FLAG_MASTER_REBOOT;
    }
    if (reply->type == REPLY_ERROR && !text_starts(reply->text, "PONG"))
        tell_once(core, user, TOLD_PING, "PING", reply);
    if (reply->type == REPLY_ERROR && text_starts(reply->text, "BUSY"))
        kill_script(core, user);
    if (reply->type == REPLY_ERROR && text_starts(reply->text, "NOAUTH"))
        log_in_again(core, link);
}

static void take_info(struct core *core, struct instance *instance,
                      uint64_t asked_ms, const struct reply *reply)
{
    if (asked_ms == instance->info_asked_ms)
        instance->info_pending = false;
    if (reply->type == REPLY_STRING)
        role_take_info(core, instance, reply->text, asked_ms);
    else if (reply->type == REPLY_ERROR)
        tell_once(core, instance, TOLD_INFO, "INFO", reply);
    instance_touch(core, instance);
}

static void take_hello(struct core *core, struct instance *instance,
                       const struct reply *reply)
{
    instance->hello_pending = false;
    if (reply->type == REPLY_ERROR)
        tell_once(core, instance, TOLD_PUBLISH, "PUBLISH of hello messages",
                  reply);
    instance_touch(core, instance);
}

static void take_for_instance(struct core *core, struct instance *instance,
                              const struct command_tag *tag,
                              const struct reply *reply)
{
    switch (tag->kind) {
    case COMMAND_AUTH:
        if (reply->type == REPLY_ERROR)
            tell_once(core, instance, TOLD_AUTH, "AUTH", reply);
        break;
    case COMMAND_SUBSCRIBE:
        if (reply->type == REPLY_ERROR)
            tell_once(core, instance, TOLD_SUBSCRIBE,
                      "SUBSCRIBE to hello messages", reply);
        break;
    case COMMAND_INFO:
        take_info(core, instance, tag->serial, reply);
        break;
    case COMMAND_HELLO:
        take_hello(core, instance, reply);
        break;
    case COMMAND_ASK:
        odown_take_answer(core, instance, tag->serial, reply);
        break;
    case COMMAND_MULTI:
    case COMMAND_REPLICAOF:
    case COMMAND_REWRITE:
    case COMMAND_KILL_CLIENTS:
    case COMMAND_EXEC:
        replication_reply(core, instance, tag, reply);
        break;
    case COMMAND_HANDOVER:
        handover_reply(core, instance, tag, reply);
        break;
    case COMMAND_PING:
    case COMMAND_SETNAME:
    case COMMAND_SCRIPT_KILL:
        break;
    }
}

void reply_take(struct core *core, uint64_t conn, const struct command_tag *tag,
                const struct reply *reply)
{
    struct channel *channel = link_find_channel(core, conn);
    struct instance *instance;

    if (channel == NULL)
        return;
    if (channel == &channel->link->pubsub)
        channel->link->pubsub_active_ms = core->now_ms;
    else if (channel->link->pending > 0)
        channel->link->pending--;
    if (tag->kind == COMMAND_PING) {
        take_pong(core, channel->link, reply);
        return;
    }
    instance = instance_find(core, tag->instance);
    if (instance != NULL)
        take_for_instance(core, instance, tag, reply);
}
