/* Start, loop and end of the daemon: puts the parts together in the order
 * that lets nothing be said before it is on disk. */
#include "../lib/xalloc.h"
#include "acl.h"
#include "acl_log.h"
#include "arguments.h"
#include "command.h"
#include "config.h"
#include "daemon.h"
#include "driver.h"
#include "log.h"
#include "pubsub.h"
#include "resolve.h"
#include "script.h"
#include "server.h"
#include "settings.h"
#include "store.h"
#include "store_tasks.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

#ifndef VERSION
#define VERSION "0.0.0-dev"
#endif

#define DEFAULT_PIDFILE "/var/run/sentineld.pid"

/* How long the end may take once the state is written: clients get their last
 * replies, but a name that is being looked up is not waited for. */
#define STOP_LIMIT_MS 1000

/* The parts, and what only main needs. */
struct daemon {
    struct context context; /* first: daemon_shutdown() comes back from it */
    uv_loop_t loop;
    struct store *store;
    struct resolver *resolver;
    struct state *state; /* as loaded; gone once the core has it */
    uv_signal_t signals[3];
    uv_async_t stop;
    uv_timer_t stop_limit;
    bool stopping;
    bool interrupted; /* SIGINT came before */
    bool overdue;     /* the end took too long */
};

static bool detached; /* in the background, without standard output */

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why the start failed, in the log, and to whoever waits for it when the
 * log goes elsewhere. */
static int fail(const char *format, ...)
{
    char text[4608];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_write(LEVEL_WARNING, text);
    if (detached || !log_is_stdout())
        fprintf(stderr, "%s\n", text);
    return -1;
}

/* SIZE bytes that nobody can guess. */
static void random_bytes(void *bytes, size_t size)
{
    ssize_t got;

    do {
        got = getrandom(bytes, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)size)
        abort();
}

