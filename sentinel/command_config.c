/* SENTINEL CONFIG GET and SET. The log level is the process's own; all other
 * settings are the core's. */
#include "../lib/glob.h"
#include "command_table.h"

#include "../lib/xalloc.h"
#include "log.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEYS 7

static const char *const level_names[] = {"debug", "verbose", "notice",
                                          "warning", "nothing"};
#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

int command_level(const char *text)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (strcasecmp(text, level_names[i]) == 0)
            return (int)i;
    return -1;
}

const char *command_level_name(int level)
{
    return level >= 0 && (size_t)level < LEVELS ? level_names[level] : "";
}

struct pair {
    const char *key;
    const char *value;
};

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static const char *yes_no(bool value)
{
    return value ? "yes" : "no";
}

static void fill_pairs(struct pair pairs[KEYS],
                       const struct global_options *options,
                       const char *announce_port)
{
    pairs[0] = (struct pair){"resolve-hostnames",
                             yes_no(options->resolve_hostnames)};
    pairs[1] = (struct pair){"announce-hostnames",
                             yes_no(options->announce_hostnames)};
    pairs[2] = (struct pair){"announce-ip",
                             text_or_empty(options->announce_ip)};
    pairs[3] = (struct pair){"announce-port", announce_port};
    pairs[4] = (struct pair){"sentinel-user",
                             text_or_empty(options->sentinel_user)};
    pairs[5] = (struct pair){"sentinel-pass",
                             text_or_empty(options->sentinel_pass)};
    pairs[6] = (struct pair){"loglevel",
                             command_level_name((int)log_get_level())};
}

/* Several patterns are taken one after the other; each key is shown once. */
static void config_get(struct call *call)
{
    struct pair pairs[KEYS];
    const struct pair *shown[KEYS];
    bool taken[KEYS] = {false};
    size_t count = 0;
    char port[16];

    snprintf(port, sizeof(port), "%d", core_global(call->core)->announce_port);
    fill_pairs(pairs, core_global(call->core), port);
    for (size_t i = 3; i < call->count; i++) {
        for (size_t n = 0; n < KEYS; n++) {
            if (taken[n] || !command_word_clean(call, i) ||
                !glob_match_text(call->words[i], pairs[n].key, true))
                continue;
            taken[n] = true;
            shown[count++] = &pairs[n];
        }
    }
    resp_map(call->out, count);
    for (size_t i = 0; i < count; i++) {
        resp_text(call->out, shown[i]->key);
        resp_text(call->out, shown[i]->value);
    }
}

/* Finds loglevel among the pairs. Returns its level, -1 when it is not there,
 * -2 after an error reply. */
static int find_level(struct call *call)
{
    int found = -1;

    for (size_t i = 3; i < call->count; i += 2) {
        if (!command_word_is(call, i, "loglevel"))
            continue;
        if (i + 1 == call->count) {
            resp_errorf(call->out, "ERR Missing argument '%s' value",
                        call->words[i]);
            return -2;
        }
        if (found != -1) {
            resp_errorf(call->out,
                        "ERR Duplicate argument '%s' to SENTINEL CONFIG SET",
                        call->words[i]);
            return -2;
        }
        found = command_level(call->words[i + 1]);
        if (found == -1) {
            resp_errorf(call->out,
                        "ERR Invalid value '%s' to SENTINEL CONFIG SET '%s'",
                        call->words[i + 1], call->words[i]);
            return -2;
        }
    }
    return found;
}

static void set_level(struct client *client, int level)
{
    struct settings *settings = client->context->settings;

    settings->log_level = (enum log_level)level;
    settings->log_level_set = true;
    log_set_level((enum log_level)level);
}

/* Sets it, and keeps what there was: negative when the file says that. */
static void set_level_meanwhile(struct client *client, int level)
{
    const int former = (int)log_get_level() + 1;

    client->former_log_level = client->context->settings->log_level_set
                                   ? former
                                   : -former;
    set_level(client, level);
}

/* All or nothing: the level is set first, so that the core's write has it, and
 * set back when the core refuses the rest. */
static void config_set(struct call *call)
{
    struct request request = {.type = REQUEST_FLUSH};
    const int level = find_level(call);
    const char **words;
    size_t count = 0;

    if (level == -2)
        return;
    words = xcalloc(call->count, sizeof(*words));
    for (size_t i = 3; i < call->count; i += 2) {
        if (command_word_is(call, i, "loglevel"))
            continue;
        words[count++] = call->words[i];
        if (i + 1 < call->count) /* else the core refuses it */
            words[count++] = call->words[i + 1];
    }
    if (count > 0) {
        request.type = REQUEST_CONFIG_SET;
        request.set.words = words;
        request.set.count = count;
    }
    if (level >= 0)
        set_level_meanwhile(call->client, level);
    command_send(call, &request);
    free(words);
}

void command_config_done(struct client *client, const struct answer *answer)
{
    /* What could not be written is in force all the same, for all settings. */
    static const char not_saved[] = "ERR Failed to save config file";
    const int former = client->former_log_level;

    client->former_log_level = 0;
    if (former == 0 || answer->type != ANSWER_ERROR ||
        strncmp(answer->text, not_saved, strlen(not_saved)) == 0)
        return;
    set_level(client, abs(former) - 1);
    client->context->settings->log_level_set = former > 0;
}

void sentinel_config(struct call *call)
{
    const bool get = command_word_is(call, 2, "get");
    const bool set = command_word_is(call, 2, "set");

    if (get && call->count >= 4) {
        config_get(call);
        return;
    }
    if (!set || call->count < 5) {
        resp_error(call->out, "ERR Only SENTINEL CONFIG GET <option> / SET "
                              "<option> <value> are supported.");
        return;
    }
    if (!command_no_controls(call, 3, "CONFIG SET"))
        return;
    config_set(call);
}
