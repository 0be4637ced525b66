/* Votes given and received. */
#include "election.h"

#include "core_internal.h"
#include "names.h"
#include "notice.h"
#include "odown.h"
#include "persist.h"
#include "selection.h"
#include "text.h"

#include <assert.h>
#include <string.h>

/* Whoever is next in rank starts so much later, besides what a write to disk
 * and a message take here: the request of the one before must have come by
 * then. With each election lost in a row it doubles, up to the maximum, in
 * case the others are slower than is known here. */
#define RANK_SLOT_MS 50
#define RANK_SLOT_MAX_MS 2000

/* A winner that cannot be reached is given so long to show itself by other
 * ways, then it counts as lost. */
#define WINNER_GONE_MS 1000

/* A winner that can be reached must have shown a promotion in this time. A
 * reference sentinel needs up to two seconds to tell of one. */
#define WINNER_PATIENCE_MS 10000

/* The same when it is not even known whether the rival has won. */
#define RIVAL_PATIENCE_MS 3000

/* A reference sentinel keeps what was said about a master for so many ask
 * periods, also when it has another address by then. */
#define STALE_EVIDENCE_PERIODS 5

/* After a failover that found no replica, or one that did not obey. */
#define ABORT_PAUSE_MS 10000
#define FRUITLESS_MAX 4 /* the longest of these pauses is 8 times that */

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

/* The documented pause, 2 x failover-timeout, bounds every other. */
static uint64_t longest_pause_ms(const struct master *master)
{
    return 2 * (uint64_t)master->options.failover_timeout_ms;
}

