/* Turning the other replicas to the promoted one. */
#include "reconf.h"

#include "core_internal.h"
#include "notice.h"
#include "replication.h"

#include <assert.h>

#define RECONF_STATES \
    (unsigned)(FLAG_RECONF_SENT | FLAG_RECONF_INPROG | FLAG_RECONF_DONE)

static bool send_to_promoted(struct core *core, struct instance *replica,
                             enum notice notice)
{
    const struct addr *addr = &replica->master->promoted->addr;

    if (!replication_set(core, replica, addr))
        return false;
    replica->flags |= FLAG_RECONF_SENT;
    replica->reconf_sent_ms = core->now_ms;
    notice_instance(core, notice, replica, "%s", "");
    return true;
}

/* One that never shows the new master is not waited for: it is sent there
 * once more, counts as done, and is put right later if need be. Before the
 * others are counted, so that it does not hold them up. */
static uint64_t time_out_sent(struct core *core, struct master *master)
{
    uint64_t next = HEAP_NEVER;
    struct instance *replica;

    MASTER_EACH (master->replicas, replica) {
        uint64_t at = replica->reconf_sent_ms +
                      core->intervals[SLAVE_RECONF_TIMEOUT];

        if ((replica->flags & RECONF_STATES) != FLAG_RECONF_SENT)
            continue;
        if (core->now_ms <= at) {
            next = heap_earlier(at + 1, next);
            continue;
        }
        notice_instance(core, NOTICE_SLAVE_RECONF_SENT_TIMEOUT, replica, "%s",
                        "");
        replica->flags &= ~(unsigned)FLAG_RECONF_SENT;
        replica->flags |= FLAG_RECONF_DONE;
        send_to_promoted(core, replica, NOTICE_SLAVE_RECONF_SENT);
    }
    return next;
}

static void send_more(struct core *core, struct master *master)
{
    int64_t in_progress = 0;
    int64_t limit = master->options.parallel_syncs;
    struct instance *replica;

    /* The file may say 0 or less, with which nobody would ever be done. */
    if (limit < 1)
        limit = 1;
    MASTER_EACH (master->replicas, replica)
        if ((replica->flags & (FLAG_RECONF_SENT | FLAG_RECONF_INPROG)) != 0 &&
            (replica->flags & FLAG_RECONF_DONE) == 0)
            in_progress++;
    MASTER_EACH (master->replicas, replica) {
        if (in_progress >= limit)
            break;
        if ((replica->flags & (FLAG_PROMOTED | RECONF_STATES)) != 0 ||
            !link_is_up(replica->link))
            continue;
        if (send_to_promoted(core, replica, NOTICE_SLAVE_RECONF_SENT))
            in_progress++;
    }
}

static size_t count_waiting(const struct master *master)
{
    const struct instance *old = &master->instance;
    size_t waiting = 0;
    struct instance *replica;

    /* In a planned failover the old master is told to follow: the end, which
     * closes its connections, must not overtake the command. */
    if (old->replication_pending && (old->flags & FLAG_SDOWN) == 0)
        waiting++;
    MASTER_EACH (master->replicas, replica)
        if ((replica->flags &
             (FLAG_PROMOTED | FLAG_RECONF_DONE | FLAG_SDOWN)) == 0)
            waiting++;
    return waiting;
}

static void send_best_effort(struct core *core, struct master *master)
{
    struct instance *replica;

    MASTER_EACH (master->replicas, replica)
        if ((replica->flags &
             (FLAG_PROMOTED | FLAG_RECONF_DONE | FLAG_RECONF_SENT)) == 0 &&
            !link_disconnected(replica->link))
            send_to_promoted(core, replica, NOTICE_SLAVE_RECONF_SENT_BE);
}

static void end(struct core *core, struct master *master, bool timed_out)
{
    struct instance *instance = &master->instance;

    if (timed_out)
        notice_instance(core, NOTICE_FAILOVER_END_FOR_TIMEOUT, instance, "%s",
                        "");
    notice_instance(core, NOTICE_FAILOVER_END, instance, "%s", "");
    if (timed_out)
        send_best_effort(core, master);
}

bool reconf_run(struct core *core, struct master *master, uint64_t *next)
{
    uint64_t limit = master->state_ms +
                     (uint64_t)master->options.failover_timeout_ms + 1;
    bool done;
    bool timed_out;

    assert(master->promoted != NULL);
    *next = time_out_sent(core, master);
    send_more(core, master);
    /* A promoted replica that is down again must not hold up the detection
     * that finds the next one. */
    timed_out = core->now_ms >= limit ||
                (master->promoted->flags & FLAG_SDOWN) != 0;
    done = count_waiting(master) == 0;
    if (done || timed_out) {
        end(core, master, !done);
        return true;
    }
    *next = heap_earlier(limit, *next);
    return false;
}
