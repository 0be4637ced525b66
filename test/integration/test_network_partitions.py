"""Networks that fall apart: at most one side may go on, and afterwards there
is one master and one opinion."""

import time

import pytest

from cluster import MASTER_NAME, wait_for
from network_cluster import NO_FAILOVER, Writer, pause

SLACK_MS = 6000

# With a lag of at most a second, and the replicas telling once a second, a
# master that has lost them stops within this.
MAX_LAG = ("min-replicas-to-write 1", "min-replicas-max-lag 1")
STOPS_MS = 4000


def split_off_master(cluster, with_sentinels):
    """The master, so many sentinels and a client on one side, all others and
    a client of their own on the other."""
    old, *replicas = cluster.servers
    few = cluster.sentinels[:with_sentinels]
    many = cluster.sentinels[with_sentinels:]
    inside = Writer(cluster, "inside", server=old)
    outside = Writer(cluster, "outside", sentinels=many)

    def cut():
        return cluster.lab.partition(
            [*cluster.hosts(old, *few), inside.host],
            [*cluster.hosts(*replicas, *many), outside.host])

    return few, many, inside, outside, cut


@pytest.mark.parametrize("count,alone", [
    (3, 1), pytest.param(5, 2, marks=pytest.mark.campaign)])
def test_the_master_with_a_minority(make_network, outcome, count, alone):
    """The majority fails over; the minority does not, though two of five are
    a quorum. The old master stops by min-replicas-to-write, and what is lost
    is what it acknowledged until then."""
    cluster = make_network()
    old = cluster.build(sentinels=count, options=MAX_LAG)
    few, many, inside, outside, cut = split_off_master(cluster, alone)
    mark = cluster.recorder.mark()
    with inside, outside:
        begin = time.monotonic()
        fault = cut()
        new, recovery_ms = cluster.wait_moved(old, many, since=begin)
        assert recovery_ms < cluster.down_after + SLACK_MS
        writes_ms = int((outside.wait_more(new.port) - begin) * 1000)
        refused = inside.refused
        wait_for(lambda: inside.refused > refused + 5, 20,
                 "the old master takes no writes")
        assert {one.address() for one in few} == {old.port}
        fault.heal()
        cluster.wait_whole(new)
    cluster.assert_quiet(("+elected-leader",), mark, few)
    assert len(cluster.notices("+elected-leader", mark)) == 1
    lost = inside.lost(new)
    stopped_ms = max([int((when - begin) * 1000) for _, port, when
                      in inside.acknowledged if port == old.port])
    assert lost and stopped_ms < STOPS_MS
    assert all(when > begin for _, _, when in lost)
    assert len(outside.lost(new)) <= 1  # the one under way at the cut
    outcome(f"master with {alone} of {count} sentinels", writes_ms=writes_ms,
            recovery_ms=recovery_ms, stopped_ms=stopped_ms, lost=len(lost))


def cut_off(cluster, client, each_alone):
    """No sentinel reaches a server; with EACH_ALONE none reaches another
    either. Returns the faults, in the order in which to heal them."""
    sentinels = cluster.hosts(*cluster.sentinels)
    faults = [cluster.lab.partition(
        [*cluster.hosts(*cluster.servers), client.host], sentinels)]
    if each_alone:
        faults.append(cluster.lab.partition(*([one] for one in sentinels)))
    about = f"^master {MASTER_NAME} "
    for sentinel in cluster.sentinels:
        cluster.recorder.wait("+sdown", about, sentinel)
    return faults


def test_each_sentinel_alone(make_network, outcome):
    """They see all servers down, and cannot do anything about it; the servers
    and their clients do not notice."""
    cluster = make_network(down_after=500)
    master = cluster.build()
    mark = cluster.recorder.mark()
    with Writer(cluster, "client", server=master) as writer:
        faults = cut_off(cluster, writer, each_alone=True)
        pause(4 * cluster.down_after / 1000)
        begin = time.monotonic()
        # First the servers: who meets the others before the master has
        # answered is free to replace it.
        faults[0].heal()
        for sentinel in cluster.sentinels:
            cluster.recorder.wait("-sdown", f"^master {MASTER_NAME} ",
                                  sentinel, mark)
        faults[1].heal()
        cluster.wait_whole(master)
        whole_ms = int((time.monotonic() - begin) * 1000)
        writer.wait_more()
    cluster.assert_quiet(("+odown", "+try-failover", *NO_FAILOVER), mark)
    assert not writer.refused and not writer.lost(master)
    outcome("each sentinel alone", whole_ms=whole_ms, lost=0)


