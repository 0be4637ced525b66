/* The part of a selector that is about commands. */
#ifndef SENTINEL_ACL_SELECTOR_RULES_H
#define SENTINEL_ACL_SELECTOR_RULES_H

#include "acl_selector.h"

#include <stddef.h>

/* Obeys WORD, which begins with + or -. Returns NULL, or the reason why it is
 * refused: then nothing has changed. */
const char *acl_selector_rule(struct acl_selector *selector,
                              const struct acl_commands *commands,
                              const char *word, size_t length);

/* Frees the rules; the bitmap stays. */
void acl_selector_clear_rules(struct acl_selector *selector);

#endif
