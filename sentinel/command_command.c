/* COMMAND and the HELP of every container: the table of commands, shown. */
#include "../lib/glob.h"
#include "command_table.h"

#include <ctype.h>
#include <string.h>

static const char *const trait_names[TRAITS_SHOWN] = {
    "admin", "pubsub",  "noscript", "loading",   "stale",
    "fast",  "no_auth", "no_multi", "allow_busy"};

static const char *const category_names[CATEGORIES] = {
    "@pubsub", "@admin", "@fast", "@slow", "@dangerous", "@connection"};

static bool top_level(const struct command *command)
{
    return strchr(command->name, '|') == NULL;
}

/* The rows of a listing: subcommands of CONTAINER, or with NULL the top
 * level. Start with *N = 0; NULL behind the last. */
static const struct command *next_row(const struct context *context,
                                      const struct command *container,
                                      size_t *n)
{
    const struct command *row;

    while ((row = command_row((*n)++)) != NULL)
        if ((container != NULL ? command_is_sub(container, row)
                               : top_level(row)) &&
            command_listed(context, row))
            return row;
    return NULL;
}

static size_t count_rows(const struct context *context,
                         const struct command *container)
{
    size_t n = 0;
    size_t count = 0;

    while (next_row(context, container, &n) != NULL)
        count++;
    return count;
}

/* ---- HELP ---- */

static size_t count_lines(const char *text)
{
    size_t count = 1;

    for (; *text != '\0'; text++)
        if (*text == '\n')
            count++;
    return count;
}

/* Each line is a status reply. */
static void put_lines(struct resp_writer *out, const char *text)
{
    size_t length;

    for (; *text != '\0'; text += length) {
        length = strcspn(text, "\n");
        resp_raw(out, "+", 1);
        resp_raw(out, text, length);
        resp_raw(out, "\r\n", 2);
        if (text[length] == '\n')
            length++;
    }
}

static void put_title(struct resp_writer *out, const char *container)
{
    static const char rest[] =
        " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n";

    resp_raw(out, "+", 1);
    for (; *container != '\0'; container++) {
        const char upper = (char)toupper((unsigned char)*container);
        resp_raw(out, &upper, 1);
    }
    resp_raw(out, rest, sizeof(rest) - 1);
}

void command_help(struct call *call)
{
    const char *name = call->command->name;
    const size_t length = strcspn(name, "|");
    const struct command *container = command_find(name, length);
    const struct command *row;
    size_t count = 1;

    for (size_t n = 0; (row = command_row(n)) != NULL; n++)
        if (command_is_sub(container, row) && row->help != NULL)
            count += count_lines(row->help);
    resp_array(call->out, count);
    put_title(call->out, container->name);
    for (size_t n = 0; (row = command_row(n)) != NULL; n++)
        if (command_is_sub(container, row) && row->help != NULL)
            put_lines(call->out, row->help);
}

/* ---- COMMAND INFO ---- */

static size_t count_bits(unsigned bits)
{
    size_t count = 0;

    for (; bits != 0; bits &= bits - 1)
        count++;
    return count;
}

static void put_bits(struct resp_writer *out, unsigned bits,
                     const char *const *names, size_t count)
{
    resp_set(out, count_bits(bits & ((1u << count) - 1)));
    for (size_t i = 0; i < count; i++)
        if (bits & (1u << i))
            resp_status(out, names[i]);
}

static void put_tips(struct resp_writer *out, const char *tips)
{
    size_t count = tips != NULL ? 1 : 0;

    for (const char *p = tips; p != NULL && *p != '\0'; p++)
        if (*p == ' ')
            count++;
    resp_set(out, count);
    while (count-- > 0) {
        const size_t length = strcspn(tips, " ");
        resp_bulk(out, tips, length);
        tips += length + 1;
    }
}

static void put_info_head(struct resp_writer *out,
                          const struct command *command)
{
    resp_array(out, 10);
    resp_text(out, command->name);
    resp_integer(out, command->arity);
    put_bits(out, command->traits, trait_names, TRAITS_SHOWN);
    resp_integer(out, 0); /* first key, last key, step */
    resp_integer(out, 0);
    resp_integer(out, 0);
    put_bits(out, command->categories, category_names, CATEGORIES);
    put_tips(out, command->tips);
    resp_set(out, 0); /* key specifications */
}

static void put_info(struct call *call, const struct command *command)
{
    struct resp_writer *out = call->out;
    const struct command *sub;
    size_t n = 0;

    if (command == NULL) {
        resp_null(out);
        return;
    }
    put_info_head(out, command);
    if (!(command->traits & TRAIT_CONTAINER)) {
        resp_set(out, 0);
        return;
    }
    resp_array(out, count_rows(call->context, command));
    while ((sub = next_row(call->context, command, &n)) != NULL) {
        put_info_head(out, sub);
        resp_set(out, 0);
    }
}

