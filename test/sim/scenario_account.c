/* Scenarios: what servers hold, and which acknowledged writes are lost. */
#include "account.h"
#include "operator.h"
#include "suites.h"

#include <string.h>

#define LATENCY_MS 4         /* more than any trial draws */
#define MIN_REPLICAS_MS 3100 /* the lag, and the period of reports */
#define CONVERT_MS 8000      /* an old master that returns is left alone */

static struct world *ready(uint64_t down_after_ms)
{
    return world_ready((struct world_options){
        .down_after_ms = (int64_t)down_after_ms, .failover_timeout_ms = 10000});
}

static struct write write_to(struct world *w, int host)
{
    struct write write = {0};

    ck_assert_int_eq(redis_write(redis_at(w, host), S1, &write), WRITE_DONE);
    return write;
}

static bool holds(struct world *w, int host, const struct write *write)
{
    return redis_holds(redis_at(w, host), write);
}

static int other_replica(int promoted)
{
    return promoted == REPLICA_1 ? REPLICA_2 : REPLICA_1;
}

/* ---- What servers hold ---- */

START_TEST(a_write_reaches_the_replicas_one_latency_later)
{
    struct world *w = ready(1000);
    struct write write = write_to(w, MASTER);

    ck_assert(holds(w, MASTER, &write));
    ck_assert(!holds(w, REPLICA_1, &write));
    world_run_for(w, 2);
    ck_assert(holds(w, REPLICA_1, &write));
    ck_assert(holds(w, REPLICA_2, &write));
    world_free(w);
}
END_TEST

START_TEST(a_demoted_master_drops_what_only_it_has)
{
    struct world *w = ready(1000);
    struct write kept = write_to(w, MASTER);
    struct write lost;
    int promoted;

    world_run_for(w, 2);
    net_cut(w, MASTER, REPLICA_1);
    net_cut(w, MASTER, REPLICA_2);
    lost = write_to(w, MASTER);
    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master *\n");
    promoted = sentinel_master(w, S1, 0);
    net_heal(w);
    redis_start(w, MASTER);
    ck_assert(holds(w, MASTER, &lost));
    expect(w, "* * +convert-to-slave slave 10.0.0.1:6379 *\n");
    world_run_for(w, 1000);
    ck_assert(redis_at(w, MASTER)->link_up);
    ck_assert(holds(w, MASTER, &kept));
    ck_assert(!holds(w, MASTER, &lost));
    ck_assert(holds(w, promoted, &kept));
    ck_assert(!holds(w, promoted, &lost));
    world_free(w);
}
END_TEST

/* Compares by offset alone: the same offset in another branch is another
 * write. */
START_TEST(an_offset_of_another_branch_is_another_write)
{
    struct world *w = ready(1000);
    struct write old;
    struct write new;
    int promoted;

    net_cut(w, MASTER, REPLICA_1);
    net_cut(w, MASTER, REPLICA_2);
    old = write_to(w, MASTER);
    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master *\n");
    promoted = sentinel_master(w, S1, 0);
    do
        new = write_to(w, promoted);
    while (new.offset < old.offset);
    ck_assert_uint_ne(new.branch, old.branch);
    ck_assert_uint_ge(redis_at(w, promoted)->offset, old.offset);
    ck_assert(!holds(w, promoted, &old));
    ck_assert(holds(w, promoted, &new));
    world_free(w);
}
END_TEST

START_TEST(replicas_go_on_where_they_were_after_a_failover)
{
    struct world *w = ready(1000);
    char before[41];
    const struct redis *promoted;
    const struct redis *other;
    uint64_t full_syncs;

    memcpy(before, redis_at(w, MASTER)->replid, sizeof(before));
    ck_assert_str_eq(redis_at(w, REPLICA_1)->replid, before);
    redis_stop(w, MASTER);
    full_syncs = redis_at(w, REPLICA_1)->full_syncs;
    expect(w, "* s1 +switch-master *\n");
    world_run_for(w, 1000);
    promoted = redis_at(w, sentinel_master(w, S1, 0));
    other = redis_at(w, other_replica(promoted->host));
    ck_assert_str_eq(promoted->replid2, before);
    ck_assert_str_ne(promoted->replid, before);
    ck_assert_str_eq(other->replid, promoted->replid);
    ck_assert_uint_eq(other->full_syncs, full_syncs);
    ck_assert_uint_eq(other->partial_syncs, 1);
    ck_assert_int_gt(promoted->second_offset, 1000);
    ck_assert_int_le(promoted->second_offset, (int64_t)promoted->offset + 1);
    world_free(w);
}
END_TEST

