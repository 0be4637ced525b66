/* links: lib */
#include "../../lib/text.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(text_grows_and_always_ends)
{
    struct text text;
    char *taken;

    text_init(&text);
    for (int i = 0; i < 1000; i++) {
        text_add(&text, "ab");
        text_addf(&text, "%d", i % 10);
        text_add_bytes(&text, "xyz", 1);
        ck_assert_uint_eq(strlen(text.data), text.length);
    }
    ck_assert_uint_eq(text.length, 4000);
    ck_assert_int_eq(memcmp(text.data + 3996, "ab9x", 5), 0);
    taken = text_take(&text);
    ck_assert_uint_eq(strlen(taken), 4000);
    ck_assert_uint_eq(text.length, 0);
    free(taken);
    taken = text_take(&text);
    ck_assert_str_eq(taken, "");
    free(taken);
    text_clear(&text);
}
END_TEST

START_TEST(adding_nothing_makes_an_empty_string)
{
    struct text text;

    text_init(&text);
    text_add_bytes(&text, "x", 0);
    ck_assert_str_eq(text.data, "");
    text_clear(&text);
    ck_assert_ptr_null(text.data);
}
END_TEST

START_TEST(words_compare_without_case)
{
    static const struct {
        const char *left;
        const char *right;
        int sign;
    } rows[] = {
        {"", "", 0},      {"abc", "ABC", 0}, {"abc", "abd", -1},
        {"B", "a", 1},    {"ab", "abc", -1}, {"abc", "AB", 1},
        {"\xe9", "a", 1}, {"[", "a", -1},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        int got = text_compare_nocase(rows[i].left, rows[i].right);

        ck_assert_int_eq((got > 0) - (got < 0), rows[i].sign);
        ck_assert_int_eq(text_same_word(rows[i].left, rows[i].right),
                         rows[i].sign == 0);
    }
}
END_TEST

START_TEST(prefix_and_controls)
{
    ck_assert(text_starts("PONG", "PONG"));
    ck_assert(text_starts("PONGO", "PONG"));
    ck_assert(!text_starts("PON", "PONG"));
    ck_assert(!text_starts("pong", "PONG"));
    ck_assert(text_starts("x", ""));
    ck_assert(!text_has_control("abc \xff~"));
    ck_assert(text_has_control("a\n"));
    ck_assert(text_has_control("\x7f"));
    ck_assert(text_has_control("a\tb"));
}
END_TEST

START_TEST(unsigned_numbers)
{
    static const struct {
        const char *text;
        bool valid;
        uint64_t number;
    } rows[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1a", false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t number = 0;

        ck_assert_msg(text_to_unsigned(rows[i].text, strlen(rows[i].text),
                                       &number) == rows[i].valid,
                      "'%s'", rows[i].text);
        ck_assert_uint_eq(number, rows[i].number);
    }
}
END_TEST

START_TEST(signed_numbers)
{
    static const struct {
        const char *text;
        bool valid;
        int64_t number;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-1", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"-", false, 0},
        {"--1", false, 0},
        {"", false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t number = 0;

        ck_assert_msg(text_to_signed(rows[i].text, strlen(rows[i].text),
                                     &number) == rows[i].valid,
                      "'%s'", rows[i].text);
        ck_assert_int_eq(number, rows[i].number);
    }
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        text_grows_and_always_ends, adding_nothing_makes_an_empty_string,
        words_compare_without_case, prefix_and_controls,
        unsigned_numbers,           signed_numbers,
    };

    return RUN_SUITE("text", cases);
}
