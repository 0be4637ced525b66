/* The safety rules, checked after every step of every sentinel. */
#include "checker.h"

#include "../../lib/xalloc.h"
#include "checker_facts.h"
#include "node.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define QUERY_INTERVAL 64 /* steps between two looks at all queries */

struct checker *checker_new(struct world *world)
{
    struct checker *checker = xcalloc(1, sizeof(*checker));

    checker->world = world;
    return checker;
}

void checker_free(struct checker *checker)
{
    struct fact *fact;
    struct fact *next;

    if (checker == NULL)
        return;
    HASH_ITER (hh, checker->facts, fact, next) {
        HASH_DEL(checker->facts, fact);
        free(fact);
    }
    for (int host = 0; host < NET_HOSTS; host++)
        free(checker->figures[host]);
    free(checker);
}

uint64_t checker_steps(const struct checker *checker)
{
    return checker->steps;
}

uint64_t checker_promotions(const struct checker *checker)
{
    return checker->promotions;
}

/* ---- Facts ---- */

struct figures *checker_figures(struct checker *checker,
                                const struct node *node)
{
    struct figures **figures = &checker->figures[node->host];

    if (*figures == NULL)
        *figures = xcalloc(1, sizeof(**figures));
    return *figures;
}

const struct fact *checker_find(const struct checker *checker,
                                struct fact_key key)
{
    struct fact *fact;

    HASH_FIND(hh, checker->facts, &key, sizeof(key), fact);
    return fact;
}

void checker_state(struct checker *checker, const char *rule,
                   struct fact_key key, const char *value)
{
    const struct fact *known = checker_find(checker, key);
    struct fact *fact;

    if (known != NULL && strcmp(known->value, value) != 0)
        world_fail(checker->world, "%s: %s %" PRIu64 ": %s, before: %s", rule,
                   world_master_name(key.group), key.epoch, value,
                   known->value);
    if (known != NULL)
        return;
    fact = xcalloc(1, sizeof(*fact));
    fact->key = key;
    snprintf(fact->value, sizeof(fact->value), "%s", value);
    HASH_ADD(hh, checker->facts, key, sizeof(fact->key), fact);
}

void checker_saved(struct checker *checker, const struct node *node,
                   const char *what, uint64_t said, uint64_t on_disk)
{
    if (said > on_disk)
        world_fail(checker->world,
                   "%s says %s %" PRIu64 ", its disk knows %" PRIu64,
                   node->name, what, said, on_disk);
}

/* ---- What is said ---- */

/* TEXT is "master <name> <ip> <port>". */
static int group_of_notice(const char *text)
{
    char name[64] = "";

    (void)sscanf(text, "master %63s", name);
    return world_group_of_name(name);
}

/* A disk that stalls can hold a notice back for long: what it rests on is
 * looked at when the core decides. */
void checker_decided(struct checker *checker, struct node *node,
                     const char *channel, const char *text)
{
    if (strcmp(channel, "+new-epoch") == 0)
        checker_figures(checker, node)->last_new_epoch = strtoull(text, NULL,
                                                                  10);
    else if (strcmp(channel, "+try-failover") == 0)
        checker_tried(checker, node, group_of_notice(text));
    else if (strcmp(channel, "+elected-leader") == 0)
        checker_elected(checker, node, group_of_notice(text));
}

void checker_notice(struct checker *checker, struct node *node,
                    const char *channel, const char *text)
{
    if (strcmp(channel, "+vote-for-leader") == 0)
        checker_vote_notice(checker, node, text);
    else if (strcmp(channel, "+promoted-slave") == 0)
        checker_promoted(checker, node, text);
}

void checker_forced(struct checker *checker, struct node *node)
{
    checker_figures(checker, node)->forced_next = true;
}

void checker_ordered(struct checker *checker, struct node *node)
{
    checker_figures(checker, node)->ordered_next = true;
}

void checker_refused(struct checker *checker, struct node *node)
{
    checker_figures(checker, node)->forced_next = false;
    checker_figures(checker, node)->ordered_next = false;
}

void checker_removed(struct checker *checker, struct node *node, int group)
{
    if (group < 0)
        return;
    checker_figures(checker, node)->groups[group].forgotten = true;
    checker_figures(checker, node)->groups[group].ever_forgotten = true;
    checker_figures(checker, node)->groups[group].config_epoch = 0;
}

void checker_sent(struct checker *checker, struct node *node, int target,
                  enum command_kind kind, const char *const *words,
                  size_t count)
{
    for (size_t i = 0; i < count; i++)
        trace_hash_text(checker->world->trace, checker->world->now_us,
                        words[i]);
    if (kind == COMMAND_HELLO && count == 3)
        checker_hello(checker, node, words[2]);
    else if (kind == COMMAND_ASK && count == 6)
        checker_asked(checker, node, words);
    else if (kind == COMMAND_REPLICAOF && strcasecmp(words[1], "NO") == 0)
        checker_promotes(checker, node, target);
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

/* REMOVE makes the epochs of a master begin anew, on disk with the first write
 * that knows of it. */
static void check_config_on_disk(struct checker *checker,
                                 const struct node *node,
                                 const struct state_master *before,
                                 const struct state_master *after)
{
    int group = world_group_of_name(before->name);
    bool *forgotten = &checker_figures(checker, node)->groups[group].forgotten;
    bool goes_back = after == NULL ||
                     after->config_epoch < before->config_epoch;

    if (!goes_back)
        return;
    if (!*forgotten)
        check_grows(checker, node, "config epoch on disk", before->config_epoch,
                    after != NULL ? after->config_epoch : 0);
    *forgotten = after == NULL && *forgotten;
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

        if (after != NULL)
            check_grows(checker, node, "leader epoch on disk",
                        before->leader_epoch, after->leader_epoch);
        if (world_group_of_name(before->name) >= 0)
            check_config_on_disk(checker, node, before, after);
    }
}

void checker_killed(struct checker *checker, struct node *node)
{
    struct figures *figures = checker_figures(checker, node);

    figures->epoch_in_memory = node->disk->current_epoch;
    figures->forced_next = false;
    figures->ordered_next = false;
    for (int group = 0; group < MAX_GROUPS; group++) {
        const struct state_master *saved = state_find_master(
            node->disk, world_master_name(group));

        memset(figures->groups[group].opinions, 0,
               sizeof(figures->groups[group].opinions));
        figures->groups[group].config_epoch = saved != NULL
                                                  ? saved->config_epoch
                                                  : 0;
    }
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

static void check_config_epoch(struct node *node, const struct core_view *view)
{
    struct checker *checker = node->world->checker;
    int group = world_group_of_name(view->name);
    uint64_t *known;

    if (group < 0)
        return;
    known = &checker_figures(checker, node)->groups[group].config_epoch;
    check_grows(checker, node, "config epoch", *known, view->config_epoch);
    *known = view->config_epoch;
}

static void look_at_master(void *arg, const struct core_view *view)
{
    struct node *node = arg;
    uint64_t now_ms = node_now_ms(node);
    struct core_ckquorum result;
    const char *ip;
    int port;

    look_at_view(arg, view);
    check_config_epoch(node, view);
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
    struct figures *figures = checker_figures(checker, node);
    struct core_totals totals;

    core_totals(node->core, node_now_ms(node), &totals);
    check_grows(checker, node, "current epoch", figures->epoch_in_memory,
                totals.current_epoch);
    figures->epoch_in_memory = totals.current_epoch;
    if (++checker->steps % QUERY_INTERVAL == 0)
        core_visit_masters(node->core, node_now_ms(node), look_at_master, node);
}
