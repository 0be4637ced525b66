/* Files read and written for commands on the thread pool, one after the
 * other, so that a slow disk holds up nobody else. */
#ifndef SENTINEL_STORE_TASKS_H
#define SENTINEL_STORE_TASKS_H

#include <stddef.h>

struct store_tasks;
struct uv_loop_s;

/* Called from the loop. ERROR is NULL, or says what failed. After a read, TEXT
 * of LENGTH bytes and a NUL is borrowed for the call. */
typedef void store_task_done(void *arg, const char *text, size_t length,
                             const char *error);

struct store_tasks *store_tasks_new(struct uv_loop_s *loop);

/* Only when the loop has run out of work. */
void store_tasks_free(struct store_tasks *tasks);

void store_tasks_read(struct store_tasks *tasks, const char *path,
                      store_task_done *done, void *arg);

/* Replaces the file, as the configuration is replaced. Takes TEXT over and
 * frees it. */
void store_tasks_write(struct store_tasks *tasks, const char *path, char *text,
                       store_task_done *done, void *arg);

#endif
