/* One ACL user: passwords, permissions, and the rules that make them. */
#include "acl_user.h"

#include "../lib/xalloc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_LIMIT 1024

/* ---- Life ---- */

static void forget_passwords(struct acl_user *user)
{
    free(user->hashes);
    user->hashes = NULL;
    user->hash_count = 0;
}

static struct acl_selector *add_selector(struct acl_user *user,
                                         const struct acl_terms *terms)
{
    struct acl_selector *selector;

    user->selectors = xrealloc(user->selectors, (user->selector_count + 1) *
                                                    sizeof(*user->selectors));
    selector = &user->selectors[user->selector_count++];
    memset(selector, 0, sizeof(*selector));
    acl_selector_reset(selector, terms->all_channels);
    return selector;
}

/* Forgets the selectors behind the first KEPT. */
static void drop_selectors(struct acl_user *user, size_t kept)
{
    while (user->selector_count > kept)
        acl_selector_reset(&user->selectors[--user->selector_count], false);
}

struct acl_user *acl_user_new(const struct acl_terms *terms, const char *name)
{
    struct acl_user *user = xcalloc(1, sizeof(*user));

    user->name = xstrdup(name);
    add_selector(user, terms);
    return user;
}

struct acl_user *acl_user_copy(const struct acl_user *user)
{
    struct acl_user *copy = xmemdup(user, sizeof(*user));

    copy->name = xstrdup(user->name);
    copy->hashes = user->hash_count == 0
                       ? NULL
                       : xmemdup(user->hashes,
                                 user->hash_count * sizeof(*user->hashes));
    copy->selectors = xcalloc(user->selector_count, sizeof(*copy->selectors));
    for (size_t i = 0; i < user->selector_count; i++)
        acl_selector_copy(&copy->selectors[i], &user->selectors[i]);
    memset(&copy->hh, 0, sizeof(copy->hh));
    return copy;
}

void acl_user_free(struct acl_user *user)
{
    if (user == NULL)
        return;
    drop_selectors(user, 0);
    free(user->selectors);
    forget_passwords(user);
    free(user->name);
    free(user);
}

void acl_user_exchange(struct acl_user *left, struct acl_user *right)
{
    struct acl_user kept = *left;

    *left = *right;
    left->name = kept.name;
    left->hh = kept.hh;
    kept.name = right->name;
    kept.hh = right->hh;
    *right = kept;
}

/* ---- Passwords ---- */

static size_t find_hash(const struct acl_user *user, const char *hash)
{
    size_t found = user->hash_count;

    for (size_t i = 0; i < user->hash_count; i++) {
        if (password_hash_equal(user->hashes[i], hash))
            found = i;
    }
    return found;
}

bool acl_user_has_hash(const struct acl_user *user, const char *hash)
{
    return find_hash(user, hash) < user->hash_count;
}

static const char *add_hash(struct acl_user *user, const char *hash)
{
    if (!acl_user_has_hash(user, hash)) {
        if (user->hash_count == ACL_ITEMS_LIMIT)
            return "Too many passwords";
        user->hashes = xrealloc(user->hashes,
                                (user->hash_count + 1) * sizeof(*user->hashes));
        memcpy(user->hashes[user->hash_count++], hash, PASSWORD_HASH_SIZE);
    }
    user->no_password = false;
    return NULL;
}

static const char *remove_hash(struct acl_user *user, const char *hash)
{
    const size_t at = find_hash(user, hash);

    if (at == user->hash_count)
        return "The password you are trying to remove from the user does not "
               "exist";
    user->hash_count--;
    memmove(user->hashes[at], user->hashes[at + 1],
            (user->hash_count - at) * sizeof(*user->hashes));
    return NULL;
}

static bool is_hash(const char *text, size_t length)
{
    char copy[PASSWORD_HASH_SIZE] = "";

    if (length != PASSWORD_HASH_SIZE - 1)
        return false;
    memcpy(copy, text, length);
    return password_is_hash(copy);
}

/* RULE begins with > < # or !. */
static const char *apply_password(struct acl_user *user, const char *rule,
                                  size_t length)
{
    char hash[PASSWORD_HASH_SIZE];

    if (rule[0] == '>' || rule[0] == '<') {
        password_hash(rule + 1, length - 1, hash);
    } else {
        if (!is_hash(rule + 1, length - 1))
            return "The password hash must be exactly 64 characters and "
                   "contain only lowercase hexadecimal characters";
        memcpy(hash, rule + 1, PASSWORD_HASH_SIZE - 1);
        hash[PASSWORD_HASH_SIZE - 1] = '\0';
    }
    return rule[0] == '>' || rule[0] == '#' ? add_hash(user, hash)
                                            : remove_hash(user, hash);
}

/* ---- Rules ---- */

/* One rule within parentheses. A pattern that ends with one could not be told
 * from the end of the selector when it is read again. */
static const char *apply_inner_rule(struct acl_selector *selector,
                                    const struct acl_terms *terms,
                                    const char *rule, size_t length)
{
    if (rule[length - 1] == ')')
        return acl_syntax_error;
    return acl_selector_apply(selector, &terms->commands, rule, length);
}

