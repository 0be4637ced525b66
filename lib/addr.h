/* An address: the host as it was given, its numeric form, and the port. */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#define ADDR_IP_SIZE 46 /* numeric IPv6 with its NUL */
#define ADDR_HOST_MAX 253

struct addr {
    char *host;            /* owned; as given, may be numeric */
    char ip[ADDR_IP_SIZE]; /* numeric; "" until the name is resolved */
    int port;              /* 0: not to be connected */
};

/* HOST is copied. A numeric HOST is its own ip. */
void addr_init(struct addr *addr, const char *host, int port);
void addr_clear(struct addr *addr);
void addr_copy(struct addr *to, const struct addr *from);

/* Whether HOST is a numeric IPv4 or IPv6 address. */
bool addr_is_numeric(const char *host);

/* Whether HOST could be a host name: letters, digits, '-', '_', '.' (numeric
 * addresses are fine too), not empty, not too long. */
bool addr_is_host(const char *host);

/* Equal ports, and equal ips or equal names (in any case). */
bool addr_same(const struct addr *left, const struct addr *right);

/* The announced form: the name when NAMES is set, else the ip. A name that
 * was never resolved is shown as itself with NAMES, else as "". */
const char *addr_shown(const struct addr *addr, bool names);

/* "ip:port", with IPv6 in brackets; the caller frees it. */
char *addr_key(const struct addr *addr, bool names);

#endif
