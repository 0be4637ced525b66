/* A set of permissions: commands, channels and keys. A user has one, and may
 * have further ones in parentheses, each of which is enough by itself. */
#ifndef SENTINEL_ACL_SELECTOR_H
#define SENTINEL_ACL_SELECTOR_H

#include "acl_names.h"
#include "config_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rules, channels, keys, passwords and selectors of a user, of each kind. */
#define ACL_ITEMS_LIMIT 1024

/* A rule about commands behind the first, which is +@all or -@all. */
struct acl_rule {
    char *name; /* in lower case, without sign: "@slow", "ping", "get" */
    bool allow;
    bool category;
    unsigned category_bit; /* 0: no command of ours is in it */
    bool first_word; /* "ping|x": only with this word behind the command */
    size_t row; /* of the command; ACL_NO_ROW: a category, or none of ours */
};

/* A glob of channels or of keys. */
struct acl_pattern {
    char *text;
    bool read; /* keys only */
    bool write;
};

struct acl_patterns {
    struct acl_pattern *items;
    size_t count;
    bool all;
};

struct acl_selector {
    uint64_t allowed[ACL_COMMANDS_LIMIT / 64]; /* by row, from all the rules */
    bool base_all;                             /* +@all comes first */
    bool first_words; /* there are rules of that kind */
    struct acl_rule *rules;
    size_t rule_count;
    struct acl_patterns channels;
    struct acl_patterns keys; /* kept, but a sentinel has none */
};

/* The texts that the reference gives for rules it refuses. */
extern const char acl_syntax_error[];
extern const char acl_unknown_command[];

/* Frees what it holds and makes it one that permits nothing, or all channels
 * when CHANNELS is true. */
void acl_selector_reset(struct acl_selector *selector, bool channels);
void acl_selector_copy(struct acl_selector *to,
                       const struct acl_selector *from);

/* Obeys one rule. Returns NULL, or the reason why it is refused: then nothing
 * has changed. */
const char *acl_selector_apply(struct acl_selector *selector,
                               const struct acl_commands *commands,
                               const char *rule, size_t length);

/* Whether no command and no channel is excluded. */
bool acl_selector_unlimited(const struct acl_selector *selector);

/* Whether row ROW may be run; SECOND of LENGTH bytes is the word behind the
 * command, or NULL. */
bool acl_selector_command(const struct acl_selector *selector, size_t row,
                          const char *second, size_t length);

/* Whether the channel may be used. With PATTERN, NAME is what a client wants
 * to subscribe to as a pattern: it must have been granted literally. */
bool acl_selector_channel(const struct acl_selector *selector, const char *name,
                          size_t length, bool pattern);

/* Append the rules that make such a selector, blank-separated; nothing when
 * there are none. */
void acl_selector_put_commands(const struct acl_selector *selector,
                               struct text *text);
void acl_selector_put_channels(const struct acl_selector *selector,
                               struct text *text);
void acl_selector_put_keys(const struct acl_selector *selector,
                           struct text *text);

/* All of them, as in a `user` line. */
void acl_selector_put(const struct acl_selector *selector, struct text *text);

#endif
