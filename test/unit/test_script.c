/* links: sentinel/script.o */
#include "../../sentinel/script.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define DEADLINE_MS 20000

static uv_loop_t loop;
static struct script_queue *queue;
static uv_timer_t deadline;
static char directory[64];
static char script[80];
static char output[80];
static char notices[4096]; /* one line each, without those of debug */
static uint64_t max_runtime_ms;
static uint64_t retry_delay_ms;
static size_t children; /* -script-child seen */
static size_t wanted;   /* children to wait for */

static void on_notice(void *arg, enum log_level level, const char *channel,
                      const char *text)
{
    ck_assert_ptr_eq(arg, &children);
    if (level != LEVEL_DEBUG) {
        size_t length = strlen(notices);

        snprintf(notices + length, sizeof(notices) - length, "%s %s\n", channel,
                 text);
        if (strcmp(channel, "-script-error") == 0 && wanted == 0)
            uv_stop(&loop);
    } else if (strcmp(channel, "-script-child") == 0 && ++children == wanted) {
        uv_stop(&loop);
    }
}

static uint64_t get_max_runtime(void *arg)
{
    (void)arg;
    return max_runtime_ms;
}

static uint64_t get_retry_delay(void *arg)
{
    (void)arg;
    return retry_delay_ms;
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    ck_abort_msg("deadline; notices: %s", notices);
}

static void write_script(const char *text)
{
    FILE *stream = fopen(script, "w");

    ck_assert_ptr_nonnull(stream);
    fprintf(stream, "#!/bin/sh\n%s\n", text);
    fclose(stream);
    ck_assert_int_eq(chmod(script, 0755), 0);
}

static void setup(void)
{
    static const struct script_callbacks callbacks = {
        on_notice, get_max_runtime, get_retry_delay};

    strcpy(directory, "/tmp/sentineld-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(script, sizeof(script), "%s/script", directory);
    snprintf(output, sizeof(output), "%s/output", directory);
    setenv("OUTPUT", output, 1);
    max_runtime_ms = 60000;
    retry_delay_ms = 1;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &deadline);
    uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
    queue = script_queue_new(&loop, &callbacks, &children);
}

