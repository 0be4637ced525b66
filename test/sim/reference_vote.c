/* A reference seat: questions to other sentinels, answers, votes. Votes are
 * counted in the global epoch, whichever master has raised it. */
#include "reference_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VOTERS 32

/* ---- Asking ---- */

static void ask(const struct reference_instance *self,
                struct reference_instance *sentinel)
{
    const struct reference_master *master = self->master;
    const struct reference *reference = master->reference;
    char port[16];
    char epoch[24];
    const char *const words[] = {
        "SENTINEL", "is-master-down-by-addr",
        self->ip,   port,
        epoch,      master->state != REFERENCE_NONE ? reference->id : "*"};

    snprintf(port, sizeof(port), "%d", self->port);
    snprintf(epoch, sizeof(epoch), "%" PRIu64, reference->current_epoch);
    reference_send(sentinel, REFERENCE_ASK, words, 6);
}

void reference_ask_all(struct reference_master *master, bool forced)
{
    int64_t now_ms = reference_now_ms(master->reference);

    for (struct reference_instance *i = master->sentinels; i != NULL;
         i = i->next) {
        int64_t age_ms = now_ms - i->answered_ms;

        if (age_ms > 5 * REFERENCE_ASK_PERIOD_MS) {
            i->flags &= ~(unsigned)FLAG_MASTER_DOWN;
            i->leader[0] = '\0';
        }
        if ((master->self.flags & FLAG_SDOWN) != 0 &&
            !reference_is_disconnected(i) &&
            (forced || age_ms >= REFERENCE_ASK_PERIOD_MS))
            ask(&master->self, i);
    }
}

void reference_take_answer(struct reference_instance *sentinel,
                           const struct reply *reply)
{
    if (reply->type != REPLY_ARRAY || reply->count != 3 ||
        reply->elements[0].type != REPLY_INTEGER ||
        reply->elements[1].type != REPLY_STRING ||
        reply->elements[2].type != REPLY_INTEGER)
        return;
    sentinel->answered_ms = reference_now_ms(sentinel->master->reference);
    if (reply->elements[0].integer == 1)
        sentinel->flags |= FLAG_MASTER_DOWN;
    else
        sentinel->flags &= ~(unsigned)FLAG_MASTER_DOWN;
    if (strcmp(reply->elements[1].text, "*") == 0)
        return;
    snprintf(sentinel->leader, sizeof(sentinel->leader), "%s",
             reply->elements[1].text);
    sentinel->leader_epoch = (uint64_t)reply->elements[2].integer;
}

/* ---- Voting ---- */

static void raise_epoch(struct reference *reference, uint64_t epoch)
{
    char text[24];

    if (epoch <= reference->current_epoch)
        return;
    reference->current_epoch = epoch;
    reference_save(reference);
    snprintf(text, sizeof(text), "%" PRIu64, epoch);
    reference_notice(reference, "+new-epoch", NULL, text);
}

static void vote(struct reference_master *master, uint64_t epoch,
                 const char *candidate)
{
    struct reference *reference = master->reference;
    char text[80];

    assert(candidate != NULL);
    raise_epoch(reference, epoch);
    if (master->leader_epoch >= epoch || reference->current_epoch > epoch)
        return;
    snprintf(master->leader, sizeof(master->leader), "%s", candidate);
    master->leader_epoch = reference->current_epoch;
    reference_save(reference);
    snprintf(text, sizeof(text), "%s %" PRIu64, master->leader,
             master->leader_epoch);
    reference_notice(reference, "+vote-for-leader", NULL, text);
    if (strcmp(candidate, reference->id) != 0)
        master->failover_start_ms = reference_now_ms(reference) +
                                    (int64_t)rng_between(&reference->rng, 0,
                                                         999);
}

static struct reference_master *find_master(struct reference *reference,
                                            const char *ip, int port)
{
    for (int i = 0; i < reference->world->options.masters; i++)
        if (reference_same_address(&reference->masters[i].self, ip, port))
            return &reference->masters[i];
    return NULL;
}

struct reply *reference_answer(struct reference *reference,
                               const struct packet *packet)
{
    struct reference_master *master = find_master(reference, packet->words[2],
                                                  atoi(packet->words[3]));
    struct reply *reply = reply_array(3);
    bool down = master != NULL && !reference->tilt &&
                (master->self.flags & FLAG_SDOWN) != 0;
    bool asked = master != NULL && strcmp(packet->words[5], "*") != 0;

    if (asked)
        vote(master, strtoull(packet->words[4], NULL, 10), packet->words[5]);
    reply_set(reply, 0, reply_integer(down));
    reply_set(reply, 1,
              reply_string(asked && master->leader[0] != '\0' ? master->leader
                                                              : "*"));
    reply_set(reply, 2,
              reply_integer(asked ? (int64_t)master->leader_epoch : 0));
    return reply;
}

/* ---- Counting ---- */

struct tally {
    struct {
        const char *id;
        int votes;
    } candidates[MAX_VOTERS];
    size_t count;
    int voters;
};

static void count_one(struct tally *tally, const char *id)
{
    size_t i = 0;

    while (i < tally->count && strcmp(tally->candidates[i].id, id) != 0)
        i++;
    if (i == MAX_VOTERS)
        return;
    if (i == tally->count) {
        tally->candidates[i].id = id;
        tally->candidates[i].votes = 0;
        tally->count++;
    }
    tally->candidates[i].votes++;
}

static void count_others(const struct reference_master *master,
                         struct tally *tally)
{
    tally->voters = 1;
    for (const struct reference_instance *i = master->sentinels; i != NULL;
         i = i->next) {
        tally->voters++;
        if (i->leader[0] != '\0' &&
            i->leader_epoch == master->reference->current_epoch)
            count_one(tally, i->leader);
    }
}

static size_t find_best(const struct tally *tally)
{
    size_t best = 0;

    for (size_t i = 1; i < tally->count; i++)
        if (tally->candidates[i].votes > tally->candidates[best].votes)
            best = i;
    return best;
}

const char *reference_count_votes(struct reference_master *master,
                                  uint64_t epoch)
{
    const struct reference *reference = master->reference;
    struct tally tally = {.count = 0};
    size_t best;

    count_others(master, &tally);
    vote(master, epoch,
         tally.count > 0 ? tally.candidates[find_best(&tally)].id
                         : reference->id);
    if (master->leader[0] != '\0' && master->leader_epoch == epoch)
        count_one(&tally, master->leader);
    if (tally.count == 0)
        return "";
    best = find_best(&tally);
    if (tally.candidates[best].votes < tally.voters / 2 + 1 ||
        tally.candidates[best].votes < reference->world->options.quorum)
        return "";
    return tally.candidates[best].id;
}
