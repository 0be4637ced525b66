/* Server directives: what each accepts and what it sets. */
#include "../lib/xalloc.h"
#include "acl.h"
#include "config_internal.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

typedef const char *directive_apply(struct config_reader *reader,
                                    const char *value);

enum directive_kind {
    DIRECTIVE_BOOL,   /* yes or no */
    DIRECTIVE_NUMBER, /* from minimum to maximum */
    DIRECTIVE_TEXT,   /* one word, empty for none */
    DIRECTIVE_VALUE,  /* one word, read by apply */
    DIRECTIVE_WORDS   /* any number of words, read by apply */
};

struct directive {
    const char *name;
    enum directive_kind kind;
    size_t offset; /* of the field in struct settings */
    int minimum;
    int maximum;
    directive_apply *apply;
};

static const char wrong_count[] = "wrong number of arguments";

/* A word and what it stands for. */
struct choice {
    const char *word;
    int value;
};

static const struct choice levels[] = {
    {"debug", LEVEL_DEBUG},         {"verbose", LEVEL_VERBOSE},
    {"notice", LEVEL_NOTICE},       {"warning", LEVEL_WARNING},
    {"nothing", LEVEL_WARNING + 1}, {NULL, 0}};

static const char *choose(struct config_reader *reader,
                          const struct choice *choices, const char *word,
                          int *value)
{
    size_t length;

    length = (size_t)snprintf(reader->reason, sizeof(reader->reason),
                              "argument(s) must be one of the following:");
    for (size_t i = 0; choices[i].word != NULL; i++) {
        if (strcasecmp(choices[i].word, word) == 0) {
            *value = choices[i].value;
            return NULL;
        }
        length += (size_t)snprintf(reader->reason + length,
                                   sizeof(reader->reason) - length, "%s %s",
                                   i == 0 ? "" : ",", choices[i].word);
    }
    return reader->reason;
}

static const char *apply_loglevel(struct config_reader *reader,
                                  const char *value)
{
    int level = LEVEL_NOTICE;
    const char *reason = choose(reader, levels, value, &level);

    reader->settings->log_level = (enum log_level)level;
    return reason;
}

const char *config_level_name(enum log_level level)
{
    const struct choice *choice = levels;

    while (choice->value != (int)level)
        choice++;
    return choice->word;
}