void command_command(struct call *call)
{
    const struct command *row;
    size_t n = 0;

    resp_array(call->out, count_rows(call->context, NULL));
    while ((row = next_row(call->context, NULL, &n)) != NULL)
        put_info(call, row);
}

void command_command_info(struct call *call)
{
    if (call->count == 2) {
        command_command(call);
        return;
    }
    if (!command_names_fit(call, 2))
        return;
    resp_array(call->out, call->count - 2);
    for (size_t i = 2; i < call->count; i++)
        put_info(call, command_lookup_full(call->context, call->words[i],
                                           call->lengths[i]));
}

void command_count(struct call *call)
{
    resp_integer(call->out, (int64_t)count_rows(call->context, NULL));
}

/* ---- COMMAND LIST ---- */

/* Which rows COMMAND LIST shows; none of both: all. */
struct list_filter {
    const char *pattern;
    unsigned category;
    bool nothing;
};

static unsigned find_category(const struct call *call, size_t index)
{
    for (size_t i = 0; i < CATEGORIES; i++)
        if (command_word_is(call, index, category_names[i] + 1))
            return 1u << i;
    return 0;
}

static bool parse_filter(struct call *call, struct list_filter *filter)
{
    if (call->count == 2)
        return true;
    if (call->count != 5 || !command_word_is(call, 2, "filterby")) {
        resp_error(call->out, "ERR syntax error");
        return false;
    }
    if (command_word_is(call, 3, "module")) {
        filter->nothing = true; /* there are no modules */
    } else if (command_word_is(call, 3, "aclcat")) {
        filter->category = find_category(call, 4);
        filter->nothing = filter->category == 0;
    } else if (command_word_is(call, 3, "pattern")) {
        filter->pattern = call->words[4];
    } else {
        resp_error(call->out, "ERR syntax error");
        return false;
    }
    return true;
}

static size_t list_rows(struct call *call, struct resp_writer *out,
                        const struct list_filter *filter)
{
    const struct command *row;
    size_t count = 0;

    for (size_t n = 0; (row = command_row(n)) != NULL; n++) {
        if (filter->nothing || !command_listed(call->context, row) ||
            (filter->category != 0 && !(row->categories & filter->category)) ||
            (filter->pattern != NULL &&
             !glob_match_text(filter->pattern, row->name, true)))
            continue;
        count++;
        if (out != NULL)
            resp_text(out, row->name);
    }
    return count;
}

void command_list(struct call *call)
{
    struct list_filter filter = {0};

    if (!parse_filter(call, &filter))
        return;
    resp_array(call->out, list_rows(call, NULL, &filter));
    list_rows(call, call->out, &filter);
}

/* ---- COMMAND DOCS ---- */

static void put_doc(struct call *call, const struct command *command)
{
    struct resp_writer *out = call->out;
    const struct command *sub;
    const size_t subs = command->traits & TRAIT_CONTAINER
                            ? count_rows(call->context, command)
                            : 0;
    size_t n = 0;

    resp_text(out, command->name);
    resp_map(out, 3u + (command->complexity != NULL) + (subs > 0));
    resp_text(out, "summary");
    resp_text(out, command->summary);
    resp_text(out, "since");
    resp_text(out, command->since);
    resp_text(out, "group");
    resp_text(out, command->group);
    if (command->complexity != NULL) {
        resp_text(out, "complexity");
        resp_text(out, command->complexity);
    }
    if (subs == 0)
        return;
    resp_text(out, "subcommands");
    resp_map(out, subs);
    while ((sub = next_row(call->context, command, &n)) != NULL)
        put_doc(call, sub);
}

void command_docs(struct call *call)
{
    const struct command *row;
    size_t count = 0;
    size_t n = 0;

    if (call->count == 2) {
        resp_map(call->out, count_rows(call->context, NULL));
        while ((row = next_row(call->context, NULL, &n)) != NULL)
            put_doc(call, row);
        return;
    }
    if (!command_names_fit(call, 2))
        return;
    for (size_t i = 2; i < call->count; i++)
        if (command_lookup_full(call->context, call->words[i],
                                call->lengths[i]) != NULL)
            count++;
    resp_map(call->out, count);
    for (size_t i = 2; i < call->count; i++) {
        row = command_lookup_full(call->context, call->words[i],
                                  call->lengths[i]);
        if (row != NULL)
            put_doc(call, row);
    }
}

/* ---- COMMAND GETKEYS ---- */

void command_getkeys(struct call *call)
{
    const struct command *command = command_lookup(
        call->context, call->words[2], call->lengths[2]);

    if (command != NULL && (command->traits & TRAIT_CONTAINER) &&
        call->count > 3)
        command = command_find_sub(command, call->words[3], call->lengths[3]);
    if (command == NULL)
        resp_error(call->out, "ERR Invalid command specified");
    else
        resp_error(call->out, "ERR The command has no key arguments");
}
