/* links: lib */
/* The state that survives a restart. */
#include "failover_world.h"

static void fill(struct state *state)
{
    struct state_master *master;

    memcpy(state->id, MY_ID, sizeof(state->id));
    state->current_epoch = 12;
    xreplace(&state->global.announce_ip, "10.9.9.9");
    state->global.announce_port = 5000;
    state->global.listen_port = 26379;
    state->global.deny_scripts_reconfig = false;
    xreplace(&state->global.sentinel_user, "su");
    xreplace(&state->global.sentinel_pass, "sp");
    master = state_add_master(state, "mymaster", MASTER_IP, 6379);
    master->options.quorum = 2;
    master->options.down_after_ms = 1234;
    xreplace(&master->options.auth_pass, "secret");
    option_set(option_find("rename-command"), &master->options,
               (const char *[]){"CONFIG", "hidden"});
    master->config_epoch = 11;
    master->leader_epoch = 12;
    state_add_replica(master, REPLICA_1, 6379);
    state_add_replica(master, "fe80::1", 6380);
    state_add_sentinel(master, PEER_A_IP, 26379, PEER_A);
    state_add_sentinel(master, PEER_B_IP, 26379, PEER_B);
    master = state_add_master(state, "other", "10.0.0.9", 6379);
    state_add_sentinel(master, PEER_A_IP, 26379, PEER_A);
}

static void check_same(const struct state *left, const struct state *right)
{
    ck_assert_str_eq(left->id, right->id);
    ck_assert_uint_eq(left->current_epoch, right->current_epoch);
    ck_assert_str_eq(left->global.announce_ip, right->global.announce_ip);
    ck_assert_int_eq(left->global.announce_port, right->global.announce_port);
    ck_assert_str_eq(left->global.sentinel_user, right->global.sentinel_user);
    ck_assert_str_eq(left->global.sentinel_pass, right->global.sentinel_pass);
    ck_assert(!right->global.deny_scripts_reconfig);
    ck_assert_uint_eq(left->master_count, right->master_count);
    for (size_t i = 0; i < left->master_count; i++) {
        const struct state_master *one = &left->masters[i];
        const struct state_master *two = &right->masters[i];

        ck_assert_str_eq(one->name, two->name);
        ck_assert_str_eq(one->host, two->host);
        ck_assert_int_eq(one->port, two->port);
        ck_assert_uint_eq(one->config_epoch, two->config_epoch);
        ck_assert_uint_eq(one->leader_epoch, two->leader_epoch);
        ck_assert_int_eq(one->options.quorum, two->options.quorum);
        ck_assert_int_eq(one->options.down_after_ms,
                         two->options.down_after_ms);
        ck_assert_pstr_eq(one->options.auth_pass, two->options.auth_pass);
        ck_assert_uint_eq(one->options.rename_count, two->options.rename_count);
        ck_assert_uint_eq(one->replica_count, two->replica_count);
        for (size_t j = 0; j < one->replica_count; j++) {
            ck_assert_str_eq(one->replicas[j].host, two->replicas[j].host);
            ck_assert_int_eq(one->replicas[j].port, two->replicas[j].port);
        }
        ck_assert_uint_eq(one->sentinel_count, two->sentinel_count);
        for (size_t j = 0; j < one->sentinel_count; j++) {
            ck_assert_str_eq(one->sentinels[j].host, two->sentinels[j].host);
            ck_assert_int_eq(one->sentinels[j].port, two->sentinels[j].port);
            ck_assert_str_eq(one->sentinels[j].id, two->sentinels[j].id);
        }
    }
}

START_TEST(what_is_loaded_is_stored_again)
{
    struct state *state;

    fill(initial);
    start_core();
    state = core_state(core);
    check_same(initial, state);
    state_free(state);
}
END_TEST

START_TEST(state_is_independent_of_the_core)
{
    struct state *state;

    fill(initial);
    start_core();
    state = core_state(core);
    request(REQUEST_REMOVE, "mymaster");
    ck_assert_uint_eq(state->master_count, 2);
    ck_assert_str_eq(state->masters[0].name, "mymaster");
    state_free(state);
    state = core_state(core);
    ck_assert_uint_eq(state->master_count, 1);
    state_free(state);
}
END_TEST

