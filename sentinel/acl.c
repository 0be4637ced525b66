/* The ACL users of this process, and what each may do. */
#include "../lib/xalloc.h"

#define uthash_malloc(size) xmalloc(size)
#define uthash_fatal(message) abort()
#include "acl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct acl {
    struct acl_terms terms;
    struct acl_user *users; /* hash table by name, in the order of names */
    struct acl_user *default_user;
    struct acl_user *kept_default;
};

/* ---- Life ---- */

static int compare(const struct acl_user *left, const struct acl_user *right)
{
    return strcmp(left->name, right->name);
}

static void add(struct acl *acl, struct acl_user *user)
{
    HASH_ADD_KEYPTR_INORDER(hh, acl->users, user->name, strlen(user->name),
                            user, compare);
}

static struct acl *new_with(struct acl_user *default_user)
{
    struct acl *acl = xcalloc(1, sizeof(*acl));

    acl->default_user = default_user;
    acl->kept_default = acl_user_copy(default_user);
    add(acl, default_user);
    return acl;
}

struct acl *acl_new(void)
{
    static const char *const rules[] = {"on", "nopass", "~*", "&*", "+@all"};
    static const size_t lengths[] = {2, 6, 2, 2, 5};
    const struct acl_terms terms = {0};
    struct acl_user *user = acl_user_new(&terms, ACL_DEFAULT_USER);
    struct acl_failure failure;

    if (acl_user_apply(user, &terms, rules, lengths, 5, &failure) != 0)
        abort();
    return new_with(user);
}

void acl_free(struct acl *acl)
{
    struct acl_user *user;
    struct acl_user *next;

    if (acl == NULL)
        return;
    HASH_ITER (hh, acl->users, user, next) {
        HASH_DEL(acl->users, user);
        acl_user_free(user);
    }
    acl_user_free(acl->kept_default);
    free(acl);
}

/* The bitmap of +@all was made before any command was known. */
static void refresh_default(struct acl *acl, struct acl_user *user)
{
    const char *reason = acl_selector_apply(&user->selectors[0],
                                            &acl->terms.commands, "+@all", 5);
    assert(reason == NULL);
    (void)reason;
}

void acl_set_commands(struct acl *acl, struct acl_commands commands)
{
    assert(commands.count <= ACL_COMMANDS_LIMIT);
    acl->terms.commands = commands;
    refresh_default(acl, acl->default_user);
    refresh_default(acl, acl->kept_default);
}

void acl_set_pubsub_default(struct acl *acl, bool all_channels)
{
    acl->terms.all_channels = all_channels;
}

const struct acl_terms *acl_terms(const struct acl *acl)
{
    return &acl->terms;
}

/* ---- Users ---- */

struct acl_user *acl_default(const struct acl *acl)
{
    return acl->default_user;
}

struct acl_user *acl_find(const struct acl *acl, const char *name,
                          size_t length)
{
    struct acl_user *user;

    HASH_FIND(hh, acl->users, name, length, user);
    return user;
}

struct acl_user *acl_next(const struct acl *acl, const struct acl_user *user)
{
    return user == NULL ? acl->users : user->hh.next;
}

size_t acl_count(const struct acl *acl)
{
    return HASH_COUNT(acl->users);
}

struct acl_user *acl_put(struct acl *acl, struct acl_user *user)
{
    struct acl_user *old = acl_find(acl, user->name, strlen(user->name));

    if (old == NULL) {
        add(acl, user);
        return user;
    }
    acl_user_exchange(old, user);
    acl_user_free(user);
    return old;
}

void acl_delete(struct acl *acl, struct acl_user *user)
{
    assert(user != acl->default_user);
    HASH_DEL(acl->users, user);
    acl_user_free(user);
}

void acl_keep_default(struct acl *acl)
{
    acl_user_free(acl->kept_default);
    acl->kept_default = acl_user_copy(acl->default_user);
}

const struct acl_user *acl_kept_default(const struct acl *acl)
{
    return acl->kept_default;
}

/* ---- Logging in ---- */

bool acl_password_required(const struct acl *acl)
{
    return !acl->default_user->on || !acl->default_user->no_password;
}

bool acl_log_in(const struct acl *acl, const char *name, size_t name_length,
                const char *password, size_t length, struct acl_user **user)
{
    char hash[PASSWORD_HASH_SIZE];
    bool matches;

    *user = acl_find(acl, name, name_length);
    password_hash(password, length, hash);
    /* Somebody's hashes are compared when there is no such user, too. */
    matches = acl_user_has_hash(*user != NULL ? *user : acl->default_user,
                                hash);
    return *user != NULL && (*user)->on && ((*user)->no_password || matches);
}

/* ---- Permissions ---- */

/* The first channel that SELECTOR does not allow, or the count behind them. */
static size_t first_denied(const struct acl_selector *selector,
                           const struct acl_request *request)
{
    for (size_t i = 0; i < request->channel_count; i++) {
        const size_t word = request->first_channel + i;
        if (!acl_selector_channel(selector, request->words[word],
                                  request->lengths[word], request->patterns))
            return i;
    }
    return request->channel_count;
}

enum acl_verdict acl_check(const struct acl_user *user,
                           const struct acl_request *request, size_t *word)
{
    const bool has_second = request->count > 1;
    enum acl_verdict verdict = ACL_DENIED_COMMAND;

    if (user == NULL)
        return ACL_DENIED_COMMAND;
    if (user->unlimited)
        return ACL_ALLOWED;
    for (size_t i = 0; i < user->selector_count; i++) {
        const struct acl_selector *selector = &user->selectors[i];
        size_t denied;

        if (!acl_selector_command(selector, request->row,
                                  has_second ? request->words[1] : NULL,
                                  has_second ? request->lengths[1] : 0))
            continue;
        denied = first_denied(selector, request);
        if (denied == request->channel_count)
            return ACL_ALLOWED;
        /* Of several selectors the one that allowed most is told. */
        if (verdict == ACL_DENIED_COMMAND ||
            request->first_channel + denied > *word)
            *word = request->first_channel + denied;
        verdict = ACL_DENIED_CHANNEL;
    }
    return verdict;
}

/* ---- Exchanging all ---- */

struct acl *acl_new_like(const struct acl *acl)
{
    struct acl *fresh = new_with(acl_user_copy(acl->kept_default));

    fresh->terms = acl->terms;
    return fresh;
}

void acl_take(struct acl *acl, struct acl *fresh)
{
    struct acl_user *user;
    struct acl_user *next;

    HASH_ITER (hh, acl->users, user, next) {
        if (acl_find(fresh, user->name, strlen(user->name)) == NULL)
            acl_delete(acl, user);
    }
    HASH_ITER (hh, fresh->users, user, next) {
        HASH_DEL(fresh->users, user);
        acl_put(acl, user);
    }
    acl_free(fresh);
}
