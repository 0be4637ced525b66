/* links: sentinel/turns.o */
#include "../../sentinel/turns.h"
#include "suite.h"

#include <check.h>
#include <stddef.h>
#include <string.h>

/* ---- A world of people who take turns ---- */

#define PEOPLE 5

static struct turn people[PEOPLE];
static unsigned tasks[PEOPLE]; /* pieces of work that each still has */
static struct turns turns;
static uint64_t clock_ns;
static uint64_t piece_ns; /* what each piece of work takes */
static char taken[256];   /* who had a turn, as letters */
static int dropper;       /* who drops somebody in its turn, or -1 */
static int dropped;       /* whom */

static uint64_t read_clock(void)
{
    return clock_ns;
}

static bool take(struct turn *turn)
{
    size_t who = (size_t)(turn - people);
    size_t length = strlen(taken);

    ck_assert_uint_gt(tasks[who], 0);
    ck_assert_uint_lt(length + 1, sizeof(taken));
    taken[length] = (char)('a' + who);
    taken[length + 1] = '\0';
    clock_ns += piece_ns;
    tasks[who]--;
    if (dropper == (int)who)
        turns_drop(&turns, &people[dropped]);
    return tasks[who] > 0;
}

static void set_up(void)
{
    memset(people, 0, sizeof(people));
    memset(tasks, 0, sizeof(tasks));
    taken[0] = '\0';
    dropper = -1;
    clock_ns = 1000;
    piece_ns = 10;
    turns_init(&turns, take, read_clock, 100);
}

static void give(char who, unsigned count)
{
    tasks[who - 'a'] += count;
    turns_want(&turns, &people[who - 'a']);
}

static void expect_run(const char *expected)
{
    taken[0] = '\0';
    turns_run(&turns);
    ck_assert_str_eq(taken, expected);
}

/* ---- Tests ---- */

START_TEST(nobody_wants_a_turn)
{
    ck_assert(!turns_any(&turns));
    expect_run("");
}
END_TEST

START_TEST(they_go_round)
{
    give('a', 3);
    give('b', 1);
    give('c', 2);
    ck_assert(turns_any(&turns));
    expect_run("abcaca");
    ck_assert(!turns_any(&turns));
}
END_TEST

START_TEST(wanting_twice_counts_once)
{
    give('a', 1);
    turns_want(&turns, &people[0]);
    expect_run("a");
}
END_TEST

START_TEST(the_time_ends_and_the_round_goes_on)
{
    give('a', 9);
    give('b', 9);
    give('c', 9);
    piece_ns = 30;
    expect_run("abca");
    ck_assert(turns_over(&turns));
    expect_run("bcab");
    expect_run("cabc");
    piece_ns = 1000;
    expect_run("a");
    expect_run("b");
    ck_assert(turns_any(&turns));
}
END_TEST

START_TEST(the_newcomer_comes_first)
{
    give('a', 20);
    give('b', 20);
    piece_ns = 50;
    expect_run("ab");
    give('c', 1);
    give('d', 2);
    expect_run("cd");
    expect_run("ab");
}
END_TEST

/* Else those who come again and again would keep all others from theirs. */
START_TEST(who_was_first_waits_for_the_round_to_pass)
{
    give('a', 20);
    give('b', 20);
    piece_ns = 50;
    expect_run("ab");
    give('c', 1);
    expect_run("ca");
    give('c', 1);
    expect_run("bc");
    /* It has asked for nothing since: the next time it is first again. */
    expect_run("ab");
    expect_run("ab");
    give('c', 1);
    expect_run("ca");
}
END_TEST

START_TEST(newcomers_without_end_do_not_stop_the_round)
{
    give('a', 20);
    piece_ns = 100;
    expect_run("a");
    for (unsigned i = 0; i < 40; i++) {
        for (int who = 1; who < PEOPLE; who++)
            if (tasks[who] == 0)
                give((char)('a' + who), 1);
        turns_run(&turns);
    }
    /* Each of the four comes twice while the round passes once. */
    ck_assert_uint_eq(tasks[0], 20 - 1 - 4);
}
END_TEST

START_TEST(who_leaves_gets_no_turn)
{
    give('a', 2);
    give('b', 2);
    give('c', 2);
    turns_drop(&turns, &people[1]);
    turns_drop(&turns, &people[3]); /* never wanted one */
    expect_run("acac");
}
END_TEST

START_TEST(who_leaves_within_a_turn_gets_no_other)
{
    give('a', 2);
    give('b', 2);
    give('c', 2);
    dropper = 0;
    dropped = 2;
    expect_run("abab");
    ck_assert(!turns_any(&turns));
    tasks[2] = 0;
    give('a', 3);
    give('b', 1);
    dropped = 0; /* itself */
    expect_run("ab");
    ck_assert(!turns_any(&turns));
    ck_assert(!people[0].wanted);
}
END_TEST

START_TEST(who_has_left_may_come_again)
{
    give('a', 1);
    turns_drop(&turns, &people[0]);
    ck_assert(!turns_any(&turns));
    turns_want(&turns, &people[0]);
    expect_run("a");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        nobody_wants_a_turn,
        they_go_round,
        wanting_twice_counts_once,
        the_time_ends_and_the_round_goes_on,
        the_newcomer_comes_first,
        who_was_first_waits_for_the_round_to_pass,
        newcomers_without_end_do_not_stop_the_round,
        who_leaves_gets_no_turn,
        who_leaves_within_a_turn_gets_no_other,
        who_has_left_may_come_again,
    };

    return run_suite("turns", cases, ROWS(cases), set_up, NULL);
}
