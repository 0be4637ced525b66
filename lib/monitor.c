/* What to send when: INFO and hello messages of one instance. */
#include "monitor.h"

#include "core_internal.h"
#include "hello.h"
#include "persist.h"
#include "send.h"

#include <assert.h>
#include <string.h>

#define MIN_INFO_PERIOD_MS 20

static bool wants_fast_info(const struct instance *instance)
{
    const struct instance *master = &instance->master->instance;

    /* One that says it is a master will be put right when it has said so for
     * long enough: no INFO period is to be added to that wait. */
    return instance->kind == KIND_REPLICA &&
           ((master->flags & (FLAG_ODOWN | FLAG_FAILOVER)) != 0 ||
            instance->master_link_down_ms != 0 || instance->reports_master);
}

/* While its replication changes a server is asked soon and then ever more
 * seldom: a quick change is seen at once, and a slow one costs little. */
static uint64_t changing_period_ms(const struct core *core,
                                   const struct instance *instance)
{
    uint64_t period = since_ms(core->now_ms, instance->replication_ms) / 2;

    if (period < MIN_INFO_PERIOD_MS)
        return MIN_INFO_PERIOD_MS;
    return period < FAST_INFO_PERIOD_MS ? period : FAST_INFO_PERIOD_MS;
}

static bool is_changing(const struct instance *instance)
{
    if ((instance->flags & FLAG_RECONF_DONE) != 0)
        return false;
    if ((instance->flags & (FLAG_RECONF_SENT | FLAG_RECONF_INPROG)) != 0)
        return true;
    return (instance->flags & FLAG_PROMOTED) != 0 &&
           instance->master->state == FAILOVER_WAIT_PROMOTION;
}

static uint64_t info_period_ms(const struct core *core,
                               const struct instance *instance)
{
    uint64_t period = core->intervals[INFO_PERIOD];
    uint64_t fast = is_changing(instance) ? changing_period_ms(core, instance)
                                          : FAST_INFO_PERIOD_MS;

    return wants_fast_info(instance) && fast < period ? fast : period;
}

void monitor_ask_info(struct core *core, struct instance *instance)
{
    const char *words[] = {"INFO"};

    assert(instance->kind != KIND_SENTINEL);
    if (!send_allowed(instance->link))
        return;
    instance->info_pending = true;
    instance->info_asked_ms = core->now_ms;
    send_words(core, instance, &instance->link->command, WAIT_NOTHING,
               COMMAND_INFO, core->now_ms, words, 1);
}

/* Only INFO shows that a master was restarted, and while it loads is the time
 * to act: its replicas have kept what it may have lost. */
static bool may_be_rebooted(const struct instance *instance)
{
    const struct channel *command = &instance->link->command;

    return instance->kind == KIND_MASTER && command->up &&
           instance->master->options.reboot_down_after_ms != 0 &&
           instance->info_asked_ms < command->opened_ms;
}

/* One INFO at a time: a server that was paused gets no burst of them. */
static uint64_t run_info(struct core *core, struct instance *instance)
{
    uint64_t period = info_period_ms(core, instance);
    uint64_t due;

    if (instance->link->command.conn == 0 || instance->info_pending)
        return HEAP_NEVER;
    due = instance->info_known ? instance->info_ms + period : core->now_ms;
    /* An error instead of a text does not count as INFO known, but must not
     * be asked for again at once. */
    if (instance->info_asked_ms != 0 && !instance->info_known &&
        due < instance->info_asked_ms + FAST_INFO_PERIOD_MS)
        due = instance->info_asked_ms + FAST_INFO_PERIOD_MS;
    if (core->now_ms < due && !may_be_rebooted(instance))
        return due;
    monitor_ask_info(core, instance);
    return HEAP_NEVER;
}

const char *monitor_own_ip(const struct core *core, const struct link *link)
{
    if (core->global.announce_ip != NULL)
        return core->global.announce_ip;
    return link->local_ip;
}

int monitor_own_port(const struct core *core)
{
    return core->global.announce_port != 0 ? core->global.announce_port
                                           : core->global.listen_port;
}

static void send_hello(struct core *core, struct instance *instance)
{
    const struct master *master = instance->master;
    const struct addr *addr = master_current_addr(master);
    struct hello hello = {
        .ip = monitor_own_ip(core, instance->link),
        .port = monitor_own_port(core),
        .id = core->id,
        .current_epoch = core->current_epoch,
        .master_name = master->instance.name,
        .master_ip = addr_shown(addr, core->global.announce_hostnames),
        .master_port = addr->port,
        .config_epoch = master->config_epoch,
    };
    struct text text;
    const char *words[] = {"PUBLISH", HELLO_CHANNEL, NULL};

    text_init(&text);
    hello_encode(&hello, &text);
    if (text.length <= HELLO_MAX_LENGTH) {
        words[2] = text.data;
        instance->hello_pending = true;
        send_words(core, instance, &instance->link->command, WAIT_DISK,
                   COMMAND_HELLO, 0, words, 3);
    }
    text_clear(&text);
}

/* PUBLISH counts as a write: a server that has paused writes would answer it,
 * and every PING behind it, only after the pause. */
static bool has_paused_writes(const struct instance *instance)
{
    const struct master *master = instance->master;

    return instance->failing_over ||
           (instance->kind == KIND_MASTER && master->coordinated &&
            master->state > FAILOVER_SELECT_SLAVE &&
            master->state < FAILOVER_RECONF_SLAVES);
}

/* Without an address of the master, a name not found yet or port 0, nobody can
 * read it. */
static bool has_hello(const struct core *core, const struct instance *instance)
{
    const struct addr *addr = master_current_addr(instance->master);

    return addr->port != 0 &&
           addr_shown(addr, core->global.announce_hostnames)[0] != '\0';
}

static uint64_t run_hello(struct core *core, struct instance *instance)
{
    uint64_t due = instance->hello_sent_ms + core->intervals[PUBLISH_PERIOD];

    /* Only over an established connection is our own address known. An epoch
     * that could not be written must not be told. */
    if (!link_is_up(instance->link) || !persist_is_trusted(core))
        return HEAP_NEVER;
    if (has_paused_writes(instance))
        return core->now_ms + core->intervals[PUBLISH_PERIOD];
    if (!instance->hello_due && (instance->hello_pending || core->now_ms < due))
        return instance->hello_pending ? HEAP_NEVER : due;
    if (!send_allowed(instance->link) || !has_hello(core, instance))
        return core->now_ms + core->intervals[PUBLISH_PERIOD];
    instance->hello_due = false;
    instance->hello_sent_ms = core->now_ms;
    send_hello(core, instance);
    return HEAP_NEVER;
}

uint64_t monitor_run(struct core *core, struct instance *instance)
{
    uint64_t next = HEAP_NEVER;
    uint64_t hello;

    if (instance->kind != KIND_SENTINEL)
        next = run_info(core, instance);
    hello = run_hello(core, instance);
    return heap_earlier(hello, next);
}

static void force(struct core *core, struct instance *instance)
{
    instance->hello_due = true;
    instance_touch(core, instance);
}

void monitor_force_hello(struct core *core, struct master *master)
{
    struct instance *member;

    force(core, &master->instance);
    MASTER_EACH (master->replicas, member)
        force(core, member);
    MASTER_EACH (master->sentinels, member)
        force(core, member);
}
