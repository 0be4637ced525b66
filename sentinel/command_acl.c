/* ACL: what is told of users and permissions. */
#include "acl.h"
#include "command_table.h"

#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define GENPASS_MAX_BITS 4096
#define GENPASS_DEFAULT_BITS 256

void command_acl_wrong_count(struct call *call, const char *name)
{
    resp_errorf(call->out,
                "ERR unknown subcommand or wrong number of arguments for '%s'. "
                "Try ACL HELP.",
                name);
}

static struct acl_user *find_user(const struct call *call, size_t index)
{
    return acl_find(call->context->settings->acl, call->words[index],
                    call->lengths[index]);
}

/* ---- CAT ---- */

static size_t put_category(struct call *call, struct resp_writer *out,
                           unsigned bit)
{
    const struct command *row;
    size_t count = 0;

    for (size_t n = 0; (row = command_row(n)) != NULL; n++) {
        if (!(row->categories & bit) || !command_listed(call->context, row))
            continue;
        count++;
        if (out != NULL)
            resp_text(out, row->name);
    }
    return count;
}

static void put_categories(struct resp_writer *out)
{
    size_t count = 0;

    while (acl_category_name(count) != NULL)
        count++;
    resp_array(out, count);
    for (size_t i = 0; i < count; i++)
        resp_text(out, acl_category_name(i));
}

void command_acl_cat(struct call *call)
{
    unsigned bit;

    if (call->count > 3) {
        command_acl_wrong_count(call, "CAT");
    } else if (call->count == 2) {
        put_categories(call->out);
    } else if (acl_category_find(call->words[2], call->lengths[2], &bit)) {
        resp_array(call->out, put_category(call, NULL, bit));
        put_category(call, call->out, bit);
    } else {
        resp_errorf(call->out, "ERR Unknown category '%.128s'", call->words[2]);
    }
}

/* ---- WHOAMI, USERS, LIST, GETUSER ---- */

void command_acl_whoami(struct call *call)
{
    const struct acl_user *user = call->client->user;

    resp_text(call->out, user != NULL ? user->name : ACL_DEFAULT_USER);
}

void command_acl_users(struct call *call)
{
    const struct acl *acl = call->context->settings->acl;

    resp_array(call->out, acl_count(acl));
    for (struct acl_user *user = acl_next(acl, NULL); user != NULL;
         user = acl_next(acl, user))
        resp_text(call->out, user->name);
}

void command_acl_list(struct call *call)
{
    const struct acl *acl = call->context->settings->acl;
    struct text line = {0};

    resp_array(call->out, acl_count(acl));
    for (struct acl_user *user = acl_next(acl, NULL); user != NULL;
         user = acl_next(acl, user)) {
        line.length = 0;
        acl_user_put(user, &line);
        resp_bulk(call->out, line.data, line.length);
    }
    free(line.data);
}

static void put_flags(struct resp_writer *out, const struct acl_user *user)
{
    resp_set(out, (size_t)1 + user->no_password +
                      (user->sanitize != SANITIZE_DEFAULT));
    resp_text(out, user->on ? "on" : "off");
    if (user->no_password)
        resp_text(out, "nopass");
    if (user->sanitize == SANITIZE_YES)
        resp_text(out, "sanitize-payload");
    else if (user->sanitize == SANITIZE_NO)
        resp_text(out, "skip-sanitize-payload");
}

typedef void put_rules(const struct acl_selector *selector, struct text *text);

static void put_field(struct resp_writer *out, const char *name, put_rules *put,
                      const struct acl_selector *selector)
{
    struct text text = {0};

    put(selector, &text);
    resp_text(out, name);
    resp_bulk(out, text.data != NULL ? text.data : "", text.length);
    free(text.data);
}

static void put_selector(struct resp_writer *out,
                         const struct acl_selector *selector)
{
    put_field(out, "commands", acl_selector_put_commands, selector);
    put_field(out, "keys", acl_selector_put_keys, selector);
    put_field(out, "channels", acl_selector_put_channels, selector);
}

