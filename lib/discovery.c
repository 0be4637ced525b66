/* What hello messages bring. */
#include "discovery.h"

#include "core_internal.h"
#include "failover.h"
#include "hello.h"
#include "monitor.h"
#include "names.h"
#include "notice.h"
#include "persist.h"
#include "switch.h"
#include "text.h"
#include "tiebreak.h"

#include <assert.h>
#include <string.h>

/* Sentinels known for one master; hellos of more are ignored. */
#define MAX_SENTINELS 1024

static struct instance *find_by_addr(const struct master *master,
                                     const struct addr *addr)
{
    struct instance *sentinel;

    MASTER_EACH (master->sentinels, sentinel)
        if (addr_same(&sentinel->addr, addr))
            return sentinel;
    return NULL;
}

/* A new id at a known address: whoever had the old id is gone. */
static void forget_id_everywhere(struct core *core, struct instance *old)
{
    char id[ID_LENGTH + 1];
    struct instance *master;

    memcpy(id, old->runid, sizeof(id));
    notice_instance(core, NOTICE_SENTINEL_INVALID_ADDR, old, "%s", "");
    MASTER_EACH (core->masters, master) {
        struct instance *sentinel = master_find_sentinel(master->master, id);

        if (sentinel != NULL)
            master_remove_sentinel(core, sentinel);
    }
}

/* The other masters that know this sentinel learn its new address. */
static void correct_elsewhere(struct core *core, struct instance *sentinel)
{
    struct instance *other;
    size_t corrected = 0;

    MASTER_EACH (core->masters, other) {
        struct instance *twin = other->master == sentinel->master
                                    ? NULL
                                    : master_find_sentinel(other->master,
                                                           sentinel->runid);

        if (twin == NULL)
            continue;
        addr_clear(&twin->addr);
        addr_copy(&twin->addr, &sentinel->addr);
        corrected++;
    }
    link_close(core, sentinel->link, "it has a new address");
    link_reset_clocks(core, sentinel->link);
    if (corrected > 0)
        notice_instance(core, NOTICE_SENTINEL_ADDRESS_UPDATE, sentinel,
                        " %zu additional matching instances", corrected);
}

static struct instance *add_sentinel(struct core *core, struct master *master,
                                     const char *id, const struct addr *addr)
{
    struct instance *old = master_find_sentinel(master, id);
    struct instance *sentinel;
    bool moved = old != NULL;

    if (moved) {
        notice_instance(core, NOTICE_SENTINEL_ADDRESS_SWITCH, &master->instance,
                        " ip %s port %d for %s",
                        addr_shown(addr, core->global.announce_hostnames),
                        addr->port, id);
        master_remove_sentinel(core, old);
    } else if ((old = find_by_addr(master, addr)) != NULL) {
        forget_id_everywhere(core, old);
    }
    if (master_sentinel_count(master) >= MAX_SENTINELS)
        return NULL;
    sentinel = master_add_sentinel(core, master, id, addr);
    if (moved)
        correct_elsewhere(core, sentinel);
    else
        notice_instance(core, NOTICE_SENTINEL, sentinel, "%s", "");
    persist(core);
    return sentinel;
}

/* The sentinel that speaks, found or added; NULL when its address is not
 * acceptable. */
static struct instance *get_sentinel(struct core *core, struct master *master,
                                     const struct hello *hello)
{
    struct instance *sentinel = master_find_sentinel(master, hello->id);
    struct addr addr;

    if (!names_make_addr(core, &addr, hello->ip, hello->port))
        return NULL;
    if ((sentinel == NULL || !addr_same(&sentinel->addr, &addr)) &&
        names_showable(core, &addr))
        sentinel = add_sentinel(core, master, hello->id, &addr);
    addr_clear(&addr);
    return sentinel;
}

static void take_epoch(struct core *core, struct master *master, uint64_t epoch)
{
    if (epoch <= core->current_epoch)
        return;
    core->current_epoch = epoch;
    persist(core);
    notice_text(core, NOTICE_NEW_EPOCH, &master->instance, "%llu",
                (unsigned long long)epoch);
}

