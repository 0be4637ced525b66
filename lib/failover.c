/* The failover states. */
#include "failover.h"

#include "core_internal.h"
#include "election.h"
#include "handover.h"
#include "monitor.h"
#include "notice.h"
#include "odown.h"
#include "persist.h"
#include "reconf.h"
#include "replication.h"
#include "selection.h"
#include "switch.h"

#include <assert.h>

/* How long the election's winner waits for replicas to tell their offset:
 * the first limit if one that told is eligible, else the second. */
#define OFFSET_WAIT_MS 100
#define OFFSET_WAIT_MAX_MS 1000

/* A promotion that is not seen is asked for again so often. */
#define PROMOTION_RETRY_MS 1000

/* While it waits for a winner, a sentinel looks so often whether it is
 * lost. */
#define WINNER_CHECK_MS 200

/* An unreachable master is tried again so often for a handover. */
#define HANDOVER_RETRY_MS 100

#define STATES (FAILOVER_UPDATE_CONFIG + 1)

static const char *const state_names[STATES] = {
    "none",           "wait_start",    "select_slave", "send_slaveof_noone",
    "wait_promotion", "reconf_slaves", "update_config"};

/* Row: from; bit: to. */
static const unsigned legal_moves[STATES] = {
    [FAILOVER_NONE] = 1u << FAILOVER_WAIT_START,
    [FAILOVER_WAIT_START] = 1u << FAILOVER_SELECT_SLAVE | 1u << FAILOVER_NONE,
    [FAILOVER_SELECT_SLAVE] = 1u << FAILOVER_SEND_SLAVEOF_NOONE |
                              1u << FAILOVER_NONE,
    [FAILOVER_SEND_SLAVEOF_NOONE] = 1u << FAILOVER_WAIT_PROMOTION |
                                    1u << FAILOVER_NONE,
    [FAILOVER_WAIT_PROMOTION] = 1u << FAILOVER_RECONF_SLAVES |
                                1u << FAILOVER_NONE,
    [FAILOVER_RECONF_SLAVES] = 1u << FAILOVER_UPDATE_CONFIG |
                               1u << FAILOVER_NONE,
    [FAILOVER_UPDATE_CONFIG] = 1u << FAILOVER_NONE,
};

const char *failover_state_name(const struct master *master)
{
    return state_names[master->state];
}

static void move(struct core *core, struct master *master,
                 enum failover_state state)
{
    assert((legal_moves[master->state] & 1u << state) != 0);
    master->state = state;
    master->state_ms = core->now_ms;
    assert(state < FAILOVER_SEND_SLAVEOF_NOONE || master->promoted != NULL);
}

static bool is_forced(const struct master *master)
{
    return (master->instance.flags & FLAG_FORCE_FAILOVER) != 0;
}

static void clear(struct core *core, struct master *master)
{
    move(core, master, FAILOVER_NONE);
    master->instance.flags &= ~(unsigned)(FLAG_FAILOVER | FLAG_FORCE_FAILOVER);
    if (master->promoted != NULL)
        master->promoted->flags &= ~(unsigned)FLAG_PROMOTED;
    master->promoted = NULL;
    master->coordinated = false;
    master->promotion_serial = 0;
}

/* Back to none; nothing is undone on the replica, which is put right later if
 * it became a master after all. */
static void give_up(struct core *core, struct master *master)
{
    assert(master->state < FAILOVER_RECONF_SLAVES);
    clear(core, master);
}

static void give_up_with(struct core *core, struct master *master,
                         enum notice notice)
{
    notice_instance(core, notice, &master->instance, "%s", "");
    if (master->coordinated && master->state == FAILOVER_WAIT_PROMOTION)
        handover_abort(core, master);
    give_up(core, master);
    election_pause(core, master);
}

static void start(struct core *core, struct master *master)
{
    struct instance *instance = &master->instance;
    struct instance *replica;

    instance->flags |= FLAG_FAILOVER;
    core->current_epoch++;
    master->failover_epoch = core->current_epoch;
    master->election_ms = core->now_ms;
    move(core, master, FAILOVER_WAIT_START);
    master->vote_serial = persist(core);
    notice_text(core, NOTICE_NEW_EPOCH, instance, "%llu",
                (unsigned long long)core->current_epoch);
    notice_instance(core, NOTICE_TRY_FAILOVER, instance, "%s", "");
    election_vote_for_self(core, master);
    odown_ask_all(core, master);
    /* Their offsets are asked for while the votes are on their way. */
    MASTER_EACH (master->replicas, replica)
        monitor_ask_info(core, replica);
}

