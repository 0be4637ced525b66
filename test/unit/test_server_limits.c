/* links: sentinel/buffer.o sentinel/resp.o sentinel/resp_words.o
 * sentinel/config_words.o sentinel/resp_request.o sentinel/resp_reply.o
 * sentinel/stream.o sentinel/stream_open.o sentinel/client.o sentinel/server.o
 * sentinel/server_listen.o sentinel/settings.o sentinel/elsewhere.o
 * sentinel/password.o sentinel/acl*.o sentinel/turns.o */
#include "server_world.h"

#include <ifaddrs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

/* ---- Who is let in ---- */

START_TEST(too_many_clients)
{
    int first;
    int second;
    int third;

    settings.max_clients = 2;
    start();
    first = connect_client();
    second = connect_client();
    third = connect_to("127.0.0.1");
    hear(third, "-ERR max number of clients reached\r\n");
    ck_assert_uint_eq(hear_end(third), 0);
    ck_assert_uint_eq(context.rejected_connections, 1);
    ck_assert_uint_eq(context.connections_received, 2);
    close(third);
    close(first);
    expect_count(1);
    third = connect_client();
    say(third, "PING\n");
    hear(third, "+PONG\r\n");
    close(second);
    close(third);
}
END_TEST

/* An address of this host that is not a loopback one; false when it has none.
 */
static bool own_address(char *ip, size_t size)
{
    struct ifaddrs *list;
    bool found = false;

    ck_assert_int_eq(getifaddrs(&list), 0);
    for (struct ifaddrs *one = list; one != NULL && !found;
         one = one->ifa_next) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)one->ifa_addr;

        if (v4 == NULL || v4->sin_family != AF_INET ||
            ntohl(v4->sin_addr.s_addr) >> 24 == 127)
            continue;
        found = inet_ntop(AF_INET, &v4->sin_addr, ip, (socklen_t)size) != NULL;
    }
    freeifaddrs(list);
    return found;
}

START_TEST(protected_mode_turns_strangers_away)
{
    static const char expected[] =
        "-DENIED Redis is running in protected mode because protected mode "
        "is enabled and no password is set for the default user. ";
    char ip[INET_ADDRSTRLEN];
    char text[4096] = "";
    uint64_t since = now_ms();
    size_t length = 0;
    ssize_t got;
    int fd;

    if (!own_address(ip, sizeof(ip)))
        return;
    settings.bind_count = 0; /* all addresses */
    settings.bind_given = false;
    settings.protected_mode = true;
    start();
    fd = connect_to(ip);
    while ((got = read(fd, text + length, sizeof(text) - 1 - length)) != 0) {
        length += got > 0 ? (size_t)got : 0;
        turn(since);
    }
    ck_assert_int_eq(strncmp(text, expected, strlen(expected)), 0);
    ck_assert_ptr_eq(strstr(text, "\r\n"), text + length - 2);
    close(fd);
    fd = connect_client(); /* loopback */
    say(fd, "PING\n");
    hear(fd, "+PONG\r\n");
    close(fd);
}
END_TEST

START_TEST(a_password_ends_protected_mode)
{
    char ip[INET_ADDRSTRLEN];
    int fd;

    if (!own_address(ip, sizeof(ip)))
        return;
    settings.bind_count = 0;
    settings.bind_given = false;
    settings.protected_mode = true;
    require_password();
    start();
    fd = connect_to(ip);
    say(fd, "PING\n");
    hear(fd, "+PONG\r\n");
    close(fd);
}
END_TEST

/* ---- Listening ---- */

static void expect_no_start(const char *expected)
{
    const char *error = NULL;

    ck_assert_ptr_null(server_new(&loop, &context, &error));
    ck_assert_str_eq(error, expected);
}

START_TEST(an_address_in_use_is_an_error)
{
    char other[] = "127.0.0.2";
    char expected[128];
    int taken = settings.port;

    start();
    settings.binds[0] = other;
    settings.binds[1] = loopback_address;
    settings.bind_count = 2;
    snprintf(expected, sizeof(expected),
             "Could not create server TCP listening socket 127.0.0.1:%d: "
             "bind: Address already in use",
             taken);
    expect_no_start(expected);
    expect_no_start(expected); /* nothing was left open on the first */
}
END_TEST

