/* What host names resolve to, as far as is known. */
#include "names.h"

#include "core_internal.h"
#include "monitor.h"
#include "persist.h"
#include "text.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Names known or asked for at a time: anybody can send hello messages that
 * come from ever new ones. */
#define MAX_NAMES 4096

struct name_entry {
    UT_hash_handle hh;
    bool asked;            /* an answer is outstanding */
    char ip[ADDR_IP_SIZE]; /* "": not known */
    char host[];
};

static struct name_entry *find(const struct core *core, const char *host)
{
    struct name_entry *entry;

    assert(host != NULL);
    HASH_FIND_STR(core->names, host, entry);
    return entry;
}

const char *names_lookup(const struct core *core, const char *host)
{
    struct name_entry *entry;

    if (addr_is_numeric(host))
        return host;
    entry = find(core, host);
    return entry != NULL && entry->ip[0] != '\0' ? entry->ip : NULL;
}

/* NULL when there are too many. */
static struct name_entry *get(struct core *core, const char *host)
{
    struct name_entry *entry = find(core, host);

    if (entry == NULL && HASH_COUNT(core->names) < MAX_NAMES) {
        entry = xcalloc(1, sizeof(*entry) + strlen(host) + 1);
        memcpy(entry->host, host, strlen(host) + 1);
        HASH_ADD_KEYPTR(hh, core->names, entry->host, strlen(host), entry);
    }
    return entry;
}

void names_ask(struct core *core, const char *host)
{
    struct name_entry *entry = get(core, host);

    assert(!addr_is_numeric(host));
    if (entry == NULL || entry->asked)
        return;
    entry->asked = true;
    emit_resolve(&core->out, host, entry->ip);
}

bool names_awaited(const struct core *core, const char *host)
{
    const struct name_entry *entry = find(core, host);

    return entry != NULL && entry->asked && entry->ip[0] == '\0';
}

/* Whether the address in use should be left for another of the same name. */
static bool has_failed(const struct core *core, const char *host)
{
    const struct instance *instance;
    const struct instance *next;

    HASH_ITER (by_id, core->instances, instance, next)
        if (strcmp(instance->addr.host, host) == 0 &&
            (instance->flags & FLAG_SDOWN) != 0)
            return true;
    return false;
}

static void take_over(struct core *core, struct instance *instance,
                      const char *ip)
{
    bool moved = instance->addr.ip[0] != '\0';

    if (strcmp(instance->addr.ip, ip) == 0)
        return;
    if (moved)
        emit_logf(&core->out, LEVEL_NOTICE,
                  "Host name '%s' resolves to %s now, not to %s",
                  instance->addr.host, ip, instance->addr.ip);
    memcpy(instance->addr.ip, ip, strlen(ip) + 1);
    if (instance->kind == KIND_REPLICA)
        master_rename_replica(core, instance);
    if (moved)
        persist(core);
    link_close(core, instance->link, "its host name has a new address");
    instance->link->command.attempted = false;
    instance->link->pubsub.attempted = false;
    heap_set(&core->deadlines, &instance->link->deadline, core->now_ms);
}

/* The first answer for INSTANCE, good or not. */
static void first_answer(struct core *core, struct instance *instance)
{
    link_name_answered(core, instance->link);
    if (instance->kind == KIND_MASTER && instance->master->untold)
        master_tell(core, instance->master);
}

static void no_answer(struct core *core, struct name_entry *entry)
{
    struct instance *instance;
    struct instance *next;

    emit_logf(&core->out, LEVEL_WARNING, "Failed to resolve hostname '%s'",
              entry->host);
    if (entry->ip[0] != '\0')
        return;
    HASH_ITER (by_id, core->instances, instance, next)
        if (strcmp(instance->addr.host, entry->host) == 0)
            first_answer(core, instance);
    HASH_DEL(core->names, entry);
    free(entry);
}

/* Replicas that could not be told of when INFO named them. */
static void ask_for_replicas(struct core *core)
{
    struct instance *master;

    MASTER_EACH (core->masters, master) {
        if (!master->master->nameless)
            continue;
        master->master->nameless = false;
        monitor_ask_info(core, master);
    }
}

void names_answer(struct core *core, const char *host, const char *ip,
                  bool known)
{
    struct name_entry *entry = find(core, host);
    struct instance *instance;
    struct instance *next;
    bool first;

    if (entry == NULL)
        return;
    entry->asked = false;
    if (ip == NULL || !addr_is_numeric(ip)) {
        no_answer(core, entry);
        return;
    }
    if (known && entry->ip[0] != '\0' && !has_failed(core, host))
        return;
    first = entry->ip[0] == '\0';
    memcpy(entry->ip, ip, strlen(ip) + 1);
    HASH_ITER (by_id, core->instances, instance, next) {
        if (strcmp(instance->addr.host, entry->host) != 0)
            continue;
        take_over(core, instance, ip);
        if (first)
            first_answer(core, instance);
    }
    if (first)
        ask_for_replicas(core);
}

bool names_showable(const struct core *core, const struct addr *addr)
{
    return core->global.announce_hostnames || addr->ip[0] != '\0';
}

bool names_make_addr(struct core *core, struct addr *addr, const char *host,
                     int64_t port)
{
    const char *ip;

    if (port < 0 || port > 65535 || !addr_is_host(host))
        return false;
    if (!core->global.resolve_hostnames && !addr_is_numeric(host))
        return false;
    addr_init(addr, host, (int)port);
    ip = names_lookup(core, host);
    if (ip != NULL)
        memcpy(addr->ip, ip, strlen(ip) + 1);
    else
        names_ask(core, host);
    return true;
}

bool names_match(struct core *core, const struct addr *addr, const char *host,
                 int port)
{
    const char *ip;

    if (addr->port != port)
        return false;
    if (text_same_word(addr->host, host))
        return true;
    if (!addr_is_host(host))
        return false;
    ip = names_lookup(core, host);
    if (ip != NULL)
        return strcmp(ip, addr->ip) == 0;
    if (core->global.resolve_hostnames)
        names_ask(core, host);
    return false;
}

void names_clear(struct core *core)
{
    struct name_entry *entry;
    struct name_entry *next;

    HASH_ITER (hh, core->names, entry, next) {
        HASH_DEL(core->names, entry); /* NOLINT: takes the map's head */
        free(entry);
    }
}
