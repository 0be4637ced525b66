/* Arithmetic of quorum and majority: const data in, answer out. */
#ifndef LIB_QUORUM_H
#define LIB_QUORUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than half of VOTERS, all sentinels ever known, this one included. */
size_t quorum_majority(size_t voters);

/* Votes that a leader needs: the majority, and the quorum when it is more. */
size_t quorum_votes_needed(size_t voters, int64_t quorum);

/* How an election stands for one candidate. */
struct quorum_tally {
    size_t voters;     /* all, the candidate included */
    size_t votes;      /* for the candidate */
    size_t undecided;  /* have not answered, and may still */
    size_t best_rival; /* votes of the strongest other candidate */
    size_t unheard;    /* cannot be asked now; a rival may have asked them */
};

enum quorum_verdict {
    QUORUM_OPEN, /* can still be won */
    QUORUM_WON,
    QUORUM_SPLIT, /* lost, and no rival can have won either */
    QUORUM_LOST   /* lost, and a rival may have won */
};

enum quorum_verdict quorum_judge(const struct quorum_tally *tally,
                                 int64_t quorum);

#endif