START_TEST(an_address_that_is_missing)
{
    char missing[] = "192.0.2.1";
    char optional[] = "-192.0.2.1";
    char expected[160];
    int fd;

    settings.binds[0] = missing;
    snprintf(expected, sizeof(expected),
             "Could not create server TCP listening socket 192.0.2.1:%d: "
             "bind: Cannot assign requested address",
             settings.port);
    expect_no_start(expected);
    settings.binds[0] = optional;
    expect_no_start("Configured to not listen anywhere, exiting.");
    settings.binds[1] = loopback_address;
    settings.bind_count = 2;
    start();
    fd = connect_client();
    close(fd);
}
END_TEST

START_TEST(nothing_to_listen_on_is_an_error)
{
    settings.bind_count = 0;
    expect_no_start("Configured to not listen anywhere, exiting.");
    settings.bind_count = 1;
    settings.port = 0;
    expect_no_start("Configured to not listen anywhere, exiting.");
}
END_TEST

START_TEST(all_addresses_by_default)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    uint64_t since = now_ms();
    int fd;

    settings.bind_count = 0;
    settings.bind_given = false;
    start();
    fd = connect_client();
    close(fd);
    address.sin6_port = htons((uint16_t)settings.port);
    fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        ck_assert_int_ne(errno, ECONNREFUSED);
        close(fd);
        return; /* this host has no IPv6 */
    }
    while (server_client(server, 2) == NULL)
        turn(since);
    ck_assert_int_eq(strncmp(server_client(server, 2)->address, "[::1]:", 6),
                     0);
    ck_assert(server_client(server, 2)->loopback);
    close(fd);
}
END_TEST

