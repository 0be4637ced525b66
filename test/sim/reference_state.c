/* A reference seat: the instances that it knows, and what its disk keeps. */
#include "reference_internal.h"

#include "../../lib/xalloc.h"
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Instances ---- */

static void start_clocks(struct reference_instance *instance)
{
    int64_t now_ms = reference_now_ms(instance->master->reference);

    instance->act_ping_ms = now_ms;
    instance->last_ping_ms = 0;
    instance->last_avail_ms = now_ms;
    instance->last_pong_ms = now_ms;
    instance->role_ms = now_ms;
}

static void init(struct reference_instance *instance,
                 struct reference_master *master, unsigned kind, const char *ip,
                 int port)
{
    int64_t now_ms = reference_now_ms(master->reference);

    instance->master = master;
    instance->flags = kind;
    instance->role = kind;
    instance->priority = 100;
    snprintf(instance->ip, sizeof(instance->ip), "%s", ip);
    instance->port = port;
    instance->published_ms = now_ms;
    instance->answered_ms = now_ms;
    instance->follows_ms = now_ms;
    start_clocks(instance);
}

struct reference_instance *reference_add(struct reference_master *master,
                                         unsigned kind, const char *ip,
                                         int port, const char *runid)
{
    struct reference_instance *instance = xcalloc(1, sizeof(*instance));
    struct reference_instance **at = kind == FLAG_REPLICA ? &master->replicas
                                                          : &master->sentinels;

    init(instance, master, kind, ip, port);
    snprintf(instance->runid, sizeof(instance->runid), "%s", runid);
    while (*at != NULL)
        at = &(*at)->next;
    *at = instance;
    return instance;
}

void reference_remove(struct reference_instance **at)
{
    struct reference_instance *instance = *at;

    *at = instance->next;
    reference_links_close(instance);
    free(instance);
}

static void remove_all(struct reference_instance **at)
{
    while (*at != NULL)
        reference_remove(at);
}

bool reference_same_address(const struct reference_instance *instance,
                            const char *ip, int port)
{
    return instance->port == port && strcmp(instance->ip, ip) == 0;
}

struct reference_instance *
reference_find_replica(const struct reference_master *master, const char *ip,
                       int port)
{
    struct reference_instance *replica = master->replicas;

    while (replica != NULL && !reference_same_address(replica, ip, port))
        replica = replica->next;
    return replica;
}

const struct reference_instance *
reference_current(const struct reference_master *master)
{
    return master->state == REFERENCE_RECONF_SLAVES ||
                   master->state == REFERENCE_UPDATE_CONFIG
               ? master->promoted
               : &master->self;
}

/* ---- Reset and a new address ---- */

void reference_forget(struct reference_master *master, bool sentinels)
{
    struct reference_instance *self = &master->self;

    remove_all(&master->replicas);
    if (sentinels)
        remove_all(&master->sentinels);
    reference_links_close(self);
    self->flags = FLAG_MASTER;
    self->runid[0] = '\0';
    self->role = FLAG_MASTER;
    start_clocks(self);
    master->leader[0] = '\0';
    master->promoted = NULL;
    master->state = REFERENCE_NONE;
    master->state_ms = 0;
    master->failover_start_ms = 0;
}

struct address {
    char ip[40];
    int port;
};

static size_t add_address(struct address *list, size_t count, const char *ip,
                          int port)
{
    snprintf(list[count].ip, sizeof(list[count].ip), "%s", ip);
    list[count].port = port;
    return count + 1;
}

/* All whom the new master is to have as replicas. */
static size_t remember_replicas(const struct reference_master *master,
                                const char *ip, int port, struct address *list)
{
    const struct reference_instance *self = &master->self;
    size_t count = 0;

    for (const struct reference_instance *i = master->replicas;
         i != NULL && count < NET_HOSTS; i = i->next)
        if (!reference_same_address(i, ip, port))
            count = add_address(list, count, i->ip, i->port);
    if (!reference_same_address(self, ip, port))
        count = add_address(list, count, self->ip, self->port);
    return count;
}

void reference_change_address(struct reference_master *master, const char *ip,
                              int port)
{
    struct address list[NET_HOSTS + 1];
    size_t count = remember_replicas(master, ip, port, list);

    reference_forget(master, false);
    snprintf(master->self.ip, sizeof(master->self.ip), "%s", ip);
    master->self.port = port;
    master->self.s_down_ms = 0;
    master->self.o_down_ms = 0;
    for (size_t i = 0; i < count; i++)
        reference_notice(
            master->reference, "+slave",
            reference_add(master, FLAG_REPLICA, list[i].ip, list[i].port, ""),
            "");
    reference_save(master->reference);
}