static void random_id(char id[ID_LENGTH + 1])
{
    unsigned char bytes[ID_LENGTH / 2];

    random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

/* ---- The end ---- */

static void on_overdue(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;

    daemon->overdue = true;
    uv_stop(timer->loop);
}

static void stop(struct daemon *daemon)
{
    if (daemon->stopping)
        return;
    daemon->stopping = true;
    log_write(LEVEL_WARNING, "User requested shutdown...");
    if (daemon_supervised(daemon->context.settings))
        daemon_notify_stopping();
    driver_stop(daemon->context.driver);
    server_stop(daemon->context.server);
    script_queue_stop(daemon->context.scripts);
    resolver_stop(daemon->resolver);
    uv_close((uv_handle_t *)&daemon->stop, NULL);
    /* Signals stay, for the second SIGINT, but do not hold the loop. */
    for (size_t i = 0; i < 3; i++)
        uv_unref((uv_handle_t *)&daemon->signals[i]);
    uv_timer_start(&daemon->stop_limit, on_overdue, STOP_LIMIT_MS, 0);
    uv_unref((uv_handle_t *)&daemon->stop_limit);
}

static void on_stop(uv_async_t *async)
{
    stop(async->data);
}

void daemon_shutdown(struct context *context)
{
    struct daemon *daemon = (struct daemon *)context;

    if (!daemon->stopping)
        uv_async_send(&daemon->stop);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct daemon *daemon = signal->data;

    if (number == SIGHUP) {
        log_reopen();
        log_write(LEVEL_NOTICE, "Received SIGHUP, log opened anew");
        return;
    }
    if (number == SIGINT && daemon->interrupted) {
        log_write(LEVEL_WARNING, "You insist... exiting now without waiting.");
        _exit(EXIT_FAILURE);
    }
    if (number == SIGINT)
        daemon->interrupted = true;
    log_printf(LEVEL_WARNING, "Received %s scheduling shutdown...",
               number == SIGINT ? "SIGINT" : "SIGTERM");
    stop(daemon);
}

/* ---- Scripts ask the core for their limits ---- */

static void on_script_notice(void *arg, enum log_level level,
                             const char *channel, const char *text)
{
    struct daemon *daemon = arg;

    driver_notice(daemon->context.driver, level, channel, text);
}

static uint64_t interval_ms(const struct daemon *daemon, const char *name)
{
    struct core_interval intervals[CORE_INTERVALS];

    core_intervals(driver_core(daemon->context.driver), intervals);
    for (size_t i = 0; i < CORE_INTERVALS; i++) {
        if (strcasecmp(intervals[i].name, name) == 0)
            return (uint64_t)intervals[i].ms;
    }
    assert(false);
    return 0;
}

static uint64_t script_max_runtime_ms(void *arg)
{
    return interval_ms(arg, "SCRIPT-MAX-RUNTIME");
}

static uint64_t script_retry_delay_ms(void *arg)
{
    return interval_ms(arg, "SCRIPT-RETRY-DELAY");
}

/* ---- The start ---- */

static int load(struct daemon *daemon, const char *program,
                const struct arguments *arguments)
{
    struct settings *settings = daemon->context.settings;

    if (arguments->file == NULL) {
        fputs("Sentinel needs config file on disk to save state. "
              "Exiting...\n",
              stderr);
        return -1;
    }
    settings->executable = realpath("/proc/self/exe", NULL);
    if (settings->executable == NULL)
        settings->executable = xstrdup(program);
    settings->command_exists = command_exists;
    acl_set_commands(settings->acl, command_vocabulary());
    if (config_load(arguments->file, arguments->extra, settings,
                    daemon->state) != 0)
        return -1;
    if (settings->pidfile == NULL && settings->daemonize)
        settings->pidfile = xstrdup(DEFAULT_PIDFILE);
    if (access(settings->config_file, W_OK) == 0)
        return 0;
    fprintf(stderr,
            "Sentinel config file %s is not writable: %s. "
            "Exiting...\n",
            settings->config_file, strerror(errno));
    return -1;
}

/* Before the background and the log, so that who starts us sees it. */
static int check_store(struct daemon *daemon)
{
    const char *error = NULL;

    daemon->store = store_new(&daemon->loop, daemon->context.settings, NULL,
                              NULL);
    if (store_check(daemon->store, &error) == 0)
        return 0;
    fprintf(stderr, "Sentinel could not save its state: %s. Exiting...\n",
            error);
    return -1;
}

static int open_log(const struct settings *settings)
{
    const char *error = NULL;

    if (log_open(settings->log_file, settings->log_level, &error) != 0)
        return fail("%s", error);
    if (settings->syslog_enabled)
        log_open_syslog(settings->syslog_ident != NULL ? settings->syslog_ident
                                                       : "sentineld",
                        settings->syslog_facility);
    log_write(LEVEL_WARNING, "oO0OoO0OoO0Oo sentineld is starting "
                             "oO0OoO0OoO0Oo");
    log_printf(LEVEL_WARNING,
               "sentineld version=%s, bits=%zu, pid=%d, just "
               "started",
               VERSION, 8 * sizeof(void *), (int)getpid());
    log_write(LEVEL_WARNING, "Configuration loaded");
    for (size_t i = 0; i < settings->note_count; i++)
        log_write(settings->notes[i].level, settings->notes[i].text);
    return 0;
}

static void watch_signals(struct daemon *daemon)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < 3; i++) {
        uv_signal_init(&daemon->loop, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
    }
    uv_async_init(&daemon->loop, &daemon->stop, on_stop);
    daemon->stop.data = daemon;
    uv_timer_init(&daemon->loop, &daemon->stop_limit);
    daemon->stop_limit.data = daemon;
}

static int listen_for_clients(struct daemon *daemon)
{
    const struct settings *settings = daemon->context.settings;
    const char *error = NULL;

    if (settings->unix_socket == NULL &&
        (settings->port == 0 ||
         (settings->bind_given && settings->bind_count == 0)))
        return fail("Configured to not listen anywhere, exiting.");
    daemon->context.server = server_new(&daemon->loop, &daemon->context,
                                        &error);
    if (daemon->context.server == NULL)
        return fail("%s", error);
    log_printf(LEVEL_NOTICE, "Running mode=sentinel, port=%d.", settings->port);
    return 0;
}

/* An id that peers may have heard of must never be lost. */
static int ensure_id(struct daemon *daemon)
{
    const char *error = NULL;

    if (daemon->state->id[0] == '\0') {
        random_id(daemon->state->id);
        if (store_write_now(daemon->store, daemon->state, &error) != 0)
            return fail("WARNING: Sentinel was not able to save the new "
                        "configuration on disk!!!: %s",
                        error);
        log_write(LEVEL_NOTICE, "Sentinel new configuration saved on disk");
    }
    log_printf(LEVEL_WARNING, "Sentinel ID is %s", daemon->state->id);
    return 0;
}

