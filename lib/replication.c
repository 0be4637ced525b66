/* Changing what a data server replicates from. */
#include "replication.h"

#include "core_internal.h"
#include "monitor.h"
#include "send.h"
#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void send(struct core *core, struct instance *instance,
                 enum command_kind kind, const char *const *words, size_t count)
{
    send_words(core, instance, &instance->link->command, WAIT_NOTHING, kind,
               instance->replication_serial, words, count);
}

/* REPLICAOF, unless the server refused it or the operator has renamed only
 * the old word. */
static const char *replicaof_word(const struct instance *instance)
{
    const struct master_options *options = &instance->master->options;

    if ((instance->refused & REFUSED_REPLICAOF) != 0)
        return "SLAVEOF";
    if (option_renamed(options, "SLAVEOF") != NULL &&
        strcmp(option_renamed(options, "SLAVEOF"), "SLAVEOF") != 0 &&
        strcmp(option_renamed(options, "REPLICAOF"), "REPLICAOF") == 0)
        return "SLAVEOF";
    return "REPLICAOF";
}

static void send_transaction(struct core *core, struct instance *instance)
{
    static const char *const multi[] = {"MULTI"};
    static const char *const stop[] = {"FAILOVER", "ABORT"};
    static const char *const rewrite[] = {"CONFIG", "REWRITE"};
    static const char *const kill_normal[] = {"CLIENT", "KILL", "TYPE",
                                              "normal"};
    static const char *const kill_pubsub[] = {"CLIENT", "KILL", "TYPE",
                                              "pubsub"};
    static const char *const exec[] = {"EXEC"};
    const struct addr *target = &instance->replication_target;
    const char *words[3] = {replicaof_word(instance), "NO", "ONE"};
    char port[8];

    if (target->host != NULL) {
        snprintf(port, sizeof(port), "%d", target->port);
        words[1] = addr_shown(target, core->global.announce_hostnames);
        words[2] = port;
    }
    instance->replication_serial++;
    instance->replication_pending = true;
    instance->replication_ms = core->now_ms;
    instance->refused_now = 0;
    /* It would refuse while it hands over by itself. */
    if (instance->failing_over)
        send(core, instance, COMMAND_HANDOVER, stop, 2);
    send(core, instance, COMMAND_MULTI, multi, 1);
    send(core, instance, COMMAND_REPLICAOF, words, 3);
    if ((instance->refused & REFUSED_REWRITE) == 0)
        send(core, instance, COMMAND_REWRITE, rewrite, 2);
    if ((instance->refused & REFUSED_KILL) == 0) {
        send(core, instance, COMMAND_KILL_CLIENTS, kill_normal, 4);
        send(core, instance, COMMAND_KILL_CLIENTS, kill_pubsub, 4);
    }
    send(core, instance, COMMAND_EXEC, exec, 1);
    /* Shows what has become of it, without the wait for the next period. */
    monitor_ask_info(core, instance);
}

bool replication_set(struct core *core, struct instance *instance,
                     const struct addr *target)
{
    assert(instance->kind != KIND_SENTINEL);
    if (instance->link->command.conn == 0)
        return false;
    addr_clear(&instance->replication_target);
    if (target != NULL)
        addr_copy(&instance->replication_target, target);
    send_transaction(core, instance);
    return true;
}

static bool is_refusal(const struct reply *reply)
{
    return reply->type == REPLY_ERROR &&
           (text_starts(reply->text, "ERR unknown") ||
            text_starts(reply->text, "NOPERM"));
}

static void tell_once(struct core *core, struct instance *instance,
                      const char *what, const struct reply *reply)
{
    if ((instance->told & TOLD_REPLICATION) != 0)
        return;
    instance->told |= TOLD_REPLICATION;
    emit_logf(&core->out, LEVEL_WARNING, "%s %s refused %s: %s",
              instance->kind == KIND_MASTER ? "master" : "slave",
              instance->name, what, reply->text);
}

static void note_refusal(struct core *core, struct instance *instance,
                         enum command_kind kind, const struct reply *reply)
{
    switch (kind) {
    case COMMAND_REPLICAOF:
        if ((instance->refused & REFUSED_REPLICAOF) != 0) {
            instance->refused_now |= REFUSED_SLAVEOF;
            tell_once(core, instance, "SLAVEOF", reply);
        } else {
            instance->refused_now |= REFUSED_REPLICAOF;
        }
        break;
    case COMMAND_REWRITE:
        instance->refused_now |= REFUSED_REWRITE;
        tell_once(core, instance, "CONFIG REWRITE", reply);
        break;
    case COMMAND_KILL_CLIENTS:
        instance->refused_now |= REFUSED_KILL;
        tell_once(core, instance, "CLIENT KILL", reply);
        break;
    default:
        tell_once(core, instance, "a transaction", reply);
    }
}

static void exec_result(struct core *core, struct instance *instance,
                        const struct reply *reply)
{
    instance->replication_pending = false;
    instance_touch(core, &instance->master->instance);
    if (!instance->info_pending)
        monitor_ask_info(core, instance);
    if (reply->type == REPLY_ERROR) {
        /* Nothing of the transaction was done. Without what was refused it
         * is sent again; a refusal of both spellings leaves nothing to try. */
        if (instance->refused_now != 0 &&
            (instance->refused_now & REFUSED_SLAVEOF) == 0) {
            instance->refused |= instance->refused_now;
            send_transaction(core, instance);
        } else {
            tell_once(core, instance, "the change of replication", reply);
        }
    } else if (reply->type == REPLY_ARRAY && reply->count > 0 &&
               reply->elements[0].type == REPLY_ERROR) {
        tell_once(core, instance, "REPLICAOF", &reply->elements[0]);
    }
}

void replication_reply(struct core *core, struct instance *instance,
                       const struct command_tag *tag, const struct reply *reply)
{
    if (tag->serial != instance->replication_serial)
        return;
    if (tag->kind == COMMAND_EXEC)
        exec_result(core, instance, reply);
    else if (is_refusal(reply))
        note_refusal(core, instance, tag->kind, reply);
}
