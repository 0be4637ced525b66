/* links: lib */
/* An election ends with the agreement that it began with. */
#include "failover_world.h"

START_TEST(who_takes_his_agreement_back_ends_the_election)
{
    struct state_master *master = plan_failover();

    master->options.quorum = 2;
    plan_peer(master, PEER_A_IP, PEER_A);
    start_core();
    run_for(1000);
    server_at(PEER_A_IP, 26379)->says_down = true;
    server_at(PEER_A_IP, 26379)->ignores_votes = true;
    kill_server(MASTER_IP);
    run_until("+try-failover*", 9000);
    forget();
    server_at(PEER_A_IP, 26379)->says_down = false;
    server_at(PEER_A_IP, 26379)->ignores_votes = false;
    run_until("-odown*", 7000);
    run_for(10);
    expect("-failover-abort-not-elected*");
    expect_none("+elected-leader*");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        who_takes_his_agreement_back_ends_the_election,
    };

    return RUN_WORLDS("contested", cases);
}
