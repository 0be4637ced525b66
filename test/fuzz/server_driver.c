/* The daemon's driver, on a clock of the test; when it would end the process,
 * as SENTINEL SIMULATE-FAILURE orders, it ends the run. */
#include "server_world.h"

#include <unistd.h>

#define uv_hrtime() server_world_now_ns()
#define uv_timer_start(timer, callback, ms, repeat) \
    server_world_arm(timer, callback, ms)
#define uv_timer_stop(timer) server_world_disarm(timer)
#define _exit(code) server_world_crash()

#include "../../sentinel/driver.c" /* NOLINT */
