/* Queries: what clients are shown. They never change the core. */
#include "core.h"

#include "core_internal.h"
#include "failover.h"
#include "quorum.h"

#include <assert.h>
#include <string.h>

static void view_link(const struct link *link, uint64_t now_ms,
                      struct core_view *view)
{
    if (link_disconnected(link))
        view->flags |= FLAG_DISCONNECTED;
    view->pending_commands = link->pending;
    view->link_refcount = link->user_count;
    view->last_ping_sent = link->ping_outstanding
                               ? since_ms(now_ms, link->act_ping_ms)
                               : 0;
    view->last_ok_ping_reply = since_ms(now_ms, link->last_avail_ms);
    view->last_ping_reply = since_ms(now_ms, link->last_pong_ms);
}

static void view_master(const struct master *master, struct core_view *view)
{
    if ((master->instance.flags & FLAG_FAILOVER) != 0)
        view->failover_state = failover_state_name(master);
    view->config_epoch = master->config_epoch;
    view->replica_count = master_replica_count(master);
    view->sentinel_count = master_sentinel_count(master);
    view->options = &master->options;
}

static void view_data_server(const struct instance *instance, uint64_t now_ms,
                             struct core_view *view)
{
    view->info_refresh = instance->info_known
                             ? since_ms(now_ms, instance->info_ms)
                             : 0;
    view->reports_master = instance->reports_master;
    view->role_reported_time = since_ms(now_ms, instance->role_ms);
    view->master_link_down_ms = instance->master_link_down_ms;
    view->master_link_up = instance->master_link_up;
    view->master_host = instance->master_host != NULL ? instance->master_host
                                                      : "?";
    view->master_port = instance->master_port;
    view->priority = instance->priority;
    view->repl_offset = instance->offset;
    view->announced = instance->announced;
}

static void view_sentinel(const struct instance *instance, uint64_t now_ms,
                          struct core_view *view)
{
    view->last_hello = since_ms(now_ms, instance->hello_seen_ms);
    view->voted_leader = instance->leader[0] != '\0' ? instance->leader : "?";
    view->voted_leader_epoch = instance->leader_epoch;
}

static void visit_instance(const struct core *core,
                           const struct instance *instance, uint64_t now_ms,
                           core_visit_view *visit, void *arg)
{
    struct core_view view = {
        .kind = instance->kind,
        .name = instance->name,
        .ip = instance_ip(core, instance),
        .port = instance->addr.port,
        .runid = instance->runid,
        .flags = instance->flags,
        .down_after_ms = instance->master->options.down_after_ms,
    };

    view_link(instance->link, now_ms, &view);
    view.s_down_time = since_ms(now_ms, instance->sdown_ms);
    view.o_down_time = since_ms(now_ms, instance->odown_ms);
    if (instance->kind == KIND_MASTER)
        view_master(instance->master, &view);
    if (instance->kind == KIND_SENTINEL)
        view_sentinel(instance, now_ms, &view);
    else
        view_data_server(instance, now_ms, &view);
    visit(arg, &view);
}

static void visit_map(const struct core *core, const struct instance *map,
                      uint64_t now_ms, core_visit_view *visit, void *arg)
{
    const struct instance *instance;

    MASTER_EACH (map, instance)
        visit_instance(core, instance, now_ms, visit, arg);
}

void core_visit_masters(const struct core *core, uint64_t now_ms,
                        core_visit_view *visit, void *arg)
{
    visit_map(core, core->masters, now_ms, visit, arg);
}

bool core_visit_master(const struct core *core, const char *name,
                       uint64_t now_ms, core_visit_view *visit, void *arg)
{
    const struct master *master = master_find(core, name);

    if (master == NULL)
        return false;
    visit_instance(core, &master->instance, now_ms, visit, arg);
    return true;
}

bool core_visit_replicas(const struct core *core, const char *name,
                         uint64_t now_ms, core_visit_view *visit, void *arg)
{
    const struct master *master = master_find(core, name);

    if (master == NULL)
        return false;
    visit_map(core, master->replicas, now_ms, visit, arg);
    return true;
}

bool core_visit_sentinels(const struct core *core, const char *name,
                          uint64_t now_ms, core_visit_view *visit, void *arg)
{
    const struct master *master = master_find(core, name);

    if (master == NULL)
        return false;
    visit_map(core, master->sentinels, now_ms, visit, arg);
    return true;
}

bool core_master_address(const struct core *core, const char *name,
                         const char **ip, int *port)
{
    const struct master *master = master_find(core, name);
    const struct addr *addr;

    if (master == NULL)
        return false;
    addr = master_current_addr(master);
    *ip = addr_shown(addr, core->global.announce_hostnames);
    *port = addr->port;
    return true;
}

bool core_ckquorum(const struct core *core, const char *name,
                   struct core_ckquorum *result)
{
    const struct master *master = master_find(core, name);
    const struct instance *sentinel;

    if (master == NULL)
        return false;
    result->usable = 1;
    MASTER_EACH (master->sentinels, sentinel)
        if ((sentinel->flags & (FLAG_SDOWN | FLAG_ODOWN)) == 0)
            result->usable++;
    result->quorum = (int64_t)result->usable >= master->options.quorum;
    result->majority = result->usable >=
                       quorum_majority(master_sentinel_count(master) + 1);
    return true;
}

static void visit_info(const struct instance *instance, uint64_t now_ms,
                       core_visit_info *visit, void *arg)
{
    visit(arg, instance->info_known ? since_ms(now_ms, instance->info_ms) : 0,
          instance->info_text);
}

bool core_visit_info_cache(const struct core *core, const char *name,
                           uint64_t now_ms, core_visit_info *visit, void *arg)
{
    const struct master *master = master_find(core, name);
    const struct instance *replica;

    if (master == NULL)
        return false;
    visit_info(&master->instance, now_ms, visit, arg);
    MASTER_EACH (master->replicas, replica)
        visit_info(replica, now_ms, visit, arg);
    return true;
}

void core_totals(const struct core *core, uint64_t now_ms,
                 struct core_totals *totals)
{
    totals->id = core->id;
    totals->current_epoch = core->current_epoch;
    totals->masters = HASH_COUNT(core->masters);
    totals->tilt = core->tilt;
    totals->tilt_ms = core->tilt ? since_ms(now_ms, core->tilt_ms) : 0;
    totals->tilt_count = core->tilt_count;
    totals->simulate = core->simulate;
}

const struct global_options *core_global(const struct core *core)
{
    return &core->global;
}
