/* Inside the command layer: a row of the table of commands, one call of a
 * command, and what the handlers share. */
#ifndef SENTINEL_COMMAND_TABLE_H
#define SENTINEL_COMMAND_TABLE_H

#include "acl.h"
#include "command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Traits, in the order in which COMMAND INFO shows those it shows. */
enum command_trait {
    TRAIT_ADMIN = 1u << 0,
    TRAIT_PUBSUB = 1u << 1,
    TRAIT_NOSCRIPT = 1u << 2,
    TRAIT_LOADING = 1u << 3,
    TRAIT_STALE = 1u << 4,
    TRAIT_FAST = 1u << 5,
    TRAIT_NO_AUTH = 1u << 6, /* may run before authentication */
    TRAIT_NO_MULTI = 1u << 7,
    TRAIT_ALLOW_BUSY = 1u << 8,
    /* not shown */
    TRAIT_CONTAINER = 1u << 9,   /* its first argument names a subcommand */
    TRAIT_SUBSCRIBED = 1u << 10, /* allowed to RESP2 subscribers */
    TRAIT_EXTRA = 1u << 11       /* unknown to Redis 7.0: known by name, but
                                  * left out of listings, which scripts
                                  * compare with those of Redis */
};
#define TRAITS_SHOWN 9

/* Names or ids in one request whose reply has an entry for each: a short
 * request must not make a reply of hundreds of megabytes. */
#define COMMAND_NAMES_LIMIT 4096

struct call;
typedef void command_handler(struct call *call);

struct command {
    const char *name; /* full: "ping", "sentinel|masters" */
    int arity;        /* words, the command's own included; negative: at
                       * least so many */
    unsigned traits;
    unsigned categories;
    command_handler *run; /* NULL: a container that needs a subcommand */
    const char *since;    /* version of Redis or Valkey that brought it */
    const char *group;
    const char *complexity; /* NULL: not told */
    const char *tips;       /* for COMMAND INFO, blank-separated, or NULL */
    const char *summary;    /* for COMMAND DOCS */
    const char *help;       /* lines of the container's HELP, each but the last
                             * ended by LF; NULL: not shown there */
};

/* One run of a command. */
struct call {
    struct client *client;
    struct context *context;
    const struct command *command;
    const struct core *core;
    uint64_t now_ms; /* driver_now() */
    char **words;    /* each ends in a NUL that its length omits */
    const size_t *lengths;
    size_t count;
    struct resp_writer *out;
    bool sent; /* handed to the core: the answer comes by command_answer() */
};

/* The rows, containers directly before their subcommands; *COUNT of them. */
const struct command *command_rows(size_t *count);
const struct command *command_rows_sentinel(size_t *count);

/* The N-th row of the whole table, or NULL behind the last. */
const struct command *command_row(size_t n);

/* The top-level command called NAME in any case, or NULL. */
const struct command *command_find(const char *name, size_t length);

/* The subcommand NAME of CONTAINER, or NULL. */
const struct command *command_find_sub(const struct command *container,
                                       const char *name, size_t length);

/* The top-level command that clients call NAME: `rename-command` counts. NULL
 * when there is none. */
const struct command *command_lookup(const struct context *context,
                                     const char *name, size_t length);

/* The same for full names: "sentinel|masters", too. */
const struct command *command_lookup_full(const struct context *context,
                                          const char *name, size_t length);

/* Whether COMMAND is shown in listings: Redis knows it, and it was not renamed
 * to nothing. */
bool command_listed(const struct context *context,
                    const struct command *command);

/* The number of a row in the whole table. */
size_t command_index(const struct command *command);

/* By full name: "ping" or "sentinel|masters". */
const struct command *command_find_full(const char *name, size_t length);

/* Whether SUB is a subcommand of CONTAINER. */
bool command_is_sub(const struct command *container, const struct command *sub);

/* Whether COUNT words fit the arity of COMMAND. */
bool command_arity_fits(const struct command *command, size_t count);

/* Whether the client may run commands: it has logged in, or need not. */
bool command_authenticated(const struct client *client);

/* Whether the client's user may run the call; else an error reply, and an
 * entry in ACL LOG. */
bool command_permitted(struct call *call);

