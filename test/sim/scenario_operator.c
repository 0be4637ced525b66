/* Scenarios: what operators order. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

#include <stdio.h>

START_TEST(manual_failover_needs_nobodys_consent)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    redis_at(w, REPLICA_1)->priority = 10;
    world_run_for(w, 11000);
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    expect(w,
           "* s1 +new-epoch 1\n"
           "* s1 +try-failover master mymaster 10.0.0.1 6379\n"
           "* s1 +elected-leader master mymaster 10.0.0.1 6379\n"
           "* s1 +failover-state-select-slave master mymaster 10.0.0.1 6379\n"
           "* s1 +selected-slave slave 10.0.0.2:6379 *\n"
           "* s1 +failover-state-send-slaveof-noone slave 10.0.0.2:6379 *\n"
           "* s1 +failover-state-wait-promotion slave 10.0.0.2:6379 *\n"
           "* s1 -role-change slave 10.0.0.2:6379 *\n"
           "* s1 +promoted-slave slave 10.0.0.2:6379 *\n"
           "* s1 +failover-state-reconf-slaves master mymaster *\n"
           "* s1 +slave-reconf-sent slave 10.0.0.3:6379 *\n"
           "* s1 +slave-reconf-inprog slave 10.0.0.3:6379 *\n"
           "* s1 +slave-reconf-done slave 10.0.0.3:6379 *\n"
           "* s1 +failover-end master mymaster 10.0.0.1 6379\n"
           "* s1 +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n");
    expect(w, "* s2 +config-update-from sentinel s1 10.1.0.1 26379 @ mymaster "
              "10.0.0.1 6379\n"
              "* s2 +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n");
    world_run_for(w, 30000);
    ck_assert(!redis_is_master(redis_at(w, MASTER)));
    ck_assert(redis_at(w, MASTER)->link_up);
    expect_none(w, "* * +sdown *\n* * +odown *\n");
    world_free(w);
}
END_TEST

START_TEST(two_failovers_at_once_are_refused)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    ck_assert_str_eq(sentinel_failover(w, S1, "nobody"),
                     "-ERR No such master with that name");
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"),
                     "-INPROG Failover already in progress");
    world_free(w);
}
END_TEST

/* Nobody votes for a failover by order, so two of them may take one epoch and
 * leave two opinions, which the epoch alone would never settle. */
START_TEST(two_manual_failovers_in_one_epoch_end_in_one_opinion)
{
    /* Both disks are as fast, or the slower one would learn of the other's. */
    struct world *w = world_ready(
        (struct world_options){.sentinels = 3,
                               .down_after_ms = 1000,
                               .disk_min_us = 500,
                               .disk_max_us = 500,
                               .seed = (uint64_t)_i + 1});
    int first;

    net_cut(w, S1, REPLICA_1);
    expect(w, "* s1 +sdown slave 10.0.0.2:6379 *\n");
    redis_at(w, REPLICA_1)->priority = 10;
    world_run_for(w, 11000);
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    ck_assert_str_eq(sentinel_failover(w, S2, "mymaster"), "+OK");
    expect(w, "* s1 +selected-slave slave 10.0.0.3:6379 *\n");
    expect(w, "* s2 +selected-slave slave 10.0.0.2:6379 *\n");
    net_heal(w);
    world_run_for(w, 120000);
    first = sentinel_master(w, S1, 0);
    ck_assert_int_eq(sentinel_master(w, S2, 0), first);
    ck_assert_int_eq(sentinel_master(w, S3, 0), first);
    for (int host = MASTER; host <= REPLICA_2; host++)
        ck_assert_int_eq(redis_is_master(redis_at(w, host)), host == first);
    world_free(w);
}
END_TEST

/* Files that disagree from the start: every sentinel names another server, all
 * of them in epoch 0. */
START_TEST(three_opinions_at_the_start_become_one)
{
    static const char *const named[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    struct world *w = world_ready((struct world_options){
        .sentinels = 3, .down_after_ms = 1000, .failover_timeout_ms = 10000});
    int first;

    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(sentinel_remove(w, SENTINEL(i + 1), "mymaster"),
                         "+OK");
        ck_assert_str_eq(sentinel_monitor(w, SENTINEL(i + 1), "mymaster",
                                          named[(i + _i) % 3], "6379", "2"),
                         "+OK");
    }
    world_run_for(w, 240000);
    first = sentinel_master(w, S1, 0);
    ck_assert_int_eq(sentinel_master(w, S2, 0), first);
    ck_assert_int_eq(sentinel_master(w, S3, 0), first);
    ck_assert(redis_is_master(redis_at(w, first)));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(redis_is_master(redis_at(w, REDIS(0, i))),
                         REDIS(0, i) == first);
    world_free(w);
}
END_TEST

/* How operators replace a master by another server: on one sentinel after the
 * other, while the rest still tell of the old one. */
