/* What the configuration says about the process itself; what it says about
 * masters is in struct state. */
#ifndef SENTINEL_SETTINGS_H
#define SENTINEL_SETTINGS_H

#include "../lib/action.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFAULT_PORT 26379
#define MAX_BINDS 16

enum supervision {
    SUPERVISED_NO,
    SUPERVISED_UPSTART,
    SUPERVISED_SYSTEMD,
    SUPERVISED_AUTO
};

/* Something found while the configuration was read, logged by main once the
 * log is open. */
struct settings_note {
    enum log_level level;
    char *text;
};

/* A command that clients know under another name. */
struct renamed_command {
    char *old_name;
    char *new_name; /* empty: it cannot be called at all */
};

struct acl;
struct elsewhere;

/* Texts are owned; NULL means not set. */
struct settings {
    char *config_file; /* absolute path: state is written back there */
    char *executable;  /* as started */
    int port;          /* 0: no TCP port */
    char *binds[MAX_BINDS];
    size_t bind_count; /* 0 with bind_given false: all addresses */
    bool bind_given;
    char *bind_source_address;
    bool protected_mode;
    char *unix_socket;
    unsigned unix_socket_mode; /* 0: leave as the umask gives */
    int tcp_backlog;
    int timeout_s;       /* idle clients are closed after; 0: never */
    int tcp_keepalive_s; /* 0: off */
    int max_clients;
    bool daemonize;
    char *pidfile;
    enum supervision supervised;
    /* Read by the thread that writes the file while commands change it. */
    _Atomic(enum log_level) log_level;
    atomic_bool log_level_set; /* by a command: the file is to say it, too */
    char *log_file;            /* NULL: standard output */
    bool syslog_enabled;
    char *syslog_ident;
    int syslog_facility;
    char *directory;       /* absolute working directory */
    struct acl *acl;       /* users; never NULL */
    char *acl_file;        /* absolute path; NULL: users are in config_file */
    int64_t acl_log_limit; /* entries of ACL LOG */
    uint64_t pubsub_hard_limit; /* bytes of unread output; 0: none */
    uint64_t pubsub_soft_limit;
    unsigned pubsub_soft_seconds;
    uint64_t output_sum_limit;       /* the same of all clients together */
    struct renamed_command *renames; /* in the order of the file */
    size_t rename_count;
    /* Whether there is a command of that name; set by main before the
     * configuration is read. NULL: renaming is not checked. */
    bool (*command_exists)(const char *name);
    struct settings_note *notes;
    size_t note_count;
    /* Sentinel lines of included files and of the command line, which the
     * rewrite leaves out; NULL when there are none (see elsewhere.h). */
    struct elsewhere *elsewhere;
};

struct settings *settings_new(void); /* all defaults */
void settings_free(struct settings *settings);

/* Keeps a line for the log. */
void settings_note(struct settings *settings, enum log_level level,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The name of the command that clients call NAME, in any case: NAME itself
 * when it was not renamed, NULL when a renaming has taken it away. */
const char *settings_command_name(const struct settings *settings,
                                  const char *name);

/* Whether clients must give a password before they may do anything. */
bool settings_password_required(const struct settings *settings);

#endif
