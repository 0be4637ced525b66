"""SENTINEL FAILOVER: asked for by an operator, the master being well."""

import pytest
import redis

from cluster import MASTER_NAME, wait_for


def test_planned_failover(trio):
    old = trio.servers[0]
    mark = trio.recorder.mark()
    asked = trio.sentinels[1]
    assert asked.sentinel("FAILOVER", MASTER_NAME) == "OK"
    new = trio.wait_new_master(old)
    trio.recorder.wait("+elected-leader", sentinel=asked, since=mark)
    for sentinel in trio.sentinels:
        trio.recorder.wait("+switch-master", f" {new.port}$", sentinel, mark)
    wait_for(lambda: old.follows(new), 60, "the old master is a replica")
    trio.wait_replicas(new)
    trio.wait_settled(new, deadline=60)


def test_a_second_request_is_refused_while_one_is_running(trio):
    replicas = trio.servers[1:]
    for replica in replicas:
        replica.hang()  # the promotion cannot be confirmed
    asked = trio.sentinels[0]
    try:
        assert asked.sentinel("FAILOVER", MASTER_NAME) == "OK"
        with pytest.raises(redis.exceptions.ResponseError,
                           match="^INPROG Failover already in progress"):
            asked.sentinel("FAILOVER", MASTER_NAME)
        assert "failover_in_progress" in asked.master()["flags"]
    finally:
        for replica in replicas:
            replica.resume()
    wait_for(lambda: trio.settled(), 60, "it ends one way or the other")


def test_refused_without_a_replica(make_cluster):
    cluster = make_cluster(quorum=1)
    master = cluster.add_server()
    sentinel = cluster.add_sentinel(master)
    with pytest.raises(redis.exceptions.ResponseError,
                       match="^NOGOODSLAVE No suitable replica to promote"):
        sentinel.sentinel("FAILOVER", MASTER_NAME)


def test_refused_for_an_unknown_master(trio):
    with pytest.raises(redis.exceptions.ResponseError,
                       match="^No such master with that name"):
        trio.sentinels[0].sentinel("FAILOVER", "nosuch")
