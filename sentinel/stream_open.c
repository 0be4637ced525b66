/* How a stream comes about: by connecting, or from an accepted socket. */
#include "stream_internal.h"

#include "../lib/xalloc.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct stream *new_stream(struct stream_hub *hub, bool local,
                                 const struct stream_callbacks *callbacks,
                                 void *arg)
{
    struct stream *stream = xcalloc(1, sizeof(*stream));

    stream->hub = hub;
    stream->callbacks = callbacks;
    stream->arg = arg;
    /* Without a socket yet neither can fail. */
    if (local)
        uv_pipe_init(hub->loop, &stream->uv.pipe, 0);
    else
        uv_tcp_init(hub->loop, &stream->uv.tcp);
    stream->uv.handle.data = stream;
    hub->streams++;
    return stream;
}

static int parse_address(const char *ip, int port,
                         struct sockaddr_storage *address)
{
    memset(address, 0, sizeof(*address));
    if (uv_ip4_addr(ip, port, (struct sockaddr_in *)address) == 0)
        return 0;
    return uv_ip6_addr(ip, port, (struct sockaddr_in6 *)address);
}

static socklen_t address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

static void copy_local_ip(const uv_tcp_t *tcp, char *text, size_t size)
{
    struct sockaddr_storage address;
    int length = sizeof(address);

    text[0] = '\0';
    if (uv_tcp_getsockname(tcp, (struct sockaddr *)&address, &length) == 0)
        uv_ip_name((struct sockaddr *)&address, text, size);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct stream *stream = request->data;
    char local_ip[INET6_ADDRSTRLEN + 16];

    if (stream->state == STREAM_CLOSING)
        return;
    if (status < 0) {
        stream_close_for_error(stream, status);
        return;
    }
    stream->state = STREAM_OPEN;
    stream_resume(stream);
    if (stream->state != STREAM_OPEN)
        return;
    stream_wake(stream);
    copy_local_ip(&stream->uv.tcp, local_ip, sizeof(local_ip));
    stream->callbacks->connected(stream->arg, local_ip);
}

/* A socket bound to the source address; negative when it failed. */
static int open_socket(int family, const char *source_ip)
{
    struct sockaddr_storage source;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (source_ip == NULL)
        return fd;
    if (parse_address(source_ip, 0, &source) < 0) {
        close(fd);
        return UV_EINVAL;
    }
    if (bind(fd, (struct sockaddr *)&source, address_size(&source)) < 0) {
        int status = -errno;

        close(fd);
        return status;
    }
    return fd;
}

static int start_to_connect(struct stream *stream, const char *ip, int port,
                            const char *source_ip)
{
    struct sockaddr_storage address;
    int status;
    int fd;

    if (port <= 0 || port > 65535 || parse_address(ip, port, &address) < 0)
        return UV_EINVAL;
    fd = open_socket(address.ss_family, source_ip);
    if (fd < 0)
        return fd;
    status = uv_tcp_open(&stream->uv.tcp, fd);
    if (status < 0) {
        close(fd);
        return status;
    }
    uv_tcp_nodelay(&stream->uv.tcp, 1);
    stream->connect.data = stream;
    return uv_tcp_connect(&stream->connect, &stream->uv.tcp,
                          (struct sockaddr *)&address, on_connected);
}

struct stream *stream_connect(struct stream_hub *hub, const char *ip, int port,
                              const char *source_ip,
                              const struct stream_callbacks *callbacks,
                              void *arg)
{
    struct stream *stream = new_stream(hub, false, callbacks, arg);
    int status = start_to_connect(stream, ip, port, source_ip);

    if (status < 0)
        stream_close_for_error(stream, status);
    return stream;
}

struct stream *stream_accept(struct stream_hub *hub, int fd, bool local,
                             const struct stream_callbacks *callbacks,
                             void *arg)
{
    struct stream *stream = new_stream(hub, local, callbacks, arg);
    int status = local ? uv_pipe_open(&stream->uv.pipe, fd)
                       : uv_tcp_open(&stream->uv.tcp, fd);

    if (status < 0) {
        close(fd);
        stream_close_for_error(stream, status);
        return stream;
    }
    if (!local)
        uv_tcp_nodelay(&stream->uv.tcp, 1);
    stream->state = STREAM_OPEN;
    stream_resume(stream);
    return stream;
}
