"""A replica that is added later is found, watched, and may be promoted."""

from cluster import wait_for


def test_a_new_replica_is_found(trio):
    master = trio.servers[0]
    mark = trio.recorder.mark()
    replica = trio.add_server(master)
    wait_for(lambda: replica.follows(master), 20)
    for sentinel in trio.sentinels:
        trio.recorder.wait("+slave", f"^slave 127.0.0.1:{replica.port} ",
                           sentinel, mark, deadline=30)
    trio.wait_settled(master)


def test_the_new_replica_takes_over(make_cluster):
    cluster = make_cluster(hasty=True)
    master = cluster.add_server()
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    replica = cluster.add_server(master)
    cluster.wait_settled(master)
    master.kill()
    assert cluster.wait_new_master(master) is replica


def test_a_replica_that_follows_the_wrong_master_is_put_right(make_cluster):
    """Not before failover-timeout has passed, as documented."""
    cluster = make_cluster(failover_timeout=2000, hasty=True)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    stray = cluster.servers[2]
    other = cluster.servers[1]
    with stray.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", other.port)
    wait_for(lambda: stray.follows(master), 60, "it follows the master again")
    cluster.recorder.wait("+fix-slave-config", str(stray.port))
