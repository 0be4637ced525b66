/* When the network is back, all that is silent is tried at once. */
#include "revival.h"

#include "core_internal.h"

/* Not more often than this: elections wait a slot then, and servers that come
 * and go must not keep them waiting. */
#define PAUSE_MS 10000

/* Down for want of an answer: a master that says it is a replica is down, and
 * answers. */
static bool was_silent(const struct core *core, const struct link *link)
{
    for (const struct instance *user = link->users; user != NULL;
         user = user->next_user)
        if ((user->flags & FLAG_SDOWN) != 0 &&
            since_ms(core->now_ms, link->last_avail_ms) >=
                (uint64_t)user->master->options.down_after_ms)
            return true;
    return false;
}

static void try_anew(struct core *core, const struct instance *instance,
                     const struct channel *reached)
{
    if ((instance->flags & FLAG_SDOWN) != 0 && instance->link->ping_outstanding)
        link_try_anew(core, instance->link, reached);
}

/* Who is still silent for us may be so only because a pause, or the growing
 * one of TCP, has not passed yet. */
void revival_check(struct core *core, const struct channel *channel)
{
    struct instance *master;
    struct instance *one;

    if (!was_silent(core, channel->link) || core->tilt ||
        (core->retried_ms != 0 && core->now_ms < core->retried_ms + PAUSE_MS))
        return;
    core->retried_ms = core->now_ms;
    MASTER_EACH (core->masters, master) {
        try_anew(core, master, channel);
        MASTER_EACH (master->master->replicas, one)
            try_anew(core, one, channel);
        MASTER_EACH (master->master->sentinels, one)
            try_anew(core, one, channel);
    }
}
