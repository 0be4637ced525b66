/* links: lib */
/* Two addresses in one config epoch and no majority for either: all sides end
 * at the same one. */
#include "core_world.h"

#define SMALLER "1.0.0.7"
#define GREATER "10.0.0.7"

static void start_in_epoch_4(void)
{
    struct state_master *master = plan_master(2);

    plan_peer(master, PEER_A_IP, PEER_A);
    plan_peer(master, PEER_B_IP, PEER_B);
    master->config_epoch = 4;
    initial->current_epoch = 4;
    is_master(add_server(SMALLER, 6379), RUNID_2);
    is_master(add_server(GREATER, 6379), RUNID_3);
    start_core();
    run_for(3000);
    forget();
}

/* One peer names IP for so many seconds; the other is silent. */
static void peer_names(const char *ip, unsigned seconds)
{
    char text[256];

    snprintf(text, sizeof(text),
             PEER_A_IP ",26379," PEER_A ",4,mymaster,%s,6379,4", ip);
    for (unsigned i = 0; i < seconds; i++) {
        hello(text);
        run_for(1000);
    }
}

START_TEST(greater_address_is_left_after_a_while)
{
    start_in_epoch_4();
    peer_names(SMALLER, 9);
    expect_none("+switch-master*");
    peer_names(SMALLER, 3);
    expect("+switch-master mymaster 10.0.0.1 6379 1.0.0.7 6379");
    ck_assert_uint_eq(the_master()->config_epoch, 4);
}
END_TEST

START_TEST(smaller_address_is_kept)
{
    start_in_epoch_4();
    peer_names(GREATER, 20);
    expect_none("+switch-master*");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        greater_address_is_left_after_a_while,
        smaller_address_is_kept,
    };

    return RUN_WORLDS("conflict", cases);
}