void failover_force(struct core *core, struct master *master, bool coordinated)
{
    assert(master->state == FAILOVER_NONE);
    master->coordinated = coordinated;
    emit_logf(&core->out, LEVEL_WARNING,
              "Executing user requested FAILOVER of '%s'",
              master->instance.name);
    master->instance.flags |= FLAG_FORCE_FAILOVER;
    start(core, master);
    instance_touch(core, &master->instance);
}

static void tell_delay(struct core *core, struct master *master, uint64_t at)
{
    if (master->start_delay_told || at <= master->instance.odown_ms + 1000)
        return;
    master->start_delay_told = true;
    emit_log_until(&core->out, LEVEL_WARNING,
                   "Next failover delay: I will not start a failover before ",
                   at);
}

static uint64_t run_none(struct core *core, struct master *master)
{
    uint64_t at;

    if ((master->instance.flags & FLAG_ODOWN) == 0) {
        master->elections_lost = 0;
        master->fruitless = 0;
    }
    if ((master->instance.flags & FLAG_ODOWN) == 0 ||
        !persist_is_trusted(core) || persist_is_stuck(core))
        return HEAP_NEVER;
    at = election_start_ms(core, master);
    if (core->now_ms >= at) {
        start(core, master);
        return core->now_ms;
    }
    tell_delay(core, master, at);
    /* The rank, or what is known of a winner, may change without a word. */
    return at < core->now_ms + WINNER_CHECK_MS ? at
                                               : core->now_ms + WINNER_CHECK_MS;
}

static void elected(struct core *core, struct master *master)
{
    notice_instance(core, NOTICE_ELECTED_LEADER, &master->instance, "%s", "");
    if ((core->simulate & SIMULATE_CRASH_AFTER_ELECTION) != 0)
        emit_crash(&core->out);
    move(core, master, FAILOVER_SELECT_SLAVE);
    notice_instance(core, NOTICE_STATE_SELECT_SLAVE, &master->instance, "%s",
                    "");
}

static uint64_t election_timeout_ms(const struct core *core,
                                    const struct master *master)
{
    uint64_t timeout = (uint64_t)master->options.failover_timeout_ms;

    return timeout < core->intervals[ELECTION_TIMEOUT]
               ? timeout
               : core->intervals[ELECTION_TIMEOUT];
}

/* Who leads orders at once, and nothing that he orders may wait for the disk:
 * one that stalls would let it out when all has changed. So the vote for
 * himself is saved before he leads, also where no other vote is needed. */
static uint64_t run_wait_start(struct core *core, struct master *master)
{
    enum quorum_verdict verdict = election_judge(core, master);
    uint64_t end = master->election_ms + election_timeout_ms(core, master) + 1;
    bool won = verdict == QUORUM_WON ||
               (is_forced(master) && !master->coordinated);

    if (won && persist_is_done(core, master->vote_serial)) {
        elected(core, master);
        return core->now_ms;
    }
    if ((won || verdict == QUORUM_OPEN) && core->now_ms < end)
        return end;
    notice_instance(core, NOTICE_ABORT_NOT_ELECTED, &master->instance, "%s",
                    "");
    give_up(core, master);
    election_lost(core, master, verdict);
    return core->now_ms;
}

/* The freshest wins: those that have answered since the election began, if
 * there are any. */
static uint64_t run_select(struct core *core, struct master *master)
{
    uint64_t fresh_ms = master->election_ms;
    struct instance *best = selection_best(core, master, fresh_ms);
    uint64_t end = master->state_ms +
                   (best != NULL ? OFFSET_WAIT_MS : OFFSET_WAIT_MAX_MS);

    if (selection_is_incomplete(core, master, fresh_ms) && core->now_ms < end)
        return end;
    if (best == NULL)
        best = selection_best(core, master, 0);
    if (best == NULL) {
        master->fruitless++;
        give_up_with(core, master, NOTICE_ABORT_NO_GOOD_SLAVE);
        return core->now_ms;
    }
    notice_instance(core, NOTICE_SELECTED_SLAVE, best, "%s", "");
    best->flags |= FLAG_PROMOTED;
    master->promoted = best;
    move(core, master, FAILOVER_SEND_SLAVEOF_NOONE);
    notice_instance(core, NOTICE_STATE_SEND_SLAVEOF_NOONE, best, "%s", "");
    return core->now_ms;
}

