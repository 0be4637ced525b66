/* The account of acknowledged writes, and the table of many accounts. */
#include "account.h"

#include "../../lib/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- One account ---- */

void account_add(struct account *account, const struct write *write,
                 uint64_t time_ms)
{
    if (account->count == account->size) {
        account->size = account->size != 0 ? account->size * 2 : 256;
        account->entries = xrealloc(account->entries,
                                    account->size * sizeof(*account->entries));
    }
    account->entries[account->count++] = (struct account_entry){*write,
                                                                time_ms};
}

static void note_gap(struct account_sum *sum, uint64_t begin_ms,
                     uint64_t end_ms)
{
    if (end_ms - begin_ms <= sum->gap_ms)
        return;
    sum->gap_ms = end_ms - begin_ms;
    sum->gap_begin_ms = begin_ms;
}

struct account_sum account_close(const struct account *account,
                                 const struct redis *master, uint64_t end_ms)
{
    struct account_sum sum = {.acknowledged = account->count};
    uint64_t last_ms = account->opened_ms;

    for (size_t i = 0; i < account->count; i++) {
        const struct account_entry *entry = &account->entries[i];

        note_gap(&sum, last_ms, entry->time_ms);
        last_ms = entry->time_ms;
        if (redis_holds(master, &entry->write))
            continue;
        if (sum.lost++ == 0)
            sum.first_lost_ms = entry->time_ms;
        sum.last_lost_ms = entry->time_ms;
    }
    note_gap(&sum, last_ms, end_ms);
    return sum;
}

void account_clear(struct account *account)
{
    free(account->entries);
    memset(account, 0, sizeof(*account));
}

/* ---- Many ---- */

struct row {
    uint64_t runs;
    uint64_t acknowledged;
    uint64_t lost;
    uint64_t worst;
    uint64_t runs_with_loss;
    uint64_t longest_window_ms; /* from the first lost to the last */
    uint64_t *gaps_ms;
};

static void add_to_row(struct row *row, const struct account_sum *sum)
{
    uint64_t window_ms = sum->last_lost_ms - sum->first_lost_ms;

    row->gaps_ms[row->runs++] = sum->gap_ms;
    row->acknowledged += sum->acknowledged;
    row->lost += sum->lost;
    row->runs_with_loss += sum->lost > 0;
    if (sum->lost > row->worst)
        row->worst = sum->lost;
    if (window_ms > row->longest_window_ms)
        row->longest_window_ms = window_ms;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

static void print_row(FILE *out, const char *kind, struct row *row)
{
    qsort(row->gaps_ms, row->runs, sizeof(*row->gaps_ms), compare_times);
    fprintf(out,
            "| %-48s | %5" PRIu64 " | %9" PRIu64 " | %8" PRIu64 " | %6" PRIu64
            " | %5" PRIu64 " | %7" PRIu64 " | %6" PRIu64 " | %6" PRIu64 " |\n",
            kind, row->runs, row->acknowledged, row->lost, row->worst,
            row->runs_with_loss, row->longest_window_ms,
            row->gaps_ms[row->runs / 2], row->gaps_ms[row->runs - 1]);
    fflush(out);
}

static void run_kind(FILE *out, const char *kind, uint64_t from, uint64_t seeds)
{
    struct row row = {.gaps_ms = xcalloc(seeds, sizeof(*row.gaps_ms))};

    for (uint64_t seed = from; seed < from + seeds; seed++) {
        struct account_sum sum = account_trial(kind, seed);

        add_to_row(&row, &sum);
    }
    print_row(out, kind, &row);
    free(row.gaps_ms);
}

void account_run(FILE *out, uint64_t from, uint64_t seeds)
{
    if (seeds == 0)
        return;
    fprintf(out,
            "| %-48s | %5s | %9s | %8s | %6s | %5s | %7s | %6s | %6s |\n"
            "| ------------------------------------------------ | ----: | "
            "--------: | -------: | -----: | ----: | ------: | -----: | -----: "
            "|\n",
            "fault", "runs", "writes", "lost", "worst", "runs", "window", "gap",
            "worst");
    for (size_t kind = 0; kind < account_kinds(); kind++)
        run_kind(out, account_kind(kind), from, seeds);
    fprintf(out,
            "\nwrites: acknowledged. lost: not held by the final master; in "
            "the worst run; runs\nin which any was. window: from the first "
            "lost to the last, in ms, in the worst\nrun. gap: the longest time "
            "without an acknowledgement, in ms: median and worst.\n");
}
