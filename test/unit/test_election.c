/* links: lib */
/* Votes given and received, and when a sentinel asks for them itself. */
#include "../../lib/election.h"
#include "core_world.h"

#define ODOWN "+odown*"
#define TRY "+try-failover master mymaster 10.0.0.1 6379 (disk)"
#define NOT_ELECTED "-failover-abort-not-elected master mymaster 10.0.0.1 6379"

static struct server *peer_a;
static struct server *peer_b;

static void plan_three(void)
{
    struct state_master *master = plan_master(2);

    plan_replica(master, REPLICA_1, RUNID_2, 10);
    peer_a = plan_peer(master, PEER_A_IP, PEER_A);
    peer_b = plan_peer(master, PEER_B_IP, PEER_B);
}

static void start_three(void)
{
    plan_three();
    start_core();
    run_for(3000);
    forget();
}

/* Both others see the master down too. */
static void lose_master(void)
{
    peer_a->says_down = peer_b->says_down = true;
    kill_server(MASTER_IP);
    run_until(ODOWN, 7000);
}

/* ---- Votes given ---- */

START_TEST(vote_is_written_before_it_is_told)
{
    start_three();
    ask_us(5, PEER_A);
    expect_in_order("persist", "+new-epoch 5 (disk)",
                    "+vote-for-leader " PEER_A " 5 (disk)",
                    "reply 7 down 0 " PEER_A " 5 (disk)", NULL);
    ck_assert_uint_eq(core->current_epoch, 5);
    ck_assert_uint_eq(the_master()->leader_epoch, 5);
}
END_TEST

START_TEST(one_vote_for_each_master_and_epoch)
{
    start_three();
    ask_us(5, PEER_A);
    forget();
    ask_us(5, PEER_B);
    expect("reply 7 down 0 " PEER_A " 5 (disk)");
    ask_us(4, PEER_B);
    expect_count("reply 7 down 0 " PEER_A " 5 (disk)", 2);
    expect_none("+vote-for-leader*");
    ask_us(6, PEER_B);
    expect("reply 7 down 0 " PEER_B " 6 (disk)");
}
END_TEST

START_TEST(masters_vote_apart)
{
    struct state_master *other = state_add_master(initial, "other", "10.0.0.9",
                                                  6379);

    other->options.quorum = 2;
    start_three();
    ask_us(8, PEER_A);
    forget();
    step(&(struct event){.type = EVENT_REQUEST,
                         .request = {.type = REQUEST_DOWN,
                                     .client = 7,
                                     .down = {"10.0.0.9", 6379, 3, PEER_B}}});
    /* a lower epoch, but this master has not had a vote in it */
    expect("reply 7 down 0 " PEER_B " 3 (disk)");
    ck_assert_uint_eq(core->current_epoch, 8);
    ck_assert_uint_eq(the_master()->leader_epoch, 8);
}
END_TEST

START_TEST(no_vote_in_an_epoch_that_is_history)
{
    plan_three();
    initial->masters[0].config_epoch = 9;
    start_core();
    forget();
    ask_us(9, PEER_A);
    expect("reply 7 down 0 * 0 (disk)");
    expect_none("+vote-for-leader*");
    ask_us(10, PEER_A);
    expect("reply 7 down 0 " PEER_A " 10 (disk)");
}
END_TEST

START_TEST(leader_is_not_known_after_a_restart_but_its_epoch_is)
{
    plan_three();
    initial->masters[0].leader_epoch = 9;
    start_core();
    ask_us(9, PEER_A);
    expect("reply 7 down 0 * 9 (disk)");
    expect_none("+vote-for-leader*");
}
END_TEST

