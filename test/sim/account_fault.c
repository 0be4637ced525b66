/* The kinds of fault of which account is kept, each as an operator would tell
 * it. After each the world is healed. */
#include "account_fault.h"

#include "operator.h"

#include <stdlib.h>
#include <string.h>

#define CUT_OFF(trial, ...)                          \
    trial_cut_off(trial, (const int[]){__VA_ARGS__}, \
                  sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static void wait_long(struct trial *trial)
{
    trial_run(trial, 15000, 25000);
}

static int master_of(struct trial *trial)
{
    return sentinel_master(trial->world, S1, 0);
}

/* ---- The master ---- */

static void nothing(struct trial *trial)
{
    wait_long(trial);
}

static void kill_master(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    wait_long(trial);
}

static void hang_master(struct trial *trial)
{
    redis_hang(trial->world, MASTER);
    wait_long(trial);
}

/* Connections do not end, they fall silent. */
static void lose_host(struct trial *trial)
{
    CUT_OFF(trial, MASTER);
    redis_stop(trial->world, MASTER);
    wait_long(trial);
}

static void slow_master(struct trial *trial)
{
    redis_slow(trial->world, MASTER, trial_draw(trial, 50, 400));
    wait_long(trial);
}

static void very_slow_master(struct trial *trial)
{
    redis_slow(trial->world, MASTER, trial_draw(trial, 1500, 4000));
    wait_long(trial);
}

static void disk_of_master_full(struct trial *trial)
{
    redis_at(trial->world, MASTER)->cannot_save = true;
    wait_long(trial);
}

static void restart(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    trial_run(trial, 100, 700);
    redis_start(trial->world, MASTER);
    wait_long(trial);
}

static void restart_loading(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    trial_run(trial, 100, 700);
    redis_start(trial->world, MASTER);
    redis_load_for(trial->world, MASTER, trial_draw(trial, 2000, 8000));
    wait_long(trial);
}

static void restart_empty(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    trial_run(trial, 100, 700);
    redis_start_empty(trial->world, MASTER);
    wait_long(trial);
}

/* For longer than it takes to connect, and the protection's period. */
static void restart_empty_loading(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    trial_run(trial, 100, 700);
    redis_start_empty(trial->world, MASTER);
    redis_load_for(trial->world, MASTER, trial_draw(trial, 3000, 20000));
    wait_long(trial);
}

static void shut_down(struct trial *trial)
{
    redis_shutdown(trial->world, MASTER);
    wait_long(trial);
}

static void shut_down_and_start(struct trial *trial)
{
    redis_shutdown(trial->world, MASTER);
    trial_run(trial, 100, 700);
    redis_start(trial->world, MASTER);
    wait_long(trial);
}

/* It comes back as a master, and is made a replica. */
static void come_back(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    trial_run(trial, 3000, 8000);
    redis_start(trial->world, MASTER);
    wait_long(trial);
}

static void cascade(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    wait_long(trial);
    redis_stop(trial->world, master_of(trial));
    wait_long(trial);
}

static void cascade_with_return(struct trial *trial)
{
    redis_stop(trial->world, MASTER);
    wait_long(trial);
    redis_start(trial->world, MASTER);
    wait_long(trial);
    redis_stop(trial->world, master_of(trial));
    wait_long(trial);
}

/* Its role is not saved: it comes back as a replica of the old master. */
static void promoted_restarts(struct trial *trial)
{
    int host;

    for (int i = 0; i <= trial->world->options.replicas; i++)
        redis_at(trial->world, REDIS(0, i))->rewrite_fails = true;
    redis_stop(trial->world, MASTER);
    wait_long(trial);
    host = master_of(trial);
    redis_stop(trial->world, host);
    trial_run(trial, 100, 700);
    redis_start(trial->world, host);
}

static void promoted_restarts_old_is_gone(struct trial *trial)
{
    promoted_restarts(trial);
    trial_run(trial, 40000, 50000);
}

static void promoted_restarts_old_returns(struct trial *trial)
{
    promoted_restarts(trial);
    trial_run(trial, 1000, 10000);
    redis_start(trial->world, MASTER);
    wait_long(trial);
}

/* A replica gets its address, and it that of the replica. */
static void addresses_exchanged(struct trial *trial)
{
    redis_exchange(trial->world, MASTER, REPLICA_1);
    trial_run(trial, 40000, 50000);
}

static void password_changed(struct trial *trial)
{
    redis_set_password(trial->world, MASTER, "another");
    wait_long(trial);
}

/* ---- The network ---- */

static void master_cannot_send(struct trial *trial)
{
    for (int other = 0; other < NET_HOSTS; other++)
        if (other != MASTER)
            net_cut_one_way(trial->world, MASTER, other);
    wait_long(trial);
}

static void master_cannot_receive(struct trial *trial)
{
    for (int other = 0; other < NET_HOSTS; other++)
        if (other != MASTER)
            net_cut_one_way(trial->world, other, MASTER);
    wait_long(trial);
}

static void master_alone(struct trial *trial)
{
    CUT_OFF(trial, MASTER);
    wait_long(trial);
}

static void master_with_clients(struct trial *trial)
{
    CUT_OFF(trial, MASTER, CLIENT(1), CLIENT(2), CLIENT(3));
    wait_long(trial);
}

/* A sentinel and one of the clients are on its side. */
static void master_with_minority(struct trial *trial)
{
    CUT_OFF(trial, MASTER, S1, CLIENT(1));
    wait_long(trial);
}

static void master_without_sentinels(struct trial *trial)
{
    for (int i = 1; i <= trial->world->options.sentinels; i++)
        net_cut(trial->world, MASTER, SENTINEL(i));
    wait_long(trial);
}

static void master_without_replicas(struct trial *trial)
{
    for (int i = 1; i <= trial->world->options.replicas; i++)
        net_cut(trial->world, MASTER, REDIS(0, i));
    wait_long(trial);
}

static void sentinel_alone(struct trial *trial)
{
    CUT_OFF(trial, S1);
    wait_long(trial);
}

/* ---- Orders ---- */

static void failover_by_order(struct trial *trial)
{
    (void)sentinel_failover(trial->world, S1, "mymaster");
    wait_long(trial);
}

static void handover(struct trial *trial)
{
    (void)sentinel_coordinate(trial->world, S1, "mymaster");
    wait_long(trial);
}

static void handover_leader_dies(struct trial *trial)
{
    (void)sentinel_coordinate(trial->world, S1, "mymaster");
    trial_run(trial, 0, 2500);
    sentinel_crash(trial->world, S1);
    wait_long(trial);
}

static void handover_target_dies(struct trial *trial)
{
    (void)sentinel_coordinate(trial->world, S1, "mymaster");
    trial_run(trial, 0, 900);
    for (int i = 1; i <= trial->world->options.replicas; i++)
        redis_stop(trial->world, REDIS(0, i));
    wait_long(trial);
}

static void handover_target_cut_off(struct trial *trial)
{
    (void)sentinel_coordinate(trial->world, S1, "mymaster");
    trial_run(trial, 0, 900);
    for (int i = 1; i <= trial->world->options.replicas; i++)
        net_cut(trial->world, MASTER, REDIS(0, i));
    wait_long(trial);
}

static void handover_refused(struct trial *trial)
{
    redis_at(trial->world, MASTER)->acl_no_change = true;
    (void)sentinel_coordinate(trial->world, S1, "mymaster");
    wait_long(trial);
    redis_at(trial->world, MASTER)->acl_no_change = false;
}

/* ---- Replicas and sentinels ---- */

static void kill_replica(struct trial *trial)
{
    redis_stop(trial->world, REPLICA_1);
    wait_long(trial);
}

static void hang_replica(struct trial *trial)
{
    redis_hang(trial->world, REPLICA_1);
    wait_long(trial);
}

static void crash_sentinel(struct trial *trial)
{
    sentinel_crash(trial->world, S1);
    wait_long(trial);
}

static void crash_sentinels(struct trial *trial)
{
    for (int i = 1; i <= trial->world->options.sentinels; i++)
        sentinel_crash(trial->world, SENTINEL(i));
    wait_long(trial);
}

static void pause_sentinels(struct trial *trial)
{
    for (int i = 1; i <= trial->world->options.sentinels; i++)
        sentinel_pause(trial->world, SENTINEL(i));
    trial_run(trial, 2500, 10000);
    for (int i = 1; i <= trial->world->options.sentinels; i++)
        sentinel_resume(trial->world, SENTINEL(i));
    wait_long(trial);
}

static void leader_dies(struct trial *trial)
{
    const char *leader;

    redis_stop(trial->world, MASTER);
    leader = world_who(trial->world, "+elected-leader");
    trial_run(trial, 0, 100);
    sentinel_crash(trial->world, world_host(leader));
    wait_long(trial);
}

static void disks_stall(struct trial *trial)
{
    trial->world->options.disk_max_us = 8000000;
    redis_stop(trial->world, MASTER);
    wait_long(trial);
}

static void disk_of_sentinel_fails(struct trial *trial)
{
    disk_fail(trial->world, S1);
    redis_stop(trial->world, MASTER);
    wait_long(trial);
}

/* ---- The table ---- */

#define WRITES_KEPT .lossless = true
#define MIN_REPLICAS .min_replicas = 1 /* their lag: at most 2 s */
#define REBOOT_PROTECTION .reboot_down_after_ms = 1500
#define SAVED_EACH_SECOND .save_interval_ms = 1000
#define FAULT(title, function, ...)                     \
    {                                                   \
        .name = (title), .run = (function), __VA_ARGS__ \
    }

static const struct fault faults[] = {
    FAULT("none", nothing, WRITES_KEPT),
    FAULT("master killed", kill_master),
    FAULT("master killed, comes back after the failover", come_back),
    FAULT("master killed, then the next one", cascade),
    FAULT("master killed, returns, then the next one", cascade_with_return),
    FAULT("master and leader killed", leader_dies),
    FAULT("master killed, disks of sentinels stall", disks_stall),
    FAULT("master killed, disk of a sentinel fails", disk_of_sentinel_fails),
    FAULT("master stopped (SIGSTOP)", hang_master),
    FAULT("host of the master gone", lose_host),
    FAULT("master slow, within down-after", slow_master, WRITES_KEPT),
    FAULT("master slow, beyond down-after", very_slow_master),
    FAULT("master cannot save, refuses PING", disk_of_master_full),
    FAULT("master restarts inside down-after", restart),
    FAULT("master restarts, LOADING for long", restart_loading),
    FAULT("master restarts, saved each second", restart, SAVED_EACH_SECOND),
    FAULT("master restarts empty", restart_empty),
    FAULT("master restarts empty, protected", restart_empty, REBOOT_PROTECTION),
    FAULT("master restarts empty, LOADING", restart_empty_loading),
    FAULT("master restarts empty, LOADING, protected", restart_empty_loading,
          WRITES_KEPT, REBOOT_PROTECTION),
    FAULT("SHUTDOWN of the master", shut_down, WRITES_KEPT),
    FAULT("SHUTDOWN and start inside down-after", shut_down_and_start),
    FAULT("promoted restarts, role not saved, old one gone",
          promoted_restarts_old_is_gone),
    FAULT("promoted restarts, role not saved, old one back",
          promoted_restarts_old_returns),
    FAULT("addresses of master and replica exchanged", addresses_exchanged),
    FAULT("password of the master changed", password_changed),
    FAULT("master cannot send", master_cannot_send),
    FAULT("master cannot receive", master_cannot_receive),
    FAULT("master cut off", master_alone),
    FAULT("master and clients cut off", master_with_clients),
    FAULT("master and clients cut off, min-replicas", master_with_clients,
          MIN_REPLICAS),
    FAULT("master, sentinel, client cut off", master_with_minority),
    FAULT("master, sentinel, client cut off, min-replicas",
          master_with_minority, MIN_REPLICAS),
    FAULT("master cut off from sentinels", master_without_sentinels),
    FAULT("master cut off from sentinels, min-replicas",
          master_without_sentinels, MIN_REPLICAS),
    FAULT("master cut off from replicas", master_without_replicas, WRITES_KEPT),
    FAULT("one sentinel cut off", sentinel_alone, WRITES_KEPT),
    FAULT("SENTINEL FAILOVER", failover_by_order),
    FAULT("FAILOVER COORDINATED", handover, WRITES_KEPT),
    FAULT("FAILOVER COORDINATED, leader killed", handover_leader_dies,
          WRITES_KEPT),
    FAULT("FAILOVER COORDINATED, replicas killed", handover_target_dies,
          WRITES_KEPT),
    FAULT("FAILOVER COORDINATED, replicas cut off", handover_target_cut_off,
          WRITES_KEPT),
    FAULT("FAILOVER COORDINATED, refused", handover_refused, WRITES_KEPT),
    FAULT("replica killed", kill_replica, WRITES_KEPT),
    FAULT("replica stopped", hang_replica, WRITES_KEPT),
    FAULT("sentinel killed", crash_sentinel, WRITES_KEPT),
    FAULT("all sentinels killed", crash_sentinels, WRITES_KEPT),
    FAULT("all sentinels stopped for some seconds", pause_sentinels,
          WRITES_KEPT),
};

size_t account_kinds(void)
{
    return sizeof(faults) / sizeof(faults[0]);
}

const char *account_kind(size_t kind)
{
    return faults[kind].name;
}

const struct fault *fault_find(const char *name)
{
    for (size_t i = 0; i < account_kinds(); i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    abort();
}