/* A chosen replica that goes down, or is not heard of within the time, is
 * given up for another. */
static bool is_hopeless(const struct core *core, const struct master *master,
                        uint64_t end)
{
    return core->now_ms >= end || (master->promoted->flags & FLAG_SDOWN) != 0;
}

static uint64_t state_end_ms(const struct master *master)
{
    return master->state_ms + (uint64_t)master->options.failover_timeout_ms + 1;
}

static uint64_t run_send(struct core *core, struct master *master)
{
    uint64_t end = state_end_ms(master);

    if (is_hopeless(core, master, end)) {
        give_up_with(core, master, NOTICE_ABORT_SLAVE_TIMEOUT);
        return core->now_ms;
    }
    if (master->coordinated) {
        if (handover_is_late(core, master)) {
            give_up_with(core, master, NOTICE_ABORT_MASTER_TIMEOUT);
            return core->now_ms;
        }
        if (!handover_start(core, master))
            return core->now_ms + HANDOVER_RETRY_MS;
    } else if (!link_is_up(master->promoted->link) ||
               !replication_set(core, master->promoted, NULL)) {
        return end;
    }
    notice_instance(core, NOTICE_STATE_WAIT_PROMOTION, master->promoted, "%s",
                    "");
    move(core, master, FAILOVER_WAIT_PROMOTION);
    return core->now_ms;
}

static void send_old_master(struct core *core, struct master *master)
{
    struct instance *old = &master->instance;

    /* In a planned failover the old master still takes writes that would be
     * lost: it follows at once instead of after the documented wait. */
    if (!is_forced(master) || (old->flags & FLAG_SDOWN) != 0 ||
        !link_is_up(old->link))
        return;
    if (replication_set(core, old, &master->promoted->addr))
        emit_logf(&core->out, LEVEL_NOTICE,
                  "Old master %s %s:%d is told to follow the new one",
                  old->name, old->addr.host, old->addr.port);
}

/* The promotion is on disk, so it may be told. */
static void promoted(struct core *core, struct master *master)
{
    assert(master->failover_epoch > master->config_epoch);
    master->config_epoch = master->failover_epoch;
    master->promotion_serial = 0;
    notice_instance(core, NOTICE_PROMOTED_SLAVE, master->promoted, "%s", "");
    if ((core->simulate & SIMULATE_CRASH_AFTER_PROMOTION) != 0)
        emit_crash(&core->out);
    move(core, master, FAILOVER_RECONF_SLAVES);
    notice_instance(core, NOTICE_STATE_RECONF_SLAVES, &master->instance, "%s",
                    "");
    switch_call_script(core, master, "leader", &master->instance.addr,
                       &master->promoted->addr);
    monitor_force_hello(core, master);
    send_old_master(core, master);
    if (master->coordinated)
        handover_end(core, master);
}

static uint64_t run_wait_promotion(struct core *core, struct master *master)
{
    struct instance *chosen = master->promoted;
    uint64_t end = state_end_ms(master);
    uint64_t again = chosen->replication_ms + PROMOTION_RETRY_MS;

    if (master->promotion_serial != 0) {
        if (!persist_is_done(core, master->promotion_serial))
            return HEAP_NEVER;
        promoted(core, master);
        return core->now_ms;
    }
    if (chosen->reports_master &&
        chosen->info_answered_ms >= master->state_ms) {
        master->promotion_serial = persist(core);
        return HEAP_NEVER;
    }
    if (is_hopeless(core, master, end)) {
        give_up_with(core, master, NOTICE_ABORT_SLAVE_TIMEOUT);
        return core->now_ms;
    }
    if (master->coordinated && master->handover_failed) {
        give_up_with(core, master, NOTICE_ABORT_MASTER_TIMEOUT);
        return core->now_ms;
    }
    /* It was lost with a connection, or had no effect. */
    if (master->coordinated || chosen->replication_pending ||
        !link_is_up(chosen->link))
        return end;
    if (core->now_ms >= again) {
        replication_set(core, chosen, NULL);
        return end;
    }
    return again < end ? again : end;
}

