/* links: lib */
/* What is on disk, and what happens when a write fails. */
#include "../../lib/persist.h"
#include "core_world.h"

static void written(uint64_t serial, bool ok)
{
    step(&(struct event){.type = EVENT_PERSISTED, .persisted = {serial, ok}});
}

static void setup_without_disk(void)
{
    world_setup();
    disk_works = false;
}

START_TEST(first_start_makes_an_id_and_writes_it)
{
    const struct state *state;

    initial->id[0] = '\0';
    start_core();
    expect_count("persist", 1);
    ck_assert_uint_eq(strlen(core->id), 40);
    ck_assert_uint_eq(strspn(core->id, "0123456789abcdef"), 40);
    state = core_state(core);
    ck_assert_str_eq(state->id, core->id);
    state_free((struct state *)state);
}
END_TEST

START_TEST(nothing_is_written_when_nothing_is_new)
{
    plan_master(1);
    start_core();
    run_for(5000);
    expect_none("persist");
}
END_TEST

START_TEST(serials_grow_and_one_result_covers_all_before_it)
{
    uint64_t first;
    uint64_t second;

    plan_master(1);
    start_core();
    ask_us(5, PEER_A);
    first = core->persist_asked;
    ask_us(6, PEER_A);
    second = core->persist_asked;
    ck_assert_uint_gt(second, first);
    ck_assert(!persist_is_done(core, first));
    written(second, true);
    ck_assert(persist_is_done(core, first));
    ck_assert(persist_is_done(core, second));
    /* an older result that comes late takes nothing back */
    written(first, true);
    ck_assert(persist_is_done(core, second));
}
END_TEST

START_TEST(failed_write_is_tried_again_each_second)
{
    plan_master(1);
    start_core();
    request(REQUEST_FLUSH, NULL);
    forget();
    written(core->persist_asked, false);
    ck_assert(!persist_is_trusted(core));
    run_for(999);
    expect_none("persist");
    run_for(1);
    expect_count("persist", 1);
    run_for(1000);
    expect_count("persist", 2);
    written(core->persist_asked, true);
    ck_assert(persist_is_trusted(core));
    forget();
    run_for(10000);
    expect_none("persist");
}
END_TEST

START_TEST(no_hello_while_the_disk_fails_and_one_as_soon_as_it_works)
{
    plan_master(1);
    start_core();
    run_for(3000);
    expect("send " MASTER_IP " PUBLISH*");
    request(REQUEST_FLUSH, NULL);
    written(core->persist_asked, false);
    forget();
    run_for(5000);
    expect_none("send " MASTER_IP " PUBLISH*");
    written(core->persist_asked, true);
    expect("send " MASTER_IP " PUBLISH*");
}
END_TEST

/* The driver drops what waited behind a write that failed. */
START_TEST(what_was_dropped_is_sent_again)
{
    struct state_master *master = plan_master(2);
    struct server *peer = plan_peer(master, PEER_A_IP, PEER_A);

    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    request(REQUEST_FLUSH, NULL);
    run_for(8000);
    expect("+sdown master mymaster 10.0.0.1 6379");
    ck_assert(the_peer(PEER_A)->ask_pending);
    ck_assert(the_peer(PEER_A)->hello_pending);
    written(core->persist_asked, false);
    forget();
    peer->says_down = true;
    disk_works = true;
    written(core->persist_asked, true);
    run_for(2000);
    expect("send 10.0.1.1 PUBLISH*");
    expect("send 10.0.1.1 SENTINEL*");
    expect("+odown*");
}
END_TEST

START_TEST(failover_starts_as_soon_as_the_disk_works)
{
    struct state_master *master = plan_master(1);

    plan_replica(master, REPLICA_1, RUNID_2, 10);
    start_core();
    run_for(3000);
    request(REQUEST_FLUSH, NULL);
    written(core->persist_asked, false);
    server_at(MASTER_IP, 6379)->silent = true;
    run_for(8000);
    expect("+odown*");
    expect_none("+try-failover*");
    written(core->persist_asked, true);
    expect("+try-failover*");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        first_start_makes_an_id_and_writes_it,
        nothing_is_written_when_nothing_is_new,
        serials_grow_and_one_result_covers_all_before_it,
        failed_write_is_tried_again_each_second,
        no_hello_while_the_disk_fails_and_one_as_soon_as_it_works,
        what_was_dropped_is_sent_again,
        failover_starts_as_soon_as_the_disk_works,
    };

    return run_suite("persist", cases, ROWS(cases), setup_without_disk,
                     world_teardown);
}