static void teardown(void)
{
    script_queue_stop(queue);
    uv_close((uv_handle_t *)&deadline, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    script_queue_free(queue);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    unlink(script);
    unlink(output);
    rmdir(directory);
}

/* Runs until COUNT scripts have ended; 0: until an error is told. */
static void run_until(size_t count)
{
    wanted = count;
    if (count == 0 || children < count)
        uv_run(&loop, UV_RUN_DEFAULT);
}

static void add(const char *word)
{
    script_queue_add(queue, script, &word, 1);
}

static const char *content(void)
{
    static char text[8192];
    FILE *stream = fopen(output, "r");
    size_t length = 0;

    if (stream != NULL) {
        length = fread(text, 1, sizeof(text) - 1, stream);
        fclose(stream);
    }
    text[length] = '\0';
    return text;
}

START_TEST(arguments_arrive_as_they_are)
{
    static const char *const words[] = {"a b", "$HOME `id` ; *", ""};

    write_script("for word; do echo \"[$word]\"; done > $OUTPUT");
    script_queue_add(queue, script, words, 3);
    ck_assert_uint_eq(script_queue_length(queue), 1);
    run_until(1);
    ck_assert_str_eq(content(), "[a b]\n[$HOME `id` ; *]\n[]\n");
    ck_assert_str_eq(notices, "");
    ck_assert_uint_eq(script_queue_length(queue), 0);
    ck_assert_uint_eq(script_queue_running(queue), 0);
}
END_TEST

START_TEST(input_and_group_are_its_own)
{
    char expected[64];

    /* ps is not everywhere: the group stands in stat, behind the state. */
    write_script("readlink /proc/$$/fd/0 > $OUTPUT\n"
                 "set -- $(cat /proc/$$/stat)\n"
                 "[ \"$5\" = $$ ] && echo own >> $OUTPUT");
    add("x");
    run_until(1);
    snprintf(expected, sizeof(expected), "/dev/null\nown\n");
    ck_assert_str_eq(content(), expected);
}
END_TEST

static struct script_view seen;
static size_t visits;

static void on_view(void *arg, const struct script_view *view)
{
    (void)arg;
    seen = *view;
    visits++;
    ck_assert_str_eq(view->argv[0], script);
    ck_assert_uint_eq(view->argc, 2);
    ck_assert_str_eq(view->argv[1], "word");
}

START_TEST(exit_code_1_is_tried_again)
{
    retry_delay_ms = 5000;
    write_script("exit 1");
    add("word");
    run_until(1);
    script_queue_visit(queue, on_view, NULL);
    ck_assert_uint_eq(visits, 1);
    ck_assert(!seen.running);
    ck_assert_int_eq(seen.retry, 1);
    ck_assert_int_eq(seen.pid, 0);
    ck_assert_uint_gt(seen.time_ms, 1000);
    ck_assert_uint_le(seen.time_ms, 5000);
    ck_assert_str_eq(notices, "");
}
END_TEST

START_TEST(after_ten_runs_it_is_given_up)
{
    char expected[128];

    write_script("echo run >> $OUTPUT; exit 1");
    add("x");
    run_until(0);
    ck_assert_uint_eq(strlen(content()), 10 * strlen("run\n"));
    snprintf(expected, sizeof(expected), "-script-error %s 0 1\n", script);
    ck_assert_str_eq(notices, expected);
    ck_assert_uint_eq(script_queue_length(queue), 0);
}
END_TEST

START_TEST(other_exit_codes_are_errors_at_once)
{
    char expected[128];

    write_script("exit 3");
    add("x");
    run_until(0);
    snprintf(expected, sizeof(expected), "-script-error %s 0 3\n", script);
    ck_assert_str_eq(notices, expected);
    ck_assert_uint_eq(script_queue_length(queue), 0);
}
END_TEST

START_TEST(what_cannot_be_executed_counts_as_exit_code_2)
{
    char expected[128];

    add("x");
    run_until(0);
    snprintf(expected, sizeof(expected), "-script-error %s 0 2\n", script);
    ck_assert_str_eq(notices, expected);
    ck_assert_uint_eq(script_queue_length(queue), 0);
}
END_TEST

START_TEST(who_runs_too_long_is_killed_with_all_it_started)
{
    char expected[128];
    int pid = 0;
    int child = 0;

    max_runtime_ms = 300;
    retry_delay_ms = 60000;
    write_script("sleep 30 &\necho $$ $! > $OUTPUT\nwait");
    add("x");
    run_until(1);
    ck_assert_int_eq(sscanf(content(), "%d %d", &pid, &child), 2);
    snprintf(expected, sizeof(expected), "-script-timeout %s %d\n", script,
             pid);
    ck_assert_str_eq(notices, expected);
    ck_assert_uint_eq(script_queue_length(queue), 1); /* to be tried again */
    for (int i = 0; i < 1000 && kill(child, 0) == 0; i++) {
        char path[64];
        char state = '?';
        FILE *stream;

        /* Nobody may reap it here, but it must be dead. */
        snprintf(path, sizeof(path), "/proc/%d/stat", child);
        stream = fopen(path, "r");
        if (stream == NULL)
            break;
        ck_assert_int_eq(fscanf(stream, "%*d %*s %c", &state), 1);
        fclose(stream);
        if (state == 'Z')
            break;
        ck_assert_int_lt(i, 999);
        usleep(10000);
    }
}
END_TEST

START_TEST(sixteen_run_at_once)
{
    /* Should this test fail, they end by themselves. */
    write_script("echo x >> $OUTPUT; for i in $(seq 400); do "
                 "[ -e \"$1\" ] || exit 0; sleep 0.05; done");
    for (int i = 0; i < 20; i++)
        add(script);
    while (script_queue_running(queue) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(script_queue_running(queue), 16);
    ck_assert_uint_eq(script_queue_length(queue), 20);
    while (strlen(content()) < 16 * 2)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(script_queue_running(queue), 16);
    unlink(script); /* lets the running ones end; the others cannot start */
    wanted = SIZE_MAX;
    while (script_queue_length(queue) > 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(children, 16);
}
END_TEST

START_TEST(the_queue_is_limited)
{
    write_script("echo \"$1\" >> $OUTPUT");
    for (int i = 0; i < 300; i++) {
        char word[16];

        snprintf(word, sizeof(word), "%d", i);
        add(word);
    }
    ck_assert_uint_eq(script_queue_length(queue), 256);
    run_until(256);
    ck_assert_ptr_null(strstr(content(), "\n43\n"));
    ck_assert_ptr_nonnull(strstr(content(), "299\n"));
}
END_TEST

START_TEST(stop_leaves_running_scripts_alone)
{
    int pid = 0;

    write_script("echo $$ > $OUTPUT.part; mv $OUTPUT.part $OUTPUT; "
                 "exec sleep 30 > /dev/null");
    add("x");
    while (content()[0] == '\0')
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(sscanf(content(), "%d", &pid), 1);
    script_queue_stop(queue);
    ck_assert_uint_eq(script_queue_length(queue), 0);
    ck_assert_int_eq(kill(pid, 0), 0);
    kill(pid, SIGKILL);
}
END_TEST

static Suite *script_suite(void)
{
    Suite *suite = suite_create("script");
    TCase *tests = tcase_create("script");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, arguments_arrive_as_they_are);
    tcase_add_test(tests, input_and_group_are_its_own);
    tcase_add_test(tests, exit_code_1_is_tried_again);
    tcase_add_test(tests, after_ten_runs_it_is_given_up);
    tcase_add_test(tests, other_exit_codes_are_errors_at_once);
    tcase_add_test(tests, what_cannot_be_executed_counts_as_exit_code_2);
    tcase_add_test(tests, who_runs_too_long_is_killed_with_all_it_started);
    tcase_add_test(tests, sixteen_run_at_once);
    tcase_add_test(tests, the_queue_is_limited);
    tcase_add_test(tests, stop_leaves_running_scripts_alone);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(script_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
