/* Configuration files that exist only in memory. */
#include "config_world.h"

#include "../../lib/text.h"
#include "../../sentinel/acl_lines.h"
#include "quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILES_MAX 4
#define ID "0123456789abcdef0123456789abcdef01234567"

/* A file that includes itself twice would be read 65536 times. */
#define OPENS_MAX 64

struct file {
    const char *name;
    const char *text;
    size_t length;
};

static struct file files[FILES_MAX];
static bool loading; /* what is not ours is opened as ever */
static unsigned opens;

/* ---- What stands in the place of the system ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_access(const char *path, int mode);
int __real_chdir(const char *path);
int __wrap_chdir(const char *path);
int __real_glob(const char *pattern, int flags,
                int (*error)(const char *path, int code), glob_t *found);
int __wrap_glob(const char *pattern, int flags,
                int (*error)(const char *path, int code), glob_t *found);
void __real_globfree(glob_t *found);
void __wrap_globfree(glob_t *found);

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static const struct file *find_file(const char *path)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (files[i].name != NULL &&
            strcmp(files[i].name, base_name(path)) == 0)
            return &files[i];
    return NULL;
}

static int open_file(const struct file *file)
{
    const int fd = memfd_create(file->name, MFD_CLOEXEC);

    REQUIRE(fd >= 0, "no memory for a file");
    REQUIRE(write(fd, file->text, file->length) == (ssize_t)file->length,
            "no memory for a file");
    REQUIRE(lseek(fd, 0, SEEK_SET) == 0, "cannot go back");
    return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
    const struct file *file = find_file(path);
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (!loading)
        return __real_open(path, flags, mode);
    if ((flags & O_CREAT) != 0) { /* the log */
        if (strlen(path) > 3)
            return __real_open("/dev/null", O_WRONLY | O_CLOEXEC);
        errno = EACCES;
        return -1;
    }
    /* The main file, which is written, is no other file besides. */
    if (file != NULL && opens < OPENS_MAX &&
        (opens == 0) == (strcmp(file->name, CONFIG_MAIN) == 0)) {
        opens++;
        return open_file(file);
    }
    errno = ENOENT;
    return -1;
}

int __wrap_access(const char *path, int mode)
{
    (void)mode;
    if (strstr(path, "true") != NULL)
        return 0;
    errno = ENOENT;
    return -1;
}

int __wrap_chdir(const char *path)
{
    if (!loading)
        return __real_chdir(path);
    if (path[0] == '/' || path[0] == '.')
        return 0;
    errno = ENOENT;
    return -1;
}

int __wrap_glob(const char *pattern, int flags,
                int (*error)(const char *path, int code), glob_t *found)
{
    if (!loading)
        return __real_glob(pattern, flags, error, found);
    *found = (glob_t){0};
    found->gl_pathv = xcalloc(FILES_MAX + 1, sizeof(*found->gl_pathv));
    for (size_t i = 0; i < FILES_MAX; i++)
        if (files[i].name != NULL && fnmatch(pattern, files[i].name, 0) == 0)
            found->gl_pathv[found->gl_pathc++] = xstrdup(files[i].name);
    if (found->gl_pathc > 0)
        return 0;
    free(found->gl_pathv);
    return GLOB_NOMATCH;
}

void __wrap_globfree(glob_t *found)
{
    if (!loading) {
        __real_globfree(found);
        return;
    }
    for (size_t i = 0; i < found->gl_pathc; i++)
        free(found->gl_pathv[i]);
    free(found->gl_pathv);
}

/* Where sizes of files have 64 bits by a macro, these are called instead. */
int __wrap_open64(const char *path, int flags, ...)
    __attribute__((alias("__wrap_open")));
int __wrap_glob64(const char *pattern, int flags,
                  int (*error)(const char *path, int code), glob_t *found)
    __attribute__((alias("__wrap_glob")));
void __wrap_globfree64(glob_t *found) __attribute__((alias("__wrap_globfree")));

/* ---- Files ---- */

void config_world_put(const char *name, const char *text, size_t length)
{
    struct file *place = NULL;

    for (size_t i = 0; i < FILES_MAX; i++) {
        if (files[i].name != NULL && strcmp(files[i].name, name) == 0) {
            place = &files[i];
            break;
        }
        if (files[i].name == NULL && place == NULL)
            place = &files[i];
    }
    REQUIRE(place != NULL, "too many files");
    *place = text != NULL ? (struct file){name, text, length}
                          : (struct file){0};
}

void config_world_forget(void)
{
    memset(files, 0, sizeof(files));
}

/* ---- Loading ---- */

/* Commands that users may be given. */
static const struct acl_command commands[] = {
    {"ping", CATEGORY_FAST | CATEGORY_CONNECTION, false},
    {"info", CATEGORY_SLOW | CATEGORY_DANGEROUS, false},
    {"subscribe", CATEGORY_PUBSUB | CATEGORY_SLOW, false},
    {"publish", CATEGORY_PUBSUB | CATEGORY_FAST, false},
    {"sentinel", CATEGORY_ADMIN | CATEGORY_SLOW, true},
    {"sentinel|master", CATEGORY_ADMIN | CATEGORY_SLOW, false},
    {"sentinel|masters", CATEGORY_ADMIN | CATEGORY_SLOW, false}};

