/* Builds the ordered list of actions of a step. */
#include "emit.h"

#include "xalloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4096

/* Blocks are chained, the newest first; the oldest is kept for good. */
struct emit_block {
    struct emit_block *older;
    size_t used;
    size_t size;
    max_align_t data[];
};

void emitter_init(struct emitter *emitter)
{
    memset(emitter, 0, sizeof(*emitter));
}

void emitter_clear(struct emitter *emitter)
{
    while (emitter->blocks != NULL) {
        struct emit_block *block = emitter->blocks;

        emitter->blocks = block->older;
        free(block);
    }
    free(emitter->actions);
    emitter_init(emitter);
}

void emitter_begin(struct emitter *emitter)
{
    emitter->count = 0;
    while (emitter->blocks != NULL && emitter->blocks->older != NULL) {
        struct emit_block *block = emitter->blocks;

        emitter->blocks = block->older;
        free(block);
    }
    if (emitter->blocks != NULL)
        emitter->blocks->used = 0;
}

const struct action_list *emitter_end(struct emitter *emitter)
{
    emitter->list.actions = emitter->actions;
    emitter->list.count = emitter->count;
    return &emitter->list;
}

void *emit_memory(struct emitter *emitter, size_t size)
{
    struct emit_block *block = emitter->blocks;
    size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
                     sizeof(max_align_t);
    void *memory;

    if (block == NULL || block->size - block->used < rounded) {
        size_t room = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;

        block = xmalloc(sizeof(*block) + room);
        block->older = emitter->blocks;
        block->used = 0;
        block->size = room;
        emitter->blocks = block;
    }
    memory = (char *)block->data + block->used;
    block->used += rounded;
    return memory;
}

const char *emit_text(struct emitter *emitter, const char *text)
{
    size_t size;

    if (text == NULL)
        return NULL;
    size = strlen(text) + 1;
    return memcpy(emit_memory(emitter, size), text, size);
}

static struct action *append(struct emitter *emitter, enum action_type type,
                             enum action_wait wait)
{
    struct action *action;

    if (emitter->count == emitter->capacity) {
        emitter->capacity = emitter->capacity == 0 ? 32 : emitter->capacity * 2;
        emitter->actions = xrealloc(
            emitter->actions, emitter->capacity * sizeof(*emitter->actions));
    }
    action = &emitter->actions[emitter->count++];
    memset(action, 0, sizeof(*action));
    action->type = type;
    action->wait = wait;
    return action;
}

static const char *const *copy_words(struct emitter *emitter,
                                     const char *const *words, size_t count)
{
    const char **copy = emit_memory(emitter,
                                    (count + 1) * sizeof(const char *));

    for (size_t i = 0; i < count; i++)
        copy[i] = emit_text(emitter, words[i]);
    copy[count] = NULL;
    return copy;
}

void emit_connect(struct emitter *emitter, uint64_t conn, const char *ip,
                  int port)
{
    struct action *action = append(emitter, ACTION_CONNECT, WAIT_NOTHING);

    action->connect.conn = conn;
    action->connect.ip = emit_text(emitter, ip);
    action->connect.port = port;
}

void emit_close(struct emitter *emitter, uint64_t conn, const char *reason)
{
    struct action *action = append(emitter, ACTION_CLOSE, WAIT_NOTHING);

    action->close.conn = conn;
    action->close.reason = emit_text(emitter, reason);
}

void emit_send(struct emitter *emitter, enum action_wait wait, uint64_t conn,
               struct command_tag tag, const char *const *words, size_t count)
{
    struct action *action = append(emitter, ACTION_SEND, wait);

    assert(count > 0);
    action->send.conn = conn;
    action->send.tag = tag;
    action->send.count = count;
    action->send.words = copy_words(emitter, words, count);
}

void emit_persist(struct emitter *emitter, uint64_t serial)
{
    append(emitter, ACTION_PERSIST, WAIT_TURN)->persist.serial = serial;
}

void emit_notice(struct emitter *emitter, enum action_wait wait,
                 enum log_level level, const char *channel, const char *text)
{
    struct action *action = append(emitter, ACTION_NOTICE, wait);

    action->notice.level = level;
    action->notice.channel = channel;
    action->notice.text = emit_text(emitter, text);
}

void emit_logf(struct emitter *emitter, enum log_level level,
               const char *format, ...)
{
    struct action *action = append(emitter, ACTION_LOG, WAIT_TURN);
    va_list arguments;
    int length;
    char *text;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    text = emit_memory(emitter, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    action->log.level = level;
    action->log.text = text;
}

void emit_log_until(struct emitter *emitter, enum log_level level,
                    const char *text, uint64_t at_ms)
{
    struct action *action = append(emitter, ACTION_LOG, WAIT_TURN);

    action->log.level = level;
    action->log.text = emit_text(emitter, text);
    action->log.until_ms = at_ms;
}

void emit_script(struct emitter *emitter, enum action_wait wait,
                 const char *path, const char *const *words, size_t count)
{
    struct action *action = append(emitter, ACTION_SCRIPT, wait);

    action->script.path = emit_text(emitter, path);
    action->script.count = count;
    action->script.words = copy_words(emitter, words, count);
}

void emit_resolve(struct emitter *emitter, const char *host, const char *known)
{
    struct action *action = append(emitter, ACTION_RESOLVE, WAIT_NOTHING);

    action->resolve.host = emit_text(emitter, host);
    action->resolve.known = emit_text(emitter, known);
}

void emit_crash(struct emitter *emitter)
{
    append(emitter, ACTION_CRASH, WAIT_TURN);
}

static struct answer copy_answer(struct emitter *emitter,
                                 const struct answer *answer)
{
    struct answer copy = *answer;

    copy.text = emit_text(emitter, answer->text);
    return copy;
}

void emit_answer(struct emitter *emitter, enum action_wait wait,
                 uint64_t client, const struct answer *ok,
                 const struct answer *failed)
{
    struct action *action = append(emitter, ACTION_REPLY, wait);

    action->reply.client = client;
    action->reply.ok = copy_answer(emitter, ok);
    action->reply.failed = copy_answer(emitter, failed);
}

void emit_ok(struct emitter *emitter, uint64_t client)
{
    struct answer ok = {.type = ANSWER_OK};
    struct answer failed = {
        .type = ANSWER_ERROR,
        .text = "ERR Failed to save config file. Check server logs."};

    emit_answer(emitter, WAIT_DISK, client, &ok, &failed);
}

void emit_error(struct emitter *emitter, uint64_t client, const char *text)
{
    struct answer error = {.type = ANSWER_ERROR, .text = text};

    emit_answer(emitter, WAIT_NOTHING, client, &error, &error);
}
