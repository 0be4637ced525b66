/* ACL users of the configuration: `requirepass`, `user` lines, the ACL file. */
#include "../lib/xalloc.h"
#include "acl.h"
#include "acl_lines.h"
#include "config_internal.h"
#include "elsewhere.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *config_keep_user(struct config_reader *reader)
{
    if (reader->words.count < 2)
        return "Bad directive or wrong number of arguments";
    reader->users = xrealloc(reader->users,
                             (reader->user_count + 1) * sizeof(*reader->users));
    reader->users[reader->user_count++] = config_keep_line(&reader->line);
    return NULL;
}

/* ---- user lines ---- */

static const char *duplicate(struct config_reader *reader, const char *name)
{
    snprintf(reader->reason, sizeof(reader->reason),
             "Error in user declaration '%.128s': Duplicate user found. A user "
             "can only be defined once in config files",
             name);
    return reader->reason;
}

/* The line itself is shown, so the rule is named only where there are
 * several. */
static const char *refusal(struct config_reader *reader,
                           struct acl_failure *failure)
{
    const char *reason = failure->reason != NULL ? failure->reason
                                                 : "Unmatched parenthesis";

    if (reader->words.count > 3)
        snprintf(reader->reason, sizeof(reader->reason),
                 "Error in user declaration 'user': %s (rule '%.128s')", reason,
                 failure->rule);
    else
        snprintf(reader->reason, sizeof(reader->reason),
                 "Error in user declaration 'user': %s", reason);
    free(failure->owned);
    return reader->reason;
}

/* Tells the rewrite that the line need not stand in the main file. */
static void note_elsewhere(struct config_reader *reader)
{
    struct settings *settings = reader->settings;
    struct text group = {0};
    struct text line = {0};
    bool clear;

    if (settings->elsewhere == NULL)
        settings->elsewhere = elsewhere_new();
    if (acl_lines_canonical(acl_terms(settings->acl), reader->words.words,
                            reader->words.count, &group, &line, &clear))
        elsewhere_add(settings->elsewhere, group.data, line.data);
    free(group.data);
    free(line.data);
}

/* Obeys reader->line, whose words are split. The main file counts more than
 * what it includes, since users are written there when they change; the
 * command line counts most. */
static const char *declare(struct config_reader *reader)
{
    const unsigned place = (unsigned)reader->line.origin + 1;
    struct acl *acl = reader->settings->acl;
    const char *name = reader->words.words[1];
    const struct acl_user *known = acl_find(acl, name, strlen(name));
    struct acl_failure failure;
    struct acl_user *user;

    if (!acl_user_name_fits(name, strlen(name)))
        return "Error in user declaration 'user': a name must not be empty "
               "and can't contain spaces or control characters";
    if (known != NULL && known->declared == place)
        return duplicate(reader, name);
    user = acl_user_new(acl_terms(acl), name);
    if (acl_lines_apply(user, acl_terms(acl), reader->words.words + 2,
                        reader->words.count - 2, &failure) != 0) {
        acl_user_free(user);
        return refusal(reader, &failure);
    }
    user->declared = place;
    acl_put(acl, user);
    if (reader->line.origin != ORIGIN_MAIN)
        note_elsewhere(reader);
    return NULL;
}

static const char *declare_all(struct config_reader *reader)
{
    static const enum config_origin order[] = {ORIGIN_INCLUDE, ORIGIN_MAIN,
                                               ORIGIN_COMMAND_LINE};
    const char *reason;

    for (size_t pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < reader->user_count; i++) {
            if (reader->users[i].line.origin != order[pass])
                continue;
            reader->line = reader->users[i].line;
            (void)config_words_split(&reader->words, reader->line.text,
                                     reader->line.length);
            reason = declare(reader);
            if (reason != NULL)
                return reason;
        }
    }
    return NULL;
}

/* ---- The ACL file ---- */

/* `dir` has its last value by now, and what is written later must be the same
 * file. */
static void make_absolute(char **path)
{
    char directory[PATH_MAX];
    struct text text = {0};

    if (**path == '/' || getcwd(directory, sizeof(directory)) == NULL)
        return;
    text_add(&text, directory);
    text_add(&text, "/");
    text_add(&text, *path);
    free(*path);
    *path = text.data;
}

static const char *read_acl_file(struct config_reader *reader)
{
    struct settings *settings = reader->settings;
    struct acl *fresh = NULL;
    char *text = NULL;
    ssize_t length;

    reader->line = reader->acl_file.line;
    if (reader->user_count > 0)
        return "Users are declared by 'user' lines and in an ACL file: only "
               "one of both is possible. Move the lines there, or remove "
               "aclfile";
    make_absolute(&settings->acl_file);
    length = config_read_path(settings->acl_file, &text);
    if (length < 0) {
        snprintf(reader->reason, sizeof(reader->reason),
                 "Error loading ACLs, opening file '%.256s': %s",
                 settings->acl_file, strerror(errno));
        free(text);
        return reader->reason;
    }
    fresh = acl_read(settings->acl, settings->acl_file, text, (size_t)length,
                     &reader->long_reason);
    free(text);
    if (fresh == NULL)
        return reader->long_reason;
    acl_take(settings->acl, fresh);
    return NULL;
}

/* ---- All of it ---- */

static void set_default_password(struct config_reader *reader)
{
    const char *password = reader->state->global.requirepass;
    struct acl *acl = reader->settings->acl;
    struct acl_failure failure;
    struct text rule = {0};
    const char *rules[2] = {"resetpass", NULL};
    size_t lengths[2] = {strlen("resetpass"), 0};

    text_add(&rule, ">");
    text_add(&rule, password);
    rules[1] = rule.data;
    lengths[1] = rule.length;
    if (acl_user_apply(acl_default(acl), acl_terms(acl), rules, lengths, 2,
                       &failure) != 0)
        abort(); /* neither of them can be refused */
    free(rule.data);
}

/* What is easily overlooked. */
static void warn(struct config_reader *reader)
{
    const struct acl_user *user = acl_default(reader->settings->acl);
    const struct global_options *global = &reader->state->global;

    if (user->on && !acl_user_channel(user, "+switch-master", 14, false))
        settings_note(reader->settings, LEVEL_WARNING,
                      "The user 'default' may not use channels, so clients "
                      "that do not log in as somebody else get no notices: "
                      "add &* to its rules if that is not meant");
    if (!acl_password_required(reader->settings->acl) ||
        global->requirepass != NULL || global->sentinel_pass != NULL)
        return;
    settings_note(reader->settings, LEVEL_WARNING,
                  "Clients must log in, but neither requirepass nor 'sentinel "
                  "sentinel-pass' says how this sentinel can log in to "
                  "others");
}

const char *config_users_apply(struct config_reader *reader)
{
    const char *reason;

    if (reader->state->global.requirepass != NULL)
        set_default_password(reader);
    acl_keep_default(reader->settings->acl);
    reason = reader->settings->acl_file != NULL ? read_acl_file(reader)
                                                : declare_all(reader);
    if (reason == NULL)
        warn(reader);
    return reason;
}