START_TEST(questions_that_get_no_vote)
{
    static const struct {
        const char *ip;
        int64_t port;
        uint64_t epoch;
        const char *runid;
    } rows[] = {
        {"10.0.0.1", 6379, 5, "*"},
        {"10.0.0.1", 6380, 5, PEER_A},
        {"10.0.0.8", 6379, 5, PEER_A},
        {"10.0.0.1", -1, 5, PEER_A},
        {"10.0.0.1", 1 << 20, 5, PEER_A},
        {"", 6379, 5, PEER_A},
        {"not a host", 6379, 5, PEER_A},
        {"10.0.0.1", 6379, 5, "short"},
        {"10.0.0.1", 6379, UINT64_MAX, PEER_A},
        {"10.0.0.1", 6379, EPOCH_TOLD_MAX + 1, PEER_A},
    };

    start_three();
    for (size_t i = 0; i < ROWS(rows); i++) {
        forget();
        step(&(struct event){
            .type = EVENT_REQUEST,
            .request = {.type = REQUEST_DOWN,
                        .client = 7,
                        .down = {rows[i].ip, rows[i].port, rows[i].epoch,
                                 rows[i].runid}}});
        expect("reply 7 down 0 * 0");
        expect_none("persist");
    }
    ck_assert_uint_eq(core->current_epoch, 0);
}
END_TEST

START_TEST(down_is_answered_as_we_see_it)
{
    start_three();
    ask_us(0, "*");
    expect("reply 7 down 0 * 0");
    kill_server(MASTER_IP);
    run_until("+sdown master*", 7000);
    ask_us(0, "*");
    expect("reply 7 down 1 * 0");
}
END_TEST

START_TEST(among_masters_at_one_address_the_one_that_is_down_is_meant)
{
    struct state_master *other;

    plan_three();
    other = state_add_master(initial, "other", MASTER_IP, 6379);
    other->options.down_after_ms = 2000;
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_until("+sdown master other 10.0.0.1 6379", 3001);
    ask_us(50, PEER_A);
    expect("reply 7 down 1 " PEER_A " 50 (disk)");
    ck_assert_uint_eq(master_find(core, "other")->leader_epoch, 50);
    ck_assert_uint_eq(the_master()->leader_epoch, 0);
}
END_TEST

/* The driver sends the failed form; the core must not count on the vote. */
START_TEST(vote_is_told_only_after_a_write_that_worked)
{
    const struct action_list *list;
    const struct answer *failed = NULL;

    start_three();
    disk_works = false;
    list = core_step(
        core,
        &(struct event){.type = EVENT_REQUEST,
                        .request = {.type = REQUEST_DOWN,
                                    .client = 7,
                                    .down = {MASTER_IP, 6379, 5, PEER_A}}},
        now_ms);
    for (size_t i = 0; i < list->count; i++)
        if (list->actions[i].type == ACTION_REPLY)
            failed = &list->actions[i].reply.failed;
    ck_assert_ptr_nonnull(failed);
    ck_assert_int_eq(failed->type, ANSWER_DOWN);
    ck_assert_str_eq(failed->text, "*");
    ck_assert_uint_eq(failed->epoch, 0);
    step(&(struct event){.type = EVENT_PERSISTED,
                         .persisted = {core->persist_asked, false}});
    /* asked again, it is written again before it is told */
    forget();
    ask_us(5, PEER_A);
    expect_in_order("persist", "reply 7 down 0 " PEER_A " 5 (disk)", NULL);
    expect_none("+vote-for-leader*");
}
END_TEST

/* ---- When to ask for votes ---- */

START_TEST(rank_decides_who_starts_first)
{
    static const struct {
        const char *id;
        uint64_t config_epoch;
    } rows[] = {
        {MY_ID, 0},
        {MY_ID, 1},
        {MY_ID, 2},
        {MY_ID, 3},
    };
    uint64_t waits[ROWS(rows)];
    char question[200];

    for (size_t i = 0; i < ROWS(rows); i++) {
        world_renew();
        plan_three();
        initial->masters[0].config_epoch = rows[i].config_epoch;
        start_core();
        run_for(3000);
        lose_master();
        waits[i] = run_until(TRY, 200);
        ck_assert_uint_eq(waits[i] % 50, 0);
        ck_assert_uint_le(waits[i], 100);
        /* the votes are asked for in the same step */
        snprintf(question, sizeof(question),
                 "send 10.0.1.1 SENTINEL is-master-down-by-addr 10.0.0.1 6379 "
                 "%zu " MY_ID " (disk)",
                 i + 1);
        expect(question);
    }
    /* each epoch another of the three is first */
    ck_assert_uint_ne(waits[0], waits[1]);
    ck_assert_uint_ne(waits[1], waits[2]);
    ck_assert_uint_ne(waits[0], waits[2]);
    ck_assert_uint_eq(waits[0], waits[3]);
}
END_TEST

