/* links: lib */
#include "../../lib/option.h"
#include "../../lib/state.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct master_options options;

static void setup(void)
{
    master_options_init(&options);
}

static void teardown(void)
{
    master_options_clear(&options);
}

static const char *load(const char *name, const char *value)
{
    return option_load(option_find(name), &options, &value, 1);
}

static bool set(const char *name, const char *value)
{
    return option_set(option_find(name), &options, &value);
}

static bool set_rename(const char *old_name, const char *new_name)
{
    return option_set(option_find("rename-command"), &options,
                      (const char *[]){old_name, new_name});
}

START_TEST(defaults_are_those_documented)
{
    ck_assert_int_eq(options.quorum, 1);
    ck_assert_int_eq(options.down_after_ms, 30000);
    ck_assert_int_eq(options.failover_timeout_ms, 180000);
    ck_assert_int_eq(options.parallel_syncs, 1);
    ck_assert_int_eq(options.reboot_down_after_ms, 0);
    ck_assert_ptr_null(options.auth_pass);
    ck_assert_uint_eq(options.rename_count, 0);
}
END_TEST

START_TEST(names_are_found_in_any_case_and_by_alias)
{
    const struct option *option = option_find("PRIMARY-reboot-down-after-"
                                              "period");

    ck_assert_ptr_nonnull(option);
    ck_assert_ptr_eq(option, option_find("master-reboot-down-after-period"));
    ck_assert_ptr_null(option_find("auth-passs"));
    ck_assert_ptr_null(option_find("auth-pas"));
    ck_assert_ptr_null(option_find(""));
}
END_TEST

START_TEST(quorum_is_not_a_line_of_its_own)
{
    ck_assert(!option_find("quorum")->in_file);
    ck_assert_str_eq(load("quorum", "0"), "Quorum must be 1 or greater.");
    ck_assert_ptr_null(load("quorum", "3"));
    ck_assert_int_eq(options.quorum, 3);
}
END_TEST

START_TEST(only_the_password_is_secret)
{
    size_t count;
    const struct option *table = option_table(&count);

    ck_assert_uint_eq(count, 10);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(table[i].secret,
                         strcmp(table[i].name, "auth-pass") == 0);
}
END_TEST

START_TEST(numbers_of_the_file_are_read_like_atoi)
{
    ck_assert_ptr_null(load("down-after-milliseconds", " +5000ms"));
    ck_assert_int_eq(options.down_after_ms, 5000);
    ck_assert_str_eq(load("down-after-milliseconds", "abc"),
                     "negative or zero time parameter.");
    ck_assert_str_eq(load("failover-timeout", "-1"),
                     "negative or zero time parameter.");
    ck_assert_str_eq(load("master-reboot-down-after-period", "-1"),
                     "negative time parameter.");
    ck_assert_ptr_null(load("parallel-syncs", "0"));
    ck_assert_ptr_nonnull(
        load("down-after-milliseconds", "99999999999999999999"));
    ck_assert_int_eq(options.down_after_ms, 5000);
}
END_TEST

