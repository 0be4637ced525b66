/* Reset of a master, and its change to a new address. */
#include "switch.h"

#include "core_internal.h"
#include "monitor.h"
#include "notice.h"
#include "persist.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What a reset and a change of address have in common. */
static void start_over(struct core *core, struct master *master)
{
    struct instance *instance = &master->instance;

    instance->flags = FLAG_MASTER;
    instance->ever_sdown = false;
    instance->ever_odown = false;
    instance->refused = 0;
    instance->told = 0;
    instance->replication_pending = false;
    instance_forget_info(instance, core->now_ms);
    master->leader[0] = '\0';
    master->state = FAILOVER_NONE;
    master->state_ms = core->now_ms;
    master->promoted = NULL;
    master->coordinated = false;
    master->promotion_serial = 0;
    master->start_after_ms = core->now_ms;
    master->start_delay_told = false;
    master->awaiting_winner = false;
    master->elections_lost = 0;
    master->fruitless = 0;
    instance_touch(core, instance);
}

void switch_reset(struct core *core, struct master *master)
{
    master_remove_replicas(core, master);
    master_remove_sentinels(core, master);
    link_close(core, master->instance.link, "reset");
    link_reset_clocks(core, master->instance.link);
    start_over(core, master);
}

void switch_call_script(struct core *core, const struct master *master,
                        const char *role, const struct addr *from,
                        const struct addr *to)
{
    const char *path = master->options.client_reconfig_script;
    bool names = core->global.announce_hostnames;
    char from_port[8];
    char to_port[8];
    const char *words[] = {master->instance.name,
                           role,
                           "start",
                           addr_shown(from, names),
                           from_port,
                           addr_shown(to, names),
                           to_port};

    if (path == NULL)
        return;
    snprintf(from_port, sizeof(from_port), "%d", from->port);
    snprintf(to_port, sizeof(to_port), "%d", to->port);
    emit_script(&core->out, WAIT_TURN, path, words, 7);
}

/* Evidence about the old address must not count against the new one, also not
 * an answer that is still on its way. */
static void forget_evidence(struct master *master)
{
    struct instance *sentinel;

    MASTER_EACH (master->sentinels, sentinel) {
        sentinel->flags &= ~(unsigned)FLAG_MASTER_DOWN;
        sentinel->leader[0] = '\0';
        sentinel->ask_pending = false;
        sentinel->ask_serial++;
        sentinel->ask_pause_ms = 0;
    }
}

/* The replica starts its life under the new master; its connections, and what
 * INFO said of its data, are kept unless it was down. */
static void renew_replica(struct core *core, struct instance *replica)
{
    if ((replica->flags & FLAG_SDOWN) != 0) {
        link_close(core, replica->link, "the master has changed");
        link_reset_clocks(core, replica->link);
    }
    replica->flags = FLAG_REPLICA;
    replica->ever_sdown = false;
    replica->role_ms = core->now_ms;
    replica->master_change_ms = core->now_ms;
    replica->refused_now = 0;
    notice_instance(core, NOTICE_SLAVE, replica, "%s", "");
    monitor_ask_info(core, replica);
    instance_touch(core, replica);
}

static void add_old_master(struct core *core, struct master *master,
                           const struct addr *old)
{
    struct instance *replica = master_add_replica(core, master, old);

    if (replica != NULL)
        notice_instance(core, NOTICE_SLAVE, replica, "%s", "");
}

/* The connections to the promoted replica, if it is one of ours, go on as
 * those of the master. */
static void take_over_link(struct core *core, struct master *master,
                           const struct addr *addr)
{
    struct instance *promoted = master_find_replica(core, master, addr);

    link_close(core, master->instance.link, "the master has changed");
    if (promoted != NULL) {
        link_exchange(&master->instance, promoted);
        master_remove_replica(core, promoted);
    }
    link_reset_clocks(core, master->instance.link);
}

void switch_address(struct core *core, struct master *master,
                    const struct addr *addr)
{
    struct instance *instance = &master->instance;
    bool names = core->global.announce_hostnames;
    bool was_down = (instance->flags & FLAG_SDOWN) != 0;
    struct addr old = instance->addr;
    struct addr new;
    struct instance *replica = master_find_replica(core, master, addr);

    /* ADDR may be that of the promoted replica, which is about to go; and a
     * peer may give an ip where we know the name. */
    addr_copy(&new, replica != NULL ? &replica->addr : addr);
    notice_text(core, NOTICE_SWITCH_MASTER, instance, "%s %s %d %s %d",
                instance->name, addr_shown(&old, names), old.port,
                addr_shown(&new, names), new.port);
    take_over_link(core, master, &new);
    start_over(core, master);
    forget_evidence(master);
    instance->addr = new;
    master->in_conflict = false;
    master->replaced = was_down;
    master->replaced_ms = core->now_ms;
    MASTER_EACH (master->replicas, replica)
        renew_replica(core, replica);
    if (!addr_same(&old, &new))
        add_old_master(core, master, &old);
    addr_clear(&old);
    persist(core);
    /* A connection that was kept would be silent for a ping period: so long
     * nothing would speak for the new master when a peer wants another. */
    link_ping_now(core, instance->link);
    monitor_ask_info(core, instance);
}

void switch_from_peer(struct core *core, struct instance *sentinel,
                      const struct addr *addr, uint64_t config_epoch)
{
    struct master *master = sentinel->master;
    struct addr old;

    assert(config_epoch >= master->config_epoch);
    addr_copy(&old, &master->instance.addr);
    notice_instance(core, NOTICE_CONFIG_UPDATE_FROM, sentinel, "%s", "");
    master->config_epoch = config_epoch;
    switch_address(core, master, addr);
    switch_call_script(core, master, "observer", &old, addr);
    addr_clear(&old);
}