START_TEST(rank_counts_only_those_that_are_up)
{
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        world_renew();
        plan_three();
        initial->masters[0].config_epoch = epoch;
        initial->masters[0].options.quorum = 1;
        start_core();
        run_for(3000);
        kill_server(PEER_A_IP);
        kill_server(PEER_B_IP);
        run_for(6000);
        lose_master();
        ck_assert_uint_eq(run_until(TRY, 200), 0);
    }
}
END_TEST

START_TEST(two_votes_of_three_win)
{
    start_three();
    peer_a->votes_for = MY_ID;
    lose_master();
    run_until(TRY, 200);
    settle_world();
    expect_in_order("persist", "+new-epoch 1 (disk)", TRY,
                    "+vote-for-leader " MY_ID " 1 (disk)",
                    "+elected-leader master mymaster 10.0.0.1 6379 (disk)",
                    NULL);
}
END_TEST

START_TEST(votes_of_another_epoch_do_not_count)
{
    start_three();
    peer_a->votes_for = peer_b->votes_for = MY_ID;
    peer_a->vote_epoch = peer_b->vote_epoch = 77;
    lose_master();
    run_for(500);
    expect(TRY);
    expect_none("+elected-leader*");
}
END_TEST

START_TEST(quorum_above_the_majority_counts_for_the_election)
{
    plan_three();
    initial->masters[0].options.quorum = 3;
    start_core();
    run_for(3000);
    peer_a->votes_for = MY_ID;
    peer_b->votes_for = PEER_B;
    lose_master();
    run_for(1000);
    expect(TRY);
    expect_none("+elected-leader*");
}
END_TEST

START_TEST(split_election_is_repeated_at_once)
{
    uint64_t wait;

    start_three();
    peer_a->votes_for = PEER_A;
    peer_b->votes_for = PEER_B;
    lose_master();
    run_until(NOT_ELECTED, 200);
    forget();
    wait = run_until(TRY, 1000);
    /* 50 to 100 ms, and the rank */
    ck_assert_uint_ge(wait, 50);
    ck_assert_uint_le(wait, 200);
    expect("+new-epoch 2 (disk)");
}
END_TEST

START_TEST(lost_to_a_winner_that_shows_no_progress)
{
    uint64_t wait;

    start_three();
    peer_a->votes_for = peer_b->votes_for = PEER_A;
    lose_master();
    run_until(NOT_ELECTED, 200);
    forget();
    wait = run_until(TRY, 12000);
    ck_assert_uint_ge(wait, 10000);
    expect("log Next failover delay: I will not start a failover before ");
}
END_TEST

START_TEST(lost_to_a_winner_that_cannot_be_reached)
{
    uint64_t wait;

    start_three();
    peer_a->votes_for = peer_b->votes_for = PEER_A;
    lose_master();
    run_until(NOT_ELECTED, 200);
    forget();
    kill_server(PEER_A_IP);
    wait = run_until(TRY, 12000);
    ck_assert_uint_ge(wait, 900);
    ck_assert_uint_le(wait, 1400);
}
END_TEST

START_TEST(who_gave_its_vote_away_waits_for_the_winner)
{
    uint64_t wait;

    start_three();
    ask_us(5, PEER_A);
    forget();
    lose_master();
    wait = run_until(TRY, 12000);
    ck_assert_uint_ge(wait, 4000);
    expect("+new-epoch 6 (disk)");
}
END_TEST

