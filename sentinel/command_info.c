/* INFO: figures of the process and of the monitored masters. Fields that only
 * a data server can fill are there with 0, as tools expect them. */
#include "command_table.h"

#include "../lib/text.h"
#include "pubsub.h"
#include "script.h"
#include "server.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "unknown"
#endif
#define REDIS_VERSION "7.0.15"
#define SECONDS_A_DAY 86400

/* Appends a line; its end is added. */
#define PUT(text, format, ...) text_addf(text, format "\r\n", ##__VA_ARGS__)

static void put_zeros(struct text *text, const char *const *fields,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        PUT(text, "%s:0", fields[i]);
}

#define PUT_ZEROS(text, ...)                                         \
    do {                                                             \
        static const char *const fields[] = {__VA_ARGS__};           \
        put_zeros(text, fields, sizeof(fields) / sizeof(fields[0])); \
    } while (0)

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* ---- Sections ---- */

static void put_build(struct text *text)
{
    struct utsname os;

    PUT(text, "redis_version:%s", REDIS_VERSION);
    PUT(text, "redis_git_sha1:00000000");
    PUT(text, "redis_git_dirty:0");
    PUT(text, "redis_build_id:0");
    PUT(text, "redis_mode:sentinel");
    if (uname(&os) == 0)
        PUT(text, "os:%s %s %s", os.sysname, os.release, os.machine);
    else
        PUT(text, "os:unknown");
    PUT(text, "arch_bits:%zu", sizeof(void *) * 8);
    PUT(text, "monotonic_clock:POSIX clock_gettime");
    PUT(text, "multiplexing_api:libuv");
    PUT(text, "atomicvar_api:c11-builtin");
#ifdef __clang__
    PUT(text, "gcc_version:0.0.0");
#else
    PUT(text, "gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__,
        __GNUC_PATCHLEVEL__);
#endif
}

static const char *supervision_name(enum supervision supervised)
{
    switch (supervised) {
    case SUPERVISED_NO:
        break;
    case SUPERVISED_UPSTART:
        return "upstart";
    case SUPERVISED_SYSTEMD:
        return "systemd";
    case SUPERVISED_AUTO:
        return "auto";
    }
    return "no";
}

