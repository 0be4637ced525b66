/* Objectively down: the others are asked, and enough of them agree. */
#include "odown.h"

#include "core_internal.h"
#include "notice.h"
#include "persist.h"
#include "send.h"
#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* An answer counts for so many ask periods. */
#define ANSWER_PERIODS 5

/* While the answer is no, the pause between questions grows from this to the
 * ask period: two sentinels rarely see a failure at the same moment. */
#define ASK_PAUSE_MIN_MS 50

/* Not more often than this, whatever the peers ask. */
#define HINT_PAUSE_MS 10

static uint64_t answer_end_ms(const struct core *core,
                              const struct instance *sentinel)
{
    return sentinel->answer_ms + ANSWER_PERIODS * core->intervals[ASK_PERIOD] +
           1;
}

/* An answer that has grown old does not count, whether or not its sentinel has
 * had its turn since: after a pause of the process the master may come first.
 */
static bool agrees(const struct core *core, const struct instance *sentinel)
{
    return (sentinel->flags & FLAG_MASTER_DOWN) != 0 &&
           core->now_ms < answer_end_ms(core, sentinel);
}

void odown_run(struct core *core, struct master *master)
{
    struct instance *instance = &master->instance;
    bool was_down = (instance->flags & FLAG_ODOWN) != 0;
    bool down = false;
    size_t count = 1;
    struct instance *member;

    if ((instance->flags & FLAG_SDOWN) != 0) {
        MASTER_EACH (master->sentinels, member)
            if (agrees(core, member))
                count++;
        down = count >= (uint64_t)master->options.quorum;
    }
    if (down == was_down)
        return;
    if (down) {
        notice_instance(core, NOTICE_ODOWN, instance, " #quorum %zu/%lld",
                        count, (long long)master->options.quorum);
        instance->flags |= FLAG_ODOWN;
        instance->odown_ms = core->now_ms;
        instance->ever_odown = true;
        /* Their offsets will be wanted soon. */
        MASTER_EACH (master->replicas, member)
            instance_touch(core, member);
    } else {
        notice_instance(core, NOTICE_NOT_ODOWN, instance, "%s", "");
        instance->flags &= ~(unsigned)FLAG_ODOWN;
    }
}

static bool wants_vote(const struct instance *sentinel)
{
    const struct master *master = sentinel->master;

    return master->state != FAILOVER_NONE;
}

static void ask(struct core *core, struct instance *sentinel)
{
    const struct master *master = sentinel->master;
    const struct instance *target = &master->instance;
    const char *ip = instance_ip(core, target);
    char port[8];
    char epoch[24];
    const char *words[] = {
        "SENTINEL", "is-master-down-by-addr", ip, port, epoch, "*"};

    sentinel->asked_epoch = 0;
    if (wants_vote(sentinel)) {
        words[5] = core->id;
        sentinel->asked_epoch = master->failover_epoch;
    }
    snprintf(port, sizeof(port), "%d", target->addr.port);
    snprintf(epoch, sizeof(epoch), "%llu",
             (unsigned long long)(sentinel->asked_epoch != 0
                                      ? sentinel->asked_epoch
                                      : core->current_epoch));
    sentinel->ask_pending = true;
    sentinel->ask_hinted = false;
    sentinel->ask_serial++;
    sentinel->asked_ms = core->now_ms;
    send_words(core, sentinel, &sentinel->link->command, WAIT_DISK, COMMAND_ASK,
               sentinel->ask_serial, words, 6);
}

static uint64_t expire_answer(struct core *core, struct instance *sentinel)
{
    uint64_t at = answer_end_ms(core, sentinel);

    if ((sentinel->flags & FLAG_MASTER_DOWN) == 0 &&
        sentinel->leader[0] == '\0')
        return HEAP_NEVER;
    if (core->now_ms < at)
        return at;
    sentinel->flags &= ~(unsigned)FLAG_MASTER_DOWN;
    sentinel->leader[0] = '\0';
    instance_touch(core, &sentinel->master->instance);
    return HEAP_NEVER;
}

/* When the next question is due; HEAP_NEVER when an event will tell. */
static uint64_t ask_due(const struct core *core,
                        const struct instance *sentinel)
{
    const struct master *master = sentinel->master;

    if ((master->instance.flags & FLAG_SDOWN) == 0 &&
        !(master->coordinated && master->state == FAILOVER_WAIT_START))
        return HEAP_NEVER;
    if (!link_is_up(sentinel->link) || !persist_is_trusted(core))
        return HEAP_NEVER;
    if (instance_ip(core, &master->instance)[0] == '\0')
        return HEAP_NEVER;
    if (wants_vote(sentinel) && sentinel->asked_epoch != master->failover_epoch)
        return core->now_ms;
    if (sentinel->ask_pending)
        return HEAP_NEVER;
    return sentinel->asked_ms + sentinel->ask_pause_ms;
}

