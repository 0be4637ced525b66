/* The sentinel lines that a state needs, in the order in which they are
 * written. */
#include "rewrite_output.h"

#include "../lib/xalloc.h"
#include "acl_lines.h"
#include "config_internal.h"
#include "elsewhere.h"
#include "settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a line is built from. */
struct builder {
    struct output_list *list;
    const struct elsewhere *elsewhere;
    const char *master; /* name, or NULL */
};

/* Begins a line: its option and master. Values follow by append_*. */
static struct output *begin(struct builder *builder, const char *option)
{
    struct output_list *list = builder->list;
    struct text *text = &list->text;
    struct output *output;

    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 64;
        list->outputs = xrealloc(list->outputs,
                                 list->capacity * sizeof(*list->outputs));
    }
    output = &list->outputs[list->count++];
    *output = (struct output){.forced = true, .group = text->length};
    text_add(text, option);
    if (builder->master != NULL) {
        text_add(text, " ");
        config_text_word(text, builder->master, false);
    }
    text_add_bytes(text, "", 1);
    output->line = text->length;
    text_add(text, option);
    if (builder->master != NULL) {
        text_add(text, " ");
        config_text_word(text, builder->master, false);
    }
    return output;
}

static void append_word(struct builder *builder, const char *word)
{
    text_add(&builder->list->text, " ");
    config_text_word(&builder->list->text, word, false);
}

static void append_signed(struct builder *builder, int64_t number)
{
    char digits[32];

    snprintf(digits, sizeof(digits), " %" PRId64, number);
    text_add(&builder->list->text, digits);
}

static void append_unsigned(struct builder *builder, uint64_t number)
{
    char digits[32];

    snprintf(digits, sizeof(digits), " %" PRIu64, number);
    text_add(&builder->list->text, digits);
}

/* Ends the line and finds out what is said elsewhere. */
static void end(struct builder *builder, struct output *output)
{
    struct text *text = &builder->list->text;

    text_add_bytes(text, "", 1);
    if (builder->elsewhere == NULL)
        return;
    output->elsewhere = elsewhere_has_line(builder->elsewhere,
                                           text->data + output->line);
    if (!elsewhere_has_group(builder->elsewhere, text->data + output->group))
        return;
    output->forced = true; /* or the value said elsewhere would come back */
    output->only_equal = false;
}

static void add_yes_no(struct builder *builder, enum sentinel_option option,
                       bool value, bool default_value)
{
    struct output *output = begin(builder, config_sentinel_name(option));

    append_word(builder, value ? "yes" : "no");
    output->forced = value != default_value;
    end(builder, output);
}

/* A text that may be absent. */
static struct output *add_text(struct builder *builder, const char *name,
                               const char *value)
{
    struct output *output = begin(builder, name);

    append_word(builder, value != NULL ? value : "");
    output->forced = value != NULL;
    output->only_equal = value == NULL;
    end(builder, output);
    return output;
}

static void add_epoch(struct builder *builder, enum sentinel_option option,
                      uint64_t epoch)
{
    struct output *output = begin(builder, config_sentinel_name(option));

    append_unsigned(builder, epoch);
    output->state = true;
    end(builder, output);
}

static void add_monitor(struct builder *builder,
                        const struct state_master *master)
{
    struct output *output = begin(builder,
                                  config_sentinel_name(SENTINEL_MONITOR));

    append_word(builder, master->host);
    append_signed(builder, master->port);
    append_signed(builder, master->options.quorum);
    output->state = true;
    end(builder, output);
}

static void add_option(struct builder *builder, const struct option *option,
                       const struct master_options *options)
{
    struct output *output;

    if (option->type != OPTION_NUMBER) {
        add_text(builder, option->name, option_text(option, options));
        return;
    }
    output = begin(builder, option->name);
    append_signed(builder, option_number(option, options));
    output->forced = option_number(option, options) != option->default_value;
    output->only_equal = !output->forced; /* as the reference: no default */
    end(builder, output);
}

static void add_renames(struct builder *builder,
                        const struct master_options *options)
{
    for (size_t i = 0; i < options->rename_count; i++) {
        struct output *output = begin(builder, "rename-command");

        append_word(builder, options->renames[i].old_name);
        append_word(builder, options->renames[i].new_name);
        output->many = true;
        end(builder, output);
    }
}

