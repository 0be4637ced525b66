/* A lone sentinel whose master is lost, for tests of what follows: it needs
 * nobody's vote. */
#ifndef TEST_FAILOVER_WORLD_H
#define TEST_FAILOVER_WORLD_H

#include "core_world.h"

#define MASTER_TEXT "master mymaster 10.0.0.1 6379"
#define REPLICA_1_TEXT \
    "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379"
#define REPLICA_2_TEXT \
    "slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.1 6379"
#define REPLICA_3_TEXT \
    "slave 10.0.0.4:6379 10.0.0.4 6379 @ mymaster 10.0.0.1 6379"

static struct server *first; /* will be chosen: it has most data */
static struct server *second;

static inline struct state_master *plan_failover(void)
{
    struct state_master *master = plan_master(1);

    first = plan_replica(master, REPLICA_1, RUNID_2, 100);
    second = plan_replica(master, REPLICA_2, RUNID_3, 50);
    return master;
}

/* The master is lost and `first` is told to be a master. */
static inline void run_to_promotion(void)
{
    start_core();
    run_for(3000);
    forget();
    kill_server(MASTER_IP);
    run_until("+failover-state-wait-promotion " REPLICA_1_TEXT " (disk)", 8000);
}

/* `first` is a master, which is seen and written. */
static inline void run_to_reconf(void)
{
    run_to_promotion();
    is_master(first, RUNID_2);
    run_until("+failover-state-reconf-slaves " MASTER_TEXT " (disk)", 1100);
    settle_world();
}

#endif