static const char *apply_facility(struct config_reader *reader,
                                  const char *value)
{
    static const struct choice facilities[] = {
        {"user", LOG_USER},     {"local0", LOG_LOCAL0},
        {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
        {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
        {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
        {"local7", LOG_LOCAL7}, {NULL, 0}};

    return choose(reader, facilities, value,
                  &reader->settings->syslog_facility);
}

static const char *apply_supervised(struct config_reader *reader,
                                    const char *value)
{
    static const struct choice choices[] = {{"upstart", SUPERVISED_UPSTART},
                                            {"systemd", SUPERVISED_SYSTEMD},
                                            {"auto", SUPERVISED_AUTO},
                                            {"no", SUPERVISED_NO},
                                            {NULL, 0}};
    int supervised = SUPERVISED_NO;
    const char *reason = choose(reader, choices, value, &supervised);

    reader->settings->supervised = (enum supervision)supervised;
    return reason;
}

static const char *apply_dir(struct config_reader *reader, const char *value)
{
    if (chdir(value) == 0)
        return NULL;
    snprintf(reader->reason, sizeof(reader->reason), "%s", strerror(errno));
    return reader->reason;
}

static const char *apply_logfile(struct config_reader *reader,
                                 const char *value)
{
    xreplace(&reader->settings->log_file, value);
    config_drop_line(&reader->log_file);
    reader->log_file = config_keep_line(&reader->line);
    return NULL;
}

static const char *apply_requirepass(struct config_reader *reader,
                                     const char *value)
{
    xreplace(&reader->state->global.requirepass, value);
    return NULL;
}

static const char *apply_socket_mode(struct config_reader *reader,
                                     const char *value)
{
    char *end;
    unsigned long mode = strtoul(value, &end, 8);

    if (value[0] < '0' || value[0] > '7' || *end != '\0' || mode > 0777)
        return "argument must be an octal number between 0 and 777";
    reader->settings->unix_socket_mode = (unsigned)mode;
    return NULL;
}

static const char *apply_tls_port(struct config_reader *reader,
                                  const char *value)
{
    (void)reader;
    if (strcmp(value, "0") == 0)
        return NULL;
    return "TLS is not available in this version: tls-port must be 0";
}

static const char *apply_tls_replication(struct config_reader *reader,
                                         const char *value)
{
    (void)reader;
    if (strcasecmp(value, "no") == 0)
        return NULL;
    return "TLS is not available in this version: tls-replication must be no";
}

static const char *apply_aclfile(struct config_reader *reader,
                                 const char *value)
{
    xreplace(&reader->settings->acl_file, value);
    config_drop_line(&reader->acl_file);
    reader->acl_file = config_keep_line(&reader->line);
    return NULL;
}

static const char *apply_user(struct config_reader *reader, const char *value)
{
    (void)value;
    return config_keep_user(reader);
}

static const char *apply_acl_channels(struct config_reader *reader,
                                      const char *value)
{
    static const struct choice choices[] = {
        {"allchannels", true}, {"resetchannels", false}, {NULL, 0}};
    int all = false;
    const char *reason = choose(reader, choices, value, &all);

    acl_set_pubsub_default(reader->settings->acl, all != 0);
    return reason;
}

static const char *apply_acl_log(struct config_reader *reader,
                                 const char *value)
{
    int64_t number;

    if (!option_parse_number(value, &number))
        return "argument couldn't be parsed into an integer";
    if (number < 0)
        return "argument must be between 0 and 9223372036854775807 inclusive";
    reader->settings->acl_log_limit = number;
    return NULL;
}

static bool command_is_there(const struct settings *settings, const char *name)
{
    const char *own = settings_command_name(settings, name);

    return own != NULL &&
           (settings->command_exists == NULL || settings->command_exists(own));
}

static const char *apply_rename(struct config_reader *reader, const char *value)
{
    struct settings *settings = reader->settings;
    const struct config_words *words = &reader->words;
    struct renamed_command *rename;

    if (words->count != 3)
        return wrong_count;
    if (!command_is_there(settings, value))
        return "No such command in rename-command";
    if (words->words[2][0] != '\0' && settings->command_exists != NULL &&
        command_is_there(settings, words->words[2]))
        return "Target command name already exists";
    settings->renames = xrealloc(settings->renames,
                                 (settings->rename_count + 1) *
                                     sizeof(*settings->renames));
    rename = &settings->renames[settings->rename_count++];
    rename->old_name = xstrdup(value);
    rename->new_name = xstrdup(words->words[2]);
    return NULL;
}

static const char *apply_bind(struct config_reader *reader, const char *value)
{
    struct settings *settings = reader->settings;
    const struct config_words *words = &reader->words;

    (void)value;
    if (words->count - 1 > MAX_BINDS)
        return "Too many bind addresses specified.";
    for (size_t i = 0; i < settings->bind_count; i++)
        free(settings->binds[i]);
    settings->bind_given = true;
    settings->bind_count = 0;
    if (words->count == 2 && words->words[1][0] == '\0')
        return NULL;
    for (size_t i = 1; i < words->count; i++)
        settings->binds[settings->bind_count++] = xstrdup(words->words[i]);
    return NULL;
}

/* A size such as 32mb; k, m, g are powers of 1000, kb, mb, gb of 1024. */
static bool parse_size(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *suffix;
        uint64_t factor;
    } units[] = {{"", 1},           {"b", 1},        {"k", 1000},
                 {"kb", 1024},      {"m", 1000000},  {"mb", 1u << 20},
                 {"g", 1000000000}, {"gb", 1u << 30}};
    unsigned long long number;
    char *end;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcasecmp(units[i].suffix, end) == 0 &&
            number <= UINT64_MAX / units[i].factor) {
            *bytes = number * units[i].factor;
            return true;
        }
    }
    return false;
}

static const char *output_limit(struct settings *settings, char *const *words)
{
    uint64_t hard;
    uint64_t soft;
    uint64_t seconds;
    bool pubsub = strcasecmp(words[0], "pubsub") == 0;

    if (!pubsub && strcasecmp(words[0], "normal") != 0 &&
        strcasecmp(words[0], "replica") != 0 &&
        strcasecmp(words[0], "slave") != 0)
        return "The client class must be normal, replica or pubsub";
    if (!parse_size(words[1], &hard) || !parse_size(words[2], &soft) ||
        !parse_size(words[3], &seconds) || seconds > UINT32_MAX)
        return "A limit is not a size, or the last value not a number of "
               "seconds";
    if (pubsub) {
        settings->pubsub_hard_limit = hard;
        settings->pubsub_soft_limit = soft;
        settings->pubsub_soft_seconds = (unsigned)seconds;
    }
    return NULL;
}

static const char *apply_output_limit(struct config_reader *reader,
                                      const char *value)
{
    const struct config_words *words = &reader->words;
    const char *reason = NULL;

    (void)value;
    if (words->count < 5 || (words->count - 1) % 4 != 0)
        return wrong_count;
    for (size_t i = 1; i < words->count && reason == NULL; i += 4)
        reason = output_limit(reader->settings, words->words + i);
    return reason;
}

#define FIELD(name) offsetof(struct settings, name)
#define BOOL(name, field)                              \
    {                                                  \
        name, DIRECTIVE_BOOL, FIELD(field), 0, 0, NULL \
    }
#define NUMBER(name, field, minimum, maximum)                        \
    {                                                                \
        name, DIRECTIVE_NUMBER, FIELD(field), minimum, maximum, NULL \
    }
