/* The table of options of a monitored master, and how values get in. */
#include "option.h"

#include "xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sums of a few periods and a clock must never overflow 64 bits. */
#define NUMBER_LIMIT (INT64_MAX / 16)

static const char error_statement[] =
    "Unrecognized sentinel configuration statement.";
static const char error_renamed_twice[] =
    "Same command renamed multiple times with rename-command.";
static const char error_too_large[] = "number out of range.";
static const char error_period[] = "negative or zero time parameter.";

#define FIELD(name) offsetof(struct master_options, name)

static const struct option table[] = {
    {.name = "down-after-milliseconds",
     .type = OPTION_NUMBER,
     .offset = FIELD(down_after_ms),
     .default_value = DEFAULT_DOWN_AFTER_MS,
     .file_minimum = 1,
     .set_minimum = 1,
     .in_file = true,
     .file_error = error_period},
    {.name = "failover-timeout",
     .type = OPTION_NUMBER,
     .offset = FIELD(failover_timeout_ms),
     .default_value = DEFAULT_FAILOVER_TIMEOUT_MS,
     .file_minimum = 1,
     .set_minimum = 1,
     .in_file = true,
     .file_error = error_period},
    {.name = "parallel-syncs",
     .type = OPTION_NUMBER,
     .offset = FIELD(parallel_syncs),
     .default_value = DEFAULT_PARALLEL_SYNCS,
     .file_minimum = -NUMBER_LIMIT,
     .set_minimum = 1,
     .in_file = true,
     .file_error = error_too_large},
    {.name = "notification-script",
     .type = OPTION_SCRIPT,
     .offset = FIELD(notification_script),
     .in_file = true},
    {.name = "client-reconfig-script",
     .type = OPTION_SCRIPT,
     .offset = FIELD(client_reconfig_script),
     .in_file = true},
    {.name = "auth-pass",
     .type = OPTION_TEXT,
     .offset = FIELD(auth_pass),
     .in_file = true,
     .secret = true},
    {.name = "auth-user",
     .type = OPTION_TEXT,
     .offset = FIELD(auth_user),
     .in_file = true},
    {.name = "master-reboot-down-after-period",
     .alias = "primary-reboot-down-after-period",
     .type = OPTION_NUMBER,
     .offset = FIELD(reboot_down_after_ms),
     .default_value = 0,
     .file_minimum = 0,
     .set_minimum = 0,
     .in_file = true,
     .file_error = "negative time parameter."},
    {.name = "rename-command", .type = OPTION_RENAME, .in_file = true},
    {.name = "quorum",
     .type = OPTION_NUMBER,
     .offset = FIELD(quorum),
     .default_value = 1,
     .file_minimum = 1,
     .set_minimum = 1,
     .in_file = false,
     .file_error = "Quorum must be 1 or greater."},
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

static bool same_name(const char *left, const char *right)
{
    while (*left != '\0' &&
           tolower((unsigned char)*left) == tolower((unsigned char)*right)) {
        left++;
        right++;
    }
    return *left == '\0' && *right == '\0';
}

const struct option *option_table(size_t *count)
{
    assert(count != NULL);
    *count = TABLE_COUNT;
    return table;
}

const struct option *option_find(const char *name)
{
    assert(name != NULL);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (same_name(table[i].name, name) ||
            (table[i].alias != NULL && same_name(table[i].alias, name)))
            return &table[i];
    }
    return NULL;
}

static int64_t *number_field(const struct option *option,
                             struct master_options *options)
{
    assert(option->type == OPTION_NUMBER);
    return (int64_t *)(void *)((char *)options + option->offset);
}

static char **text_field(const struct option *option,
                         struct master_options *options)
{
    assert(option->type == OPTION_TEXT || option->type == OPTION_SCRIPT);
    return (char **)(void *)((char *)options + option->offset);
}

void master_options_init(struct master_options *options)
{
    assert(options != NULL);
    *options = (struct master_options){.quorum = 1};
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].type == OPTION_NUMBER)
            *number_field(&table[i], options) = table[i].default_value;
    }
}

void master_options_clear(struct master_options *options)
{
    assert(options != NULL);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].type == OPTION_TEXT || table[i].type == OPTION_SCRIPT)
            xreplace(text_field(&table[i], options), NULL);
    }
    for (size_t i = 0; i < options->rename_count; i++) {
        free(options->renames[i].old_name);
        free(options->renames[i].new_name);
    }
    free(options->renames);
    options->renames = NULL;
    options->rename_count = 0;
}

void master_options_copy(struct master_options *to,
                         const struct master_options *from)
{
    assert(to != NULL && from != NULL && to != from);
    *to = *from;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].type == OPTION_TEXT || table[i].type == OPTION_SCRIPT)
            *text_field(&table[i],
                        to) = xstrdup_or_null(option_text(&table[i], from));
    }
    to->renames = NULL;
    if (from->rename_count == 0)
        return;
    to->renames = xcalloc(from->rename_count, sizeof(*to->renames));
    for (size_t i = 0; i < from->rename_count; i++) {
        to->renames[i].old_name = xstrdup(from->renames[i].old_name);
        to->renames[i].new_name = xstrdup(from->renames[i].new_name);
    }
}