START_TEST(numbers_of_set_are_strict)
{
    static const char *const wrong[] = {"",
                                        "0",
                                        "-1",
                                        "abc",
                                        "1.5",
                                        "05",
                                        "1 ",
                                        " 1",
                                        "+1",
                                        "9223372036854775807",
                                        "99999999999999999999"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(!set("parallel-syncs", wrong[i]), "%s", wrong[i]);
    ck_assert_int_eq(options.parallel_syncs, 1);
    ck_assert(set("down-after-milliseconds", "99999999999"));
    ck_assert_int_eq(options.down_after_ms, 99999999999);
    ck_assert(set("master-reboot-down-after-period", "0"));
}
END_TEST

START_TEST(an_empty_text_removes)
{
    ck_assert(set("auth-pass", "secret"));
    ck_assert_str_eq(option_text(option_find("auth-pass"), &options), "secret");
    ck_assert(set("auth-pass", ""));
    ck_assert_ptr_null(options.auth_pass);
}
END_TEST

START_TEST(renames_replace_and_remove)
{
    ck_assert(set_rename("CONFIG", "GUESS"));
    ck_assert(set_rename("SLAVEOF", "FOLLOW"));
    ck_assert_str_eq(option_renamed(&options, "config"), "GUESS");
    ck_assert(set_rename("config", "OTHER"));
    ck_assert_uint_eq(options.rename_count, 2);
    ck_assert_str_eq(option_renamed(&options, "CONFIG"), "OTHER");
    ck_assert(set_rename("Config", "CONFIG"));
    ck_assert_uint_eq(options.rename_count, 1);
    ck_assert_str_eq(option_renamed(&options, "CONFIG"), "CONFIG");
    ck_assert(!set_rename("", "x"));
    ck_assert(!set_rename("x", ""));
    ck_assert_str_eq(option_renamed(&options, "slaveof"), "FOLLOW");
}
END_TEST

START_TEST(a_file_renames_each_command_once)
{
    const struct option *rename = option_find("rename-command");

    ck_assert_ptr_null(
        option_load(rename, &options, (const char *[]){"A", "B"}, 2));
    ck_assert_str_eq(
        option_load(rename, &options, (const char *[]){"a", "C"}, 2),
        "Same command renamed multiple times with rename-command.");
    ck_assert_str_eq(option_load(rename, &options, (const char *[]){"A"}, 1),
                     "Unrecognized sentinel configuration statement.");
}
END_TEST

START_TEST(copies_are_independent)
{
    struct master_options copy;

    ck_assert(set("auth-pass", "secret"));
    ck_assert(set_rename("CONFIG", "GUESS"));
    ck_assert(set("quorum", "4"));
    master_options_copy(&copy, &options);
    master_options_clear(&options);
    ck_assert_str_eq(copy.auth_pass, "secret");
    ck_assert_str_eq(option_renamed(&copy, "config"), "GUESS");
    ck_assert_int_eq(option_number(option_find("quorum"), &copy), 4);
    master_options_clear(&copy);
}
END_TEST

START_TEST(strict_numbers)
{
    int64_t number = 7;

    ck_assert(option_parse_number("-9223372036854775808", &number));
    ck_assert_int_eq(number, INT64_MIN);
    ck_assert(!option_parse_number("9223372036854775808", &number));
    ck_assert(!option_parse_number("-", &number));
    ck_assert(!option_parse_number("-0", &number));
    ck_assert(option_parse_number("0", &number));
    ck_assert_int_eq(number, 0);
}
END_TEST

START_TEST(duplicates_of_a_state_are_merged)
{
    static const char id[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char other[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    struct state *state = state_new();
    struct state_master *master;

    for (int i = 0; i < 40; i++) {
        char name[16];

        snprintf(name, sizeof(name), "m%d", i);
        state_add_master(state, name, "10.0.0.1", 6379 + i);
    }
    master = state_find_master(state, "m39");
    ck_assert_ptr_nonnull(master);
    ck_assert_int_eq(master->port, 6379 + 39);
    ck_assert_ptr_null(state_find_master(state, "M39"));
    state_add_replica(master, "10.0.0.2", 1);
    state_add_replica(master, "10.0.0.2", 2);
    state_add_replica(master, "10.0.0.2", 1);
    ck_assert_uint_eq(master->replica_count, 2);
    state_add_sentinel(master, "10.0.0.3", 1, id);
    state_add_sentinel(master, "10.0.0.4", 1, id);
    state_add_sentinel(master, "10.0.0.3", 1, other);
    ck_assert_uint_eq(master->sentinel_count, 1);
    state_add_sentinel(master, "10.0.0.4", 1, other);
    ck_assert_uint_eq(master->sentinel_count, 2);
    state_free(state);
}
END_TEST

static Suite *option_suite(void)
{
    Suite *suite = suite_create("option");
    TCase *tests = tcase_create("option");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, defaults_are_those_documented);
    tcase_add_test(tests, names_are_found_in_any_case_and_by_alias);
    tcase_add_test(tests, quorum_is_not_a_line_of_its_own);
    tcase_add_test(tests, only_the_password_is_secret);
    tcase_add_test(tests, numbers_of_the_file_are_read_like_atoi);
    tcase_add_test(tests, numbers_of_set_are_strict);
    tcase_add_test(tests, an_empty_text_removes);
    tcase_add_test(tests, renames_replace_and_remove);
    tcase_add_test(tests, a_file_renames_each_command_once);
    tcase_add_test(tests, copies_are_independent);
    tcase_add_test(tests, strict_numbers);
    tcase_add_test(tests, duplicates_of_a_state_are_merged);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(option_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
