/* Sockets that listen: opened as the settings say, accepted without ever
 * spinning. libuv's own listening is not used: it does not say which step
 * failed, and cannot be made to wait when descriptors run out. */
#include "server_listen.h"

#include "../lib/xalloc.h"
#include "log.h"
#include "settings.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define LISTENERS_MAX (MAX_BINDS + 2)
#define ACCEPTS_PER_TURN 64
#define PAUSE_MS 100  /* after an error such as too many open files */
#define TELL_MS 60000 /* between two lines of the log about such errors */

struct listener {
    struct listeners *owner;
    uv_poll_t poll;
    int fd;
    bool local;
};

struct listeners {
    uv_loop_t *loop;
    struct listener all[LISTENERS_MAX];
    size_t count;
    uv_timer_t pause;
    uint64_t told_ms; /* when an error was logged last, or 0 */
    size_t open_handles;
    server_accepted *accepted;
    void *arg;
    char *unix_path; /* to be removed at the end, or NULL */
    bool closed;
};

static char step_text[160]; /* which step failed and why */
static char error_text[512];

/* ---- Accepting ---- */

static void on_readable(uv_poll_t *poll, int status, int events);

static void listen_again(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        uv_poll_start(&listeners->all[i].poll, UV_READABLE, on_readable);
}

static void on_pause_ends(uv_timer_t *timer)
{
    listen_again(timer->data);
}

static void tell(struct listeners *listeners, int code)
{
    uint64_t now_ms = uv_now(listeners->loop);

    if (listeners->told_ms != 0 && now_ms - listeners->told_ms < TELL_MS)
        return;
    listeners->told_ms = now_ms != 0 ? now_ms : 1;
    log_printf(LEVEL_WARNING,
               "Accepting a connection: %s (clients wait until this is over; "
               "it is told once a minute at most)",
               strerror(code));
}

/* Connections wait in the kernel until descriptors or memory are there. */
static void pause_accepting(struct listeners *listeners, int code)
{
    tell(listeners, code);
    for (size_t i = 0; i < listeners->count; i++)
        uv_poll_stop(&listeners->all[i].poll);
    uv_timer_start(&listeners->pause, on_pause_ends, PAUSE_MS, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;
    struct listeners *owner = listener->owner;

    (void)events;
    if (status < 0) {
        pause_accepting(owner, -status);
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_TURN && !owner->closed; i++) {
        int fd = accept4(listener->fd, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            owner->accepted(owner->arg, fd, listener->local);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            pause_accepting(owner, errno);
            return;
        }
    }
}

/* ---- Opening ---- */

static int failed(const char *step)
{
    int code = errno;

    snprintf(step_text, sizeof(step_text), "%s: %s", step, strerror(code));
    errno = code;
    return -1;
}

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

/* Binds and listens. Returns the socket, or -1 with errno and step_text. */
static int open_socket(const struct sockaddr *address, socklen_t size,
                       int backlog)
{
    int family = address->sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int code;

    if (fd < 0)
        return failed("socket");
    if (family != AF_UNIX)
        (void)set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0)
        failed("setsockopt IPV6_V6ONLY");
    else if (bind(fd, address, size) < 0)
        failed("bind");
    else if (listen(fd, backlog) < 0)
        failed("listen");
    else
        return fd;
    code = errno;
    close(fd);
    errno = code;
    return -1;
}

/* Opens the first address that HOST stands for and that can be bound. */
static int open_host(const char *host, int port, int backlog)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[16];
    int fd = -1;
    int status;

    if (strcmp(host, "*") == 0)
        host = "0.0.0.0";
    else if (strcmp(host, "::*") == 0)
        host = "::";
    snprintf(service, sizeof(service), "%d", port);
    status = getaddrinfo(host, service, &hints, &list);
    if (status != 0) {
        snprintf(step_text, sizeof(step_text), "%s", gai_strerror(status));
        errno = EADDRNOTAVAIL;
        return -1;
    }
    for (const struct addrinfo *one = list; one != NULL && fd < 0;
         one = one->ai_next)
        fd = open_socket(one->ai_addr, one->ai_addrlen, backlog);
    status = errno;
    freeaddrinfo(list);
    errno = status;
    return fd;
}

static void add(struct listeners *listeners, int fd, bool local)
{
    assert(listeners->count < LISTENERS_MAX);
    listeners->all[listeners->count++] = (struct listener){
        .owner = listeners, .fd = fd, .local = local};
}

/* An address with '-' in front may be missing on this host; one whose
 * protocol the system does not have is passed over in any case. */
