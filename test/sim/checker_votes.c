/* The checker on elections: one vote a sentinel, master and epoch; one leader;
 * and no failover that nobody ordered without the agreement of a quorum and
 * the votes of a majority. */
#include "checker_facts.h"
#include "node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Opinions count for five periods of asking, a second times the patience of the
 * world. */
#define OPINION_LIMIT_MS 5000

static struct opinion *opinion_of(struct checker *checker,
                                  const struct node *node, int peer, int group)
{
    return &checker_figures(checker, node)
                ->groups[group]
                .opinions[peer - SENTINEL(0)];
}

void checker_vote(struct checker *checker, const struct node *node, int group,
                  uint64_t epoch, const char *leader)
{
    struct fact_key key = {FACT_VOTE, group, node->host, 0, epoch};

    if (group >= 0)
        checker_state(checker, "two votes in one epoch", key, leader);
}

/* Who asks for votes has given his own. */
void checker_asked(struct checker *checker, const struct node *node,
                   const char *const *words)
{
    const struct figures *figures = checker_figures(checker, node);
    int group = world_group_of_ip(words[2]);
    uint64_t epoch = strtoull(words[4], NULL, 10);

    checker_saved(checker, node, "epoch", epoch, node->disk->current_epoch);
    if (group >= 0 && strcmp(words[5], node->id) == 0 &&
        !figures->groups[group].candidate_forced &&
        epoch == figures->groups[group].candidate_epoch)
        checker_vote(checker, node, group, epoch, node->id);
}

void checker_answered(struct checker *checker, struct node *node,
                      const char *asked_ip, const struct answer *answer)
{
    int group = world_group_of_ip(asked_ip);
    const struct state_master *saved =
        group >= 0 ? state_find_master(node->disk, world_master_name(group))
                   : NULL;

    if (saved == NULL)
        return;
    checker_saved(checker, node, "leader epoch", answer->epoch,
                  saved->leader_epoch);
    if (strcmp(answer->text, "*") != 0)
        checker_vote(checker, node, group, answer->epoch, answer->text);
}

/* Noted at the ear, so that it holds for a peer of any kind. */
void checker_heard(struct checker *checker, struct node *node, int peer,
                   int group, const struct reply *reply)
{
    struct opinion *opinion;

    if (group < 0 || peer < SENTINEL(1) || peer > SENTINEL(MAX_SENTINELS) ||
        reply->type != REPLY_ARRAY || reply->count != 3)
        return;
    opinion = opinion_of(checker, node, peer, group);
    opinion->down = reply->elements[0].integer == 1;
    opinion->heard_ms = node_now_ms(node);
    if (strcmp(reply->elements[1].text, "*") == 0)
        return;
    opinion->vote_for_me = strcmp(reply->elements[1].text, node->id) == 0;
    opinion->epoch = (uint64_t)reply->elements[2].integer;
}

static void take_view(void *arg, const struct core_view *view)
{
    *(struct core_view *)arg = *view;
}

/* False when it was removed while the notice waited for the disk. */
static bool view_master(const struct node *node, int group,
                        struct core_view *view)
{
    return core_visit_master(node->core, world_master_name(group),
                             node_now_ms(node), take_view, view);
}

static int64_t count_agreeing(struct checker *checker, const struct node *node,
                              int group)
{
    int64_t count = 1;

    for (int i = 1; i <= MAX_SENTINELS; i++) {
        const struct opinion *opinion = opinion_of(checker, node, SENTINEL(i),
                                                   group);

        if (opinion->down && opinion->heard_ms != 0 &&
            node_now_ms(node) - opinion->heard_ms <=
                OPINION_LIMIT_MS * (uint64_t)checker->world->options.patience)
            count++;
    }
    return count;
}

/* The notices of a start come together: +new-epoch, +try-failover. */
void checker_tried(struct checker *checker, const struct node *node, int group)
{
    struct figures *figures = checker_figures(checker, node);
    struct core_view view;
    int64_t agreeing;

    if (group < 0) /* a master that is not of this world */
        return;
    agreeing = count_agreeing(checker, node, group);
    figures->groups[group].candidate_epoch = figures->last_new_epoch;
    figures->groups[group].candidate_forced = figures->forced_next;
    if (figures->forced_next)
        checker_state(checker, "",
                      (struct fact_key){FACT_FORCED, group, 0, 0,
                                        figures->last_new_epoch},
                      "");
    if (!figures->forced_next && !figures->ordered_next &&
        view_master(node, group, &view) && agreeing < view.options->quorum)
        world_fail(checker->world,
                   "%s starts a failover of %s with %" PRId64
                   " that agree; its quorum is %" PRId64,
                   node->name, view.name, agreeing, view.options->quorum);
    figures->forced_next = false;
    figures->ordered_next = false;
}

static size_t count_votes(struct checker *checker, const struct node *node,
                          int group, uint64_t epoch)
{
    size_t count = 1;

    for (int i = 1; i <= MAX_SENTINELS; i++) {
        const struct opinion *opinion = opinion_of(checker, node, SENTINEL(i),
                                                   group);

        if (opinion->vote_for_me && opinion->epoch == epoch)
            count++;
    }
    return count;
}

/* A sentinel that has not met all others, or was told to forget them, takes
 * the majority of those it knows. */
static void check_leader(struct checker *checker, const struct node *node,
                         int group, size_t votes)
{
    size_t majority = (size_t)checker->world->options.sentinels / 2 + 1;
    uint64_t epoch =
        checker_figures(checker, node)->groups[group].candidate_epoch;

    if (votes >= majority)
        checker_state(checker, "two leaders in one epoch",
                      (struct fact_key){FACT_LEADER, group, 0, 0, epoch},
                      node->id);
    else if (checker->world->forgetful)
        checker_state(checker, "",
                      (struct fact_key){FACT_FORCED, group, 0, 0, epoch}, "");
    else
        world_fail(checker->world,
                   "%s is elected with %zu votes, a majority is %zu",
                   node->name, votes, majority);
}

void checker_elected(struct checker *checker, const struct node *node,
                     int group)
{
    const struct figures *figures = checker_figures(checker, node);
    struct core_view view;
    uint64_t epoch;
    size_t majority;
    size_t votes;

    if (group < 0)
        return;
    epoch = figures->groups[group].candidate_epoch;
    votes = count_votes(checker, node, group, epoch);
    if (figures->groups[group].candidate_forced)
        return;
    check_leader(checker, node, group, votes);
    if (!view_master(node, group, &view))
        return;
    majority = (view.sentinel_count + 1) / 2 + 1;
    if (votes < majority || (int64_t)votes < view.options->quorum)
        world_fail(checker->world,
                   "%s is elected for %s in epoch %" PRIu64
                   " with %zu votes of %zu, quorum %" PRId64,
                   node->name, view.name, epoch, votes, view.sentinel_count + 1,
                   view.options->quorum);
}

/* With one master the vote's epoch says all; with several the notice does not
 * tell whose vote it is, but the answer on the wire does. */
void checker_vote_notice(struct checker *checker, const struct node *node,
                         const char *text)
{
    char id[64] = "";
    uint64_t epoch = 0;

    if (checker->world->options.masters != 1 || node->disk->master_count != 1 ||
        sscanf(text, "%63s %" SCNu64, id, &epoch) != 2)
        return;
    checker_saved(checker, node, "a vote in epoch", epoch,
                  node->disk->masters[0].leader_epoch);
    checker_vote(checker, node, 0, epoch, id);
}
