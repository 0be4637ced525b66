/* Values of sentinel lines: what is accepted, and why the rest is not. */
#include "../lib/xalloc.h"
#include "config_internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

bool config_plain_word(const char *text)
{
    if (text[0] == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= 0x20 || *text == 0x7f || *text == ',')
            return false;
    }
    return true;
}

const char *config_parse_yes_no(const char *value, bool *target,
                                const char *error)
{
    bool yes = strcasecmp(value, "yes") == 0;

    if (!yes && strcasecmp(value, "no") != 0)
        return error;
    *target = yes;
    return NULL;
}

/* Epochs are written by sentinels only: anything but digits is damage. */
const char *config_parse_epoch(const char *value, uint64_t *epoch)
{
    unsigned long long number;
    char *end;

    errno = 0;
    number = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0)
        return "An epoch must be a number without sign.";
    if (number > EPOCH_MAX)
        return "An epoch must not be greater than 9223372036854775807.";
    *epoch = number;
    return NULL;
}

const char *config_parse_port(const char *value, int minimum, int *port)
{
    char *end;
    long number = strtol(value, &end, 10);

    if (!isdigit((unsigned char)value[0]) || *end != '\0' || number < minimum ||
        number > 65535)
        return "Invalid port number.";
    *port = (int)number;
    return NULL;
}

const char *config_check_host(struct config_reader *reader, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 ||
        inet_pton(AF_INET6, host, address) == 1)
        return NULL;
    if (!config_plain_word(host))
        return "Can't resolve instance hostname.";
    if (reader->state->global.resolve_hostnames)
        return NULL;
    snprintf(reader->reason, sizeof(reader->reason),
             "Can't resolve instance hostname. '%.200s' is not an address; "
             "host names need the line 'sentinel resolve-hostnames yes'.",
             host);
    return reader->reason;
}

/* A master by its address. */
struct address {
    char *key;
    const char *name;
    UT_hash_handle hh;
};

void config_warn_same_address(struct config_reader *reader)
{
    struct address *addresses = NULL;
    struct address *address;
    struct address *next;
    char key[512];

    for (size_t i = 0; i < reader->state->master_count; i++) {
        const struct state_master *master = &reader->state->masters[i];

        snprintf(key, sizeof(key), "%s %d", master->host, master->port);
        HASH_FIND_STR(addresses, key, address);
        if (address != NULL) {
            settings_note(reader->settings, LEVEL_WARNING,
                          "Masters '%s' and '%s' have the same address, "
                          "%s:%d: votes for one may be taken for the other",
                          address->name, master->name, master->host,
                          master->port);
            continue;
        }
        address = xcalloc(1, sizeof(*address));
        address->key = xstrdup(key);
        address->name = master->name;
        HASH_ADD_KEYPTR(hh, addresses, address->key, strlen(address->key),
                        address);
    }
    HASH_ITER (hh, addresses, address, next) {
        HASH_DEL(addresses, address);
        free(address->key);
        free(address);
    }
}
