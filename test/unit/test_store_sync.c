/* links: sentinel/store_file.o */
/* A file that is replaced survives a power failure: what is synced, and when.
 * The calls of the C library that matter are taken over by this program. */
#include "../../lib/xalloc.h"
#include "../../sentinel/store_file.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char directory[64];
static char path[96];
static char calls[256];   /* in their order */
static const char *fails; /* the call that fails, or NULL */
static int fails_with;

static int note(const char *call)
{
    const size_t used = strlen(calls);

    snprintf(calls + used, sizeof(calls) - used, "%s;", call);
    if (fails == NULL || strcmp(fails, call) != 0)
        return 0;
    errno = fails_with;
    return -1;
}

int fsync(int fd)
{
    struct stat status;

    ck_assert_int_eq(fstat(fd, &status), 0);
    if (note(S_ISDIR(status.st_mode) ? "sync directory" : "sync file") != 0)
        return -1;
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    if (note("rename") != 0)
        return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int store(const char *text)
{
    const struct store_file_options options = {.new_mode = 0600,
                                               .replace_only = true};
    char error[4096] = "";
    bool in_place;
    int result;

    calls[0] = '\0';
    result = store_file_write(path, text, &options, &in_place, error,
                              sizeof(error));
    ck_assert(!in_place);
    ck_assert_int_eq(error[0] != '\0', result != 0);
    return result;
}

static void expect_text(const char *expected)
{
    char error[4096];
    char *text;

    ck_assert_int_eq(store_file_read(path, &text, error, sizeof(error)), 0);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    free(text);
}

static void set_up(void)
{
    strcpy(directory, "/tmp/sentineld-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/sentinel.conf", directory);
    ck_assert_int_eq(store("old\n"), 0);
}

static void tear_down(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(directory), 0); /* nothing temporary is left */
}

START_TEST(text_then_name_then_directory)
{
    ck_assert_int_eq(store("new\n"), 0);
    ck_assert_str_eq(calls, "sync file;rename;sync directory;");
    expect_text("new\n");
}
END_TEST

/* Whoever has the old file open reads the old text to its end. */
START_TEST(old_file_is_replaced_not_changed)
{
    char text[16] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(store("another\n"), 0);
    ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 4);
    ck_assert_str_eq(text, "old\n");
    close(fd);
}
END_TEST

START_TEST(text_that_is_not_synced_gets_no_name)
{
    fails = "sync file";
    fails_with = EIO;
    ck_assert_int_ne(store("new\n"), 0);
    ck_assert_str_eq(calls, "sync file;");
    expect_text("old\n");
}
END_TEST

START_TEST(name_that_is_not_synced_is_a_failure)
{
    fails = "sync directory";
    fails_with = EIO;
    ck_assert_int_ne(store("new\n"), 0);
}
END_TEST

START_TEST(directory_that_cannot_be_synced_need_not_be)
{
    fails = "sync directory";
    fails_with = EINVAL;
    ck_assert_int_eq(store("new\n"), 0);
    expect_text("new\n");
}
END_TEST

START_TEST(rename_that_fails_leaves_the_old_file)
{
    fails = "rename";
    fails_with = EIO;
    ck_assert_int_ne(store("new\n"), 0);
    expect_text("old\n");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        text_then_name_then_directory,
        old_file_is_replaced_not_changed,
        text_that_is_not_synced_gets_no_name,
        name_that_is_not_synced_is_a_failure,
        directory_that_cannot_be_synced_need_not_be,
        rename_that_fails_leaves_the_old_file,
    };

    return run_suite("store_sync", cases, ROWS(cases), set_up, tear_down);
}
