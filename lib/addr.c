/* An address: the host as it was given, its numeric form, and the port. */
#include "addr.h"

#include "text.h"
#include "xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_ipv4(const char *host)
{
    int parts = 0;

    for (;;) {
        const char *first = host;
        unsigned value = 0;
        int digits = 0;

        while (isdigit((unsigned char)*host) && digits < 4) {
            value = value * 10 + (unsigned)(*host++ - '0');
            digits++;
        }
        if (digits == 0 || digits > 3 || value > 255)
            return false;
        /* "010" would be 8 to some and 10 to others. */
        if (digits > 1 && *first == '0')
            return false;
        if (++parts == 4)
            return *host == '\0';
        if (*host++ != '.')
            return false;
    }
}

/* Groups of one to four hex digits between colons, one "::" at most, perhaps
 * an IPv4 address as the last two groups. */
static bool is_ipv6(const char *host)
{
    int groups = 0;
    bool gap = false;

    if (host[0] == ':' && host[1] != ':')
        return false;
    while (*host != '\0') {
        size_t digits;

        if (host[0] == ':' && host[1] == ':') {
            if (gap)
                return false;
            gap = true;
            host += 2;
            if (*host == ':')
                return false;
            continue;
        }
        if (*host == ':')
            host++;
        digits = strspn(host, "0123456789abcdefABCDEF");
        if (host[digits] == '.')
            return is_ipv4(host) && (gap ? groups <= 5 : groups == 6);
        if (digits == 0 || digits > 4)
            return false;
        groups++;
        host += digits;
        if (*host != ':' && *host != '\0')
            return false;
    }
    return gap ? groups <= 7 : groups == 8;
}

bool addr_is_numeric(const char *host)
{
    assert(host != NULL);
    if (strlen(host) >= ADDR_IP_SIZE)
        return false;
    return is_ipv4(host) || (strchr(host, ':') != NULL && is_ipv6(host));
}

bool addr_is_host(const char *host)
{
    size_t length = strlen(host);

    if (length == 0 || length > ADDR_HOST_MAX)
        return false;
    if (addr_is_numeric(host))
        return true;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)host[i]) && strchr("-_.", host[i]) == NULL)
            return false;
    return true;
}

void addr_init(struct addr *addr, const char *host, int port)
{
    assert(host != NULL && port >= 0 && port <= 65535);
    addr->host = xstrdup(host);
    addr->ip[0] = '\0';
    addr->port = port;
    if (addr_is_numeric(host))
        memcpy(addr->ip, host, strlen(host) + 1);
}

void addr_clear(struct addr *addr)
{
    free(addr->host);
    addr->host = NULL;
}

void addr_copy(struct addr *to, const struct addr *from)
{
    *to = *from;
    to->host = xstrdup(from->host);
}

bool addr_same(const struct addr *left, const struct addr *right)
{
    if (left->port != right->port)
        return false;
    if (left->ip[0] != '\0' && strcmp(left->ip, right->ip) == 0)
        return true;
    return text_same_word(left->host, right->host);
}

const char *addr_shown(const struct addr *addr, bool names)
{
    return names ? addr->host : addr->ip;
}

char *addr_key(const struct addr *addr, bool names)
{
    const char *host = addr_shown(addr, names);
    struct text key;

    /* A replica whose name is not resolved yet still needs a key. */
    if (host[0] == '\0')
        host = addr->host;
    text_init(&key);
    text_addf(&key, strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host,
              addr->port);
    return text_take(&key);
}
