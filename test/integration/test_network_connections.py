"""Connections that are refused, reset, or gone without a word while the
processes at both ends are well."""

import time

import pytest

from cluster import MASTER_NAME, wait_for
from network_cluster import NO_FAILOVER, Writer, pause

SLACK_MS = 6000


@pytest.mark.parametrize("how", [
    "reset", pytest.param("port-unreachable", marks=pytest.mark.campaign),
    pytest.param("host-unreachable", marks=pytest.mark.campaign)])
def test_one_sentinel_may_not_connect(make_network, outcome, how):
    """A filter beside one sentinel rejects what it sends to the master: it
    alone sees it down."""
    cluster = make_network(down_after=500)
    master = cluster.build()
    lonely, *others = cluster.sentinels
    mark = cluster.recorder.mark()
    if how == "reset":
        fault = lonely.place.reject_with_reset(master.place)
    else:
        fault = lonely.place.refuse(master.place, how)
    about = f"^master {MASTER_NAME} {master.host} {master.port}$"
    cluster.recorder.wait("+sdown", about, lonely, mark)
    pause(4 * cluster.down_after / 1000,
          lambda: lonely.address() == master.port)
    fault.heal()
    healed = time.monotonic()
    cluster.recorder.wait("-sdown", about, lonely, mark)
    cleared_ms = int((time.monotonic() - healed) * 1000)
    cluster.wait_settled(master)
    cluster.assert_quiet(("+sdown",), mark, others)
    cluster.assert_quiet(("+odown", "+try-failover", *NO_FAILOVER), mark)
    outcome(f"one sentinel rejected: {how}", cleared_ms=cleared_ms)


def connections(process, master):
    """The ports from which the host of PROCESS is connected to MASTER."""
    done = process.place.run(
        ["ss", "-Htn", "state", "established", "dst", master.host], text=True,
        capture_output=True, check=True)
    return {line.split()[2] for line in done.stdout.splitlines()}


def test_all_connections_of_the_master_are_reset(make_network, outcome):
    """As by a firewall that forgot them. They are made anew, and nothing was
    down; the replicas go on where they were."""
    cluster = make_network(down_after=3000)
    master = cluster.build()
    mark = cluster.recorder.mark()
    with master.client() as client:
        full_syncs = client.info("stats")["sync_full"]
    with Writer(cluster, "client", server=master) as writer:
        peers = [*cluster.servers[1:], *cluster.sentinels]
        before = {one: connections(one, master) for one in peers}
        assert all(before.values())
        begin = time.monotonic()
        fault = master.place.reset_established()
        # Whoever says something finds out.
        for one in peers:
            wait_for(lambda p=one: before[p] - connections(p, master), 10,
                     f"{one.name} is reset")
        fault.heal()
        cut_ms = int((time.monotonic() - begin) * 1000)
        writer.wait_more()
        cluster.wait_whole(master)
    whole_ms = int((time.monotonic() - begin) * 1000)
    cluster.assert_quiet(("+odown", *NO_FAILOVER), mark)
    if cut_ms < cluster.down_after / 2:
        cluster.assert_quiet(("+sdown",), mark)
    assert not writer.lost(master)
    with master.client() as client:
        assert client.info("stats")["sync_full"] == full_syncs
    outcome("all connections of the master reset", cut_ms=cut_ms,
            whole_ms=whole_ms, lost=0)


def die_unheard(process):
    """It is killed while nothing it sends arrives: its peers hear no FIN."""
    fault = process.place.drop()
    process.kill()
    return fault


def test_a_master_dies_unheard(make_network, outcome):
    """The connections to it are half open; its host answers again, by
    resets."""
    cluster = make_network()
    old = cluster.build()
    with Writer(cluster, "client", sentinels=cluster.sentinels) as writer:
        begin = time.monotonic()
        die_unheard(old).heal()
        new, recovery_ms = cluster.wait_moved(old, since=begin)
        assert recovery_ms < cluster.down_after + SLACK_MS
        writes_ms = int((writer.wait_more(new.port) - begin) * 1000)
        old.start()
        cluster.wait_whole(new)
    lost = writer.lost(new)
    assert all(abs(when - begin) < 1 for _, _, when in lost), lost
    outcome("master killed, half-open connections", recovery_ms=recovery_ms,
            writes_ms=writes_ms, lost=len(lost))


@pytest.mark.campaign
def test_a_sentinel_dies_unheard(make_network, outcome):
    """It comes back with its old connections still open at its peers, who
    must reach it again: then its vote is needed."""
    cluster = make_network()
    old = cluster.build()
    absent, voter, third = cluster.sentinels
    fault = die_unheard(absent)
    ident = re_start(absent)
    fault.heal()
    assert absent.myid() == ident
    begin = time.monotonic()
    cluster.wait_settled(old)
    settled_ms = int((time.monotonic() - begin) * 1000)
    third.kill()
    begin = time.monotonic()
    old.kill()
    new, recovery_ms = cluster.wait_moved(old, [absent, voter], since=begin)
    assert recovery_ms < cluster.down_after + SLACK_MS
    third.start()
    old.start()
    cluster.wait_whole(new)
    outcome("sentinel killed, half-open connections", settled_ms=settled_ms,
            recovery_ms=recovery_ms)


def re_start(sentinel):
    """Starts it again; returns the id that its file has."""
    words = sentinel.conf.read_text().split()
    ident = words[words.index("myid") + 1]
    sentinel.start()
    return ident


@pytest.mark.campaign
@pytest.mark.parametrize("stale", [False, True], ids=["fresh", "stale"])
def test_a_replica_cut_from_its_master(make_network, outcome, stale):
    """The preferred replica has lost its master, not the sentinels. Past ten
    times down-after its data is too old; until then it may be chosen."""
    cluster = make_network(down_after=500)
    old = cluster.build(options=("repl-timeout 2",
                                 "repl-ping-replica-period 1"))
    cut, other = cluster.servers[1:]
    with cut.client() as client:
        client.config_set("replica-priority", 1)
    old.place.drop(cut.place)

    def down_for_ms():
        views = [one for sentinel in cluster.sentinels
                 for one in sentinel.replicas()
                 if one["port"] == str(cut.port)
                 and one["slave-priority"] == "1"]
        if len(views) < len(cluster.sentinels):
            return 0
        return min(int(one["master-link-down-time"]) for one in views)

    # The time in which the master is down is granted on top of the limit.
    limit_ms = 10 * cluster.down_after + 2000
    wait_for(lambda: down_for_ms() > (limit_ms if stale else 0), 30,
             "the sentinels know how long its link has been down", every=0.1)
    begin = time.monotonic()
    old.kill()
    new, recovery_ms = cluster.wait_moved(old, since=begin)
    assert new is (other if stale else cut)
    cluster.lab.heal()
    old.start()
    cluster.wait_whole(new)
    outcome(f"replica cut from the master, {'stale' if stale else 'fresh'}",
            recovery_ms=recovery_ms)
