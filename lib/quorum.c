/* Arithmetic of quorum and majority. */
#include "quorum.h"

#include <assert.h>

size_t quorum_majority(size_t voters)
{
    assert(voters > 0);
    return voters / 2 + 1;
}

size_t quorum_votes_needed(size_t voters, int64_t quorum)
{
    size_t majority = quorum_majority(voters);

    return quorum > 0 && (uint64_t)quorum > majority ? (size_t)quorum
                                                     : majority;
}

enum quorum_verdict quorum_judge(const struct quorum_tally *tally,
                                 int64_t quorum)
{
    size_t needed = quorum_votes_needed(tally->voters, quorum);
    size_t heard = tally->votes + tally->undecided + tally->unheard;

    assert(heard <= tally->voters);
    if (tally->votes >= needed)
        return QUORUM_WON;
    /* Nobody spoke against us: whoever does not answer now may come back
     * before the time is over. */
    if (heard == tally->voters)
        return QUORUM_OPEN;
    if (tally->votes + tally->undecided >= needed)
        return QUORUM_OPEN;
    if (tally->best_rival > 0 &&
        tally->best_rival + tally->undecided + tally->unheard >= needed)
        return QUORUM_LOST;
    return QUORUM_SPLIT;
}
