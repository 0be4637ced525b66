/* SHA-256 of passwords, as `user` lines store them. */
#ifndef SENTINEL_PASSWORD_H
#define SENTINEL_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_HASH_SIZE 65 /* 64 lower hex digits and a NUL */

/* Writes the SHA-256 of LENGTH bytes into HASH. */
void password_hash(const char *password, size_t length,
                   char hash[PASSWORD_HASH_SIZE]);

/* Compares two hashes in constant time. */
bool password_hash_equal(const char *left, const char *right);

/* Whether TEXT is 64 lower hex digits. */
bool password_is_hash(const char *text);

#endif
