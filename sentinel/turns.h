/* Whose turn it is: all who have something to do share a bounded time, piece
 * by piece, so that nobody can hold up the others. */
#ifndef SENTINEL_TURNS_H
#define SENTINEL_TURNS_H

#include <stdbool.h>
#include <stdint.h>

/* Where somebody stands. */
enum turn_place {
    TURN_NOWHERE,
    TURN_FIRST, /* among those who come first */
    TURN_ROUND, /* in the round */
    TURN_TAKEN  /* its turn is being taken */
};

/* Part of whoever takes turns; all zero at first. */
struct turn {
    struct turn *prev, *next;
    enum turn_place place;
    bool wanted; /* there is something to do */
};

/* Does a piece of work; returns whether there is more to do. May call
 * turns_want() and turns_drop() for anybody. */
typedef bool turn_take(struct turn *turn);

/* Two lines. Who begins to want something comes first, and who then wants more
 * goes round with all others of that kind: a short request never waits for the
 * long ones. Whoever has come first is let in before the round once only until
 * the round has passed it, so the round goes on, too. */
struct turns {
    struct turn *first;
    struct turn *round;
    turn_take *take;
    uint64_t (*clock_ns)(void);
    uint64_t limit_ns; /* of one call of turns_run() */
    uint64_t end_ns;   /* of the one that runs */
};

/* CLOCK_NS is monotonic. */
void turns_init(struct turns *turns, turn_take *take,
                uint64_t (*clock_ns)(void), uint64_t limit_ns);

/* Has something to do from now on; no effect when that is known. */
void turns_want(struct turns *turns, struct turn *turn);

/* Wants nothing any more, and may be freed unless its turn is being taken. */
void turns_drop(struct turns *turns, struct turn *turn);

/* Whether turns_run() has something to do. */
bool turns_any(const struct turns *turns);

/* Gives turns until nobody wants one or the time is over. */
void turns_run(struct turns *turns);

/* Whether the time is over; asked between two steps of a piece of work. */
bool turns_over(const struct turns *turns);

#endif
