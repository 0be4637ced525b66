/* Commands to other processes: words renamed, counted, tagged. */
#include "send.h"

#include "core_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MAX_WORDS 8
#define NAME_ID_LENGTH 8

void send_words(struct core *core, const struct instance *instance,
                struct channel *channel, enum action_wait wait,
                enum command_kind kind, uint64_t serial,
                const char *const *words, size_t count)
{
    struct command_tag tag = {
        .kind = kind, .instance = instance->id, .serial = serial};
    const char *renamed[MAX_WORDS];

    assert(channel->conn != 0);
    assert(count > 0 && count <= MAX_WORDS);
    memcpy(renamed, words, count * sizeof(*words));
    renamed[0] = option_renamed(&instance->master->options, words[0]);
    emit_send(&core->out, wait, channel->conn, tag, renamed, count);
    if (channel == &channel->link->command)
        channel->link->pending++;
}

static void send_auth(struct core *core, const struct instance *instance,
                      struct channel *channel)
{
    const struct master_options *options = &instance->master->options;
    const char *user = options->auth_user;
    const char *password = options->auth_pass;
    const char *words[3] = {"AUTH"};
    size_t count = 1;

    if (instance->kind == KIND_SENTINEL) {
        password = core->global.sentinel_pass;
        user = password != NULL ? core->global.sentinel_user : NULL;
        if (password == NULL)
            password = core->global.requirepass;
    }
    if (password == NULL)
        return;
    if (user != NULL)
        words[count++] = user;
    words[count++] = password;
    send_words(core, instance, channel, WAIT_NOTHING, COMMAND_AUTH, 0, words,
               count);
}

void send_greeting(struct core *core, const struct instance *instance,
                   struct channel *channel, const char *suffix)
{
    char name[64];
    const char *words[] = {"CLIENT", "SETNAME", name};

    snprintf(name, sizeof(name), "sentinel-%.*s-%s", NAME_ID_LENGTH, core->id,
             suffix);
    send_auth(core, instance, channel);
    send_words(core, instance, channel, WAIT_NOTHING, COMMAND_SETNAME, 0, words,
               3);
}

bool send_allowed(const struct link *link)
{
    return link->command.conn != 0 &&
           link->pending < MAX_PENDING_COMMANDS * link->user_count;
}
