/* Who may do what: checked before every command, and again for subscribers
 * when users change. */
#include "acl.h"
#include "acl_log.h"
#include "command_table.h"
#include "pubsub.h"
#include "settings.h"

#include <string.h>

bool command_authenticated(const struct client *client)
{
    return client->authenticated ||
           !settings_password_required(client->context->settings);
}

/* ---- ACL LOG ---- */

void command_log_denial(struct call *call, const char *reason,
                        const char *object, size_t object_length,
                        const char *user, size_t user_length)
{
    struct resp_writer line;

    if (call->context->acl_log == NULL)
        return;
    resp_writer_init(&line, 2);
    command_client_line(&line, call->client, call->now_ms);
    acl_log_add(call->context->acl_log, reason, object, object_length, user,
                user_length, line.data, line.length, call->now_ms);
    resp_writer_clear(&line);
}

/* ---- Commands ---- */

enum acl_verdict command_verdict(const struct acl_user *user,
                                 const struct command *command,
                                 const char *const *words,
                                 const size_t *lengths, size_t count,
                                 size_t *word)
{
    struct acl_request request = {.row = command_index(command),
                                  .words = words,
                                  .lengths = lengths,
                                  .count = count};

    if (command->traits & TRAIT_NO_AUTH)
        return ACL_ALLOWED;
    if (command->run == command_subscribe) {
        request.first_channel = 1;
        request.channel_count = count - 1;
        request.patterns = command->name[0] == 'p';
    } else if (command->run == command_publish) {
        request.first_channel = 1;
        request.channel_count = 1;
    }
    return acl_check(user, &request, word);
}

bool command_permitted(struct call *call)
{
    const struct acl_user *user = call->client->user;
    const char *name = user != NULL ? user->name : "";
    size_t word = 0;

    if (user != NULL && user->unlimited)
        return true; /* nearly everybody */
    switch (command_verdict(user, call->command,
                            (const char *const *)call->words, call->lengths,
                            call->count, &word)) {
    case ACL_ALLOWED:
        return true;
    case ACL_DENIED_COMMAND:
        command_log_denial(call, "command", call->command->name,
                           strlen(call->command->name), name, strlen(name));
        resp_errorf(call->out,
                    "NOPERM this user has no permissions to run the '%s' "
                    "command",
                    call->command->name);
        break;
    case ACL_DENIED_CHANNEL:
        command_log_denial(call, "channel", call->words[word],
                           call->lengths[word], name, strlen(name));
        resp_error(call->out, "NOPERM this user has no permissions to access "
                              "one of the channels used as arguments");
        break;
    }
    return false;
}

/* ---- Clients whose user changed ---- */

void command_expel(struct client *client, uint64_t asker)
{
    client->user = NULL;
    if (client->id == asker)
        client->close_after_reply = true; /* it gets its answer first */
    else
        client_close(client, "its user may no longer do what it does");
}

/* What one client has subscribed to, looked at for a change. */
struct narrowing {
    const struct acl_user *before;
    const struct acl_user *now;
    bool lost;
};

static void look_at_channel(void *arg, const char *name, size_t length,
                            bool pattern)
{
    struct narrowing *narrowing = arg;

    if (acl_user_channel(narrowing->before, name, length, pattern) &&
        !acl_user_channel(narrowing->now, name, length, pattern))
        narrowing->lost = true;
}

bool command_loses_channel(const struct client *client,
                           const struct acl_user *before,
                           const struct acl_user *now)
{
    struct narrowing narrowing = {.before = before, .now = now};

    if (!now->unlimited)
        pubsub_visit(client, look_at_channel, &narrowing);
    return narrowing.lost;
}
