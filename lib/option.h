/* The table of options of a monitored master: one row serves the file,
 * SENTINEL SET and the rewrite of the file. */
#ifndef LIB_OPTION_H
#define LIB_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFAULT_DOWN_AFTER_MS 30000
#define DEFAULT_FAILOVER_TIMEOUT_MS 180000
#define DEFAULT_PARALLEL_SYNCS 1

/* One entry of the rename-command map: OLD_NAME is replaced by NEW_NAME in
 * everything sent to the master and its replicas. Both are owned. */
struct rename_entry {
    char *old_name;
    char *new_name;
};

/* The options of one master. Texts are owned; NULL means not set. Times are
 * milliseconds. */
struct master_options {
    int64_t quorum;               /* sentinels that must agree it is down */
    int64_t down_after_ms;        /* silence that makes it subjectively down */
    int64_t failover_timeout_ms;  /* limit of each failover state */
    int64_t parallel_syncs;       /* replicas re-pointed at a time */
    int64_t reboot_down_after_ms; /* 0: a rebooting master is not down */
    char *notification_script;
    char *client_reconfig_script;
    char *auth_pass;
    char *auth_user;
    struct rename_entry *renames;
    size_t rename_count;
};

enum option_type {
    OPTION_NUMBER, /* an integer of at least MINIMUM */
    OPTION_TEXT,   /* any text, empty removes it */
    OPTION_SCRIPT, /* the path of an executable, empty removes it */
    OPTION_RENAME  /* two values: a command word and its new name */
};

/* A row of the table. */
struct option {
    const char *name;  /* as in `sentinel <name> <master> <value>` */
    const char *alias; /* another accepted spelling, or NULL */
    enum option_type type;
    size_t offset;          /* of the field in struct master_options */
    int64_t default_value;  /* of a number; not written when equal */
    int64_t file_minimum;   /* least number accepted from the file */
    int64_t set_minimum;    /* least number accepted by SENTINEL SET */
    bool in_file;           /* quorum stands in the monitor line instead */
    bool secret;            /* shown as ****** in notices and logs */
    const char *file_error; /* reason given for a bad number in the file */
};

/* The whole table, in the order in which the file is written; *COUNT rows. */
const struct option *option_table(size_t *count);

/* The row called NAME (or its alias) in any case, or NULL. */
const struct option *option_find(const char *name);

/* Sets all fields to their defaults; quorum to 1. */
void master_options_init(struct master_options *options);

/* Frees what OPTIONS owns, not OPTIONS itself. */
void master_options_clear(struct master_options *options);

/* Makes TO an independent copy of FROM; TO is overwritten, not freed. */
void master_options_copy(struct master_options *to,
                         const struct master_options *from);

/* The number field of OPTION in OPTIONS; only for OPTION_NUMBER. */
int64_t option_number(const struct option *option,
                      const struct master_options *options);

/* The text field of OPTION in OPTIONS or NULL; for TEXT and SCRIPT. */
const char *option_text(const struct option *option,
                        const struct master_options *options);

/* Sets a field from a line of the file. Numbers are read as C's atoi does,
 * which is what existing files rely on. VALUES are the words behind the
 * master's name, COUNT of them. Returns NULL, or the reason it is refused
 * (static text). Whether a script can be executed is the caller's to check. */
const char *option_load(const struct option *option,
                        struct master_options *options,
                        const char *const *values, size_t count);

/* Sets a field from SENTINEL SET; numbers are strict decimal. VALUES holds
 * option_width(OPTION) words. Returns false, and changes nothing, when a
 * value is not acceptable. */
bool option_set(const struct option *option, struct master_options *options,
                const char *const *values);

/* Words that follow the option's name in SENTINEL SET: 1, or 2 for
 * rename-command. */
size_t option_width(const struct option *option);

/* The word that is sent in place of WORD, which is WORD itself when it is
 * not renamed. Names compare in any case. */
const char *option_renamed(const struct master_options *options,
                           const char *word);

/* Strict decimal: optional '-', digits without leading zeros, within 64
 * bits. Returns false otherwise. */
bool option_parse_number(const char *text, int64_t *number);

#endif
