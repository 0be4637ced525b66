/* The checker on reference seats: what they do with their votes is not ours to
 * prove, but the votes that ours give them bind as well as any. */
#include "checker_facts.h"

/* Who has a majority in an epoch is its only leader, of whatever kind. A seat
 * that does not know all others may have less. */
void checker_reference_leads(struct checker *checker, int group, uint64_t epoch,
                             const char *id)
{
    struct fact_key key = {FACT_LEADER, group, 0, 0, epoch};

    if (checker->world->forgetful)
        checker_reference_disputes(checker, group, epoch);
    else
        checker_state(checker, "two leaders in one epoch", key, id);
}

/* As with an order: nobody's majority stands behind the epoch. */
void checker_reference_disputes(struct checker *checker, int group,
                                uint64_t epoch)
{
    struct fact_key key = {FACT_FORCED, group, 0, 0, epoch};

    checker_state(checker, "", key, "");
}
