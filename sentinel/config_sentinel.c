/* Sentinel lines: collected while the files are read, applied in an order
 * that does not depend on where they stand. */
#include "../lib/xalloc.h"
#include "config_internal.h"
#include "elsewhere.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <uthash.h>

static const char unrecognized[] =
    "Unrecognized sentinel configuration statement.";

/* A master's place in the state, by its name. */
struct known_master {
    const char *name;
    size_t index;
    enum config_origin origin;
    UT_hash_handle hh;
};

struct work {
    struct config_reader *reader;
    struct known_master *masters;
    char *const *words; /* behind `sentinel` */
    size_t count;
    bool myid_given;
    bool current_epoch_given;
};

static const char *apply_myid(struct work *work, const char *value)
{
    if (strlen(value) != ID_LENGTH || !config_plain_word(value))
        return "Malformed Sentinel id in myid option.";
    memcpy(work->reader->state->id, value, ID_LENGTH + 1);
    work->myid_given = true;
    return NULL;
}

static const char *apply_announce_port(struct work *work, const char *value)
{
    struct global_options *global = &work->reader->state->global;

    return config_parse_port(value, 0, &global->announce_port) == NULL
               ? NULL
               : "announce-port must be between 0 and 65535.";
}

static const char *apply_current_epoch(struct work *work, const char *value)
{
    struct state *state = work->reader->state;
    uint64_t epoch = 0;
    const char *reason = config_parse_epoch(value, &epoch);

    if (epoch > state->current_epoch)
        state->current_epoch = epoch;
    work->current_epoch_given = true;
    return reason;
}

static const char *apply_global(struct work *work, enum sentinel_option option)
{
    struct global_options *global = &work->reader->state->global;
    const char *value = work->count == 2 ? work->words[1] : NULL;

    if (value == NULL)
        return unrecognized;
    switch (option) {
    case SENTINEL_MYID:
        return apply_myid(work, value);
    case SENTINEL_DENY_SCRIPTS_RECONFIG:
        return config_parse_yes_no(value, &global->deny_scripts_reconfig,
                                   "Please specify yes or no for the "
                                   "deny-scripts-reconfig options.");
    case SENTINEL_RESOLVE_HOSTNAMES:
        return config_parse_yes_no(value, &global->resolve_hostnames,
                                   "Please specify yes or no for the "
                                   "resolve-hostnames option.");
    case SENTINEL_ANNOUNCE_HOSTNAMES:
        return config_parse_yes_no(value, &global->announce_hostnames,
                                   "Please specify yes or no for the "
                                   "announce-hostnames option.");
    case SENTINEL_CURRENT_EPOCH:
        return apply_current_epoch(work, value);
    case SENTINEL_ANNOUNCE_IP:
        if (value[0] != '\0' && !config_plain_word(value))
            return "announce-ip holds a character that is not allowed.";
        xreplace(&global->announce_ip, value);
        return NULL;
    case SENTINEL_ANNOUNCE_PORT:
        return apply_announce_port(work, value);
    case SENTINEL_USER:
        xreplace(&global->sentinel_user, value);
        return NULL;
    case SENTINEL_PASS:
        xreplace(&global->sentinel_pass, value);
        return NULL;
    default:
        return unrecognized;
    }
}

static struct known_master *find_master(const struct work *work,
                                        const char *name)
{
    struct known_master *master;

    HASH_FIND_STR(work->masters, name, master);
    return master;
}

static void index_master(struct work *work, size_t index)
{
    struct known_master *master = xcalloc(1, sizeof(*master));

    master->name = work->reader->state->masters[index].name;
    master->index = index;
    master->origin = work->reader->line.origin;
    HASH_ADD_KEYPTR(hh, work->masters, master->name, strlen(master->name),
                    master);
}

/* A second definition of a master: what the main file says is the state that
 * was kept, so it counts; what is said elsewhere was its first configuration.
 * Within one place it is an error. */
static const char *redefine(struct work *work, const struct known_master *known)
{
    const struct config_line *line = &work->reader->line;

    if (known->origin == line->origin)
        return "Duplicate master name.";
    settings_note(work->reader->settings, LEVEL_VERBOSE,
                  "%s:%zu: master '%s' is defined elsewhere, too, and that "
                  "line counts",
                  line->file != NULL ? line->file : "command line",
                  line->number, known->name);
    return NULL;
}

