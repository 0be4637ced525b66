/* The file's new text: the user's lines, comments and order stay; a sentinel
 * line stays as it is when it still holds, is replaced in place when its value
 * changed, disappears when what it speaks of is gone, and what is missing is
 * appended. Every step costs a hash look-up, so the whole is linear. */
#include "../lib/xalloc.h"
#include "acl_lines.h"
#include "config.h"
#include "config_internal.h"
#include "rewrite_output.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

#define NONE SIZE_MAX

enum line_kind {
    LINE_KEEP,    /* not ours */
    LINE_COMMENT, /* could not be loaded: becomes a comment */
    LINE_SLOT     /* a sentinel line that one output may take */
};

/* A line of the old text. */
struct old_line {
    const char *text;
    size_t length; /* without the line feed */
    enum line_kind kind;
    bool blank;
    bool used;          /* a slot that was taken */
    bool legacy;        /* known-slave: always written anew */
    bool replaced;      /* a loglevel line with another level */
    bool valkey;        /* primary-reboot...: keeps its spelling */
    size_t replacement; /* output written in its place, or NONE */
    size_t group;       /* places in struct rewrite's text */
    size_t line;
    size_t next;       /* slot of the same group, or NONE */
    UT_hash_handle hh; /* by line */
};

/* The slots of one option, of one master where it belongs to one. */
struct slot_group {
    const char *key;
    size_t first; /* the first that may be free, or NONE */
    size_t last;
    UT_hash_handle hh;
};

struct rewrite {
    struct old_line *lines;
    size_t count;
    size_t capacity;
    struct config_words words; /* of the line at work */
    struct text group;         /* of the line at work */
    struct text text;          /* groups and lines of the slots */
    struct slot_group *groups; /* room for one a line */
    size_t group_count;
    struct slot_group *by_group;
    struct old_line *by_line;
    const struct acl_lines *users; /* NULL: user lines stay as they are */
    struct output_list outputs;
    bool *done; /* outputs that have their place */
    bool marked;
    const char *level; /* for the loglevel line, NULL: it stays as it is */
    size_t level_line; /* the last one, which counts, or NONE */
};

/* A loglevel line: the level it must get, unless it has it. */
static void find_level(struct rewrite *rewrite, struct old_line *line)
{
    const struct config_words *words = &rewrite->words;

    rewrite->level_line = (size_t)(line - rewrite->lines);
    line->replaced = rewrite->level != NULL &&
                     (words->count != 2 ||
                      strcasecmp(words->words[1], rewrite->level) != 0);
}

/* A user line, which is written anew when it holds a password in clear. One
 * that nobody could load makes room for the user that it names. */
static void classify_user(struct rewrite *rewrite, struct old_line *line)
{
    struct config_words *words = &rewrite->words;
    struct text *group = &rewrite->group;

    if (words->count < 2)
        return;
    line->line = rewrite->text.length;
    group->length = 0;
    if (!acl_lines_canonical(&rewrite->users->terms, words->words, words->count,
                             group, &rewrite->text, &line->legacy))
        text_add(&rewrite->text, "user");
    text_add_bytes(&rewrite->text, "", 1);
    line->group = rewrite->text.length;
    text_add_bytes(&rewrite->text, group->data, group->length + 1);
    line->kind = LINE_SLOT;
}

static void classify(struct rewrite *rewrite, struct old_line *line)
{
    struct config_words *words = &rewrite->words;
    struct text *group = &rewrite->group;
    size_t length = line->length;
    const char *text = config_trim(line->text, &length);

    line->blank = length == 0;
    if (length == strlen(CONFIG_MARKER) &&
        memcmp(text, CONFIG_MARKER, length) == 0)
        rewrite->marked = true;
    if (length == 0 || text[0] == '#')
        return;
    line->kind = LINE_COMMENT;
    if (config_words_split(words, text, length) != CONFIG_SPLIT_OK)
        return;
    if (words->count == 0) { /* blanks of other kinds */
        line->kind = LINE_KEEP;
        return;
    }
    if (rewrite->users != NULL && strcasecmp(words->words[0], "user") == 0) {
        classify_user(rewrite, line);
        return;
    }
    if (strcasecmp(words->words[0], "sentinel") != 0 || words->count == 1) {
        if (config_directive_known(words->words[0]))
            line->kind = LINE_KEEP;
        if (strcasecmp(words->words[0], "loglevel") == 0)
            find_level(rewrite, line);
        return;
    }
    line->line = rewrite->text.length;
    group->length = 0;
    if (config_canonical(words, group, &rewrite->text)) {
        text_add_bytes(&rewrite->text, "", 1);
        line->group = rewrite->text.length;
        text_add_bytes(&rewrite->text, group->data, group->length + 1);
        line->kind = LINE_SLOT;
        line->legacy = strcasecmp(words->words[1], "known-slave") == 0;
        line->valkey = strncasecmp(words->words[1], "primary-", 8) == 0;
    }
}

