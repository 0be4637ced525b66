/* SENTINEL subcommands that change something, and PUBLISH of a hello message:
 * they become requests to the core, which checks and answers them. */
#include "command_table.h"

#include "../lib/xalloc.h"
#include "driver.h"
#include "resolve.h"
#include "server.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HELLO_CHANNEL "__sentinel__:hello"
#define NOBODY 0 /* no client has this id: the answer is dropped */

bool command_no_controls(struct call *call, size_t first, const char *name)
{
    for (size_t i = first; i < call->count; i++) {
        for (size_t n = 0; n < call->lengths[i]; n++) {
            const unsigned char c = (unsigned char)call->words[i][n];
            if (c >= 0x20 && c != 0x7f)
                continue;
            resp_errorf(call->out,
                        "ERR Invalid argument at index %zu for SENTINEL %s: "
                        "control characters are not allowed",
                        i, name);
            return false;
        }
    }
    return true;
}

/* Sends a request of TYPE about the master named by the third word. */
static void send_named(struct call *call, enum request_type type)
{
    struct request request = {.type = type, .name = call->words[2]};

    if (command_word_clean(call, 2))
        command_send(call, &request);
    else
        command_no_such_master(call);
}

void sentinel_failover(struct call *call)
{
    struct request request = {.type = REQUEST_FAILOVER, .name = call->words[2]};

    if (!command_word_clean(call, 2)) {
        command_no_such_master(call);
    } else if (call->count > 4 ||
               (call->count == 4 &&
                strcasecmp(call->words[3], "COORDINATED") != 0)) {
        resp_error(call->out, "ERR Unknown failover option specified");
    } else {
        request.failover.coordinated = call->count == 4;
        command_send(call, &request);
    }
}

void sentinel_remove(struct call *call)
{
    send_named(call, REQUEST_REMOVE);
}

void sentinel_reset(struct call *call)
{
    struct request request = {.type = REQUEST_RESET, .name = call->words[2]};

    if (command_word_clean(call, 2))
        command_send(call, &request);
    else
        resp_integer(call->out, 0); /* no name holds a NUL */
}

void sentinel_flushconfig(struct call *call)
{
    struct request request = {.type = REQUEST_FLUSH};
    command_send(call, &request);
}

void sentinel_down(struct call *call)
{
    struct request request = {.type = REQUEST_DOWN};
    int64_t epoch;

    if (!command_word_number(call, 3, &request.down.port) ||
        !command_word_number(call, 4, &epoch)) {
        resp_error(call->out, "ERR value is not an integer or out of range");
        return;
    }
    if (!command_word_clean(call, 2) || !command_word_clean(call, 5)) {
        resp_error(call->out, "ERR address or id with a NUL byte");
        return;
    }
    request.down.ip = call->words[2];
    request.down.epoch = (uint64_t)epoch; /* read as signed everywhere */
    request.down.runid = call->words[5];
    command_send(call, &request);
}

void command_publish(struct call *call)
{
    struct request request = {.type = REQUEST_HELLO};

    if (!command_word_clean(call, 1) ||
        strcmp(call->words[1], HELLO_CHANNEL) != 0) {
        resp_error(call->out, "ERR Only HELLO messages are accepted by "
                              "Sentinel instances.");
        return;
    }
    if (!command_word_clean(call, 2)) {
        resp_integer(call->out, 1); /* as all that is no hello message */
        return;
    }
    request.hello.text = call->words[2];
    command_send(call, &request);
}

/* ---- SET, DEBUG, SIMULATE-FAILURE ---- */

/* For each value of a script option, whether it can be executed. NULL when
 * there is none; free with free(). */
static bool *find_runnable(char *const *words, size_t count)
{
    bool *runnable = NULL;

    for (size_t i = 0; i + 1 < count;) {
        const struct option *option = option_find(words[i]);
        if (option == NULL)
            break; /* the core refuses it and what follows */
        if (option->type == OPTION_SCRIPT) {
            if (runnable == NULL)
                runnable = xcalloc(count, sizeof(*runnable));
            runnable[i + 1] = access(words[i + 1], X_OK) == 0;
        }
        i += 1 + option_width(option);
    }
    return runnable;
}

void sentinel_set(struct call *call)
{
    struct request request = {.type = REQUEST_SET, .name = call->words[2]};
    bool *runnable;

    if (!command_no_controls(call, 3, "SET"))
        return;
    if (!command_word_clean(call, 2)) {
        command_no_such_master(call);
        return;
    }
    runnable = find_runnable(call->words + 3, call->count - 3);
    request.set.words = (const char *const *)(call->words + 3);
    request.set.count = call->count - 3;
    request.set.runnable = runnable;
    command_send(call, &request);
    free(runnable);
}

