/* links: lib */
/* What hello messages bring. */
#include "core_world.h"

#define FROM(ip, port, id, epoch, master, master_ip, master_port, config) \
    ip "," port "," id "," epoch "," master "," master_ip "," master_port \
       "," config
#define PLAIN(ip, port, id) \
    FROM(ip, port, id, "0", "mymaster", "10.0.0.1", "6379", "0")
#define TEXT_A "sentinel " PEER_A " 10.0.1.1 26379 @ mymaster 10.0.0.1 6379"

static void start_one(void)
{
    plan_master(2);
    start_core();
    run_for(1000);
    forget();
}

static size_t peers(void)
{
    return master_sentinel_count(the_master());
}

START_TEST(new_sentinel_is_added_and_written)
{
    start_one();
    hello(PLAIN(PEER_A_IP, "26379", PEER_A));
    expect_in_order("+sentinel " TEXT_A, "persist", "reply 7 integer 1",
                    "connect 10.0.1.1:26379", NULL);
    forget();
    hello(PLAIN(PEER_A_IP, "26379", PEER_A));
    expect_none("+*");
    expect_none("persist");
    ck_assert_uint_eq(peers(), 1);
}
END_TEST

START_TEST(message_on_the_channel_of_a_server)
{
    uint64_t conn;

    start_one();
    conn = the_master()->instance.link->pubsub.conn;
    step(&(struct event){
        .type = EVENT_MESSAGE,
        .message = {conn, "other", PLAIN(PEER_B_IP, "26379", PEER_B)}});
    ck_assert_uint_eq(peers(), 0);
    step(&(struct event){.type = EVENT_MESSAGE,
                         .message = {conn, "__sentinel__:hello",
                                     PLAIN(PEER_A_IP, "26379", PEER_A)}});
    expect("+sentinel " TEXT_A);
}
END_TEST

static void own_hello(const char *text)
{
    uint64_t conn = the_master()->instance.link->pubsub.conn;

    step(&(struct event){.type = EVENT_MESSAGE,
                         .message = {conn, "__sentinel__:hello", text}});
}

START_TEST(a_copy_of_our_file_is_told_once)
{
    struct text own;

    start_one();
    text_init(&own);
    text_addf(&own, "%s,%d,%s,0,mymaster,10.0.0.1,6379,0",
              the_master()->instance.link->local_ip, core->global.listen_port,
              core->id);
    own_hello(own.data);
    expect_none("log *");
    text_clear(&own);
    text_addf(&own, "10.0.9.8,26379,%s,0,mymaster,10.0.0.1,6379,0", core->id);
    own_hello(own.data);
    own_hello(own.data);
    expect_count("log The sentinel at 10.0.9.8:26379 uses our id *", 1);
    ck_assert_uint_eq(peers(), 0);
    text_clear(&own);
}
END_TEST

START_TEST(messages_that_bring_nothing)
{
    static const char *const texts[] = {
        "",
        "hello",
        FROM("10.0.1.1", "26379", PEER_A, "0", "unknown", "10.0.0.1", "6379",
             "9"),
        PLAIN("10.0.1.1", "26379", PEER_A) ",x",
        /* a name while names are off */
        PLAIN("a-host", "26379", PEER_A),
        /* our own */
        PLAIN("10.0.1.1", "26379", MY_ID),
    };

    start_one();
    for (size_t i = 0; i < ROWS(texts); i++) {
        hello(texts[i]);
        expect_count("reply 7 integer 1", i + 1);
    }
    expect_none("+*");
    expect_none("persist");
    ck_assert_uint_eq(peers(), 0);
    ck_assert_uint_eq(the_master()->config_epoch, 0);
}
END_TEST

START_TEST(own_messages_that_come_back_are_ignored)
{
    start_one();
    step(&(struct event){
        .type = EVENT_MESSAGE,
        .message = {the_master()->instance.link->pubsub.conn,
                    "__sentinel__:hello",
                    FROM("10.0.1.1", "26379", MY_ID, "99", "mymaster",
                         "10.0.0.1", "6379", "0")}});
    ck_assert_uint_eq(core->current_epoch, 0);
}
END_TEST

