/* A reference seat: its life, its timer, its orders. */
#include "reference_internal.h"

#include "../../lib/glob.h"
#include "../../lib/xalloc.h"
#include "checker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_CLOCK_MS INT64_C(1600000000000)
#define TILT_TRIGGER_MS 2000
#define TILT_PERIOD_MS 30000
#define LEAST_HZ 10

struct reference *reference_new(struct world *world, int host,
                                struct state *state)
{
    struct reference *reference = xcalloc(1, sizeof(*reference));

    assert(world->references[host] == NULL);
    reference->world = world;
    reference->host = host;
    snprintf(reference->name, sizeof(reference->name), "s%d",
             host - SENTINEL(0));
    world_ip(host, reference->ip);
    memcpy(reference->id, state->id, sizeof(reference->id));
    reference->disk = state;
    reference->acts_left = -1;
    rng_seed(&reference->rng, rng_next(&world->rng));
    world->references[host] = reference;
    net_add_host(world->net, host, reference->ip, state->global.listen_port,
                 &reference_handler, reference);
    return reference;
}

static void stop(struct reference *reference)
{
    reference_unload(reference);
    while (reference->conns != NULL)
        reference_conn_close(reference->conns);
    reference->running = false;
    reference->paused = false;
    reference->dying = false;
    reference->acts_left = -1;
    reference->life++;
}

void reference_free(struct reference *reference)
{
    if (reference == NULL)
        return;
    stop(reference);
    state_free(reference->disk);
    free(reference);
}

const char *reference_name(const struct reference *reference)
{
    return reference->name;
}

const char *reference_id(const struct reference *reference)
{
    return reference->id;
}

const struct state *reference_disk(const struct reference *reference)
{
    return reference->disk;
}

bool reference_runs(const struct reference *reference)
{
    return reference->running;
}

bool reference_is_paused(const struct reference *reference)
{
    return reference->paused;
}

int64_t reference_now_ms(const struct reference *reference)
{
    return WALL_CLOCK_MS + (int64_t)world_now_ms(reference->world);
}

bool reference_may_act(struct reference *reference)
{
    if (reference->acts_left == 0)
        reference->dying = true;
    else if (reference->acts_left > 0)
        reference->acts_left--;
    return !reference->dying;
}

void reference_dispute(struct reference_master *master, uint64_t epoch)
{
    master->reference->disputed = true;
    checker_reference_disputes(master->reference->world->checker, master->group,
                               epoch);
}

void reference_settle(struct reference *reference)
{
    if (reference->dying)
        reference_kill(reference);
}

/* ---- The tick ---- */

static void check_tilt(struct reference *reference)
{
    int64_t now_ms = reference_now_ms(reference);

    if (now_ms - reference->tick_ms > TILT_TRIGGER_MS) {
        reference->tilt = true;
        reference->tilt_ms = now_ms;
        reference_notice(reference, "+tilt", NULL, "#tilt mode entered");
    }
    reference->tick_ms = now_ms;
}

static bool is_due(int64_t now_ms, int64_t last_ms, int64_t period_ms)
{
    return now_ms - last_ms > period_ms;
}

static int64_t info_period_ms(const struct reference_instance *instance)
{
    bool hurry = (instance->flags & FLAG_REPLICA) != 0 &&
                 ((instance->master->self.flags &
                   (FLAG_ODOWN | FLAG_FAILOVER)) != 0 ||
                  instance->link_down_ms != 0);

    return hurry ? REFERENCE_PING_PERIOD_MS : REFERENCE_INFO_PERIOD_MS;
}

static void send_periodic(struct reference_instance *instance)
{
    const struct reference *reference = instance->master->reference;
    int64_t now_ms = reference_now_ms(reference);
    int64_t ping_ms = reference_down_after_ms(reference);
    static const char *const info[] = {"INFO"};

    if (reference_is_disconnected(instance) || instance->pending >= 100)
        return;
    if (ping_ms > REFERENCE_PING_PERIOD_MS)
        ping_ms = REFERENCE_PING_PERIOD_MS;
    if ((instance->flags & FLAG_SENTINEL) == 0 &&
        (instance->info_ms == 0 ||
         is_due(now_ms, instance->info_ms, info_period_ms(instance))))
        reference_send(instance, REFERENCE_INFO, info, 1);
    if (is_due(now_ms, instance->last_pong_ms, ping_ms) &&
        is_due(now_ms, instance->last_ping_ms, ping_ms / 2))
        reference_ping(instance);
    if (is_due(now_ms, instance->published_ms, REFERENCE_PUBLISH_PERIOD_MS))
        reference_send_hello(instance);
}

/* Whether decisions may follow. */
static bool handle(struct reference_instance *instance)
{
    struct reference *reference = instance->master->reference;

    reference_reconnect(instance);
    send_periodic(instance);
    if (reference->tilt) {
        if (reference_now_ms(reference) - reference->tilt_ms < TILT_PERIOD_MS)
            return false;
        reference->tilt = false;
        reference_notice(reference, "-tilt", NULL, "#tilt mode exited");
    }
    reference_close_stale(instance);
    reference_check_sdown(instance);
    return true;
}

