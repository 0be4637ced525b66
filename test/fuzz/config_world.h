/* Configuration files that exist only in memory, loaded as the daemon loads
 * them: no other file can be opened, and no directory entered. */
#ifndef TEST_FUZZ_CONFIG_WORLD_H
#define TEST_FUZZ_CONFIG_WORLD_H

#include "../../sentinel/acl.h"
#include "../../sentinel/config.h"
#include "../../sentinel/settings.h"
#include "fuzz.h"

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_MAIN "main.conf"

/* Gives the file NAME (in any directory) a content of LENGTH bytes, which are
 * borrowed; four files at most. NULL takes it away. */
void config_world_put(const char *name, const char *text, size_t length);

/* Takes all files away. */
void config_world_forget(void);

/* The commands that users may be given, instead of a few. */
void config_world_commands(struct acl_commands all);

/* What was loaded. */
struct config_loaded {
    struct settings *settings;
    struct state *state;
};

/* Loads CONFIG_MAIN and then EXTRA, which may be NULL. Returns whether it was
 * accepted; what was said is in quiet_said(). Clear it in any case. */
bool config_world_load(struct config_loaded *loaded, const char *extra);
void config_world_clear(struct config_loaded *loaded);

/* All that a restart must bring back, in an order of its own: two that are
 * equal have the same text. Free with free(). */
char *config_world_dump(const struct config_loaded *loaded);

/* CONFIG_MAIN as it is to be written now. Free with free(). */
char *config_world_rewrite(const struct config_loaded *loaded,
                           const char *text);

/* Writes LOADED over TEXT, the content of CONFIG_MAIN, and demands that it
 * loads to the same, and that writing that changes nothing. */
void config_world_check(const struct config_loaded *loaded, const char *text,
                        const char *extra);

#endif
