/* Sentinels that name different addresses in the same config epoch. */
#include "tiebreak.h"

#include "core_internal.h"
#include "names.h"
#include "quorum.h"
#include "switch.h"

#include <assert.h>
#include <string.h>

/* What a sentinel named counts for so many hello periods. */
#define FRESH_PERIODS 3

/* Without a majority the conflict must last so many hello periods before it
 * is settled: news of a newer epoch may be on its way. */
#define PATIENCE_PERIODS 5

static bool is_fresh(const struct core *core, const struct instance *sentinel)
{
    return sentinel->named.host != NULL &&
           sentinel->named_epoch == sentinel->master->config_epoch &&
           since_ms(core->now_ms, sentinel->hello_seen_ms) <=
               FRESH_PERIODS * core->intervals[PUBLISH_PERIOD];
}

/* How many name ADDR, this sentinel included. */
static size_t count_for(const struct core *core, const struct master *master,
                        const struct addr *addr)
{
    size_t count = addr_same(&master->instance.addr, addr) ? 1 : 0;
    const struct instance *sentinel;

    MASTER_EACH (master->sentinels, sentinel)
        if (is_fresh(core, sentinel) && addr_same(&sentinel->named, addr))
            count++;
    return count;
}

static bool is_smaller(const struct addr *left, const struct addr *right)
{
    int order = strcmp(left->host, right->host);

    return order != 0 ? order < 0 : left->port < right->port;
}

/* The address that wins among all that are named now, with its count. */
static const struct addr *strongest(const struct core *core,
                                    const struct master *master, size_t *count)
{
    const struct addr *best = &master->instance.addr;
    const struct instance *sentinel;

    *count = count_for(core, master, best);
    MASTER_EACH (master->sentinels, sentinel) {
        size_t votes;

        if (!is_fresh(core, sentinel))
            continue;
        votes = count_for(core, master, &sentinel->named);
        if (votes > *count ||
            (votes == *count && is_smaller(&sentinel->named, best))) {
            best = &sentinel->named;
            *count = votes;
        }
    }
    return best;
}

/* Before any failover an address comes from an operator, who may be about to
 * change it on one sentinel after the other: a master that is well is kept. */
static bool may_leave(const struct master *master)
{
    const struct instance *instance = &master->instance;

    if (master->config_epoch > 0)
        return true;
    return (instance->flags & FLAG_SDOWN) != 0 ||
           (instance->info_known && !instance->reports_master);
}

/* Two that were turned to each other say nothing of which is the master: to
 * follow what the one follows would lead back and forth between them. */
static bool may_lead(const struct core *core, const struct master *master,
                     const struct addr *addr)
{
    const struct instance *replica = master_find_replica(core, master, addr);

    return replica == NULL || (replica->info_known && replica->reports_master);
}

/* What our master, being a replica, follows itself, when that is named too. */
static const struct addr *own_masters_master(struct core *core,
                                             const struct master *master)
{
    const struct instance *instance = &master->instance;
    const struct instance *sentinel;

    if (instance->reports_master || instance->master_host == NULL)
        return NULL;
    MASTER_EACH (master->sentinels, sentinel)
        if (is_fresh(core, sentinel) &&
            names_match(core, &sentinel->named, instance->master_host,
                        instance->master_port) &&
            may_lead(core, master, &sentinel->named))
            return &sentinel->named;
    return NULL;
}

static void settle(struct core *core, struct instance *sentinel)
{
    struct master *master = sentinel->master;
    uint64_t patience = PATIENCE_PERIODS * core->intervals[PUBLISH_PERIOD];
    size_t voters = master_sentinel_count(master) + 1;
    size_t count;
    const struct addr *strong = strongest(core, master, &count);
    const struct addr *followed = own_masters_master(core, master);
    struct addr winner;

    addr_copy(&winner, followed != NULL ? followed : strong);
    if (!addr_same(&winner, &master->instance.addr) && may_leave(master) &&
        (followed != NULL || count >= quorum_majority(voters) ||
         since_ms(core->now_ms, master->conflict_ms) >= patience)) {
        emit_logf(&core->out, LEVEL_WARNING,
                  "Sentinels name different addresses of '%s' in config epoch "
                  "%llu: following %s:%d",
                  master->instance.name,
                  (unsigned long long)master->config_epoch, winner.host,
                  winner.port);
        switch_from_peer(core, sentinel, &winner, master->config_epoch);
    }
    addr_clear(&winner);
}

static bool is_in_conflict(const struct core *core, const struct master *master)
{
    const struct instance *sentinel;

    MASTER_EACH (master->sentinels, sentinel)
        if (is_fresh(core, sentinel) &&
            !addr_same(&sentinel->named, &master->instance.addr))
            return true;
    return false;
}

static void remember(struct instance *sentinel, const struct addr *addr)
{
    sentinel->named_epoch = sentinel->master->config_epoch;
    if (sentinel->named.host != NULL && addr_same(&sentinel->named, addr))
        return;
    addr_clear(&sentinel->named);
    addr_copy(&sentinel->named, addr);
}

/* Our master is known by a name that leads elsewhere now, which one of us has
 * noticed before the other: that is no other master. */
static bool may_have_moved(const struct core *core, const struct master *master,
                           const struct addr *addr)
{
    const struct addr *ours = &master->instance.addr;

    return !addr_is_numeric(ours->host) && addr_is_numeric(addr->host) &&
           addr->port == ours->port && !addr_same(addr, ours) &&
           master_find_replica(core, master, addr) == NULL;
}

void tiebreak_take(struct core *core, struct instance *sentinel,
                   const struct addr *addr)
{
    struct master *master = sentinel->master;

    if (may_have_moved(core, master, addr)) {
        addr = &master->instance.addr;
        names_ask(core, addr->host);
    }
    remember(sentinel, addr);
    if (master->state != FAILOVER_NONE)
        return;
    if (!is_in_conflict(core, master)) {
        master->in_conflict = false;
        return;
    }
    if (!master->in_conflict) {
        master->in_conflict = true;
        master->conflict_ms = core->now_ms;
    }
    settle(core, sentinel);
}
