/* links: lib */
/* Objectively down: asking the others, counting their answers. */
#include "../../lib/odown.h"
#include "core_world.h"

#define QUESTION "SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *"
#define MASTER_DOWN "+sdown master mymaster 10.0.0.1 6379"

static struct server *peer_a;
static struct server *peer_b;

/* Two peers; the master is lost, and this sentinel sees it. */
static void start_lost(int64_t quorum, bool a_agrees, bool b_agrees)
{
    struct state_master *master = plan_master(quorum);

    peer_a = plan_peer(master, PEER_A_IP, PEER_A);
    peer_b = plan_peer(master, PEER_B_IP, PEER_B);
    peer_a->says_down = a_agrees;
    peer_b->says_down = b_agrees;
    start_core();
    run_for(3000);
    forget();
    kill_server(MASTER_IP);
    run_until(MASTER_DOWN, 6001);
}

START_TEST(quorum_is_counted_with_ourselves)
{
    static const struct {
        int64_t quorum;
        bool a, b;
        const char *odown;
    } rows[] = {
        {1, false, false, "+odown master mymaster 10.0.0.1 6379 #quorum 1/1"},
        {2, false, false, NULL},
        {2, true, false, "+odown master mymaster 10.0.0.1 6379 #quorum 2/2"},
        {2, false, true, "+odown master mymaster 10.0.0.1 6379 #quorum 2/2"},
        {3, true, false, NULL},
        {3, true, true, "+odown master mymaster 10.0.0.1 6379 #quorum 3/3"},
        {4, true, true, NULL},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        world_renew();
        start_lost(rows[i].quorum, rows[i].a, rows[i].b);
        run_for(3000);
        if (rows[i].odown != NULL)
            expect_count(rows[i].odown, 1);
        else
            expect_none("+odown*");
        ck_assert_int_eq((the_master()->instance.flags & FLAG_ODOWN) != 0,
                         rows[i].odown != NULL);
    }
}
END_TEST

START_TEST(all_are_asked_in_the_step_of_sdown)
{
    start_lost(4, false, false);
    expect_in_order(MASTER_DOWN, "send 10.0.1.1 " QUESTION " (disk)", NULL);
    expect_in_order(MASTER_DOWN, "send 10.0.1.2 " QUESTION " (disk)", NULL);
}
END_TEST

START_TEST(nobody_is_asked_about_a_healthy_master)
{
    struct state_master *master = plan_master(2);

    plan_peer(master, PEER_A_IP, PEER_A);
    start_core();
    run_for(20000);
    expect_none("send 10.0.1.1 SENTINEL*");
}
END_TEST

START_TEST(whoever_disagrees_is_asked_again_ever_more_seldom)
{
    size_t first_second;

    start_lost(4, false, false);
    run_for(1000);
    first_second = count_lines("send 10.0.1.1 SENTINEL*", NULL);
    ck_assert_uint_ge(first_second, 4);
    ck_assert_uint_le(first_second, 7);
    run_for(3000);
    forget();
    run_for(10000);
    expect_count("send 10.0.1.1 SENTINEL*", 10);
}
END_TEST

START_TEST(whoever_agrees_is_asked_each_second)
{
    start_lost(4, true, true);
    forget();
    run_for(10000);
    expect_count("send 10.0.1.1 SENTINEL*", 10);
}
END_TEST

START_TEST(answer_counts_for_five_seconds)
{
    uint64_t last;

    start_lost(2, true, false);
    settle_world();
    expect("+odown*");
    /* a failover is under way then; without a replica it ends */
    peer_a->silent = true;
    last = the_peer(PEER_A)->answer_ms;
    run_for(last + 5000 - now_ms);
    expect_none("-odown*");
    ck_assert_uint_ne(the_peer(PEER_A)->flags & FLAG_MASTER_DOWN, 0);
    run_for(1);
    expect_count("-odown master mymaster 10.0.0.1 6379", 1);
    ck_assert_uint_eq(the_peer(PEER_A)->flags & FLAG_MASTER_DOWN, 0);
}
END_TEST

START_TEST(odown_ends_with_sdown)
{
    start_lost(2, true, true);
    settle_world();
    forget();
    revive_server(MASTER_IP);
    run_until("-sdown master mymaster 10.0.0.1 6379", 3000);
    expect_in_order("-sdown master mymaster 10.0.0.1 6379",
                    "-odown master mymaster 10.0.0.1 6379", NULL);
    ck_assert_uint_eq(the_master()->instance.flags & (FLAG_SDOWN | FLAG_ODOWN),
                      0);
}
END_TEST

START_TEST(one_that_changes_its_mind_takes_odown_back)
{
    start_lost(2, true, false);
    settle_world();
    peer_a->says_down = false;
    run_until("-odown master mymaster 10.0.0.1 6379", 1100);
}
END_TEST

