/* All that can happen to the core. An event is a value, borrowed for the
 * call: the core copies what it keeps. */
#ifndef LIB_EVENT_H
#define LIB_EVENT_H

#include "state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reply of a server, as read from the wire. Texts end in a NUL that
 * `length` does not count. */
enum reply_type {
    REPLY_STATUS,
    REPLY_ERROR,
    REPLY_INTEGER,
    REPLY_STRING,
    REPLY_NIL,
    REPLY_ARRAY
};

struct reply {
    enum reply_type type;
    int64_t integer;        /* of REPLY_INTEGER */
    const char *text;       /* of STATUS, ERROR, STRING; else NULL */
    size_t length;          /* of text, in bytes */
    struct reply *elements; /* of ARRAY */
    size_t count;           /* of elements */
};

/* What a command sent by ACTION_SEND was for; comes back with its reply. */
enum command_kind {
    COMMAND_AUTH,
    COMMAND_SETNAME,
    COMMAND_SUBSCRIBE,
    COMMAND_PING,
    COMMAND_INFO,
    COMMAND_HELLO, /* PUBLISH of our hello message */
    COMMAND_ASK,   /* SENTINEL is-master-down-by-addr */
    COMMAND_MULTI,
    COMMAND_REPLICAOF,    /* or SLAVEOF */
    COMMAND_REWRITE,      /* CONFIG REWRITE */
    COMMAND_KILL_CLIENTS, /* CLIENT KILL TYPE normal|pubsub */
    COMMAND_EXEC,
    COMMAND_SCRIPT_KILL,
    COMMAND_HANDOVER /* part of a transaction around FAILOVER */
};

/* Identifies a sent command; opaque to the driver, which hands it back with
 * the reply. */
struct command_tag {
    enum command_kind kind;
    uint64_t instance; /* whom it concerns; may be gone by then */
    uint64_t serial;   /* meaning depends on the kind */
};

enum event_type {
    EVENT_START,     /* first event: the stored state */
    EVENT_TIMER,     /* core_deadline() has been reached, or any time */
    EVENT_CONN_UP,   /* a connection of ACTION_CONNECT is established */
    EVENT_CONN_DOWN, /* it failed, was closed or reset; not after CLOSE */
    EVENT_REPLY,     /* a command was answered */
    EVENT_MESSAGE,   /* a message came in on a subscribed channel */
    EVENT_RESOLVED,  /* answer to ACTION_RESOLVE */
    EVENT_PERSISTED, /* the write asked for by ACTION_PERSIST has ended */
    EVENT_REQUEST    /* a client asks for a change */
};

/* What clients ask for; each is answered by one ACTION_REPLY. */
enum request_type {
    REQUEST_DOWN,       /* SENTINEL is-master-down-by-addr */
    REQUEST_HELLO,      /* PUBLISH __sentinel__:hello */
    REQUEST_FAILOVER,   /* SENTINEL FAILOVER */
    REQUEST_RESET,      /* SENTINEL RESET */
    REQUEST_MONITOR,    /* SENTINEL MONITOR */
    REQUEST_REMOVE,     /* SENTINEL REMOVE */
    REQUEST_SET,        /* SENTINEL SET */
    REQUEST_CONFIG_SET, /* SENTINEL CONFIG SET */
    REQUEST_FLUSH,      /* SENTINEL FLUSHCONFIG */
    REQUEST_DEBUG,      /* SENTINEL DEBUG with arguments */
    REQUEST_SIMULATE    /* SENTINEL SIMULATE-FAILURE */
};

#define SIMULATE_CRASH_AFTER_ELECTION 1u
#define SIMULATE_CRASH_AFTER_PROMOTION 2u

struct request {
    enum request_type type;
    uint64_t client;  /* handed back in the reply */
    const char *name; /* master; pattern of RESET; else NULL */
    union {
        struct {
            const char *ip; /* or host name, as the peer sent it */
            int64_t port;
            uint64_t epoch;
            const char *runid; /* candidate, or "*" for no vote */
        } down;
        struct {
            const char *text; /* the payload */
        } hello;
        struct {
            bool coordinated; /* by the master's own FAILOVER command */
        } failover;
        struct {
            const char *host;   /* as typed */
            const char *ip;     /* what it resolves to; "" when it does not */
            const char *port;   /* as typed */
            const char *quorum; /* as typed */
        } monitor;
        /* SET: option and value words behind the name. CONFIG SET and DEBUG:
         * pairs of name and value. RUNNABLE[i] tells for the value of a
         * script option whether it can be executed; NULL when no option of
         * that kind occurs. */
        struct {
            const char *const *words;
            size_t count;
            const bool *runnable;
        } set;
        unsigned simulate; /* SIMULATE_ bits */
    };
};

struct event {
    enum event_type type;
    union {
        const struct state *start;
        struct {
            uint64_t conn;        /* as named by ACTION_CONNECT */
            const char *local_ip; /* CONN_UP: our side's address, numeric */
            const char *reason;   /* CONN_DOWN: why, for the log */
        } conn;
        struct {
            uint64_t conn;
            struct command_tag tag;
            const struct reply *reply;
        } reply;
        struct {
            uint64_t conn;
            const char *channel;
            const char *text; /* payload; may hold anything but NUL */
        } message;
        struct {
            const char *host;
            const char *ip; /* numeric address, or NULL on failure: the one
                             * behind KNOWN when the answer holds that, in
                             * turn, else the first */
            bool known;     /* ACTION_RESOLVE's KNOWN is in the answer */
        } resolved;
        struct {
            uint64_t serial; /* of the ACTION_PERSIST; covers all before it */
            bool ok;
        } persisted;
        struct request request;
    };
};

#endif
