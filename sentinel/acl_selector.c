/* A set of permissions: its rules obeyed, asked and written. */
#include "acl_selector_rules.h"

#include "../lib/glob.h"
#include "../lib/xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char acl_syntax_error[] = "Syntax error";
const char acl_unknown_command[] = "Unknown command or category name in ACL";

static const char too_many[] = "Too many rules of this kind";

/* ---- Life ---- */

static void clear_patterns(struct acl_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        free(patterns->items[i].text);
    free(patterns->items);
    *patterns = (struct acl_patterns){0};
}

static void copy_patterns(struct acl_patterns *to,
                          const struct acl_patterns *from)
{
    *to = *from;
    to->items = xcalloc(from->count, sizeof(*to->items));
    for (size_t i = 0; i < from->count; i++) {
        to->items[i] = from->items[i];
        to->items[i].text = xstrdup(from->items[i].text);
    }
}

void acl_selector_reset(struct acl_selector *selector, bool channels)
{
    acl_selector_clear_rules(selector);
    clear_patterns(&selector->channels);
    clear_patterns(&selector->keys);
    *selector = (struct acl_selector){.channels.all = channels};
}

void acl_selector_copy(struct acl_selector *to, const struct acl_selector *from)
{
    *to = *from;
    to->rules = xcalloc(from->rule_count, sizeof(*to->rules));
    for (size_t i = 0; i < from->rule_count; i++) {
        to->rules[i] = from->rules[i];
        to->rules[i].name = xstrdup(from->rules[i].name);
    }
    copy_patterns(&to->channels, &from->channels);
    copy_patterns(&to->keys, &from->keys);
}

/* ---- Channels and keys ---- */

/* A blank or a control character in a pattern would end the word, or the line,
 * in a file. */
static bool can_be_written(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return false;
    }
    return true;
}

static const char *add_pattern(struct acl_patterns *patterns, const char *text,
                               size_t length, bool read, bool write)
{
    struct acl_pattern *pattern;

    if (!can_be_written(text, length))
        return acl_syntax_error;
    for (size_t i = 0; i < patterns->count; i++) {
        pattern = &patterns->items[i];
        if (strlen(pattern->text) == length &&
            memcmp(pattern->text, text, length) == 0) {
            pattern->read |= read;
            pattern->write |= write;
            return NULL;
        }
    }
    if (patterns->count == ACL_ITEMS_LIMIT)
        return too_many;
    patterns->items = xrealloc(patterns->items, (patterns->count + 1) *
                                                    sizeof(*patterns->items));
    pattern = &patterns->items[patterns->count++];
    *pattern = (struct acl_pattern){
        .text = xstrndup(text, length), .read = read, .write = write};
    return NULL;
}

static void all_patterns(struct acl_patterns *patterns)
{
    clear_patterns(patterns);
    patterns->all = true;
}

static const char *apply_channel(struct acl_selector *selector,
                                 const char *text, size_t length)
{
    if (length == 1 && text[0] == '*') {
        all_patterns(&selector->channels);
        return NULL;
    }
    if (selector->channels.all)
        return "Adding a pattern after the * pattern (or the 'allchannels' "
               "flag) is not valid and does not have any effect. Try "
               "'resetchannels' to start with an empty list of channels";
    return add_pattern(&selector->channels, text, length, false, false);
}

/* RULE begins with ~ or %. */
static const char *apply_key(struct acl_selector *selector, const char *rule,
                             size_t length)
{
    bool read = rule[0] == '~';
    bool write = rule[0] == '~';
    size_t i = 1;

    if (length == 2 && rule[0] == '~' && rule[1] == '*') {
        all_patterns(&selector->keys);
        return NULL;
    }
    if (selector->keys.all)
        return "Adding a pattern after the * pattern (or the 'allkeys' flag) "
               "is not valid and does not have any effect. Try 'resetkeys' to "
               "start with an empty list of patterns";
    for (; rule[0] == '%' && i < length && rule[i] != '~'; i++) {
        const char c = (char)toupper((unsigned char)rule[i]);
        if ((c != 'R' && c != 'W') || (c == 'R' ? read : write))
            return acl_syntax_error;
        read |= c == 'R';
        write |= c == 'W';
    }
    if (rule[0] == '%' && (i == length || (!read && !write)))
        return acl_syntax_error;
    i += rule[0] == '%'; /* the ~ */
    return add_pattern(&selector->keys, rule + i, length - i, read, write);
}

