/* Runs many random worlds: swarm --seeds N --from S [--trace]. */
#include "chaos.h"
#include "world.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t current_seed;

static void fail(const char *text)
{
    printf("seed %" PRIu64 " failed: %s\n%s\nreplay: swarm --seeds 1 --from "
           "%" PRIu64 " --trace\n",
           current_seed, text, chaos_description(), current_seed);
    fflush(stdout);
    _Exit(EXIT_FAILURE);
}

static void usage(void)
{
    fprintf(stderr, "usage: swarm [--seeds <count>] [--from <seed>] "
                    "[--trace]\n");
    exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long value;

    if (text == NULL)
        usage();
    value = strtoull(text, &end, 10);
    if (end == text || *end != '\0')
        usage();
    return value;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 100;
    uint64_t from = 1;
    bool trace = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seeds") == 0)
            seeds = number(argv[++i]);
        else if (strcmp(argv[i], "--from") == 0)
            from = number(argv[++i]);
        else if (strcmp(argv[i], "--trace") == 0)
            trace = true;
        else
            usage();
    }
    world_on_failure(fail, trace);
    for (current_seed = from; current_seed < from + seeds; current_seed++)
        (void)chaos_run(current_seed, trace ? stdout : NULL);
    printf("%" PRIu64 " seeds from %" PRIu64 " passed\n", seeds, from);
    return EXIT_SUCCESS;
}
