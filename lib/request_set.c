/* SENTINEL SET, SENTINEL CONFIG SET and SENTINEL DEBUG. */
#include "request.h"

#include "addr.h"
#include "core_internal.h"
#include "notice.h"
#include "odown.h"
#include "persist.h"
#include "text.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void error_with(struct core *core, uint64_t client, const char *before,
                       const char *word, const char *between,
                       const char *second)
{
    struct text text;

    text_init(&text);
    text_addf(&text, "ERR %s '%s'%s", before, word, between);
    if (second != NULL)
        text_addf(&text, " '%s'", second);
    emit_error(&core->out, client, text.data);
    text_clear(&text);
}

/* ---- SET ---- */

/* Whether the value of a script option may be set; *ERROR says why not. */
static bool check_script(const struct core *core, const struct request *request,
                         const struct option *option, size_t value,
                         const char **error)
{
    if (option->type != OPTION_SCRIPT)
        return true;
    if (core->global.deny_scripts_reconfig) {
        *error = "ERR Reconfiguration of scripts path is denied for security "
                 "reasons. Check the deny-scripts-reconfig configuration "
                 "directive in your Sentinel configuration";
        return false;
    }
    if (request->set.words[value][0] != '\0' &&
        (request->set.runnable == NULL || !request->set.runnable[value])) {
        *error =
            strcmp(option->name, "notification-script") == 0
                ? "ERR Notification script seems non existing or non "
                  "executable"
                : "ERR Client reconfiguration script seems non existing or "
                  "non executable";
        return false;
    }
    return true;
}

/* What follows from a change, once for each option applied. */
static void option_changed(struct core *core, struct master *master,
                           const struct option *option)
{
    struct instance *member;

    if (strcmp(option->name, "auth-pass") == 0 ||
        strcmp(option->name, "auth-user") == 0) {
        master->instance.told = 0;
        link_close(core, master->instance.link, "credentials have changed");
        MASTER_EACH (master->replicas, member) {
            member->told = 0;
            link_close(core, member->link, "credentials have changed");
        }
    }
    /* Deadlines depend on the times. */
    instance_touch(core, &master->instance);
    heap_set(&core->deadlines, &master->instance.link->deadline, core->now_ms);
    MASTER_EACH (master->replicas, member) {
        instance_touch(core, member);
        heap_set(&core->deadlines, &member->link->deadline, core->now_ms);
    }
    MASTER_EACH (master->sentinels, member) {
        instance_touch(core, member);
        heap_set(&core->deadlines, &member->link->deadline, core->now_ms);
    }
}

static void tell_set(struct core *core, const struct master *master,
                     const struct option *option, const char *typed,
                     const char *const *values)
{
    if (option_width(option) == 2)
        notice_instance(core, NOTICE_SET, &master->instance, " %s %s %s", typed,
                        values[0], values[1]);
    else
        notice_instance(core, NOTICE_SET, &master->instance, " %s %s", typed,
                        option->secret ? "******" : values[0]);
}

/* Applies the option at *POSITION to OPTIONS and moves *POSITION behind its
 * values. False, with the error answered, when that is not possible. */
static bool apply_option(struct core *core, const struct request *request,
                         struct master_options *options, size_t *position)
{
    const char *name = request->set.words[*position];
    const struct option *option = option_find(name);
    const char *const *values = &request->set.words[*position + 1];
    const char *error;

    if (option == NULL ||
        request->set.count - *position - 1 < option_width(option)) {
        error_with(core, request->client,
                   "Unknown option or number of arguments for SENTINEL SET",
                   name, "", NULL);
        return false;
    }
    if (!check_script(core, request, option, *position + 1, &error)) {
        emit_error(&core->out, request->client, error);
        return false;
    }
    if (!option_set(option, options, values)) {
        /* Of two values the empty one is what is wrong. */
        if (values[0][0] != '\0')
            values += option_width(option) - 1;
        error_with(core, request->client, "Invalid argument", values[0],
                   " for SENTINEL SET", name);
        return false;
    }
    *position += 1 + option_width(option);
    return true;
}

/* All or nothing, unlike the reference, which keeps the options before the
 * one that it refuses: they are tried on a copy first. */
void request_set(struct core *core, const struct request *request)
{
    struct master *master = master_find(core, request->name);
    struct master_options options;
    size_t position = 0;

    if (master == NULL) {
        emit_error(&core->out, request->client,
                   "ERR No such master with that name");
        return;
    }
    master_options_copy(&options, &master->options);
    while (position < request->set.count) {
        if (!apply_option(core, request, &options, &position)) {
            master_options_clear(&options);
            return;
        }
    }
    master_options_clear(&master->options);
    master->options = options;
    for (position = 0; position < request->set.count;) {
        const char *name = request->set.words[position];
        const struct option *option = option_find(name);

        option_changed(core, master, option);
        tell_set(core, master, option, name, &request->set.words[position + 1]);
        position += 1 + option_width(option);
    }
    persist(core);
    emit_ok(&core->out, request->client);
}