uint64_t odown_run_ask(struct core *core, struct instance *sentinel)
{
    uint64_t next = expire_answer(core, sentinel);
    uint64_t due = ask_due(core, sentinel);

    assert(sentinel->kind == KIND_SENTINEL);
    if (core->now_ms >= due)
        ask(core, sentinel);
    else if (due < next)
        next = due;
    return next;
}

void odown_ask_all(struct core *core, struct master *master)
{
    struct instance *sentinel;

    MASTER_EACH (master->sentinels, sentinel) {
        sentinel->ask_pause_ms = 0;
        instance_touch(core, sentinel);
    }
}

void odown_hint(struct core *core, struct master *master)
{
    struct instance *sentinel;

    if ((master->instance.flags & (FLAG_SDOWN | FLAG_ODOWN)) != FLAG_SDOWN)
        return;
    MASTER_EACH (master->sentinels, sentinel) {
        if ((sentinel->flags & FLAG_MASTER_DOWN) != 0)
            continue;
        sentinel->ask_hinted = true;
        sentinel->ask_pause_ms = HINT_PAUSE_MS;
        instance_touch(core, sentinel);
    }
}

static void take_vote(struct core *core, struct instance *sentinel,
                      const char *leader, uint64_t epoch)
{
    if (strlen(leader) != ID_LENGTH)
        return;
    if (epoch != sentinel->leader_epoch)
        emit_logf(&core->out, LEVEL_WARNING, "%s voted for %s %llu",
                  sentinel->name, leader, (unsigned long long)epoch);
    memcpy(sentinel->leader, leader, ID_LENGTH + 1);
    sentinel->leader_epoch = epoch;
}

static bool has_shape(const struct reply *reply)
{
    return reply->type == REPLY_ARRAY && reply->count == 3 &&
           reply->elements[0].type == REPLY_INTEGER &&
           reply->elements[1].type == REPLY_STRING &&
           reply->elements[2].type == REPLY_INTEGER;
}

static void grow_pause(const struct core *core, struct instance *sentinel)
{
    uint64_t pause = sentinel->ask_pause_ms * 2;

    if (pause < ASK_PAUSE_MIN_MS)
        pause = ASK_PAUSE_MIN_MS;
    /* Once it agrees there is no hurry. */
    if (pause > core->intervals[ASK_PERIOD] ||
        (sentinel->flags & FLAG_MASTER_DOWN) != 0)
        pause = core->intervals[ASK_PERIOD];
    if (sentinel->ask_hinted && (sentinel->flags & FLAG_MASTER_DOWN) == 0)
        pause = HINT_PAUSE_MS;
    sentinel->ask_pause_ms = pause;
}

/* The answer to an older question is still newer than what was heard before. A
 * no counts; a yes may be about another address. */
static void take_late_no(struct core *core, struct instance *sentinel,
                         const struct reply *reply)
{
    if (!has_shape(reply) || reply->elements[0].integer != 0)
        return;
    sentinel->flags &= ~(unsigned)FLAG_MASTER_DOWN;
    instance_touch(core, &sentinel->master->instance);
}

void odown_take_answer(struct core *core, struct instance *sentinel,
                       uint64_t serial, const struct reply *reply)
{
    const char *leader;
    uint64_t epoch;

    if (serial != sentinel->ask_serial) {
        take_late_no(core, sentinel, reply);
        return;
    }
    sentinel->ask_pending = false;
    instance_touch(core, sentinel);
    if (!has_shape(reply)) {
        sentinel->ask_pause_ms = core->intervals[ASK_PERIOD];
        return;
    }
    sentinel->answer_ms = core->now_ms;
    if (reply->elements[0].integer == 1)
        sentinel->flags |= FLAG_MASTER_DOWN;
    else
        sentinel->flags &= ~(unsigned)FLAG_MASTER_DOWN;
    leader = reply->elements[1].text;
    epoch = (uint64_t)reply->elements[2].integer;
    if (strcmp(leader, "*") != 0)
        take_vote(core, sentinel, leader, epoch);
    if (sentinel->asked_epoch != 0 &&
        (strcmp(leader, "*") == 0 || epoch != sentinel->asked_epoch))
        sentinel->refused_epoch = sentinel->asked_epoch;
    grow_pause(core, sentinel);
    instance_touch(core, &sentinel->master->instance);
}
