/* Rules about commands: kept short, and turned into a bitmap by row. */
#include "acl_selector_rules.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void acl_selector_clear_rules(struct acl_selector *selector)
{
    for (size_t i = 0; i < selector->rule_count; i++)
        free(selector->rules[i].name);
    free(selector->rules);
    selector->rules = NULL;
    selector->rule_count = 0;
    selector->first_words = false;
}

/* ---- From a word to a rule ---- */

static char *lower(const char *text, size_t length)
{
    char *copy = xstrndup(text, length);

    for (char *c = copy; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

/* What stands behind the | of a word whose first part is CONTAINER_LENGTH
 * long is no subcommand of ours. */
static const char *parse_first_word(const struct acl_commands *commands,
                                    const char *name, size_t length,
                                    size_t first_length, struct acl_rule *rule)
{
    const size_t row = acl_command_find(commands, name, first_length);
    const char *rest = name + first_length + 1;
    const size_t rest_length = length - first_length - 1;
    const char *second = memchr(rest, '|', rest_length);

    if (row == ACL_NO_ROW) {
        if (!acl_name_elsewhere(name, first_length) || rest_length == 0)
            return acl_unknown_command;
        return NULL;
    }
    if (commands->rows[row].container) {
        if (rule->allow && second != NULL &&
            acl_command_find(commands, name, (size_t)(second - name)) !=
                ACL_NO_ROW)
            return "Allowing first-arg of a subcommand is not supported";
        return acl_unknown_command;
    }
    if (!rule->allow || second != NULL)
        return acl_unknown_command;
    if (rest_length == 0)
        return acl_syntax_error;
    rule->first_word = true;
    rule->row = row;
    return NULL;
}

/* Reads NAME, which a sign preceded, into RULE but for its name. */
static const char *parse_rule(const struct acl_commands *commands,
                              const char *name, size_t length,
                              struct acl_rule *rule)
{
    const char *bar = memchr(name, '|', length);

    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
            return acl_unknown_command;
    }
    rule->row = ACL_NO_ROW;
    if (length > 0 && name[0] == '@') {
        rule->category = true;
        return acl_category_find(name + 1, length - 1, &rule->category_bit)
                   ? NULL
                   : acl_unknown_command;
    }
    rule->row = acl_command_find(commands, name, length);
    if (rule->row != ACL_NO_ROW)
        return NULL;
    if (bar != NULL)
        return parse_first_word(commands, name, length, (size_t)(bar - name),
                                rule);
    return acl_name_elsewhere(name, length) ? NULL : acl_unknown_command;
}

/* ---- Bitmaps ---- */

static void set_bit(uint64_t *map, size_t row, bool value)
{
    const uint64_t bit = (uint64_t)1 << (row % 64);

    if (value)
        map[row / 64] |= bit;
    else
        map[row / 64] &= ~bit;
}

/* Whether RULE speaks of ROW as a whole. */
static bool concerns(const struct acl_commands *commands,
                     const struct acl_rule *rule, size_t row)
{
    if (rule->category)
        return (commands->rows[row].categories & rule->category_bit) != 0;
    return rule->row == row ||
           (rule->row != ACL_NO_ROW && commands->rows[rule->row].container &&
            acl_command_is_sub(commands, rule->row, row));
}

/* Changes the bitmap as RULE says, the last of all. */
static void obey(struct acl_selector *selector,
                 const struct acl_commands *commands,
                 const struct acl_rule *rule)
{
    selector->first_words |= rule->first_word;
    for (size_t row = 0; row < commands->count && !rule->first_word; row++)
        if (concerns(commands, rule, row))
            set_bit(selector->allowed, row, rule->allow);
}

static void obey_all(struct acl_selector *selector,
                     const struct acl_commands *commands)
{
    memset(selector->allowed, 0, sizeof(selector->allowed));
    selector->first_words = false;
    for (size_t row = 0; row < commands->count && selector->base_all; row++)
        set_bit(selector->allowed, row, true);
    for (size_t i = 0; i < selector->rule_count; i++)
        obey(selector, commands, &selector->rules[i]);
}

/* ---- The list ---- */

/* Whether all that OLD says is overridden by the later NEW. */
static bool overrides(const struct acl_commands *commands,
                      const struct acl_rule *new, const struct acl_rule *old)
{
    const size_t length = strlen(new->name);

    if (strcmp(new->name, old->name) == 0)
        return true;
    if (new->first_word || old->category)
        return false;
    if (old->row ==
        ACL_NO_ROW) /* of a data server: "config" and "config|get" */
        return strncmp(old->name, new->name, length) == 0 &&
               old->name[length] == '|';
    for (size_t row = 0; row < commands->count; row++)
        if (concerns(commands, old, row) && !concerns(commands, new, row))
            return false;
    return true;
}

static void drop_overridden(struct acl_selector *selector,
                            const struct acl_commands *commands,
                            const struct acl_rule *new)
{
    size_t kept = 0;

    for (size_t i = 0; i < selector->rule_count; i++) {
        if (overrides(commands, new, &selector->rules[i]))
            free(selector->rules[i].name);
        else
            selector->rules[kept++] = selector->rules[i];
    }
    if (kept == selector->rule_count)
        return;
    selector->rule_count = kept;
    obey_all(selector, commands);
}

/* Whether RULE would change nothing now. What it says of data servers counts
 * as a change, but not behind a plain +@all or -@all that says the same. */
static bool needless(const struct acl_selector *selector,
                     const struct acl_commands *commands,
                     const struct acl_rule *rule)
{
    if (selector->rule_count == 0 && rule->allow == selector->base_all)
        return true;
    if (rule->category || rule->row == ACL_NO_ROW)
        return false;
    for (size_t row = 0; row < commands->count; row++)
        if (concerns(commands, rule, row) &&
            (selector->allowed[row / 64] >> (row % 64) & 1) != rule->allow)
            return false;
    return true;
}

/* Puts RULE behind the last category, in the order of rows there, so that the
 * same permissions are written in the same way; containers stay before their
 * subcommands. */
static void insert(struct acl_selector *selector, struct acl_rule rule)
{
    size_t at = selector->rule_count;

    while (!rule.category && at > 0 && !selector->rules[at - 1].category &&
           selector->rules[at - 1].row > rule.row)
        at--;
    selector->rules = xrealloc(selector->rules, (selector->rule_count + 1) *
                                                    sizeof(*selector->rules));
    memmove(&selector->rules[at + 1], &selector->rules[at],
            (selector->rule_count - at) * sizeof(*selector->rules));
    selector->rules[at] = rule;
    selector->rule_count++;
}

const char *acl_selector_rule(struct acl_selector *selector,
                              const struct acl_commands *commands,
                              const char *word, size_t length)
{
    struct acl_rule rule = {.allow = word[0] == '+'};
    const char *reason;

    if (length == 5 && strncasecmp(word + 1, "@all", 4) == 0) {
        acl_selector_clear_rules(selector);
        selector->base_all = rule.allow;
        obey_all(selector, commands);
        return NULL;
    }
    reason = parse_rule(commands, word + 1, length - 1, &rule);
    if (reason != NULL)
        return reason;
    if (selector->rule_count == ACL_ITEMS_LIMIT)
        return "Too many rules about commands";
    rule.name = lower(word + 1, length - 1);
    drop_overridden(selector, commands, &rule);
    if (needless(selector, commands, &rule)) {
        free(rule.name);
        return NULL;
    }
    insert(selector, rule);
    obey(selector, commands, &rule);
    return NULL;
}
