/* State out: the file is read, merged and replaced on the thread pool. */
#include "store.h"

#include "../lib/xalloc.h"
#include "acl_lines.h"
#include "config.h"
#include "log.h"
#include "settings.h"
#include "store_file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#define ERROR_SIZE 4096 /* room for two long paths */

struct store {
    uv_loop_t *loop;
    const struct settings *settings;
    store_done *done;
    void *arg;
    struct store_file_options options;
    bool told_in_place; /* it was said that the file is written in place */
    bool busy;
    /* The write under way: the worker's while BUSY. */
    uv_work_t work;
    struct state *state;
    struct acl_lines *users;
    bool failed;
    bool in_place;
    char error[ERROR_SIZE];
    char *last_text; /* the file as it was last written or read */
};

struct store *store_new(uv_loop_t *loop, const struct settings *settings,
                        store_done *done, void *arg)
{
    struct store *store = xcalloc(1, sizeof(*store));
    mode_t mask = umask(0);

    umask(mask);
    store->loop = loop;
    store->settings = settings;
    store->done = done;
    store->arg = arg;
    store->options.new_mode = 0644 & ~mask;
    store->options.replace_only = true;
    return store;
}

void store_set_done(struct store *store, store_done *done, void *arg)
{
    assert(!store->busy);
    store->done = done;
    store->arg = arg;
}

/* What the new text is merged with. A file that was removed or emptied under
 * us is no edit: the user's lines are taken from what it held before. */
static int read_old(struct store *store, char **text)
{
    if (store_file_read(store->settings->config_file, text, store->error,
                        sizeof(store->error)) != 0)
        return -1;
    if ((*text == NULL || (*text)[0] == '\0') && store->last_text != NULL) {
        free(*text);
        *text = xstrdup(store->last_text);
    }
    return 0;
}

/* Users change on the loop while a worker writes: it gets a copy. */
static void take_users(struct store *store)
{
    const struct settings *settings = store->settings;

    store->users = acl_lines_new(settings->acl, settings->acl_file != NULL);
}

static void drop_users(struct store *store)
{
    acl_lines_free(store->users);
    store->users = NULL;
}

/* Runs on a worker, or on the loop when nothing else goes on. */
static void write_state(struct store *store, const struct state *state)
{
    char *old_text;
    char *text;

    store->failed = true;
    store->in_place = false;
    if (read_old(store, &old_text) != 0)
        return;
    text = config_rewrite(old_text, store->settings, state, store->users);
    store->failed = store_file_write(store->settings->config_file, text,
                                     &store->options, &store->in_place,
                                     store->error, sizeof(store->error)) != 0;
    free(store->last_text);
    store->last_text = store->failed ? old_text : text;
    free(store->failed ? text : old_text);
}

/* Back on the loop. */
static void finish(struct store *store)
{
    if (store->failed)
        return;
    store->options.replace_only = false; /* it was possible to write once */
    if (store->in_place && !store->told_in_place) {
        log_printf(LEVEL_WARNING,
                   "'%s' cannot be replaced and is written in place: a crash "
                   "while it is written can damage it",
                   store->settings->config_file);
        store->told_in_place = true;
    }
}

static void on_work(uv_work_t *work)
{
    struct store *store = work->data;

    write_state(store, store->state);
}

static void after_work(uv_work_t *work, int status)
{
    struct store *store = work->data;

    if (status != 0) {
        store->failed = true;
        snprintf(store->error, sizeof(store->error), "%s", uv_strerror(status));
    }
    state_free(store->state);
    store->state = NULL;
    drop_users(store);
    store->busy = false;
    finish(store);
    store->done(store->arg, store->failed ? store->error : NULL);
}

void store_write(struct store *store, struct state *state)
{
    int status;

    assert(!store->busy && state != NULL && store->done != NULL);
    store->busy = true;
    store->state = state;
    take_users(store);
    store->work.data = store;
    status = uv_queue_work(store->loop, &store->work, on_work, after_work);
    assert(status == 0); /* fails only without a work function */
    (void)status;
}

bool store_busy(const struct store *store)
{
    return store->busy;
}

int store_write_now(struct store *store, const struct state *state,
                    const char **error)
{
    assert(!store->busy);
    take_users(store);
    write_state(store, state);
    drop_users(store);
    finish(store);
    if (!store->failed)
        return 0;
    *error = store->error;
    return -1;
}

int store_check(struct store *store, const char **error)
{
    assert(!store->busy);
    store_file_clean(store->settings->config_file);
    if (store->settings->acl_file != NULL)
        store_file_clean(store->settings->acl_file);
    if (store_file_check(store->settings->config_file, store->error,
                         sizeof(store->error)) == 0) {
        store->options.replace_only = false;
        return 0;
    }
    *error = store->error;
    return -1;
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    assert(!store->busy);
    free(store->last_text);
    free(store);
}
