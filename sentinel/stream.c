/* One socket, in either direction: hides libuv's handle life cycle. */
#include "stream_internal.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define FINISH_MS 1000    /* what a peer is given to read the last output */
#define FINISHING_MAX 128 /* more than these are not waited for */

static void write_output(struct stream *stream);
static void tell_drained(struct stream *stream);

/* ---- The hub ---- */

static void on_hub_handle_closed(uv_handle_t *handle)
{
    struct stream_hub *hub = handle->data;

    hub->open_handles--;
}

static void close_hub_when_done(struct stream_hub *hub)
{
    if (!hub->stopping || hub->streams != 0 ||
        uv_is_closing((uv_handle_t *)&hub->prepare))
        return;
    uv_close((uv_handle_t *)&hub->prepare, on_hub_handle_closed);
    uv_close((uv_handle_t *)&hub->timer, on_hub_handle_closed);
}

/* Runs before the loop waits: all that this turn has written leaves now. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct stream_hub *hub = prepare->data;

    while (hub->dirty != NULL) {
        struct stream *stream = hub->dirty;

        DL_DELETE2(hub->dirty, stream, dirty_prev, dirty_next);
        stream->dirty = false;
        if (stream->state == STREAM_OPEN && stream->callbacks->fill != NULL)
            stream->callbacks->fill(stream->arg);
        write_output(stream);
        tell_drained(stream);
    }
}

struct stream_hub *stream_hub_new(struct uv_loop_s *loop)
{
    struct stream_hub *hub = xcalloc(1, sizeof(*hub));

    signal(SIGPIPE, SIG_IGN);
    hub->loop = loop;
    uv_prepare_init(loop, &hub->prepare);
    hub->prepare.data = hub;
    uv_prepare_start(&hub->prepare, on_prepare);
    uv_unref((uv_handle_t *)&hub->prepare);
    uv_timer_init(loop, &hub->timer);
    hub->timer.data = hub;
    hub->open_handles = 2;
    return hub;
}

void stream_hub_stop(struct stream_hub *hub)
{
    struct stream *stream;
    struct stream *next;

    DL_FOREACH_SAFE(hub->finishing, stream, next)
    {
        if (stream->shut)
            stream_close(stream, ""); /* all it waits for is the peer */
    }
    hub->stopping = true;
    close_hub_when_done(hub);
}

void stream_hub_free(struct stream_hub *hub)
{
    if (hub == NULL)
        return;
    assert(hub->streams == 0 && hub->open_handles == 0);
    free(hub);
}

uint64_t stream_hub_now(const struct stream_hub *hub)
{
    return uv_now(hub->loop);
}

/* ---- Closing ---- */

static void on_finish_timer(uv_timer_t *timer);

static void arm_finish_timer(struct stream_hub *hub)
{
    uint64_t now = uv_now(hub->loop);
    const struct stream *oldest = hub->finishing;

    if (oldest == NULL)
        uv_timer_stop(&hub->timer);
    else
        uv_timer_start(
            &hub->timer, on_finish_timer,
            oldest->finish_by_ms > now ? oldest->finish_by_ms - now : 0, 0);
}

static void on_finish_timer(uv_timer_t *timer)
{
    struct stream_hub *hub = timer->data;

    while (hub->finishing != NULL &&
           hub->finishing->finish_by_ms <= uv_now(hub->loop))
        stream_close(hub->finishing, "");
    arm_finish_timer(hub);
}

static void on_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    struct stream_hub *hub = stream->hub;

    stream->callbacks->closed(stream->arg, stream->reason);
    buffer_clear(&stream->output);
    buffer_clear(&stream->flight);
    free(stream);
    hub->streams--;
    close_hub_when_done(hub);
}

static void keep_reason(struct stream *stream, const char *reason)
{
    if (stream->reason[0] == '\0')
        snprintf(stream->reason, sizeof(stream->reason), "%s", reason);
}

void stream_close(struct stream *stream, const char *reason)
{
    struct stream_hub *hub = stream->hub;

    if (stream->state == STREAM_CLOSING)
        return;
    keep_reason(stream, reason);
    if (stream->dirty)
        DL_DELETE2(hub->dirty, stream, dirty_prev, dirty_next);
    stream->dirty = false;
    if (stream->state == STREAM_FINISHING) {
        /* The last one has no next: the macro looks first. */
        DL_DELETE(hub->finishing, stream); /* NOLINT */
        hub->finishing_count--;
        arm_finish_timer(hub);
    }
    stream->state = STREAM_CLOSING;
    uv_close(&stream->uv.handle, on_closed);
}

void stream_close_for_error(struct stream *stream, int status)
{
    stream_close(stream, strerror(-status));
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
    struct stream *stream = request->data;

    if (status < 0)
        stream_close(stream, "");
}

/* The output of a finishing stream has left: waits for the peer to close,
 * unless that is of no use. */
static void end_finish(struct stream *stream)
{
    struct stream_hub *hub = stream->hub;

    if (stream->ended || hub->stopping ||
        hub->finishing_count > FINISHING_MAX) {
        stream_close(stream, "");
        return;
    }
    if (stream->shut)
        return;
    stream->shut = true;
    stream->shutdown.data = stream;
    if (uv_shutdown(&stream->shutdown, &stream->uv.stream, on_shut_down) < 0)
        stream_close(stream, "");
}