#define TEXT(name, field)                              \
    {                                                  \
        name, DIRECTIVE_TEXT, FIELD(field), 0, 0, NULL \
    }
#define VALUE(name, apply)                    \
    {                                         \
        name, DIRECTIVE_VALUE, 0, 0, 0, apply \
    }
#define WORDS(name, apply)                    \
    {                                         \
        name, DIRECTIVE_WORDS, 0, 0, 0, apply \
    }

static const struct directive table[] = {
    NUMBER("port", port, 0, 65535),
    WORDS("bind", apply_bind),
    TEXT("bind-source-addr", bind_source_address),
    BOOL("protected-mode", protected_mode),
    TEXT("unixsocket", unix_socket),
    VALUE("unixsocketperm", apply_socket_mode),
    NUMBER("tcp-backlog", tcp_backlog, 0, INT32_MAX),
    NUMBER("timeout", timeout_s, 0, INT32_MAX),
    NUMBER("tcp-keepalive", tcp_keepalive_s, 0, INT32_MAX),
    NUMBER("maxclients", max_clients, 1, INT32_MAX),
    BOOL("daemonize", daemonize),
    TEXT("pidfile", pidfile),
    VALUE("supervised", apply_supervised),
    VALUE("loglevel", apply_loglevel),
    VALUE("logfile", apply_logfile),
    BOOL("syslog-enabled", syslog_enabled),
    TEXT("syslog-ident", syslog_ident),
    VALUE("syslog-facility", apply_facility),
    VALUE("dir", apply_dir),
    VALUE("requirepass", apply_requirepass),
    WORDS("user", apply_user),
    WORDS("rename-command", apply_rename),
    VALUE("aclfile", apply_aclfile),
    VALUE("acl-pubsub-default", apply_acl_channels),
    VALUE("acllog-max-len", apply_acl_log),
    WORDS("client-output-buffer-limit", apply_output_limit),
    VALUE("tls-port", apply_tls_port),
    VALUE("tls-replication", apply_tls_replication),
};

static const struct directive *find(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcasecmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static void *field(const struct config_reader *reader,
                   const struct directive *directive)
{
    return (char *)reader->settings + directive->offset;
}

static const char *apply_bool(struct config_reader *reader,
                              const struct directive *directive,
                              const char *value)
{
    bool yes = strcasecmp(value, "yes") == 0;

    if (!yes && strcasecmp(value, "no") != 0)
        return "argument must be 'yes' or 'no'";
    *(bool *)field(reader, directive) = yes;
    return NULL;
}

static const char *apply_number(struct config_reader *reader,
                                const struct directive *directive,
                                const char *value)
{
    int64_t number;

    if (!option_parse_number(value, &number))
        return "argument couldn't be parsed into an integer";
    if (number < directive->minimum || number > directive->maximum) {
        snprintf(reader->reason, sizeof(reader->reason),
                 "argument must be between %d and %d inclusive",
                 directive->minimum, directive->maximum);
        return reader->reason;
    }
    *(int *)field(reader, directive) = (int)number;
    return NULL;
}

static const char *obey(struct config_reader *reader,
                        const struct directive *directive)
{
    const struct config_words *words = &reader->words;
    const char *value = words->count > 1 ? words->words[1] : NULL;

    if (directive->kind != DIRECTIVE_WORDS && words->count != 2)
        return wrong_count;
    switch (directive->kind) {
    case DIRECTIVE_BOOL:
        return apply_bool(reader, directive, value);
    case DIRECTIVE_NUMBER:
        return apply_number(reader, directive, value);
    case DIRECTIVE_TEXT:
        xreplace(field(reader, directive), value);
        return NULL;
    case DIRECTIVE_VALUE:
    case DIRECTIVE_WORDS:
        return directive->apply(reader, value);
    }
    return wrong_count;
}

/* Accepts a directive that means nothing to a sentinel. */
static const char *accept(struct config_reader *reader, bool missed)
{
    const struct config_line *line = &reader->line;
    const char *name = reader->words.words[0];

    if (reader->words.count < 2)
        return wrong_count;
    settings_note(reader->settings, missed ? LEVEL_WARNING : LEVEL_VERBOSE,
                  "%s:%zu: '%s' is accepted without effect",
                  line->file != NULL ? line->file : "command line",
                  line->number, name);
    return NULL;
}

const char *config_directive(struct config_reader *reader)
{
    const char *name = reader->words.words[0];
    const struct directive *directive = find(name);
    bool missed;

    if (directive != NULL)
        return obey(reader, directive);
    if (config_directive_ignored(name, &missed))
        return accept(reader, missed);
    return "Bad directive or wrong number of arguments";
}

bool config_directive_known(const char *name)
{
    bool missed;

    return find(name) != NULL || config_directive_ignored(name, &missed) ||
           strcasecmp(name, "include") == 0 ||
           strcasecmp(name, "sentinel") == 0;
}