static const char *apply_monitor(struct work *work)
{
    struct state *state = work->reader->state;
    struct master_options options;
    const struct known_master *known;
    struct state_master *master;
    const char *reason;
    int port = 0;

    if (work->count != 5)
        return unrecognized;
    known = find_master(work, work->words[1]);
    if (known != NULL)
        return redefine(work, known);
    master_options_init(&options);
    reason = option_load(option_find("quorum"), &options,
                         (const char *const *)&work->words[4], 1);
    if (reason == NULL && !config_plain_word(work->words[1]))
        reason = "A master's name must not be empty or hold blanks, commas "
                 "or control characters.";
    /* Port 0 is an address not known yet: nobody connects to it. */
    if (reason == NULL)
        reason = config_parse_port(work->words[3], 0, &port);
    if (reason == NULL)
        reason = config_check_host(work->reader, work->words[2]);
    if (reason != NULL)
        return reason;
    master = state_add_master(state, work->words[1], work->words[2], port);
    master->options.quorum = options.quorum;
    index_master(work, state->master_count - 1);
    return NULL;
}

static const char *check_script(const struct option *option, const char *path)
{
    if (path[0] == '\0' || access(path, X_OK) == 0)
        return NULL;
    if (strcmp(option->name, "notification-script") == 0)
        return "Notification script seems non existing or non executable.";
    return "Client reconfiguration script seems non existing or non "
           "executable.";
}

static const char *apply_option(struct work *work, const struct option *option,
                                struct state_master *master)
{
    const struct config_line *line = &work->reader->line;
    const char *const *values = (const char *const *)work->words + 2;
    const char *reason = NULL;

    if (option->type == OPTION_SCRIPT && work->count == 3)
        reason = check_script(option, values[0]);
    if (reason == NULL)
        reason = option_load(option, &master->options, values, work->count - 2);
    if (reason == NULL && master->options.parallel_syncs < 1) {
        settings_note(work->reader->settings, LEVEL_WARNING,
                      "%s:%zu: parallel-syncs of master '%s' is less than 1; "
                      "1 is used",
                      line->file != NULL ? line->file : "command line",
                      line->number, master->name);
        master->options.parallel_syncs = 1;
    }
    return reason;
}

static const char *apply_epoch(struct work *work, uint64_t *target)
{
    uint64_t epoch = 0;
    const char *reason;

    if (work->count != 3)
        return unrecognized;
    reason = config_parse_epoch(work->words[2], &epoch);
    if (epoch > *target)
        *target = epoch;
    return reason;
}

static const char *apply_known_replica(struct work *work,
                                       struct state_master *master)
{
    const char *reason;
    int port = 0;

    if (work->count != 4)
        return unrecognized;
    reason = config_parse_port(work->words[3], 1, &port);
    if (reason == NULL)
        reason = config_check_host(work->reader, work->words[2]);
    if (reason == NULL)
        state_add_replica(master, work->words[2], port);
    return reason;
}

/* Lines without an id are of a version before ids; they mean nothing. */
static const char *apply_known_sentinel(struct work *work,
                                        struct state_master *master)
{
    const char *reason;
    const char *id;
    int port = 0;

    if (work->count == 4)
        return NULL;
    if (work->count != 5)
        return unrecognized;
    id = work->words[4];
    reason = config_parse_port(work->words[3], 0, &port);
    if (reason == NULL)
        reason = config_check_host(work->reader, work->words[2]);
    if (reason == NULL && (strlen(id) != ID_LENGTH || !config_plain_word(id)))
        reason = "Malformed Sentinel id in known-sentinel option.";
    if (reason == NULL && strcmp(id, work->reader->state->id) != 0)
        state_add_sentinel(master, work->words[2], port, id);
    return reason;
}

