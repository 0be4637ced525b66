/* Files read and written for commands on the thread pool. */
#include "store_tasks.h"

#include "../lib/xalloc.h"
#include "store_file.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define ERROR_SIZE 4096

struct task {
    struct task *next;
    char *path;
    char *text; /* to be written; or what was read */
    size_t length;
    bool write;
    bool failed;
    char error[ERROR_SIZE];
    store_task_done *done;
    void *arg;
};

struct store_tasks {
    uv_loop_t *loop;
    struct task *first; /* the one at work; the worker's meanwhile */
    struct task **end;
    uv_work_t work;
};

struct store_tasks *store_tasks_new(uv_loop_t *loop)
{
    struct store_tasks *tasks = xcalloc(1, sizeof(*tasks));

    tasks->loop = loop;
    tasks->end = &tasks->first;
    return tasks;
}

void store_tasks_free(struct store_tasks *tasks)
{
    if (tasks == NULL)
        return;
    assert(tasks->first == NULL);
    free(tasks);
}

static void run_write(struct task *task)
{
    /* It holds hashes of passwords: no business of others. */
    const struct store_file_options options = {.new_mode = 0600};
    bool in_place;

    task->failed = store_file_write(task->path, task->text, &options, &in_place,
                                    task->error, sizeof(task->error)) != 0;
}

static void run_read(struct task *task)
{
    task->failed = store_file_read(task->path, &task->text, task->error,
                                   sizeof(task->error)) != 0;
    if (!task->failed && task->text == NULL) {
        task->failed = true;
        snprintf(task->error, sizeof(task->error), "'%s': %s", task->path,
                 strerror(ENOENT));
    }
    task->length = task->text != NULL ? strlen(task->text) : 0;
}

static void on_work(uv_work_t *work)
{
    struct store_tasks *tasks = work->data;

    if (tasks->first->write)
        run_write(tasks->first);
    else
        run_read(tasks->first);
}

static void start(struct store_tasks *tasks);

static void after_work(uv_work_t *work, int status)
{
    struct store_tasks *tasks = work->data;
    struct task *task = tasks->first;
    const char *error = task->failed ? task->error : NULL;

    tasks->first = task->next;
    if (tasks->first == NULL)
        tasks->end = &tasks->first;
    else
        start(tasks);
    if (status != 0)
        error = uv_strerror(status);
    task->done(task->arg, task->text, task->length, error);
    free(task->path);
    free(task->text);
    free(task);
}

static void start(struct store_tasks *tasks)
{
    int status;

    tasks->work.data = tasks;
    status = uv_queue_work(tasks->loop, &tasks->work, on_work, after_work);
    assert(status == 0); /* fails only without a work function */
    (void)status;
}

static void add(struct store_tasks *tasks, struct task task)
{
    const bool idle = tasks->first == NULL;

    *tasks->end = xmemdup(&task, sizeof(task));
    tasks->end = &(*tasks->end)->next;
    if (idle)
        start(tasks);
}

void store_tasks_read(struct store_tasks *tasks, const char *path,
                      store_task_done *done, void *arg)
{
    add(tasks, (struct task){.path = xstrdup(path), .done = done, .arg = arg});
}

void store_tasks_write(struct store_tasks *tasks, const char *path, char *text,
                       store_task_done *done, void *arg)
{
    add(tasks, (struct task){.path = xstrdup(path),
                             .text = text,
                             .length = strlen(text),
                             .write = true,
                             .done = done,
                             .arg = arg});
}
