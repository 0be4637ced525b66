/* Log lines in the format of Redis, to a file, standard output or syslog. */
#include "log.h"

#include "../lib/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_LIMIT 4096

static struct {
    char *file; /* NULL: standard output */
    int fd;     /* of FILE, or -1 */
    dev_t device;
    ino_t inode;
    enum log_level level;
    bool syslog;
} target = {.fd = -1, .level = LEVEL_NOTICE};

static int open_file(void)
{
    struct stat status;
    int fd = open(target.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) != 0) {
        close(fd);
        return -1;
    }
    target.device = status.st_dev;
    target.inode = status.st_ino;
    if (target.fd >= 0)
        close(target.fd);
    target.fd = fd;
    return 0;
}

int log_open(const char *file, enum log_level level, const char **error)
{
    static char text[512];

    log_close();
    target.level = level;
    if (file == NULL || file[0] == '\0')
        return 0;
    target.file = xstrdup(file);
    if (open_file() == 0)
        return 0;
    snprintf(text, sizeof(text), "Can't open the log file '%s': %s", file,
             strerror(errno));
    *error = text;
    xreplace(&target.file, NULL);
    return -1;
}

void log_open_syslog(const char *ident, int facility)
{
    openlog(ident, LOG_PID | LOG_NDELAY | LOG_NOWAIT, facility);
    target.syslog = true;
}

void log_set_level(enum log_level level)
{
    target.level = level;
}

enum log_level log_get_level(void)
{
    return target.level;
}

bool log_is_stdout(void)
{
    return target.file == NULL && target.level <= LEVEL_WARNING;
}

void log_reopen(void)
{
    if (target.file != NULL)
        (void)open_file(); /* the old one goes on when it cannot be opened */
}

void log_close(void)
{
    if (target.fd >= 0)
        close(target.fd);
    target.fd = -1;
    xreplace(&target.file, NULL);
    if (target.syslog)
        closelog();
    target.syslog = false;
}

/* One stat a line is what it costs to follow logrotate without a signal; a
 * truncated file needs nothing, because writes append. */
static int current_fd(void)
{
    struct stat status;

    if (target.file == NULL)
        return STDOUT_FILENO;
    if (target.fd < 0 || stat(target.file, &status) != 0 ||
        status.st_dev != target.device || status.st_ino != target.inode)
        (void)open_file();
    return target.fd;
}

/* Appends TEXT with control characters escaped. Bytes from 0x80 pass: names
 * may be UTF-8. */
static size_t append_escaped(char *line, size_t length, const char *text)
{
    for (; *text != '\0' && length + 6 < LINE_LIMIT; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '\n' || byte == '\r' || byte == '\t') {
            line[length++] = '\\';
            line[length++] = byte == '\n' ? 'n' : byte == '\r' ? 'r' : 't';
        } else if (byte < 0x20 || byte == 0x7f) {
            length += (size_t)snprintf(line + length, 5, "\\x%02x", byte);
        } else {
            line[length++] = *text;
        }
    }
    return length;
}

static size_t append_prefix(char *line, enum log_level level)
{
    static const char marks[] = ".-*#";
    struct timespec now;
    struct tm fields;
    size_t length;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &fields);
    length = (size_t)snprintf(line, LINE_LIMIT, "%d:X ", (int)getpid());
    length += strftime(line + length, LINE_LIMIT - length, "%d %b %Y %H:%M:%S",
                       &fields);
    length += (size_t)snprintf(line + length, LINE_LIMIT - length, ".%03d %c ",
                               (int)(now.tv_nsec / 1000000), marks[level]);
    return length;
}

static void write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* a log that cannot be written has nobody to tell */
        data += written;
        length -= (size_t)written;
    }
}

void log_write(enum log_level level, const char *text)
{
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE,
                                     LOG_WARNING};
    char line[LINE_LIMIT];
    size_t prefix;
    size_t length;
    int fd;

    if (level < target.level || level > LEVEL_WARNING)
        return;
    prefix = append_prefix(line, level);
    length = append_escaped(line, prefix, text);
    line[length] = '\0';
    if (target.syslog)
        syslog(priorities[level], "%s", line + prefix);
    line[length++] = '\n';
    fd = current_fd();
    if (fd >= 0)
        write_all(fd, line, length);
}

void log_printf(enum log_level level, const char *format, ...)
{
    char text[LINE_LIMIT];
    va_list arguments;

    if (level < target.level)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_write(level, text);
}
