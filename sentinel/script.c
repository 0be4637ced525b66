/* Notification and reconfiguration scripts: queue, retries, time limit. */
#include "script.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define QUEUE_LIMIT 256
#define RUNNING_LIMIT 16
#define RUNS_LIMIT 10

/* How a script ended that could not be started. */
#define EXIT_NOT_EXECUTED 2
#define SIGNAL_NOT_FORKED 99

struct run;

/* A queued call of a script. */
struct job {
    struct script_queue *queue;
    char **argv; /* path first, ends in NULL */
    size_t argc;
    struct run *run;   /* NULL when it does not run */
    int runs;          /* begun so far */
    uint64_t start_ms; /* when it may run (again) */
    struct job *previous;
    struct job *next;
};

/* A process and the clock that limits it; freed when both are closed. */
struct run {
    struct job *job; /* NULL once it has ended */
    uv_process_t process;
    uv_timer_t limit;
    uint64_t started_ms;
    bool killed; /* it ran too long, and that was said */
    unsigned open;
};

struct script_queue {
    uv_loop_t *loop;
    struct script_callbacks callbacks;
    void *arg;
    struct job *first; /* oldest */
    struct job *last;
    size_t length;
    size_t running;
    uv_timer_t timer; /* for the next start */
    bool stopped;
};

static void arm(struct script_queue *queue);

struct script_queue *script_queue_new(uv_loop_t *loop,
                                      const struct script_callbacks *callbacks,
                                      void *arg)
{
    struct script_queue *queue = xcalloc(1, sizeof(*queue));

    queue->loop = loop;
    queue->callbacks = *callbacks;
    queue->arg = arg;
    uv_timer_init(loop, &queue->timer);
    queue->timer.data = queue;
    return queue;
}

static void notice(struct script_queue *queue, enum log_level level,
                   const char *channel, const char *text)
{
    if (!queue->stopped)
        queue->callbacks.notice(queue->arg, level, channel, text);
}

static void notice_error(struct script_queue *queue, const char *path,
                         int signal_number, int64_t exit_code)
{
    char text[4352];

    snprintf(text, sizeof(text), "%s %d %" PRId64, path, signal_number,
             exit_code);
    notice(queue, LEVEL_WARNING, "-script-error", text);
}

static void remove_job(struct job *job)
{
    struct script_queue *queue = job->queue;

    assert(job->run == NULL && queue->length > 0);
    if (job->previous != NULL)
        job->previous->next = job->next;
    else
        queue->first = job->next;
    if (job->next != NULL)
        job->next->previous = job->previous;
    else
        queue->last = job->previous;
    queue->length--;
    for (size_t i = 0; i < job->argc; i++)
        free(job->argv[i]);
    free(job->argv);
    free(job);
}

static void on_run_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;

    if (--run->open > 0)
        return;
    free(run);
}

static void close_run(struct run *run)
{
    run->job = NULL;
    run->open = 2;
    uv_close((uv_handle_t *)&run->process, on_run_closed);
    uv_close((uv_handle_t *)&run->limit, on_run_closed);
}

static void after_exit(uv_process_t *process, int64_t exit_code,
                       int signal_number)
{
    struct run *run = process->data;
    struct job *job = run->job;
    struct script_queue *queue = job->queue;
    bool again = (signal_number != 0 || exit_code == 1) &&
                 job->runs < RUNS_LIMIT;
    char text[80];

    snprintf(text, sizeof(text), "%d %" PRId64 " %d", process->pid, exit_code,
             signal_number);
    job->run = NULL;
    queue->running--;
    close_run(run);
    notice(queue, LEVEL_DEBUG, "-script-child", text);
    if (again) {
        job->start_ms = uv_now(queue->loop) +
                        (queue->callbacks.retry_delay_ms(queue->arg)
                         << (job->runs - 1));
    } else {
        if (signal_number != 0 || exit_code != 0)
            notice_error(queue, job->argv[0], signal_number, exit_code);
        remove_job(job);
    }
    arm(queue);
}

static void on_limit(uv_timer_t *timer)
{
    struct run *run = timer->data;
    char text[4352];

    assert(run->job != NULL && !run->killed);
    run->killed = true;
    snprintf(text, sizeof(text), "%s %d", run->job->argv[0], run->process.pid);
    notice(run->job->queue, LEVEL_WARNING, "-script-timeout", text);
    /* The group: the script and whatever it has started. */
    if (kill(-run->process.pid, SIGKILL) != 0)
        kill(run->process.pid, SIGKILL);
}

