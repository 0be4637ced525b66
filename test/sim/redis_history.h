/* Which writes a server holds, exactly: each is named by the branch it was
 * made in (what Redis calls a replication id) and its offset there. */
#ifndef SIM_REDIS_HISTORY_H
#define SIM_REDIS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part ends where the next one begins, the last at the server's offset. */
struct history_part {
    uint32_t branch;
    uint64_t from; /* the offset before its first byte */
};

/* All zero is an empty history. */
struct history {
    struct history_part *parts;
    size_t count;
    size_t size;
};

void history_clear(struct history *history);

/* From offset FROM on, what is written belongs to BRANCH. */
void history_begin(struct history *history, uint32_t branch, uint64_t from);

void history_copy(struct history *to, const struct history *from);

/* Loses what was written after offset END. */
void history_cut(struct history *history, uint64_t end);

/* The branch that is being written; 0 for an empty history. As a branch begins
 * at one server only, servers in the same branch share all that was before. */
uint32_t history_branch(const struct history *history);

/* Whether the write that ended at OFFSET of BRANCH is in it, which itself ends
 * at offset END. */
bool history_holds(const struct history *history, uint64_t end, uint32_t branch,
                   uint64_t offset);

#endif