START_TEST(unix_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[] = "/tmp/test_server.XXXXXX";
    char socket_path[64];
    struct stat status;
    uint64_t since = now_ms();
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(socket_path, sizeof(socket_path), "%s/socket", path);
    settings.port = 0;
    settings.unix_socket = socket_path;
    settings.unix_socket_mode = 0700;
    settings.protected_mode = true;
    start();
    ck_assert_int_eq(stat(socket_path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0700);
    memcpy(address.sun_path, socket_path, sizeof(socket_path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    while (server_client(server, 1) == NULL)
        turn(since);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s:0", socket_path);
    ck_assert_str_eq(server_client(server, 1)->address, address.sun_path);
    ck_assert(server_client(server, 1)->unix_socket);
    say(fd, "PING\n");
    hear(fd, "+PONG\r\n");
    close(fd);
    server_stop(server);
    ck_assert_int_eq(stat(socket_path, &status), -1);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(a_file_in_place_of_the_unix_socket_is_kept)
{
    char path[] = "/tmp/test_server.XXXXXX";
    char expected[160];
    int fd = mkstemp(path);

    close(fd);
    settings.port = 0;
    settings.unix_socket = path;
    snprintf(expected, sizeof(expected),
             "Could not create server Unix listening socket %s: bind: Address "
             "already in use",
             path);
    expect_no_start(expected);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(out_of_descriptors_does_not_spin)
{
    struct rlimit old;
    struct rlimit low;
    uint64_t since;
    unsigned turns = 0;
    int fd;

    start();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    fd = connect_to("127.0.0.1");
    low = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = old.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    uv_timer_stop(&pulse); /* so that all turns are the server's */
    since = now_ms();
    while (now_ms() - since < 450) {
        uv_run(&loop, UV_RUN_ONCE);
        turns++;
    }
    ck_assert_uint_lt(turns, 20);
    ck_assert_ptr_nonnull(strstr(logged, "Too many open files"));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    uv_timer_start(&pulse, on_pulse, 2, 2);
    say(fd, "PING\n");
    hear(fd, "+PONG\r\n");
    close(fd);
}
END_TEST

/* ---- Time and space ---- */

START_TEST(idle_clients_are_closed)
{
    int idle;
    int subscriber;
    int waiting;

    settings.timeout_s = 1;
    start();
    subscriber = connect_client();
    say(subscriber, "SUBSCRIBE\n");
    hear(subscriber, "+SUBSCRIBED\r\n");
    waiting = connect_client();
    say(waiting, "WAIT\n");
    idle = connect_client();
    ck_assert_uint_eq(hear_end(idle), 0);
    ck_assert_uint_eq(server_client_count(server), 2);
    ck_assert_ptr_nonnull(strstr(logged, "idle"));
    close(idle);
    close(waiting);
    close(subscriber);
}
END_TEST

/* Gives client 1 messages until COUNT bytes have been or it is closed. */
static void publish(size_t count)
{
    for (size_t given = 0; given < count; given += 100000) {
        struct client *client = server_client(server, 1);

        if (client == NULL)
            return;
        append_bytes(client, 100000);
        client_flush(client);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

START_TEST(slow_subscriber_is_closed_at_the_hard_limit)
{
    int fd;

    settings.pubsub_hard_limit = 1000000;
    start();
    fd = connect_client();
    say(fd, "SUBSCRIBE\n");
    hear(fd, "+SUBSCRIBED\r\n");
    publish(500000); /* the kernel takes that much */
    ck_assert_uint_eq(server_client_count(server), 1);
    publish(64000000);
    expect_count(0);
    ck_assert_ptr_nonnull(strstr(logged, "exceed its limit"));
    ck_assert_uint_lt(context.output_bytes, 20000000);
    close(fd);
}
END_TEST

START_TEST(slow_subscriber_is_closed_after_the_soft_time)
{
    uint64_t since;
    int fd;

    settings.pubsub_hard_limit = 0;
    settings.pubsub_soft_limit = 1000000;
    settings.pubsub_soft_seconds = 1;
    start();
    fd = connect_client();
    say(fd, "SUBSCRIBE\n");
    hear(fd, "+SUBSCRIBED\r\n");
    since = now_ms();
    publish(20000000);
    ck_assert_uint_eq(server_client_count(server), 1);
    expect_count(0);
    ck_assert_uint_ge(now_ms() - since, 1000);
    ck_assert_ptr_nonnull(strstr(logged, "exceed its limit"));
    close(fd);
}
END_TEST

START_TEST(a_subscriber_that_reads_again_in_time_stays)
{
    uint64_t since;
    size_t heard = 0;
    int fd;

    settings.pubsub_hard_limit = 0;
    settings.pubsub_soft_limit = 1000000;
    settings.pubsub_soft_seconds = 1;
    start();
    fd = connect_client();
    say(fd, "SUBSCRIBE\n");
    hear(fd, "+SUBSCRIBED\r\n");
    publish(20000000);
    since = now_ms();
    while (now_ms() - since < 2500) {
        char bytes[65536];
        ssize_t got = read(fd, bytes, sizeof(bytes));

        heard += got > 0 ? (size_t)got : 0;
        if (got < 0)
            uv_run(&loop, UV_RUN_ONCE);
        else
            uv_run(&loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_ge(heard, 20000000);
    ck_assert_uint_eq(server_client_count(server), 1);
    close(fd);
}
END_TEST

START_TEST(output_without_end_is_limited_for_all)
{
    int fd;

    start();
    fd = connect_client();
    say(fd, "BIG 70000000\n");
    expect_count(0);
    ck_assert_ptr_nonnull(strstr(logged, "exceed its limit"));
    close(fd);
}
END_TEST

START_TEST(large_replies_arrive)
{
    uint64_t since = now_ms();
    size_t heard = 0;
    int fd;

    start();
    fd = connect_client();
    say(fd, "BIG 20000000\n");
    while (heard < 20000000 + 13) {
        char bytes[65536];
        ssize_t got = read(fd, bytes, sizeof(bytes));

        if (got > 0)
            heard += (size_t)got;
        else
            turn(since);
    }
    ck_assert_uint_eq(heard, 20000000 + 13); /* $20000000, two line ends */
    close(fd);
}
END_TEST

static Suite *server_suite(void)
{
    Suite *suite = suite_create("server_limits");
    const TTest *tests[] = {
        too_many_clients,
        protected_mode_turns_strangers_away,
        a_password_ends_protected_mode,
        an_address_in_use_is_an_error,
        an_address_that_is_missing,
        nothing_to_listen_on_is_an_error,
        all_addresses_by_default,
        unix_socket,
        a_file_in_place_of_the_unix_socket_is_kept,
        out_of_descriptors_does_not_spin,
        idle_clients_are_closed,
        slow_subscriber_is_closed_at_the_hard_limit,
        slow_subscriber_is_closed_after_the_soft_time,
        a_subscriber_that_reads_again_in_time_stays,
        output_without_end_is_limited_for_all,
        large_replies_arrive,
    };

    add_tests(suite, "server_limits", tests, sizeof(tests) / sizeof(tests[0]));
    return suite;
}

int main(void)
{
    return run_suite(server_suite()) ? EXIT_FAILURE : EXIT_SUCCESS;
}
