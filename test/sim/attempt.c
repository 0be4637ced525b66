/* One random world in a process of its own, and the faults that matter. */
#include "attempt.h"

#include "world.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES_LIMIT 500 /* to leave out faults */

/* Shared with the process that runs. */
static struct attempt *shared;

static void note_failure(const char *text)
{
    snprintf(shared->text, sizeof(shared->text), "%s", text);
    shared->failed = true;
    fflush(stdout);
    _Exit(EXIT_FAILURE);
}

static void run_child(void)
{
    world_on_failure(note_failure, shared->run.trace != NULL);
    chaos_run(&shared->run);
    fflush(stdout);
    _Exit(EXIT_SUCCESS);
}

static void open_shared(void)
{
    if (shared != NULL)
        return;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("swarm: mmap");
        exit(EXIT_FAILURE);
    }
}

bool attempt_run(struct attempt *attempt)
{
    int status = 0;
    pid_t child;

    open_shared();
    *shared = *attempt;
    shared->failed = false;
    fflush(NULL);
    child = fork();
    if (child == 0)
        run_child();
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("swarm: fork");
        exit(EXIT_FAILURE);
    }
    *attempt = *shared;
    if (!attempt->failed && status != 0) {
        attempt->failed = true;
        snprintf(attempt->text, sizeof(attempt->text),
                 "the process ended with status 0x%x", (unsigned)status);
    }
    return !attempt->failed;
}

/* Times, epochs and names differ; the rule that is broken does not. */
static bool same_rule(const char *left, const char *right)
{
    while (*left != '\0' && *right != '\0') {
        if (isdigit((unsigned char)*left))
            left++;
        else if (isdigit((unsigned char)*right))
            right++;
        else if (*left++ != *right++)
            return false;
    }
    return true;
}

/* Whether BEST fails as before without the COUNT faults from FIRST on, too. */
static bool try_without(struct attempt *best, uint64_t first, uint64_t count)
{
    struct attempt attempt = *best;
    bool fewer = false;

    for (uint64_t i = first; i < first + count && i < CHAOS_SKIPPED; i++) {
        fewer = fewer || attempt.run.skipped[i] == 0;
        attempt.run.skipped[i] = 1;
    }
    if (!fewer || attempt_run(&attempt) || !same_rule(attempt.text, best->text))
        return false;
    *best = attempt;
    return true;
}

void attempt_shrink(struct attempt *attempt)
{
    struct attempt best = *attempt;
    uint64_t faults = best.run.faults;
    int tries = 0;

    best.run.trace = NULL;
    if (faults > CHAOS_SKIPPED)
        faults = CHAOS_SKIPPED;
    for (uint64_t size = faults; size > 0; size /= 2)
        for (uint64_t at = 0; at < faults && tries < TRIES_LIMIT; at += size)
            tries += try_without(&best, at, size) ? 0 : 1;
    best.run.trace = attempt->run.trace;
    *attempt = best;
}