static void take_config(struct core *core, struct instance *sentinel,
                        const struct hello *hello)
{
    struct master *master = sentinel->master;
    struct addr addr;

    if (hello->config_epoch < master->config_epoch ||
        (master->promotion_serial != 0 &&
         hello->config_epoch <= master->failover_epoch))
        return;
    if (!names_make_addr(core, &addr, hello->master_ip, hello->master_port))
        return;
    if (!names_showable(core, &addr)) {
        addr_clear(&addr);
        return;
    }
    if (hello->config_epoch == master->config_epoch) {
        tiebreak_take(core, sentinel, &addr);
        addr_clear(&addr);
        return;
    }
    if (names_match(core, &master->instance.addr, hello->master_ip,
                    hello->master_port)) {
        master->config_epoch = hello->config_epoch;
        failover_drop(core, master);
        persist(core);
    } else {
        switch_from_peer(core, sentinel, &addr, hello->config_epoch);
    }
    addr_clear(&addr);
}

/* The epoch of a configuration has been reached by who tells of it, whatever
 * else is said: a failover of ours must come behind it. */
static uint64_t told_epoch(const struct hello *hello)
{
    return hello->config_epoch > hello->current_epoch ? hello->config_epoch
                                                      : hello->current_epoch;
}

static void take(struct core *core, const struct hello *hello)
{
    struct master *master = master_find(core, hello->master_name);
    struct instance *sentinel;

    if (master == NULL)
        return;
    sentinel = get_sentinel(core, master, hello);
    take_epoch(core, master, told_epoch(hello));
    if (sentinel == NULL)
        return;
    sentinel->hello_seen_ms = core->now_ms;
    take_config(core, sentinel, hello);
}

static void tell_malformed(struct core *core, struct instance *from,
                           const struct hello *hello, const char *problem)
{
    if (from != NULL && (from->told & TOLD_HELLO) != 0)
        return;
    if (from != NULL)
        from->told |= TOLD_HELLO;
    emit_logf(&core->out, LEVEL_WARNING,
              "Malformed hello message%s%s ignored: %s (claims to come from "
              "%s:%d)",
              from != NULL ? " seen at " : "", from != NULL ? from->name : "",
              problem, hello->ip, hello->port);
}

void discovery_take_hello(struct core *core, struct instance *from,
                          const char *text)
{
    char buffer[HELLO_MAX_LENGTH + 1];
    struct hello hello = {.ip = ""};
    const char *problem = NULL;

    switch (hello_decode(&hello, text, buffer, &problem)) {
    case HELLO_OK:
        /* Our own, come back by the channel or by a clone of our file. */
        if (strcmp(hello.id, core->id) != 0)
            take(core, &hello);
        break;
    case HELLO_MALFORMED:
        tell_malformed(core, from, &hello, problem);
        break;
    case HELLO_FOREIGN:
        break;
    }
}

static bool is_our_address(const struct core *core, const struct link *link,
                           const struct hello *hello)
{
    struct instance *instance;
    struct instance *next;

    if (hello->port != monitor_own_port(core))
        return false;
    if (strcmp(hello->ip, monitor_own_ip(core, link)) == 0)
        return true;
    /* A host with several addresses shows each of them somewhere. */
    HASH_ITER (by_id, core->instances, instance, next)
        if (strcmp(hello->ip, monitor_own_ip(core, instance->link)) == 0)
            return true;
    return false;
}

void discovery_take_own(struct core *core, const struct link *link,
                        const char *text)
{
    char buffer[HELLO_MAX_LENGTH + 1];
    struct hello hello;
    const char *problem;

    if (core->told_clone ||
        hello_decode(&hello, text, buffer, &problem) != HELLO_OK ||
        strcmp(hello.id, core->id) != 0 || is_our_address(core, link, &hello))
        return;
    core->told_clone = true;
    emit_logf(&core->out, LEVEL_WARNING,
              "The sentinel at %s:%d uses our id %s, and both will be taken "
              "for one: was its configuration file copied? Remove the line "
              "'sentinel myid' there",
              hello.ip, hello.port, core->id);
}
