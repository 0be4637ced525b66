/* links: lib */
#include "../../lib/random.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

START_TEST(same_seed_gives_the_same_numbers)
{
    struct random one;
    struct random two;
    struct random other;
    unsigned differing = 0;

    random_seed(&one, 99);
    random_seed(&two, 99);
    random_seed(&other, 100);
    for (int i = 0; i < 1000; i++) {
        uint64_t number = random_next(&one);

        ck_assert_uint_eq(number, random_next(&two));
        differing += number != random_next(&other);
    }
    ck_assert_uint_ge(differing, 999);
}
END_TEST

START_TEST(numbers_stay_below_the_limit_and_reach_all_of_it)
{
    struct random random;
    unsigned seen[10] = {0};

    random_seed(&random, 1);
    for (int i = 0; i < 10000; i++) {
        uint64_t number = random_below(&random, 10);

        ck_assert_uint_lt(number, 10);
        seen[number]++;
    }
    /* 1000 each are expected; a tenth is far beyond any accident. */
    for (int i = 0; i < 10; i++)
        ck_assert_uint_gt(seen[i], 850);
    ck_assert_uint_eq(random_below(&random, 1), 0);
}
END_TEST

START_TEST(every_bit_changes)
{
    struct random random;
    uint64_t ones = 0;
    uint64_t zeros = 0;

    random_seed(&random, 0);
    for (int i = 0; i < 64; i++) {
        uint64_t number = random_next(&random);

        ones |= number;
        zeros |= ~number;
    }
    ck_assert_uint_eq(ones, UINT64_MAX);
    ck_assert_uint_eq(zeros, UINT64_MAX);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        same_seed_gives_the_same_numbers,
        numbers_stay_below_the_limit_and_reach_all_of_it,
        every_bit_changes,
    };

    return RUN_SUITE("random", cases);
}
