/* links: sentinel/store_tasks.o sentinel/store_file.o */
#include "../../lib/xalloc.h"
#include "../../sentinel/store_tasks.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t loop;
static struct store_tasks *tasks;
static char directory[64];
static char path[96];
static char said[1024]; /* what the tasks have told, in order */

static void set_up(void)
{
    strcpy(directory, "/tmp/sentineld-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/users.acl", directory);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    tasks = store_tasks_new(&loop);
    said[0] = '\0';
}

static void tear_down(void)
{
    store_tasks_free(tasks);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    unlink(path);
    ck_assert_int_eq(rmdir(directory), 0);
}

static void on_done(void *arg, const char *text, size_t length,
                    const char *error)
{
    const size_t used = strlen(said);

    if (error == NULL)
        ck_assert_uint_eq(strlen(text), length);
    snprintf(said + used, sizeof(said) - used, "%s: %s\n", (const char *)arg,
             error != NULL ? error : text);
}

START_TEST(tasks_run_one_after_the_other)
{
    char expected[512];
    struct stat status;

    store_tasks_read(tasks, path, on_done, (void *)"a");
    store_tasks_write(tasks, path, xstrdup("one"), on_done, (void *)"b");
    store_tasks_read(tasks, path, on_done, (void *)"c");
    store_tasks_write(tasks, path, xstrdup("two"), on_done, (void *)"d");
    store_tasks_read(tasks, path, on_done, (void *)"e");
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    snprintf(expected, sizeof(expected),
             "a: '%s': No such file or directory\nb: one\nc: one\nd: two\n"
             "e: two\n",
             path);
    ck_assert_str_eq(said, expected);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
}
END_TEST

/* A task may be given while another one tells its end. */
static void on_done_again(void *arg, const char *text, size_t length,
                          const char *error)
{
    on_done(arg, text, length, error);
    store_tasks_read(tasks, path, on_done, (void *)"again");
}

START_TEST(tasks_may_follow_from_others)
{
    store_tasks_write(tasks, path, xstrdup("x"), on_done_again, (void *)"a");
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_str_eq(said, "a: x\nagain: x\n");
}
END_TEST

START_TEST(errors_are_told)
{
    store_tasks_write(tasks, "/nosuch/directory/users.acl", xstrdup("x"),
                      on_done, (void *)"a");
    store_tasks_read(tasks, directory, on_done, (void *)"b");
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_ptr_nonnull(strstr(said, "a: "));
    ck_assert_ptr_nonnull(strstr(said, "No such file or directory\nb: "));
    ck_assert_ptr_nonnull(strstr(said, "directory"));
    ck_assert_ptr_null(strstr(said, "a: x"));
}
END_TEST

static Suite *store_tasks_suite(void)
{
    Suite *suite = suite_create("store_tasks");
    TCase *tests = tcase_create("store_tasks");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, tasks_run_one_after_the_other);
    tcase_add_test(tests, tasks_may_follow_from_others);
    tcase_add_test(tests, errors_are_told);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(store_tasks_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
