/* Which replica to promote. */
#include "selection.h"

#include "core_internal.h"
#include "text.h"

#include <assert.h>

/* In ping periods, and in INFO periods for a master that is up. */
#define MAX_SILENCE_PERIODS 5
#define MAX_INFO_PERIODS 3

/* In times down-after, on top of the time the master has been down. */
#define MAX_LINK_DOWN_FACTOR 10

static uint64_t info_limit_ms(const struct core *core,
                              const struct master *master)
{
    if ((master->instance.flags & FLAG_SDOWN) != 0)
        return MAX_SILENCE_PERIODS * core->intervals[PING_PERIOD];
    return MAX_INFO_PERIODS * core->intervals[INFO_PERIOD];
}

/* How long the links of replicas may have been down for no fault of theirs. A
 * master that says it is a replica has been of no use since before its last
 * INFO, and counts as down only long after that. */
static uint64_t master_down_ms(const struct core *core,
                               const struct instance *master)
{
    if ((master->flags & FLAG_SDOWN) == 0)
        return 0;
    if (!master->reports_master && master->role_ms < master->sdown_ms)
        return since_ms(core->now_ms, master->role_ms) +
               core->intervals[INFO_PERIOD];
    /* Found down late, after tilt, it has been silent for longer than it has
     * counted as down. */
    if (master->link->last_avail_ms < master->sdown_ms)
        return since_ms(core->now_ms, master->link->last_avail_ms);
    return since_ms(core->now_ms, master->sdown_ms);
}

static uint64_t link_down_limit_ms(const struct core *core,
                                   const struct master *master)
{
    uint64_t down_ms = master_down_ms(core, &master->instance);

    return down_ms +
           MAX_LINK_DOWN_FACTOR * (uint64_t)master->options.down_after_ms;
}

/* It answers, and says that it is a replica itself: there is no master whose
 * writes the others could have missed. After a restart nobody may remember
 * since when. */
static bool has_stepped_down(const struct core *core,
                             const struct instance *master)
{
    uint64_t limit_ms = MAX_INFO_PERIODS * core->intervals[INFO_PERIOD];

    return (master->flags & FLAG_SDOWN) != 0 && master->info_known &&
           !master->reports_master && link_is_up(master->link) &&
           since_ms(core->now_ms, master->info_ms) <= limit_ms;
}

/* What holds without regard to INFO, which may just be on its way. */
static bool is_reachable(const struct core *core,
                         const struct instance *replica)
{
    uint64_t silence = MAX_SILENCE_PERIODS * core->intervals[PING_PERIOD];

    return (replica->flags & (FLAG_SDOWN | FLAG_ODOWN)) == 0 &&
           !link_disconnected(replica->link) && replica->priority != 0 &&
           since_ms(core->now_ms, replica->link->last_avail_ms) <= silence;
}

bool selection_is_eligible(const struct core *core,
                           const struct instance *replica)
{
    const struct master *master = replica->master;

    assert(replica->kind == KIND_REPLICA);
    if (!is_reachable(core, replica) || !replica->info_known ||
        since_ms(core->now_ms, replica->info_ms) > info_limit_ms(core, master))
        return false;
    return replica->master_link_down_ms <= 0 ||
           has_stepped_down(core, &master->instance) ||
           (uint64_t)replica->master_link_down_ms <=
               link_down_limit_ms(core, master);
}

/* Says that it is a master since this master went down: a leader that was
 * lost has promoted it, and promoting another would undo that. */
static bool was_promoted(const struct instance *replica)
{
    const struct instance *master = &replica->master->instance;

    return replica->reports_master && (master->flags & FLAG_SDOWN) != 0 &&
           replica->role_ms >= master->sdown_ms;
}

/* A replica that never had a connection to its master has no data: the
 * others would drop theirs for it. */
static bool never_synced(const struct instance *replica)
{
    return replica->master_link_down_ms < 0;
}

static bool is_better(const struct instance *left, const struct instance *right)
{
    if (was_promoted(left) != was_promoted(right))
        return was_promoted(left);
    if (never_synced(left) != never_synced(right))
        return never_synced(right);
    if (left->priority != right->priority)
        return left->priority < right->priority;
    if (left->offset != right->offset)
        return left->offset > right->offset;
    if (left->runid[0] == '\0' || right->runid[0] == '\0')
        return left->runid[0] != '\0';
    return text_compare_nocase(left->runid, right->runid) < 0;
}

struct instance *selection_best(const struct core *core,
                                const struct master *master, uint64_t fresh_ms)
{
    struct instance *best = NULL;
    struct instance *replica;

    MASTER_EACH (master->replicas, replica) {
        if (!selection_is_eligible(core, replica) ||
            replica->info_answered_ms < fresh_ms ||
            (master->coordinated && !replica->master_link_up))
            continue;
        if (best == NULL || is_better(replica, best))
            best = replica;
    }
    return best;
}

bool selection_is_incomplete(const struct core *core,
                             const struct master *master, uint64_t fresh_ms)
{
    struct instance *replica;

    MASTER_EACH (master->replicas, replica)
        if (is_reachable(core, replica) && replica->info_answered_ms < fresh_ms)
            return true;
    return false;
}