@pytest.mark.campaign
def test_all_sentinels_without_servers(make_network, outcome):
    """They agree, elect a leader, and it finds nobody to promote."""
    cluster = make_network(down_after=500)
    master = cluster.build()
    mark = cluster.recorder.mark()
    with Writer(cluster, "client", server=master) as writer:
        faults = cut_off(cluster, writer, each_alone=False)
        cluster.recorder.wait("-failover-abort-no-good-slave", since=mark)
        begin = time.monotonic()
        faults[0].heal()
        cluster.wait_whole(master)
        whole_ms = int((time.monotonic() - begin) * 1000)
        writer.wait_more()
    cluster.assert_quiet(("+promoted-slave", "+switch-master"), mark)
    assert not writer.refused and not writer.lost(master)
    outcome("sentinels together, without servers", whole_ms=whole_ms, lost=0)


@pytest.mark.campaign
@pytest.mark.parametrize("age", ["new", "old"])
def test_all_is_well_again_at_one_moment(make_network, outcome, age):
    """Servers and sentinels answer again at once. Connections that are OLD
    have been given up and are tried all the time; over NEW ones TCP finds
    out. Whoever answers first has all others tried at once, so nobody wants a
    failover of a master that is well."""
    cluster = make_network(down_after=500)
    master = cluster.build()
    if age == "old":
        for sentinel in cluster.sentinels:
            sentinel.sentinel("DEBUG", "MIN-LINK-RECONNECT-PERIOD", "500")
    mark = cluster.recorder.mark()
    with Writer(cluster, "client", sentinels=cluster.sentinels) as writer:
        cut_off(cluster, writer, each_alone=True)
        pause(3)
        begin = time.monotonic()
        cluster.lab.heal()
        new = wait_for(
            lambda: cluster.agreed_master() if cluster.settled() else None,
            40, "the cluster is settled")
        cluster.wait_whole(new)
        whole_ms = int((time.monotonic() - begin) * 1000)
        writer.wait_more(new.port)
    tries = len(cluster.notices("+try-failover", mark))
    promoted = len(cluster.notices("+promoted-slave", mark))
    lost = writer.lost(new)
    assert new is master and tries == 0 and promoted == 0
    assert not lost
    outcome(f"all healed at one moment, {age} connections",
            whole_ms=whole_ms, tries=tries, failovers=promoted,
            lost=len(lost))


def test_sentinels_apart_while_the_master_is_dead(make_network, outcome):
    """Each hears of the others from the replicas, but reaches none: nobody is
    elected, until they meet again."""
    cluster = make_network(down_after=500)
    old = cluster.build()
    mark = cluster.recorder.mark()
    fault = cluster.lab.partition(*([one] for one in cluster.hosts(
        *cluster.sentinels)))
    for sentinel in cluster.sentinels:
        wait_for(lambda s=sentinel: len(cluster.recorder.find(
            "+sdown", "^sentinel ", s, mark)) == 2, 20, "all others are down")
    old.kill()
    for sentinel in cluster.sentinels:
        cluster.recorder.wait("+sdown", f"^master {MASTER_NAME} ", sentinel,
                              mark)
    pause(3, lambda: not any(one.is_master() for one in cluster.servers[1:]))
    cluster.assert_quiet(NO_FAILOVER, mark)
    healed = time.monotonic()
    fault.heal()
    new, recovery_ms = cluster.wait_moved(old, since=healed)
    assert recovery_ms < SLACK_MS
    old.start()
    cluster.wait_whole(new)
    assert len(cluster.notices("+elected-leader", mark)) == 1
    outcome("split 1|1|1, healed while the master is dead",
            recovery_ms=recovery_ms)


@pytest.mark.campaign
def test_a_network_in_pieces(make_network, outcome):
    """Every host alone, then whole again: as if nothing had happened."""
    cluster = make_network(down_after=500)
    master = cluster.build()
    mark = cluster.recorder.mark()
    everybody = cluster.hosts(*cluster.servers, *cluster.sentinels)
    fault = cluster.lab.partition(*([one] for one in everybody))
    for sentinel in cluster.sentinels:
        wait_for(lambda s=sentinel: len(cluster.recorder.find(
            "+sdown", "", s, mark)) == 5, 20, "it is alone")
    pause(3)
    healed = time.monotonic()
    fault.heal()
    # Who meets again before the master is back may fail over, but once.
    cluster.wait_whole(wait_for(
        lambda: cluster.agreed_master() if cluster.settled() else None, 40,
        "the cluster is whole"))
    settled_ms = int((time.monotonic() - healed) * 1000)
    assert len(cluster.notices("+promoted-slave", mark)) <= 1
    outcome("every host alone, then healed", settled_ms=settled_ms,
            failovers=int(cluster.agreed_master() is not master))