static void start_parts(struct daemon *daemon)
{
    static const struct script_callbacks callbacks = {
        .notice = on_script_notice,
        .max_runtime_ms = script_max_runtime_ms,
        .retry_delay_ms = script_retry_delay_ms,
    };
    struct context *context = &daemon->context;
    uint64_t seed;

    random_bytes(&seed, sizeof(seed));
    context->scripts = script_queue_new(&daemon->loop, &callbacks, daemon);
    daemon->resolver = resolver_new(&daemon->loop);
    context->resolver = daemon->resolver;
    context->driver = driver_new(&daemon->loop, context, daemon->store, seed);
    driver_start(context->driver, daemon->state);
    state_free(daemon->state);
    daemon->state = NULL;
}

static void write_pidfile(const struct settings *settings)
{
    if (settings->pidfile != NULL &&
        daemon_write_pidfile(settings->pidfile) != 0)
        log_printf(LEVEL_WARNING, "Failed to write PID file '%s': %s",
                   settings->pidfile, strerror(errno));
}

static int start(struct daemon *daemon, const char *program,
                 const struct arguments *arguments)
{
    struct context *context = &daemon->context;
    struct settings *settings = context->settings;

    if (load(daemon, program, arguments) != 0 || check_store(daemon) != 0)
        return -1;
    if (settings->daemonize && !daemon_supervised(settings)) {
        if (daemon_detach() != 0)
            return fail("Cannot go to the background: %s", strerror(errno));
        detached = true;
    }
    if (open_log(settings) != 0)
        return -1;
    daemon_raise_file_limit(settings, daemon->state->master_count);
    uv_loop_init(&daemon->loop);
    watch_signals(daemon);
    random_id(context->run_id);
    context->started_ms = uv_now(&daemon->loop);
    context->pubsub = pubsub_new();
    context->acl_log = acl_log_new((uint64_t)settings->acl_log_limit);
    context->tasks = store_tasks_new(&daemon->loop);
    daemon->state->global.listen_port = settings->port;
    if (listen_for_clients(daemon) != 0 || ensure_id(daemon) != 0)
        return -1;
    start_parts(daemon);
    write_pidfile(settings);
    if (daemon_supervised(settings))
        daemon_notify_ready();
    daemon_ready();
    return 0;
}

/* Frees all when the loop has run out; else the process just ends. */
static void clean_up(struct daemon *daemon)
{
    const struct settings *settings = daemon->context.settings;

    if (settings->pidfile != NULL)
        unlink(settings->pidfile);
    if (daemon->overdue)
        return;
    /* Signals stay caught, and the loop open for that: one that comes again
     * in the last moment would else end the process as if it had failed. */
    uv_close((uv_handle_t *)&daemon->stop_limit, NULL);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    server_free(daemon->context.server);
    driver_free(daemon->context.driver);
    script_queue_free(daemon->context.scripts);
    resolver_free(daemon->resolver);
    store_free(daemon->store);
    pubsub_free(daemon->context.pubsub);
    acl_log_free(daemon->context.acl_log);
    store_tasks_free(daemon->context.tasks);
}

static int run(const char *program, const struct arguments *arguments)
{
    static struct daemon daemon;

    daemon.context.settings = settings_new();
    daemon.state = state_new();
    if (start(&daemon, program, arguments) != 0)
        return EXIT_FAILURE; /* the system cleans up */
    uv_run(&daemon.loop, UV_RUN_DEFAULT);
    clean_up(&daemon);
    log_write(LEVEL_WARNING, "Sentinel is now ready to exit, bye bye...");
    log_close();
    settings_free(daemon.context.settings);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct arguments arguments = arguments_parse(argc, argv);
    int status;

    daemon_hide_descriptors();
    switch (arguments.action) {
    case ARGUMENTS_HELP:
        arguments_print_help();
        return EXIT_SUCCESS;
    case ARGUMENTS_VERSION:
        printf("sentineld version=%s bits=%zu\n", VERSION, 8 * sizeof(void *));
        return EXIT_SUCCESS;
    case ARGUMENTS_ERROR:
        fprintf(stderr,
                "'%s' is not understood here. Try 'sentineld --help'.\n",
                arguments.wrong);
        return EXIT_FAILURE;
    case ARGUMENTS_RUN:
        break;
    }
    status = run(argv[0], &arguments);
    free(arguments.extra);
    return status;
}
