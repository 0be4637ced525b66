/* The safety rules, checked after every step of every sentinel. */
#include "checker.h"

#include "../../lib/xalloc.h"
#include "node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_INTERVAL 64 /* steps between two looks at all queries */

/* What was once true must stay so: a key and its value. */
struct fact {
    char key[96];
    char value[64];
};

/* What is known of one sentinel. */
struct figures {
    uint64_t epoch_in_memory;
    uint64_t epoch_in_hello;
    uint64_t last_new_epoch;              /* named by +new-epoch */
    uint64_t candidate_epoch[MAX_GROUPS]; /* of the last +try-failover */
    bool candidate_forced[MAX_GROUPS];
    bool forced_next;
};

struct checker {
    struct world *world;
    struct fact *facts;
    size_t count;
    size_t size;
    struct figures figures[NET_HOSTS];
    uint64_t steps;
};

struct checker *checker_new(struct world *world)
{
    struct checker *checker = xcalloc(1, sizeof(*checker));

    checker->world = world;
    return checker;
}

void checker_free(struct checker *checker)
{
    if (checker == NULL)
        return;
    free(checker->facts);
    free(checker);
}

static const struct fact *find(const struct checker *checker, const char *key)
{
    for (size_t i = checker->count; i > 0; i--)
        if (strcmp(checker->facts[i - 1].key, key) == 0)
            return &checker->facts[i - 1];
    return NULL;
}

static void add(struct checker *checker, const char *key, const char *value)
{
    struct fact *fact;

    if (checker->count == checker->size) {
        checker->size = checker->size != 0 ? checker->size * 2 : 64;
        checker->facts = xrealloc(checker->facts,
                                  checker->size * sizeof(*checker->facts));
    }
    fact = &checker->facts[checker->count++];
    snprintf(fact->key, sizeof(fact->key), "%s", key);
    snprintf(fact->value, sizeof(fact->value), "%s", value);
}

/* VALUE is said of KEY now; RULE names what is broken if it was another. */
static void state_fact(struct checker *checker, const char *rule,
                       const char *key, const char *value)
{
    const struct fact *fact = find(checker, key);

    if (fact == NULL)
        add(checker, key, value);
    else if (strcmp(fact->value, value) != 0)
        world_fail(checker->world, "%s: %s: %s, before: %s", rule, key, value,
                   fact->value);
}

static struct figures *figures_of(struct checker *checker,
                                  const struct node *node)
{
    return &checker->figures[node->host];
}

static int group_of_name(const char *name)
{
    for (int group = 0; group < MAX_GROUPS; group++)
        if (strcmp(world_master_name(group), name) == 0)
            return group;
    return -1;
}

/* NODE says a number that a restart must not make untrue. */
static void check_saved(struct checker *checker, const struct node *node,
                        const char *what, uint64_t said, uint64_t on_disk)
{
    if (said > on_disk)
        world_fail(checker->world,
                   "%s says %s %" PRIu64 ", its disk knows %" PRIu64,
                   node->name, what, said, on_disk);
}

/* ---- Leaders ---- */

/* TEXT is "master <name> <ip> <port>". */
static int group_of_notice(const char *text)
{
    char name[64] = "";

    (void)sscanf(text, "master %63s", name);
    return group_of_name(name);
}

static void check_elected(struct checker *checker, const struct node *node,
                          int group)
{
    const struct figures *figures = figures_of(checker, node);
    char key[96];

    if (figures->candidate_forced[group])
        return;
    snprintf(key, sizeof(key), "leader %s %" PRIu64, world_master_name(group),
             figures->candidate_epoch[group]);
    state_fact(checker, "two leaders in one epoch", key, node->id);
}

/* The notices of a start come together: +new-epoch, +try-failover. */
static void note_candidate(struct checker *checker, const struct node *node,
                           int group)
{
    struct figures *figures = figures_of(checker, node);
    char key[96];

    figures->candidate_epoch[group] = figures->last_new_epoch;
    figures->candidate_forced[group] = figures->forced_next;
    if (!figures->forced_next)
        return;
    snprintf(key, sizeof(key), "forced %s %" PRIu64, world_master_name(group),
             figures->last_new_epoch);
    add(checker, key, "");
    figures->forced_next = false;
}

/* With one master the vote's epoch says all; with several the notice does not
 * tell whose vote it is. */
