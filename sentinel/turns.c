/* Whose turn it is: all who have something to do share a bounded time, piece
 * by piece. The two lines are those of the fair queues of networks, where new
 * flows are served before old ones. */
#include "turns.h"

#include <assert.h>
#include <stddef.h>
#include <utlist.h>

void turns_init(struct turns *turns, turn_take *take,
                uint64_t (*clock_ns)(void), uint64_t limit_ns)
{
    *turns = (struct turns){
        .take = take, .clock_ns = clock_ns, .limit_ns = limit_ns};
}

static void append(struct turns *turns, struct turn *turn,
                   enum turn_place place)
{
    if (place == TURN_FIRST)
        DL_APPEND(turns->first, turn);
    else
        DL_APPEND(turns->round, turn);
    turn->place = place;
}

static void detach(struct turns *turns, struct turn *turn)
{
    /* The last one has no next: the macro looks first. */
    if (turn->place == TURN_FIRST)
        DL_DELETE(turns->first, turn); /* NOLINT */
    else if (turn->place == TURN_ROUND)
        DL_DELETE(turns->round, turn); /* NOLINT */
    turn->place = TURN_NOWHERE;
}

void turns_want(struct turns *turns, struct turn *turn)
{
    turn->wanted = true;
    if (turn->place == TURN_NOWHERE)
        append(turns, turn, TURN_FIRST);
}

void turns_drop(struct turns *turns, struct turn *turn)
{
    turn->wanted = false;
    detach(turns, turn);
}

bool turns_any(const struct turns *turns)
{
    return turns->first != NULL || turns->round != NULL;
}

bool turns_over(const struct turns *turns)
{
    return turns->clock_ns() >= turns->end_ns;
}

/* Somebody who has nothing more to do still stays in the round when there is
 * one: coming back at once, it does not come first again. */
static void take_turn(struct turns *turns, struct turn *turn)
{
    bool first = turn->place == TURN_FIRST;
    bool more;

    detach(turns, turn);
    if (!turn->wanted)
        return;
    turn->wanted = false;
    turn->place = TURN_TAKEN;
    more = turns->take(turn);
    if (turn->place != TURN_TAKEN)
        return; /* dropped */
    turn->wanted = turn->wanted || more;
    turn->place = TURN_NOWHERE;
    if (turn->wanted || (first && turns->round != NULL))
        append(turns, turn, TURN_ROUND);
}

void turns_run(struct turns *turns)
{
    turns->end_ns = turns->clock_ns() + turns->limit_ns;
    while (turns_any(turns)) {
        take_turn(turns, turns->first != NULL ? turns->first : turns->round);
        if (turns_over(turns))
            return;
    }
}
