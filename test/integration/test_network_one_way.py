"""Packets that are lost one way only: whoever sends does not know."""

import time

import pytest

from cluster import MASTER_NAME, wait_for
from network_cluster import NO_FAILOVER, Writer, pause

SLACK_MS = 6000
QUICK_LINKS = ("repl-timeout 2", "repl-ping-replica-period 1")


def cut(cluster, direction, others):
    """Packets of the master to or from OTHERS are lost."""
    host = cluster.servers[0].place
    lose = host.drop_to if direction == "outgoing" else host.drop_from
    return [lose(one.place) for one in others]


@pytest.mark.parametrize("direction", [
    "outgoing", pytest.param("incoming", marks=pytest.mark.campaign)])
def test_between_master_and_sentinels(make_network, outcome, direction):
    """The sentinels cannot know better: they fail over, and turn the
    replicas. What the old master still acknowledged is lost, until it is
    reached again."""
    cluster = make_network()
    old = cluster.build()
    with Writer(cluster, "client", server=old) as writer:
        begin = time.monotonic()
        faults = cut(cluster, direction, cluster.sentinels)
        new, recovery_ms = cluster.wait_moved(old, since=begin)
        assert recovery_ms < cluster.down_after + SLACK_MS
        cluster.wait_replicas_but(new, old)
        for fault in faults:
            fault.heal()
        healed = time.monotonic()
        wait_for(lambda: old.follows(new), 30, "the old master is a replica")
        demoted_ms = int((time.monotonic() - healed) * 1000)
        cluster.wait_whole(new)
    lost = writer.lost(new)
    assert lost and all(when > begin for _, _, when in lost)
    outcome(f"master-sentinels, {direction} lost", recovery_ms=recovery_ms,
            demoted_ms=demoted_ms, lost=len(lost))


@pytest.mark.parametrize("direction", [
    pytest.param("outgoing", marks=pytest.mark.campaign),
    pytest.param("incoming", marks=pytest.mark.campaign)])
def test_between_master_and_everybody(make_network, outcome, direction):
    cluster = make_network()
    old = cluster.build()
    with Writer(cluster, "client", sentinels=cluster.sentinels) as writer:
        begin = time.monotonic()
        host = old.place
        fault = (host.drop_to() if direction == "outgoing"
                 else host.drop_from())
        new, recovery_ms = cluster.wait_moved(old, since=begin)
        assert recovery_ms < cluster.down_after + SLACK_MS
        writer.wait_more(new.port)
        fault.heal()
        cluster.wait_whole(new)
    lost = writer.lost(new)
    assert all(port == old.port for _, port, _ in lost), lost
    assert len(lost) <= 1, lost  # it waits for each reply
    outcome(f"master-everybody, {direction} lost", recovery_ms=recovery_ms,
            lost=len(lost))


@pytest.mark.campaign
@pytest.mark.parametrize("direction", ["outgoing", "incoming"])
def test_between_master_and_a_replica(make_network, outcome, direction):
    """The sentinels reach all: nothing but the link of that replica is down,
    and nobody fails over."""
    cluster = make_network()
    master = cluster.build(options=QUICK_LINKS)
    replica = cluster.servers[1]
    mark = cluster.recorder.mark()
    with Writer(cluster, "client", server=master) as writer:
        faults = cut(cluster, direction, [replica])
        for sentinel in cluster.sentinels:
            wait_for(lambda s=sentinel: [
                one["master-link-status"] for one in s.replicas()
                if one["port"] == str(replica.port)] == ["err"], 20,
                "the sentinels see its link down")
        writer.wait_more()
        for fault in faults:
            fault.heal()
        cluster.wait_whole(master)
    cluster.assert_quiet((*NO_FAILOVER, "+sdown", "+odown"), mark)
    assert not writer.lost(master) and not writer.refused
    wait_for(lambda: not writer.lost(replica), 10, "the replica has all")
    outcome(f"master-replica, {direction} lost", lost=0)


@pytest.mark.parametrize("direction", [
    "outgoing", pytest.param("incoming", marks=pytest.mark.campaign)])
def test_between_master_and_one_sentinel(make_network, outcome, direction):
    """One opinion of three: no quorum, no failover."""
    cluster = make_network(down_after=500)
    master = cluster.build()
    lonely, *others = cluster.sentinels
    mark = cluster.recorder.mark()
    faults = cut(cluster, direction, [lonely])
    about = f"^master {MASTER_NAME} {master.host} {master.port}$"
    cluster.recorder.wait("+sdown", about, lonely, mark)
    pause(4 * cluster.down_after / 1000)
    for fault in faults:
        fault.heal()
    healed = time.monotonic()
    cluster.recorder.wait("-sdown", about, lonely, mark)
    cleared_ms = int((time.monotonic() - healed) * 1000)
    cluster.wait_settled(master)
    cluster.assert_quiet(("+sdown",), mark, others)
    cluster.assert_quiet(("+odown", "+try-failover", *NO_FAILOVER), mark)
    outcome(f"master-one sentinel, {direction} lost", cleared_ms=cleared_ms)
