/* The hello message: encode and decode. */
#ifndef LIB_HELLO_H
#define LIB_HELLO_H

#include "addr.h"
#include "state.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define HELLO_CHANNEL "__sentinel__:hello"

/* Longer messages are neither sent nor read. */
#define HELLO_MAX_LENGTH 1069

/* The eight fields, in the order in which they are sent. Texts point into the
 * memory that the caller gave. */
struct hello {
    const char *ip;
    int port;
    const char *id; /* 40 characters */
    uint64_t current_epoch;
    const char *master_name;
    const char *master_ip;
    int master_port;
    uint64_t config_epoch;
};

void hello_encode(const struct hello *hello, struct text *text);

enum hello_result {
    HELLO_OK,
    HELLO_FOREIGN,  /* not eight fields: not meant for us, ignored */
    HELLO_MALFORMED /* eight fields of which some are not valid */
};

/* Reads TEXT into HELLO; BUFFER of HELLO_MAX_LENGTH + 1 bytes is used for the
 * texts. *PROBLEM says what is wrong with a malformed one (static text). */
enum hello_result hello_decode(struct hello *hello, const char *text,
                               char *buffer, const char **problem);

#endif
