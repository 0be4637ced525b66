/* CLIENT: what concerns the connection it is given on. */
#include "command_table.h"

#include "../lib/xalloc.h"

#include <string.h>

#define INFO_LIMIT 256 /* bytes of a library's name or version */

void command_client_setname(struct call *call)
{
    if (command_set_name(call, 2))
        resp_status(call->out, "OK");
}

void command_client_getname(struct call *call)
{
    if (call->client->name != NULL)
        resp_text(call->out, call->client->name);
    else
        resp_null(call->out);
}

void command_client_id(struct call *call)
{
    resp_integer(call->out, (int64_t)call->client->id);
}

void command_client_setinfo(struct call *call)
{
    const char *value = call->words[3];
    char **slot;

    if (command_word_is(call, 2, "lib-name")) {
        slot = &call->client->lib_name;
    } else if (command_word_is(call, 2, "lib-ver")) {
        slot = &call->client->lib_version;
    } else {
        resp_errorf(call->out, "ERR Unrecognized option '%.128s'",
                    call->words[2]);
        return;
    }
    for (size_t i = 0; i < call->lengths[3]; i++) {
        if (value[i] >= '!' && value[i] <= '~' && i < INFO_LIMIT)
            continue;
        resp_errorf(call->out,
                    "ERR %s cannot contain spaces, newlines or special "
                    "characters.",
                    slot == &call->client->lib_name ? "lib-name" : "lib-ver");
        return;
    }
    xreplace(slot, value);
    resp_status(call->out, "OK");
}

/* Sets what command_run() and command_answer() obey. */
void command_client_reply(struct call *call)
{
    struct client *client = call->client;

    if (command_word_is(call, 2, "on")) {
        client->reply_off = false;
        client->reply_skip = false;
        resp_status(call->out, "OK");
    } else if (command_word_is(call, 2, "off")) {
        client->reply_off = true;
    } else if (command_word_is(call, 2, "skip")) {
        client->reply_skip_next = !client->reply_off;
    } else {
        resp_error(call->out, "ERR syntax error");
    }
}

/* ---- Accepted without effect, where there is nothing it could have: no
 * eviction, no keys, no command that blocks. ---- */

/* NO-EVICT and NO-TOUCH. */
void command_client_switch(struct call *call)
{
    if (command_word_is(call, 2, "on") || command_word_is(call, 2, "off"))
        resp_status(call->out, "OK");
    else
        resp_error(call->out, "ERR syntax error");
}

/* Whoever pauses clients means writes to data, and there are none here. To
 * keep the questions of other sentinels waiting could cost a failover. */
void command_client_pause(struct call *call)
{
    int64_t timeout_ms;

    if (call->count > 4)
        resp_error(call->out, "ERR unknown subcommand or wrong number of "
                              "arguments for 'PAUSE'. Try CLIENT HELP.");
    else if (call->count == 4 && !command_word_is(call, 3, "write") &&
             !command_word_is(call, 3, "all"))
        resp_error(call->out, "ERR CLIENT PAUSE mode must be WRITE or ALL");
    else if (!command_word_number(call, 2, &timeout_ms))
        resp_error(call->out, "ERR timeout is not an integer or out of range");
    else if (timeout_ms < 0)
        resp_error(call->out, "ERR timeout is negative");
    else
        resp_status(call->out, "OK");
}

void command_client_unpause(struct call *call)
{
    resp_status(call->out, "OK");
}

void command_client_unblock(struct call *call)
{
    int64_t id;

    if (call->count > 4)
        resp_error(call->out, "ERR unknown subcommand or wrong number of "
                              "arguments for 'UNBLOCK'. Try CLIENT HELP.");
    else if (call->count == 4 && !command_word_is(call, 3, "timeout") &&
             !command_word_is(call, 3, "error"))
        resp_error(call->out,
                   "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    else if (!command_word_number(call, 2, &id))
        resp_error(call->out, "ERR value is not an integer or out of range");
    else
        resp_integer(call->out, 0);
}

void command_client_tracking(struct call *call)
{
    if (command_word_is(call, 2, "off") && call->count == 3)
        resp_status(call->out, "OK");
    else if (command_word_is(call, 2, "on"))
        resp_error(call->out,
                   "ERR a sentinel has no keys that could be tracked");
    else
        resp_error(call->out, "ERR syntax error");
}

void command_client_trackinginfo(struct call *call)
{
    resp_map(call->out, 3);
    resp_text(call->out, "flags");
    resp_set(call->out, 1);
    resp_text(call->out, "off");
    resp_text(call->out, "redirect");
    resp_integer(call->out, -1);
    resp_text(call->out, "prefixes");
    resp_array(call->out, 0);
}

void command_client_caching(struct call *call)
{
    resp_error(call->out,
               "ERR CLIENT CACHING can be called only when the client is in "
               "tracking mode with OPTIN or OPTOUT mode enabled");
}

void command_client_getredir(struct call *call)
{
    resp_integer(call->out, -1);
}
