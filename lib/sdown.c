/* Subjectively down. */
#include "sdown.h"

#include "core_internal.h"
#include "notice.h"

#include <assert.h>

/* The moment from which silence counts; false while there is none. A PING
 * without a valid reply counts from when it was sent; with no connection the
 * last valid reply counts; and a name that is looked up for the first time is
 * no silence of the server behind it. */
static bool silent_since(const struct link *link, uint64_t *since)
{
    if (link->awaits_name)
        return false;
    if (link->ping_outstanding)
        *since = link->act_ping_ms;
    else if (link_disconnected(link))
        *since = link->last_avail_ms;
    else
        return false;
    return true;
}

/* When the instance counts as down if nothing changes; HEAP_NEVER if
 * nothing speaks for it. */
static uint64_t down_at(const struct core *core,
                        const struct instance *instance)
{
    const struct master_options *options = &instance->master->options;
    uint64_t down_after = (uint64_t)options->down_after_ms;
    uint64_t at = HEAP_NEVER;
    uint64_t since;

    if (silent_since(instance->link, &since))
        at = since + down_after + 1;
    if (instance->kind != KIND_MASTER)
        return at;
    /* A master that says it is a replica is given time for the failover that
     * made it one to be announced. */
    if (!instance->reports_master) {
        uint64_t limit = instance->role_ms + down_after +
                         2 * core->intervals[INFO_PERIOD] + 1;

        at = heap_earlier(limit, at);
    }
    if ((instance->flags & FLAG_MASTER_REBOOT) != 0) {
        uint64_t limit = instance->reboot_ms +
                         (uint64_t)options->reboot_down_after_ms + 1;

        at = heap_earlier(limit, at);
    }
    return at;
}

uint64_t sdown_run(struct core *core, struct instance *instance)
{
    uint64_t at = down_at(core, instance);
    bool down = core->now_ms >= at;
    bool was_down = (instance->flags & FLAG_SDOWN) != 0;

    assert(!core->tilt);
    if (down && !was_down) {
        notice_instance(core, NOTICE_SDOWN, instance, "%s", "");
        instance->flags |= FLAG_SDOWN;
        instance->sdown_ms = core->now_ms;
        instance->ever_sdown = true;
    } else if (!down && was_down) {
        notice_instance(core, NOTICE_NOT_SDOWN, instance, "%s", "");
        instance->flags &= ~(unsigned)(FLAG_SDOWN | FLAG_SCRIPT_KILL_SENT);
    }
    if (down != was_down && instance->kind != KIND_MASTER)
        instance_touch(core, &instance->master->instance);
    if (down)
        return HEAP_NEVER;
    /* While all is well a PING sent from now on cannot bring it down any
     * sooner than this: looking again then is early enough. */
    if (at == HEAP_NEVER)
        return core->now_ms + (uint64_t)instance->master->options.down_after_ms;
    return at;
}
