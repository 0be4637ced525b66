/* All that the core wants done. A step returns an ordered list; the driver
 * runs it in order. PERSIST stands before whatever must not be said until it
 * is on disk: that is the first safety rule, and it is kept by order. */
#ifndef LIB_ACTION_H
#define LIB_ACTION_H

#include "event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum action_type {
    ACTION_CONNECT, /* open a connection */
    ACTION_CLOSE,   /* close it; no event follows, replies are lost */
    ACTION_SEND,    /* send a command on it */
    ACTION_PERSIST, /* write core_state() to disk */
    ACTION_REPLY,   /* answer a request */
    ACTION_NOTICE,  /* publish to subscribers and log */
    ACTION_LOG,     /* log only */
    ACTION_SCRIPT,  /* queue a script */
    ACTION_RESOLVE, /* look a host name up */
    ACTION_CRASH    /* end the process at once, exit code 99 */
};

/* What an action waits for when a PERSIST before it, of this step or an
 * earlier one, has not ended. */
enum action_wait {
    WAIT_NOTHING, /* runs at once, overtaking what waits */
    WAIT_TURN,    /* keeps its place behind what stands before it; runs
                   * whether or not the write succeeds */
    WAIT_DISK     /* must not run unless the write before it succeeded: when
                   * it fails, a reply is sent in its failed form and
                   * anything else is dropped */
};

enum log_level {
    LEVEL_DEBUG,
    LEVEL_VERBOSE,
    LEVEL_NOTICE,
    LEVEL_WARNING
};

/* The form of an answer to a request. */
enum answer_type {
    ANSWER_OK,
    ANSWER_ERROR,   /* text: the whole error line without '-' and CR LF */
    ANSWER_INTEGER, /* integer */
    ANSWER_DOWN     /* is-master-down-by-addr: integer, text, epoch */
};

struct answer {
    enum answer_type type;
    int64_t integer;  /* INTEGER; DOWN: 1 when the master is down here */
    const char *text; /* ERROR; DOWN: the id voted for, or "*" */
    uint64_t epoch;   /* DOWN: of that vote, or 0 */
};

struct action {
    enum action_type type;
    enum action_wait wait;
    union {
        struct {
            uint64_t conn; /* new; the core never uses an id twice */
            const char *ip;
            int port;
        } connect;
        struct {
            uint64_t conn;
            const char *reason; /* for the log */
        } close;
        /* Commands may be sent right behind CONNECT: the driver keeps them
         * until the connection is established. A send to a connection that
         * is gone is dropped. */
        struct {
            uint64_t conn;
            struct command_tag tag;
            const char *const *words;
            size_t count;
        } send;
        /* The driver copies core_state() when the write starts, so one write
         * serves all PERSISTs before that moment; EVENT_PERSISTED names the
         * highest serial covered. */
        struct {
            uint64_t serial;
        } persist;
        struct {
            uint64_t client;
            struct answer ok;
            struct answer failed; /* sent instead when the disk failed */
        } reply;
        /* NOTICE is published on channel CHANNEL unless its level is debug,
         * and logged as "<channel> <text>". */
        struct {
            enum log_level level;
            const char *channel; /* "+sdown" and so on */
            const char *text;
        } notice;
        struct {
            enum log_level level;
            const char *text;
            uint64_t until_ms; /* not 0: the driver appends the wall-clock
                                * time of this monotonic moment */
        } log;
        struct {
            const char *path;
            const char *const *words; /* arguments, without the path */
            size_t count;
        } script;
        struct {
            const char *host;
            const char *known; /* numeric address in use, or "" */
        } resolve;
    };
};

/* Belongs to the core; valid until the next step. */
struct action_list {
    const struct action *actions;
    size_t count;
};

#endif
