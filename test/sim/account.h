/* The account of acknowledged writes: which of them the final master holds,
 * and how long none was acknowledged. */
#ifndef SIM_ACCOUNT_H
#define SIM_ACCOUNT_H

#include "redis.h"

#include <stdint.h>
#include <stdio.h>

struct account_entry {
    struct write write;
    uint64_t time_ms; /* of the acknowledgement */
};

struct account {
    struct account_entry *entries;
    size_t count;
    size_t size;
    uint64_t opened_ms;
};

struct account_sum {
    size_t acknowledged;
    size_t lost;
    uint64_t first_lost_ms; /* when these were acknowledged; 0: none was */
    uint64_t last_lost_ms;
    uint64_t gap_ms; /* the longest time without an acknowledgement */
    uint64_t gap_begin_ms;
};

/* Entries come in order of time. */
void account_add(struct account *account, const struct write *write,
                 uint64_t time_ms);

/* The sum at END_MS, when MASTER is the master and all is calm. */
struct account_sum account_close(const struct account *account,
                                 const struct redis *master, uint64_t end_ms);

void account_clear(struct account *account);

/* ---- account_trial.c: worlds with one fault each ---- */

/* How many kinds of fault there are, and their names. */
size_t account_kinds(void);
const char *account_kind(size_t kind);

/* A world in which that fault happens while clients write; fails when the kind
 * must lose nothing and does. */
struct account_sum account_trial(const char *kind, uint64_t seed);

/* SEEDS trials of each kind from seed FROM on, and a table of them. */
void account_run(FILE *out, uint64_t from, uint64_t seeds);

/* The trial that runs, for the report of a failure. */
const char *account_description(void);

#endif
