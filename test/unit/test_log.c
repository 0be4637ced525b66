/* links: sentinel/log.o */
#include "../../sentinel/log.h"

#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];
static char file[80];
static char other[80];

static void setup(void)
{
    const char *error = NULL;

    strcpy(directory, "/tmp/sentineld-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(file, sizeof(file), "%s/log", directory);
    snprintf(other, sizeof(other), "%s/log.1", directory);
    ck_assert_int_eq(log_open(file, LEVEL_NOTICE, &error), 0);
}

static void teardown(void)
{
    log_close();
    unlink(file);
    unlink(other);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* The text of PATH; static. */
static const char *content(const char *path)
{
    static char text[16384];
    FILE *stream = fopen(path, "r");
    size_t length;

    ck_assert_ptr_nonnull(stream);
    length = fread(text, 1, sizeof(text) - 1, stream);
    text[length] = '\0';
    fclose(stream);
    return text;
}

static void expect_match(const char *text, const char *pattern)
{
    regex_t regex;

    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&regex, text, 0, NULL, 0) == 0, "%s", text);
    regfree(&regex);
}

START_TEST(lines_have_the_format_of_the_reference)
{
    log_printf(LEVEL_WARNING, "+sdown master %s", "m");
    log_write(LEVEL_NOTICE, "two");
    expect_match(content(file),
                 "^[0-9]+:X [0-3][0-9] [A-Z][a-z][a-z] [0-9]{4} "
                 "[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} # \\+sdown master m\n"
                 "[0-9]+:X [^\n]+ \\* two\n$");
}
END_TEST

START_TEST(levels_are_filtered)
{
    static const struct {
        enum log_level level;
        const char *marks;
    } cases[] = {{LEVEL_DEBUG, ".-*#"},
                 {LEVEL_VERBOSE, "-*#"},
                 {LEVEL_NOTICE, "*#"},
                 {LEVEL_WARNING, "#"},
                 {LOG_LEVEL_NOTHING, ""}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const char all[] = ".-*#";
        const char *text;

        ck_assert_int_eq(truncate(file, 0), 0);
        log_set_level(cases[i].level);
        ck_assert_int_eq(log_get_level(), cases[i].level);
        for (int level = LEVEL_DEBUG; level <= LEVEL_WARNING; level++)
            log_write((enum log_level)level, "x");
        text = content(file);
        for (const char *mark = all; *mark != '\0'; mark++) {
            char word[] = {' ', *mark, ' ', 'x', '\n', '\0'};

            ck_assert_int_eq(strstr(text, word) != NULL,
                             strchr(cases[i].marks, *mark) != NULL);
        }
    }
}
END_TEST

START_TEST(no_text_can_forge_a_line)
{
    log_write(LEVEL_WARNING, "a\n1:X 01 Jan 2026 # b\r\t\x01\x7f\xc3\xa9");
    expect_match(content(file), " # a\\\\n1:X 01 Jan 2026 # "
                                "b\\\\r\\\\t\\\\x01\\\\x7f\xc3\xa9\n$");
    ck_assert_ptr_eq(strchr(content(file), '\n') + 1,
                     strchr(content(file), '\0'));
}
END_TEST

START_TEST(long_texts_are_cut)
{
    char *text = malloc(20000);

    ck_assert_ptr_nonnull(text);
    memset(text, '\n', 19999);
    text[19999] = '\0';
    log_write(LEVEL_WARNING, text);
    log_printf(LEVEL_WARNING, "%s", text);
    free(text);
    ck_assert_uint_lt(strlen(content(file)), 8200);
    log_write(LEVEL_WARNING, "next");
    expect_match(content(file), "\n[0-9]+:X [^\n]* # next\n$");
}
END_TEST

START_TEST(a_renamed_file_is_opened_anew_under_its_name)
{
    log_write(LEVEL_WARNING, "one");
    ck_assert_int_eq(rename(file, other), 0);
    log_write(LEVEL_WARNING, "two");
    expect_match(content(file), "^[^\n]* # two\n$");
    expect_match(content(other), "^[^\n]* # one\n$");
    ck_assert_int_eq(unlink(file), 0);
    log_write(LEVEL_WARNING, "three");
    expect_match(content(file), "^[^\n]* # three\n$");
}
END_TEST

START_TEST(a_truncated_file_goes_on_at_its_new_end)
{
    log_write(LEVEL_WARNING, "one");
    ck_assert_int_eq(truncate(file, 0), 0);
    log_write(LEVEL_WARNING, "two");
    expect_match(content(file), "^[0-9]+:X [^\n]* # two\n$");
}
END_TEST

START_TEST(reopen_makes_a_file_that_is_missing)
{
    ck_assert_int_eq(unlink(file), 0);
    log_reopen();
    ck_assert_int_eq(access(file, F_OK), 0);
}
END_TEST

START_TEST(a_directory_that_went_does_not_end_the_log)
{
    char away[96];

    snprintf(away, sizeof(away), "%s.away", directory);
    ck_assert_int_eq(rename(directory, away), 0);
    log_write(LEVEL_WARNING, "one");
    ck_assert_int_eq(rename(away, directory), 0);
    log_write(LEVEL_WARNING, "two");
    expect_match(content(file), "# one\n[^\n]* # two\n$");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_named)
{
    const char *error = NULL;

    ck_assert_int_eq(log_open("/nosuch/log", LEVEL_NOTICE, &error), -1);
    ck_assert_ptr_nonnull(strstr(error, "'/nosuch/log': No such file"));
}
END_TEST

START_TEST(without_a_file_lines_go_to_standard_output)
{
    const char *error = NULL;
    int saved = dup(STDOUT_FILENO);

    ck_assert_ptr_nonnull(freopen(other, "w", stdout));
    ck_assert_int_eq(log_open("", LEVEL_NOTICE, &error), 0);
    log_write(LEVEL_NOTICE, "out");
    dup2(saved, STDOUT_FILENO);
    close(saved);
    expect_match(content(other), " \\* out\n$");
}
END_TEST

static Suite *log_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, lines_have_the_format_of_the_reference);
    tcase_add_test(tests, levels_are_filtered);
    tcase_add_test(tests, no_text_can_forge_a_line);
    tcase_add_test(tests, long_texts_are_cut);
    tcase_add_test(tests, a_renamed_file_is_opened_anew_under_its_name);
    tcase_add_test(tests, a_truncated_file_goes_on_at_its_new_end);
    tcase_add_test(tests, reopen_makes_a_file_that_is_missing);
    tcase_add_test(tests, a_directory_that_went_does_not_end_the_log);
    tcase_add_test(tests, a_file_that_cannot_be_opened_is_named);
    tcase_add_test(tests, without_a_file_lines_go_to_standard_output);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(log_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