START_TEST(info_shows_the_branch)
{
    struct world *w = ready(1000);
    struct redis *replica = redis_at(w, REPLICA_1);
    char line[80];
    char *text;

    redis_replicaof(w, REPLICA_1, NONE);
    text = redis_info(replica);
    snprintf(line, sizeof(line), "\r\nmaster_replid:%s\r\n", replica->replid);
    ck_assert_ptr_nonnull(strstr(text, line));
    snprintf(line, sizeof(line), "\r\nmaster_replid2:%s\r\n",
             redis_at(w, MASTER)->replid);
    ck_assert_ptr_nonnull(strstr(text, line));
    snprintf(line, sizeof(line), "\r\nsecond_repl_offset:%d\r\n",
             (int)replica->offset + 1);
    ck_assert_ptr_nonnull(strstr(text, line));
    free(text);
    world_free(w);
}
END_TEST

START_TEST(a_kill_leaves_what_was_saved)
{
    struct world *w = ready(30000);
    struct redis *master = redis_at(w, MASTER);
    struct write saved = write_to(w, MASTER);
    struct write unsaved;

    master->save_interval_ms = 1000;
    world_run_for(w, 1200);
    world_run_for(w, 1000 - (world_now_ms(w) - master->saved_ms) + 200);
    unsaved = write_to(w, MASTER);
    redis_stop(w, MASTER);
    redis_start(w, MASTER);
    ck_assert(holds(w, MASTER, &saved));
    ck_assert(!holds(w, MASTER, &unsaved));
    /* The replicas are ahead of it, and have to take what it has. */
    world_run_for(w, 1000);
    ck_assert(redis_at(w, REPLICA_1)->link_up);
    ck_assert(!holds(w, REPLICA_1, &unsaved));
    world_free(w);
}
END_TEST

START_TEST(a_shutdown_leaves_all)
{
    struct world *w = ready(1000);
    struct write last;

    redis_at(w, MASTER)->save_interval_ms = 60000;
    last = write_to(w, MASTER);
    redis_shutdown(w, MASTER);
    ck_assert(holds(w, REPLICA_1, &last));
    ck_assert(holds(w, REPLICA_2, &last));
    redis_start(w, MASTER);
    ck_assert(holds(w, MASTER, &last));
    world_free(w);
}
END_TEST

START_TEST(too_few_replicas_stop_the_writes)
{
    struct world *w = ready(30000);
    struct redis *master = redis_at(w, MASTER);
    struct write write;

    master->min_replicas = 1;
    master->min_replicas_max_lag_ms = 2000;
    (void)write_to(w, MASTER);
    net_cut(w, MASTER, REPLICA_1);
    net_cut(w, MASTER, REPLICA_2);
    world_run_for(w, 500);
    (void)write_to(w, MASTER);
    world_run_for(w, MIN_REPLICAS_MS - 500);
    ck_assert_int_eq(redis_write(master, S1, &write), WRITE_REFUSED);
    net_heal(w);
    world_run_for(w, 1500);
    (void)write_to(w, MASTER);
    /* One that ends is seen to end. */
    redis_stop(w, REPLICA_1);
    redis_stop(w, REPLICA_2);
    ck_assert_int_eq(redis_write(master, S1, &write), WRITE_REFUSED);
    world_free(w);
}
END_TEST

/* ---- Faults of servers ---- */

START_TEST(out_of_memory_is_no_reason_for_a_failover)
{
    struct world *w = ready(1000);
    struct write write;

    redis_at(w, MASTER)->out_of_memory = true;
    world_run_for(w, 10000);
    ck_assert_int_eq(redis_write(redis_at(w, MASTER), S1, &write),
                     WRITE_REFUSED);
    expect_none(w, "* * +sdown *\n");
    world_free(w);
}
END_TEST