/* RULE stands in parentheses. A selector is added as a whole or not at all. */
static const char *apply_selector(struct acl_user *user,
                                  const struct acl_terms *terms,
                                  const char *rule, size_t length)
{
    struct acl_selector *selector;
    const char *reason = NULL;
    size_t at = 1;

    if (user->selector_count > ACL_ITEMS_LIMIT)
        return "Too many selectors";
    selector = add_selector(user, terms);
    while (at < length - 1 && reason == NULL) {
        size_t end = at;
        while (end < length - 1 && rule[end] != ' ')
            end++;
        if (end > at)
            reason = apply_inner_rule(selector, terms, rule + at, end - at);
        at = end + 1;
    }
    if (reason != NULL)
        drop_selectors(user, user->selector_count - 1);
    return reason;
}

static void reset(struct acl_user *user, const struct acl_terms *terms)
{
    forget_passwords(user);
    drop_selectors(user, 1);
    acl_selector_reset(&user->selectors[0], terms->all_channels);
    user->on = false;
    user->no_password = false;
    user->sanitize = SANITIZE_YES;
}

static bool is_word(const char *rule, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(rule, word, length) == 0;
}

/* Rules that are one word; false when RULE is none of them. */
static bool apply_word(struct acl_user *user, const struct acl_terms *terms,
                       const char *rule, size_t length)
{
    if (is_word(rule, length, "on")) {
        user->on = true;
    } else if (is_word(rule, length, "off")) {
        user->on = false;
    } else if (is_word(rule, length, "nopass")) {
        forget_passwords(user);
        user->no_password = true;
    } else if (is_word(rule, length, "resetpass")) {
        forget_passwords(user);
        user->no_password = false;
    } else if (is_word(rule, length, "sanitize-payload")) {
        user->sanitize = SANITIZE_YES;
    } else if (is_word(rule, length, "skip-sanitize-payload")) {
        user->sanitize = SANITIZE_NO;
    } else if (is_word(rule, length, "clearselectors")) {
        drop_selectors(user, 1);
    } else if (is_word(rule, length, "reset")) {
        reset(user, terms);
    } else {
        return false;
    }
    return true;
}

static const char *apply_rule(struct acl_user *user,
                              const struct acl_terms *terms, const char *rule,
                              size_t length)
{
    if (length == 0 || apply_word(user, terms, rule, length))
        return NULL;
    if (strchr("><#!", rule[0]) != NULL)
        return apply_password(user, rule, length);
    if (rule[0] == '(' && length > 1 && rule[length - 1] == ')')
        return apply_selector(user, terms, rule, length);
    return acl_selector_apply(&user->selectors[0], &terms->commands, rule,
                              length);
}

/* Puts the words of a selector together, up to the one that closes it, and
 * obeys it. Returns the number of words, or 0 after a failure. */
static size_t apply_words(struct acl_user *user, const struct acl_terms *terms,
                          const char *const *words, const size_t *lengths,
                          size_t count, struct acl_failure *failure)
{
    struct text rule = {0};
    size_t used = 0;

    do {
        if (used == count) {
            free(rule.data);
            *failure = (struct acl_failure){.rule = words[0]};
            return 0;
        }
        text_add(&rule, used > 0 ? " " : "");
        text_add_bytes(&rule, words[used], lengths[used]);
        used++;
    } while (rule.data[rule.length - 1] != ')');
    failure->reason = apply_rule(user, terms, rule.data, rule.length);
    if (failure->reason == NULL) {
        free(rule.data);
        return used;
    }
    failure->rule = rule.data;
    failure->owned = rule.data;
    return 0;
}

int acl_user_apply(struct acl_user *user, const struct acl_terms *terms,
                   const char *const *words, const size_t *lengths,
                   size_t count, struct acl_failure *failure)
{
    *failure = (struct acl_failure){0};
    for (size_t i = 0; i < count;) {
        if (lengths[i] > 0 && words[i][0] == '(') {
            const size_t used = apply_words(user, terms, words + i, lengths + i,
                                            count - i, failure);
            if (used == 0)
                return -1;
            i += used;
            continue;
        }
        failure->reason = apply_rule(user, terms, words[i], lengths[i]);
        if (failure->reason != NULL) {
            failure->rule = words[i];
            return -1;
        }
        i++;
    }
    user->unlimited = acl_selector_unlimited(&user->selectors[0]);
    return 0;
}

/* ---- Questions ---- */

bool acl_user_channel(const struct acl_user *user, const char *name,
                      size_t length, bool pattern)
{
    for (size_t i = 0; i < user->selector_count; i++) {
        if (acl_selector_channel(&user->selectors[i], name, length, pattern))
            return true;
    }
    return false;
}

bool acl_user_name_fits(const char *name, size_t length)
{
    if (length == 0 || length > NAME_LIMIT)
        return false;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
            return false;
    }
    return true;
}

void acl_user_put(const struct acl_user *user, struct text *text)
{
    static const char *const sanitize[] = {"", " sanitize-payload",
                                           " skip-sanitize-payload"};

    text_add(text, "user ");
    text_add(text, user->name);
    text_add(text, user->on ? " on" : " off");
    text_add(text, user->no_password ? " nopass" : "");
    text_add(text, sanitize[user->sanitize]);
    for (size_t i = 0; i < user->hash_count; i++) {
        text_add(text, " #");
        text_add(text, user->hashes[i]);
    }
    for (size_t i = 0; i < user->selector_count; i++) {
        text_add(text, i == 0 ? " " : " (");
        acl_selector_put(&user->selectors[i], text);
        text_add(text, i == 0 ? "" : ")");
    }
}
