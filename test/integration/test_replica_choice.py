"""What a replica says of itself decides whether it is shown and promoted."""

import pytest

from cluster import MASTER_NAME, wait_for


def seen(cluster, **fields):
    """Until each sentinel has a replica with these FIELDS."""
    def everywhere():
        return all(any(fields.items() <= one.items() for one in s.replicas())
                   for s in cluster.sentinels)

    wait_for(everywhere, 30, f"a replica with {fields}")


def test_a_priority_changed_while_running(make_cluster):
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(replicas=3)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    wanted = cluster.servers[2]
    for server, priority in zip(cluster.servers[1:], ("0", "10", "50")):
        with server.client() as client:
            client.config_set("replica-priority", priority)
        seen(cluster, port=str(server.port), **{"slave-priority": priority})
    master.kill()
    assert cluster.wait_new_master(master) is wanted
    master.start()
    cluster.wait_settled(wanted, deadline=60)
    # And again, the other way round.
    with cluster.servers[1].client() as client:
        client.config_set("replica-priority", 5)
    seen(cluster, port=str(cluster.servers[1].port), **{"slave-priority": "5"})
    assert cluster.sentinels[0].sentinel("FAILOVER", MASTER_NAME) == "OK"
    assert cluster.wait_new_master(wanted) is cluster.servers[1]


def test_without_a_good_one_there_is_no_failover(trio):
    for server in trio.servers[1:]:
        with server.client() as client:
            client.config_set("replica-priority", 0)
        seen(trio, port=str(server.port), **{"slave-priority": "0"})
    old = trio.servers[0]
    mark = trio.recorder.mark()
    old.kill()
    trio.recorder.wait("-failover-abort-no-good-slave", since=mark, deadline=40)
    assert {one.address() for one in trio.sentinels} == {old.port}
    # Until there is.
    with trio.servers[1].client() as client:
        client.config_set("replica-priority", 100)
    assert trio.wait_new_master(old, deadline=90) is trio.servers[1]


def test_a_replica_that_is_not_announced(make_cluster):
    """It is not shown to clients; it counts and can be promoted."""
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(replicas=2)
    hidden = cluster.servers[2]
    with hidden.client() as client:
        client.config_set("replica-announced", "no")
        client.config_set("replica-priority", "1")
    for _ in range(3):
        cluster.add_sentinel(master)
    shown = str(cluster.servers[1].port)
    for sentinel in cluster.sentinels:
        # At first nothing but its address is known of it.
        wait_for(lambda s=sentinel: s.master()["num-slaves"] == "2"
                 and [one["port"] for one in s.replicas()] == [shown], 30,
                 "only the other is shown")
    seen(cluster, port=shown, flags="slave")
    for sentinel in cluster.sentinels:
        wait_for(lambda s=sentinel: s.master()["num-other-sentinels"] == "2",
                 30)
    # While it runs.
    for value, count in (("yes", 2), ("no", 1)):
        with hidden.client() as client:
            client.config_set("replica-announced", value)
        for sentinel in cluster.sentinels:
            wait_for(lambda s=sentinel, n=count: len(s.replicas()) == n, 30,
                     "it is shown or not")
    master.kill()
    assert cluster.wait_new_master(master) is hidden


@pytest.mark.parametrize("how", ["crash", "planned"])
def test_a_replica_of_a_replica(make_cluster, how):
    """Not known as long as it is none of the master's; found when the one it
    follows is promoted, and it goes on following that."""
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(replicas=1)
    middle = cluster.servers[1]
    leaf = cluster.add_server(middle)
    wait_for(lambda: leaf.follows(middle), 20)
    for _ in range(3):
        cluster.add_sentinel(master)
    wait_for(lambda: all(s.master()["num-slaves"] == "1"
                         and s.master()["num-other-sentinels"] == "2"
                         for s in cluster.sentinels), 30, "they are ready")
    seen(cluster, port=str(middle.port), flags="slave")
    if how == "crash":
        master.kill()
    else:
        assert cluster.sentinels[0].sentinel("FAILOVER", MASTER_NAME) == "OK"
    assert cluster.wait_new_master(master) is middle
    seen(cluster, port=str(leaf.port), flags="slave",
         **{"master-link-status": "ok"})
    assert leaf.follows(middle)
    if how == "crash":
        master.start()
    cluster.wait_settled(middle, deadline=60)
