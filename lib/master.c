/* A monitored master: its options, its replicas, the other sentinels. */
#include "master.h"

#include "core_internal.h"
#include "notice.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Maps are kept in the order of names, so that every list has one order. */
static int by_name(const struct instance *left, const struct instance *right)
{
    return strcmp(left->name, right->name);
}

struct master *master_add(struct core *core, const char *name,
                          const struct addr *addr,
                          const struct master_options *options)
{
    struct master *master = xcalloc(1, sizeof(*master));
    struct instance *added;

    assert(master_find(core, name) == NULL);
    master_options_copy(&master->options, options);
    instance_init(core, &master->instance, KIND_MASTER, master, name, addr);
    added = &master->instance;
    HASH_ADD_KEYPTR_INORDER(hh, core->masters, added->name, strlen(added->name),
                            added, by_name);
    return master;
}

void master_tell(struct core *core, struct master *master)
{
    master->untold = false;
    notice_instance(core, NOTICE_MONITOR, &master->instance, " quorum %lld",
                    (long long)master->options.quorum);
}

void master_remove(struct core *core, struct master *master)
{
    struct instance *instance = &master->instance;

    master_remove_replicas(core, master);
    master_remove_sentinels(core, master);
    HASH_DEL(core->masters, instance);
    instance_clear(core, instance);
    master_options_clear(&master->options);
    free(master);
}

struct master *master_find(const struct core *core, const char *name)
{
    struct instance *instance;

    HASH_FIND_STR(core->masters, name, instance);
    return instance != NULL ? instance->master : NULL;
}

static struct instance *add_member(struct core *core, struct master *master,
                                   struct instance **map,
                                   enum instance_kind kind, const char *name,
                                   const struct addr *addr)
{
    struct instance *instance = xcalloc(1, sizeof(*instance));

    instance_init(core, instance, kind, master, name, addr);
    HASH_ADD_KEYPTR_INORDER(hh, *map, instance->name, strlen(instance->name),
                            instance, by_name);
    return instance;
}

static void remove_member(struct core *core, struct instance **map,
                          struct instance *instance)
{
    HASH_DEL(*map, instance);
    instance_clear(core, instance);
    free(instance);
}

struct instance *master_add_replica(struct core *core, struct master *master,
                                    const struct addr *addr)
{
    struct instance *replica;
    char *key;

    if (addr->port == 0 || master_find_replica(core, master, addr) != NULL)
        return NULL;
    key = addr_key(addr, core->global.announce_hostnames);
    HASH_FIND_STR(master->replicas, key, replica);
    if (replica == NULL)
        replica = add_member(core, master, &master->replicas, KIND_REPLICA, key,
                             addr);
    else
        replica = NULL;
    free(key);
    return replica;
}

struct instance *master_find_replica(const struct core *core,
                                     const struct master *master,
                                     const struct addr *addr)
{
    struct instance *replica;
    char *key = addr_key(addr, core->global.announce_hostnames);

    HASH_FIND_STR(master->replicas, key, replica);
    free(key);
    if (replica != NULL && addr_same(&replica->addr, addr))
        return replica;
    MASTER_EACH (master->replicas, replica)
        if (addr_same(&replica->addr, addr))
            return replica;
    return NULL;
}

void master_rename_replica(struct core *core, struct instance *replica)
{
    struct master *master = replica->master;
    char *key = addr_key(&replica->addr, core->global.announce_hostnames);
    struct instance *holder;

    assert(replica->kind == KIND_REPLICA);
    HASH_FIND_STR(master->replicas, key, holder);
    if (holder != NULL) {
        free(key);
        return;
    }
    HASH_DEL(master->replicas, replica);
    free(replica->name);
    replica->name = key;
    HASH_ADD_KEYPTR_INORDER(hh, master->replicas, replica->name,
                            strlen(replica->name), replica, by_name);
}

void master_remove_replica(struct core *core, struct instance *replica)
{
    struct master *master = replica->master;

    assert(replica->kind == KIND_REPLICA);
    if (master->promoted == replica)
        master->promoted = NULL;
    remove_member(core, &master->replicas, replica);
}

void master_remove_replicas(struct core *core, struct master *master)
{
    while (master->replicas != NULL)
        master_remove_replica(core, master->replicas); /* NOLINT: head */
    assert(master->promoted == NULL);
}

struct instance *master_add_sentinel(struct core *core, struct master *master,
                                     const char *id, const struct addr *addr)
{
    struct instance *sentinel;
    struct instance *other;

    assert(strlen(id) == ID_LENGTH);
    assert(master_find_sentinel(master, id) == NULL);
    sentinel = add_member(core, master, &master->sentinels, KIND_SENTINEL, id,
                          addr);
    memcpy(sentinel->runid, id, ID_LENGTH + 1);
    MASTER_EACH (core->masters, other) {
        struct instance *twin = other->master == master
                                    ? NULL
                                    : master_find_sentinel(other->master, id);

        if (twin != NULL) {
            link_share(core, sentinel, twin);
            break;
        }
    }
    return sentinel;
}

struct instance *master_find_sentinel(const struct master *master,
                                      const char *id)
{
    struct instance *sentinel;

    HASH_FIND_STR(master->sentinels, id, sentinel);
    return sentinel;
}

void master_remove_sentinel(struct core *core, struct instance *sentinel)
{
    assert(sentinel->kind == KIND_SENTINEL);
    remove_member(core, &sentinel->master->sentinels, sentinel);
}

void master_remove_sentinels(struct core *core, struct master *master)
{
    while (master->sentinels != NULL)
        master_remove_sentinel(core, master->sentinels); /* NOLINT: head */
}

size_t master_replica_count(const struct master *master)
{
    return HASH_COUNT(master->replicas);
}

size_t master_sentinel_count(const struct master *master)
{
    return HASH_COUNT(master->sentinels);
}

const struct addr *master_current_addr(const struct master *master)
{
    if (master->promoted != NULL && (master->state == FAILOVER_RECONF_SLAVES ||
                                     master->state == FAILOVER_UPDATE_CONFIG))
        return &master->promoted->addr;
    return &master->instance.addr;
}

bool master_looks_sane(const struct core *core, const struct master *master)
{
    const struct instance *instance = &master->instance;

    return instance->reports_master &&
           (instance->flags & (FLAG_SDOWN | FLAG_ODOWN)) == 0 &&
           instance->info_known &&
           since_ms(core->now_ms, instance->info_ms) <
               2 * core->intervals[INFO_PERIOD];
}
