/* What is on disk: asks for writes and knows which have ended. */
#include "persist.h"

#include "core_internal.h"

#include <assert.h>

#define PERSIST_RETRY_MS 1000
#define STUCK_MS 3000

uint64_t persist(struct core *core)
{
    if (core->persist_asked == core->persist_done)
        core->persist_asked_ms = core->now_ms;
    core->persist_asked++;
    emit_persist(&core->out, core->persist_asked);
    return core->persist_asked;
}

bool persist_is_done(const struct core *core, uint64_t serial)
{
    return serial <= core->persist_done;
}

bool persist_is_trusted(const struct core *core)
{
    return !core->disk_failed;
}

bool persist_is_stuck(const struct core *core)
{
    return core->persist_asked != core->persist_done &&
           since_ms(core->now_ms, core->persist_asked_ms) > STUCK_MS;
}

static void touch_all(struct core *core)
{
    struct instance *instance;
    struct instance *next;

    HASH_ITER (by_id, core->instances, instance, next)
        instance_touch(core, instance);
}

/* What was emitted with WAIT_DISK behind a failed write was dropped by the
 * driver: no reply will come for it. */
static void forget_dropped(struct core *core)
{
    struct instance *instance;
    struct instance *next;

    HASH_ITER (by_id, core->instances, instance, next) {
        instance->hello_pending = false;
        instance->ask_pending = false;
        instance->replication_pending = false;
        instance->link->pending = 0;
    }
    touch_all(core);
}

void persist_result(struct core *core, uint64_t serial, bool ok)
{
    assert(serial <= core->persist_asked);
    if (ok) {
        bool waited = core->disk_failed || persist_is_stuck(core);

        if (serial > core->persist_done)
            core->persist_done = serial;
        core->write_ms = since_ms(core->now_ms, core->persist_asked_ms);
        core->persist_asked_ms = core->now_ms;
        /* Hello messages, questions and failovers have waited for this. */
        core->disk_failed = false;
        if (waited)
            touch_all(core);
        return;
    }
    core->disk_failed = true;
    core->persist_retry_ms = core->now_ms + PERSIST_RETRY_MS;
    forget_dropped(core);
}

uint64_t persist_run(struct core *core)
{
    if (!core->disk_failed)
        return HEAP_NEVER;
    if (core->now_ms >= core->persist_retry_ms) {
        core->persist_retry_ms = core->now_ms + PERSIST_RETRY_MS;
        persist(core);
    }
    return core->persist_retry_ms;
}