static void read_lines(struct rewrite *rewrite, const char *text)
{
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        struct old_line *line;

        if (rewrite->count == rewrite->capacity) {
            rewrite->capacity = rewrite->capacity * 2 + 64;
            rewrite->lines = xrealloc(
                rewrite->lines, rewrite->capacity * sizeof(*rewrite->lines));
        }
        line = &rewrite->lines[rewrite->count++];
        *line = (struct old_line){
            .text = text, .length = length, .replacement = NONE, .next = NONE};
        classify(rewrite, line);
        text += length + (end != NULL);
    }
}

static void index_group(struct rewrite *rewrite, size_t index)
{
    struct old_line *line = &rewrite->lines[index];
    const char *key = rewrite->text.data + line->group;
    struct slot_group *group;

    HASH_FIND_STR(rewrite->by_group, key, group);
    if (group != NULL) {
        rewrite->lines[group->last].next = index;
        group->last = index;
        return;
    }
    group = &rewrite->groups[rewrite->group_count++];
    *group = (struct slot_group){.key = key, .first = index, .last = index};
    HASH_ADD_KEYPTR(hh, rewrite->by_group, key, strlen(key), group);
}

/* Neither array moves from here on, so both can be hashed in place. */
static void index_slots(struct rewrite *rewrite)
{
    struct old_line *found;

    rewrite->groups = xcalloc(rewrite->count, sizeof(*rewrite->groups));
    for (size_t i = 0; i < rewrite->count; i++) {
        struct old_line *line = &rewrite->lines[i];
        const char *key;

        if (line->kind != LINE_SLOT)
            continue;
        index_group(rewrite, i);
        key = rewrite->text.data + line->line;
        HASH_FIND_STR(rewrite->by_line, key, found);
        if (found == NULL)
            HASH_ADD_KEYPTR(hh, rewrite->by_line, key, strlen(key), line);
    }
}

static const char *output_text(const struct rewrite *rewrite, size_t place)
{
    return rewrite->outputs.text.data + place;
}

/* Lines that already say what must be said stay byte for byte. */
static void place_equal(struct rewrite *rewrite)
{
    for (size_t i = 0; i < rewrite->outputs.count; i++) {
        const struct output *output = &rewrite->outputs.outputs[i];
        struct old_line *line;

        HASH_FIND_STR(rewrite->by_line, output_text(rewrite, output->line),
                      line);
        if (line == NULL || line->used)
            continue;
        line->used = true;
        line->replacement = line->legacy ? i : NONE;
        rewrite->done[i] = true;
    }
}

static struct old_line *free_slot(struct rewrite *rewrite,
                                  const struct output *output)
{
    struct slot_group *group;

    HASH_FIND_STR(rewrite->by_group, output_text(rewrite, output->group),
                  group);
    if (group == NULL)
        return NULL;
    while (group->first != NONE && rewrite->lines[group->first].used)
        group->first = rewrite->lines[group->first].next;
    return group->first != NONE ? &rewrite->lines[group->first] : NULL;
}

/* The rest takes the place of lines that say something else of the same. */
static void place_changed(struct rewrite *rewrite)
{
    for (size_t i = 0; i < rewrite->outputs.count; i++) {
        const struct output *output = &rewrite->outputs.outputs[i];
        struct old_line *line;

        if (rewrite->done[i])
            continue;
        line = output->only_equal || (output->elsewhere && output->many)
                   ? NULL
                   : free_slot(rewrite, output);
        if (line != NULL) {
            line->used = true;
            /* The user's own line waits until the other one is gone. */
            if (!output->elsewhere || output->state)
                line->replacement = i;
        }
        rewrite->done[i] = line != NULL || output->elsewhere ||
                           output->only_equal || !output->forced;
    }
}

