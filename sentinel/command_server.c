/* Commands about the connection and the process: PING, AUTH, HELLO, QUIT,
 * RESET, SHUTDOWN, ROLE. */
#include "command_table.h"

#include "../lib/xalloc.h"
#include "daemon.h"
#include "pubsub.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

/* What clients of Redis are told: they switch features on by it. */
#define REDIS_VERSION "7.0.15"
#define NAME_LIMIT 1024

void command_ping(struct call *call)
{
    struct resp_writer *out = call->out;

    if (call->count > 2) {
        resp_error(out, "ERR wrong number of arguments for 'ping' command");
        return;
    }
    if (client_subscribed(call->client) && out->proto == 2) {
        resp_array(out, 2);
        resp_text(out, "pong");
        if (call->count == 2)
            resp_bulk(out, call->words[1], call->lengths[1]);
        else
            resp_bulk(out, "", 0);
    } else if (call->count == 2) {
        resp_bulk(out, call->words[1], call->lengths[1]);
    } else {
        resp_status(out, "PONG");
    }
}

/* ---- Logging in ---- */

/* A user's name, for a log-in. */
struct name {
    const char *text;
    size_t length;
};

/* Logs in as USER with the password at that word; false after an error. */
static bool log_in(struct call *call, struct name user, size_t password)
{
    const struct acl *acl = call->context->settings->acl;
    const bool hello = call->command->run == command_hello;
    struct acl_user *found;

    if (!acl_log_in(acl, user.text, user.length, call->words[password],
                    call->lengths[password], &found)) {
        command_log_denial(call, "auth", hello ? "HELLO" : "AUTH",
                           hello ? 5 : 4, user.text, user.length);
        resp_error(call->out, "WRONGPASS invalid username-password pair or "
                              "user is disabled.");
        return false;
    }
    call->client->user = found;
    call->client->authenticated = true;
    return true;
}

static struct name name_at(const struct call *call, size_t index)
{
    return (struct name){call->words[index], call->lengths[index]};
}

/* AUTH <password>: the default user's. */
static void log_in_default(struct call *call)
{
    const struct acl *acl = call->context->settings->acl;
    const struct name name = {ACL_DEFAULT_USER, strlen(ACL_DEFAULT_USER)};

    if (acl_default(acl)->no_password)
        resp_error(call->out,
                   "ERR AUTH <password> called without any password "
                   "configured for the default user. Are you sure your "
                   "configuration is correct?");
    else if (log_in(call, name, 1))
        resp_status(call->out, "OK");
}

void command_auth(struct call *call)
{
    if (call->count == 2)
        log_in_default(call);
    else if (call->count > 3)
        resp_error(call->out, "ERR syntax error");
    else if (log_in(call, name_at(call, 1), 2))
        resp_status(call->out, "OK");
}

/* ---- HELLO ---- */

bool command_set_name(struct call *call, size_t index)
{
    const char *name = call->words[index];

    for (size_t i = 0; i < call->lengths[index]; i++) {
        if (name[i] >= '!' && name[i] <= '~')
            continue;
        resp_error(call->out, "ERR Client names cannot contain spaces, "
                              "newlines or special characters.");
        return false;
    }
    if (call->lengths[index] > NAME_LIMIT) {
        resp_errorf(call->out,
                    "ERR Client names cannot be longer than %d "
                    "bytes.",
                    NAME_LIMIT);
        return false;
    }
    xreplace(&call->client->name, name);
    return true;
}

/* Positions of what the options of HELLO name; 0: not given. */
struct hello_options {
    size_t auth; /* the user; the password follows */
    size_t name;
};

static bool parse_hello(struct call *call, struct hello_options *options)
{
    size_t i = 2;

    while (i < call->count) {
        const size_t more = call->count - i - 1;
        if (command_word_is(call, i, "auth") && more >= 2) {
            options->auth = i + 1;
            i += 3;
        } else if (command_word_is(call, i, "setname") && more >= 1) {
            options->name = i + 1;
            i += 2;
        } else {
            resp_errorf(call->out, "ERR Syntax error in HELLO option '%.128s'",
                        call->words[i]);
            return false;
        }
    }
    return true;
}