void command_acl_getuser(struct call *call)
{
    const struct acl_user *user = find_user(call, 2);
    struct resp_writer *out = call->out;

    if (user == NULL) {
        resp_null(out);
        return;
    }
    resp_map(out, 6);
    resp_text(out, "flags");
    put_flags(out, user);
    resp_text(out, "passwords");
    resp_array(out, user->hash_count);
    for (size_t i = 0; i < user->hash_count; i++)
        resp_text(out, user->hashes[i]);
    put_selector(out, &user->selectors[0]);
    resp_text(out, "selectors");
    resp_array(out, user->selector_count - 1);
    for (size_t i = 1; i < user->selector_count; i++) {
        resp_map(out, 3);
        put_selector(out, &user->selectors[i]);
    }
}

/* ---- GENPASS ---- */

static void random_digits(char *digits, size_t count)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[GENPASS_MAX_BITS / 4];
    size_t filled = 0;

    while (filled < count) {
        const ssize_t got = getrandom(bytes + filled, count - filled, 0);
        if (got < 0 && errno != EINTR)
            abort(); /* a password that can be guessed is worse than none */
        filled += got > 0 ? (size_t)got : 0;
    }
    for (size_t i = 0; i < count; i++)
        digits[i] = hex[bytes[i] & 15];
}

void command_acl_genpass(struct call *call)
{
    char digits[GENPASS_MAX_BITS / 4];
    int64_t bits = GENPASS_DEFAULT_BITS;
    size_t count;

    if (call->count > 3) {
        command_acl_wrong_count(call, "GENPASS");
        return;
    }
    if (call->count == 3 && !command_word_number(call, 2, &bits)) {
        resp_error(call->out, "ERR value is not an integer or out of range");
        return;
    }
    if (bits <= 0 || bits > GENPASS_MAX_BITS) {
        resp_errorf(call->out,
                    "ERR ACL GENPASS argument must be the number of bits for "
                    "the output password, a positive number up to %d",
                    GENPASS_MAX_BITS);
        return;
    }
    count = (size_t)(bits + 3) / 4;
    random_digits(digits, count);
    resp_bulk(call->out, digits, count);
}

/* ---- DRYRUN ---- */

/* The command that the words from the fourth on name; NULL after an error. */
static const struct command *find_dry(struct call *call)
{
    const struct command *command = command_lookup(
        call->context, call->words[3], call->lengths[3]);

    if (command != NULL && (command->traits & TRAIT_CONTAINER) &&
        call->count > 4)
        command = command_find_sub(command, call->words[4], call->lengths[4]);
    if (command == NULL) {
        resp_errorf(call->out, "ERR Command '%.128s' not found",
                    call->words[3]);
        return NULL;
    }
    if (!command_arity_fits(command, call->count - 3)) {
        resp_errorf(call->out, "ERR wrong number of arguments for '%s' command",
                    command->name);
        return NULL;
    }
    return command;
}

static void reply_denied(struct call *call, const char *before,
                         const char *what, size_t length, const char *after)
{
    struct text text = {0};

    text_add(&text, before);
    text_add_bytes(&text, what, length);
    text_add(&text, after);
    resp_bulk(call->out, text.data, text.length);
    free(text.data);
}

void command_acl_dryrun(struct call *call)
{
    const struct acl_user *user = find_user(call, 2);
    const struct command *command;
    size_t word = 0;

    if (user == NULL) {
        resp_errorf(call->out, "ERR User '%.128s' not found", call->words[2]);
        return;
    }
    command = find_dry(call);
    if (command == NULL)
        return;
    switch (command_verdict(user, command, (const char *const *)call->words + 3,
                            call->lengths + 3, call->count - 3, &word)) {
    case ACL_ALLOWED:
        resp_status(call->out, "OK");
        break;
    case ACL_DENIED_COMMAND:
        reply_denied(call, "This user has no permissions to run the '",
                     command->name, strlen(command->name), "' command");
        break;
    case ACL_DENIED_CHANNEL:
        reply_denied(call, "This user has no permissions to access the '",
                     call->words[3 + word], call->lengths[3 + word],
                     "' channel");
        break;
    }
}