START_TEST(a_master_can_be_monitored_elsewhere_one_sentinel_at_a_time)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 3, .masters = 2, .down_after_ms = 1000});
    char ip[16];

    world_ip(REDIS(1, 0), ip);
    for (int i = 1; i <= 3; i++) {
        ck_assert_str_eq(sentinel_remove(w, SENTINEL(i), "mymaster"), "+OK");
        ck_assert_str_eq(
            sentinel_monitor(w, SENTINEL(i), "mymaster", ip, "6379", "2"),
            "+OK");
        world_run_for(w, 20000);
        for (int j = 1; j <= i; j++)
            ck_assert_int_eq(sentinel_master(w, SENTINEL(j), 0), REDIS(1, 0));
    }
    expect_none(w, "* * +switch-master *\n");
    world_free(w);
}
END_TEST

START_TEST(manual_failover_without_a_replica_is_refused)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 1, .replicas = NONE});

    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"),
                     "-NOGOODSLAVE No suitable replica to promote");
    world_free(w);
}
END_TEST

START_TEST(manual_failovers_one_after_the_other)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    for (int i = 0; i < 6; i++) {
        world_mark(w);
        ck_assert_str_eq(sentinel_failover(w, SENTINEL(1 + i % 3), "mymaster"),
                         "+OK");
        expect(w, "* * +promoted-slave *\n* s1 +switch-master *\n");
        expect(w, "* s2 +switch-master *\n");
        expect(w, "* s3 +switch-master *\n");
        world_run_for(w, 30000);
        ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S2, 0));
        ck_assert_int_eq(sentinel_master(w, S1, 0), sentinel_master(w, S3, 0));
    }
    world_free(w);
}
END_TEST

/* A hello of s2 about the master at IP. */
static void say_hello(struct world *w, uint64_t current_epoch, const char *ip,
                      uint64_t config_epoch)
{
    char text[200];

    snprintf(text, sizeof(text), "10.1.0.2,26379,%s,%u,mymaster,%s,6379,%u",
             node_at(w, S2)->id, (unsigned)current_epoch, ip,
             (unsigned)config_epoch);
    ck_assert_str_eq(sentinel_hello(w, S1, text), ":1");
}

START_TEST(a_failover_ends_when_a_newer_one_has_overtaken_it)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    redis_at(w, REPLICA_1)->acl_no_change = true;
    redis_at(w, REPLICA_2)->acl_no_change = true;
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 +failover-state-wait-promotion *\n");
    /* Others have chosen this master in a later epoch. */
    say_hello(w, 9, "10.0.0.1", 9);
    redis_at(w, REPLICA_1)->acl_no_change = false;
    redis_at(w, REPLICA_2)->acl_no_change = false;
    world_run_for(w, 20000);
    ck_assert(!sentinel_is_busy(w, S1, 0));
    ck_assert_int_eq(sentinel_master(w, S1, 0), MASTER);
    expect_none(w, "* s1 +promoted-slave *\n* * +switch-master *\n");
    world_free(w);
}
END_TEST

START_TEST(the_newest_configuration_wins_while_replicas_are_turned)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    redis_at(w, REPLICA_1)->sync_stuck = true;
    redis_at(w, REPLICA_2)->sync_stuck = true;
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 +slave-reconf-inprog *\n");
    ck_assert_int_ne(sentinel_master(w, S1, 0), MASTER);
    /* Meanwhile others have gone back to the old one. */
    say_hello(w, 9, "10.0.0.1", 9);
    world_run_for(w, 20000);
    ck_assert(!sentinel_is_busy(w, S1, 0));
    for (int i = 1; i <= 3; i++)
        ck_assert_int_eq(sentinel_master(w, SENTINEL(i), 0), MASTER);
    world_free(w);
}
END_TEST

START_TEST(an_older_configuration_does_not_undo_a_promotion)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 3, .disk_min_us = 300000, .disk_max_us = 400000});

    redis_at(w, REPLICA_1)->priority = 10;
    world_run_for(w, 11000);
    say_hello(w, 5, "10.0.0.1", 0);
    ck_assert_str_eq(sentinel_failover(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 -role-change slave 10.0.0.2:6379 *\n");
    /* The promotion, of epoch 6, is being written. */
    say_hello(w, 5, "10.0.0.3", 3);
    expect(w, "* s1 +promoted-slave slave 10.0.0.2:6379 *\n"
              "* s1 +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n");
    expect_none(w, "* s1 +config-update-from *\n");
    world_free(w);
}
END_TEST

START_TEST(reset_forgets_and_finds_again)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    ck_assert_str_eq(sentinel_reset(w, S1, "my*"), ":1");
    expect(w, "* s1 +reset-master master mymaster 10.0.0.1 6379\n"
              "* s1 +slave slave 10.0.0.2:6379 *\n");
    expect(w, "* s1 +sentinel sentinel s2 *\n");
    expect(w, "* s1 +sentinel sentinel s3 *\n");
    ck_assert_str_eq(sentinel_reset(w, S1, "other*"), ":0");
    world_free(w);
}
END_TEST