static uint64_t name_hash(const char *name)
{
    uint64_t hash = 1469598103934665603u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static bool is_usable(const struct instance *sentinel)
{
    return (sentinel->flags & FLAG_SDOWN) == 0 && link_is_up(sentinel->link);
}

/* The place of this sentinel among those that are up, in an order that all of
 * them compute alike: sorted by id, turned by the master's name and epoch, so
 * that not always the same one leads. */
static uint64_t rank(const struct core *core, const struct master *master)
{
    uint64_t before = 0;
    uint64_t count = 1;
    uint64_t turn;
    struct instance *sentinel;

    MASTER_EACH (master->sentinels, sentinel) {
        if (!is_usable(sentinel))
            continue;
        count++;
        if (strcmp(sentinel->runid, core->id) < 0)
            before++;
    }
    turn = (name_hash(master->instance.name) + master->config_epoch) % count;
    return (before + count - turn) % count;
}

static uint64_t slot_ms(const struct core *core, const struct master *master)
{
    uint64_t slot = RANK_SLOT_MS;
    uint64_t round_trip = 0;
    struct instance *sentinel;

    for (unsigned i = 0; i < master->elections_lost && slot < RANK_SLOT_MAX_MS;
         i++)
        slot = at_most(2 * slot, RANK_SLOT_MAX_MS);
    MASTER_EACH (master->sentinels, sentinel)
        if (is_usable(sentinel) && sentinel->link->round_trip_ms > round_trip)
            round_trip = sentinel->link->round_trip_ms;
    return at_most(slot + round_trip + 2 * core->write_ms, RANK_SLOT_MAX_MS);
}

/* The winner is lost when it cannot be reached any more; as long as a replica
 * says that it is a master, its work is under way. */
static bool winner_is_gone(const struct core *core, const struct master *master)
{
    const struct instance *winner = master_find_sentinel(master,
                                                         master->winner);

    return (winner == NULL || !is_usable(winner)) &&
           since_ms(core->now_ms, master->winner_ms) >= WINNER_GONE_MS;
}

/* Who has failed for want of a good replica more than once, and still knows
 * none, leaves the next turns to others, who may know one. */
static uint64_t fruitless_ms(const struct core *core,
                             const struct master *master)
{
    unsigned doublings = master->fruitless > FRUITLESS_MAX ? FRUITLESS_MAX
                                                           : master->fruitless;

    if (doublings < 2 || selection_best(core, master, 0) != NULL)
        return 0;
    return (uint64_t)ABORT_PAUSE_MS << (doublings - 1);
}

uint64_t election_start_ms(const struct core *core, const struct master *master)
{
    uint64_t turn = rank(core, master) * slot_ms(core, master);
    uint64_t at = master->instance.odown_ms;

    if (master->awaiting_winner && winner_is_gone(core, master))
        at = master->winner_ms + WINNER_GONE_MS > at
                 ? master->winner_ms + WINNER_GONE_MS
                 : at;
    else if (master->start_after_ms > at)
        at = master->start_after_ms;
    /* When the network is just back the master has its chance to answer. */
    if (core->retried_ms != 0 && core->retried_ms + slot_ms(core, master) > at)
        at = core->retried_ms + slot_ms(core, master);
    return at + turn + fruitless_ms(core, master);
}

static void start_after(struct core *core, struct master *master,
                        uint64_t pause_ms)
{
    master->start_after_ms = core->now_ms +
                             at_most(pause_ms, longest_pause_ms(master));
    master->start_delay_told = false;
}

static void await_winner(struct core *core, struct master *master,
                         const char *winner, uint64_t patience_ms)
{
    master->awaiting_winner = true;
    memcpy(master->winner, winner, ID_LENGTH + 1);
    master->winner_ms = core->now_ms;
    start_after(core, master,
                patience_ms + random_below(&core->random, RANK_SLOT_MS));
}

/* The candidate that got most votes besides this sentinel. */
static size_t best_rival(const struct core *core, const struct master *master,
                         const char **id)
{
    size_t best = 0;
    struct instance *one;
    struct instance *other;

    MASTER_EACH (master->sentinels, one) {
        size_t votes = 0;

        if (one->leader[0] == '\0' ||
            one->leader_epoch != master->failover_epoch ||
            strcmp(one->leader, core->id) == 0)
            continue;
        MASTER_EACH (master->sentinels, other)
            if (other->leader_epoch == master->failover_epoch &&
                strcmp(other->leader, one->leader) == 0)
                votes++;
        if (votes > best) {
            best = votes;
            *id = one->leader;
        }
    }
    return best;
}

static void tally_up(const struct core *core, const struct master *master,
                     struct quorum_tally *tally, const char **rival)
{
    struct instance *sentinel;

    memset(tally, 0, sizeof(*tally));
    tally->voters = master_sentinel_count(master) + 1;
    if (strcmp(master->leader, core->id) == 0 &&
        master->leader_epoch == master->failover_epoch)
        tally->votes = 1;
    MASTER_EACH (master->sentinels, sentinel) {
        bool voted = sentinel->leader[0] != '\0' &&
                     sentinel->leader_epoch == master->failover_epoch;

        if (voted && strcmp(sentinel->leader, core->id) == 0)
            tally->votes++;
        else if (voted || sentinel->refused_epoch == master->failover_epoch)
            continue;
        else if (is_usable(sentinel))
            tally->undecided++;
        else
            tally->unheard++;
    }
    tally->best_rival = best_rival(core, master, rival);
}

enum quorum_verdict election_judge(const struct core *core,
                                   const struct master *master)
{
    struct quorum_tally tally;
    const char *rival = NULL;

    tally_up(core, master, &tally, &rival);
    return quorum_judge(&tally, master->options.quorum);
}

void election_lost(struct core *core, struct master *master,
                   enum quorum_verdict verdict)
{
    struct quorum_tally tally;
    const char *rival = NULL;

    tally_up(core, master, &tally, &rival);
    if (verdict == QUORUM_LOST && rival != NULL) {
        bool has_won = tally.best_rival >=
                       quorum_votes_needed(tally.voters,
                                           master->options.quorum);

        await_winner(core, master, rival,
                     has_won ? WINNER_PATIENCE_MS : RIVAL_PATIENCE_MS);
    } else {
        uint64_t slot = slot_ms(core, master);

        master->awaiting_winner = false;
        /* The rank decides who comes first; the random part is for the case
         * that not all see the same ranks. */
        start_after(core, master, slot + random_below(&core->random, slot / 2));
    }
    master->elections_lost++;
}

void election_pause(struct core *core, struct master *master)
{
    master->awaiting_winner = false;
    start_after(core, master,
                ABORT_PAUSE_MS + random_below(&core->random, 1000));
}

static void raise_epoch(struct core *core, struct master *master,
                        uint64_t epoch)
{
    if (epoch <= core->current_epoch)
        return;
    core->current_epoch = epoch;
    master->vote_serial = persist(core);
    notice_text(core, NOTICE_NEW_EPOCH, &master->instance, "%llu",
                (unsigned long long)epoch);
}

/* Right after a change of address a peer may still count what was said about
 * the old one, and want a second failover that nobody needs: a new master that
 * is well in our eyes is not voted down in that time. */
static bool is_newly_well(const struct core *core, const struct master *master)
{
    const struct instance *instance = &master->instance;
    const struct link *link = instance->link;
    /* Its answer can have come in the very millisecond of the change. */
    bool has_answered = link->last_avail_ms > master->replaced_ms ||
                        (link->pinged && !link->ping_outstanding);

    return master->replaced &&
           since_ms(core->now_ms, master->replaced_ms) <
               STALE_EVIDENCE_PERIODS * core->intervals[ASK_PERIOD] &&
           (instance->flags & FLAG_SDOWN) == 0 && link_is_up(link) &&
           has_answered;
}

/* One vote for each master and epoch, and none in an epoch whose failover is
 * already history. Epochs of other masters do not matter, so that many
 * masters can be failed over at the same time. */
static void vote(struct core *core, struct master *master, uint64_t epoch,
                 const char *candidate)
{
    raise_epoch(core, master, epoch);
    if (epoch <= master->leader_epoch || epoch <= master->config_epoch ||
        is_newly_well(core, master))
        return;
    assert(epoch <= core->current_epoch);
    memcpy(master->leader, candidate, ID_LENGTH + 1);
    master->leader_epoch = epoch;
    master->vote_serial = persist(core);
    notice_text(core, NOTICE_VOTE_FOR_LEADER, &master->instance, "%s %llu",
                candidate, (unsigned long long)epoch);
    if (strcmp(candidate, core->id) != 0) {
        await_winner(core, master, candidate, WINNER_PATIENCE_MS);
        instance_touch(core, &master->instance);
    }
}

void election_vote_for_self(struct core *core, struct master *master)
{
    assert(master->failover_epoch == core->current_epoch);
    assert(master->leader_epoch < master->failover_epoch);
    memcpy(master->leader, core->id, ID_LENGTH + 1);
    master->leader_epoch = master->failover_epoch;
    master->awaiting_winner = false;
    notice_text(core, NOTICE_VOTE_FOR_LEADER, &master->instance, "%s %llu",
                core->id, (unsigned long long)master->failover_epoch);
}

/* Among masters at the same address the one that is down is meant. */
static struct master *find_by_address(struct core *core, const char *host,
                                      int64_t port)
{
    struct instance *instance;
    struct master *found = NULL;

    if (port < 0 || port > 65535)
        return NULL;
    MASTER_EACH (core->masters, instance) {
        if (instance->addr.port != port ||
            !names_match(core, &instance->addr, host, (int)port))
            continue;
        if ((instance->flags & FLAG_SDOWN) != 0)
            return instance->master;
        if (found == NULL)
            found = instance->master;
    }
    return found;
}

static bool is_candidate(const char *runid)
{
    return strlen(runid) == ID_LENGTH && !text_has_control(runid);
}

void election_answer(struct core *core, const struct request *request)
{
    struct answer ok = {.type = ANSWER_DOWN, .text = "*"};
    struct answer failed;
    struct master *master = find_by_address(core, request->down.ip,
                                            request->down.port);

    assert(request->type == REQUEST_DOWN);
    if (master != NULL && !core->tilt &&
        (master->instance.flags & FLAG_SDOWN) != 0)
        ok.integer = 1;
    failed = ok;
    if (master == NULL || !is_candidate(request->down.runid) ||
        request->down.epoch > EPOCH_TOLD_MAX) {
        emit_answer(&core->out, WAIT_NOTHING, request->client, &ok, &failed);
    } else {
        vote(core, master, request->down.epoch, request->down.runid);
        if (master->leader[0] != '\0')
            ok.text = master->leader;
        ok.epoch = master->leader_epoch;
        /* A vote of which the write failed is written again before it is
         * told. */
        if (!persist_is_done(core, master->vote_serial) &&
            !persist_is_trusted(core))
            master->vote_serial = persist(core);
        emit_answer(&core->out, WAIT_DISK, request->client, &ok, &failed);
    }
    if (master != NULL)
        odown_hint(core, master);
}
