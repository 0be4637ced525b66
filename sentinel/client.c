/* One accepted client: requests in, output out, limits on both. */
#include "client_internal.h"

#include "../lib/xalloc.h"
#include "acl.h"
#include "command.h"
#include "log.h"
#include "pubsub.h"
#include "settings.h"
#include "stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Requests that a client may send ahead of those that are run; what comes
 * after them stays in the kernel. */
#define AHEAD_MAX_BYTES 16384

/* A client's share of a turn ends with the first of these that it reaches. */
#define TURN_REQUESTS 64
#define TURN_OUTPUT_BYTES 16384

/* The clock costs a good part of a short request: it is read once in so many.
 */
#define REQUESTS_PER_CLOCK 8

/* With so much output that has not left, no more requests are run: who does
 * not read is not answered, and need not be hung up on. */
#define OUTPUT_FULL_BYTES 131072

/* Unread output of a client without subscriptions, in effect that of a single
 * reply; Redis has no limit here unless it is told. No list of a sentinel is
 * near it. */
#define OUTPUT_MAX_BYTES (64ULL * 1024 * 1024)

/* Output memory that an idle client keeps. */
#define KEPT_OUTPUT_BYTES 16384

static struct session *session_of(struct client *client)
{
    return (struct session *)(void *)client;
}

/* ---- Closing ---- */

/* Logs, and returns the stream, which the caller closes in its way; NULL when
 * the client closes already. */
static struct stream *begin_to_close(struct session *session,
                                     const char *reason)
{
    struct stream *stream = session->client.stream;

    if (session->closing)
        return NULL;
    log_printf(LEVEL_VERBOSE, "Client id=%" PRIu64 " addr=%s closed: %s",
               session->client.id, session->client.address, reason);
    session->closing = true;
    session->client.stream = NULL;
    server_count_unread(session->server, session, 0);
    server_closing(session->server, session);
    return stream;
}

/* Closes at once; the output is lost. */
static void abort_session(struct session *session, const char *reason)
{
    struct stream *stream = begin_to_close(session, reason);

    if (stream != NULL)
        stream_close(stream, reason);
}

static void on_closed(void *arg, const char *reason)
{
    struct session *session = arg;
    struct client *client = &session->client;

    (void)begin_to_close(session, reason);
    if (client->context->pubsub != NULL)
        pubsub_forget(client->context->pubsub, client);
    server_forget(session->server, session);
    resp_request_reader_free(session->requests);
    resp_writer_clear(&client->output);
    free(client->name);
    free(client->lib_name);
    free(client->lib_version);
    free(session);
}

/* ---- Output ---- */

static void hand_over_output(struct session *session, struct stream *stream)
{
    struct client *client = &session->client;

    stream_write(stream, client->output.data, client->output.length);
    client->context->output_bytes += client->output.length;
    client->output.length = 0;
    if (client->output.capacity > KEPT_OUTPUT_BYTES)
        resp_writer_clear(&client->output);
}

uint64_t session_unread(const struct session *session)
{
    if (session->closing)
        return 0;
    return session->client.output.length +
           stream_unsent(session->client.stream);
}

static void on_fill(void *arg)
{
    struct session *session = arg;

    if (!session->closing && session->client.output.length != 0)
        hand_over_output(session, session->client.stream);
}

/* Goes on with the requests that waited for this. */
static void on_drained(void *arg)
{
    struct session *session = arg;

    if (session->closing)
        return;
    server_count_unread(session->server, session, session_unread(session));
    if (!session->full)
        return;
    session->full = false;
    session->client.last_active_ms = stream_hub_now(session->hub);
    server_want_turn(session->server, session);
}

void client_close(struct client *client, const char *reason)
{
    struct session *session = session_of(client);
    struct stream *stream = begin_to_close(session, reason);

    if (stream == NULL)
        return;
    hand_over_output(session, stream);
    stream_finish(stream, reason);
}