static void write_output(const struct rewrite *rewrite, struct text *out,
                         const struct output *output, bool valkey)
{
    static const char redis_name[] = "master-";
    const char *line = output_text(rewrite, output->line);

    text_add(out, output->user ? "" : "sentinel ");
    if (output->quoted != NULL) {
        text_add(out, output_text(rewrite, output->group));
        text_add(out, " ");
        config_text_word(out, output->quoted, true);
    } else if (valkey) {
        text_add(out, "primary-");
        text_add(out, line + strlen(redis_name));
    } else {
        text_add(out, line);
    }
    text_add(out, "\n");
}

static void write_level(const struct rewrite *rewrite, struct text *out)
{
    text_add(out, "loglevel ");
    text_add(out, rewrite->level);
    text_add(out, "\n");
}

static void write_old(const struct rewrite *rewrite, struct text *out,
                      const struct old_line *line)
{
    if (line->replaced && line == &rewrite->lines[rewrite->level_line]) {
        write_level(rewrite, out);
        return;
    }
    if (line->replacement != NONE) {
        write_output(rewrite, out, &rewrite->outputs.outputs[line->replacement],
                     line->valkey);
        return;
    }
    if (line->kind == LINE_COMMENT)
        text_add(out, "# ??? ");
    text_add_bytes(out, line->text, line->length);
    text_add(out, "\n");
}

/* Writes what the old text becomes. Where lines went between two empty lines,
 * one of these goes, too. */
static void write_lines(const struct rewrite *rewrite, struct text *out)
{
    bool gap = false;
    bool last_blank = true;

    for (size_t i = 0; i < rewrite->count; i++) {
        const struct old_line *line = &rewrite->lines[i];

        if (line->kind == LINE_SLOT && !line->used) {
            gap = true;
            continue;
        }
        if (line->blank && gap && last_blank)
            continue;
        write_old(rewrite, out, line);
        last_blank = line->blank;
        gap = gap && line->blank;
    }
}

/* The comment above what we append, once. */
static void write_marker(struct rewrite *rewrite, struct text *out)
{
    if (rewrite->marked)
        return;
    rewrite->marked = true;
    if (out->length > 1 && strcmp(out->data + out->length - 2, "\n\n") != 0)
        text_add(out, "\n");
    text_add(out, CONFIG_MARKER "\n");
}

static void write_missing(struct rewrite *rewrite, struct text *out)
{
    if (rewrite->level != NULL && rewrite->level_line == NONE) {
        write_marker(rewrite, out);
        write_level(rewrite, out);
    }
    for (size_t i = 0; i < rewrite->outputs.count; i++) {
        if (rewrite->done[i])
            continue;
        write_marker(rewrite, out);
        write_output(rewrite, out, &rewrite->outputs.outputs[i], false);
    }
}

char *config_rewrite(const char *text, const struct settings *settings,
                     const struct state *state, const struct acl_lines *users)
{
    struct rewrite rewrite = {.level_line = NONE, .users = users};
    struct text out = {0};

    text_add(&out, "");
    if (settings != NULL && settings->log_level_set)
        rewrite.level = config_level_name(settings->log_level);
    output_list_build(&rewrite.outputs, settings, state, users);
    rewrite.done = xcalloc(rewrite.outputs.count, sizeof(*rewrite.done));
    read_lines(&rewrite, text != NULL ? text : "");
    index_slots(&rewrite);
    place_equal(&rewrite);
    place_changed(&rewrite);
    write_lines(&rewrite, &out);
    write_missing(&rewrite, &out);
    HASH_CLEAR(hh, rewrite.by_group);
    HASH_CLEAR(hh, rewrite.by_line);
    output_list_clear(&rewrite.outputs);
    config_words_clear(&rewrite.words);
    free(rewrite.group.data);
    free(rewrite.text.data);
    free(rewrite.groups);
    free(rewrite.lines);
    free(rewrite.done);
    return out.data;
}
