/* Builds the ordered list of actions of a step. Texts are copied into memory
 * that lives until the next step. */
#ifndef LIB_EMIT_H
#define LIB_EMIT_H

#include "action.h"

#include <stddef.h>
#include <stdint.h>

struct emit_block;

struct emitter {
    struct action *actions;
    size_t count;
    size_t capacity;
    struct emit_block *blocks; /* memory of texts and word lists */
    struct action_list list;   /* what core_step() returns */
};

void emitter_init(struct emitter *emitter);
void emitter_clear(struct emitter *emitter);

/* Forgets the actions of the step before. */
void emitter_begin(struct emitter *emitter);
const struct action_list *emitter_end(struct emitter *emitter);

/* Memory until the next step. */
void *emit_memory(struct emitter *emitter, size_t size);
const char *emit_text(struct emitter *emitter, const char *text);

void emit_connect(struct emitter *emitter, uint64_t conn, const char *ip,
                  int port);
void emit_close(struct emitter *emitter, uint64_t conn, const char *reason);
void emit_send(struct emitter *emitter, enum action_wait wait, uint64_t conn,
               struct command_tag tag, const char *const *words, size_t count);
void emit_persist(struct emitter *emitter, uint64_t serial);
void emit_notice(struct emitter *emitter, enum action_wait wait,
                 enum log_level level, const char *channel, const char *text);
void emit_logf(struct emitter *emitter, enum log_level level,
               const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The wall-clock time of AT_MS is appended to the line. */
void emit_log_until(struct emitter *emitter, enum log_level level,
                    const char *text, uint64_t at_ms);
void emit_script(struct emitter *emitter, enum action_wait wait,
                 const char *path, const char *const *words, size_t count);
void emit_resolve(struct emitter *emitter, const char *host, const char *known);
void emit_crash(struct emitter *emitter);

/* Answers; WAIT_DISK ones say FAILED when the write before them fails. */
void emit_answer(struct emitter *emitter, enum action_wait wait,
                 uint64_t client, const struct answer *ok,
                 const struct answer *failed);
void emit_ok(struct emitter *emitter, uint64_t client);
void emit_error(struct emitter *emitter, uint64_t client, const char *text);

#endif