START_TEST(epochs_of_masters_raise_the_current_one)
{
    static const struct {
        uint64_t current, config, leader, expected;
    } rows[] = {{0, 5, 3, 5}, {0, 3, 6, 6}, {9, 5, 6, 9}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct state_master *master;

        world_renew();
        master = plan_master(2);
        initial->current_epoch = rows[i].current;
        master->config_epoch = rows[i].config;
        master->leader_epoch = rows[i].leader;
        start_core();
        ck_assert_uint_eq(core->current_epoch, rows[i].expected);
    }
}
END_TEST

START_TEST(what_cannot_be_used_is_left_out)
{
    struct state_master *master = plan_master(2);

    state_add_replica(master, "a-host", 6379); /* names are off */
    state_add_replica(master, REPLICA_1, 0);
    state_add_replica(master, REPLICA_1, 6379);
    state_add_sentinel(master, PEER_A_IP, 26379, MY_ID);
    state_add_sentinel(master, "bad host", 26379, PEER_A);
    state_add_sentinel(master, PEER_B_IP, 26379, PEER_B);
    start_core();
    ck_assert_uint_eq(master_replica_count(the_master()), 1);
    ck_assert_uint_eq(master_sentinel_count(the_master()), 1);
}
END_TEST

START_TEST(vote_is_not_given_again_after_a_restart)
{
    struct state *state;

    plan_master(2);
    start_core();
    ask_us(5, PEER_A);
    state = core_state(core);
    core_free(core);
    core = core_new(2);
    last_serial = 0;
    forget();
    step(&(struct event){.type = EVENT_START, .start = state});
    ask_us(5, PEER_B);
    expect("reply 7 down 0 * 5 (disk)");
    expect_none("+vote-for-leader*");
    state_free(state);
}
END_TEST

/* From the write that records a promotion on, a restart finds the new master,
 * and the old one as a replica. */
START_TEST(promotion_in_flight_writes_the_new_address)
{
    struct state *state;

    plan_failover();
    run_to_promotion();
    state = core_state(core);
    ck_assert_str_eq(state->masters[0].host, MASTER_IP);
    ck_assert_uint_eq(state->masters[0].config_epoch, 0);
    state_free(state);
    disk_works = false;
    is_master(first, RUNID_2);
    run_for(200);
    ck_assert_uint_ne(the_master()->promotion_serial, 0);
    for (int i = 0; i < 2; i++) {
        state = core_state(core);
        ck_assert_str_eq(state->masters[0].host, REPLICA_1);
        ck_assert_uint_eq(state->masters[0].config_epoch, 1);
        ck_assert_uint_eq(state->masters[0].replica_count, 2);
        ck_assert_str_eq(state->masters[0].replicas[0].host, MASTER_IP);
        ck_assert_str_eq(state->masters[0].replicas[1].host, REPLICA_2);
        state_free(state);
        /* and so in reconf_slaves */
        disk_works = true;
        settle_world();
        ck_assert_int_eq(the_master()->state, FAILOVER_RECONF_SLAVES);
    }
}
END_TEST

START_TEST(names_are_stored_when_they_are_announced)
{
    struct state *state;
    struct state_master *master = state_add_master(initial, "mymaster",
                                                   "redis-a", 6379);

    master->options.quorum = 2;
    initial->global.resolve_hostnames = true;
    start_core();
    expect("resolve redis-a");
    state = core_state(core); /* not resolved: all we know */
    ck_assert_str_eq(state->masters[0].host, "redis-a");
    state_free(state);
    step(&(struct event){.type = EVENT_RESOLVED,
                         .resolved = {"redis-a", MASTER_IP}});
    state = core_state(core);
    ck_assert_str_eq(state->masters[0].host, MASTER_IP);
    state_free(state);
    core->global.announce_hostnames = true;
    state = core_state(core);
    ck_assert_str_eq(state->masters[0].host, "redis-a");
    state_free(state);
}
END_TEST

START_TEST(absurd_epochs_of_a_file_do_not_end_the_process)
{
    plan_failover();
    initial->current_epoch = UINT64_MAX;
    initial->masters[0].leader_epoch = UINT64_MAX;
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_for(30000);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        what_is_loaded_is_stored_again,
        state_is_independent_of_the_core,
        epochs_of_masters_raise_the_current_one,
        what_cannot_be_used_is_left_out,
        vote_is_not_given_again_after_a_restart,
        promotion_in_flight_writes_the_new_address,
        names_are_stored_when_they_are_announced,
        absurd_epochs_of_a_file_do_not_end_the_process,
    };

    return RUN_WORLDS("snapshot", cases);
}