static void show_intervals(struct call *call)
{
    struct core_interval intervals[CORE_INTERVALS];

    core_intervals(call->core, intervals);
    resp_map(call->out, CORE_INTERVALS);
    for (size_t i = 0; i < CORE_INTERVALS; i++) {
        resp_text(call->out, intervals[i].name);
        resp_number_text(call->out, intervals[i].ms);
    }
}

void sentinel_debug(struct call *call)
{
    struct request request = {.type = REQUEST_DEBUG};

    if (call->count == 2) {
        show_intervals(call);
        return;
    }
    for (size_t i = 2; i < call->count; i++) {
        if (!command_word_clean(call, i)) {
            resp_error(call->out, "ERR argument with a NUL byte");
            return;
        }
    }
    request.set.words = (const char *const *)(call->words + 2);
    request.set.count = call->count - 2;
    command_send(call, &request);
}

/* Flags are set one by one; HELP and unknown words end the command, but what
 * was set before them stays. */
void sentinel_simulate(struct call *call)
{
    static const char election[] = "crash-after-election";
    static const char promotion[] = "crash-after-promotion";
    struct request request = {.type = REQUEST_SIMULATE, .client = NOBODY};
    size_t i;

    for (i = 2; i < call->count; i++) {
        if (command_word_is(call, i, election))
            request.simulate |= SIMULATE_CRASH_AFTER_ELECTION;
        else if (command_word_is(call, i, promotion))
            request.simulate |= SIMULATE_CRASH_AFTER_PROMOTION;
        else
            break;
    }
    if (i == call->count) {
        command_send(call, &request);
        return;
    }
    if (command_word_is(call, i, "help")) {
        resp_array(call->out, 2);
        resp_text(call->out, election);
        resp_text(call->out, promotion);
    } else {
        resp_error(call->out, "ERR Unknown failure simulation specified");
    }
    driver_request(call->context->driver, &request);
}

/* ---- MONITOR ---- */

/* A MONITOR whose host name is being looked up. */
struct lookup {
    struct context *context;
    uint64_t client; /* looked up by id again: it may be gone by then */
    char *name;
    char *host;
    char *port;
    char *quorum;
    struct lookup *next;
};

/* All of them: when the process ends during a look-up, no answer comes. */
static struct lookup *lookups;

static void lookup_free(struct lookup *lookup)
{
    struct lookup **slot = &lookups;

    while (*slot != lookup)
        slot = &(*slot)->next;
    *slot = lookup->next;
    free(lookup->name);
    free(lookup->host);
    free(lookup->port);
    free(lookup->quorum);
    free(lookup);
}

static void looked_up(void *arg, const char *host, const char *ip, bool known)
{
    struct lookup *lookup = arg;
    struct context *context = lookup->context;
    struct request request = {.type = REQUEST_MONITOR,
                              .client = lookup->client,
                              .name = lookup->name};

    (void)host;
    (void)known;
    request.monitor.host = lookup->host;
    request.monitor.ip = ip != NULL ? ip : "";
    request.monitor.port = lookup->port;
    request.monitor.quorum = lookup->quorum;
    /* Who has gone has not seen an answer and will not: nothing is done. */
    if (server_client(context->server, lookup->client) != NULL)
        driver_request(context->driver, &request);
    lookup_free(lookup);
}

static void look_up(struct call *call)
{
    struct lookup *lookup = xcalloc(1, sizeof(*lookup));

    lookup->context = call->context;
    lookup->client = call->client->id;
    lookup->name = xstrdup(call->words[2]);
    lookup->host = xstrdup(call->words[3]);
    lookup->port = xstrdup(call->words[4]);
    lookup->quorum = xstrdup(call->words[5]);
    lookup->next = lookups;
    lookups = lookup;
    call->client->waiting = true;
    call->sent = true;
    resolver_lookup(call->context->resolver, lookup->host, "", looked_up,
                    lookup);
}

static bool numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, host, address) == 1;
}

void sentinel_monitor(struct call *call)
{
    const char *host = call->words[3];
    struct request request = {.type = REQUEST_MONITOR, .name = call->words[2]};

    if (!command_no_controls(call, 2, "MONITOR"))
        return;
    if (!numeric(host) && call->context->resolver != NULL &&
        core_global(call->core)->resolve_hostnames && host[0] != '\0') {
        look_up(call);
        return;
    }
    request.monitor.host = host;
    request.monitor.ip = numeric(host) ? host : "";
    request.monitor.port = call->words[4];
    request.monitor.quorum = call->words[5];
    command_send(call, &request);
}
