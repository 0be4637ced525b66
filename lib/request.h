/* SENTINEL commands that change state. */
#ifndef LIB_REQUEST_H
#define LIB_REQUEST_H

#include "event.h"

struct core;

/* Carries REQUEST out and emits its one answer. */
void request_run(struct core *core, const struct request *request);

/* SET, CONFIG SET and DEBUG (request_set.c). */
void request_set(struct core *core, const struct request *request);
void request_config_set(struct core *core, const struct request *request);
void request_debug(struct core *core, const struct request *request);

#endif
