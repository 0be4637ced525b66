/* Scenarios: random worlds are the same each time, and safe. */
#include "chaos.h"
#include "suites.h"

static uint64_t hash_of(uint64_t seed, FILE *trace)
{
    struct chaos_run run = {.seed = seed, .trace = trace};

    chaos_run(&run);
    return run.hash;
}

START_TEST(a_seed_replays_a_run_exactly)
{
    uint64_t seed = (uint64_t)_i + 1;

    ck_assert_uint_eq(hash_of(seed, NULL), hash_of(seed, NULL));
}
END_TEST

START_TEST(another_seed_is_another_run)
{
    ck_assert_uint_ne(hash_of(1, NULL), hash_of(2, NULL));
}
END_TEST

Suite *suite_chaos(void)
{
    Suite *suite = suite_create("chaos");
    TCase *tcase = tcase_create("chaos");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_seed_replays_a_run_exactly, 0, 5);
    tcase_add_test(tcase, another_seed_is_another_run);
    suite_add_tcase(suite, tcase);
    return suite;
}