/* The version asked for; 0 after an error. Without one it stays. */
static int hello_version(struct call *call)
{
    int64_t version;

    if (call->count == 1)
        return call->out->proto;
    if (!command_word_number(call, 1, &version)) {
        resp_error(call->out,
                   "ERR Protocol version is not an integer or out of range");
        return 0;
    }
    if (version != 2 && version != 3) {
        resp_error(call->out, "NOPROTO unsupported protocol version");
        return 0;
    }
    return (int)version;
}

static void hello_reply(struct call *call)
{
    struct resp_writer *out = call->out;

    resp_map(out, 6);
    resp_text(out, "server");
    resp_text(out, "redis");
    resp_text(out, "version");
    resp_text(out, REDIS_VERSION);
    resp_text(out, "proto");
    resp_integer(out, out->proto);
    resp_text(out, "id");
    resp_integer(out, (int64_t)call->client->id);
    resp_text(out, "mode");
    resp_text(out, "sentinel");
    resp_text(out, "modules");
    resp_array(out, 0);
}

void command_hello(struct call *call)
{
    struct hello_options options = {0};
    const int version = hello_version(call);

    if (version == 0 || !parse_hello(call, &options))
        return;
    if (options.auth != 0 &&
        !log_in(call, name_at(call, options.auth), options.auth + 1))
        return;
    if (!command_authenticated(call->client)) {
        resp_error(call->out,
                   "NOAUTH HELLO must be called with the client already "
                   "authenticated, otherwise the HELLO AUTH <user> <pass> "
                   "option can be used to authenticate the client and select "
                   "the RESP protocol version at the same time");
        return;
    }
    if (options.name != 0 && !command_set_name(call, options.name))
        return;
    call->out->proto = version;
    hello_reply(call);
}

/* ---- The end of connections and of the process ---- */

void command_quit(struct call *call)
{
    resp_status(call->out, "OK");
    call->client->close_after_reply = true;
}

void command_reset(struct call *call)
{
    struct client *client = call->client;

    pubsub_forget(call->context->pubsub, client);
    xreplace(&client->name, NULL);
    client->user = acl_default(call->context->settings->acl);
    client->authenticated = !settings_password_required(
        call->context->settings);
    client->reply_off = client->reply_skip = false;
    client->output.proto = 2;
    resp_status(call->out, "RESET");
}

/* What is to be saved is saved in any case, so SAVE, NOSAVE, NOW and FORCE
 * make no difference; the words are checked all the same. */
void command_shutdown(struct call *call)
{
    bool abort_given = false;
    bool save_given = false;
    bool nosave_given = false;

    for (size_t i = 1; i < call->count; i++) {
        if (command_word_is(call, i, "save") && !nosave_given) {
            save_given = true;
        } else if (command_word_is(call, i, "nosave") && !save_given) {
            nosave_given = true;
        } else if (command_word_is(call, i, "abort")) {
            abort_given = true;
        } else if (!command_word_is(call, i, "now") &&
                   !command_word_is(call, i, "force")) {
            resp_error(call->out, "ERR syntax error");
            return;
        }
    }
    if (abort_given && call->count > 2) {
        resp_error(call->out, "ERR syntax error");
        return;
    }
    if (abort_given) {
        resp_error(call->out, "ERR No shutdown in progress.");
        return;
    }
    daemon_shutdown(call->context);
}

/* ---- ROLE ---- */

static void put_name(void *arg, const struct core_view *view)
{
    resp_text(arg, view->name);
}

void command_role(struct call *call)
{
    struct core_totals totals;

    core_totals(call->core, call->now_ms, &totals);
    resp_array(call->out, 2);
    resp_text(call->out, "sentinel");
    resp_array(call->out, totals.masters);
    core_visit_masters(call->core, call->now_ms, put_name, call->out);
}
