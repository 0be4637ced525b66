/* A reference seat: its failover, one step a tick. */
#include "reference_internal.h"

#include "checker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ELECTION_TIMEOUT_MS 10000
#define RECONF_TIMEOUT_MS 10000
#define MAX_DESYNC_MS 1000

int64_t reference_failover_timeout_ms(const struct reference *reference)
{
    return reference->world->options.failover_timeout_ms;
}

static int64_t now_of(const struct reference_master *master)
{
    return reference_now_ms(master->reference);
}

static int64_t timeout_of(const struct reference_master *master)
{
    return reference_failover_timeout_ms(master->reference);
}

static void enter(struct reference_master *master,
                  enum reference_failover_state state)
{
    master->state = state;
    master->state_ms = now_of(master);
}

/* ---- The beginning and the end ---- */

void reference_start_failover(struct reference_master *master)
{
    struct reference *reference = master->reference;
    char text[24];

    enter(master, REFERENCE_WAIT_START);
    master->self.flags |= FLAG_FAILOVER;
    master->failover_epoch = ++reference->current_epoch;
    snprintf(text, sizeof(text), "%" PRIu64, reference->current_epoch);
    reference_notice(reference, "+new-epoch", NULL, text);
    reference_notice(reference, "+try-failover", &master->self, "");
    master->failover_start_ms = now_of(master) +
                                (int64_t)rng_between(&reference->rng, 0,
                                                     MAX_DESYNC_MS - 1);
}

bool reference_start_failover_if_needed(struct reference_master *master)
{
    if ((master->self.flags & FLAG_ODOWN) == 0 ||
        (master->self.flags & FLAG_FAILOVER) != 0 ||
        now_of(master) - master->failover_start_ms < 2 * timeout_of(master))
        return false;
    reference_start_failover(master);
    return true;
}

static void abort_failover(struct reference_master *master, const char *channel)
{
    reference_notice(master->reference, channel, &master->self, "");
    master->self.flags &= ~(unsigned)(FLAG_FAILOVER | FLAG_FORCE_FAILOVER);
    enter(master, REFERENCE_NONE);
    if (master->promoted != NULL)
        master->promoted->flags &= ~(unsigned)FLAG_PROMOTED;
    master->promoted = NULL;
}

/* ---- The choice of a replica ---- */

static int64_t link_limit_ms(const struct reference_master *master)
{
    int64_t limit_ms = 10 * reference_down_after_ms(master->reference);

    if ((master->self.flags & FLAG_SDOWN) != 0)
        limit_ms += now_of(master) - master->self.s_down_ms;
    return limit_ms;
}

static bool is_eligible(const struct reference_instance *replica)
{
    const struct reference_master *master = replica->master;
    int64_t now_ms = now_of(master);
    int64_t info_limit_ms = (master->self.flags & FLAG_SDOWN) != 0
                                ? 5 * REFERENCE_PING_PERIOD_MS
                                : 3 * REFERENCE_INFO_PERIOD_MS;

    return (replica->flags & (FLAG_SDOWN | FLAG_ODOWN)) == 0 &&
           !reference_is_disconnected(replica) &&
           now_ms - replica->last_avail_ms <= 5 * REFERENCE_PING_PERIOD_MS &&
           replica->priority != 0 &&
           now_ms - replica->info_ms <= info_limit_ms &&
           replica->link_down_ms <= link_limit_ms(master);
}

static bool is_better(const struct reference_instance *one,
                      const struct reference_instance *other)
{
    if (one->priority != other->priority)
        return one->priority < other->priority;
    if (one->offset != other->offset)
        return one->offset > other->offset;
    if (one->runid[0] == '\0' || other->runid[0] == '\0')
        return one->runid[0] != '\0';
    return strcasecmp(one->runid, other->runid) < 0;
}

struct reference_instance *
reference_select(const struct reference_master *master)
{
    struct reference_instance *best = NULL;

    for (struct reference_instance *i = master->replicas; i != NULL;
         i = i->next)
        if (is_eligible(i) && (best == NULL || is_better(i, best)))
            best = i;
    return best;
}

/* ---- Up to the promotion ---- */

static void lead(struct reference_master *master, bool forced)
{
    struct reference *reference = master->reference;

    if (!reference_may_act(reference))
        return;
    if (forced || reference->current_epoch != master->failover_epoch)
        reference_dispute(master, master->failover_epoch);
    else
        checker_reference_leads(reference->world->checker, master->group,
                                master->failover_epoch, reference->id);
    reference_notice(reference, "+elected-leader", &master->self, "");
    enter(master, REFERENCE_SELECT_SLAVE);
    reference_notice(reference, "+failover-state-select-slave", &master->self,
                     "");
}

static void wait_start(struct reference_master *master)
{
    const char *leader = reference_count_votes(master, master->failover_epoch);
    bool elected = strcmp(leader, master->reference->id) == 0;
    bool forced = (master->self.flags & FLAG_FORCE_FAILOVER) != 0;
    int64_t limit_ms = timeout_of(master) < ELECTION_TIMEOUT_MS
                           ? timeout_of(master)
                           : ELECTION_TIMEOUT_MS;

    if (elected || forced)
        lead(master, !elected);
    else if (now_of(master) - master->failover_start_ms > limit_ms)
        abort_failover(master, "-failover-abort-not-elected");
}