static const char *apply_rest(struct work *work, enum sentinel_option kind,
                              const struct option *option)
{
    struct known_master *known;
    struct state_master *master;

    if (work->count < 3)
        return unrecognized;
    known = find_master(work, work->words[1]);
    if (known == NULL)
        return "No such master with specified name.";
    master = &work->reader->state->masters[known->index];
    switch (kind) {
    case SENTINEL_CONFIG_EPOCH:
        return apply_epoch(work, &master->config_epoch);
    case SENTINEL_LEADER_EPOCH:
        return apply_epoch(work, &master->leader_epoch);
    case SENTINEL_KNOWN_REPLICA:
        return apply_known_replica(work, master);
    case SENTINEL_KNOWN_SENTINEL:
        return apply_known_sentinel(work, master);
    default:
        return apply_option(work, option, master);
    }
}

/* What is applied in one pass over the lines. */
enum pass {
    PASS_GLOBAL,
    PASS_MONITOR_MAIN, /* first, so that the main file's definition counts */
    PASS_MONITOR_ELSEWHERE,
    PASS_REST,
    PASS_COUNT
};

static enum pass pass_of(enum sentinel_option kind, enum config_origin origin)
{
    if (kind < SENTINEL_MONITOR)
        return PASS_GLOBAL;
    if (kind > SENTINEL_MONITOR)
        return PASS_REST;
    return origin == ORIGIN_MAIN ? PASS_MONITOR_MAIN : PASS_MONITOR_ELSEWHERE;
}

static const char *apply_line(struct work *work, enum pass pass)
{
    struct config_reader *reader = work->reader;
    const struct option *option = NULL;
    enum sentinel_option kind;

    (void)config_words_split(&reader->words, reader->line.text,
                             reader->line.length); /* went well before */
    work->words = reader->words.words + 1;
    work->count = reader->words.count - 1;
    kind = config_sentinel_find(work->words[0], &option);
    if (kind == SENTINEL_UNKNOWN)
        return unrecognized;
    if (pass != pass_of(kind, reader->line.origin))
        return NULL;
    if (pass == PASS_GLOBAL)
        return apply_global(work, kind);
    return kind == SENTINEL_MONITOR ? apply_monitor(work)
                                    : apply_rest(work, kind, option);
}

static void note_elsewhere(struct config_reader *reader)
{
    struct text group = {0};
    struct text line = {0};

    if (reader->settings->elsewhere == NULL)
        reader->settings->elsewhere = elsewhere_new();
    (void)config_words_split(&reader->words, reader->line.text,
                             reader->line.length);
    if (config_canonical(&reader->words, &group, &line))
        elsewhere_add(reader->settings->elsewhere, group.data, line.data);
    free(group.data);
    free(line.data);
}

static const char *apply_all(struct work *work)
{
    struct config_reader *reader = work->reader;
    const char *reason;

    for (int pass = 0; pass < PASS_COUNT; pass++) {
        for (size_t i = 0; i < reader->pending_count; i++) {
            reader->line = reader->pending[i].line;
            reason = apply_line(work, (enum pass)pass);
            if (reason != NULL)
                return reason;
            if (pass == 0 && reader->line.origin != ORIGIN_MAIN)
                note_elsewhere(reader);
        }
    }
    return NULL;
}

/* Every sentinel writes current-epoch, and behind myid: a file with its mark
 * and with an id, but without an epoch, has lost its end at a line's border. */
static const char *check_complete(struct work *work)
{
    if (!work->reader->marked || !work->myid_given || work->current_epoch_given)
        return NULL;
    return "The file was cut short behind this line: a sentinel has written "
           "it, but the line 'sentinel current-epoch' is missing";
}

static void free_masters(struct work *work)
{
    struct known_master *master;
    struct known_master *next;

    HASH_ITER (hh, work->masters, master, next) {
        HASH_DEL(work->masters, master);
        free(master);
    }
}

const char *config_sentinel_apply(struct config_reader *reader)
{
    struct work work = {.reader = reader};
    const char *reason = apply_all(&work);

    if (reason == NULL) {
        for (size_t i = 0; i < reader->state->master_count; i++) {
            const struct state_master *master = &reader->state->masters[i];

            if (master->config_epoch > reader->state->current_epoch)
                reader->state->current_epoch = master->config_epoch;
        }
        config_warn_same_address(reader);
        reason = check_complete(&work);
    }
    free_masters(&work);
    return reason;
}
