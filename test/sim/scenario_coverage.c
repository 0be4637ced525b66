/* Each notice in the table must be expected by some scenario. */
#include "../../lib/notice.h"
#include "suites.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *file;

void coverage_open(void)
{
    file = tmpfile();
    assert(file != NULL);
}

void coverage_close(void)
{
    fclose(file);
    file = NULL;
}

/* All processes write through one open file, and so to its end. */
void coverage_note(const char *channel)
{
    char line[80];
    int length = snprintf(line, sizeof(line), "%s\n", channel);

    assert(length > 0 && (size_t)length < sizeof(line));
    if (write(fileno(file), line, (size_t)length) != length)
        abort();
}

static bool is_noted(const char *channel)
{
    char line[80];

    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, channel) == 0)
            return true;
    }
    return false;
}

START_TEST(each_notice_is_expected_by_some_scenario)
{
    int missing = 0;

    for (int notice = 0; notice < NOTICE_COUNT; notice++)
        if (!is_noted(notice_channel((enum notice)notice))) {
            fprintf(stderr, "no scenario expects %s\n",
                    notice_channel((enum notice)notice));
            missing++;
        }
    ck_assert_int_eq(missing, 0);
}
END_TEST

Suite *suite_coverage(void)
{
    Suite *suite = suite_create("coverage");
    TCase *tcase = tcase_create("coverage");

    tcase_add_test(tcase, each_notice_is_expected_by_some_scenario);
    suite_add_tcase(suite, tcase);
    return suite;
}
