/* SENTINEL subcommands that only read the core. */
#include "command_table.h"

#include "../lib/xalloc.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name of a master in the third word, or "" (never a master's) when it
 * holds a NUL. */
static const char *name_word(const struct call *call)
{
    return command_word_clean(call, 2) ? call->words[2] : "";
}

/* Borrowed from the core, which lives on while a query runs. */
struct counter {
    size_t count;
    struct resp_writer *out; /* NULL while counting */
};

/* Replicas that asked not to be announced are left out. */
static void visit_announced(void *arg, const struct core_view *view)
{
    struct counter *counter = arg;

    if (view->kind == KIND_REPLICA && !view->announced)
        return;
    counter->count++;
    if (counter->out != NULL)
        command_view(counter->out, view);
}

void sentinel_masters(struct call *call)
{
    struct counter counter = {0};

    core_visit_masters(call->core, call->now_ms, visit_announced, &counter);
    resp_array(call->out, counter.count);
    counter.out = call->out;
    core_visit_masters(call->core, call->now_ms, visit_announced, &counter);
}

void sentinel_master(struct call *call)
{
    if (!core_visit_master(call->core, name_word(call), call->now_ms,
                           command_view, call->out))
        command_no_such_master(call);
}

typedef bool visit_members(const struct core *core, const char *name,
                           uint64_t now_ms, core_visit_view *visit, void *arg);

static void show_members(struct call *call, visit_members *members)
{
    const char *name = name_word(call);
    struct counter counter = {0};

    if (!members(call->core, name, call->now_ms, visit_announced, &counter)) {
        command_no_such_master(call);
        return;
    }
    resp_array(call->out, counter.count);
    counter.out = call->out;
    members(call->core, name, call->now_ms, visit_announced, &counter);
}

void sentinel_replicas(struct call *call)
{
    show_members(call, core_visit_replicas);
}

void sentinel_sentinels(struct call *call)
{
    show_members(call, core_visit_sentinels);
}

void sentinel_address(struct call *call)
{
    const char *ip;
    int port;

    if (!core_master_address(call->core, name_word(call), &ip, &port)) {
        resp_null_array(call->out);
        return;
    }
    resp_array(call->out, 2);
    resp_text(call->out, ip);
    resp_number_text(call->out, port);
}

void sentinel_ckquorum(struct call *call)
{
    struct core_ckquorum result;
    char text[80];

    if (!core_ckquorum(call->core, name_word(call), &result)) {
        command_no_such_master(call);
        return;
    }
    if (result.quorum && result.majority) {
        snprintf(text, sizeof(text),
                 "OK %zu usable Sentinels. Quorum and failover", result.usable);
        resp_raw(call->out, "+", 1);
        resp_raw(call->out, text, strlen(text));
        resp_raw(call->out, " authorization can be reached\r\n", 31);
        return;
    }
    resp_errorf(call->out, "NOQUORUM %zu usable Sentinels. %s%s%s",
                result.usable,
                result.quorum ? ""
                              : "Not enough available Sentinels to reach the "
                                "specified quorum for this master",
                result.quorum || result.majority ? "" : ". ",
                result.majority
                    ? ""
                    : "Not enough available Sentinels to reach the majority "
                      "and authorize a failover");
}

void sentinel_myid(struct call *call)
{
    struct core_totals totals;

    core_totals(call->core, call->now_ms, &totals);
    resp_text(call->out, totals.id);
}

/* ---- INFO-CACHE ---- */

static void count_info(void *arg, uint64_t age_ms, const char *text)
{
    size_t *count = arg;
    (void)age_ms;
    (void)text;
    (*count)++;
}

static void show_info(void *arg, uint64_t age_ms, const char *text)
{
    struct resp_writer *out = arg;

    resp_array(out, 2);
    resp_integer(out, (int64_t)age_ms);
    if (text != NULL)
        resp_text(out, text);
    else
        resp_null(out);
}

static bool listed(const size_t *indexes, size_t count, const struct call *call,
                   const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(call->words[indexes[i]], name) == 0)
            return true;
    return false;
}

/* Unknown names and repetitions are left out; there are never more entries
 * than masters. */
void sentinel_info_cache(struct call *call)
{
    struct core_totals totals;
    size_t *indexes;
    size_t known = 0;

    core_totals(call->core, call->now_ms, &totals);
    indexes = xcalloc(totals.masters + 1, sizeof(*indexes));
    for (size_t i = 2; i < call->count; i++) {
        size_t members = 0;
        if (command_word_clean(call, i) &&
            core_visit_info_cache(call->core, call->words[i], call->now_ms,
                                  count_info, &members) &&
            !listed(indexes, known, call, call->words[i]))
            indexes[known++] = i;
    }
    resp_array(call->out, 2 * known);
    for (size_t i = 0; i < known; i++) {
        const char *name = call->words[indexes[i]];
        size_t members = 0;
        core_visit_info_cache(call->core, name, call->now_ms, count_info,
                              &members);
        resp_text(call->out, name);
        resp_array(call->out, members);
        core_visit_info_cache(call->core, name, call->now_ms, show_info,
                              call->out);
    }
    free(indexes);
}

/* ---- PENDING-SCRIPTS ---- */

static void show_script(void *arg, const struct script_view *view)
{
    struct resp_writer *out = arg;

    resp_map(out, 5);
    resp_text(out, "argv");
    resp_array(out, view->argc);
    for (size_t i = 0; i < view->argc; i++)
        resp_text(out, view->argv[i]);
    resp_text(out, "flags");
    resp_text(out, view->running ? "running" : "scheduled");
    resp_text(out, "pid");
    resp_number_text(out, view->pid);
    resp_text(out, view->running ? "run-time" : "run-delay");
    resp_unsigned_text(out, view->time_ms);
    resp_text(out, "retry-num");
    resp_number_text(out, view->retry);
}

static void count_script(void *arg, const struct script_view *view)
{
    size_t *count = arg;
    (void)view;
    (*count)++;
}

void sentinel_pending_scripts(struct call *call)
{
    size_t count = 0;

    script_queue_visit(call->context->scripts, count_script, &count);
    resp_array(call->out, count);
    script_queue_visit(call->context->scripts, show_script, call->out);
}
