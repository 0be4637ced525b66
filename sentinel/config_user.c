/* ACL users: `user` lines of the file and of an ACL file. Only the default
 * user with all rights can be obeyed; anything narrower is refused rather than
 * taken for more than it grants. */
#include "../lib/xalloc.h"
#include "config_internal.h"
#include "password.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the rules of a user add up to. A defined user starts with nothing. */
struct rights {
    bool on;
    bool no_password;
    bool all_channels;
    bool channel_rule; /* any rule about channels was given */
    bool all_commands;
    bool narrowed; /* a rule that takes away or adds only a part */
    char *clear;   /* last password in clear */
    char **hashes;
    size_t hash_count;
};

static void forget_passwords(struct rights *rights)
{
    for (size_t i = 0; i < rights->hash_count; i++)
        free(rights->hashes[i]);
    free(rights->hashes);
    rights->hashes = NULL;
    rights->hash_count = 0;
    xreplace(&rights->clear, NULL);
}

static void add_hash(struct rights *rights, const char *hash)
{
    rights->no_password = false;
    for (size_t i = 0; i < rights->hash_count; i++) {
        if (strcmp(rights->hashes[i], hash) == 0)
            return;
    }
    rights->hashes = xrealloc(rights->hashes, (rights->hash_count + 1) *
                                                  sizeof(*rights->hashes));
    rights->hashes[rights->hash_count++] = xstrdup(hash);
}

static void remove_hash(struct rights *rights, const char *hash)
{
    for (size_t i = 0; i < rights->hash_count; i++) {
        if (strcmp(rights->hashes[i], hash) != 0)
            continue;
        free(rights->hashes[i]);
        rights->hashes[i] = rights->hashes[--rights->hash_count];
        return;
    }
}

/* Rules that begin with > < # or !. */
static bool apply_password(struct rights *rights, const char *rule)
{
    char hash[PASSWORD_HASH_SIZE];
    bool clear = rule[0] == '>' || rule[0] == '<';

    if (clear)
        password_hash(rule + 1, strlen(rule + 1), hash);
    else if (password_is_hash(rule + 1))
        memcpy(hash, rule + 1, sizeof(hash));
    else
        return false;
    if (rule[0] == '>' || rule[0] == '#')
        add_hash(rights, hash);
    else
        remove_hash(rights, hash);
    if (rule[0] == '>')
        xreplace(&rights->clear, rule + 1);
    else if (rule[0] == '<' && rights->clear != NULL &&
             strcmp(rights->clear, rule + 1) == 0)
        xreplace(&rights->clear, NULL);
    return true;
}

static bool is_one_of(const char *rule, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcasecmp(rule, *names) == 0)
            return true;
    }
    return false;
}

/* Rules that are one word. Returns false when RULE is none of them. */
static bool apply_word(struct rights *rights, const char *rule)
{
    static const char *const no_effect[] = {
        "sanitize-payload", "skip-sanitize-payload",
        "clearselectors",   "allkeys",
        "resetkeys",        NULL};

    if (is_one_of(rule, no_effect))
        return true;
    if (strcasecmp(rule, "on") == 0 || strcasecmp(rule, "off") == 0) {
        rights->on = strcasecmp(rule, "on") == 0;
    } else if (strcasecmp(rule, "nopass") == 0) {
        forget_passwords(rights);
        rights->no_password = true;
    } else if (strcasecmp(rule, "resetpass") == 0) {
        forget_passwords(rights);
        rights->no_password = false;
    } else if (is_one_of(rule, (const char *[]){"allchannels", "&*", NULL})) {
        rights->all_channels = true;
        rights->channel_rule = true;
    } else if (strcasecmp(rule, "resetchannels") == 0) {
        rights->all_channels = false;
        rights->channel_rule = true;
    } else if (is_one_of(rule,
                         (const char *[]){"allcommands", "+@all", NULL})) {
        rights->all_commands = true;
        rights->narrowed = false;
    } else if (is_one_of(rule, (const char *[]){"nocommands", "-@all", NULL})) {
        rights->all_commands = false;
        rights->narrowed = false;
    } else if (strcasecmp(rule, "reset") == 0) {
        forget_passwords(rights);
        *rights = (struct rights){0};
    } else {
        return false;
    }
    return true;
}

