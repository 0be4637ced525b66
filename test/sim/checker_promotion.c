/* The checker on promotions: who is chosen was fit for it, by what the model
 * servers know of themselves; and no promotion is told before it is saved. */
#include "checker_facts.h"
#include "node.h"
#include "redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* INFO may be this old when a replica is chosen, and the order travels. */
#define STALE_MS 15000 /* times the patience of the world */

static void take_limit(void *arg, const struct core_view *view)
{
    uint64_t down_ms = 0;

    if ((view->flags & FLAG_SDOWN) != 0)
        down_ms = view->s_down_time > view->last_ok_ping_reply
                      ? view->s_down_time
                      : view->last_ok_ping_reply;
    /* One that says it is a replica is of no use, and counts as down later. */
    if (down_ms > 0 && !view->reports_master &&
        view->role_reported_time > down_ms)
        down_ms = view->role_reported_time;
    *(uint64_t *)arg = down_ms + 10 * (uint64_t)view->down_after_ms;
}

static uint64_t link_down_limit_ms(const struct node *node, int group)
{
    uint64_t limit_ms = UINT64_MAX / 2;

    (void)core_visit_master(node->core, world_master_name(group),
                            node_now_ms(node), take_limit, &limit_ms);
    return limit_ms + STALE_MS * (uint64_t)node->world->options.patience;
}

/* The master that NODE knows runs, and is a replica: nobody has newer data. */
static bool has_no_master(const struct node *node, int group)
{
    const struct world *world = node->world;
    const char *ip;
    int port;
    int host;

    if (!core_master_address(node->core, world_master_name(group), &ip, &port))
        return false;
    host = net_find(world->net, ip);
    return host >= 0 && world->redis[host] != NULL &&
           world->redis[host]->running && !redis_is_master(world->redis[host]);
}

void checker_promotes(struct checker *checker, const struct node *node,
                      int target)
{
    const struct world *world = checker->world;
    const struct redis *redis = target >= 0 ? world->redis[target] : NULL;
    uint64_t limit_ms;

    if (redis == NULL || redis_is_master(redis))
        return;
    if (redis->priority == 0 &&
        (redis->priority_ms == 0 ||
         world_now_ms(world) - redis->priority_ms >
             STALE_MS * (uint64_t)world->options.patience))
        world_fail(checker->world, "%s promotes %s, whose priority is 0",
                   node->name, redis->ip);
    limit_ms = link_down_limit_ms(node, target / 10);
    if (redis->link_ever_up && !redis->link_up &&
        !has_no_master(node, target / 10) &&
        world_now_ms(world) - redis->link_down_ms > limit_ms)
        world_fail(checker->world,
                   "%s promotes %s, without its master for %" PRIu64 " ms",
                   node->name, redis->ip,
                   world_now_ms(world) - redis->link_down_ms);
}

/* TEXT ends in "@ <name> <ip> <port>". */
void checker_promoted(struct checker *checker, const struct node *node,
                      const char *text)
{
    const struct state_master *saved;
    const char *owner = strchr(text, '@');
    char name[64] = "";
    int group;

    checker->promotions++;
    if (owner == NULL || sscanf(owner, "@ %63s", name) != 1)
        world_fail(checker->world, "%s: bad text of +promoted-slave",
                   node->name);
    saved = state_find_master(node->disk, name);
    group = world_group_of_name(name);
    if (saved != NULL && group >= 0 &&
        !checker_figures(checker, node)->groups[group].ever_forgotten)
        checker_saved(
            checker, node, "a promotion in epoch",
            checker_figures(checker, node)->groups[group].candidate_epoch,
            saved->config_epoch);
}