static void close_over_limit(struct session *session, uint64_t unread)
{
    log_printf(LEVEL_WARNING,
               "Closing client id=%" PRIu64 " addr=%s: %" PRIu64
               " bytes of output that it does not read exceed its limit",
               session->client.id, session->client.address, unread);
    abort_session(session, "output limit exceeded");
}

void session_close_largest(struct session *session)
{
    log_printf(LEVEL_WARNING,
               "Closing client id=%" PRIu64 " addr=%s: all clients together "
               "exceed the limit of unread output, and its %" PRIu64
               " bytes are the most",
               session->client.id, session->client.address,
               session_unread(session));
    abort_session(session, "output limit of all clients exceeded");
}

/* Whether a subscriber has been over its soft limit for too long. */
static bool over_soft_limit(struct session *session, uint64_t unread)
{
    const struct settings *settings = session->client.context->settings;
    uint64_t now_ms = stream_hub_now(session->hub);

    if (settings->pubsub_soft_limit == 0 ||
        unread < settings->pubsub_soft_limit ||
        !client_subscribed(&session->client)) {
        session->over_soft_since_ms = 0;
        return false;
    }
    if (session->over_soft_since_ms == 0) {
        session->over_soft_since_ms = now_ms != 0 ? now_ms : 1;
        server_want_tick(session->server);
    }
    return now_ms - session->over_soft_since_ms >
           (uint64_t)settings->pubsub_soft_seconds * 1000;
}

/* Closes the client when its output is over a limit. */
static void check_output(struct session *session)
{
    const struct settings *settings = session->client.context->settings;
    uint64_t limit = client_subscribed(&session->client)
                         ? settings->pubsub_hard_limit
                         : OUTPUT_MAX_BYTES;
    uint64_t unread = session_unread(session);

    server_count_unread(session->server, session, unread);
    if ((limit != 0 && unread >= limit) || over_soft_limit(session, unread))
        close_over_limit(session, unread);
}

void client_flush(struct client *client)
{
    struct session *session = session_of(client);

    if (session->closing) {
        client->output.length = 0;
        return;
    }
    check_output(session);
    if (!session->closing)
        stream_wake(client->stream);
}

/* ---- Requests ---- */

static void protocol_error(struct session *session, const char *error)
{
    struct client *client = &session->client;

    log_printf(LEVEL_VERBOSE, "Client id=%" PRIu64 " addr=%s: %s", client->id,
               client->address, error);
    if (!client->reply_off)
        resp_error(&client->output, error);
    client_close(client, "protocol error");
}

/* Somebody makes a browser send us commands inside an HTTP request. */
static void drop_http(struct session *session)
{
    log_printf(LEVEL_WARNING,
               "Client id=%" PRIu64 " addr=%s sent an HTTP request: perhaps an "
               "attack by way of a browser; closed",
               session->client.id, session->client.address);
    abort_session(session, "HTTP request");
}

static void run_request(struct session *session,
                        const struct resp_request *request)
{
    struct client *client = &session->client;

    if (request->count == 0)
        return; /* an empty line */
    command_run(client, request);
    if (session->closing)
        return;
    /* It may have logged in. */
    resp_request_reader_trust(
        session->requests,
        client->authenticated ||
            !settings_password_required(client->context->settings));
    if (client->output.length != 0)
        client_flush(client);
}

/* Whether another request may be run, by what the client itself does. */
static bool may_run(struct session *session)
{
    const struct client *client = &session->client;

    if (session->closing || client->waiting || client->close_after_reply)
        return false;
    session->full = session_unread(session) >= OUTPUT_FULL_BYTES;
    return !session->full;
}

/* Runs one request. Returns whether there was one. */
static bool run_next(struct session *session)
{
    struct resp_request request;
    const char *error;
    enum resp_result result = resp_request_next(session->requests, &request,
                                                &error);

    if (result == RESP_DONE)
        run_request(session, &request);
    else if (result == RESP_ERROR)
        protocol_error(session, error);
    else if (result == RESP_DROP)
        drop_http(session);
    return result == RESP_DONE;
}