void stream_finish(struct stream *stream, const char *reason)
{
    struct stream_hub *hub = stream->hub;

    if (stream->state == STREAM_CONNECTING) {
        stream_close(stream, reason);
        return;
    }
    if (stream->state != STREAM_OPEN)
        return;
    keep_reason(stream, reason);
    stream_resume(stream);
    if (stream->state != STREAM_OPEN)
        return;
    stream->state = STREAM_FINISHING;
    stream->finish_by_ms = uv_now(hub->loop) + FINISH_MS;
    DL_APPEND(hub->finishing, stream);
    hub->finishing_count++;
    arm_finish_timer(hub);
    write_output(stream);
}

/* ---- Output ---- */

static void on_written(uv_write_t *request, int status)
{
    struct stream *stream = request->data;

    stream->writing = false;
    buffer_clear(&stream->flight);
    if (stream->state == STREAM_CLOSING)
        return;
    if (status < 0) {
        stream_close_for_error(stream, status);
        return;
    }
    write_output(stream);
    tell_drained(stream);
}

static void tell_drained(struct stream *stream)
{
    if (stream->state == STREAM_OPEN && stream->callbacks->drained != NULL &&
        stream_unsent(stream) == 0)
        stream->callbacks->drained(stream->arg);
}

/* Gives to libuv what the system would not take at once. */
static void write_rest(struct stream *stream)
{
    uv_buf_t rest;
    int status;

    stream->flight = stream->output;
    stream->output = (struct buffer){0};
    rest.base = stream->flight.data + stream->flight.start;
    rest.len = buffer_length(&stream->flight);
    stream->write.data = stream;
    status = uv_write(&stream->write, &stream->uv.stream, &rest, 1, on_written);
    if (status < 0)
        stream_close_for_error(stream, status);
    else
        stream->writing = true;
}

/* Writes what there is; the place where a TLS variant encrypts. */
static void write_output(struct stream *stream)
{
    if (stream->writing || stream->state == STREAM_CONNECTING ||
        stream->state == STREAM_CLOSING)
        return;
    if (buffer_length(&stream->output) != 0) {
        uv_buf_t all = {.base = stream->output.data + stream->output.start,
                        .len = buffer_length(&stream->output)};
        int sent = uv_try_write(&stream->uv.stream, &all, 1);

        if (sent < 0 && sent != UV_EAGAIN) {
            stream_close_for_error(stream, sent);
            return;
        }
        buffer_take(&stream->output, sent > 0 ? (size_t)sent : 0);
    }
    if (buffer_length(&stream->output) != 0)
        write_rest(stream);
    else if (stream->state == STREAM_FINISHING)
        end_finish(stream);
}

void stream_wake(struct stream *stream)
{
    struct stream_hub *hub = stream->hub;

    if (stream->dirty || stream->state == STREAM_FINISHING ||
        stream->state == STREAM_CLOSING)
        return;
    stream->dirty = true;
    DL_APPEND2(hub->dirty, stream, dirty_prev, dirty_next);
}

void stream_write(struct stream *stream, const char *data, size_t length)
{
    if (stream->state == STREAM_FINISHING || stream->state == STREAM_CLOSING)
        return;
    buffer_append(&stream->output, data, length);
    stream_wake(stream);
}

size_t stream_unsent(const struct stream *stream)
{
    return buffer_length(&stream->output) +
           (stream->writing ? stream->uv.stream.write_queue_size : 0);
}

/* ---- Input ---- */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct stream *stream = handle->data;

    (void)wanted;
    *buffer = uv_buf_init(stream->hub->buffer, STREAM_READ_BYTES);
}

static void on_end(struct stream *stream)
{
    uv_read_stop(&stream->uv.stream);
    stream->ended = true;
    if (stream->state == STREAM_FINISHING) {
        if (!stream->writing && buffer_length(&stream->output) == 0)
            stream_close(stream, "");
    } else if (stream->callbacks->ended != NULL) {
        stream->callbacks->ended(stream->arg);
    } else {
        stream_close(stream, "Server closed the connection");
    }
}

/* The place where a TLS variant decrypts. */
static void on_read(uv_stream_t *handle, ssize_t length, const uv_buf_t *data)
{
    struct stream *stream = handle->data;

    if (length == UV_EOF)
        on_end(stream);
    else if (length < 0)
        stream_close_for_error(stream, (int)length);
    else if (length > 0 && stream->state == STREAM_OPEN)
        stream->callbacks->read(stream->arg, data->base, (size_t)length);
}

void stream_pause(struct stream *stream)
{
    if (stream->state == STREAM_OPEN)
        uv_read_stop(&stream->uv.stream);
}

void stream_resume(struct stream *stream)
{
    int status;

    if (stream->state != STREAM_OPEN || stream->ended)
        return;
    status = uv_read_start(&stream->uv.stream, on_alloc, on_read);
    if (status < 0 && status != UV_EALREADY)
        stream_close_for_error(stream, status);
}
