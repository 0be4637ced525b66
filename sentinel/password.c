/* SHA-256 of passwords, by OpenSSL. */
#include "password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE 32

void password_hash(const char *password, size_t length,
                   char hash[PASSWORD_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (EVP_Digest(password, length, digest, &size, EVP_sha256(), NULL) != 1 ||
        size != DIGEST_SIZE)
        abort(); /* no provider: passwords can neither be set nor checked */
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        hash[2 * i] = digits[digest[i] >> 4];
        hash[2 * i + 1] = digits[digest[i] & 15];
    }
    hash[PASSWORD_HASH_SIZE - 1] = '\0';
}

bool password_hash_equal(const char *left, const char *right)
{
    return CRYPTO_memcmp(left, right, PASSWORD_HASH_SIZE - 1) == 0;
}

bool password_is_hash(const char *text)
{
    return strlen(text) == PASSWORD_HASH_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == PASSWORD_HASH_SIZE - 1;
}
