/* The list of accepted clients: who is let in, and who is there. */
#include "server.h"

#include "../lib/xalloc.h"
#include "client_internal.h"
#include "command.h"
#include "log.h"
#include "server_listen.h"
#include "settings.h"
#include "stream.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define TICK_MS 1000

/* What all clients together are given in one turn of the loop: in between come
 * timers, the links to servers and the ends of writes. */
#define CLIENTS_TURN_NS 2000000

/* So many of those that are turned away may take their time to read why; they
 * must not use up the descriptors that are kept for links and the state. */
#define TURNED_AWAY_MAX 16

struct server {
    uv_loop_t *loop;
    struct context *context;
    struct stream_hub *hub;
    struct listeners *listeners;
    struct session *sessions; /* by id, oldest first; closing ones too */
    size_t open_count;        /* without closing ones */
    size_t turned_away;       /* that still read why */
    uint64_t last_id;
    struct turns turns;
    uint64_t unread_bytes; /* output of all sessions, as they have counted */
    uv_timer_t tick;
    uv_check_t check; /* runs clients after all that has come in was read */
    uv_idle_t idle;   /* active while they have more to do: no waiting */
    int open_handles; /* of these three */
    bool stopping;
};

/* Protocol 18.2: clients know the beginning. */
static const char denied[] =
    "-DENIED Redis is running in protected mode because protected mode is "
    "enabled and no password is set for the default user. Only connections "
    "from this host itself (loopback addresses, Unix socket) are accepted "
    "now. To let others in, do one of these: set a password with "
    "'requirepass <password>' in the configuration file, which clients must "
    "then give; or, where no stranger can reach the port, write "
    "'protected-mode no' there; then restart.\r\n";

static const char full[] = "-ERR max number of clients reached\r\n";

/* ---- Ticks: only while somebody's time can run out ---- */

static void on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    uint64_t now_ms = uv_now(server->loop);
    struct session *session;
    struct session *next;
    bool wanted = false;

    HASH_ITER (hh, server->sessions, session, next) {
        session_tick(session, now_ms);
        wanted = wanted || session->over_soft_since_ms != 0;
    }
    if (!wanted &&
        (server->context->settings->timeout_s <= 0 || server->open_count == 0))
        uv_timer_stop(timer);
}

void server_want_tick(struct server *server)
{
    if (!server->stopping && !uv_is_active((uv_handle_t *)&server->tick))
        uv_timer_start(&server->tick, on_tick, TICK_MS, TICK_MS);
}

/* ---- Unread output of all ---- */

void server_count_unread(struct server *server, struct session *session,
                         uint64_t bytes)
{
    server->unread_bytes += bytes - session->counted_bytes;
    session->counted_bytes = bytes;
}

static int compare_unread(const void *left, const void *right)
{
    uint64_t a = (*(struct session *const *)left)->counted_bytes;
    uint64_t b = (*(struct session *const *)right)->counted_bytes;

    return (a < b) - (a > b);
}

/* All sessions, most unread output first; the caller frees the array. */
static struct session **sort_by_unread(struct server *server)
{
    size_t count = HASH_COUNT(server->sessions);
    struct session **all = xcalloc(count + 1, sizeof(struct session *));
    struct session *session;
    struct session *next;
    size_t i = 0;

    HASH_ITER (hh, server->sessions, session, next) {
        server_count_unread(server, session, session_unread(session));
        all[i++] = session;
    }
    qsort(all, count, sizeof(struct session *), compare_unread);
    return all;
}

/* Closes those with the most unread output until the rest is within the limit
 * of all: memory is bounded, however many they are. */
static void shed_output(struct server *server)
{
    uint64_t limit = server->context->settings->output_sum_limit;
    struct session **all;

    if (limit == 0 || server->unread_bytes <= limit)
        return;
    all = sort_by_unread(server);
    for (size_t i = 0; server->unread_bytes > limit; i++)
        session_close_largest(all[i]);
    free(all);
}

/* ---- Turns: clients are read when they speak, and run here ---- */

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void on_check(uv_check_t *check)
{
    struct server *server = check->data;

    turns_run(&server->turns);
    if (server->stopping)
        return;
    if (!turns_any(&server->turns))
        uv_idle_stop(&server->idle);
    shed_output(server);
}

void server_want_turn(struct server *server, struct session *session)
{
    if (server->stopping)
        return;
    turns_want(&server->turns, &session->turn);
    uv_idle_start(&server->idle, on_idle);
}

bool server_turn_over(const struct server *server)
{
    return turns_over(&server->turns);
}

/* ---- Who a client is ---- */

static void format_address(const struct sockaddr_storage *address, char *text,
                           size_t size)
{
    char ip[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

        inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof(ip));
        snprintf(text, size, "[%s]:%d", ip, ntohs(v6->sin6_port));
    } else {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

        inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
        snprintf(text, size, "%s:%d", ip, ntohs(v4->sin_port));
    }
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(
            &((const struct sockaddr_in6 *)address)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >>
               24 ==
           127;
}

/* Fills in addresses of the connection FD; false when it is gone already. */
static bool identify_tcp(struct client *like, int fd)
{
    struct sockaddr_storage peer;
    struct sockaddr_storage local;
    socklen_t peer_size = sizeof(peer);
    socklen_t local_size = sizeof(local);

    memset(&peer, 0, sizeof(peer));
    memset(&local, 0, sizeof(local));
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0 ||
        getsockname(fd, (struct sockaddr *)&local, &local_size) < 0)
        return false;
    format_address(&peer, like->address, sizeof(like->address));
    format_address(&local, like->local_address, sizeof(like->local_address));
    like->loopback = is_loopback(&peer);
    return true;
}

