/* What an INFO text means. */
#include "role.h"

#include "core_internal.h"
#include "info.h"
#include "names.h"
#include "notice.h"
#include "persist.h"
#include "replication.h"
#include "text.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* An instance that says it is a master, or follows a wrong one, is put right
 * only when it has said so for so many hello periods: by then news of a newer
 * configuration would have come. */
#define CONVERT_WAIT_PERIODS 4

static void take_runid(struct core *core, struct instance *instance,
                       const char *runid)
{
    if (runid[0] == '\0' || strcmp(runid, instance->runid) == 0)
        return;
    if (instance->runid[0] != '\0') {
        notice_instance(core, NOTICE_REBOOT, instance, "%s", "");
        instance_forget_process(instance);
        if (instance->kind == KIND_MASTER &&
            instance->master->options.reboot_down_after_ms != 0) {
            instance->flags |= FLAG_MASTER_REBOOT;
            instance->reboot_ms = core->now_ms;
        }
    }
    memcpy(instance->runid, runid, ID_LENGTH + 1);
}

static void discover_replicas(struct core *core, struct master *master,
                              const struct info *info)
{
    bool found = false;

    for (size_t i = 0; i < info->replica_count; i++) {
        struct instance *replica;
        struct addr addr;

        if (!names_make_addr(core, &addr, info->replicas[i].host,
                             info->replicas[i].port))
            continue;
        if (!names_showable(core, &addr)) {
            master->nameless = true;
            addr_clear(&addr);
            continue;
        }
        replica = addr_same(&addr, &master->instance.addr)
                      ? NULL
                      : master_add_replica(core, master, &addr);
        addr_clear(&addr);
        if (replica == NULL)
            continue;
        notice_instance(core, NOTICE_SLAVE, replica, "%s", "");
        found = true;
    }
    if (found)
        persist(core);
}

static void take_master_address(struct core *core, struct instance *instance,
                                const struct info *info)
{
    if (info->master_host != NULL &&
        (instance->master_host == NULL ||
         !text_same_word(instance->master_host, info->master_host))) {
        xreplace(&instance->master_host, info->master_host);
        instance->master_change_ms = core->now_ms;
    }
    if (info->has_master_port && info->master_port != instance->master_port) {
        instance->master_port = info->master_port;
        instance->master_change_ms = core->now_ms;
    }
}

static void take_fields(struct core *core, struct instance *instance,
                        const struct info *info)
{
    instance->master_link_down_ms = info->link_down_ms;
    instance->knows_failover = info->has_failover_state;
    instance->failing_over = info->failing_over;
    if (info->is_master)
        return;
    take_master_address(core, instance, info);
    if (info->has_link_status)
        instance->master_link_up = info->link_up;
    if (info->has_priority)
        instance->priority = info->priority;
    if (info->has_offset)
        instance->offset = info->offset;
    if (info->has_announced)
        instance->announced = info->announced;
}

static void take_role(struct core *core, struct instance *instance,
                      bool is_master)
{
    bool expected = is_master == (instance->kind == KIND_MASTER);

    if (is_master == instance->reports_master)
        return;
    instance->reports_master = is_master;
    instance->role_ms = core->now_ms;
    if (!is_master)
        instance->master_change_ms = core->now_ms;
    notice_instance(
        core, expected ? NOTICE_ROLE_CHANGE : NOTICE_NOT_ROLE_CHANGE, instance,
        " new reported role is %s", is_master ? "master" : "slave");
}

/* The answer to a transaction is followed by INFO at once: a server on which
 * it has no effect must not be sent one after the other. */
static bool was_just_sent(const struct core *core,
                          const struct instance *replica)
{
    return replica->replication_pending ||
           (replica->replication_ms != 0 &&
            since_ms(core->now_ms, replica->replication_ms) <
                core->intervals[INFO_PERIOD]);
}

/* A replica that says it is a master: an old master that came back, or one
 * whose promotion was given up. */