static void check_vote_notice(struct checker *checker, const struct node *node,
                              const char *text)
{
    char id[64] = "";
    char key[96];
    uint64_t epoch = 0;

    if (checker->world->options.masters != 1 || node->disk->master_count != 1 ||
        sscanf(text, "%63s %" SCNu64, id, &epoch) != 2)
        return;
    check_saved(checker, node, "a vote in epoch", epoch,
                node->disk->masters[0].leader_epoch);
    snprintf(key, sizeof(key), "vote %s %s %" PRIu64, node->name,
             world_master_name(0), epoch);
    state_fact(checker, "two votes in one epoch", key, id);
}

/* TEXT ends in "@ <name> <ip> <port>". */
static void check_promoted(struct checker *checker, const struct node *node,
                           const char *text)
{
    const struct state_master *saved;
    const char *owner = strchr(text, '@');
    char name[64] = "";
    int group;

    if (owner == NULL || sscanf(owner, "@ %63s", name) != 1)
        world_fail(checker->world, "%s: bad text of +promoted-slave",
                   node->name);
    saved = state_find_master(node->disk, name);
    group = group_of_name(name);
    if (saved != NULL && group >= 0)
        check_saved(checker, node, "a promotion in epoch",
                    figures_of(checker, node)->candidate_epoch[group],
                    saved->config_epoch);
}

void checker_notice(struct checker *checker, struct node *node,
                    const char *channel, const char *text)
{
    int group = group_of_notice(text);

    if (strcmp(channel, "+new-epoch") == 0)
        figures_of(checker, node)->last_new_epoch = strtoull(text, NULL, 10);
    else if (strcmp(channel, "+try-failover") == 0 && group >= 0)
        note_candidate(checker, node, group);
    else if (strcmp(channel, "+elected-leader") == 0 && group >= 0)
        check_elected(checker, node, group);
    else if (strcmp(channel, "+vote-for-leader") == 0)
        check_vote_notice(checker, node, text);
    else if (strcmp(channel, "+promoted-slave") == 0)
        check_promoted(checker, node, text);
}

void checker_forced(struct checker *checker, struct node *node)
{
    figures_of(checker, node)->forced_next = true;
}

/* ---- What is said ---- */

/* Of a hello: what it says of the master. */
struct claim {
    uint64_t current_epoch;
    char name[64];
    char ip[40];
    int port;
    uint64_t config_epoch;
};

static bool read_claim(const char *text, struct claim *claim)
{
    return sscanf(text,
                  "%*[^,],%*[^,],%*[^,],%" SCNu64 ",%63[^,],%39[^,],%d,"
                  "%" SCNu64,
                  &claim->current_epoch, claim->name, claim->ip, &claim->port,
                  &claim->config_epoch) == 5;
}

static bool was_forced(const struct checker *checker, const struct claim *claim)
{
    char key[96];

    snprintf(key, sizeof(key), "forced %s %" PRIu64, claim->name,
             claim->config_epoch);
    return find(checker, key) != NULL;
}

static void check_address(struct checker *checker, const struct node *node,
                          const struct claim *claim)
{
    const struct state_master *saved;
    const struct fact *fact;
    char key[96];
    char address[64];

    saved = state_find_master(node->disk, claim->name);
    if (saved == NULL || claim->config_epoch == 0)
        return;
    check_saved(checker, node, "config epoch", claim->config_epoch,
                saved->config_epoch);
    snprintf(address, sizeof(address), "%s:%d", claim->ip, claim->port);
    snprintf(key, sizeof(key), "address %s %" PRIu64, claim->name,
             claim->config_epoch);
    fact = find(checker, key);
    /* Failovers by order need nobody's vote: two at once may take the same
     * epoch. The sentinels settle it among themselves. */
    if (fact == NULL || strcmp(fact->value, address) == 0 ||
        !was_forced(checker, claim))
        state_fact(checker, "two addresses in one config epoch", key, address);
}

static void check_hello(struct checker *checker, const struct node *node,
                        const char *text)
{
    struct figures *figures = figures_of(checker, node);
    struct claim claim;

    if (!read_claim(text, &claim))
        world_fail(checker->world, "%s sends a bad hello: %s", node->name,
                   text);
    check_saved(checker, node, "current epoch", claim.current_epoch,
                node->disk->current_epoch);
    if (claim.current_epoch < figures->epoch_in_hello)
        world_fail(checker->world,
                   "%s: epoch in hello goes back from %" PRIu64 " to %" PRIu64,
                   node->name, figures->epoch_in_hello, claim.current_epoch);
    figures->epoch_in_hello = claim.current_epoch;
    check_address(checker, node, &claim);
}

