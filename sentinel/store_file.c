/* Files replaced in one piece: temporary file in the same directory, write,
 * fsync, rename, fsync of the directory. */
#include "store_file.h"

#include "../lib/xalloc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT (64 << 20)

/* Temporary files are named after the file. No file of the operator's ends so:
 * those that a crash has left are removed. */
#define TEMPORARY_END ".sentineld-"
#define TEMPORARY_RANDOM "XXXXXX"

/* One write and its names. */
struct job {
    char path[PATH_MAX]; /* without symbolic links */
    char directory[PATH_MAX];
    char temporary[PATH_MAX + sizeof(TEMPORARY_END TEMPORARY_RANDOM)];
    struct stat old; /* of the file, when it exists */
    bool exists;
    mode_t new_mode;
    char *error;
    size_t error_size;
};

static int fail(struct job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int fail(struct job *job, const char *format, ...)
{
    int saved = errno;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(job->error, job->error_size, format, arguments);
    va_end(arguments);
    errno = saved;
    return -1;
}

static int read_fd(int fd, char *text, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, text + length, size - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    return 0;
}

int store_file_read(const char *path, char **text, char *error,
                    size_t error_size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int result = -1;

    *text = NULL;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd >= 0 && fstat(fd, &status) == 0) {
        if (status.st_size > SIZE_LIMIT) {
            errno = EFBIG;
        } else {
            *text = xmalloc((size_t)status.st_size + 1);
            result = read_fd(fd, *text, (size_t)status.st_size);
        }
    }
    if (result != 0) {
        snprintf(error, error_size, "cannot read '%s': %s", path,
                 strerror(errno));
        free(*text);
        *text = NULL;
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static int write_all(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

static void find_names(struct job *job, const char *path)
{
    char copy[PATH_MAX];

    if (realpath(path, job->path) == NULL)
        snprintf(job->path, sizeof(job->path), "%s", path);
    job->exists = stat(job->path, &job->old) == 0;
    snprintf(copy, sizeof(copy), "%s", job->path);
    snprintf(job->directory, sizeof(job->directory), "%s", dirname(copy));
    snprintf(job->temporary, sizeof(job->temporary),
             "%s" TEMPORARY_END TEMPORARY_RANDOM, job->path);
}

/* The new file is no more open than the old one; who may not give it to the
 * old owner keeps at least the group. */
static int copy_owner(const struct job *job, int fd)
{
    if (!job->exists)
        return fchmod(fd, job->new_mode);
    if (job->old.st_uid != geteuid() || job->old.st_gid != getegid()) {
        if (fchown(fd, job->old.st_uid, job->old.st_gid) != 0 &&
            fchown(fd, (uid_t)-1, job->old.st_gid) != 0)
            errno = 0; /* both are for root or members of the group only */
    }
    return fchmod(fd, job->old.st_mode & 07777);
}

static int sync_directory(const struct job *job)
{
    int fd = open(job->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result;

    if (fd < 0)
        return -1;
    result = fsync(fd);
    /* Some file systems cannot sync a directory, and need not. */
    if (result != 0 && (errno == EINVAL || errno == EROFS))
        result = 0;
    close(fd);
    return result;
}

static int fill_temporary(struct job *job, int fd, const char *text)
{
    if (write_all(fd, text) != 0)
        return fail(job, "cannot write '%s': %s", job->temporary,
                    strerror(errno));
    if (fsync(fd) != 0)
        return fail(job, "cannot sync '%s': %s", job->temporary,
                    strerror(errno));
    if (copy_owner(job, fd) != 0)
        return fail(job, "cannot set the mode of '%s': %s", job->temporary,
                    strerror(errno));
    return 0;
}

static int replace(struct job *job, const char *text)
{
    int fd = mkostemp(job->temporary, O_CLOEXEC);
    int result;

    if (fd < 0)
        return fail(job, "cannot create a file in the directory '%s': %s",
                    job->directory, strerror(errno));
    result = fill_temporary(job, fd, text);
    if (close(fd) != 0 && result == 0)
        result = fail(job, "cannot close '%s': %s", job->temporary,
                      strerror(errno));
    if (result == 0 && rename(job->temporary, job->path) != 0)
        result = fail(job, "cannot replace '%s': %s", job->path,
                      strerror(errno));
    if (result != 0) {
        int saved = errno;

        unlink(job->temporary);
        errno = saved;
        return -1;
    }
    if (sync_directory(job) != 0)
        return fail(job, "cannot sync the directory '%s': %s", job->directory,
                    strerror(errno));
    return 0;
}

/* The last resort: a crash in here can leave a part of the text, which the
 * next start then refuses. Room is taken first, so a full disk leaves the old
 * text. */
static int overwrite(struct job *job, const char *text)
{
    int fd = open(job->path, O_WRONLY | O_CLOEXEC);
    int result = 0;

    if (fd < 0)
        return fail(job, "cannot write '%s': %s", job->path, strerror(errno));
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)strlen(text)) != 0 &&
        (errno == ENOSPC || errno == EDQUOT))
        result = -1;
    if (result == 0 &&
        (write_all(fd, text) != 0 || ftruncate(fd, (off_t)strlen(text)) != 0 ||
         fsync(fd) != 0))
        result = -1;
    if (result != 0)
        fail(job, "cannot write '%s': %s", job->path, strerror(errno));
    close(fd);
    return result;
}

/* Whether the file itself is a mount point, as in containers. */
static bool is_mount_point(const struct job *job)
{
    struct statx status;

    if (statx(AT_FDCWD, job->path, 0, STATX_BASIC_STATS, &status) != 0)
        return false;
    return (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
           (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* Whether writing in place may succeed where a replacement failed. */
static bool is_forbidden(int code)
{
    return code == EBUSY || code == EACCES || code == EPERM || code == EROFS;
}

int store_file_write(const char *path, const char *text,
                     const struct store_file_options *options, bool *in_place,
                     char *error, size_t error_size)
{
    struct job job = {.error = error, .error_size = error_size};

    *in_place = false;
    find_names(&job, path);
    job.new_mode = options->new_mode;
    if (replace(&job, text) == 0)
        return 0;
    if (!is_forbidden(errno) || !job.exists ||
        (options->replace_only && !is_mount_point(&job)) ||
        overwrite(&job, text) != 0)
        return -1;
    *in_place = true;
    return 0;
}

int store_file_check(const char *path, char *error, size_t error_size)
{
    struct job job = {.error = error, .error_size = error_size};
    int fd;

    find_names(&job, path);
    if (job.exists && access(job.path, W_OK) != 0)
        return fail(&job, "cannot write '%s': %s", job.path, strerror(errno));
    if (job.exists && is_mount_point(&job))
        return 0;
    fd = mkostemp(job.temporary, O_CLOEXEC);
    if (fd < 0)
        return fail(&job, "cannot create a file in the directory '%s': %s",
                    job.directory, strerror(errno));
    close(fd);
    unlink(job.temporary);
    return 0;
}

/* Whether NAME is that of a temporary file for the file called BASE. */
static bool is_temporary(const char *name, const char *base)
{
    const char *end = TEMPORARY_END;
    size_t base_length = strlen(base);
    size_t end_length = strlen(end);

    if (strncmp(name, base, base_length) != 0 ||
        strncmp(name + base_length, end, end_length) != 0)
        return false;
    name += base_length + end_length;
    if (strlen(name) != strlen(TEMPORARY_RANDOM))
        return false;
    while (isalnum((unsigned char)*name))
        name++;
    return *name == '\0';
}

void store_file_clean(const char *path)
{
    struct job job = {0};
    char copy[PATH_MAX];
    const char *base;
    struct dirent *entry;
    DIR *directory;

    find_names(&job, path);
    snprintf(copy, sizeof(copy), "%s", job.path);
    base = basename(copy);
    directory = opendir(job.directory);
    if (directory == NULL)
        return; /* whoever writes there says why it is not possible */
    while ((entry = readdir(directory)) != NULL) {
        if (is_temporary(entry->d_name, base))
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
}