/* ---- The disk ---- */

static void load_master(struct reference *reference, int group)
{
    struct reference_master *master = &reference->masters[group];
    const struct state_master *saved = &reference->disk->masters[group];

    memset(master, 0, sizeof(*master));
    master->reference = reference;
    master->group = group;
    master->name = world_master_name(group);
    master->config_epoch = saved->config_epoch;
    master->leader_epoch = saved->leader_epoch;
    init(&master->self, master, FLAG_MASTER, saved->host, saved->port);
    for (size_t i = 0; i < saved->replica_count; i++)
        (void)reference_add(master, FLAG_REPLICA, saved->replicas[i].host,
                            saved->replicas[i].port, "");
    for (size_t i = 0; i < saved->sentinel_count; i++)
        (void)reference_add(master, FLAG_SENTINEL, saved->sentinels[i].host,
                            saved->sentinels[i].port, saved->sentinels[i].id);
}

void reference_load(struct reference *reference)
{
    const struct state *disk = reference->disk;

    reference->current_epoch = disk->current_epoch;
    for (int i = 0; i < reference->world->options.masters; i++) {
        load_master(reference, i);
        if (disk->masters[i].config_epoch > reference->current_epoch)
            reference->current_epoch = disk->masters[i].config_epoch;
    }
}

void reference_unload(struct reference *reference)
{
    for (int i = 0; reference->running && i < reference->world->options.masters;
         i++) {
        remove_all(&reference->masters[i].replicas);
        remove_all(&reference->masters[i].sentinels);
        reference_links_close(&reference->masters[i].self);
    }
}

/* A replica that is being promoted stands as the master, and the master in
 * its place. */
static void save_master(struct state *state,
                        const struct reference_master *master)
{
    const struct reference_instance *current = reference_current(master);
    struct state_master *saved = state_add_master(state, master->name,
                                                  current->ip, current->port);

    saved->config_epoch = master->config_epoch;
    saved->leader_epoch = master->leader_epoch;
    for (const struct reference_instance *i = master->replicas; i != NULL;
         i = i->next) {
        const struct reference_instance *other = i == current ? &master->self
                                                              : i;

        state_add_replica(saved, other->ip, other->port);
    }
    for (const struct reference_instance *i = master->sentinels; i != NULL;
         i = i->next)
        state_add_sentinel(saved, i->ip, i->port, i->runid);
}

void reference_save(struct reference *reference)
{
    struct state *state;

    if (!reference_may_act(reference))
        return;
    state = state_new();
    memcpy(state->id, reference->id, sizeof(state->id));
    state->current_epoch = reference->current_epoch;
    global_options_clear(&state->global);
    global_options_copy(&state->global, &reference->disk->global);
    for (int i = 0; i < reference->world->options.masters; i++)
        save_master(state, &reference->masters[i]);
    state_free(reference->disk);
    reference->disk = state;
}

/* ---- The trace ---- */

static void describe(const struct reference_instance *instance, char *text,
                     size_t size)
{
    const struct reference_master *master = instance->master;
    char key[64];

    if ((instance->flags & FLAG_MASTER) != 0) {
        snprintf(text, size, "master %s %s %d", master->name, instance->ip,
                 instance->port);
        return;
    }
    snprintf(key, sizeof(key), "%s:%d", instance->ip, instance->port);
    snprintf(text, size, "%s %s %s %d @ %s %s %d",
             (instance->flags & FLAG_REPLICA) != 0 ? "slave" : "sentinel",
             (instance->flags & FLAG_REPLICA) != 0 ? key : instance->runid,
             instance->ip, instance->port, master->name, master->self.ip,
             master->self.port);
}

void reference_notice(struct reference *reference, const char *channel,
                      const struct reference_instance *instance,
                      const char *detail)
{
    struct trace *trace = reference->world->trace;
    char who[300] = "";
    char text[600];
    char *readable;

    if (!reference_may_act(reference))
        return;
    if (instance != NULL)
        describe(instance, who, sizeof(who));
    snprintf(text, sizeof(text), "%s%s%s", who,
             who[0] != '\0' && detail[0] != '\0' ? " " : "", detail);
    trace_hash_text(trace, reference->world->now_us, channel);
    trace_hash_text(trace, reference->world->now_us, text);
    if (!trace_is_kept(trace))
        return;
    readable = node_readable(reference->world, text);
    trace_add(trace, world_now_ms(reference->world), reference->name, channel,
              readable);
    free(readable);
}