/* ---- Rules ---- */

static bool is_word(const char *rule, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(rule, word, length) == 0;
}

const char *acl_selector_apply(struct acl_selector *selector,
                               const struct acl_commands *commands,
                               const char *rule, size_t length)
{
    if (is_word(rule, length, "allchannels"))
        return apply_channel(selector, "*", 1);
    if (is_word(rule, length, "resetchannels"))
        clear_patterns(&selector->channels);
    else if (is_word(rule, length, "allkeys"))
        all_patterns(&selector->keys);
    else if (is_word(rule, length, "resetkeys"))
        clear_patterns(&selector->keys);
    else if (is_word(rule, length, "allcommands"))
        return acl_selector_rule(selector, commands, "+@all", 5);
    else if (is_word(rule, length, "nocommands"))
        return acl_selector_rule(selector, commands, "-@all", 5);
    else if (length > 0 && rule[0] == '&')
        return apply_channel(selector, rule + 1, length - 1);
    else if (length > 0 && (rule[0] == '~' || rule[0] == '%'))
        return apply_key(selector, rule, length);
    else if (length > 0 && (rule[0] == '+' || rule[0] == '-'))
        return acl_selector_rule(selector, commands, rule, length);
    else
        return acl_syntax_error;
    return NULL;
}

/* ---- Questions ---- */

bool acl_selector_unlimited(const struct acl_selector *selector)
{
    return selector->base_all && selector->rule_count == 0 &&
           selector->channels.all;
}

bool acl_selector_command(const struct acl_selector *selector, size_t row,
                          const char *second, size_t length)
{
    assert(row < ACL_COMMANDS_LIMIT);
    if (selector->allowed[row / 64] >> (row % 64) & 1)
        return true;
    if (!selector->first_words || second == NULL)
        return false;
    for (size_t i = 0; i < selector->rule_count; i++) {
        const struct acl_rule *rule = &selector->rules[i];
        if (rule->first_word && rule->row == row &&
            is_word(second, length, strchr(rule->name, '|') + 1))
            return true;
    }
    return false;
}

bool acl_selector_channel(const struct acl_selector *selector, const char *name,
                          size_t length, bool pattern)
{
    const struct acl_patterns *channels = &selector->channels;

    for (size_t i = 0; i < channels->count; i++) {
        const char *text = channels->items[i].text;
        size_t size = strlen(text);
        if (pattern ? size == length && memcmp(text, name, length) == 0
                    : glob_match(text, size, name, length, false))
            return true;
    }
    return channels->all;
}

/* ---- Writing ---- */

/* A blank before all words but the first. */
static void put_word(struct text *text, size_t start, const char *prefix,
                     const char *word)
{
    if (text->length > start)
        text_add(text, " ");
    text_add(text, prefix);
    text_add(text, word);
}

void acl_selector_put_commands(const struct acl_selector *selector,
                               struct text *text)
{
    text_add(text, selector->base_all ? "+@all" : "-@all");
    for (size_t i = 0; i < selector->rule_count; i++) {
        text_add(text, selector->rules[i].allow ? " +" : " -");
        text_add(text, selector->rules[i].name);
    }
}

void acl_selector_put_channels(const struct acl_selector *selector,
                               struct text *text)
{
    const struct acl_patterns *channels = &selector->channels;
    const size_t start = text->length;

    if (channels->all)
        text_add(text, "&*");
    for (size_t i = 0; i < channels->count; i++)
        put_word(text, start, "&", channels->items[i].text);
}

void acl_selector_put_keys(const struct acl_selector *selector,
                           struct text *text)
{
    const struct acl_patterns *keys = &selector->keys;
    const size_t start = text->length;

    if (keys->all)
        text_add(text, "~*");
    for (size_t i = 0; i < keys->count; i++) {
        const struct acl_pattern *key = &keys->items[i];
        put_word(text, start,
                 key->read && key->write ? "~"
                 : key->read             ? "%R~"
                                         : "%W~",
                 key->text);
    }
}

void acl_selector_put(const struct acl_selector *selector, struct text *text)
{
    size_t before = text->length;

    acl_selector_put_keys(selector, text);
    if (text->length > before)
        text_add(text, " ");
    if (!selector->channels.all)
        text_add(text, "resetchannels ");
    before = text->length;
    acl_selector_put_channels(selector, text);
    if (text->length > before)
        text_add(text, " ");
    acl_selector_put_commands(selector, text);
}