static int spawn(struct job *job, struct run *run)
{
    uv_stdio_container_t files[3] = {{.flags = UV_IGNORE},
                                     {.flags = UV_INHERIT_FD, .data.fd = 1},
                                     {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {
        .exit_cb = after_exit,
        .file = job->argv[0],
        .args = job->argv,
        .flags = UV_PROCESS_DETACHED, /* a group of its own, to be killed */
        .stdio_count = 3,
        .stdio = files,
    };

    return uv_spawn(job->queue->loop, &run->process, &options);
}

/* Whether STATUS says that no process could be made, which passes. */
static bool is_shortage(int status)
{
    return status == UV_EAGAIN || status == UV_ENOMEM || status == UV_EMFILE ||
           status == UV_ENFILE;
}

/* The process could not be started: tried again later when the system is
 * short of something, an error of the script otherwise. */
static void start_failed(struct job *job, int status)
{
    struct script_queue *queue = job->queue;

    if (is_shortage(status)) {
        job->runs--;
        job->start_ms = uv_now(queue->loop) + 1000;
        notice_error(queue, job->argv[0], SIGNAL_NOT_FORKED, 0);
        return;
    }
    notice_error(queue, job->argv[0], 0, EXIT_NOT_EXECUTED);
    remove_job(job);
}

static void start(struct job *job)
{
    struct script_queue *queue = job->queue;
    struct run *run = xcalloc(1, sizeof(*run));
    char text[32];
    int status;

    run->process.data = run;
    run->limit.data = run;
    run->started_ms = uv_now(queue->loop);
    uv_timer_init(queue->loop, &run->limit);
    job->runs++;
    status = spawn(job, run);
    if (status != 0) {
        close_run(run);
        start_failed(job, status);
        return;
    }
    run->job = job;
    job->run = run;
    queue->running++;
    uv_timer_start(&run->limit, on_limit,
                   queue->callbacks.max_runtime_ms(queue->arg), 0);
    snprintf(text, sizeof(text), "%d", run->process.pid);
    notice(queue, LEVEL_DEBUG, "+script-child", text);
}

static void on_timer(uv_timer_t *timer)
{
    struct script_queue *queue = timer->data;
    uint64_t now_ms = uv_now(queue->loop);
    struct job *job = queue->first;

    while (job != NULL && queue->running < RUNNING_LIMIT) {
        struct job *next = job->next;

        if (job->run == NULL && job->start_ms <= now_ms)
            start(job);
        job = next;
    }
    arm(queue);
}

/* Sets the timer for the next job that may start. */
static void arm(struct script_queue *queue)
{
    uint64_t now_ms = uv_now(queue->loop);
    uint64_t next_ms = UINT64_MAX;

    if (queue->stopped)
        return;
    uv_timer_stop(&queue->timer);
    if (queue->running >= RUNNING_LIMIT)
        return; /* the end of one of them comes here again */
    for (struct job *job = queue->first; job != NULL; job = job->next) {
        if (job->run == NULL && job->start_ms < next_ms)
            next_ms = job->start_ms;
    }
    if (next_ms != UINT64_MAX)
        uv_timer_start(&queue->timer, on_timer,
                       next_ms > now_ms ? next_ms - now_ms : 0, 0);
}

static void drop_oldest(struct script_queue *queue)
{
    struct job *job = queue->first;

    while (job != NULL && job->run != NULL)
        job = job->next;
    if (job != NULL)
        remove_job(job);
}

void script_queue_add(struct script_queue *queue, const char *path,
                      const char *const *words, size_t count)
{
    struct job *job;

    if (queue->stopped)
        return;
    job = xcalloc(1, sizeof(*job));
    job->queue = queue;
    job->argc = count + 1;
    job->argv = xcalloc(job->argc + 1, sizeof(*job->argv));
    job->argv[0] = xstrdup(path);
    for (size_t i = 0; i < count; i++)
        job->argv[i + 1] = xstrdup(words[i]);
    job->start_ms = uv_now(queue->loop);
    job->previous = queue->last;
    if (queue->last != NULL)
        queue->last->next = job;
    else
        queue->first = job;
    queue->last = job;
    if (++queue->length > QUEUE_LIMIT)
        drop_oldest(queue);
    arm(queue);
}

void script_queue_visit(const struct script_queue *queue, script_visit *visit,
                        void *arg)
{
    uint64_t now_ms = uv_now(queue->loop);

    for (const struct job *job = queue->first; job != NULL; job = job->next) {
        struct script_view view = {.argv = (const char *const *)job->argv,
                                   .argc = job->argc,
                                   .retry = job->runs};

        if (job->run != NULL) {
            view.running = true;
            view.pid = job->run->process.pid;
            view.time_ms = now_ms - job->run->started_ms;
        } else if (job->start_ms > now_ms) {
            view.time_ms = job->start_ms - now_ms;
        }
        visit(arg, &view);
    }
}

size_t script_queue_length(const struct script_queue *queue)
{
    return queue->length;
}

size_t script_queue_running(const struct script_queue *queue)
{
    return queue->running;
}

void script_queue_stop(struct script_queue *queue)
{
    if (queue->stopped)
        return;
    queue->stopped = true;
    while (queue->first != NULL) {
        struct job *job = queue->first;

        if (job->run != NULL) {
            close_run(job->run);
            job->run = NULL;
            queue->running--;
        }
        remove_job(job);
    }
    uv_close((uv_handle_t *)&queue->timer, NULL);
}

void script_queue_free(struct script_queue *queue)
{
    if (queue == NULL)
        return;
    assert(queue->stopped && queue->first == NULL);
    free(queue);
}