static void convert_to_replica(struct core *core, struct instance *replica)
{
    const struct master *master = replica->master;
    uint64_t wait = CONVERT_WAIT_PERIODS * core->intervals[PUBLISH_PERIOD];

    if ((replica->flags & FLAG_PROMOTED) != 0)
        return;
    if (!master_looks_sane(core, master) ||
        !instance_calm(replica, core->now_ms, wait) ||
        since_ms(core->now_ms, replica->role_ms) <= wait ||
        was_just_sent(core, replica))
        return;
    if (replication_set(core, replica, &master->instance.addr))
        notice_instance(core, NOTICE_CONVERT_TO_SLAVE, replica, "%s", "");
}

/* A replica that follows another master than the one we know. */
static void fix_master_address(struct core *core, struct instance *replica)
{
    const struct master *master = replica->master;
    uint64_t wait = (uint64_t)master->options.failover_timeout_ms;

    if (replica->master_host == NULL ||
        names_match(core, &master->instance.addr, replica->master_host,
                    replica->master_port))
        return;
    if (!master_looks_sane(core, master) ||
        !instance_calm(replica, core->now_ms, wait) ||
        since_ms(core->now_ms, replica->master_change_ms) <= wait ||
        was_just_sent(core, replica))
        return;
    if (replication_set(core, replica, &master->instance.addr))
        notice_instance(core, NOTICE_FIX_SLAVE_CONFIG, replica, "%s", "");
}

/* Progress of a replica on its way to the promoted one. */
static void follow_reconf(struct core *core, struct instance *replica)
{
    const struct instance *promoted = replica->master->promoted;

    if ((replica->flags & FLAG_RECONF_SENT) != 0 && promoted != NULL &&
        replica->master_host != NULL &&
        names_match(core, &promoted->addr, replica->master_host,
                    replica->master_port)) {
        replica->flags &= ~(unsigned)FLAG_RECONF_SENT;
        replica->flags |= FLAG_RECONF_INPROG;
        notice_instance(core, NOTICE_SLAVE_RECONF_INPROG, replica, "%s", "");
    }
    if ((replica->flags & FLAG_RECONF_INPROG) != 0 && replica->master_link_up) {
        replica->flags &= ~(unsigned)FLAG_RECONF_INPROG;
        replica->flags |= FLAG_RECONF_DONE;
        notice_instance(core, NOTICE_SLAVE_RECONF_DONE, replica, "%s", "");
    }
}

static void react(struct core *core, struct instance *instance)
{
    if (instance->kind != KIND_REPLICA)
        return;
    if (instance->reports_master) {
        convert_to_replica(core, instance);
        return;
    }
    fix_master_address(core, instance);
    if ((instance->flags & (FLAG_RECONF_SENT | FLAG_RECONF_INPROG)) != 0)
        follow_reconf(core, instance);
}

static void take_info(struct core *core, struct instance *instance,
                      const struct info *info, const char *text,
                      uint64_t asked_ms)
{
    xreplace(&instance->info_text, text);
    instance->info_known = true;
    instance->info_ms = core->now_ms;
    instance->info_answered_ms = asked_ms;
    take_runid(core, instance, info->runid);
    if (instance->kind == KIND_MASTER)
        discover_replicas(core, instance->master, info);
    take_fields(core, instance, info);
    take_role(core, instance, info->is_master);
    if (!core->tilt)
        react(core, instance);
    if (instance->kind != KIND_MASTER)
        instance_touch(core, &instance->master->instance);
}

void role_take_info(struct core *core, struct instance *instance,
                    const char *text, uint64_t asked_ms)
{
    struct info info;

    assert(instance->kind != KIND_SENTINEL);
    info_parse(&info, text);
    if (info.malformed && (instance->told & TOLD_INFO) == 0) {
        instance->told |= TOLD_INFO;
        emit_logf(
            &core->out, LEVEL_WARNING, "INFO of %s (%s:%d) is malformed%s",
            instance->name, instance->addr.host, instance->addr.port,
            info.has_role ? " in parts, which are ignored" : " and ignored");
    }
    if (info.has_role)
        take_info(core, instance, &info, text, asked_ms);
    info_clear(&info);
}
