/* What host names resolve to, as far as is known. */
#include "names.h"

#include "core_internal.h"
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
    emit_resolve(&core->out, host);
}

static void take_over(struct core *core, struct instance *instance,
                      const char *ip)
{
    if (strcmp(instance->addr.ip, ip) == 0)
        return;
    if (instance->addr.ip[0] != '\0')
        emit_logf(&core->out, LEVEL_NOTICE,
                  "Host name '%s' resolves to %s now, not to %s",
                  instance->addr.host, ip, instance->addr.ip);
    memcpy(instance->addr.ip, ip, strlen(ip) + 1);
    link_close(core, instance->link, "its host name has a new address");
    instance->link->command.attempted = false;
    instance->link->pubsub.attempted = false;
    heap_set(&core->deadlines, &instance->link->deadline, core->now_ms);
}

void names_answer(struct core *core, const char *host, const char *ip)
{
    struct name_entry *entry = find(core, host);
    struct instance *instance;
    struct instance *next;

    if (entry == NULL)
        return;
    entry->asked = false;
    if (ip == NULL || !addr_is_numeric(ip)) {
        emit_logf(&core->out, LEVEL_WARNING, "Failed to resolve hostname '%s'",
                  host);
        if (entry->ip[0] == '\0') {
            HASH_DEL(core->names, entry);
            free(entry);
        }
        return;
    }
    memcpy(entry->ip, ip, strlen(ip) + 1);
    HASH_ITER (by_id, core->instances, instance, next)
        if (strcmp(instance->addr.host, host) == 0)
            take_over(core, instance, ip);
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
