/* SENTINEL commands that change state. */
#include "request.h"

#include "core_internal.h"
#include "discovery.h"
#include "election.h"
#include "failover.h"
#include "glob.h"
#include "monitor.h"
#include "names.h"
#include "notice.h"
#include "persist.h"
#include "selection.h"
#include "switch.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define NO_SUCH_MASTER "ERR No such master with that name"

static void answer_integer(struct core *core, uint64_t client,
                           enum action_wait wait, int64_t integer)
{
    struct answer ok = {.type = ANSWER_INTEGER, .integer = integer};
    struct answer failed = {
        .type = ANSWER_ERROR,
        .text = "ERR Failed to save config file. Check server logs."};

    emit_answer(&core->out, wait, client, &ok, &failed);
}

static void take_hello(struct core *core, const struct request *request)
{
    discovery_take_hello(core, NULL, request->hello.text);
    answer_integer(core, request->client, WAIT_NOTHING, 1);
}

static void force_failover(struct core *core, const struct request *request)
{
    struct master *master = master_find(core, request->name);

    if (master == NULL) {
        emit_error(&core->out, request->client, NO_SUCH_MASTER);
    } else if (master->state != FAILOVER_NONE) {
        emit_error(&core->out, request->client,
                   "INPROG Failover already in progress");
    } else if (request->failover.coordinated &&
               !master->instance.knows_failover) {
        emit_error(&core->out, request->client,
                   "NOGOODPRIMARY Primary does not support FAILOVER command");
    } else if (selection_best(core, master, 0) == NULL) {
        emit_error(&core->out, request->client,
                   "NOGOODSLAVE No suitable replica to promote");
    } else {
        failover_force(core, master, request->failover.coordinated);
        emit_ok(&core->out, request->client);
    }
}

static void reset(struct core *core, const struct request *request)
{
    struct instance *master;
    int64_t count = 0;

    MASTER_EACH (core->masters, master) {
        if (!glob_match_text(request->name, master->name, false))
            continue;
        failover_cut_short(core, master->master);
        switch_reset(core, master->master);
        notice_instance(core, NOTICE_RESET_MASTER, master, "%s", "");
        count++;
    }
    if (count > 0)
        persist(core);
    answer_integer(core, request->client, count > 0 ? WAIT_DISK : WAIT_TURN,
                   count);
}

static bool is_name(const char *name)
{
    if (*name == '\0')
        return false;
    for (; *name != '\0'; name++)
        if (isspace((unsigned char)*name) || iscntrl((unsigned char)*name) ||
            *name == ',')
            return false;
    return true;
}

/* The first thing wrong with a MONITOR request, in the documented order, or
 * NULL. Names that no hello message or file could carry are refused. */
static const char *check_monitor(struct core *core,
                                 const struct request *request, int64_t *port,
                                 int64_t *quorum)
{
    if (!option_parse_number(request->monitor.quorum, quorum))
        return "ERR Invalid quorum";
    if (!option_parse_number(request->monitor.port, port))
        return "ERR Invalid port";
    if (*quorum <= 0)
        return "ERR Quorum must be 1 or greater.";
    if (request->monitor.ip[0] == '\0' || !addr_is_numeric(request->monitor.ip))
        return "ERR Invalid IP address or hostname specified";
    if (!is_name(request->name))
        return "ERR Invalid master name: blanks, commas and control "
               "characters are not allowed";
    if (master_find(core, request->name) != NULL)
        return "ERR Duplicate master name.";
    if (*port < 0 || *port > 65535)
        return "ERR Invalid port number.";
    if (!core->global.resolve_hostnames &&
        !addr_is_numeric(request->monitor.host))
        return "ERR Invalid IP address or hostname specified";
    return NULL;
}

static void monitor(struct core *core, const struct request *request)
{
    int64_t port;
    int64_t quorum;
    const char *error = check_monitor(core, request, &port, &quorum);
    struct master_options options;
    struct master *master;
    struct addr addr;

    if (error != NULL) {
        emit_error(&core->out, request->client, error);
        return;
    }
    master_options_init(&options);
    options.quorum = quorum;
    options.down_after_ms = (int64_t)core->intervals[DEFAULT_DOWN_AFTER];
    options.failover_timeout_ms =
        (int64_t)core->intervals[DEFAULT_FAILOVER_TIMEOUT];
    addr_init(&addr, request->monitor.host, (int)port);
    memcpy(addr.ip, request->monitor.ip, strlen(request->monitor.ip) + 1);
    master = master_add(core, request->name, &addr, &options);
    addr_clear(&addr);
    master_options_clear(&options);
    /* It may have been monitored before: a vote that was given then and is
     * forgotten must not be given again. */
    master->leader_epoch = core->current_epoch;
    master_tell(core, master);
    master->vote_serial = persist(core);
    emit_ok(&core->out, request->client);
}

static void remove_master(struct core *core, const struct request *request)
{
    struct master *master = master_find(core, request->name);

    if (master == NULL) {
        emit_error(&core->out, request->client, NO_SUCH_MASTER);
        return;
    }
    notice_instance(core, NOTICE_UNMONITOR, &master->instance, "%s", "");
    master_remove(core, master);
    persist(core);
    emit_ok(&core->out, request->client);
}

static void flush(struct core *core, const struct request *request)
{
    persist(core);
    emit_ok(&core->out, request->client);
}

static void simulate(struct core *core, const struct request *request)
{
    struct answer ok = {.type = ANSWER_OK};

    core->simulate = request->simulate;
    if ((core->simulate & SIMULATE_CRASH_AFTER_ELECTION) != 0)
        emit_logf(&core->out, LEVEL_WARNING,
                  "Failure simulation: this Sentinel will crash after being "
                  "successfully elected as failover leader");
    if ((core->simulate & SIMULATE_CRASH_AFTER_PROMOTION) != 0)
        emit_logf(&core->out, LEVEL_WARNING,
                  "Failure simulation: this Sentinel will crash after "
                  "promoting the selected replica to master");
    emit_answer(&core->out, WAIT_NOTHING, request->client, &ok, &ok);
}

void request_run(struct core *core, const struct request *request)
{
    switch (request->type) {
    case REQUEST_DOWN:
        election_answer(core, request);
        break;
    case REQUEST_HELLO:
        take_hello(core, request);
        break;
    case REQUEST_FAILOVER:
        force_failover(core, request);
        break;
    case REQUEST_RESET:
        reset(core, request);
        break;
    case REQUEST_MONITOR:
        monitor(core, request);
        break;
    case REQUEST_REMOVE:
        remove_master(core, request);
        break;
    case REQUEST_SET:
        request_set(core, request);
        break;
    case REQUEST_CONFIG_SET:
        request_config_set(core, request);
        break;
    case REQUEST_FLUSH:
        flush(core, request);
        break;
    case REQUEST_DEBUG:
        request_debug(core, request);
        break;
    case REQUEST_SIMULATE:
        simulate(core, request);
        break;
    }
}