START_TEST(vote_for_another_in_a_later_epoch_ends_our_candidacy)
{
    start_three();
    peer_a->ignores_votes = peer_b->ignores_votes = true;
    lose_master();
    run_until(TRY, 200);
    settle_world();
    ck_assert_int_eq(the_master()->state, FAILOVER_WAIT_START);
    ask_us(9, PEER_A);
    expect("reply 7 down 1 " PEER_A " 9 (disk)");
    expect(NOT_ELECTED);
    ck_assert_int_eq(the_master()->state, FAILOVER_NONE);
    forget();
    run_for(3000);
    expect_none(TRY);
}
END_TEST

/* A peer may still count what was said about the address before. */
START_TEST(new_master_that_is_well_is_not_voted_down_at_once)
{
    const struct request question = {
        .type = REQUEST_DOWN,
        .client = 7,
        .down = {REPLICA_1, 6379, 9, PEER_B},
    };

    start_three();
    kill_server(MASTER_IP);
    run_until("+sdown master*", 60000);
    is_master(server_at(REPLICA_1, 6379), RUNID_2);
    hello(PEER_A_IP ",26379," PEER_A ",8,mymaster," REPLICA_1 ",6379,8");
    run_for(100);
    step(&(struct event){.type = EVENT_REQUEST, .request = question});
    expect("reply 7 down 0 * 0 (disk)");
    run_for(5000);
    step(&(struct event){.type = EVENT_REQUEST, .request = question});
    expect("reply 7 down 0 " PEER_B " 9 (disk)");
}
END_TEST

START_TEST(election_without_answers_ends_after_its_timeout)
{
    start_three();
    peer_a->ignores_votes = peer_b->ignores_votes = true;
    lose_master();
    run_until(TRY, 200);
    /* those who said yes are forgotten after five seconds, so say it */
    the_master()->options.quorum = 1;
    ck_assert_uint_ge(run_until(NOT_ELECTED, 10001), 10000);
}
END_TEST

START_TEST(shorter_failover_timeout_bounds_the_election)
{
    start_three();
    set_option("failover-timeout", "3000");
    peer_a->ignores_votes = peer_b->ignores_votes = true;
    lose_master();
    run_until(TRY, 200);
    ck_assert_uint_eq(run_until(NOT_ELECTED, 10001), 3001);
}
END_TEST

START_TEST(no_epoch_makes_the_next_failover_impossible)
{
    start_three();
    ask_us(EPOCH_TOLD_MAX, PEER_A);
    lose_master();
    run_for(60000);
    /* nor that it can be written and read again */
    ck_assert_uint_gt(core->current_epoch, EPOCH_TOLD_MAX);
    ck_assert_uint_le(core->current_epoch, EPOCH_MAX);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        vote_is_written_before_it_is_told,
        one_vote_for_each_master_and_epoch,
        masters_vote_apart,
        no_vote_in_an_epoch_that_is_history,
        leader_is_not_known_after_a_restart_but_its_epoch_is,
        questions_that_get_no_vote,
        down_is_answered_as_we_see_it,
        among_masters_at_one_address_the_one_that_is_down_is_meant,
        vote_is_told_only_after_a_write_that_worked,
        rank_decides_who_starts_first,
        rank_counts_only_those_that_are_up,
        two_votes_of_three_win,
        votes_of_another_epoch_do_not_count,
        quorum_above_the_majority_counts_for_the_election,
        split_election_is_repeated_at_once,
        lost_to_a_winner_that_shows_no_progress,
        lost_to_a_winner_that_cannot_be_reached,
        who_gave_its_vote_away_waits_for_the_winner,
        vote_for_another_in_a_later_epoch_ends_our_candidacy,
        new_master_that_is_well_is_not_voted_down_at_once,
        election_without_answers_ends_after_its_timeout,
        shorter_failover_timeout_bounds_the_election,
        no_epoch_makes_the_next_failover_impossible,
    };

    return RUN_WORLDS("election", cases);
}
