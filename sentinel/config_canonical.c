/* Names of sentinel options, and the spelling in which lines are compared. */
#include "../lib/option.h"
#include "config_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Which word of a line is a number, counted from the option's name. */
struct name {
    const char *name;
    int first_number; /* 0: none */
    int last_number;
};

static const struct name names[] = {
    [SENTINEL_MYID] = {"myid", 0, 0},
    [SENTINEL_DENY_SCRIPTS_RECONFIG] = {"deny-scripts-reconfig", 0, 0},
    [SENTINEL_RESOLVE_HOSTNAMES] = {"resolve-hostnames", 0, 0},
    [SENTINEL_ANNOUNCE_HOSTNAMES] = {"announce-hostnames", 0, 0},
    [SENTINEL_CURRENT_EPOCH] = {"current-epoch", 1, 1},
    [SENTINEL_ANNOUNCE_IP] = {"announce-ip", 0, 0},
    [SENTINEL_ANNOUNCE_PORT] = {"announce-port", 1, 1},
    [SENTINEL_USER] = {"sentinel-user", 0, 0},
    [SENTINEL_PASS] = {"sentinel-pass", 0, 0},
    [SENTINEL_MONITOR] = {"monitor", 3, 4},
    [SENTINEL_CONFIG_EPOCH] = {"config-epoch", 2, 2},
    [SENTINEL_LEADER_EPOCH] = {"leader-epoch", 2, 2},
    [SENTINEL_KNOWN_REPLICA] = {"known-replica", 3, 3},
    [SENTINEL_KNOWN_SENTINEL] = {"known-sentinel", 3, 3},
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

enum sentinel_option config_sentinel_find(const char *name,
                                          const struct option **option)
{
    if (strcasecmp(name, "known-slave") == 0)
        return SENTINEL_KNOWN_REPLICA;
    for (size_t i = 0; i < NAME_COUNT; i++) {
        /* Most names differ in the first letter; files can be long. */
        if (names[i].name[0] == tolower((unsigned char)name[0]) &&
            strcasecmp(names[i].name, name) == 0)
            return (enum sentinel_option)i;
    }
    *option = option_find(name);
    if (*option != NULL && (*option)->in_file)
        return SENTINEL_MASTER_OPTION;
    return SENTINEL_UNKNOWN;
}

const char *config_sentinel_name(enum sentinel_option option)
{
    return names[option].name;
}

/* A number without leading zeros and sign; other text as it is. */
static void append_number(struct text *text, const char *word)
{
    const char *at = word;

    if (*at == '+')
        at++;
    while (*at == '0' && isdigit((unsigned char)at[1]))
        at++;
    config_text_word(text, at, false);
}

static void append_lower(struct text *text, const char *word)
{
    for (; *word != '\0'; word++) {
        char c = (char)tolower((unsigned char)*word);

        text_add_bytes(text, &c, 1);
    }
}

/* The words behind the option's name, and behind the master's. */
static void append_values(struct text *line, const struct config_words *words,
                          size_t from, const struct name *name)
{
    for (size_t i = from; i < words->count; i++) {
        size_t position = i - 1;

        text_add(line, " ");
        if (name->first_number > 0 && position >= (size_t)name->first_number &&
            position <= (size_t)name->last_number)
            append_number(line, words->words[i]);
        else
            config_text_word(line, words->words[i], false);
    }
}

static bool is_switch(enum sentinel_option kind)
{
    return kind == SENTINEL_DENY_SCRIPTS_RECONFIG ||
           kind == SENTINEL_RESOLVE_HOSTNAMES ||
           kind == SENTINEL_ANNOUNCE_HOSTNAMES;
}

bool config_canonical(const struct config_words *words, struct text *group,
                      struct text *line)
{
    const struct option *option = NULL;
    struct name name = {0};
    enum sentinel_option kind;
    size_t start = line->length;
    size_t from = 2;

    if (words->count < 2)
        return false;
    kind = config_sentinel_find(words->words[1], &option);
    if (kind == SENTINEL_UNKNOWN ||
        (kind >= SENTINEL_MONITOR && words->count < 3))
        return false;
    if (kind != SENTINEL_MASTER_OPTION)
        name = names[kind];
    else if (option->type == OPTION_NUMBER)
        name = (struct name){option->name, 2, 2};
    else
        name = (struct name){option->name, 0, 0};
    text_add(line, name.name);
    if (kind >= SENTINEL_MONITOR) {
        text_add(line, " ");
        config_text_word(line, words->words[2], false);
        from = 3;
    }
    text_add_bytes(group, line->data + start, line->length - start);
    if (is_switch(kind) && words->count == 3) {
        text_add(line, " ");
        append_lower(line, words->words[2]);
    } else {
        append_values(line, words, from, &name);
    }
    return true;
}
