/* Subjectively down: this sentinel alone has not heard of an instance for too
 * long. */
#ifndef LIB_SDOWN_H
#define LIB_SDOWN_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct instance;

/* Sets or clears the flag, with its notice. Returns when to look again. Not
 * to be called in tilt. */
uint64_t sdown_run(struct core *core, struct instance *instance);

#endif
