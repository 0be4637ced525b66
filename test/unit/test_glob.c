/* links: lib */
#include "../../lib/glob.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *pattern;
    const char *text;
    bool matches;
} globs[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"*", "", true},
    {"*", "anything", true},
    {"**", "x", true},
    {"?", "", false},
    {"?", "x", true},
    {"??", "x", false},
    {"abc", "abc", true},
    {"abc", "abcd", false},
    {"abcd", "abc", false},
    {"a*c", "ac", true},
    {"a*c", "abbbc", true},
    {"a*c", "abbbd", false},
    {"a*bc*d", "axbcbcyd", true},
    {"*a*b", "xxaxxb", true},
    {"*ab", "aab", true},
    {"h?llo", "hello", true},
    {"h[ae]llo", "hallo", true},
    {"h[ae]llo", "hillo", false},
    {"h[^e]llo", "hallo", true},
    {"h[^e]llo", "hello", false},
    {"h[a-c]llo", "hbllo", true},
    {"h[c-a]llo", "hbllo", true},
    {"h[a-c]llo", "hdllo", false},
    {"[-+]sdown", "+sdown", true},
    {"[-+]sdown", "-sdown", true},
    {"[+-]sdown", "-sdown", true},
    {"[-+]sdown", "*sdown", false},
    {"[]", "a", false},
    {"[^]", "a", true},
    {"[a", "a", true},
    {"[", "a", false},
    {"[\\]]", "]", true},
    {"[\\]]", "a", false},
    {"[a-z]*[0-9]", "abc9", true},
    {"[a-z]*[0-9]", "abcd", false},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\", "\\", true},
    {"a\\", "a\\", true},
    {"a\\?c", "a?c", true},
    {"a\\?c", "abc", false},
    {"\\[a]", "[a]", true},
    {"*]", "a]", true},
    {"ABC", "abc", false},
    {"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true},
};

START_TEST(globs_match)
{
    ck_assert_msg(glob_match_text(globs[_i].pattern, globs[_i].text, false) ==
                      globs[_i].matches,
                  "%s on %s", globs[_i].pattern, globs[_i].text);
}
END_TEST

START_TEST(globs_in_any_case)
{
    ck_assert(glob_match_text("ANNOUNCE-*", "announce-ip", true));
    ck_assert(glob_match_text("[A-C]x", "bX", true));
    ck_assert(glob_match_text("\\A", "a", true));
    ck_assert(!glob_match_text("[^A]", "a", true));
    ck_assert(!glob_match_text("ANNOUNCE-*", "announce-ip", false));
}
END_TEST

/* A backtracking matcher would need longer than the universe is old. */
START_TEST(globs_take_bounded_time)
{
    char pattern[512] = "";
    char text[512];

    for (int i = 0; i < 100; i++)
        strcat(pattern, "*a");
    strcat(pattern, "b");
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ck_assert(!glob_match_text(pattern, text, false));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("glob");
    TCase *tests = tcase_create("glob");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, globs_match, 0,
                        (int)(sizeof(globs) / sizeof(globs[0])));
    tcase_add_test(tests, globs_in_any_case);
    tcase_add_test(tests, globs_take_bounded_time);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
