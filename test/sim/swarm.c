/* Runs many random worlds, in several processes, and says how to see again
 * what has failed. */
#include "account.h"
#include "attempt.h"
#include "chaos.h"
#include "workers.h"
#include "world.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    uint64_t seeds;
    uint64_t from;
    uint64_t hours; /* simulated; 0: as many as the seeds give */
    unsigned jobs;
    bool trace;
    bool go_on; /* after a failure */
    bool account;
    const char *skip;
};

static void usage(FILE *file)
{
    fprintf(
        file,
        "usage: swarm [--seeds <count>] [--from <seed>] [--jobs <count>]\n"
        "             [--hours <simulated>] [--go-on]\n"
        "       swarm --from <seed> --trace [--skip <faults>]\n"
        "\n"
        "Runs one random world for each seed. --hours ends the swarm when\n"
        "so many hours have been simulated; --go-on does not stop at the\n"
        "first failure. --trace prints all that the sentinels of one world\n"
        "say; when it fails, with the fewest faults that make it fail.\n"
        "--skip leaves out faults by number: 1,4,7-12.\n");
}

static uint64_t number(const char *text)
{
    char *end = NULL;
    unsigned long long value = text != NULL ? strtoull(text, &end, 10) : 0;

    if (text == NULL || end == text || *end != '\0') {
        usage(stderr);
        exit(2);
    }
    return value;
}

static struct options parse(int argc, char **argv)
{
    struct options options = {.seeds = 100, .from = 1, .jobs = 1};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seeds") == 0) {
            options.seeds = number(argv[++i]);
        } else if (strcmp(argv[i], "--from") == 0) {
            options.from = number(argv[++i]);
        } else if (strcmp(argv[i], "--hours") == 0) {
            options.hours = number(argv[++i]);
            options.seeds = UINT64_MAX;
        } else if (strcmp(argv[i], "--jobs") == 0) {
            options.jobs = (unsigned)number(argv[++i]);
        } else if (strcmp(argv[i], "--trace") == 0) {
            options.trace = true;
        } else if (strcmp(argv[i], "--account") == 0) {
            options.account = true;
        } else if (strcmp(argv[i], "--go-on") == 0) {
            options.go_on = true;
        } else if (strcmp(argv[i], "--skip") == 0 && i + 1 < argc) {
            options.skip = argv[++i];
        } else {
            usage(strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            exit(strcmp(argv[i], "--help") == 0 ? 0 : 2);
        }
    }
    return options;
}

/* "1,4,7-12" */
static void skip(struct chaos_run *run, const char *text)
{
    while (*text != '\0') {
        char *end;
        uint64_t first = strtoull(text, &end, 10);
        uint64_t last = first;

        if (*end == '-')
            last = strtoull(end + 1, &end, 10);
        if (end == text || (*end != ',' && *end != '\0')) {
            usage(stderr);
            exit(2);
        }
        for (uint64_t i = first; i <= last && i < CHAOS_SKIPPED; i++)
            run->skipped[i] = 1;
        text = end + (*end == ',');
    }
}

static void print_skipped(const struct chaos_run *run)
{
    uint64_t limit = run->faults < CHAOS_SKIPPED ? run->faults : CHAOS_SKIPPED;
    const char *separator = " --skip ";

    for (uint64_t i = 0; i < limit; i++) {
        uint64_t first = i;

        if (run->skipped[i] == 0)
            continue;
        while (i + 1 < limit && run->skipped[i + 1] != 0)
            i++;
        printf(i > first ? "%s%" PRIu64 "-%" PRIu64 : "%s%" PRIu64, separator,
               first, i);
        separator = ",";
    }
}

/* In a process of its own the description is not known here. */
static int trace_one(const struct options *options)
{
    struct attempt attempt = {.run = {.seed = options->from}};
    bool well;

    if (options->skip != NULL)
        skip(&attempt.run, options->skip);
    well = attempt_run(&attempt);
    if (!well && options->skip == NULL)
        attempt_shrink(&attempt);
    attempt.run.trace = stdout;
    (void)attempt_run(&attempt);
    if (well)
        return EXIT_SUCCESS;
    printf("seed %" PRIu64 " failed: %s\nreplay: swarm --from %" PRIu64
           " --trace",
           options->from, attempt.text, options->from);
    print_skipped(&attempt.run);
    printf("\n");
    return EXIT_FAILURE;
}

static void fail_account(const char *text)
{
    printf("failed: %s\n%s\n", text, account_description());
    fflush(stdout);
    _Exit(EXIT_FAILURE);
}

static int print_account(const struct options *options)
{
    world_on_failure(fail_account, true);
    account_run(stdout, options->from, options->seeds);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = parse(argc, argv);
    struct workers workers = {
        .next = options.from,
        .end = options.seeds > UINT64_MAX - options.from
                   ? UINT64_MAX
                   : options.from + options.seeds,
        .hours = options.hours,
        .go_on = options.go_on,
    };

    if (options.account)
        return print_account(&options);
    if (options.trace)
        return trace_one(&options);
    return workers_run(&workers, options.jobs) ? EXIT_SUCCESS : EXIT_FAILURE;
}
