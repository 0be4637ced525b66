/* RESP on hiredis, both directions, with limits. Loop-free: bytes in, values
 * or an error out, at any boundary. */
#ifndef SENTINEL_RESP_H
#define SENTINEL_RESP_H

#include "../lib/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Writing replies to clients ---- */

/* Growing output. PROTO is 2 or 3 and decides how maps, pushes and nulls are
 * written. Owned by whoever inits it. */
struct resp_writer {
    char *data;
    size_t length;
    size_t capacity;
    int proto;
};

void resp_writer_init(struct resp_writer *writer, int proto);
void resp_writer_clear(struct resp_writer *writer); /* frees the data */

void resp_raw(struct resp_writer *writer, const char *data, size_t length);
void resp_status(struct resp_writer *writer, const char *text);
/* TEXT is the line without '-'; CR and LF in it become blanks. */
void resp_error(struct resp_writer *writer, const char *text);
void resp_errorf(struct resp_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void resp_integer(struct resp_writer *writer, int64_t number);
void resp_bulk(struct resp_writer *writer, const char *data, size_t length);
void resp_text(struct resp_writer *writer, const char *text);
void resp_number_text(struct resp_writer *writer, int64_t number); /* bulk */
void resp_unsigned_text(struct resp_writer *writer, uint64_t number);
void resp_null(struct resp_writer *writer);       /* $-1 or _ */
void resp_null_array(struct resp_writer *writer); /* *-1 or _ */
void resp_array(struct resp_writer *writer, size_t count);
void resp_map(struct resp_writer *writer, size_t pairs);  /* *2n or %n */
void resp_push(struct resp_writer *writer, size_t count); /* *n or >n */
void resp_set(struct resp_writer *writer, size_t count);  /* *n or ~n */
void resp_bool(struct resp_writer *writer, bool value);   /* :1 or #t */

/* ---- Reading requests from clients ---- */

struct resp_request {
    size_t count; /* words; 0 for an empty line, to be skipped */
    char **words; /* each ends in a NUL that its length omits */
    size_t *lengths;
};

enum resp_result {
    RESP_MORE,  /* not complete yet */
    RESP_DONE,  /* a value was read */
    RESP_ERROR, /* protocol error: answer with the text and close */
    RESP_DROP   /* close without an answer (an HTTP request) */
};

struct resp_request_reader;

/* Limits hold before memory is taken for what they limit. */
struct resp_request_reader *resp_request_reader_new(void);
void resp_request_reader_free(struct resp_request_reader *reader);

/* Before authentication at most 10 words of 16384 bytes are accepted. */
void resp_request_reader_trust(struct resp_request_reader *reader,
                               bool authenticated);

/* Appends LENGTH bytes from the wire. */
void resp_request_reader_feed(struct resp_request_reader *reader,
                              const char *data, size_t length);

/* Takes the next request out. With RESP_DONE, *REQUEST is valid until the
 * next call. With RESP_ERROR, *ERROR is the line to send without '-', such as
 * "ERR Protocol error: invalid bulk length" (valid until the next call). */
enum resp_result resp_request_next(struct resp_request_reader *reader,
                                   struct resp_request *request,
                                   const char **error);

/* Bytes held for requests not complete yet. */
size_t resp_request_pending(const struct resp_request_reader *reader);

/* ---- Reading replies of servers ---- */

struct resp_reply_reader;

/* No reply may hold more than MAX_BYTES or nest deeper than hiredis 0.14
 * reads (7). */
struct resp_reply_reader *resp_reply_reader_new(size_t max_bytes);
void resp_reply_reader_free(struct resp_reply_reader *reader);
void resp_reply_reader_feed(struct resp_reply_reader *reader, const char *data,
                            size_t length);

/* With RESP_DONE, *REPLY is valid until the next call. With RESP_ERROR the
 * connection must be closed; *ERROR says why. */
enum resp_result resp_reply_next(struct resp_reply_reader *reader,
                                 const struct reply **reply,
                                 const char **error);

/* ---- Writing commands to servers ---- */

/* Formats WORDS as a RESP array into *DATA (free with free()); returns its
 * length. */
size_t resp_format(const char *const *words, size_t count, char **data);

#endif
