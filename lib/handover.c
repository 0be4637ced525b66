/* A coordinated failover, by the master's own FAILOVER command. */
#include "handover.h"

#include "core_internal.h"
#include "replication.h"
#include "send.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* With less time than this a handover is not begun. */
#define LEAST_MS 1000

#define WORDS(...)                      \
    (const char *const[]){__VA_ARGS__}, \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

static void send(struct core *core, struct instance *instance,
                 const char *const *words, size_t count)
{
    send_words(core, instance, &instance->link->command, WAIT_NOTHING,
               COMMAND_HANDOVER, instance->master->handover_serial, words,
               count);
}

static uint64_t left_ms(const struct core *core, const struct master *master)
{
    uint64_t end = master->election_ms +
                   (uint64_t)master->options.failover_timeout_ms;

    return since_ms(end, core->now_ms);
}

bool handover_is_late(const struct core *core, const struct master *master)
{
    return left_ms(core, master) < LEAST_MS;
}

bool handover_start(struct core *core, struct master *master)
{
    struct instance *instance = &master->instance;
    const struct addr *target = &master->promoted->addr;
    char limit_ms[24];
    char port[8];

    assert(master->coordinated && master->promoted != NULL);
    if (!link_is_up(instance->link))
        return false;
    snprintf(limit_ms, sizeof(limit_ms), "%" PRIu64, left_ms(core, master));
    snprintf(port, sizeof(port), "%d", target->port);
    master->handover_serial++;
    master->handover_failed = false;
    send(core, instance, WORDS("MULTI"));
    send(core, instance, WORDS("CLIENT", "PAUSE", limit_ms, "WRITE"));
    send(core, instance,
         WORDS("FAILOVER", "TO",
               addr_shown(target, core->global.announce_hostnames), port,
               "TIMEOUT", limit_ms));
    send(core, instance, WORDS("EXEC"));
    /* From now on it is asked often whether it has become the master. */
    master->promoted->replication_ms = core->now_ms;
    return true;
}

void handover_end(struct core *core, struct master *master)
{
    struct instance *old = &master->instance;

    master->handover_serial++;
    /* Both have their new roles already: what matters is that these are saved,
     * and that clients look for the master anew. */
    replication_set(core, master->promoted, NULL);
    if (link_is_up(old->link))
        send(core, old, WORDS("CLIENT", "UNPAUSE"));
}

void handover_abort(struct core *core, struct master *master)
{
    struct instance *instance = &master->instance;

    master->handover_serial++;
    if (!link_is_up(instance->link))
        return;
    send(core, instance, WORDS("FAILOVER", "ABORT"));
    send(core, instance, WORDS("CLIENT", "UNPAUSE"));
}

void handover_reply(struct core *core, struct instance *instance,
                    const struct command_tag *tag, const struct reply *reply)
{
    struct master *master = instance->master;
    const struct reply *error = NULL;

    if (!master->coordinated || tag->serial != master->handover_serial ||
        master->state != FAILOVER_WAIT_PROMOTION)
        return;
    if (reply->type == REPLY_ERROR)
        error = reply;
    else if (reply->type == REPLY_ARRAY)
        for (size_t i = 0; i < reply->count && error == NULL; i++)
            if (reply->elements[i].type == REPLY_ERROR)
                error = &reply->elements[i];
    if (error == NULL || master->handover_failed)
        return;
    emit_logf(&core->out, LEVEL_WARNING,
              "Master '%s' refused the coordinated failover: %s",
              instance->name, error->text);
    master->handover_failed = true;
    instance_touch(core, instance);
}
