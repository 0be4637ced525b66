/* Distrust after a gap between steps: observe, do not act. */
#ifndef LIB_TILT_H
#define LIB_TILT_H

#include <stdint.h>

struct core;

/* Enters tilt when the process was not run for longer than the trigger.
 * GAP_MS is the time since the step before. */
void tilt_check(struct core *core, uint64_t gap_ms);

/* Leaves tilt when its time is over. Returns when to look again. */
uint64_t tilt_run(struct core *core);

/* At most so long may pass between two steps, or a gap would be seen where
 * there was nothing to do. */
uint64_t tilt_heartbeat_ms(const struct core *core);

#endif
