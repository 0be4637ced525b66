/* links: lib */
/* The new master is lost as well, soon after the change to it. */
#include "failover_world.h"

/* A question that is on its way when the address changes is void, and its
 * answer may never come: that must not keep us from asking again. */
START_TEST(peers_are_asked_about_the_new_master_too)
{
    struct state_master *master = plan_failover();
    struct server *peer = plan_peer(master, PEER_A_IP, PEER_A);

    master->options.quorum = 2;
    peer->ignores_questions = true;
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_until("+sdown " MASTER_TEXT, 8000);
    run_for(100);
    expect("send 10.0.1.1 SENTINEL is-master-down-by-addr 10.0.0.1 6379*");
    is_master(first, RUNID_2);
    hello(PEER_A_IP ",26379," PEER_A ",7,mymaster," REPLICA_1 ",6379,7");
    expect("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
    run_for(3000);
    forget();
    peer->ignores_questions = false;
    peer->says_down = true;
    kill_server(REPLICA_1);
    run_until("+odown master mymaster 10.0.0.2 6379 #quorum 2/2", 8000);
    expect("send 10.0.1.1 SENTINEL is-master-down-by-addr 10.0.0.2 6379*");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        peers_are_asked_about_the_new_master_too,
    };

    return RUN_WORLDS("second_loss", cases);
}
