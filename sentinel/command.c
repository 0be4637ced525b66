/* Runs requests of clients: finds the row, checks what all commands have in
 * common, and brings answers of the core into the client's protocol. */
#include "command.h"

#include "../lib/option.h"
#include "command_table.h"
#include "driver.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SHOWN_LIMIT 128 /* bytes of a wrong request repeated in an error */

/* ---- What the handlers share ---- */

bool command_word_is(const struct call *call, size_t index, const char *second)
{
    return call->lengths[index] == strlen(second) &&
           strcasecmp(call->words[index], second) == 0;
}

bool command_word_clean(const struct call *call, size_t index)
{
    return strlen(call->words[index]) == call->lengths[index];
}

bool command_names_fit(struct call *call, size_t first)
{
    if (call->count - first <= COMMAND_NAMES_LIMIT)
        return true;
    resp_errorf(call->out, "ERR more than %d names in one request",
                COMMAND_NAMES_LIMIT);
    return false;
}

bool command_word_number(const struct call *call, size_t index, int64_t *number)
{
    return command_word_clean(call, index) &&
           option_parse_number(call->words[index], number);
}

void command_no_such_master(struct call *call)
{
    resp_error(call->out, "ERR No such master with that name");
}

void command_send(struct call *call, struct request *request)
{
    request->client = call->client->id;
    call->client->waiting = true;
    call->sent = true;
    driver_request(call->context->driver, request);
}

/* ---- Errors that come before any handler ---- */

/* Appends to an error text of limited size; what does not fit is cut. */
struct error_text {
    char text[3 * SHOWN_LIMIT + 128];
    size_t length;
};

static void error_append(struct error_text *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void error_append(struct error_text *error, const char *format, ...)
{
    const size_t room = sizeof(error->text) - error->length;
    va_list arguments;
    int written;

    va_start(arguments, format);
    written = vsnprintf(error->text + error->length, room, format, arguments);
    va_end(arguments);
    assert(written >= 0 && (size_t)written < room);
    error->length += (size_t)written;
}

static void unknown_command(const struct call *call)
{
    struct error_text error = {.length = 0};
    size_t begin;

    error_append(&error,
                 "ERR unknown command '%.*s', with args "
                 "beginning with: ",
                 SHOWN_LIMIT, call->words[0]);
    begin = error.length;
    for (size_t i = 1; i < call->count; i++) {
        const size_t used = error.length - begin;
        if (used >= SHOWN_LIMIT)
            break;
        error_append(&error, "'%.*s' ", (int)(SHOWN_LIMIT - used),
                     call->words[i]);
    }
    resp_error(call->out, error.text);
}

static void unknown_subcommand(const struct call *call)
{
    struct error_text error = {.length = 0};
    const size_t length = strnlen(call->words[0], SHOWN_LIMIT);

    error_append(&error, "ERR unknown subcommand '%.*s'. Try ", SHOWN_LIMIT,
                 call->words[1]);
    for (size_t i = 0; i < length; i++)
        error_append(&error, "%c", toupper((unsigned char)call->words[0][i]));
    error_append(&error, " HELP.");
    resp_error(call->out, error.text);
}

bool command_exists(const char *name)
{
    return command_find(name, strlen(name)) != NULL;
}

/* Finds the row; NULL after an error reply. */
static const struct command *find_command(const struct call *call)
{
    const struct command *command = command_lookup(
        call->context, call->words[0], call->lengths[0]);

    if (command == NULL) {
        unknown_command(call);
        return NULL;
    }
    if ((command->traits & TRAIT_CONTAINER) && call->count > 1) {
        const struct command *sub = command_find_sub(command, call->words[1],
                                                     call->lengths[1]);
        if (sub == NULL) {
            unknown_subcommand(call);
            return NULL;
        }
        command = sub;
    }
    if (!command_arity_fits(command, call->count)) {
        resp_errorf(call->out, "ERR wrong number of arguments for '%s' command",
                    command->name);
        return NULL;
    }
    return command;
}

/* Whether the client may run it now; else an error reply. Unknown commands
 * and wrong numbers of arguments are told even before authentication. */
static bool allowed(struct call *call)
{
    const struct command *command = call->command;
    const struct client *client = call->client;

    if (!(command->traits & TRAIT_NO_AUTH) && !command_authenticated(client)) {
        resp_error(call->out, "NOAUTH Authentication required.");
        return false;
    }
    if (!command_permitted(call))
        return false;
    /* In RESP2 replies and messages cannot be told apart. */
    if (client_subscribed(client) && client->output.proto == 2 &&
        !(command->traits & TRAIT_SUBSCRIBED)) {
        resp_errorf(call->out,
                    "ERR Can't execute '%s': only (P|S)SUBSCRIBE / "
                    "(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
                    "this context",
                    command->name);
        return false;
    }
    return true;
}

static void run(struct call *call)
{
    call->command = find_command(call);
    if (call->command == NULL)
        return;
    call->client->last_command = call->command->name;
    call->core = driver_core(call->context->driver);
    call->now_ms = driver_now(call->context->driver);
    if (!allowed(call))
        return;
    call->command->run(call);
}

void command_run(struct client *client, const struct resp_request *request)
{
    const size_t before = client->output.length;
    struct call call = {.client = client,
                        .context = client->context,
                        .words = request->words,
                        .lengths = request->lengths,
                        .count = request->count,
                        .out = &client->output};

    assert(request->count > 0);
    call.context->commands_processed++;
    client->reply_skip = client->reply_skip_next;
    client->reply_skip_next = false;
    run(&call);
    if (call.sent)
        return; /* command_answer() has replied, or will */
    if (client->output.length > before && client->output.data[before] == '-')
        call.context->error_replies++;
    /* The handler of CLIENT REPLY has already set what is valid for it. */
    if (client->reply_off || client->reply_skip)
        client->output.length = before;
    client->reply_skip = false;
}

/* ---- Answers of the core ---- */

static void append_answer(struct client *client, const struct answer *answer)
{
    struct resp_writer *out = &client->output;

    switch (answer->type) {
    case ANSWER_OK:
        resp_status(out, "OK");
        break;
    case ANSWER_ERROR:
        client->context->error_replies++;
        resp_error(out, answer->text);
        break;
    case ANSWER_INTEGER:
        resp_integer(out, answer->integer);
        break;
    case ANSWER_DOWN:
        resp_array(out, 3);
        resp_integer(out, answer->integer);
        resp_text(out, answer->text);
        resp_integer(out, (int64_t)answer->epoch);
        break;
    }
}

void command_answer(struct client *client, const struct answer *answer)
{
    const size_t before = client->output.length;

    command_config_done(client, answer);
    append_answer(client, answer);
    if (client->reply_off || client->reply_skip)
        client->output.length = before;
    client->reply_skip = false;
}