static uint64_t run_reconf(struct core *core, struct master *master)
{
    uint64_t next;

    if (!reconf_run(core, master, &next))
        return next;
    move(core, master, FAILOVER_UPDATE_CONFIG);
    return core->now_ms;
}

/* An unforced failover stops while nothing has been sent yet when its master
 * is well again. */
static bool has_recovered(const struct master *master)
{
    return master->state > FAILOVER_NONE &&
           master->state < FAILOVER_WAIT_PROMOTION && !is_forced(master) &&
           (master->instance.flags & FLAG_SDOWN) == 0;
}

/* Who agreed that it is down has taken that back, before we lead: votes alone
 * are no reason to replace a master. */
static bool is_contested(const struct master *master)
{
    return master->state == FAILOVER_WAIT_START && !is_forced(master) &&
           (master->instance.flags & FLAG_ODOWN) == 0;
}

/* Our vote went to another candidate in a later epoch before anything was
 * sent: it is that one's turn. */
static bool is_superseded(const struct master *master)
{
    return master->state > FAILOVER_NONE &&
           master->state < FAILOVER_WAIT_PROMOTION && !is_forced(master) &&
           master->leader_epoch != master->failover_epoch;
}

static void stop_if_pointless(struct core *core, struct master *master)
{
    const char *reason;

    if (has_recovered(master))
        reason = "the master is back";
    else if (is_contested(master))
        reason = "too few agree any longer that the master is down";
    else if (is_superseded(master))
        reason = "another sentinel was voted for in a later epoch";
    else
        return;
    emit_logf(&core->out, LEVEL_WARNING, "Failover of '%s' is given up: %s",
              master->instance.name, reason);
    notice_instance(core, NOTICE_ABORT_NOT_ELECTED, &master->instance, "%s",
                    "");
    give_up(core, master);
}

static uint64_t step(struct core *core, struct master *master)
{
    switch (master->state) {
    case FAILOVER_NONE:
        return run_none(core, master);
    case FAILOVER_WAIT_START:
        return run_wait_start(core, master);
    case FAILOVER_SELECT_SLAVE:
        return run_select(core, master);
    case FAILOVER_SEND_SLAVEOF_NOONE:
        return run_send(core, master);
    case FAILOVER_WAIT_PROMOTION:
        return run_wait_promotion(core, master);
    case FAILOVER_RECONF_SLAVES:
        return run_reconf(core, master);
    case FAILOVER_UPDATE_CONFIG:
        switch_address(core, master, &master->promoted->addr);
        return HEAP_NEVER;
    }
    return HEAP_NEVER;
}

uint64_t failover_run(struct core *core, struct master *master)
{
    uint64_t next;

    assert(!core->tilt);
    stop_if_pointless(core, master);
    do
        next = step(core, master);
    while (next == core->now_ms);
    return next;
}

void failover_persisted(struct core *core)
{
    struct instance *master;

    MASTER_EACH (core->masters, master)
        if (master->master->promotion_serial != 0 ||
            master->master->state == FAILOVER_WAIT_START)
            instance_touch(core, master);
}

void failover_disk_failed(struct core *core)
{
    struct instance *instance;

    MASTER_EACH (core->masters, instance) {
        struct master *master = instance->master;

        /* While the vote is not on disk no promotion has been sent. */
        if (master->state == FAILOVER_NONE ||
            master->state >= FAILOVER_RECONF_SLAVES ||
            persist_is_done(core, master->vote_serial))
            continue;
        emit_logf(&core->out, LEVEL_WARNING,
                  "Failover of '%s' is given up: the state cannot be saved",
                  instance->name);
        give_up(core, master);
        election_pause(core, master);
    }
}

void failover_cut_short(struct core *core, struct master *master)
{
    if (master->promotion_serial == 0 && master->state < FAILOVER_RECONF_SLAVES)
        return;
    master->config_epoch = master->failover_epoch;
    switch_address(core, master, &master->promoted->addr);
}

void failover_drop(struct core *core, struct master *master)
{
    struct instance *replica;

    if (master->state == FAILOVER_NONE)
        return;
    emit_logf(&core->out, LEVEL_WARNING,
              "Failover of '%s' is given up: there is a newer configuration",
              master->instance.name);
    MASTER_EACH (master->replicas, replica)
        replica->flags = replica->flags &
                         (FLAG_SDOWN | FLAG_REPLICA | FLAG_SCRIPT_KILL_SENT);
    clear(core, master);
    instance_touch(core, &master->instance);
}