static void select_slave(struct reference_master *master)
{
    struct reference_instance *replica = reference_select(master);

    if (replica == NULL) {
        abort_failover(master, "-failover-abort-no-good-slave");
        return;
    }
    reference_notice(master->reference, "+selected-slave", replica, "");
    replica->flags |= FLAG_PROMOTED;
    master->promoted = replica;
    enter(master, REFERENCE_SEND_SLAVEOF_NOONE);
    reference_notice(master->reference, "+failover-state-send-slaveof-noone",
                     replica, "");
}

static bool is_timed_out(const struct reference_master *master)
{
    return now_of(master) - master->state_ms > timeout_of(master);
}

static void send_slaveof_noone(struct reference_master *master)
{
    if (!reference_is_disconnected(master->promoted)) {
        reference_replicaof(master->promoted, "", 0);
        reference_notice(master->reference, "+failover-state-wait-promotion",
                         master->promoted, "");
        enter(master, REFERENCE_WAIT_PROMOTION);
    } else if (is_timed_out(master)) {
        abort_failover(master, "-failover-abort-slave-timeout");
    }
}

void reference_promoted(struct reference_master *master)
{
    struct reference *reference = master->reference;

    master->config_epoch = master->failover_epoch;
    enter(master, REFERENCE_RECONF_SLAVES);
    reference_save(reference);
    reference_notice(reference, "+promoted-slave", master->promoted, "");
    reference_notice(reference, "+failover-state-reconf-slaves", &master->self,
                     "");
    reference_force_hello(master);
}

/* ---- The other replicas ---- */

static int count_in_progress(const struct reference_master *master)
{
    int count = 0;

    for (const struct reference_instance *i = master->replicas; i != NULL;
         i = i->next)
        if ((i->flags & (FLAG_RECONF_SENT | FLAG_RECONF_INPROG)) != 0)
            count++;
    return count;
}

static void send_reconf(struct reference_instance *replica, const char *channel)
{
    const struct reference_master *master = replica->master;

    reference_replicaof(replica, master->promoted->ip, master->promoted->port);
    replica->flags |= FLAG_RECONF_SENT;
    replica->reconf_ms = now_of(master);
    reference_notice(master->reference, channel, replica, "");
}

/* Once the limit is reached nothing is timed out any more, so one replica
 * that does not obey holds up all others. */
static void turn_replicas(struct reference_master *master)
{
    int count = count_in_progress(master);

    for (struct reference_instance *i = master->replicas;
         i != NULL && count < master->reference->world->options.parallel_syncs;
         i = i->next) {
        if ((i->flags & (FLAG_PROMOTED | FLAG_RECONF_DONE)) != 0)
            continue;
        if ((i->flags & FLAG_RECONF_SENT) != 0 &&
            now_of(master) - i->reconf_ms > RECONF_TIMEOUT_MS) {
            reference_notice(master->reference, "-slave-reconf-sent-timeout", i,
                             "");
            i->flags &= ~(unsigned)FLAG_RECONF_SENT;
            i->flags |= FLAG_RECONF_DONE;
        }
        if ((i->flags & (FLAG_RECONF_SENT | FLAG_RECONF_INPROG)) != 0 ||
            reference_is_disconnected(i))
            continue;
        send_reconf(i, "+slave-reconf-sent");
        count++;
    }
}

static int count_unfinished(const struct reference_master *master)
{
    int count = 0;

    for (const struct reference_instance *i = master->replicas; i != NULL;
         i = i->next)
        if ((i->flags & (FLAG_PROMOTED | FLAG_RECONF_DONE | FLAG_SDOWN)) == 0)
            count++;
    return count;
}

static void turn_the_rest(struct reference_master *master)
{
    for (struct reference_instance *i = master->replicas; i != NULL;
         i = i->next)
        if ((i->flags &
             (FLAG_PROMOTED | FLAG_RECONF_DONE | FLAG_RECONF_SENT)) == 0 &&
            !reference_is_disconnected(i))
            send_reconf(i, "+slave-reconf-sent-be");
}

static void look_for_end(struct reference_master *master)
{
    struct reference *reference = master->reference;
    bool timed_out = is_timed_out(master);

    if ((master->promoted->flags & FLAG_SDOWN) != 0)
        return;
    if (timed_out)
        reference_notice(reference, "+failover-end-for-timeout", &master->self,
                         "");
    if (timed_out || count_unfinished(master) == 0) {
        reference_notice(reference, "+failover-end", &master->self, "");
        enter(master, REFERENCE_UPDATE_CONFIG);
    }
    if (timed_out)
        turn_the_rest(master);
}

void reference_step_failover(struct reference_master *master)
{
    if ((master->self.flags & FLAG_FAILOVER) == 0)
        return;
    switch (master->state) {
    case REFERENCE_WAIT_START:
        wait_start(master);
        break;
    case REFERENCE_SELECT_SLAVE:
        select_slave(master);
        break;
    case REFERENCE_SEND_SLAVEOF_NOONE:
        send_slaveof_noone(master);
        break;
    case REFERENCE_WAIT_PROMOTION:
        if (is_timed_out(master))
            abort_failover(master, "-failover-abort-slave-timeout");
        break;
    case REFERENCE_RECONF_SLAVES:
        turn_replicas(master);
        look_for_end(master);
        break;
    case REFERENCE_NONE:
    case REFERENCE_UPDATE_CONFIG:
        break;
    }
}