static bool may_be_missing(bool optional, int code)
{
    if (code == EADDRNOTAVAIL)
        return optional;
    return code == ENOPROTOOPT || code == EPROTONOSUPPORT ||
           code == ESOCKTNOSUPPORT || code == EPFNOSUPPORT ||
           code == EAFNOSUPPORT;
}

static int open_bind(struct listeners *listeners, const char *address,
                     const struct settings *settings)
{
    bool optional = address[0] == '-';
    const char *host = address + (optional ? 1 : 0);
    int fd = open_host(host, settings->port, settings->tcp_backlog);

    if (fd >= 0) {
        add(listeners, fd, false);
        return 0;
    }
    if (may_be_missing(optional, errno))
        return 0;
    snprintf(error_text, sizeof(error_text),
             "Could not create server TCP listening socket %s:%d: %s", host,
             settings->port, step_text);
    return -1;
}

static int open_binds(struct listeners *listeners,
                      const struct settings *settings)
{
    if (settings->port == 0)
        return 0;
    if (!settings->bind_given && settings->bind_count == 0)
        return open_bind(listeners, "*", settings) == 0 &&
                       open_bind(listeners, "-::*", settings) == 0
                   ? 0
                   : -1;
    for (size_t i = 0; i < settings->bind_count; i++)
        if (open_bind(listeners, settings->binds[i], settings) < 0)
            return -1;
    return 0;
}

/* A socket that a former process has left is in the way; anything else under
 * that name is not ours to remove. */
static void remove_socket(const char *path)
{
    struct stat status;

    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
        (void)unlink(path);
}

static int open_unix(struct listeners *listeners,
                     const struct settings *settings)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = settings->unix_socket;
    int fd = -1;

    if (path == NULL)
        return 0;
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        failed("path");
    } else {
        memcpy(address.sun_path, path, strlen(path) + 1);
        remove_socket(path);
        fd = open_socket((struct sockaddr *)&address, sizeof(address),
                         settings->tcp_backlog);
    }
    if (fd >= 0) {
        add(listeners, fd, true);
        listeners->unix_path = xstrdup(path);
        if (settings->unix_socket_mode == 0 ||
            chmod(path, (mode_t)settings->unix_socket_mode) == 0)
            return 0;
        failed("chmod");
    }
    snprintf(error_text, sizeof(error_text),
             "Could not create server Unix listening socket %s: %s", path,
             step_text);
    return -1;
}

/* ---- Life ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct listeners *listeners = handle->data;

    listeners->open_handles--;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;

    close(listener->fd);
    listener->owner->open_handles--;
}

void server_listen_stop(struct listeners *listeners)
{
    if (listeners->closed)
        return;
    listeners->closed = true;
    for (size_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->all[i];

        uv_poll_stop(&listener->poll);
        uv_close((uv_handle_t *)&listener->poll, on_poll_closed);
    }
    uv_close((uv_handle_t *)&listeners->pause, on_handle_closed);
    if (listeners->unix_path != NULL)
        remove_socket(listeners->unix_path);
}

void server_listen_free(struct listeners *listeners)
{
    if (listeners == NULL)
        return;
    assert(listeners->closed && listeners->open_handles == 0);
    free(listeners->unix_path);
    free(listeners);
}

static int open_all(struct listeners *listeners,
                    const struct settings *settings)
{
    if (open_binds(listeners, settings) < 0 ||
        open_unix(listeners, settings) < 0)
        return -1;
    if (listeners->count != 0)
        return 0;
    snprintf(error_text, sizeof(error_text),
             "Configured to not listen anywhere, exiting.");
    return -1;
}

static void start(struct listeners *listeners)
{
    uv_timer_init(listeners->loop, &listeners->pause);
    listeners->pause.data = listeners;
    listeners->open_handles = 1;
    for (size_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->all[i];
        int status = uv_poll_init(listeners->loop, &listener->poll,
                                  listener->fd);

        assert(status == 0); /* a listening socket can be polled */
        (void)status;
        listener->poll.data = listener;
        listeners->open_handles++;
    }
    listen_again(listeners);
}

struct listeners *server_listen(struct uv_loop_s *loop,
                                const struct settings *settings,
                                server_accepted *accepted, void *arg,
                                const char **error)
{
    struct listeners *listeners = xcalloc(1, sizeof(*listeners));

    listeners->loop = loop;
    listeners->accepted = accepted;
    listeners->arg = arg;
    if (open_all(listeners, settings) == 0) {
        start(listeners);
        return listeners;
    }
    *error = error_text;
    for (size_t i = 0; i < listeners->count; i++)
        close(listeners->all[i].fd);
    if (listeners->unix_path != NULL)
        remove_socket(listeners->unix_path);
    free(listeners->unix_path);
    free(listeners);
    return NULL;
}
