/* links: lib */
/* The maps of masters, replicas and sentinels. */
#include "failover_world.h"

static struct addr addr_of(const char *host, int port)
{
    struct addr addr;

    addr_init(&addr, host, port);
    return addr;
}

static struct instance *add_replica(const char *host, int port)
{
    struct addr addr = addr_of(host, port);
    struct instance *replica;

    begin_call();
    replica = master_add_replica(core, the_master(), &addr);
    end_call();
    addr_clear(&addr);
    return replica;
}

START_TEST(replicas_are_unique_by_address)
{
    plan_failover();
    start_core();
    ck_assert_ptr_null(add_replica(REPLICA_1, 6379));
    ck_assert_ptr_null(add_replica("10.0.0.9", 0));
    ck_assert_ptr_nonnull(add_replica(REPLICA_1, 6380));
    ck_assert_ptr_nonnull(add_replica("::1", 6379));
    ck_assert_uint_eq(master_replica_count(the_master()), 4);
    ck_assert_str_eq(the_replica("::1")->name, "[::1]:6379");
}
END_TEST

START_TEST(maps_stay_sorted)
{
    struct instance *one;
    const char *last = "";

    plan_master(1);
    start_core();
    for (int i = 0; i < 50; i++) {
        char ip[32];

        snprintf(ip, sizeof(ip), "10.3.0.%d", i * 37 % 50);
        ck_assert_ptr_nonnull(add_replica(ip, 1));
    }
    MASTER_EACH (the_master()->replicas, one) {
        ck_assert_int_lt(strcmp(last, one->name), 0);
        last = one->name;
    }
}
END_TEST

START_TEST(numbers_of_instances_are_never_used_twice)
{
    uint64_t id;

    plan_failover();
    start_core();
    id = the_replica(REPLICA_1)->id;
    ck_assert_ptr_eq(instance_find(core, id), the_replica(REPLICA_1));
    begin_call();
    master_remove_replica(core, the_replica(REPLICA_1));
    end_call();
    ck_assert_ptr_null(instance_find(core, id));
    ck_assert_uint_gt(add_replica(REPLICA_1, 6379)->id, id);
}
END_TEST

START_TEST(replica_is_found_by_any_spelling)
{
    struct addr addr;

    plan_failover();
    start_core();
    addr = addr_of("redis-b", 6379);
    ck_assert_ptr_null(master_find_replica(core, the_master(), &addr));
    memcpy(addr.ip, REPLICA_1, sizeof(REPLICA_1));
    ck_assert_ptr_eq(master_find_replica(core, the_master(), &addr),
                     the_replica(REPLICA_1));
    addr.port = 6380;
    ck_assert_ptr_null(master_find_replica(core, the_master(), &addr));
    addr_clear(&addr);
}
END_TEST

START_TEST(initial_values)
{
    const struct instance *replica;

    plan_failover();
    start_core();
    replica = add_replica("10.0.0.99", 6379);
    ck_assert_int_eq(replica->priority, 100);
    ck_assert(replica->announced);
    ck_assert(!replica->reports_master && !replica->master_link_up);
    ck_assert(!replica->info_known && !replica->ever_sdown);
    ck_assert_uint_eq(replica->offset, 0);
    ck_assert_uint_eq(replica->flags, FLAG_REPLICA);
    ck_assert_uint_eq(replica->role_ms, now_ms);
    ck_assert(replica->link->ping_outstanding);
    ck_assert_uint_eq(replica->link->act_ping_ms, now_ms);
}
END_TEST

START_TEST(what_looks_sane)
{
    struct instance *master;

    plan_failover();
    start_core();
    master = &the_master()->instance;
    ck_assert(master_looks_sane(core, the_master()));
    master->flags |= FLAG_SDOWN;
    ck_assert(!master_looks_sane(core, the_master()));
    master->flags = FLAG_MASTER | FLAG_ODOWN;
    ck_assert(!master_looks_sane(core, the_master()));
    master->flags = FLAG_MASTER;
    master->reports_master = false;
    ck_assert(!master_looks_sane(core, the_master()));
    master->reports_master = true;
    master->info_ms = now_ms - 19999;
    ck_assert(master_looks_sane(core, the_master()));
    master->info_ms = now_ms - 20000;
    ck_assert(!master_looks_sane(core, the_master()));
    master->info_ms = now_ms;
    master->info_known = false;
    ck_assert(!master_looks_sane(core, the_master()));
}
END_TEST

START_TEST(calm_is_no_down_start_in_the_window)
{
    struct instance *one;

    plan_failover();
    start_core();
    one = the_replica(REPLICA_1);
    ck_assert(instance_calm(one, now_ms, UINT64_MAX));
    one->ever_sdown = true;
    one->sdown_ms = now_ms - 1000;
    ck_assert(!instance_calm(one, now_ms, 1000));
    ck_assert(instance_calm(one, now_ms, 999));
    one->ever_odown = true;
    one->odown_ms = now_ms - 500;
    ck_assert(!instance_calm(one, now_ms, 999));
}
END_TEST

START_TEST(current_address_follows_the_state)
{
    struct master *master;

    plan_failover();
    start_core();
    master = the_master();
    master->promoted = the_replica(REPLICA_1);
    for (int state = FAILOVER_NONE; state <= FAILOVER_UPDATE_CONFIG; state++) {
        master->state = (enum failover_state)state;
        ck_assert_str_eq(master_current_addr(master)->ip,
                         state >= FAILOVER_RECONF_SLAVES ? REPLICA_1
                                                         : MASTER_IP);
    }
    master->state = FAILOVER_NONE;
    master->promoted = NULL;
}
END_TEST

START_TEST(time_that_is_still_to_come_is_no_age)
{
    ck_assert_uint_eq(since_ms(5, 3), 2);
    ck_assert_uint_eq(since_ms(3, 3), 0);
    ck_assert_uint_eq(since_ms(3, 5), 0);
    start_core();
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        replicas_are_unique_by_address,
        maps_stay_sorted,
        numbers_of_instances_are_never_used_twice,
        replica_is_found_by_any_spelling,
        initial_values,
        what_looks_sane,
        calm_is_no_down_start_in_the_window,
        current_address_follows_the_state,
        time_that_is_still_to_come_is_no_age,
    };

    return RUN_WORLDS("master", cases);
}
