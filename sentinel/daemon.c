/* The process itself: background, pid file, service manager, limits. */
#include "daemon.h"

#include "log.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

/* For log, state, listeners, the thread pool and scripts. */
#define OWN_DESCRIPTORS 128
/* Links to a master, a few replicas and sentinels. */
#define DESCRIPTORS_PER_MASTER 16

static int ready_pipe = -1; /* the detached child's end */

bool daemon_supervised(const struct settings *settings)
{
    bool systemd = getenv("NOTIFY_SOCKET") != NULL;
    bool upstart = getenv("UPSTART_JOB") != NULL;

    switch (settings->supervised) {
    case SUPERVISED_SYSTEMD:
        return systemd;
    case SUPERVISED_UPSTART:
        return upstart;
    case SUPERVISED_AUTO:
        return systemd || upstart;
    case SUPERVISED_NO:
        break;
    }
    return false;
}

/* Waits for the child's word; does not return. */
static void wait_for_child(int fd)
{
    char byte;
    ssize_t got;

    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    _exit(got == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void use_null(int target, int flags)
{
    int fd = open("/dev/null", flags);

    if (fd < 0)
        return;
    dup2(fd, target);
    if (fd != target)
        close(fd);
}

int daemon_detach(void)
{
    int fds[2];
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    child = fork();
    if (child < 0) {
        close(fds[0]);
        close(fds[1]);
        return -1;
    }
    if (child > 0) {
        close(fds[1]);
        wait_for_child(fds[0]);
    }
    close(fds[0]);
    ready_pipe = fds[1];
    setsid();
    use_null(STDIN_FILENO, O_RDONLY);
    use_null(STDOUT_FILENO, O_WRONLY);
    return 0;
}

void daemon_ready(void)
{
    if (ready_pipe < 0)
        return;
    if (write(ready_pipe, "", 1) != 1)
        log_write(LEVEL_VERBOSE, "The process that started this one has gone");
    close(ready_pipe);
    ready_pipe = -1;
    use_null(STDERR_FILENO, O_WRONLY);
}

static void notify(const char *state)
{
#ifdef HAVE_SYSTEMD
    (void)sd_notify(0, state);
#else
    (void)state;
    log_write(LEVEL_WARNING, "systemd supervision requested, but sentineld "
                             "was built without libsystemd");
#endif
}

void daemon_notify_ready(void)
{
    if (getenv("NOTIFY_SOCKET") != NULL) {
        notify("STATUS=Ready to accept connections\nREADY=1");
    } else if (getenv("UPSTART_JOB") != NULL) {
        unsetenv("UPSTART_JOB"); /* not for scripts */
        raise(SIGSTOP);          /* upstart expects just that */
    }
}

void daemon_notify_stopping(void)
{
    if (getenv("NOTIFY_SOCKET") != NULL)
        notify("STOPPING=1");
}

int daemon_write_pidfile(const char *path)
{
    FILE *stream = fopen(path, "we");
    bool failed;

    if (stream == NULL)
        return -1;
    failed = fprintf(stream, "%d\n", (int)getpid()) < 0;
    return fclose(stream) != 0 || failed ? -1 : 0;
}

void daemon_raise_file_limit(struct settings *settings, unsigned long masters)
{
    rlim_t reserve = OWN_DESCRIPTORS + masters * DESCRIPTORS_PER_MASTER;
    rlim_t wanted = (rlim_t)settings->max_clients + reserve;
    struct rlimit limit;
    rlim_t old;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    old = limit.rlim_cur;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted)
        limit.rlim_max = wanted; /* only root may */
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        limit.rlim_cur = old;
    settings->max_clients = limit.rlim_cur > reserve + 1
                                ? (int)(limit.rlim_cur - reserve)
                                : 1;
    log_printf(LEVEL_WARNING,
               "Only %llu files may be open, %llu are wanted: maxclients is "
               "lowered to %d",
               (unsigned long long)limit.rlim_cur, (unsigned long long)wanted,
               settings->max_clients);
}

void daemon_hide_descriptors(void)
{
    (void)close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
}
