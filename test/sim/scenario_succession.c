/* Scenarios: there is a good replica, and something hides it. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

#define LIMIT_MS 90000

static struct world_options quick(int seed)
{
    return (struct world_options){.sentinels = 3,
                                  .quorum = 2,
                                  .down_after_ms = 1000,
                                  .failover_timeout_ms = 5000,
                                  .seed = (uint64_t)seed + 1};
}

static void expect_one_master(struct world *w)
{
    int master = sentinel_master(w, S1, 0);

    for (int i = 1; i <= w->options.sentinels; i++)
        ck_assert_int_eq(sentinel_master(w, SENTINEL(i), 0), master);
    for (int i = 0; i <= w->options.replicas; i++)
        ck_assert_int_eq(redis_is_master(redis_at(w, REDIS(0, i))),
                         REDIS(0, i) == master);
}

/* While no sentinel looks the master is gone for long, and comes back as a
 * replica of its replica. Who starts later cannot know since when nobody is a
 * master, and all are without one for longer than is let pass otherwise. */
START_TEST(a_ring_of_replicas_gets_a_master)
{
    struct world *w = world_ready(quick(_i));
    struct redis *master = redis_at(w, MASTER);

    for (int i = 1; i <= 3; i++)
        sentinel_crash(w, SENTINEL(i));
    world_ip(REPLICA_1, master->stored_ip);
    master->stored_port = 6379;
    redis_stop(w, MASTER);
    world_run_for(w, 120000);
    redis_start(w, MASTER);
    for (int i = 1; i <= 3; i++)
        sentinel_restart(w, SENTINEL(i));
    expect_within(w, LIMIT_MS, "* * +promoted-slave *\n");
    world_run_for(w, 30000);
    expect_one_master(w);
    world_free(w);
}
END_TEST

/* Two servers come back with each other's addresses. The one that had priority
 * 0 is where the master was; where it was is the one that is the master. */
START_TEST(the_priority_of_another_server_does_not_count)
{
    struct world_options options = quick(_i);
    struct world *w;

    options.replicas = 1;
    w = world_ready(options);
    redis_at(w, REPLICA_1)->priority = 0;
    world_run_for(w, 11000);
    redis_exchange(w, MASTER, REPLICA_1);
    expect_within(w, LIMIT_MS, "* * +promoted-slave slave 10.0.0.2:6379 *\n");
    world_run_for(w, 30000);
    expect_one_master(w);
    world_free(w);
}
END_TEST

/* Two of three sentinels reach no replica; whoever of them leads gives up. The
 * third, which reaches both, must come to lead. */
START_TEST(who_knows_no_good_replica_leaves_the_turn_to_others)
{
    struct world *w = world_ready(quick(_i));

    for (int replica = REPLICA_1; replica <= REPLICA_2; replica++) {
        net_cut(w, S1, replica);
        net_cut(w, S3, replica);
    }
    world_run_for(w, 5000);
    redis_stop(w, MASTER);
    expect_within(w, LIMIT_MS, "* s2 +promoted-slave *\n");
    world_free(w);
}
END_TEST

Suite *suite_succession(void)
{
    Suite *suite = suite_create("succession");
    TCase *tcase = tcase_create("succession");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_ring_of_replicas_gets_a_master, 0, 5);
    tcase_add_loop_test(tcase, the_priority_of_another_server_does_not_count, 0,
                        3);
    tcase_add_loop_test(
        tcase, who_knows_no_good_replica_leaves_the_turn_to_others, 0, 12);
    suite_add_tcase(suite, tcase);
    return suite;
}