START_TEST(malformed_messages_are_logged_once_for_each_channel)
{
    const char *text = PLAIN("10.0.1.1", "0", PEER_A);

    start_one();
    for (int i = 0; i < 5; i++)
        step(&(struct event){
            .type = EVENT_MESSAGE,
            .message = {the_master()->instance.link->pubsub.conn,
                        "__sentinel__:hello", text}});
    expect_count("log Malformed hello message seen at mymaster ignored*", 1);
    ck_assert_uint_eq(peers(), 0);
}
END_TEST

START_TEST(known_id_at_a_new_address)
{
    add_server(PEER_A_IP, 26379);
    start_one();
    hello(PLAIN(PEER_A_IP, "26379", PEER_A));
    run_for(1000);
    forget();
    hello(PLAIN("10.0.1.9", "26380", PEER_A));
    expect_in_order("+sentinel-address-switch master mymaster 10.0.0.1 6379 "
                    "ip 10.0.1.9 port 26380 for " PEER_A,
                    "persist", "connect 10.0.1.9:26380", NULL);
    expect("close 10.0.1.1*");
    expect_none("+sentinel *");
    expect_none("+sentinel-address-update*");
    ck_assert_uint_eq(peers(), 1);
    ck_assert_int_eq(the_peer(PEER_A)->addr.port, 26380);
}
END_TEST

START_TEST(new_address_is_corrected_in_the_other_masters)
{
    struct instance *twin;

    plan_master(2);
    state_add_master(initial, "other", "10.0.0.9", 6379);
    state_add_master(initial, "third", "10.0.0.10", 6379);
    start_core();
    add_server("10.0.1.9", 26379);
    hello(PLAIN(PEER_A_IP, "26379", PEER_A));
    hello(FROM(PEER_A_IP, "26379", PEER_A, "0", "other", "10.0.0.9", "6379",
               "0"));
    run_for(1000);
    forget();
    hello(PLAIN("10.0.1.9", "26379", PEER_A));
    expect("+sentinel-address-update sentinel " PEER_A
           " 10.0.1.9 26379 @ mymaster 10.0.0.1 6379 1 additional matching "
           "instances");
    twin = master_find_sentinel(master_find(core, "other"), PEER_A);
    ck_assert_str_eq(twin->addr.ip, "10.0.1.9");
    ck_assert_ptr_eq(twin->link, the_peer(PEER_A)->link);
    expect_count("connect 10.0.1.9:26379", 1);
    run_for(3000);
    ck_assert(link_is_up(twin->link));
}
END_TEST

START_TEST(new_id_at_a_known_address)
{
    plan_master(2);
    state_add_master(initial, "other", "10.0.0.9", 6379);
    start_core();
    hello(PLAIN(PEER_A_IP, "26379", PEER_A));
    hello(FROM(PEER_A_IP, "26379", PEER_A, "0", "other", "10.0.0.9", "6379",
               "0"));
    forget();
    hello(PLAIN(PEER_A_IP, "26379", PEER_B));
    expect_in_order("+sentinel-invalid-addr " TEXT_A,
                    "+sentinel sentinel " PEER_B
                    " 10.0.1.1 26379 @ mymaster 10.0.0.1 6379",
                    "persist", NULL);
    ck_assert_uint_eq(peers(), 1);
    ck_assert_uint_eq(master_sentinel_count(master_find(core, "other")), 0);
}
END_TEST

START_TEST(higher_current_epoch_is_taken)
{
    start_one();
    hello(FROM(PEER_A_IP, "26379", PEER_A, "5", "mymaster", "10.0.0.1", "6379",
               "0"));
    expect_in_order("persist", "+new-epoch 5 (disk)", NULL);
    ck_assert_uint_eq(core->current_epoch, 5);
    forget();
    hello(FROM(PEER_A_IP, "26379", PEER_A, "4", "mymaster", "10.0.0.1", "6379",
               "0"));
    ck_assert_uint_eq(core->current_epoch, 5);
    expect_none("+new-epoch*");
    /* also from one whose address is not acceptable */
    hello(FROM("a-host", "26379", PEER_B, "6", "mymaster", "10.0.0.1", "6379",
               "0"));
    expect("+new-epoch 6 (disk)");
}
END_TEST

/* Else a failover of ours would have an older epoch than what it replaces. */
START_TEST(an_epoch_of_a_configuration_is_taken_too)
{
    start_one();
    hello(FROM(PEER_A_IP, "26379", PEER_A, "0", "mymaster", "10.0.0.1", "6379",
               "7"));
    expect("+new-epoch 7 (disk)");
    ck_assert_uint_eq(core->current_epoch, 7);
    ck_assert_uint_eq(master_find(core, "mymaster")->config_epoch, 7);
}
END_TEST

