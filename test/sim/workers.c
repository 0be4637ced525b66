/* Several processes that take seeds from one counter. */
#include "workers.h"

#include "blocks.h"
#include "chaos.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_S 10.0
#define HOUR_MS 3600000.0

static struct workers *shared; /* by all processes */
static struct chaos_run *current;
static char epitaph[128];

static uint64_t add(uint64_t *number, uint64_t more)
{
    return __atomic_fetch_add(number, more, __ATOMIC_RELAXED);
}

static uint64_t get(const uint64_t *number)
{
    return __atomic_load_n(number, __ATOMIC_RELAXED);
}

/* ---- A worker ---- */

static void count_run(void)
{
    add(&shared->seeds, 1);
    add(&shared->simulated_ms, current->simulated_ms);
    add(&shared->faults, current->faults);
    add(&shared->failovers, current->failovers);
    add(&shared->steps, current->steps);
}

/* One write, so that processes do not mix their lines. */
static void fail(const char *text)
{
    count_run();
    add(&shared->failures, 1);
    printf("seed %" PRIu64 " failed: %s\n%s\nreplay: swarm --from %" PRIu64
           " --trace\n",
           current->seed, text, chaos_description(), current->seed);
    fflush(stdout);
    _Exit(EXIT_FAILURE);
}

/* A crash: an assertion or a sanitizer has spoken before. What is said was
 * written down when the world began. */
static void on_signal(int number)
{
    (void)number;
    add(&shared->seeds, 1);
    add(&shared->failures, 1);
    (void)!write(STDOUT_FILENO, epitaph, strlen(epitaph));
    _exit(EXIT_FAILURE);
}

static void prepare_epitaph(void)
{
    snprintf(epitaph, sizeof(epitaph),
             "seed %" PRIu64 " failed: the process crashed\nreplay: swarm "
             "--from %" PRIu64 " --trace\n",
             current->seed, current->seed);
}

static bool is_over(void)
{
    return (get(&shared->failures) > 0 && !shared->go_on) ||
           (shared->hours > 0 && (double)get(&shared->simulated_ms) >=
                                     (double)shared->hours * HOUR_MS);
}

/* What a world has allocated must be free after it. */
static void check_memory(size_t before)
{
    size_t after = blocks_allocated();
    char text[80];

    if (after == before)
        return;
    snprintf(text, sizeof(text), "%zu blocks of memory are left over",
             after - before);
    fail(text);
}

static void work(void)
{
    struct chaos_run run;

    current = &run;
    world_on_failure(fail, false);
    signal(SIGABRT, on_signal);
    signal(SIGSEGV, on_signal);
    while (!is_over()) {
        size_t before = blocks_allocated();

        run = (struct chaos_run){.seed = add(&shared->next, 1)};
        if (run.seed >= shared->end)
            break;
        prepare_epitaph();
        chaos_run(&run);
        check_memory(before);
        count_run();
    }
    exit(EXIT_SUCCESS);
}

/* ---- The parent ---- */

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(FILE *file, const char *what, double began_s)
{
    double hours = (double)get(&shared->simulated_ms) / HOUR_MS;
    double passed_s = now_s() - began_s;

    fprintf(file,
            "swarm: %s%" PRIu64 " seeds, %" PRIu64
            " failed, %.1f simulated hours (%.1f a second), %" PRIu64
            " faults, %" PRIu64 " promotions, %" PRIu64 " steps checked\n",
            what, get(&shared->seeds), get(&shared->failures), hours,
            passed_s > 0 ? hours / passed_s : 0.0, get(&shared->faults),
            get(&shared->failovers), get(&shared->steps));
    fflush(file);
}

static bool start_one(void)
{
    pid_t child = fork();

    if (child == 0)
        work();
    if (child < 0)
        perror("swarm: fork");
    return child > 0;
}

/* A worker that has failed is replaced when the rest is to go on. One that
 * died without a word has failed too. */
static unsigned reap(unsigned running, uint64_t *reported)
{
    int status;

    while (running > 0 && waitpid(-1, &status, WNOHANG) > 0) {
        running--;
        if (status == 0)
            continue;
        if (++*reported > get(&shared->failures)) {
            printf("swarm: a process ended with status 0x%x\n",
                   (unsigned)status);
            fflush(stdout);
            add(&shared->failures, 1);
        }
        if (!is_over() && start_one())
            running++;
    }
    return running;
}

bool workers_run(struct workers *workers, unsigned jobs)
{
    const struct timespec nap = {.tv_nsec = 20000000};
    double began_s = now_s();
    double said_s = began_s;
    uint64_t reported = 0;
    unsigned running = 0;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("swarm: mmap");
        return false;
    }
    *shared = *workers;
    while (running < jobs && start_one())
        running++;
    while (running > 0) {
        running = reap(running, &reported);
        nanosleep(&nap, NULL);
        if (now_s() - said_s < PROGRESS_S)
            continue;
        said_s = now_s();
        report(stderr, "", began_s);
    }
    report(stdout,
           get(&shared->failures) == 0 ? "passed: " : "FAILED: ", began_s);
    return get(&shared->failures) == 0;
}