/* ---- CONFIG SET ---- */

static bool parse_bool(const char *value, bool *result)
{
    *result = text_same_word(value, "yes");
    return *result || text_same_word(value, "no");
}

static void drop_sentinel_links(struct core *core)
{
    struct instance *master;
    struct instance *sentinel;

    MASTER_EACH (core->masters, master)
        MASTER_EACH (master->master->sentinels, sentinel)
            link_close(core, sentinel->link, "credentials have changed");
}

static bool set_number(int *field, const char *value)
{
    int64_t number;

    if (!option_parse_number(value, &number) || number < 0 || number > 65535)
        return false;
    *field = (int)number;
    return true;
}

/* What hello messages and the file cannot carry would cut this sentinel off
 * from the others, and keep it from starting again. */
static bool set_announce_ip(char **field, const char *value)
{
    if (value[0] != '\0' && !addr_is_host(value))
        return false;
    xreplace(field, value);
    return true;
}

/* Sets one key of GLOBAL; *KNOWN says whether there is such a key. */
static bool set_global(struct global_options *global, const char *key,
                       const char *value, bool *known)
{
    *known = true;
    if (text_same_word(key, "resolve-hostnames"))
        return parse_bool(value, &global->resolve_hostnames);
    if (text_same_word(key, "announce-hostnames"))
        return parse_bool(value, &global->announce_hostnames);
    if (text_same_word(key, "announce-port"))
        return set_number(&global->announce_port, value);
    if (text_same_word(key, "announce-ip"))
        return set_announce_ip(&global->announce_ip, value);
    if (text_same_word(key, "sentinel-user"))
        xreplace(&global->sentinel_user, value);
    else if (text_same_word(key, "sentinel-pass"))
        xreplace(&global->sentinel_pass, value);
    else
        *known = false;
    return *known;
}

static bool is_duplicate(const struct request *request, size_t position)
{
    for (size_t i = 0; i < position; i += 2)
        if (text_same_word(request->set.words[i], request->set.words[position]))
            return true;
    return false;
}

/* Applies all pairs to GLOBAL. False when one was refused and answered. */
static bool apply_global(struct core *core, const struct request *request,
                         struct global_options *global)
{
    for (size_t i = 0; i < request->set.count; i += 2) {
        const char *key = request->set.words[i];
        bool has_value = i + 1 < request->set.count;
        const char *value = has_value ? request->set.words[i + 1] : "";
        bool known;
        bool valid = set_global(global, key, value, &known);

        if (!known)
            error_with(core, request->client, "Invalid argument", key,
                       " to SENTINEL CONFIG SET", NULL);
        else if (is_duplicate(request, i))
            error_with(core, request->client, "Duplicate argument", key,
                       " to SENTINEL CONFIG SET", NULL);
        else if (!has_value)
            error_with(core, request->client, "Missing argument", key, " value",
                       NULL);
        else if (!valid)
            error_with(core, request->client, "Invalid value", value,
                       " to SENTINEL CONFIG SET", key);
        else
            continue;
        return false;
    }
    return true;
}

static bool names_credentials(const struct request *request)
{
    for (size_t i = 0; i < request->set.count; i += 2)
        if (text_same_word(request->set.words[i], "sentinel-user") ||
            text_same_word(request->set.words[i], "sentinel-pass"))
            return true;
    return false;
}

void request_config_set(struct core *core, const struct request *request)
{
    struct global_options global;

    global_options_copy(&global, &core->global);
    if (!apply_global(core, request, &global)) {
        global_options_clear(&global);
        return;
    }
    global_options_clear(&core->global);
    core->global = global;
    if (names_credentials(request))
        drop_sentinel_links(core);
    persist(core);
    emit_ok(&core->out, request->client);
}

/* ---- DEBUG ---- */

void request_debug(struct core *core, const struct request *request)
{
    struct core_interval known[CORE_INTERVALS];
    struct answer ok = {.type = ANSWER_OK};

    core_intervals(core, known);
    for (size_t i = 0; i < request->set.count; i += 2) {
        const char *name = request->set.words[i];
        bool has_value = i + 1 < request->set.count;
        size_t which = 0;
        int64_t ms;

        while (which < CORE_INTERVALS &&
               !text_same_word(known[which].name, name))
            which++;
        if (which == CORE_INTERVALS || !has_value) {
            error_with(core, request->client,
                       "Unknown option or number of arguments for SENTINEL "
                       "DEBUG",
                       name, "", NULL);
            return;
        }
        if (!option_parse_number(request->set.words[i + 1], &ms) || ms <= 0) {
            error_with(core, request->client, "Invalid argument",
                       request->set.words[i + 1], " for SENTINEL DEBUG", name);
            return;
        }
        core->intervals[which] = (uint64_t)ms;
    }
    emit_answer(&core->out, WAIT_NOTHING, request->client, &ok, &ok);
}