START_TEST(a_dead_sentinel_is_forgotten_by_reset)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    sentinel_crash(w, S3);
    ck_assert_str_eq(sentinel_reset(w, S1, "*"), ":1");
    world_run_for(w, 10000);
    expect_none(w, "* s1 +sentinel sentinel s3 *\n");
    /* Also after a restart. */
    sentinel_crash(w, S1);
    world_mark(w);
    sentinel_restart(w, S1);
    world_run_for(w, 60000);
    expect_none(w, "* s1 +sdown sentinel s3 *\n");
    world_free(w);
}
END_TEST

START_TEST(masters_are_added_and_removed)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 1, .quorum = 1});

    ck_assert_str_eq(sentinel_remove(w, S1, "mymaster"), "+OK");
    expect(w, "* s1 -monitor master mymaster 10.0.0.1 6379\n");
    ck_assert_str_eq(sentinel_remove(w, S1, "mymaster"),
                     "-ERR No such master with that name");
    world_run_for(w, 5000);
    ck_assert_uint_eq(net_count(w->net, S1, MASTER), 0);
    world_mark(w);
    ck_assert_str_eq(sentinel_monitor(w, S1, "again", "10.0.0.1", "6379", "1"),
                     "+OK");
    expect(w, "* s1 +monitor master again 10.0.0.1 6379 quorum 1\n"
              "* s1 +slave slave 10.0.0.2:6379 10.0.0.2 6379 @ again 10.0.0.1 "
              "6379\n");
    world_free(w);
}
END_TEST

START_TEST(settings_are_changed_and_kept)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 1, .quorum = 1});

    ck_assert_str_eq(sentinel_set(w, S1, "mymaster",
                                  "down-after-milliseconds 1000 quorum 1"),
                     "+OK");
    expect(w, "* s1 +set master mymaster 10.0.0.1 6379 "
              "down-after-milliseconds 1000\n"
              "* s1 +set master mymaster 10.0.0.1 6379 quorum 1\n");
    ck_assert_int_eq(state_find_master(node_at(w, S1)->disk, "mymaster")
                         ->options.down_after_ms,
                     1000);
    world_mark(w);
    redis_stop(w, MASTER);
    expect_within(w, 3000, "* s1 +odown master mymaster *\n");
    world_free(w);
}
END_TEST

START_TEST(a_new_password_takes_effect_at_once)
{
    struct world *w = world_ready((struct world_options){
        .sentinels = 1, .quorum = 1, .down_after_ms = 3000});

    for (int i = 0; i < 3; i++)
        redis_at(w, REDIS(0, i))->password = "secret";
    (void)redis_kill_clients(redis_at(w, MASTER), NULL, NULL);
    expect(w, "* s1 +sdown master mymaster 10.0.0.1 6379\n");
    ck_assert_str_eq(sentinel_set(w, S1, "mymaster", "auth-pass secret"),
                     "+OK");
    expect(w, "* s1 +set master mymaster 10.0.0.1 6379 auth-pass ******\n"
              "* s1 -sdown master mymaster 10.0.0.1 6379\n");
    world_free(w);
}
END_TEST

START_TEST(scripts_are_told)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 1000,
                               .notification_script = "/notify",
                               .client_reconfig_script = "/reconfig"});
    const char *leader;

    redis_stop(w, MASTER);
    leader = world_who(w, "+promoted-slave");
    expectf(w,
            "* %1$s +odown *\n"
            "* %1$s script /notify +odown master mymaster 10.0.0.1 6379 "
            "#quorum *\n"
            "* %1$s script /reconfig mymaster leader start 10.0.0.1 6379 * "
            "6379\n",
            leader);
    expect(w, "* * script /reconfig mymaster observer start 10.0.0.1 6379 * "
              "6379\n");
    expect_none(w, "* * script /notify +slave *\n");
    world_free(w);
}
END_TEST

Suite *suite_operator(void)
{
    Suite *suite = suite_create("operator");
    TCase *tcase = tcase_create("operator");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, manual_failover_needs_nobodys_consent);
    tcase_add_test(tcase, two_failovers_at_once_are_refused);
    tcase_add_loop_test(
        tcase, two_manual_failovers_in_one_epoch_end_in_one_opinion, 0, 10);
    tcase_add_loop_test(tcase, three_opinions_at_the_start_become_one, 0, 3);
    tcase_add_test(tcase,
                   a_master_can_be_monitored_elsewhere_one_sentinel_at_a_time);
    tcase_add_test(tcase, manual_failover_without_a_replica_is_refused);
    tcase_add_test(tcase, manual_failovers_one_after_the_other);
    tcase_add_test(tcase, a_failover_ends_when_a_newer_one_has_overtaken_it);
    tcase_add_test(tcase,
                   the_newest_configuration_wins_while_replicas_are_turned);
    tcase_add_test(tcase, an_older_configuration_does_not_undo_a_promotion);
    tcase_add_test(tcase, reset_forgets_and_finds_again);
    tcase_add_test(tcase, a_dead_sentinel_is_forgotten_by_reset);
    tcase_add_test(tcase, masters_are_added_and_removed);
    tcase_add_test(tcase, settings_are_changed_and_kept);
    tcase_add_test(tcase, a_new_password_takes_effect_at_once);
    tcase_add_test(tcase, scripts_are_told);
    suite_add_tcase(suite, tcase);
    return suite;
}