/* Whether the client has had its share, or all clients have had theirs. */
static bool share_ends(const struct session *session, unsigned requests,
                       size_t output)
{
    if (requests == TURN_REQUESTS || output >= TURN_OUTPUT_BYTES)
        return true;
    return requests % REQUESTS_PER_CLOCK == 0 &&
           server_turn_over(session->server);
}

/* Runs the client's share of requests. Returns false when that was all that
 * has come in. */
static bool run_share(struct session *session)
{
    const struct client *client = &session->client;
    size_t before = client->output.length;
    unsigned requests = 0;
    bool more = true;

    session->processing = true;
    while (more && may_run(session)) {
        more = run_next(session);
        requests++;
        if (session->closing ||
            share_ends(session, requests, client->output.length - before))
            break;
    }
    session->processing = false;
    return more;
}

bool session_take_turn(struct turn *turn)
{
    struct session *session =
        (struct session *)(void *)((char *)turn -
                                   offsetof(struct session, turn));
    struct client *client = &session->client;
    bool more = run_share(session);

    if (session->closing || client->waiting)
        return false; /* client_answered() brings it back */
    if (client->close_after_reply || (!more && session->ended)) {
        client_close(client, session->ended ? "closed by the peer"
                                            : "closed by command");
        return false;
    }
    if (!more && session->paused) {
        session->paused = false;
        stream_resume(client->stream);
    }
    return more && !session->full; /* or on_drained() does */
}

void client_answered(struct client *client)
{
    struct session *session = session_of(client);

    client->waiting = false;
    if (session->closing)
        return;
    if (client->output.length != 0)
        client_flush(client);
    /* Within command_run() the loop further up goes on by itself. */
    if (!session->closing && !session->processing)
        server_want_turn(session->server, session);
}

static void want_turn(struct session *session)
{
    if (!session->closing && !session->client.waiting && !session->full)
        server_want_turn(session->server, session);
}

static void on_read(void *arg, const char *data, size_t length)
{
    struct session *session = arg;
    struct client *client = &session->client;

    if (session->closing)
        return;
    client->context->input_bytes += length;
    client->last_active_ms = stream_hub_now(session->hub);
    resp_request_reader_feed(session->requests, data, length);
    if (resp_request_pending(session->requests) >= AHEAD_MAX_BYTES) {
        session->paused = true;
        stream_pause(client->stream);
    }
    want_turn(session);
}

/* A client that has sent its requests and shut its side (as nc does) still
 * gets all answers. */
static void on_ended(void *arg)
{
    struct session *session = arg;

    session->ended = true;
    want_turn(session);
}

static const struct stream_callbacks stream_callbacks = {
    .read = on_read,
    .fill = on_fill,
    .drained = on_drained,
    .ended = on_ended,
    .closed = on_closed,
};

/* ---- Life ---- */

struct session *session_new(struct server *server, struct context *context,
                            struct stream_hub *hub, uint64_t id, int fd,
                            const struct client *like)
{
    struct session *session = xcalloc(1, sizeof(*session));
    struct client *client = &session->client;

    *client = *like;
    client->id = id;
    client->context = context;
    client->fd = fd;
    client->user = acl_default(context->settings->acl);
    client->authenticated = !settings_password_required(context->settings);
    client->created_ms = stream_hub_now(hub);
    client->last_active_ms = client->created_ms;
    resp_writer_init(&client->output, 2);
    session->server = server;
    session->hub = hub;
    session->requests = resp_request_reader_new();
    resp_request_reader_trust(session->requests, client->authenticated);
    client->stream = stream_accept(hub, fd, client->unix_socket,
                                   &stream_callbacks, session);
    return session;
}

void session_tick(struct session *session, uint64_t now_ms)
{
    struct client *client = &session->client;
    int timeout_s = client->context->settings->timeout_s;

    if (session->closing)
        return;
    if (timeout_s > 0 && !client_subscribed(client) && !client->waiting &&
        now_ms - client->last_active_ms > (uint64_t)timeout_s * 1000)
        client_close(client, "idle for too long");
    else
        check_output(session);
}
