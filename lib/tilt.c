/* Distrust after a gap between steps. */
#include "tilt.h"

#include "core_internal.h"
#include "notice.h"

void tilt_check(struct core *core, uint64_t gap_ms)
{
    if (gap_ms <= core->intervals[TILT_TRIGGER])
        return;
    core->tilt = true;
    core->tilt_ms = core->now_ms;
    core->tilt_count++;
    notice_text(core, NOTICE_TILT, NULL, "#tilt mode entered");
}

static void resume(struct core *core)
{
    struct instance *instance;
    struct instance *next;

    HASH_ITER (by_id, core->instances, instance, next)
        instance_touch(core, instance);
}

uint64_t tilt_run(struct core *core)
{
    uint64_t end = core->tilt_ms + core->intervals[TILT_PERIOD];

    if (!core->tilt)
        return HEAP_NEVER;
    if (core->now_ms < end)
        return end;
    core->tilt = false;
    notice_text(core, NOTICE_NOT_TILT, NULL, "#tilt mode exited");
    resume(core);
    return HEAP_NEVER;
}

uint64_t tilt_heartbeat_ms(const struct core *core)
{
    uint64_t half = core->intervals[TILT_TRIGGER] / 2;

    return half > 0 ? half : 1;
}