START_TEST(a_master_that_cannot_save_is_replaced)
{
    struct world *w = ready(1000);

    redis_at(w, MASTER)->cannot_save = true;
    expect(w, "* * log PING refused by mymaster 10.0.0.1:6379: MISCONF *\n");
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

/* From half of down-after on a link with a PING on its way is made anew, and
 * that PING is not forgotten: as in Redis. */
START_TEST(a_slow_master_is_down_only_when_it_is_very_slow)
{
    struct world *w = ready(1000);

    redis_slow(w, MASTER, 400);
    world_run_for(w, 30000);
    expect_none(w, "* * +sdown *\n");
    redis_slow(w, MASTER, 1500);
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_password_that_is_put_back_brings_the_replica_back)
{
    struct world *w = ready(1000);

    redis_set_password(w, REPLICA_1, "another");
    expect(w, "* s1 log PING refused by 10.0.0.2:6379 10.0.0.2:6379: NOAUTH *\n"
              "* s1 +sdown slave 10.0.0.2:6379 *\n");
    redis_set_password(w, REPLICA_1, NULL);
    expect(w, "* s1 -sdown slave 10.0.0.2:6379 *\n");
    expect_none(w, "* * +odown *\n");
    world_free(w);
}
END_TEST

START_TEST(a_master_that_moves_away_is_replaced)
{
    struct world *w = ready(1000);
    struct write write = write_to(w, MASTER);
    int moved = REDIS(0, 5);

    world_run_for(w, 2);
    redis_move(w, MASTER, moved);
    ck_assert(holds(w, moved, &write));
    ck_assert(redis_is_master(redis_at(w, moved)));
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    ck_assert_int_ne(sentinel_master(w, S1, 0), moved);
    ck_assert(holds(w, sentinel_master(w, S1, 0), &write));
    world_free(w);
}
END_TEST

/* Its replicas have had no master for longer than a replica is good, when it
 * counts as down: for that it has said so for 20 s. */
START_TEST(a_promoted_server_that_forgot_its_role_is_replaced)
{
    struct world *w = ready(1000);
    char line[80];
    int host;

    for (int i = 0; i <= 2; i++)
        redis_at(w, REDIS(0, i))->rewrite_fails = true;
    redis_stop(w, MASTER);
    expect(w, "* s1 +switch-master mymaster 10.0.0.1 6379 * 6379\n");
    host = sentinel_master(w, S1, 0);
    world_run_for(w, 3000);
    world_mark(w);
    redis_stop(w, host);
    world_run_for(w, 200);
    redis_start(w, host);
    ck_assert(!redis_is_master(redis_at(w, host)));
    snprintf(line, sizeof(line), "* s1 +switch-master mymaster %s 6379 *\n",
             redis_at(w, host)->ip);
    expect(w, line);
    ck_assert(redis_is_master(redis_at(w, other_replica(host))));
    expect_none(w, "* * -failover-abort-no-good-slave *\n");
    world_free(w);
}
END_TEST

/* Seen at once, not with the next INFO of the ordinary period. */
START_TEST(a_restart_is_seen_at_once_where_it_protects)
{
    struct world *w = world_ready((struct world_options){
        .down_after_ms = 1000, .reboot_down_after_ms = 1500});
    struct write write = write_to(w, MASTER);

    world_run_for(w, 9000);
    redis_stop(w, MASTER);
    world_run_for(w, 200);
    redis_start_empty(w, MASTER);
    redis_load_for(w, MASTER, 4000);
    expect_within(w, 1200, "* s1 +reboot master mymaster 10.0.0.1 6379\n");
    expect_within(w, 3000, "* s1 +switch-master mymaster 10.0.0.1 6379 *\n");
    world_run_for(w, 15000);
    ck_assert(holds(w, sentinel_master(w, S1, 0), &write));
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    ck_assert(holds(w, MASTER, &write));
    world_free(w);
}
END_TEST

/* ---- Trials: see account_fault.c ---- */

static void expect_window(const char *kind, uint64_t seed, uint64_t limit_ms)
{
    struct account_sum sum = account_trial(kind, seed);

    ck_assert_msg(sum.last_lost_ms - sum.first_lost_ms <= limit_ms,
                  "%s: writes of %u ms were lost", account_description(),
                  (unsigned)(sum.last_lost_ms - sum.first_lost_ms));
}

START_TEST(a_crash_loses_only_what_was_on_its_way)
{
    uint64_t seed = (uint64_t)_i + 1;

    expect_window("master killed", seed, LATENCY_MS);
    expect_window("host of the master gone", seed, LATENCY_MS);
    expect_window("master cut off", seed, LATENCY_MS);
    expect_window("master stopped (SIGSTOP)", seed, LATENCY_MS);
    expect_window("master and leader killed", seed, LATENCY_MS);
}
END_TEST

START_TEST(a_failover_by_order_loses_only_what_was_on_its_way)
{
    expect_window("SENTINEL FAILOVER", (uint64_t)_i + 1, 4 * LATENCY_MS);
}
END_TEST

START_TEST(a_handover_loses_nothing)
{
    uint64_t seed = (uint64_t)_i + 1;

    (void)account_trial("FAILOVER COORDINATED", seed);
    (void)account_trial("FAILOVER COORDINATED, leader killed", seed);
    (void)account_trial("FAILOVER COORDINATED, replicas killed", seed);
    (void)account_trial("FAILOVER COORDINATED, replicas cut off", seed);
    (void)account_trial("FAILOVER COORDINATED, refused", seed);
}
END_TEST

/* Nobody can tell clients that are alone with a master; this one stops. */
START_TEST(min_replicas_bound_the_loss_in_a_partition)
{
    uint64_t seed = (uint64_t)_i + 1;
    struct account_sum sum = account_trial("master and clients cut off", seed);

    ck_assert_uint_gt(sum.last_lost_ms - sum.first_lost_ms, CONVERT_MS);
    expect_window("master and clients cut off, min-replicas", seed,
                  MIN_REPLICAS_MS);
    expect_window("master, sentinel, client cut off, min-replicas", seed,
                  MIN_REPLICAS_MS);
    expect_window("master cut off from sentinels, min-replicas", seed,
                  MIN_REPLICAS_MS);
}
END_TEST

/* A limit of the protocol: the replicas take the emptiness over before
 * anybody can know of the restart. */
START_TEST(a_master_that_comes_back_empty_wipes_its_replicas)
{
    uint64_t seed = (uint64_t)_i + 1;
    struct account_sum sum = account_trial("master restarts empty", seed);

    /* From the first write on. */
    ck_assert_uint_gt(sum.last_lost_ms - sum.first_lost_ms, 3500);
    sum = account_trial("master restarts empty, LOADING", seed);
    ck_assert_uint_gt(sum.lost, 0);
}
END_TEST

START_TEST(reboot_protection_saves_the_data_while_the_master_loads)
{
    struct account_sum sum = account_trial(
        "master restarts empty, LOADING, protected", (uint64_t)_i + 1);

    ck_assert_uint_eq(sum.lost, 0);
}
END_TEST

START_TEST(a_power_loss_costs_what_was_not_saved)
{
    expect_window("master restarts, saved each second", (uint64_t)_i + 1, 1200);
}
END_TEST

START_TEST(a_trial_replays_exactly)
{
    for (size_t kind = 0; kind < account_kinds(); kind++) {
        struct account_sum first = account_trial(account_kind(kind), 7);
        struct account_sum second = account_trial(account_kind(kind), 7);

        ck_assert_uint_eq(first.acknowledged, second.acknowledged);
        ck_assert_uint_eq(first.lost, second.lost);
        ck_assert_uint_eq(first.gap_begin_ms, second.gap_begin_ms);
        ck_assert_uint_eq(first.gap_ms, second.gap_ms);
    }
}
END_TEST

static void add_servers(TCase *tcase)
{
    tcase_add_test(tcase, a_write_reaches_the_replicas_one_latency_later);
    tcase_add_test(tcase, a_demoted_master_drops_what_only_it_has);
    tcase_add_test(tcase, an_offset_of_another_branch_is_another_write);
    tcase_add_test(tcase, replicas_go_on_where_they_were_after_a_failover);
    tcase_add_test(tcase, info_shows_the_branch);
    tcase_add_test(tcase, a_kill_leaves_what_was_saved);
    tcase_add_test(tcase, a_shutdown_leaves_all);
    tcase_add_test(tcase, too_few_replicas_stop_the_writes);
    tcase_add_test(tcase, out_of_memory_is_no_reason_for_a_failover);
    tcase_add_test(tcase, a_master_that_cannot_save_is_replaced);
    tcase_add_test(tcase, a_slow_master_is_down_only_when_it_is_very_slow);
    tcase_add_test(tcase, a_password_that_is_put_back_brings_the_replica_back);
    tcase_add_test(tcase, a_master_that_moves_away_is_replaced);
    tcase_add_test(tcase, a_promoted_server_that_forgot_its_role_is_replaced);
    tcase_add_test(tcase, a_restart_is_seen_at_once_where_it_protects);
}

static void add_trials(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_crash_loses_only_what_was_on_its_way, 0, 10);
    tcase_add_loop_test(
        tcase, a_failover_by_order_loses_only_what_was_on_its_way, 0, 10);
    tcase_add_loop_test(tcase, a_handover_loses_nothing, 0, 10);
    tcase_add_loop_test(tcase, min_replicas_bound_the_loss_in_a_partition, 0,
                        5);
    tcase_add_loop_test(
        tcase, a_master_that_comes_back_empty_wipes_its_replicas, 0, 5);
    tcase_add_loop_test(
        tcase, reboot_protection_saves_the_data_while_the_master_loads, 0, 5);
    tcase_add_loop_test(tcase, a_power_loss_costs_what_was_not_saved, 0, 5);
    tcase_add_test(tcase, a_trial_replays_exactly);
}

Suite *suite_account(void)
{
    Suite *suite = suite_create("account");
    TCase *servers = tcase_create("servers");
    TCase *trials = tcase_create("trials");

    add_servers(servers);
    add_trials(trials);
    tcase_set_timeout(trials, 120);
    suite_add_tcase(suite, servers);
    suite_add_tcase(suite, trials);
    return suite;
}
