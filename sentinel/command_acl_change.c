/* ACL SETUSER, DELUSER, SAVE and LOAD: users change, and with them what their
 * clients may do. */
#include "../lib/xalloc.h"
#include "acl.h"
#include "command_table.h"
#include "log.h"
#include "server.h"
#include "settings.h"
#include "store_tasks.h"

#include <stdlib.h>
#include <string.h>

#define USERS_LIMIT 10000

/* ---- SETUSER ---- */

static void tell_failure(struct call *call, struct acl_failure *failure)
{
    if (failure->reason == NULL)
        resp_errorf(call->out,
                    "ERR Unmatched parenthesis in acl selector starting at "
                    "'%.512s'.",
                    failure->rule);
    else
        resp_errorf(call->out, "ERR Error in ACL SETUSER modifier '%.512s': %s",
                    failure->rule, failure->reason);
    free(failure->owned);
}

/* What the user becomes, or a new one; NULL after an error. */
static struct acl_user *changed_user(struct call *call,
                                     const struct acl_user *old)
{
    const struct acl_terms *terms = acl_terms(call->context->settings->acl);
    struct acl_user *user = old != NULL ? acl_user_copy(old)
                                        : acl_user_new(terms, call->words[2]);
    struct acl_failure failure;

    if (acl_user_apply(user, terms, (const char *const *)call->words + 3,
                       call->lengths + 3, call->count - 3, &failure) == 0)
        return user;
    tell_failure(call, &failure);
    acl_user_free(user);
    return NULL;
}

/* A change of one user, or of all; and who asked for it. */
struct change {
    const struct acl_user *before; /* of one user: it is this one */
    const struct acl_user *now;    /* NULL: it goes */
    const struct acl *fresh;       /* of all: what they become */
    uint64_t asker;
};

static void check_client(void *arg, struct client *client)
{
    const struct change *change = arg;
    const struct acl_user *user = client->user;
    const struct acl_user *now = change->now;

    if (user == NULL || (change->fresh == NULL && user != change->before))
        return;
    if (change->fresh != NULL)
        now = acl_find(change->fresh, user->name, strlen(user->name));
    if (now == NULL || command_loses_channel(client, user, now))
        command_expel(client, change->asker);
}

/* Disconnects clients whose user goes, and those that lose a channel they have
 * subscribed to. To be called before the change is made. */
static void check_clients(struct context *context, struct change change)
{
    server_visit_clients(context->server, check_client, &change);
}

void command_acl_setuser(struct call *call)
{
    struct acl *acl = call->context->settings->acl;
    struct acl_user *old = acl_find(acl, call->words[2], call->lengths[2]);
    struct acl_user *user;

    if (old == NULL && !acl_user_name_fits(call->words[2], call->lengths[2])) {
        resp_error(call->out,
                   strpbrk(call->words[2], " ") != NULL ||
                           !command_word_clean(call, 2)
                       ? "ERR Usernames can't contain spaces or null "
                         "characters"
                       : "ERR Usernames can't be empty, longer than 1024 "
                         "bytes, or contain control characters");
        return;
    }
    if (old == NULL && acl_count(acl) >= USERS_LIMIT) {
        resp_errorf(call->out, "ERR more than %d users", USERS_LIMIT);
        return;
    }
    user = changed_user(call, old);
    if (user == NULL)
        return;
    if (old != NULL)
        check_clients(call->context,
                      (struct change){.before = old,
                                      .now = user,
                                      .asker = call->client->id});
    acl_put(acl, user);
    resp_status(call->out, "OK");
}

/* ---- DELUSER ---- */

void command_acl_deluser(struct call *call)
{
    struct acl *acl = call->context->settings->acl;
    int64_t deleted = 0;

    for (size_t i = 2; i < call->count; i++) {
        if (acl_find(acl, call->words[i], call->lengths[i]) ==
            acl_default(acl)) {
            resp_error(call->out, "ERR The 'default' user cannot be removed");
            return;
        }
    }
    for (size_t i = 2; i < call->count; i++) {
        struct acl_user *user = acl_find(acl, call->words[i], call->lengths[i]);
        if (user == NULL)
            continue;
        check_clients(
            call->context,
            (struct change){.before = user, .asker = call->client->id});
        acl_delete(acl, user);
        deleted++;
    }
    resp_integer(call->out, deleted);
}

/* ---- SAVE and LOAD ---- */

/* A client that waits for the ACL file. */
struct waiter {
    struct context *context;
    uint64_t client;
};

static struct waiter *wait_for_file(struct call *call)
{
    struct waiter *waiter = xcalloc(1, sizeof(*waiter));

    waiter->context = call->context;
    waiter->client = call->client->id;
    call->client->waiting = true;
    call->sent = true;
    return waiter;
}

/* Answers it, if it is still there, and frees WAITER. */
static void answer(struct waiter *waiter, const char *error)
{
    struct client *client = server_client(waiter->context->server,
                                          waiter->client);
    struct answer reply = {.type = error == NULL ? ANSWER_OK : ANSWER_ERROR,
                           .text = error};

    free(waiter);
    if (client == NULL)
        return;
    command_answer(client, &reply);
    client_answered(client);
}

static void saved(void *arg, const char *text, size_t length, const char *error)
{
    struct waiter *waiter = arg;

    (void)text;
    (void)length;
    if (error != NULL)
        log_printf(LEVEL_WARNING, "The ACL file could not be saved: %s", error);
    answer(waiter, error == NULL
                       ? NULL
                       : "ERR There was an error trying to save the ACLs. "
                         "Please check the server logs for more information");
}

static void answer_error(struct waiter *waiter, const char *context,
                         const char *error)
{
    struct text text = {0};

    text_add(&text, "ERR ");
    text_add(&text, context);
    text_add(&text, error);
    answer(waiter, text.data);
    free(text.data);
}

static void loaded(void *arg, const char *text, size_t length,
                   const char *error)
{
    struct waiter *waiter = arg;
    struct context *context = waiter->context;
    struct settings *settings = context->settings;
    struct acl *fresh;
    char *errors;

    if (error != NULL) {
        answer_error(waiter, "Error loading ACLs, opening file ", error);
        return;
    }
    fresh = acl_read(settings->acl, settings->acl_file, text, length, &errors);
    if (fresh == NULL) {
        answer_error(waiter, "", errors);
        free(errors);
        return;
    }
    check_clients(context,
                  (struct change){.fresh = fresh, .asker = waiter->client});
    acl_take(settings->acl, fresh);
    answer(waiter, NULL);
}

void command_acl_file(struct call *call)
{
    const struct settings *settings = call->context->settings;
    struct store_tasks *tasks = call->context->tasks;

    if (settings->acl_file == NULL) {
        resp_error(call->out,
                   "ERR This Redis instance is not configured to use an ACL "
                   "file. You may want to specify users via the ACL SETUSER "
                   "command and then issue a CONFIG REWRITE (assuming you have "
                   "a Redis configuration file set) in order to store users in "
                   "the Redis configuration.");
    } else if (strcmp(call->command->name, "acl|load") == 0) {
        store_tasks_read(tasks, settings->acl_file, loaded,
                         wait_for_file(call));
    } else {
        store_tasks_write(tasks, settings->acl_file, acl_write(settings->acl),
                          saved, wait_for_file(call));
    }
}