static void put_server(struct text *text, const struct call *call)
{
    const struct context *context = call->context;
    const struct settings *settings = context->settings;
    const uint64_t uptime_s = (call->now_ms - context->started_ms) / 1000;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    PUT(text, "# Server");
    put_build(text);
    PUT(text, "process_id:%ld", (long)getpid());
    PUT(text, "process_supervised:%s", supervision_name(settings->supervised));
    PUT(text, "run_id:%s", context->run_id);
    PUT(text, "tcp_port:%d", settings->port);
    PUT(text, "server_time_usec:%lld",
        (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    PUT(text, "uptime_in_seconds:%llu", (unsigned long long)uptime_s);
    PUT(text, "uptime_in_days:%llu",
        (unsigned long long)(uptime_s / SECONDS_A_DAY));
    PUT(text, "hz:10");
    PUT(text, "configured_hz:10");
    PUT(text, "lru_clock:%lld", (long long)now.tv_sec & 0xffffff);
    PUT(text, "executable:%s", text_or_empty(settings->executable));
    PUT(text, "config_file:%s", text_or_empty(settings->config_file));
    PUT(text, "io_threads_active:0");
    PUT(text, "sentineld_version:%s", VERSION);
}

static void put_clients(struct text *text, const struct call *call)
{
    PUT(text, "# Clients");
    PUT(text, "connected_clients:%zu",
        server_client_count(call->context->server));
    PUT(text, "cluster_connections:0");
    PUT(text, "maxclients:%d", call->context->settings->max_clients);
    PUT_ZEROS(text, "client_recent_max_input_buffer",
              "client_recent_max_output_buffer", "blocked_clients",
              "tracking_clients", "clients_in_timeout_table");
}

static void put_stats(struct text *text, const struct call *call)
{
    const struct context *context = call->context;
    size_t channels;
    size_t patterns;

    pubsub_counts(context->pubsub, &channels, &patterns);
    PUT(text, "# Stats");
    PUT(text, "total_connections_received:%llu",
        (unsigned long long)context->connections_received);
    PUT(text, "total_commands_processed:%llu",
        (unsigned long long)context->commands_processed);
    PUT_ZEROS(text, "instantaneous_ops_per_sec");
    PUT(text, "total_net_input_bytes:%llu",
        (unsigned long long)context->input_bytes);
    PUT(text, "total_net_output_bytes:%llu",
        (unsigned long long)context->output_bytes);
    PUT_ZEROS(text, "total_net_repl_input_bytes",
              "total_net_repl_output_bytes");
    PUT(text, "instantaneous_input_kbps:0.00");
    PUT(text, "instantaneous_output_kbps:0.00");
    PUT(text, "instantaneous_input_repl_kbps:0.00");
    PUT(text, "instantaneous_output_repl_kbps:0.00");
    PUT(text, "rejected_connections:%llu",
        (unsigned long long)context->rejected_connections);
    PUT_ZEROS(text, "sync_full", "sync_partial_ok", "sync_partial_err",
              "expired_keys");
    PUT(text, "expired_stale_perc:0.00");
    PUT_ZEROS(
        text, "expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds",
        "evicted_keys", "evicted_clients", "total_eviction_exceeded_time",
        "current_eviction_exceeded_time", "keyspace_hits", "keyspace_misses");
    PUT(text, "pubsub_channels:%zu", channels);
    PUT(text, "pubsub_patterns:%zu", patterns);
    PUT_ZEROS(text, "pubsubshard_channels", "latest_fork_usec", "total_forks",
              "migrate_cached_sockets", "slave_expires_tracked_keys",
              "active_defrag_hits", "active_defrag_misses",
              "active_defrag_key_hits", "active_defrag_key_misses",
              "total_active_defrag_time", "current_active_defrag_time",
              "tracking_total_keys", "tracking_total_items",
              "tracking_total_prefixes", "unexpected_error_replies");
    PUT(text, "total_error_replies:%llu",
        (unsigned long long)context->error_replies);
    PUT_ZEROS(text, "dump_payload_sanitizations", "total_reads_processed",
              "total_writes_processed", "io_threaded_reads_processed",
              "io_threaded_writes_processed", "reply_buffer_shrinks",
              "reply_buffer_expands");
}

static void put_usage(struct text *text, const char *suffix, int who)
{
    struct rusage usage = {0};

    getrusage(who, &usage);
    PUT(text, "used_cpu_sys%s:%ld.%06ld", suffix, (long)usage.ru_stime.tv_sec,
        (long)usage.ru_stime.tv_usec);
    PUT(text, "used_cpu_user%s:%ld.%06ld", suffix, (long)usage.ru_utime.tv_sec,
        (long)usage.ru_utime.tv_usec);
}

static void put_cpu(struct text *text, const struct call *call)
{
    (void)call;
    PUT(text, "# CPU");
    put_usage(text, "", RUSAGE_SELF);
    put_usage(text, "_children", RUSAGE_CHILDREN);
    put_usage(text, "_main_thread", RUSAGE_THREAD);
}

struct master_lines {
    struct text *text;
    size_t count;
};

static void put_master(void *arg, const struct core_view *view)
{
    struct master_lines *lines = arg;
    const char *status = "ok";

    if (view->flags & FLAG_ODOWN)
        status = "odown";
    else if (view->flags & FLAG_SDOWN)
        status = "sdown";
    PUT(lines->text,
        "master%zu:name=%s,status=%s,address=%s:%d,slaves=%zu,sentinels=%zu",
        lines->count++, view->name, status, view->ip, view->port,
        view->replica_count, view->sentinel_count + 1);
}

static void put_sentinel(struct text *text, const struct call *call)
{
    struct script_queue *scripts = call->context->scripts;
    struct master_lines lines = {.text = text};
    struct core_totals totals;

    core_totals(call->core, call->now_ms, &totals);
    PUT(text, "# Sentinel");
    PUT(text, "sentinel_masters:%zu", totals.masters);
    PUT(text, "sentinel_tilt:%d", totals.tilt ? 1 : 0);
    PUT(text, "sentinel_tilt_since_seconds:%lld",
        totals.tilt ? (long long)(totals.tilt_ms / 1000) : -1);
    PUT(text, "sentinel_running_scripts:%zu", script_queue_running(scripts));
    PUT(text, "sentinel_scripts_queue_length:%zu",
        script_queue_length(scripts));
    PUT(text, "sentinel_simulate_failure_flags:%u", totals.simulate);
    core_visit_masters(call->core, call->now_ms, put_master, &lines);
}

/* ---- The command ---- */

struct section {
    const char *name;
    void (*put)(struct text *text, const struct call *call);
};

static const struct section sections[] = {
    {"server", put_server}, {"clients", put_clients},   {"stats", put_stats},
    {"cpu", put_cpu},       {"sentinel", put_sentinel},
};

static bool wanted(const struct call *call, const struct section *section)
{
    for (size_t i = 1; i < call->count; i++)
        if (command_word_is(call, i, section->name) ||
            command_word_is(call, i, "default") ||
            command_word_is(call, i, "all") ||
            command_word_is(call, i, "everything"))
            return true;
    return call->count == 1;
}

void command_info(struct call *call)
{
    struct text text = {0};

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (!wanted(call, &sections[i]))
            continue;
        if (text.length > 0)
            PUT(&text, "%s", "");
        sections[i].put(&text, call);
    }
    resp_bulk(call->out, text.data != NULL ? text.data : "", text.length);
    free(text.data);
}