static void handle_master(struct reference_master *master)
{
    if (handle(&master->self)) {
        reference_check_odown(master);
        if (reference_start_failover_if_needed(master))
            reference_ask_all(master, true);
        reference_step_failover(master);
        reference_ask_all(master, false);
    }
    for (struct reference_instance *i = master->replicas; i != NULL;
         i = i->next)
        (void)handle(i);
    for (struct reference_instance *i = master->sentinels; i != NULL;
         i = i->next)
        (void)handle(i);
}

static void switch_to_promoted(struct reference_master *master)
{
    char text[200];
    char ip[40];
    int port = master->promoted->port;

    snprintf(ip, sizeof(ip), "%s", master->promoted->ip);
    snprintf(text, sizeof(text), "%s %s %d %s %d", master->name,
             master->self.ip, master->self.port, ip, port);
    reference_notice(master->reference, "+switch-master", NULL, text);
    reference_change_address(master, ip, port);
}

static void tick(void *object, uint64_t life);

/* The frequency is drawn anew each time, so that seats fall out of step. */
static void plan_tick(struct reference *reference)
{
    uint64_t period_ms = 1000 / (LEAST_HZ + rng_between(&reference->rng, 0, 9));

    queue_add(&reference->world->queue,
              reference->world->now_us + period_ms * 1000 +
                  rng_between(&reference->rng, 0, 900),
              tick, reference, reference->life);
}

static void tick(void *object, uint64_t life)
{
    struct reference *reference = object;
    struct reference_master *done = NULL;

    if (life != reference->life || !reference->running)
        return;
    plan_tick(reference);
    if (reference->paused)
        return;
    check_tilt(reference);
    for (int i = 0; i < reference->world->options.masters; i++) {
        handle_master(&reference->masters[i]);
        if (reference->masters[i].state == REFERENCE_UPDATE_CONFIG)
            done = &reference->masters[i];
    }
    if (done != NULL) /* one a tick */
        switch_to_promoted(done);
    reference_settle(reference);
}

/* ---- Life ---- */

void reference_start(struct reference *reference)
{
    struct world *world = reference->world;
    char quorum[32];

    if (reference->running)
        return;
    trace_add(world->trace, world_now_ms(world), reference->name, "started",
              "");
    reference->running = true;
    reference->tilt = false;
    reference->tick_ms = reference_now_ms(reference);
    reference_load(reference);
    net_listen(world->net, reference->host, true);
    snprintf(quorum, sizeof(quorum), "quorum %d", world->options.quorum);
    for (int i = 0; i < world->options.masters; i++)
        reference_notice(reference, "+monitor", &reference->masters[i].self,
                         quorum);
    plan_tick(reference);
}

void reference_kill(struct reference *reference)
{
    struct world *world = reference->world;

    if (!reference->running)
        return;
    trace_add(world->trace, world_now_ms(world), reference->name, "killed", "");
    net_listen(world->net, reference->host, false);
    stop(reference);
}

void reference_kill_after(struct reference *reference, int64_t count)
{
    reference->acts_left = count;
}

void reference_pause(struct reference *reference)
{
    reference->paused = reference->running;
}

void reference_resume(struct reference *reference)
{
    if (!reference->paused)
        return;
    reference->paused = false;
    reference_conns_run(reference);
    reference_settle(reference);
}

/* ---- Orders ---- */

static struct reference_master *find_master(struct reference *reference,
                                            const char *name)
{
    for (int i = 0; i < reference->world->options.masters; i++)
        if (strcmp(reference->masters[i].name, name) == 0)
            return &reference->masters[i];
    return NULL;
}

const char *reference_failover(struct reference *reference, const char *name)
{
    struct reference_master *master = find_master(reference, name);

    assert(reference->running && !reference->paused);
    if (master == NULL)
        return "-ERR No such master with that name";
    if ((master->self.flags & FLAG_FAILOVER) != 0)
        return "-INPROG Failover already in progress";
    if (reference_select(master) == NULL)
        return "-NOGOODSLAVE No suitable replica to promote";
    reference_start_failover(master);
    master->self.flags |= FLAG_FORCE_FAILOVER;
    reference_settle(reference);
    return "+OK";
}

const char *reference_reset(struct reference *reference, const char *pattern)
{
    static char answer[16];
    int count = 0;

    assert(reference->running && !reference->paused);
    for (int i = 0; i < reference->world->options.masters; i++) {
        struct reference_master *master = &reference->masters[i];

        if (!glob_match_text(pattern, master->name, false))
            continue;
        reference_forget(master, true);
        reference_notice(reference, "+reset-master", &master->self, "");
        count++;
    }
    reference_settle(reference);
    snprintf(answer, sizeof(answer), ":%d", count);
    return answer;
}

/* ---- Looking ---- */

int reference_master_host(const struct reference *reference, int group)
{
    return net_find(reference->world->net,
                    reference_current(&reference->masters[group])->ip);
}

bool reference_has_disputed(const struct reference *reference)
{
    return reference->disputed;
}

unsigned reference_flags(const struct reference *reference, int group)
{
    return reference->masters[group].self.flags;
}