/* The same for USER and a command of COUNT words, without any effect. With
 * ACL_DENIED_CHANNEL, *WORD is the channel that is not allowed. */
enum acl_verdict command_verdict(const struct acl_user *user,
                                 const struct command *command,
                                 const char *const *words,
                                 const size_t *lengths, size_t count,
                                 size_t *word);

/* An entry in ACL LOG; REASON is static. */
void command_log_denial(struct call *call, const char *reason,
                        const char *object, size_t object_length,
                        const char *user, size_t user_length);

/* Closes a client whose user changes or goes; the one with the id ASKER after
 * its reply. */
void command_expel(struct client *client, uint64_t asker);

/* Whether the client has subscribed to what BEFORE may hear and NOW may not. */
bool command_loses_channel(const struct client *client,
                           const struct acl_user *before,
                           const struct acl_user *now);

/* Appends the client's line of CLIENT LIST, without a line feed. */
void command_client_line(struct resp_writer *out, const struct client *client,
                         uint64_t now_ms);

/* The error of ACL subcommands with too many words. */
void command_acl_wrong_count(struct call *call, const char *name);

/* Words in any case; SECOND is in lower case. */
bool command_word_is(const struct call *call, size_t index, const char *second);

/* Whether no word from FIRST on holds a control character: a line feed would
 * add a directive to the file. False after an error reply for SENTINEL NAME. */
bool command_no_controls(struct call *call, size_t first, const char *name);

/* Whether word INDEX is a C string; one with a NUL inside names nothing that
 * we know. */
bool command_word_clean(const struct call *call, size_t index);

/* Whether no more than COMMAND_NAMES_LIMIT words follow the first FIRST; false
 * after an error reply. */
bool command_names_fit(struct call *call, size_t first);

/* Strict 64-bit decimal. False, without a reply, when it is something
 * else. */
bool command_word_number(const struct call *call, size_t index,
                         int64_t *number);

/* Hands REQUEST to the core for this client, which waits for the answer. The
 * words of the call must not be used afterwards. */
void command_send(struct call *call, struct request *request);

/* The error that SENTINEL commands give for an unknown name. */
void command_no_such_master(struct call *call);

/* The level called TEXT in the configuration, or -1. */
int command_level(const char *text);
const char *command_level_name(int level);

/* CLIENT SETNAME and HELLO SETNAME; false after an error reply. */
bool command_set_name(struct call *call, size_t index);

/* Answers HELP of the container of the call's command. */
void command_help(struct call *call);

/* One instance as SENTINEL MASTER, REPLICAS and SENTINELS show it; ARG is the
 * struct resp_writer. */
void command_view(void *arg, const struct core_view *view);

/* ---- Handlers ---- */

command_handler command_ping, command_auth, command_hello, command_quit,
    command_reset, command_shutdown;
command_handler command_info, command_role;
command_handler command_client_setname, command_client_getname,
    command_client_id, command_client_info, command_client_list,
    command_client_kill, command_client_setinfo, command_client_reply,
    command_client_switch, command_client_pause, command_client_unpause,
    command_client_unblock, command_client_tracking,
    command_client_trackinginfo, command_client_caching,
    command_client_getredir;
command_handler command_subscribe, command_unsubscribe, command_publish;
command_handler command_command, command_count, command_list,
    command_command_info, command_docs, command_getkeys;
command_handler command_acl_cat, command_acl_deluser, command_acl_dryrun,
    command_acl_file, command_acl_genpass, command_acl_getuser,
    command_acl_list, command_acl_log, command_acl_setuser, command_acl_users,
    command_acl_whoami;
command_handler sentinel_masters, sentinel_master, sentinel_replicas,
    sentinel_sentinels, sentinel_address, sentinel_ckquorum, sentinel_myid,
    sentinel_info_cache, sentinel_pending_scripts;
command_handler sentinel_down, sentinel_failover, sentinel_reset,
    sentinel_monitor, sentinel_remove, sentinel_set, sentinel_flushconfig,
    sentinel_debug, sentinel_simulate;
command_handler sentinel_config;

/* Applies the log level of a CONFIG SET that the core has accepted. */
void command_config_done(struct client *client, const struct answer *answer);

#endif
