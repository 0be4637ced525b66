/* sentinel.conf in: files, includes and the command line to lines; errors
 * with file, line, text and reason. */
#include "config.h"

#include "../lib/xalloc.h"
#include "config_internal.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "0.0.0-dev"
#endif

#define FILE_LIMIT (64u << 20)
#define INCLUDE_LIMIT 16

static const char *read_file(struct config_reader *reader, const char *path,
                             enum config_origin origin);

struct pending_line config_keep_line(const struct config_line *line)
{
    struct pending_line pending = {.line = *line};

    pending.file = xstrdup_or_null(line->file);
    pending.text = xstrndup(line->text, line->length);
    pending.line.file = pending.file;
    pending.line.text = pending.text;
    return pending;
}

void config_drop_line(struct pending_line *pending)
{
    free(pending->file);
    free(pending->text);
    *pending = (struct pending_line){0};
}

static void add_pending(struct config_reader *reader)
{
    if (reader->pending_count == reader->pending_capacity) {
        reader->pending_capacity = 2 * reader->pending_count + 16;
        reader->pending = xrealloc(reader->pending,
                                   reader->pending_capacity *
                                       sizeof(*reader->pending));
    }
    reader->pending[reader->pending_count++] = config_keep_line(&reader->line);
}

/* Keeps the place of the first error; what surrounds it adds nothing. */
static const char *refuse(struct config_reader *reader, const char *reason)
{
    if (reason != NULL && reader->failed.text == NULL)
        reader->failed = config_keep_line(&reader->line);
    return reason;
}

static const char *include_one(struct config_reader *reader, const char *path)
{
    enum config_origin origin = reader->line.origin;
    const char *reason;

    reader->depth++;
    reason = read_file(reader, path,
                       origin == ORIGIN_MAIN ? ORIGIN_INCLUDE : origin);
    reader->depth--;
    return reason;
}

static const char *include(struct config_reader *reader)
{
    const char *reason = NULL;
    glob_t found;
    char *path;

    if (reader->words.count != 2)
        return "wrong number of arguments";
    if (reader->depth >= INCLUDE_LIMIT)
        return "Too many files include each other";
    path = xstrdup(reader->words.words[1]);
    if (strpbrk(path, "*?[") == NULL) {
        reason = include_one(reader, path);
    } else if (glob(path, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && reason == NULL; i++)
            reason = include_one(reader, found.gl_pathv[i]);
        globfree(&found);
    }
    free(path);
    return reason;
}

static const char *read_line(struct config_reader *reader)
{
    struct config_line *line = &reader->line;

    if (line->length == 0 || line->text[0] == '#')
        return NULL;
    switch (config_words_split(&reader->words, line->text, line->length)) {
    case CONFIG_SPLIT_UNBALANCED:
        return "Unbalanced quotes in configuration line";
    case CONFIG_SPLIT_NUL:
        return "A value holds a NUL byte";
    case CONFIG_SPLIT_OK:
        break;
    }
    if (reader->words.count == 0) /* blanks of other kinds: a form feed */
        return NULL;
    if (strcasecmp(reader->words.words[0], "include") == 0)
        return include(reader);
    if (strcasecmp(reader->words.words[0], "sentinel") == 0) {
        if (reader->words.count > 1)
            add_pending(reader);
        return NULL;
    }
    return config_directive(reader);
}

/* A sentinel ends all it writes with a line feed, so a file that bears its
 * mark, or the beginning of it, and does not was cut, perhaps within a
 * number. */
static const char *check_cut(const struct config_reader *reader)
{
    static const char mark[] = CONFIG_MARKER;
    const struct config_line *line = &reader->line;
    bool begun = line->length > 2 && line->length < sizeof(mark) &&
                 memcmp(line->text, mark, line->length) == 0;

    if (line->origin != ORIGIN_MAIN || (!reader->marked && !begun))
        return NULL;
    return "The file was cut short: a sentinel has written it, but its last "
           "line does not end with a line feed";
}

static const char *read_text(struct config_reader *reader, const char *text,
                             size_t length)
{
    enum config_origin origin = reader->line.origin;
    const char *file = reader->line.file;
    const char *reason = NULL;
    const char *at = text;

    for (size_t number = 1; at < text + length; number++) {
        size_t rest = length - (size_t)(at - text);
        const char *end = memchr(at, '\n', rest);
        size_t size = end != NULL ? (size_t)(end - at) : rest;
        bool has_nul = memchr(at, '\0', size) != NULL;
        size_t trimmed = size;

        reader->line = (struct config_line){
            .origin = origin, .file = file, .number = number};
        reader->line.text = config_trim(at, &trimmed);
        reader->line.length = trimmed;
        reason = has_nul ? "The line holds a NUL byte" : NULL;
        if (reason == NULL && end == NULL)
            reason = check_cut(reader);
        if (reason == NULL)
            reason = read_line(reader);
        if (reason != NULL)
            return refuse(reader, reason);
        at += size + 1;
    }
    return NULL;
}