/* Returns false when RULE has bad syntax. */
static bool apply_rule(struct rights *rights, const char *rule)
{
    if (apply_word(rights, rule))
        return true;
    switch (rule[0]) {
    case '>':
    case '<':
    case '#':
    case '!':
        return apply_password(rights, rule);
    case '&': /* some channels, which is less than all */
        rights->channel_rule = true;
        return rule[1] != '\0';
    case '~': /* keys play no role here */
    case '%':
    case '+': /* no more than what +@all gives */
        return rule[1] != '\0';
    case '-':
        rights->narrowed = true;
        return rule[1] != '\0';
    case '(':
        rights->narrowed = true;
        return true;
    default:
        return false;
    }
}

static const char *check(const struct rights *rights)
{
    if (!rights->on)
        return "Error in user declaration 'user': the default user cannot be "
               "switched off in this version";
    if (!rights->all_commands || rights->narrowed)
        return "Error in user declaration 'user': this version can only give "
               "all commands to the default user: +@all";
    if (!rights->all_channels && rights->channel_rule)
        return "Error in user declaration 'user': this version can only give "
               "all channels to the default user: &*";
    if (!rights->no_password && rights->hash_count == 0)
        return "Error in user declaration 'user': the default user has "
               "neither a password nor nopass, so nobody could log in";
    return NULL;
}

/* Client authentication follows the user's rules from now on, in place of
 * requirepass, which stays the password for the other sentinels. */
static void take_over(struct config_reader *reader, struct rights *rights)
{
    struct settings *settings = reader->settings;

    for (size_t i = 0; i < settings->password_hash_count; i++)
        free(settings->password_hashes[i]);
    free(settings->password_hashes);
    settings->password_hashes = rights->hashes;
    settings->password_hash_count = rights->hash_count;
    xreplace(&settings->requirepass, rights->clear);
    if (rights->clear != NULL && reader->state->global.requirepass == NULL)
        xreplace(&reader->state->global.requirepass, rights->clear);
    rights->hashes = NULL;
    rights->hash_count = 0;
    reader->user_default = true;
    /* Files written by versions without channel rules mean all of them. */
    if (!rights->channel_rule)
        settings_note(settings, LEVEL_WARNING,
                      "The line 'user default' says nothing of channels: all "
                      "are granted, as if it held &*");
}

const char *config_user(struct config_reader *reader, char *const *words,
                        size_t count)
{
    struct rights rights = {0};
    const char *reason = NULL;

    if (count == 0)
        return "wrong number of arguments";
    if (strcmp(words[0], "default") != 0)
        return "Error in user declaration 'user': this version knows only the "
               "user 'default'";
    if (reader->user_default)
        return "Error in user declaration 'user': the user 'default' is "
               "declared twice";
    for (size_t i = 1; i < count && reason == NULL; i++) {
        if (!apply_rule(&rights, words[i]))
            reason = "Error in user declaration 'user': Syntax error";
    }
    if (reason == NULL)
        reason = check(&rights);
    if (reason == NULL)
        take_over(reader, &rights);
    forget_passwords(&rights);
    return reason;
}

static const char *read_users(struct config_reader *reader, FILE *stream,
                              const char *path)
{
    struct config_words words = {0};
    const char *reason = NULL;
    char *line = NULL;
    size_t capacity = 0;
    size_t number = 0;
    ssize_t got;

    while (reason == NULL && (got = getline(&line, &capacity, stream)) >= 0) {
        number++;
        if (config_words_split(&words, line, (size_t)got) != CONFIG_SPLIT_OK)
            reason = "Unbalanced quotes";
        else if (words.count == 0 || words.words[0][0] == '#')
            continue;
        else if (strcmp(words.words[0], "user") != 0)
            reason = "A line must begin with 'user'";
        else
            reason = config_user(reader, words.words + 1, words.count - 1);
    }
    if (reason != NULL) {
        snprintf(reader->reason, sizeof(reader->reason), "%s:%zu: %s", path,
                 number, reason);
        reason = reader->reason;
    }
    free(line);
    config_words_clear(&words);
    return reason;
}

const char *config_aclfile(struct config_reader *reader, const char *path)
{
    const char *reason;
    FILE *stream = fopen(path, "re");

    if (stream == NULL) {
        snprintf(reader->reason, sizeof(reader->reason),
                 "Can't open the ACL file '%s': %s", path, strerror(errno));
        return reader->reason;
    }
    reason = read_users(reader, stream, path);
    fclose(stream);
    return reason;
}
