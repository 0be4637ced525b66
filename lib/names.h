/* What host names resolve to, as far as is known: comparisons never wait for
 * a resolver. */
#ifndef LIB_NAMES_H
#define LIB_NAMES_H

#include "addr.h"

#include <stdbool.h>
#include <stdint.h>

struct core;

/* The last good address of HOST, HOST itself when it is numeric, or NULL. */
const char *names_lookup(const struct core *core, const char *host);

/* Asks for HOST to be resolved, unless that is under way. */
void names_ask(struct core *core, const char *host);

/* Whether the first answer for HOST is still awaited: nothing is known of it,
 * not even that it cannot be resolved. */
bool names_awaited(const struct core *core, const char *host);

/* An answer came; IP is NULL on failure. KNOWN: the last good address is in
 * the answer, and IP the one behind it, in turn. Addresses that changed are
 * taken over by the instances concerned, which connect anew; of several, the
 * one in use is kept unless an instance there is down. */
void names_answer(struct core *core, const char *host, const char *ip,
                  bool known);

/* Makes an address from what a server or a peer said. False when HOST is a
 * name while resolve-hostnames is off, is not a host at all, or PORT is out
 * of range. */
bool names_make_addr(struct core *core, struct addr *addr, const char *host,
                     int64_t port);

/* Whether ADDR has a form that can be announced: without announce-hostnames
 * that is not so before its name is resolved. What is said of such an address
 * is left alone until it is said again: it was asked for. */
bool names_showable(const struct core *core, const struct addr *addr);

/* Whether HOST:PORT, as said by a server, is ADDR (compared by what names
 * resolve to, by text when they do not). */
bool names_match(struct core *core, const struct addr *addr, const char *host,
                 int port);

void names_clear(struct core *core);

#endif