START_TEST(question_of_a_peer_makes_us_ask_at_once)
{
    start_lost(2, false, false);
    run_for(5000); /* the pause has grown to a second */
    forget();
    run_until("send 10.0.1.1 SENTINEL*", 1000);
    peer_a->says_down = true;
    run_for(500);
    expect_none("+odown*");
    ask_us(0, "*");
    expect("+odown master mymaster 10.0.0.1 6379 #quorum 2/2");
}
END_TEST

START_TEST(questions_of_peers_do_not_make_us_flood)
{
    start_lost(4, false, false);
    run_for(5000);
    forget();
    for (int i = 0; i < 100; i++)
        ask_us(0, "*");
    ck_assert_uint_le(count_lines("send 10.0.1.1 SENTINEL*", NULL), 1);
}
END_TEST

START_TEST(question_lost_with_a_connection_is_asked_again)
{
    start_lost(2, false, false);
    peer_a->ignores_questions = true;
    run_for(2000);
    ck_assert(the_peer(PEER_A)->ask_pending);
    peer_a->ignores_questions = false;
    peer_a->says_down = true;
    kill_server(PEER_A_IP);
    revive_server(PEER_A_IP);
    run_until("+odown*", 4000);
}
END_TEST

static struct command_tag question_tag(void)
{
    return (struct command_tag){COMMAND_ASK, the_peer(PEER_A)->id,
                                the_peer(PEER_A)->ask_serial};
}

START_TEST(answers_of_another_shape_are_ignored)
{
    struct reply three[] = {integer_reply(1), string_reply("*"),
                            integer_reply(0)};
    struct reply wrong[] = {string_reply("1"), string_reply("*"),
                            integer_reply(0)};
    struct reply nil[] = {
        integer_reply(1), {.type = REPLY_NIL}, integer_reply(0)};
    struct reply replies_to_try[] = {
        status_reply("OK"),
        status_reply("-ERR unknown command"),
        integer_reply(1),
        {.type = REPLY_NIL},
        {.type = REPLY_ARRAY, .elements = three, .count = 2},
        {.type = REPLY_ARRAY, .elements = NULL, .count = 0},
        {.type = REPLY_ARRAY, .elements = wrong, .count = 3},
        {.type = REPLY_ARRAY, .elements = nil, .count = 3},
    };

    start_lost(2, false, false);
    peer_a->ignores_questions = true;
    for (size_t i = 0; i < ROWS(replies_to_try); i++) {
        run_for(2000);
        forget();
        feed_reply(the_peer(PEER_A)->link->command.conn, question_tag(),
                   &replies_to_try[i]);
        ck_assert_uint_eq(the_peer(PEER_A)->flags & FLAG_MASTER_DOWN, 0);
        expect_none("+odown*");
        expect_count("send 10.0.1.1 SENTINEL*", 1); /* asked again */
    }
}
END_TEST

START_TEST(answer_to_an_older_question_is_void)
{
    struct reply three[] = {integer_reply(1), string_reply("*"),
                            integer_reply(0)};
    struct reply yes = {.type = REPLY_ARRAY, .elements = three, .count = 3};
    struct command_tag tag;

    start_lost(2, false, false);
    peer_a->ignores_questions = true;
    run_for(2000);
    tag = question_tag();
    tag.serial--;
    feed_reply(the_peer(PEER_A)->link->command.conn, tag, &yes);
    expect_none("+odown*");
    tag.serial++;
    feed_reply(the_peer(PEER_A)->link->command.conn, tag, &yes);
    expect("+odown*");
}
END_TEST

START_TEST(vote_is_asked_for_in_the_same_question)
{
    start_lost(2, true, false);
    run_for(1000);
    expect("+try-failover master mymaster 10.0.0.1 6379 (disk)");
    expect("send 10.0.1.1 SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 "
           "5555555555555555555555555555555555555555 (disk)");
    expect("send 10.0.1.2 SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 "
           "5555555555555555555555555555555555555555 (disk)");
}
END_TEST

START_TEST(vote_is_logged_once_for_each_epoch)
{
    start_lost(2, true, true);
    peer_a->votes_for = PEER_B;
    peer_b->votes_for = PEER_B;
    run_for(3000);
    /* the first epoch was over before they began to vote */
    expect_count("log " PEER_A " voted for " PEER_B " 2", 1);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        quorum_is_counted_with_ourselves,
        all_are_asked_in_the_step_of_sdown,
        nobody_is_asked_about_a_healthy_master,
        whoever_disagrees_is_asked_again_ever_more_seldom,
        whoever_agrees_is_asked_each_second,
        answer_counts_for_five_seconds,
        odown_ends_with_sdown,
        one_that_changes_its_mind_takes_odown_back,
        question_of_a_peer_makes_us_ask_at_once,
        questions_of_peers_do_not_make_us_flood,
        question_lost_with_a_connection_is_asked_again,
        answers_of_another_shape_are_ignored,
        answer_to_an_older_question_is_void,
        vote_is_asked_for_in_the_same_question,
        vote_is_logged_once_for_each_epoch,
    };

    return RUN_WORLDS("odown", cases);
}
