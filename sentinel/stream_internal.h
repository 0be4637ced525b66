/* What stream.c (life and data) and stream_open.c (how a socket comes about)
 * share. */
#ifndef SENTINEL_STREAM_INTERNAL_H
#define SENTINEL_STREAM_INTERNAL_H

#include "buffer.h"
#include "stream.h"

#include <uv.h>

/* What is read at once: few enough that many streams, each with as much as it
 * can send, do not hold up a turn of the loop. */
#define STREAM_READ_BYTES 16384

/* CONNECTING -> OPEN -> FINISHING -> CLOSING; any state -> CLOSING. */
enum stream_state {
    STREAM_CONNECTING,
    STREAM_OPEN,
    STREAM_FINISHING, /* output leaves, input is thrown away */
    STREAM_CLOSING    /* libuv closes the handle */
};

struct stream {
    struct stream_hub *hub;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    enum stream_state state;
    const struct stream_callbacks *callbacks;
    void *arg;
    struct buffer output; /* not given to the system yet */
    struct buffer flight; /* being written; moves no more */
    bool writing;
    bool ended; /* the peer sends no more */
    bool shut;  /* we have told the peer the same */
    bool dirty; /* in the hub's list */
    uint64_t finish_by_ms;
    uv_connect_t connect;
    uv_write_t write;
    uv_shutdown_t shutdown;
    char reason[160];
    struct stream *dirty_prev, *dirty_next;
    struct stream *prev, *next; /* in the list of those finishing */
};

struct stream_hub {
    uv_loop_t *loop;
    uv_prepare_t prepare;
    uv_timer_t timer;
    int open_handles; /* of these two */
    size_t streams;
    bool stopping;
    struct stream *dirty;
    struct stream *finishing; /* oldest first */
    size_t finishing_count;
    char buffer[STREAM_READ_BYTES]; /* of whichever stream is being read */
};

/* STATUS is a negative error of libuv, which on Unix is that of the system. */
void stream_close_for_error(struct stream *stream, int status);

#endif