static void state_vote(struct checker *checker, const struct node *node,
                       int group, uint64_t epoch, const char *leader)
{
    char key[96];

    if (group < 0)
        return;
    snprintf(key, sizeof(key), "vote %s %s %" PRIu64, node->name,
             world_master_name(group), epoch);
    state_fact(checker, "two votes in one epoch", key, leader);
}

/* Who asks for votes has given his own. */
static void check_ask(struct checker *checker, const struct node *node,
                      const char *const *words)
{
    int group = world_group_of_ip(words[2]);
    uint64_t epoch = strtoull(words[4], NULL, 10);

    check_saved(checker, node, "epoch", epoch, node->disk->current_epoch);
    if (strcmp(words[5], node->id) == 0 && group >= 0 &&
        !figures_of(checker, node)->candidate_forced[group] &&
        epoch == figures_of(checker, node)->candidate_epoch[group])
        state_vote(checker, node, group, epoch, node->id);
}

void checker_sent(struct checker *checker, struct node *node,
                  enum command_kind kind, const char *const *words,
                  size_t count)
{
    for (size_t i = 0; i < count; i++)
        trace_hash_text(checker->world->trace, checker->world->now_us,
                        words[i]);
    if (kind == COMMAND_HELLO && count == 3)
        check_hello(checker, node, words[2]);
    else if (kind == COMMAND_ASK && count == 6)
        check_ask(checker, node, words);
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
    check_saved(checker, node, "leader epoch", answer->epoch,
                saved->leader_epoch);
    if (strcmp(answer->text, "*") != 0)
        state_vote(checker, node, group, answer->epoch, answer->text);
}

/* ---- What is known ---- */

static void check_grows(struct checker *checker, const struct node *node,
                        const char *what, uint64_t before, uint64_t after)
{
    if (after < before)
        world_fail(checker->world,
                   "%s: %s goes back from %" PRIu64 " to %" PRIu64, node->name,
                   what, before, after);
}

void checker_disk(struct checker *checker, struct node *node,
                  const struct state *written)
{
    check_grows(checker, node, "current epoch on disk",
                node->disk->current_epoch, written->current_epoch);
    for (size_t i = 0; i < node->disk->master_count; i++) {
        const struct state_master *before = &node->disk->masters[i];
        const struct state_master *after = state_find_master(written,
                                                             before->name);

        if (after == NULL)
            continue;
        check_grows(checker, node, "leader epoch on disk", before->leader_epoch,
                    after->leader_epoch);
        check_grows(checker, node, "config epoch on disk", before->config_epoch,
                    after->config_epoch);
    }
}

void checker_killed(struct checker *checker, struct node *node)
{
    struct figures *figures = figures_of(checker, node);

    figures->epoch_in_memory = node->disk->current_epoch;
    figures->forced_next = false;
}

static void look_at_view(void *arg, const struct core_view *view)
{
    struct node *node = arg;

    if (view->name == NULL || view->ip == NULL || view->runid == NULL)
        world_fail(node->world, "%s: a view lacks a text", node->name);
}

static void look_at_info(void *arg, uint64_t age_ms, const char *text)
{
    (void)arg;
    (void)age_ms;
    (void)text;
}

static void look_at_master(void *arg, const struct core_view *view)
{
    struct node *node = arg;
    uint64_t now_ms = node_now_ms(node);
    struct core_ckquorum result;
    const char *ip;
    int port;

    look_at_view(arg, view);
    core_visit_replicas(node->core, view->name, now_ms, look_at_view, node);
    core_visit_sentinels(node->core, view->name, now_ms, look_at_view, node);
    if (!core_ckquorum(node->core, view->name, &result) ||
        !core_master_address(node->core, view->name, &ip, &port) ||
        !core_visit_info_cache(node->core, view->name, now_ms, look_at_info,
                               node))
        world_fail(node->world, "%s does not know %s", node->name, view->name);
}

void checker_step(struct checker *checker, struct node *node)
{
    struct figures *figures = figures_of(checker, node);
    struct core_totals totals;

    core_totals(node->core, node_now_ms(node), &totals);
    check_grows(checker, node, "current epoch", figures->epoch_in_memory,
                totals.current_epoch);
    figures->epoch_in_memory = totals.current_epoch;
    if (++checker->steps % QUERY_INTERVAL == 0)
        core_visit_masters(node->core, node_now_ms(node), look_at_master, node);
}
