/* Actions that wait for the disk. */
#include "held.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct held_action {
    struct held_action *next;
    struct action action;
};

void held_init(struct held_queue *queue)
{
    queue->first = NULL;
    queue->last = NULL;
}

static const char *const *copy_words(const char *const *words, size_t count)
{
    const char **copy = xcalloc(count + 1, sizeof(*copy));

    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(words[i]);
    return copy;
}

static void free_words(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)words[i]);
    free((void *)(uintptr_t)words);
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

/* Replaces what belongs to the core by copies. */
static void own(struct action *action)
{
    switch (action->type) {
    case ACTION_CONNECT:
        action->connect.ip = xstrdup(action->connect.ip);
        break;
    case ACTION_CLOSE:
        action->close.reason = xstrdup(action->close.reason);
        break;
    case ACTION_SEND:
        action->send.words = copy_words(action->send.words, action->send.count);
        break;
    case ACTION_REPLY:
        action->reply.ok.text = xstrdup_or_null(action->reply.ok.text);
        action->reply.failed.text = xstrdup_or_null(action->reply.failed.text);
        break;
    case ACTION_NOTICE:
        action->notice.text = xstrdup(action->notice.text);
        break;
    case ACTION_LOG:
        action->log.text = xstrdup(action->log.text);
        break;
    case ACTION_SCRIPT:
        action->script.path = xstrdup(action->script.path);
        action->script.words = copy_words(action->script.words,
                                          action->script.count);
        break;
    case ACTION_RESOLVE:
        action->resolve.host = xstrdup(action->resolve.host);
        action->resolve.known = xstrdup(action->resolve.known);
        break;
    case ACTION_PERSIST:
    case ACTION_CRASH:
        break;
    }
}

static void disown(const struct action *action)
{
    switch (action->type) {
    case ACTION_CONNECT:
        free_text(action->connect.ip);
        break;
    case ACTION_CLOSE:
        free_text(action->close.reason);
        break;
    case ACTION_SEND:
        free_words(action->send.words, action->send.count);
        break;
    case ACTION_REPLY:
        free_text(action->reply.ok.text);
        free_text(action->reply.failed.text);
        break;
    case ACTION_NOTICE:
        free_text(action->notice.text);
        break;
    case ACTION_LOG:
        free_text(action->log.text);
        break;
    case ACTION_SCRIPT:
        free_text(action->script.path);
        free_words(action->script.words, action->script.count);
        break;
    case ACTION_RESOLVE:
        free_text(action->resolve.host);
        free_text(action->resolve.known);
        break;
    case ACTION_PERSIST:
    case ACTION_CRASH:
        break;
    }
}

void held_add(struct held_queue *queue, const struct action *action)
{
    struct held_action *held = xcalloc(1, sizeof(*held));

    held->action = *action;
    own(&held->action);
    if (queue->first == NULL)
        queue->first = held;
    else
        queue->last->next = held;
    queue->last = held;
}

const struct action *held_first(const struct held_queue *queue)
{
    return queue->first != NULL ? &queue->first->action : NULL;
}

void held_drop(struct held_queue *queue)
{
    struct held_action *held = queue->first;

    assert(held != NULL);
    queue->first = held->next;
    if (queue->first == NULL)
        queue->last = NULL;
    disown(&held->action);
    free(held);
}

void held_clear(struct held_queue *queue)
{
    while (queue->first != NULL)
        held_drop(queue);
}
