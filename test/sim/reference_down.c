/* A reference seat: who is down in its own eyes, and in those of enough. */
#include "reference_internal.h"

#include <stdio.h>

int64_t reference_down_after_ms(const struct reference *reference)
{
    return reference->world->options.down_after_ms;
}

static int64_t silent_ms(const struct reference_instance *instance)
{
    int64_t now_ms = reference_now_ms(instance->master->reference);

    if (instance->act_ping_ms != 0)
        return now_ms - instance->act_ping_ms;
    if (reference_is_disconnected(instance))
        return now_ms - instance->last_avail_ms;
    return 0;
}

static bool is_down(const struct reference_instance *instance)
{
    const struct reference *reference = instance->master->reference;
    int64_t limit_ms = reference_down_after_ms(reference);

    if (silent_ms(instance) > limit_ms)
        return true;
    return (instance->flags & FLAG_MASTER) != 0 &&
           instance->role == FLAG_REPLICA &&
           reference_now_ms(reference) - instance->role_ms >
               limit_ms + 2 * REFERENCE_INFO_PERIOD_MS;
}

void reference_check_sdown(struct reference_instance *instance)
{
    struct reference *reference = instance->master->reference;
    bool was_down = (instance->flags & FLAG_SDOWN) != 0;

    if (is_down(instance) == was_down)
        return;
    if (was_down) {
        instance->flags &= ~(unsigned)(FLAG_SDOWN | FLAG_SCRIPT_KILL_SENT);
        reference_notice(reference, "-sdown", instance, "");
    } else {
        instance->flags |= FLAG_SDOWN;
        instance->s_down_ms = reference_now_ms(reference);
        reference_notice(reference, "+sdown", instance, "");
    }
}

static int count_down(const struct reference_master *master)
{
    int count = 1;

    if ((master->self.flags & FLAG_SDOWN) == 0)
        return 0;
    for (const struct reference_instance *i = master->sentinels; i != NULL;
         i = i->next)
        if ((i->flags & FLAG_MASTER_DOWN) != 0)
            count++;
    return count;
}

void reference_check_odown(struct reference_master *master)
{
    struct reference_instance *self = &master->self;
    int quorum = master->reference->world->options.quorum;
    int count = count_down(master);
    bool was_down = (self->flags & FLAG_ODOWN) != 0;
    char text[40];

    if (count >= quorum && !was_down) {
        self->flags |= FLAG_ODOWN;
        self->o_down_ms = reference_now_ms(master->reference);
        snprintf(text, sizeof(text), "#quorum %d/%d", count, quorum);
        reference_notice(master->reference, "+odown", self, text);
    } else if (count < quorum && was_down) {
        self->flags &= ~(unsigned)FLAG_ODOWN;
        reference_notice(master->reference, "-odown", self, "");
    }
}