static void add_known(struct builder *builder,
                      const struct state_master *master)
{
    struct output *output;

    for (size_t i = 0; i < master->replica_count; i++) {
        output = begin(builder, config_sentinel_name(SENTINEL_KNOWN_REPLICA));
        append_word(builder, master->replicas[i].host);
        append_signed(builder, master->replicas[i].port);
        output->many = true;
        end(builder, output);
    }
    for (size_t i = 0; i < master->sentinel_count; i++) {
        output = begin(builder, config_sentinel_name(SENTINEL_KNOWN_SENTINEL));
        append_word(builder, master->sentinels[i].host);
        append_signed(builder, master->sentinels[i].port);
        append_word(builder, master->sentinels[i].id);
        output->many = true;
        end(builder, output);
    }
}

static void add_master(struct builder *builder,
                       const struct state_master *master)
{
    size_t count;
    const struct option *options = option_table(&count);

    builder->master = master->name;
    add_monitor(builder, master);
    for (size_t i = 0; i < count; i++) {
        if (options[i].in_file && options[i].type != OPTION_RENAME)
            add_option(builder, &options[i], &master->options);
    }
    add_epoch(builder, SENTINEL_CONFIG_EPOCH, master->config_epoch);
    add_epoch(builder, SENTINEL_LEADER_EPOCH, master->leader_epoch);
    add_known(builder, master);
    add_renames(builder, &master->options);
    builder->master = NULL;
}

static void add_announce(struct builder *builder,
                         const struct global_options *global)
{
    struct output *output;

    output = add_text(builder, config_sentinel_name(SENTINEL_ANNOUNCE_IP),
                      global->announce_ip);
    output->quoted = global->announce_ip;
    output = begin(builder, config_sentinel_name(SENTINEL_ANNOUNCE_PORT));
    append_signed(builder, global->announce_port);
    output->forced = global->announce_port != 0;
    output->only_equal = !output->forced;
    end(builder, output);
}

/* The line of one user: "user <name> <rules>". */
static void add_user(struct builder *builder, const struct acl_line *line)
{
    static const char option[] = "user";
    const char *name = line->text + sizeof(option);
    const size_t length = strcspn(name, " ");
    char *copy = xstrndup(name, length);
    struct output *output;

    builder->master = copy; /* what is set is the user of that name */
    output = begin(builder, option);
    builder->master = NULL;
    free(copy);
    acl_lines_put(&builder->list->text, name + length + 1);
    output->user = true;
    output->forced = !line->implied;
    output->only_equal = line->implied;
    end(builder, output);
}

void output_list_build(struct output_list *list,
                       const struct settings *settings,
                       const struct state *state, const struct acl_lines *users)
{
    const struct global_options *global = &state->global;
    struct builder builder = {.list = list};
    struct output *output;

    builder.elsewhere = settings != NULL ? settings->elsewhere : NULL;
    for (size_t i = 0; users != NULL && i < users->count; i++)
        add_user(&builder, &users->lines[i]);
    if (state->id[0] != '\0') {
        output = begin(&builder, config_sentinel_name(SENTINEL_MYID));
        append_word(&builder, state->id);
        output->state = true;
        end(&builder, output);
    }
    add_yes_no(&builder, SENTINEL_DENY_SCRIPTS_RECONFIG,
               global->deny_scripts_reconfig, true);
    add_yes_no(&builder, SENTINEL_RESOLVE_HOSTNAMES, global->resolve_hostnames,
               false);
    add_yes_no(&builder, SENTINEL_ANNOUNCE_HOSTNAMES,
               global->announce_hostnames, false);
    for (size_t i = 0; i < state->master_count; i++)
        add_master(&builder, &state->masters[i]);
    add_epoch(&builder, SENTINEL_CURRENT_EPOCH, state->current_epoch);
    add_announce(&builder, global);
    add_text(&builder, config_sentinel_name(SENTINEL_USER),
             global->sentinel_user);
    add_text(&builder, config_sentinel_name(SENTINEL_PASS),
             global->sentinel_pass);
}

void output_list_clear(struct output_list *list)
{
    free(list->outputs);
    free(list->text.data);
    *list = (struct output_list){0};
}
