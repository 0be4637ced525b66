/* Files replaced in one piece: a reader sees the old text or the new one,
 * also after a crash. Blocking; for the thread pool. */
#ifndef SENTINEL_STORE_FILE_H
#define SENTINEL_STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads PATH into *TEXT (free with free()), which ends in a NUL. A file that
 * is not there gives NULL and success. Returns 0, or -1 with the reason in
 * ERROR. */
int store_file_read(const char *path, char **text, char *error,
                    size_t error_size) __attribute__((warn_unused_result));

struct store_file_options {
    mode_t new_mode;   /* of a file that is not there yet */
    bool replace_only; /* do not write in place, unless the file itself is a
                        * mount point */
};

/* Replaces PATH, or what it links to, by TEXT; mode and owner stay where that
 * is possible. A file that cannot be replaced (it is a mount point, or its
 * directory is not writable) is written in place; *IN_PLACE tells that.
 * Returns 0, or -1 with the reason in ERROR. */
int store_file_write(const char *path, const char *text,
                     const struct store_file_options *options, bool *in_place,
                     char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* Finds out, by creating a file, whether PATH can be replaced. Returns 0, or
 * -1 with the reason in ERROR. */
int store_file_check(const char *path, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* Removes the temporary files that writes of PATH have left when the process
 * was killed or the machine crashed. Not while PATH is written. */
void store_file_clean(const char *path);

#endif