static void identify_local(struct client *like, const char *path)
{
    /* The end of a long path is the part that tells. */
    size_t room = sizeof(like->address) - sizeof(":0");
    size_t length = strlen(path);

    if (length > room)
        path += length - room;
    snprintf(like->address, sizeof(like->address), "%.*s:0", (int)room, path);
    memcpy(like->local_address, like->address, sizeof(like->address));
    like->unix_socket = true;
    like->loopback = true;
}

/* ---- Turned away ---- */

static void ignore_read(void *arg, const char *data, size_t length)
{
    (void)arg;
    (void)data;
    (void)length;
}

static void on_rejected_closed(void *arg, const char *reason)
{
    struct server *server = arg;

    (void)reason;
    assert(server->turned_away > 0);
    server->turned_away--;
}

static const struct stream_callbacks rejected_callbacks = {
    .read = ignore_read,
    .closed = on_rejected_closed,
};

static void reject(struct server *server, int fd, bool local,
                   const char *answer)
{
    struct stream *stream;

    server->context->rejected_connections++;
    if (server->turned_away == TURNED_AWAY_MAX) {
        (void)send(fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
        close(fd);
        return;
    }
    server->turned_away++;
    stream = stream_accept(server->hub, fd, local, &rejected_callbacks, server);
    stream_write(stream, answer, strlen(answer));
    stream_finish(stream, "turned away");
}

/* ---- Let in ---- */

/* Finds out, as Redis does, whether a silent client is still there. */
static void set_keepalive(int fd, int seconds)
{
    int interval = seconds / 3 > 0 ? seconds / 3 : 1;
    int count = 3;
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static void let_in(struct server *server, int fd, const struct client *like)
{
    const struct settings *settings = server->context->settings;
    struct session *session;

    if (!like->unix_socket && settings->tcp_keepalive_s > 0)
        set_keepalive(fd, settings->tcp_keepalive_s);
    server->context->connections_received++;
    session = session_new(server, server->context, server->hub,
                          ++server->last_id, fd, like);
    HASH_ADD(hh, server->sessions, client.id, sizeof(session->client.id),
             session);
    server->open_count++;
    log_printf(LEVEL_VERBOSE, "Accepted %s", session->client.address);
    if (settings->timeout_s > 0)
        server_want_tick(server);
}

static void on_accepted(void *arg, int fd, bool local)
{
    struct server *server = arg;
    const struct settings *settings = server->context->settings;
    struct client like = {0};

    if (local) {
        identify_local(&like, settings->unix_socket);
    } else if (!identify_tcp(&like, fd)) {
        close(fd);
        return;
    }
    /* One that closes has its descriptor until its peer has read the end. */
    if (HASH_COUNT(server->sessions) >= (size_t)settings->max_clients)
        reject(server, fd, local, full);
    else if (settings->protected_mode &&
             !settings_password_required(settings) && !like.loopback)
        reject(server, fd, local, denied);
    else
        let_in(server, fd, &like);
}

/* ---- The list ---- */

void server_closing(struct server *server, struct session *session)
{
    assert(server->open_count > 0);
    server->open_count--;
    turns_drop(&server->turns, &session->turn);
}

void server_forget(struct server *server, struct session *session)
{
    HASH_DEL(server->sessions, session);
}

struct client *server_client(struct server *server, uint64_t id)
{
    struct session *session = NULL;

    HASH_FIND(hh, server->sessions, &id, sizeof(id), session);
    return session != NULL && !session->closing ? &session->client : NULL;
}

size_t server_client_count(const struct server *server)
{
    return server->open_count;
}

void server_visit_clients(struct server *server, server_visit *visit, void *arg)
{
    struct session *session;
    struct session *next;

    /* Whoever the visitor closes stays in the list until the loop runs. */
    HASH_ITER (hh, server->sessions, session, next) {
        if (!session->closing)
            visit(arg, &session->client);
    }
}

/* ---- Life ---- */

static void open_handles(struct server *server)
{
    uv_timer_init(server->loop, &server->tick);
    uv_check_init(server->loop, &server->check);
    uv_idle_init(server->loop, &server->idle);
    server->tick.data = server;
    server->check.data = server;
    server->idle.data = server;
    server->open_handles = 3;
    uv_check_start(&server->check, on_check);
    uv_unref((uv_handle_t *)&server->check);
}

struct server *server_new(struct uv_loop_s *loop, struct context *context,
                          const char **error)
{
    struct server *server = xcalloc(1, sizeof(*server));

    server->loop = loop;
    server->context = context;
    server->listeners = server_listen(loop, context->settings, on_accepted,
                                      server, error);
    if (server->listeners == NULL) {
        free(server);
        return NULL;
    }
    server->hub = stream_hub_new(loop);
    open_handles(server);
    turns_init(&server->turns, session_take_turn, uv_hrtime, CLIENTS_TURN_NS);
    return server;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct server *server = handle->data;

    server->open_handles--;
}

static void close_visited(void *arg, struct client *client)
{
    (void)arg;
    client_close(client, "the server stops");
}

void server_stop(struct server *server)
{
    if (server->stopping)
        return;
    server->stopping = true;
    server_listen_stop(server->listeners);
    stream_hub_stop(server->hub);
    server_visit_clients(server, close_visited, NULL);
    uv_close((uv_handle_t *)&server->tick, on_handle_closed);
    uv_close((uv_handle_t *)&server->check, on_handle_closed);
    uv_close((uv_handle_t *)&server->idle, on_handle_closed);
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    assert(server->sessions == NULL && server->open_handles == 0);
    server_listen_free(server->listeners);
    stream_hub_free(server->hub);
    free(server);
}