int64_t option_number(const struct option *option,
                      const struct master_options *options)
{
    assert(option != NULL && options != NULL);
    assert(option->type == OPTION_NUMBER);
    return *(const int64_t *)(const void *)((const char *)options +
                                            option->offset);
}

const char *option_text(const struct option *option,
                        const struct master_options *options)
{
    assert(option != NULL && options != NULL);
    assert(option->type == OPTION_TEXT || option->type == OPTION_SCRIPT);
    return *(char *const *)(const void *)((const char *)options +
                                          option->offset);
}

static struct rename_entry *find_rename(const struct master_options *options,
                                        const char *word)
{
    for (size_t i = 0; i < options->rename_count; i++) {
        if (same_name(options->renames[i].old_name, word))
            return &options->renames[i];
    }
    return NULL;
}

static void add_rename(struct master_options *options, const char *old_name,
                       const char *new_name)
{
    struct rename_entry *entry;

    options->renames = xrealloc(options->renames,
                                (options->rename_count + 1) *
                                    sizeof(*options->renames));
    entry = &options->renames[options->rename_count++];
    entry->old_name = xstrdup(old_name);
    entry->new_name = xstrdup(new_name);
}

static void remove_rename(struct master_options *options,
                          struct rename_entry *entry)
{
    size_t index = (size_t)(entry - options->renames);

    assert(index < options->rename_count);
    free(entry->old_name);
    free(entry->new_name);
    memmove(entry, entry + 1,
            (options->rename_count - index - 1) * sizeof(*entry));
    options->rename_count--;
}

/* As C's atoi reads, but for 64 bits and without undefined overflow. */
static const char *load_number(const struct option *option,
                               struct master_options *options,
                               const char *value)
{
    long long number = strtoll(value, NULL, 10);

    if (number < option->file_minimum)
        return option->file_error;
    if (number > NUMBER_LIMIT)
        return error_too_large;
    *number_field(option, options) = number;
    return NULL;
}

const char *option_load(const struct option *option,
                        struct master_options *options,
                        const char *const *values, size_t count)
{
    assert(option != NULL && options != NULL);
    if (count != option_width(option))
        return error_statement;
    switch (option->type) {
    case OPTION_NUMBER:
        return load_number(option, options, values[0]);
    case OPTION_TEXT:
    case OPTION_SCRIPT:
        xreplace(text_field(option, options), values[0]);
        return NULL;
    case OPTION_RENAME:
        if (find_rename(options, values[0]) != NULL)
            return error_renamed_twice;
        add_rename(options, values[0], values[1]);
        return NULL;
    }
    assert(false);
    return error_statement;
}

static bool set_rename(struct master_options *options, const char *old_name,
                       const char *new_name)
{
    struct rename_entry *entry;

    if (old_name[0] == '\0' || new_name[0] == '\0')
        return false;
    entry = find_rename(options, old_name);
    if (entry != NULL)
        remove_rename(options, entry);
    if (!same_name(old_name, new_name))
        add_rename(options, old_name, new_name);
    return true;
}

bool option_set(const struct option *option, struct master_options *options,
                const char *const *values)
{
    int64_t number;

    assert(option != NULL && options != NULL && values != NULL);
    switch (option->type) {
    case OPTION_NUMBER:
        if (!option_parse_number(values[0], &number) ||
            number < option->set_minimum || number > NUMBER_LIMIT)
            return false;
        *number_field(option, options) = number;
        return true;
    case OPTION_TEXT:
    case OPTION_SCRIPT:
        xreplace(text_field(option, options), values[0]);
        return true;
    case OPTION_RENAME:
        return set_rename(options, values[0], values[1]);
    }
    assert(false);
    return false;
}

size_t option_width(const struct option *option)
{
    assert(option != NULL);
    return option->type == OPTION_RENAME ? 2 : 1;
}

const char *option_renamed(const struct master_options *options,
                           const char *word)
{
    const struct rename_entry *entry;

    assert(options != NULL && word != NULL);
    entry = find_rename(options, word);
    return entry != NULL ? entry->new_name : word;
}

bool option_parse_number(const char *text, int64_t *number)
{
    const char *digits;
    char *end;
    long long value;

    assert(text != NULL && number != NULL);
    digits = text[0] == '-' ? text + 1 : text;
    if (!isdigit((unsigned char)digits[0]) ||
        (digits[0] == '0' && (digits[1] != '\0' || digits != text)))
        return false;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (*end != '\0' || errno != 0)
        return false;
    *number = value;
    return true;
}
