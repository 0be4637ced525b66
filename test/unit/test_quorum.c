/* links: lib */
#include "../../lib/quorum.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

START_TEST(majority_is_more_than_half)
{
    static const size_t majority[] = {0, 1, 2, 2, 3, 3, 4, 4};

    for (size_t voters = 1; voters < ROWS(majority); voters++)
        ck_assert_uint_eq(quorum_majority(voters), majority[voters]);
}
END_TEST

START_TEST(votes_needed)
{
    static const struct {
        size_t voters;
        int64_t quorum;
        size_t needed;
    } rows[] = {
        {1, 1, 1}, {3, 1, 2}, {3, 2, 2}, {3, 3, 3}, {3, 9, 9},
        {4, 2, 3}, {5, 2, 3}, {5, 4, 4}, {5, 0, 3}, {5, -1, 3},
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_uint_eq(quorum_votes_needed(rows[i].voters, rows[i].quorum),
                          rows[i].needed);
}
END_TEST

START_TEST(verdicts)
{
    static const struct {
        struct quorum_tally tally; /* voters votes undecided rival unheard */
        int64_t quorum;
        enum quorum_verdict verdict;
    } rows[] = {
        /* alone */
        {{1, 1, 0, 0, 0}, 1, QUORUM_WON},
        {{1, 0, 1, 0, 0}, 1, QUORUM_OPEN},
        {{1, 1, 0, 0, 0}, 2, QUORUM_OPEN},
        /* three */
        {{3, 2, 1, 0, 0}, 1, QUORUM_WON},
        {{3, 1, 2, 0, 0}, 2, QUORUM_OPEN},
        {{3, 1, 1, 1, 0}, 2, QUORUM_OPEN},
        {{3, 1, 0, 2, 0}, 2, QUORUM_LOST},
        {{3, 1, 0, 1, 0}, 2, QUORUM_SPLIT},
        {{3, 1, 0, 1, 1}, 2, QUORUM_LOST},
        {{3, 1, 0, 0, 2}, 2, QUORUM_OPEN},
        {{3, 1, 0, 0, 1}, 2, QUORUM_SPLIT},
        {{3, 1, 0, 0, 0}, 2, QUORUM_SPLIT},
        /* the quorum is more than the majority */
        {{3, 2, 1, 0, 0}, 3, QUORUM_OPEN},
        {{3, 2, 0, 1, 0}, 3, QUORUM_SPLIT},
        {{3, 3, 0, 0, 0}, 3, QUORUM_WON},
        /* an even number: half is not enough */
        {{4, 2, 2, 0, 0}, 2, QUORUM_OPEN},
        {{4, 2, 0, 2, 0}, 2, QUORUM_SPLIT},
        {{4, 2, 0, 1, 1}, 2, QUORUM_SPLIT},
        {{4, 1, 0, 2, 1}, 2, QUORUM_LOST},
        {{4, 3, 0, 1, 0}, 2, QUORUM_WON},
        /* five */
        {{5, 2, 0, 2, 1}, 2, QUORUM_LOST},
        {{5, 2, 0, 1, 1}, 2, QUORUM_SPLIT},
        {{5, 2, 1, 2, 0}, 2, QUORUM_OPEN},
        {{5, 1, 1, 3, 0}, 2, QUORUM_LOST},
        {{5, 1, 1, 1, 2}, 2, QUORUM_LOST},
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_msg(quorum_judge(&rows[i].tally, rows[i].quorum) ==
                          rows[i].verdict,
                      "row %zu", i);
}
END_TEST

/* Whoever is told to try again at once must be sure that nobody has won. */
START_TEST(split_never_hides_a_winner)
{
    for (size_t voters = 1; voters <= 7; voters++)
        for (size_t votes = 0; votes <= voters; votes++)
            for (size_t rival = 0; votes + rival <= voters; rival++)
                for (size_t rest = 0; votes + rival + rest <= voters; rest++)
                    for (size_t heard = 0; heard <= rest; heard++) {
                        struct quorum_tally tally = {voters, votes, heard,
                                                     rival, rest - heard};
                        enum quorum_verdict verdict = quorum_judge(&tally, 1);
                        bool can_win = rival > 0 &&
                                       rival + rest >= quorum_majority(voters);

                        ck_assert(verdict != QUORUM_SPLIT || !can_win);
                        ck_assert((verdict == QUORUM_WON) ==
                                  (votes >= quorum_majority(voters)));
                    }
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        majority_is_more_than_half,
        votes_needed,
        verdicts,
        split_never_hides_a_winner,
    };

    return RUN_SUITE("quorum", cases);
}