static struct acl_commands vocabulary = {commands, sizeof(commands) /
                                                       sizeof(commands[0])};

static int load(struct config_loaded *loaded, const char *extra)
{
    int result;

    loaded->settings = settings_new();
    loaded->state = state_new();
    acl_set_commands(loaded->settings->acl, vocabulary);
    opens = 0;
    loading = true;
    result = config_load(CONFIG_MAIN, extra, loaded->settings, loaded->state);
    loading = false;
    return result;
}

/* Were the wrapped calls not ours, nothing would ever be accepted. */
static void check_once(void)
{
    static const char text[] = "include probe.c*\nsentinel monitor m 1.2.3.4 5 "
                               "1\nsentinel notification-script m true\ndir .";
    static bool checked;
    struct config_loaded loaded;
    struct file kept[FILES_MAX];

    if (checked)
        return;
    checked = true;
    memcpy(kept, files, sizeof(kept));
    config_world_forget();
    config_world_put(CONFIG_MAIN, text, strlen(text));
    config_world_put("probe.conf", "port 1", 6);
    REQUIRE(load(&loaded, NULL) == 0 && loaded.settings->port == 1,
            "the files in memory are not seen: %s", quiet_said());
    config_world_clear(&loaded);
    memcpy(files, kept, sizeof(files));
}

void config_world_commands(struct acl_commands all)
{
    vocabulary = all;
}

bool config_world_load(struct config_loaded *loaded, const char *extra)
{
    int result;

    quiet_begin();
    check_once();
    result = load(loaded, extra);
    if (result == 0 && loaded->state->id[0] == '\0')
        strcpy(loaded->state->id, ID); /* as at the first start */
    REQUIRE(result == 0 || quiet_said()[0] != '\0', "refused without a reason");
    return result == 0;
}

void config_world_clear(struct config_loaded *loaded)
{
    settings_free(loaded->settings);
    state_free(loaded->state);
    *loaded = (struct config_loaded){0};
}

/* ---- Writing ---- */

char *config_world_rewrite(const struct config_loaded *loaded, const char *text)
{
    const struct settings *settings = loaded->settings;
    struct acl_lines *users = acl_lines_new(settings->acl,
                                            settings->acl_file != NULL);
    char *result = config_rewrite(text, settings, loaded->state, users);

    acl_lines_free(users);
    return result;
}

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void add_sorted(struct text *text, char *lines)
{
    size_t count = 0;
    char **each = xcalloc(strlen(lines) + 1, sizeof(*each));

    for (char *line = strtok(lines, "\n"); line != NULL;
         line = strtok(NULL, "\n"))
        each[count++] = line;
    qsort(each, count, sizeof(*each), compare_lines);
    for (size_t i = 0; i < count; i++)
        text_addf(text, "%s\n", each[i]);
    free(each);
}

/* The users as they are when they have been written and read: a rule may go
 * that means nothing where it has come to stand. */
static char *write_users(const struct acl *acl)
{
    char *first = acl_write(acl);
    char *error = NULL;
    struct acl *read = acl_read(acl, "users", first, strlen(first), &error);
    char *second;

    REQUIRE(read != NULL, "%s\n-- the users --\n%s", error, first);
    second = acl_write(read);
    acl_free(read);
    free(first);
    return second;
}

char *config_world_dump(const struct config_loaded *loaded)
{
    const struct settings *settings = loaded->settings;
    char *lines = config_rewrite(NULL, NULL, loaded->state, NULL);
    char *users = write_users(settings->acl);
    struct text text;

    text_init(&text);
    add_sorted(&text, lines);
    text_add(&text, users);
    if (loaded->state->global.requirepass != NULL)
        text_addf(&text, "requirepass %s\n", loaded->state->global.requirepass);
    text_addf(&text, "loglevel %d\nport %d\nbinds %zu\nrenames %zu\n",
              (int)settings->log_level, settings->port, settings->bind_count,
              settings->rename_count);
    free(lines);
    free(users);
    return text_take(&text);
}

void config_world_check(const struct config_loaded *loaded, const char *text,
                        const char *extra)
{
    char *written = config_world_rewrite(loaded, text);
    char *expected = config_world_dump(loaded);
    struct config_loaded again;
    char *dump;
    char *rewritten;

    config_world_put(CONFIG_MAIN, written, strlen(written));
    REQUIRE(config_world_load(&again, extra),
            "%s\n-- the file written --\n%s\n-- the file before --\n%s",
            quiet_said(), written, text);
    dump = config_world_dump(&again);
    REQUIRE(strcmp(dump, expected) == 0,
            "loads to\n%s\n-- instead of --\n%s\n-- the file written --\n%s\n"
            "-- the file before --\n%s",
            dump, expected, written, text);
    rewritten = config_world_rewrite(&again, written);
    REQUIRE(strcmp(rewritten, written) == 0,
            "becomes\n%s\n-- instead of --\n%s\n-- before --\n%s", rewritten,
            written, text);
    free(rewritten);
    free(dump);
    config_world_clear(&again);
    free(expected);
    free(written);
}