START_TEST(newer_epoch_of_the_same_address_is_written)
{
    struct state *state;

    start_one();
    hello(FROM(PEER_A_IP, "26379", PEER_A, "5", "mymaster", "10.0.0.1", "6379",
               "5"));
    forget();
    hello(FROM(PEER_A_IP, "26379", PEER_A, "5", "mymaster", "10.0.0.1", "6379",
               "5"));
    expect_none("persist");
    hello(FROM(PEER_A_IP, "26379", PEER_A, "5", "mymaster", "10.0.0.1", "6379",
               "6"));
    expect("persist");
    expect_none("+switch-master*");
    state = core_state(core);
    ck_assert_uint_eq(state->masters[0].config_epoch, 6);
    state_free(state);
}
END_TEST

START_TEST(configurations_that_are_not_followed)
{
    static const char *const texts[] = {
        /* the same epoch, a lower one */
        FROM(PEER_A_IP, "26379", PEER_A, "7", "mymaster", "10.0.0.7", "6379",
             "7"),
        FROM(PEER_A_IP, "26379", PEER_A, "7", "mymaster", "10.0.0.7", "6379",
             "6"),
        /* a speaker that cannot be stored */
        FROM("a-host", "26379", PEER_B, "7", "mymaster", "10.0.0.7", "6379",
             "9"),
        /* an address that cannot be stored */
        FROM(PEER_A_IP, "26379", PEER_A, "7", "mymaster", "a-host", "6379",
             "9"),
        FROM(PEER_A_IP, "26379", PEER_A, "7", "mymaster", "10.0.0.7", "0", "9"),
    };

    plan_peer(plan_master(2), PEER_A_IP, PEER_A);
    initial->masters[0].config_epoch = 7;
    start_core();
    forget();
    for (size_t i = 0; i < ROWS(texts); i++)
        hello(texts[i]);
    expect_none("+switch-master*");
    ck_assert_uint_eq(the_master()->config_epoch, 7);
    hello(FROM(PEER_A_IP, "26379", PEER_A, "7", "mymaster", "10.0.0.7", "6379",
               "8"));
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.7 6379");
}
END_TEST

START_TEST(time_of_the_last_hello_is_kept)
{
    start_one();
    hello(PLAIN(PEER_A_IP, "26379", PEER_A));
    run_for(5000);
    hello(PLAIN(PEER_A_IP, "26379", PEER_A));
    ck_assert_uint_eq(the_peer(PEER_A)->hello_seen_ms, now_ms);
}
END_TEST

START_TEST(number_of_sentinels_is_limited)
{
    start_one();
    for (int i = 0; i < 1100; i++) {
        char text[256];

        snprintf(text, sizeof(text),
                 "10.7.%d.%d,26379,%040d,0,mymaster,10.0.0.1,6379,0", i / 250,
                 i % 250, i);
        /* without the world, whose table of connections is small */
        core_step(core,
                  &(struct event){.type = EVENT_REQUEST,
                                  .request = {.type = REQUEST_HELLO,
                                              .hello = {.text = text}}},
                  now_ms);
    }
    ck_assert_uint_eq(peers(), 1024);
}
END_TEST

START_TEST(works_in_tilt)
{
    start_one();
    now_ms += 3000;
    step(&(struct event){.type = EVENT_TIMER});
    hello(FROM(PEER_A_IP, "26379", PEER_A, "8", "mymaster", "10.0.0.7", "6379",
               "8"));
    expect("+sentinel " TEXT_A);
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.7 6379");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        new_sentinel_is_added_and_written,
        message_on_the_channel_of_a_server,
        a_copy_of_our_file_is_told_once,
        messages_that_bring_nothing,
        own_messages_that_come_back_are_ignored,
        malformed_messages_are_logged_once_for_each_channel,
        known_id_at_a_new_address,
        new_address_is_corrected_in_the_other_masters,
        new_id_at_a_known_address,
        higher_current_epoch_is_taken,
        an_epoch_of_a_configuration_is_taken_too,
        newer_epoch_of_the_same_address_is_written,
        configurations_that_are_not_followed,
        time_of_the_last_hello_is_kept,
        number_of_sentinels_is_limited,
        works_in_tilt,
    };

    return RUN_WORLDS("discovery", cases);
}
