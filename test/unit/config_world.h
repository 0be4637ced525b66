/* A directory with a configuration file, for the tests of what reads and
 * writes it. */
#ifndef TEST_CONFIG_WORLD_H
#define TEST_CONFIG_WORLD_H

#include "../../lib/state.h"
#include "../../lib/xalloc.h"
#include "../../sentinel/acl.h"
#include "../../sentinel/config.h"
#include "../../sentinel/settings.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_ID "0123456789abcdef0123456789abcdef01234567"

static char world_directory[64];
static char world_file[80];
static struct settings *settings;
static struct state *state;
static bool (*world_command_exists)(const char *name); /* for the settings */

static inline void world_put(const char *path, const char *text, size_t length)
{
    FILE *stream = fopen(path, "w");

    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(text, 1, length, stream), length);
    ck_assert_int_eq(fclose(stream), 0);
}

static inline void world_write(const char *text)
{
    world_put(world_file, text, strlen(text));
}

/* The text of a file; free with free(). */
static inline char *world_read(const char *path)
{
    char *text = xcalloc(1, 1 << 20);
    FILE *stream = fopen(path, "r");

    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, stream), (1 << 20) - 1);
    fclose(stream);
    return text;
}

/* Commands that users may be given. */
static const struct acl_command world_commands[] = {
    {"ping", CATEGORY_FAST | CATEGORY_CONNECTION, false},
    {"info", CATEGORY_SLOW | CATEGORY_DANGEROUS, false},
    {"subscribe", CATEGORY_PUBSUB | CATEGORY_SLOW, false},
    {"publish", CATEGORY_PUBSUB | CATEGORY_FAST, false},
    {"sentinel", CATEGORY_ADMIN | CATEGORY_SLOW, true},
    {"sentinel|master", CATEGORY_ADMIN | CATEGORY_SLOW, false},
    {"sentinel|masters", CATEGORY_ADMIN | CATEGORY_SLOW, false}};

static inline void world_forget(void)
{
    settings_free(settings);
    state_free(state);
    settings = settings_new();
    acl_set_commands(settings->acl, (struct acl_commands){world_commands, 7});
    settings->command_exists = world_command_exists;
    state = state_new();
}

static inline void world_open(void)
{
    strcpy(world_directory, "/tmp/sentineld-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(world_directory));
    ck_assert_int_eq(chdir(world_directory), 0);
    snprintf(world_file, sizeof(world_file), "%s/sentinel.conf",
             world_directory);
    world_forget();
}

static inline void world_close(void)
{
    char command[128];

    settings_free(settings);
    state_free(state);
    settings = NULL;
    state = NULL;
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof(command), "rm -rf '%s'", world_directory);
    ck_assert_int_eq(system(command), 0);
}

/* Loads TEXT, and EXTRA as from the command line. */
static inline int world_load(const char *text, const char *extra)
{
    world_write(text);
    world_forget();
    return config_load(world_file, extra, settings, state);
}

#endif
