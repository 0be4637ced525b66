/* The state that survives a restart. */
#include "snapshot.h"

#include "core_internal.h"
#include "names.h"
#include "state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A file may hold what a forged message has put there: such an epoch would
 * leave no higher one for the next failover. */
static uint64_t sane_epoch(uint64_t epoch)
{
    return epoch < EPOCH_MAX ? epoch : EPOCH_MAX;
}

static void load_master(struct core *core, const struct state_master *stored)
{
    struct master *master;
    struct addr addr;

    addr_init(&addr, stored->host, stored->port);
    if (!addr_is_numeric(stored->host))
        names_ask(core, stored->host);
    master = master_add(core, stored->name, &addr, &stored->options);
    addr_clear(&addr);
    master->config_epoch = sane_epoch(stored->config_epoch);
    master->leader_epoch = sane_epoch(stored->leader_epoch);
    if (master->config_epoch > core->current_epoch)
        core->current_epoch = master->config_epoch;
    if (master->leader_epoch > core->current_epoch)
        core->current_epoch = master->leader_epoch;
    for (size_t i = 0; i < stored->replica_count; i++) {
        if (!names_make_addr(core, &addr, stored->replicas[i].host,
                             stored->replicas[i].port))
            continue;
        master_add_replica(core, master, &addr);
        addr_clear(&addr);
    }
    for (size_t i = 0; i < stored->sentinel_count; i++) {
        const struct state_sentinel *peer = &stored->sentinels[i];

        if (strcmp(peer->id, core->id) == 0 ||
            master_find_sentinel(master, peer->id) != NULL ||
            !names_make_addr(core, &addr, peer->host, peer->port))
            continue;
        master_add_sentinel(core, master, peer->id, &addr);
        addr_clear(&addr);
    }
}

void snapshot_load(struct core *core, const struct state *state)
{
    assert(core->masters == NULL);
    memcpy(core->id, state->id, sizeof(core->id));
    core->current_epoch = sane_epoch(state->current_epoch);
    global_options_copy(&core->global, &state->global);
    for (size_t i = 0; i < state->master_count; i++)
        load_master(core, &state->masters[i]);
}

/* As it is to be found after a restart: a promoted replica is the master, and
 * the old master a replica, from the moment the promotion is to be written. */
static void copy_replicas(const struct master *master,
                          const struct addr *current, bool names,
                          struct state_master *copy)
{
    const struct addr *old = &master->instance.addr;
    const struct instance *replica;

    MASTER_EACH (master->replicas, replica) {
        const struct addr *addr = addr_same(&replica->addr, current)
                                      ? old
                                      : &replica->addr;

        if (names || addr->ip[0] == '\0')
            state_add_replica(copy, addr->host, addr->port);
        else
            state_add_replica(copy, addr->ip, addr->port);
    }
}

static const char *stored_host(const struct addr *addr, bool names)
{
    /* A name that never resolved is kept: it is all we know. */
    return names || addr->ip[0] == '\0' ? addr->host : addr->ip;
}

static void copy_master(const struct core *core, const struct master *master,
                        struct state *state)
{
    bool names = core->global.announce_hostnames;
    bool promoting = master->promotion_serial != 0;
    const struct addr *addr = promoting ? &master->promoted->addr
                                        : master_current_addr(master);
    struct state_master *copy = state_add_master(
        state, master->instance.name, stored_host(addr, names), addr->port);
    const struct instance *sentinel;

    master_options_clear(&copy->options);
    master_options_copy(&copy->options, &master->options);
    copy->config_epoch = promoting ? master->failover_epoch
                                   : master->config_epoch;
    copy->leader_epoch = master->leader_epoch;
    copy_replicas(master, addr, names, copy);
    MASTER_EACH (master->sentinels, sentinel)
        state_add_sentinel(copy, stored_host(&sentinel->addr, names),
                           sentinel->addr.port, sentinel->runid);
}

struct state *core_state(const struct core *core)
{
    struct state *state = state_new();
    const struct instance *master;

    memcpy(state->id, core->id, sizeof(state->id));
    state->current_epoch = core->current_epoch;
    global_options_clear(&state->global);
    global_options_copy(&state->global, &core->global);
    MASTER_EACH (core->masters, master)
        copy_master(core, master->master, state);
    return state;
}
