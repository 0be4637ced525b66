/* A daemon in one process: the real server, clients, commands, users, driver
 * and core, on sockets of its own, with a clock, a disk, names and servers that
 * do as they are told. */
#ifndef TEST_FUZZ_SERVER_WORLD_H
#define TEST_FUZZ_SERVER_WORLD_H

#include "../../lib/text.h"
#include "../../sentinel/command.h"
#include "config_world.h"

#include <uv.h>

#define SERVER_CLIENTS 3

/* How the servers behind the core's links behave. */
enum servers {
    SERVERS_WELL,
    SERVERS_SILENT,
    SERVERS_REFUSE
};

struct listeners;
struct store;
struct held_write;

struct server_world {
    struct context context; /* first */
    uv_loop_t loop;
    struct config_loaded loaded;
    struct store *store;
    uint64_t now_ms; /* of the driver and its core */
    enum servers servers;
    bool disk_fails;
    bool ended;              /* by SHUTDOWN, or */
    bool crashed;            /* as was ordered: nobody is answered any more */
    char *file;              /* text of sentinel.conf */
    char *users;             /* text of the ACL file */
    int fds[SERVER_CLIENTS]; /* our ends; -1: not connected */
    struct text outputs[SERVER_CLIENTS]; /* since the connection was made */
};

/* The one at work. */
extern struct server_world *server_world;

/* SHAPE chooses the configuration. */
void server_world_open(unsigned shape);

/* Closes clients, then all; demands that nothing is left. */
void server_world_close(void);

/* Client NUMBER says something; it is connected when it was not. */
void server_world_say(size_t number, const char *data, size_t length);
void server_world_shut(size_t number); /* it sends no more */

/* It goes; what it has got so far must have been proper. */
void server_world_hang_up(size_t number);

/* Lets all happen that can happen at this moment. */
void server_world_run(void);

/* Time passes, for the driver. */
void server_world_wait(uint64_t span_ms);

/* ---- Among the files of this world ---- */

/* The driver's: its timer, and the end that a failure simulation brings. */
uint64_t server_world_now_ns(void);
void server_world_arm(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms);
void server_world_disarm(uv_timer_t *timer);
void server_world_crash(void);

/* Does what waits: connections, replies, writes, names, files. Returns whether
 * there was something. */
bool server_parts_run(void);

/* A connection for the server, which takes FD over. */
void server_parts_accept(int fd);

/* Frees what is left of them. */
void server_parts_close(void);

/* Demands that DATA is a sequence of replies; when CUT, the last one need not
 * be complete. RESP3 says whether types of that are allowed. */
void server_output_check(const char *data, size_t length, bool cut, bool resp3);

#endif
