/* links: lib */
/* Sentinels that name different addresses in the same config epoch. */
#include "core_world.h"

#define OTHER "10.0.0.7"
#define SWITCH "+switch-master mymaster 10.0.0.1 6379 10.0.0.7 6379"

/* A sentinel with two peers, in config epoch EPOCH. */
static void start_at(uint64_t epoch)
{
    struct state_master *master = plan_master(2);

    plan_peer(master, PEER_A_IP, PEER_A);
    plan_peer(master, PEER_B_IP, PEER_B);
    master->config_epoch = epoch;
    initial->current_epoch = epoch;
    add_server(OTHER, 6379);
    is_master(server_at(OTHER, 6379), RUNID_2);
    start_core();
    run_for(3000);
    forget();
}

static void names(const char *ip, const char *id, const char *master_ip,
                  uint64_t epoch)
{
    char text[256];

    snprintf(text, sizeof(text), "%s,26379,%s,%llu,mymaster,%s,6379,%llu", ip,
             id, (unsigned long long)epoch, master_ip,
             (unsigned long long)epoch);
    hello(text);
}

static void names_other(const char *ip, const char *id, uint64_t epoch)
{
    names(ip, id, OTHER, epoch);
}

START_TEST(the_majority_is_followed)
{
    start_at(4);
    names_other(PEER_A_IP, PEER_A, 4);
    expect_none("+switch-master*");
    names_other(PEER_B_IP, PEER_B, 4);
    expect("log Sentinels name different addresses of 'mymaster' in config "
           "epoch 4: following 10.0.0.7:6379");
    expect_in_order("+config-update-from*", SWITCH, "persist", NULL);
    ck_assert_uint_eq(the_master()->config_epoch, 4);
    forget();
    names_other(PEER_A_IP, PEER_A, 4);
    expect_none("+*");
}
END_TEST

START_TEST(an_older_epoch_does_not_count)
{
    start_at(4);
    names_other(PEER_A_IP, PEER_A, 3);
    names_other(PEER_B_IP, PEER_B, 3);
    expect_none("+switch-master*");
}
END_TEST

START_TEST(an_opinion_that_is_old_does_not_count)
{
    start_at(4);
    names_other(PEER_A_IP, PEER_A, 4);
    run_for(6001);
    names_other(PEER_B_IP, PEER_B, 4);
    expect_none("+switch-master*");
}
END_TEST

/* One against one, with the third silent: the smaller address stays. */
START_TEST(without_a_majority_the_smaller_wins_after_a_while)
{
    start_at(4);
    for (int i = 0; i < 12; i++) {
        names_other(PEER_A_IP, PEER_A, 4);
        run_for(1000);
    }
    expect_none("+switch-master*");
    ck_assert(the_master()->in_conflict);
}
END_TEST

START_TEST(in_epoch_0_a_master_that_is_well_is_kept)
{
    start_at(0);
    names_other(PEER_A_IP, PEER_A, 0);
    names_other(PEER_B_IP, PEER_B, 0);
    run_for(20000);
    names_other(PEER_B_IP, PEER_B, 0);
    expect_none("+switch-master*");
}
END_TEST

START_TEST(in_epoch_0_a_replica_is_left_for_its_master)
{
    start_at(0);
    follows(server_at(MASTER_IP, 6379), RUNID_1, OTHER, "up", 10);
    run_for(11000);
    forget();
    names_other(PEER_A_IP, PEER_A, 0);
    expect(SWITCH);
}
END_TEST

/* Their sentinels have turned them to each other. */
START_TEST(two_that_follow_each_other_are_not_changed_again_and_again)
{
    start_at(4);
    follows(server_at(MASTER_IP, 6379), RUNID_1, OTHER, "down", 10);
    follows(server_at(OTHER, 6379), RUNID_2, MASTER_IP, "down", 10);
    run_for(11000);
    forget();
    for (int i = 0; i < 20; i++) {
        names_other(PEER_A_IP, PEER_A, 4);
        run_for(500);
        names(PEER_B_IP, PEER_B, MASTER_IP, 4);
        run_for(500);
    }
    expect_count("+switch-master*", 1);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        the_majority_is_followed,
        an_older_epoch_does_not_count,
        an_opinion_that_is_old_does_not_count,
        without_a_majority_the_smaller_wins_after_a_while,
        in_epoch_0_a_master_that_is_well_is_kept,
        in_epoch_0_a_replica_is_left_for_its_master,
        two_that_follow_each_other_are_not_changed_again_and_again,
    };

    return RUN_WORLDS("tiebreak", cases);
}
