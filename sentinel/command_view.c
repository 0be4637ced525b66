/* One instance as SENTINEL MASTER, REPLICAS and SENTINELS show it. Clients
 * read some fields by position, so the order is fixed. */
#include "command_table.h"

#include <stdio.h>
#include <string.h>

struct flag_name {
    unsigned flag;
    const char *name;
};

static const struct flag_name flag_names[] = {
    {FLAG_SDOWN, "s_down"},
    {FLAG_ODOWN, "o_down"},
    {FLAG_MASTER, "master"},
    {FLAG_REPLICA, "slave"},
    {FLAG_SENTINEL, "sentinel"},
    {FLAG_DISCONNECTED, "disconnected"},
    {FLAG_MASTER_DOWN, "master_down"},
    {FLAG_FAILOVER, "failover_in_progress"},
    {FLAG_PROMOTED, "promoted"},
    {FLAG_RECONF_SENT, "reconf_sent"},
    {FLAG_RECONF_INPROG, "reconf_inprog"},
    {FLAG_RECONF_DONE, "reconf_done"},
    {FLAG_FORCE_FAILOVER, "force_failover"},
    {FLAG_SCRIPT_KILL_SENT, "script_kill_sent"},
    {FLAG_MASTER_REBOOT, "master_reboot"},
};

static void put_text(struct resp_writer *out, const char *field,
                     const char *value)
{
    resp_text(out, field);
    resp_text(out, value);
}

static void put_number(struct resp_writer *out, const char *field,
                       int64_t value)
{
    resp_text(out, field);
    resp_number_text(out, value);
}

static void put_unsigned(struct resp_writer *out, const char *field,
                         uint64_t value)
{
    resp_text(out, field);
    resp_unsigned_text(out, value);
}

static void put_flags(struct resp_writer *out, unsigned flags)
{
    char text[256];
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
        if (flags & flag_names[i].flag)
            length += (size_t)snprintf(text + length, sizeof(text) - length,
                                       "%s%s", length > 0 ? "," : "",
                                       flag_names[i].name);
    put_text(out, "flags", text);
}

/* Number of fields, as the map needs it ahead. */
static size_t fields(const struct core_view *view)
{
    size_t count = 11; /* those of all kinds */

    if (view->failover_state != NULL)
        count++;
    if (view->flags & FLAG_SDOWN)
        count++;
    if (view->flags & FLAG_ODOWN)
        count++;
    switch (view->kind) {
    case KIND_MASTER:
        count += 9;
        if (view->options->notification_script != NULL)
            count++;
        if (view->options->client_reconfig_script != NULL)
            count++;
        break;
    case KIND_REPLICA:
        count += 10;
        break;
    case KIND_SENTINEL:
        count += 3;
        break;
    }
    return count;
}

static void put_common(struct resp_writer *out, const struct core_view *view)
{
    put_text(out, "name", view->name);
    put_text(out, "ip", view->ip);
    put_number(out, "port", view->port);
    put_text(out, "runid", view->runid);
    put_flags(out, view->flags);
    put_unsigned(out, "link-pending-commands", view->pending_commands);
    put_unsigned(out, "link-refcount", view->link_refcount);
    if (view->failover_state != NULL)
        put_text(out, "failover-state", view->failover_state);
    put_unsigned(out, "last-ping-sent", view->last_ping_sent);
    put_unsigned(out, "last-ok-ping-reply", view->last_ok_ping_reply);
    put_unsigned(out, "last-ping-reply", view->last_ping_reply);
    if (view->flags & FLAG_SDOWN)
        put_unsigned(out, "s-down-time", view->s_down_time);
    if (view->flags & FLAG_ODOWN)
        put_unsigned(out, "o-down-time", view->o_down_time);
    put_number(out, "down-after-milliseconds", view->down_after_ms);
}

static void put_role(struct resp_writer *out, const struct core_view *view)
{
    put_unsigned(out, "info-refresh", view->info_refresh);
    put_text(out, "role-reported", view->reports_master ? "master" : "slave");
    put_unsigned(out, "role-reported-time", view->role_reported_time);
}

static void put_master(struct resp_writer *out, const struct core_view *view)
{
    const struct master_options *options = view->options;

    put_unsigned(out, "config-epoch", view->config_epoch);
    put_unsigned(out, "num-slaves", view->replica_count);
    put_unsigned(out, "num-other-sentinels", view->sentinel_count);
    put_number(out, "quorum", options->quorum);
    put_number(out, "failover-timeout", options->failover_timeout_ms);
    put_number(out, "parallel-syncs", options->parallel_syncs);
    if (options->notification_script != NULL)
        put_text(out, "notification-script", options->notification_script);
    if (options->client_reconfig_script != NULL)
        put_text(out, "client-reconfig-script",
                 options->client_reconfig_script);
}

static void put_replica(struct resp_writer *out, const struct core_view *view)
{
    put_number(out, "master-link-down-time", view->master_link_down_ms);
    put_text(out, "master-link-status", view->master_link_up ? "ok" : "err");
    put_text(out, "master-host", view->master_host);
    put_number(out, "master-port", view->master_port);
    put_number(out, "slave-priority", view->priority);
    put_unsigned(out, "slave-repl-offset", view->repl_offset);
    put_number(out, "replica-announced", view->announced ? 1 : 0);
}

static void put_sentinel(struct resp_writer *out, const struct core_view *view)
{
    put_unsigned(out, "last-hello-message", view->last_hello);
    put_text(out, "voted-leader", view->voted_leader);
    put_unsigned(out, "voted-leader-epoch", view->voted_leader_epoch);
}

void command_view(void *arg, const struct core_view *view)
{
    struct resp_writer *out = arg;

    resp_map(out, fields(view));
    put_common(out, view);
    switch (view->kind) {
    case KIND_MASTER:
        put_role(out, view);
        put_master(out, view);
        break;
    case KIND_REPLICA:
        put_role(out, view);
        put_replica(out, view);
        break;
    case KIND_SENTINEL:
        put_sentinel(out, view);
        break;
    }
}