/* Reads all of FD into *TEXT, which ends in a NUL. Returns its length, or -1
 * with errno. */
static ssize_t read_all(int fd, char **text)
{
    size_t capacity = 1 << 16;
    size_t length = 0;

    *text = xmalloc(capacity);
    for (;;) {
        ssize_t got = read(fd, *text + length, capacity - length - 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > FILE_LIMIT) {
            errno = EFBIG;
            return -1;
        }
        if (length + 1 == capacity)
            *text = xrealloc(*text, capacity *= 2);
    }
    (*text)[length] = '\0';
    return (ssize_t)length;
}

ssize_t config_read_path(const char *path, char **text)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length;
    int error;

    *text = NULL;
    if (fd < 0)
        return -1;
    length = read_all(fd, text);
    error = errno;
    close(fd);
    errno = error;
    return length;
}

static const char *read_file(struct config_reader *reader, const char *path,
                             enum config_origin origin)
{
    const char *reason = NULL;
    char *text = NULL;
    ssize_t length = config_read_path(path, &text);

    if (length < 0) {
        snprintf(reader->reason, sizeof(reader->reason),
                 "Fatal error, can't open config file '%s': %s", path,
                 strerror(errno));
        free(text);
        return reader->reason;
    }
    if (origin == ORIGIN_MAIN)
        reader->marked = strstr(text, CONFIG_MARKER) != NULL;
    reader->line = (struct config_line){.origin = origin, .file = path};
    reason = read_text(reader, text, (size_t)length);
    free(text);
    return reason;
}

static void print_error(const struct config_reader *reader, const char *reason)
{
    const struct config_line *line = &reader->failed.line;

    fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (sentineld %s) ***\n",
            VERSION);
    if (line->origin == ORIGIN_COMMAND_LINE && line->file == NULL)
        fprintf(stderr, "Reading the arguments of the command line\n");
    else
        fprintf(stderr, "Reading the configuration file '%s', at line %zu\n",
                line->file, line->number);
    fprintf(stderr, ">>> '%.*s'\n%s\n", (int)line->length, line->text, reason);
}

static char *absolute_path(const char *path)
{
    char directory[PATH_MAX];
    struct text text = {0};

    if (path[0] != '/' && getcwd(directory, sizeof(directory)) != NULL) {
        text_add(&text, directory);
        text_add(&text, "/");
    }
    text_add(&text, path);
    return text.data;
}

/* The log is opened once all is read, since `dir` may stand behind `logfile`;
 * a file that cannot be opened is still an error of its line. */
static const char *check_log_file(struct config_reader *reader)
{
    const char *path = reader->settings->log_file;
    int fd;

    if (path == NULL)
        return NULL;
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0) {
        close(fd);
        return NULL;
    }
    snprintf(reader->reason, sizeof(reader->reason),
             "Can't open the log file: %s", strerror(errno));
    reader->line = reader->log_file.line;
    return refuse(reader, reader->reason);
}

static const char *load_all(struct config_reader *reader, const char *extra)
{
    struct settings *settings = reader->settings;
    const char *reason;

    reason = read_file(reader, settings->config_file, ORIGIN_MAIN);
    if (reason == NULL && extra != NULL) {
        reader->line = (struct config_line){.origin = ORIGIN_COMMAND_LINE};
        reason = read_text(reader, extra, strlen(extra));
    }
    if (reason == NULL)
        reason = refuse(reader, config_sentinel_apply(reader));
    if (reason == NULL)
        reason = refuse(reader, config_users_apply(reader));
    if (reason == NULL)
        reason = check_log_file(reader);
    return reason;
}

static void finish(struct config_reader *reader)
{
    char directory[PATH_MAX];

    free(reader->settings->directory);
    reader->settings->directory = xstrdup(
        getcwd(directory, sizeof(directory)) != NULL ? directory : "/");
}

int config_load(const char *file, const char *extra, struct settings *settings,
                struct state *state)
{
    struct config_reader reader = {.settings = settings, .state = state};
    const char *reason;

    free(settings->config_file);
    settings->config_file = absolute_path(file);
    reason = load_all(&reader, extra);
    if (reason != NULL && reader.failed.text == NULL)
        fprintf(stderr, "%s\n", reason);
    else if (reason != NULL)
        print_error(&reader, reason);
    else
        finish(&reader);
    for (size_t i = 0; i < reader.pending_count; i++)
        config_drop_line(&reader.pending[i]);
    free(reader.pending);
    for (size_t i = 0; i < reader.user_count; i++)
        config_drop_line(&reader.users[i]);
    free(reader.users);
    config_drop_line(&reader.acl_file);
    free(reader.long_reason);
    config_drop_line(&reader.log_file);
    config_drop_line(&reader.failed);
    config_words_clear(&reader.words);
    return reason != NULL ? -1 : 0;
}
