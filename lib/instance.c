/* What master, replica and sentinel share. */
#include "instance.h"

#include "core_internal.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PRIORITY 100

uint64_t since_ms(uint64_t now_ms, uint64_t then_ms)
{
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

static unsigned kind_flag(enum instance_kind kind)
{
    switch (kind) {
    case KIND_MASTER:
        return FLAG_MASTER;
    case KIND_REPLICA:
        return FLAG_REPLICA;
    default:
        return FLAG_SENTINEL;
    }
}

void instance_forget_process(struct instance *instance)
{
    instance->priority = DEFAULT_PRIORITY;
    instance->offset = 0;
    instance->announced = true;
    instance->knows_failover = false;
    instance->failing_over = false;
}

void instance_forget_info(struct instance *instance, uint64_t now_ms)
{
    free(instance->info_text);
    instance->info_text = NULL;
    free(instance->master_host);
    instance->master_host = NULL;
    instance->master_port = 0;
    instance->runid[0] = '\0';
    instance->info_known = false;
    instance->info_pending = false;
    instance->info_answered_ms = 0;
    instance->reports_master = instance->kind == KIND_MASTER;
    instance->role_ms = now_ms;
    instance->master_change_ms = now_ms;
    instance->master_link_up = false;
    instance->master_link_down_ms = 0;
    instance_forget_process(instance);
}

void instance_init(struct core *core, struct instance *instance,
                   enum instance_kind kind, struct master *master,
                   const char *name, const struct addr *addr)
{
    assert(name != NULL && master != NULL);
    instance->id = ++core->last_instance;
    instance->kind = kind;
    instance->master = master;
    instance->name = xstrdup(name);
    addr_copy(&instance->addr, addr);
    instance->flags = kind_flag(kind);
    heap_node_init(&instance->deadline, OWNER_INSTANCE);
    instance_forget_info(instance, core->now_ms);
    instance->hello_sent_ms = core->now_ms;
    instance->hello_seen_ms = core->now_ms;
    instance->answer_ms = core->now_ms;
    HASH_ADD(by_id, core->instances, id, sizeof(instance->id), instance);
    link_attach_new(core, instance);
    instance_touch(core, instance);
}

static void untouch(struct core *core, struct instance *instance)
{
    struct instance **slot = &core->touched;
    struct instance *last = NULL;

    if (!instance->touched)
        return;
    while (*slot != instance) {
        last = *slot;
        slot = &(*slot)->next_touched;
    }
    *slot = instance->next_touched;
    if (core->touched_last == instance)
        core->touched_last = last;
}

void instance_clear(struct core *core, struct instance *instance)
{
    untouch(core, instance);
    heap_set(&core->deadlines, &instance->deadline, HEAP_NEVER);
    HASH_DELETE(by_id, core->instances, instance);
    link_detach(core, instance);
    addr_clear(&instance->addr);
    addr_clear(&instance->replication_target);
    addr_clear(&instance->named);
    free(instance->name);
    free(instance->info_text);
    free(instance->master_host);
}

struct instance *instance_find(struct core *core, uint64_t id)
{
    struct instance *instance;

    HASH_FIND(by_id, core->instances, &id, sizeof(id), instance);
    return instance;
}

void instance_touch(struct core *core, struct instance *instance)
{
    if (instance->touched)
        return;
    instance->touched = true;
    instance->next_touched = NULL;
    if (core->touched == NULL)
        core->touched = instance;
    else
        core->touched_last->next_touched = instance;
    core->touched_last = instance;
}

const char *instance_ip(const struct core *core,
                        const struct instance *instance)
{
    return addr_shown(&instance->addr, core->global.announce_hostnames);
}

bool instance_calm(const struct instance *instance, uint64_t now_ms,
                   uint64_t window_ms)
{
    if (instance->ever_sdown &&
        since_ms(now_ms, instance->sdown_ms) <= window_ms)
        return false;
    if (instance->ever_odown &&
        since_ms(now_ms, instance->odown_ms) <= window_ms)
        return false;
    return true;
}
