/* One socket, in either direction: hides libuv's handle life cycle. Output is
 * collected and leaves in one write per loop turn. */
#ifndef SENTINEL_STREAM_H
#define SENTINEL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;
struct stream_hub;
struct uv_loop_s;

/* What the streams of one owner share: the read buffer, the moment of the
 * turn at which output is written, the time limit of closing. A write to a
 * peer that has gone is an error and no signal: SIGPIPE is ignored. */
struct stream_hub *stream_hub_new(struct uv_loop_s *loop);

/* Ends with its last stream; the owner closes them. Output that is still
 * unsent is given a second to leave. */
void stream_hub_stop(struct stream_hub *hub);
void stream_hub_free(struct stream_hub *hub); /* when the loop has run out */

uint64_t stream_hub_now(const struct stream_hub *hub); /* loop time, ms */

/* Called from the loop, never from within a stream_ function. A stream may be
 * written to and closed from all of them but closed(). */
struct stream_callbacks {
    /* The connection is established; LOCAL_IP is numeric. Outgoing only. */
    void (*connected)(void *arg, const char *local_ip);
    /* Bytes have arrived; borrowed for the call. */
    void (*read)(void *arg, const char *data, size_t length);
    /* Output is about to be written, the last moment to add some. May be
     * NULL. */
    void (*fill)(void *arg);
    /* The system has taken all output. May be NULL. */
    void (*drained)(void *arg);
    /* The peer will send no more, but may still read. NULL: closes. */
    void (*ended)(void *arg);
    /* The last call, after any kind of end: the stream is gone. */
    void (*closed)(void *arg, const char *reason);
};

/* Starts to connect to a numeric address, from SOURCE_IP unless NULL. Never
 * NULL: what fails at once is told by closed(), later. CALLBACKS are
 * borrowed for the life of the stream. */
struct stream *stream_connect(struct stream_hub *hub, const char *ip, int port,
                              const char *source_ip,
                              const struct stream_callbacks *callbacks,
                              void *arg);

/* Takes over FD, an accepted connection (of a Unix socket when LOCAL). Never
 * NULL, as above. */
struct stream *stream_accept(struct stream_hub *hub, int fd, bool local,
                             const struct stream_callbacks *callbacks,
                             void *arg);

/* Adds to the output, which leaves at the end of this turn, or when the
 * connection is established. Limits are the caller's: see stream_unsent(). No
 * effect once closing. */
void stream_write(struct stream *stream, const char *data, size_t length);

/* Asks for fill() at the end of this turn. */
void stream_wake(struct stream *stream);

/* Bytes of output that the system has not taken yet. */
size_t stream_unsent(const struct stream *stream);

/* Stops reading, also within read() before more of what has arrived is read,
 * and goes on. */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

/* Closes; output is lost. Only closed() follows. REASON is copied; the first
 * one counts. */
void stream_close(struct stream *stream, const char *reason);

/* Closes when the output has been sent and the peer has had the chance to read
 * it (closing with unread input would make the system throw it away), after a
 * second at most. Only closed() follows. */
void stream_finish(struct stream *stream, const char *reason);

#endif
