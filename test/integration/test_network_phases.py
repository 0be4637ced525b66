"""Faults that begin or end in the middle of a failover, at each of its
steps."""

import threading
import time

import pytest

from cluster import wait_for
from network_cluster import Writer

# The reference waits twice the failover-timeout for a leader that was lost.
pytestmark = pytest.mark.ours

SLACK_MS = 6000

# What the leader says at the beginning of each step.
STEPS = ["+odown", "+try-failover", "+elected-leader", "+selected-slave",
         "+failover-state-wait-promotion", "+promoted-slave",
         "+slave-reconf-sent"]


def steps(*in_every_run):
    return [step if step in in_every_run
            else pytest.param(step, marks=pytest.mark.campaign)
            for step in STEPS]


class At:
    """Calls ACT with the sentinel that first publishes CHANNEL, at once."""

    def __init__(self, channel):
        self.channel = channel
        self.act = None
        self.cluster = None
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.sentinel = None

    def arm(self, cluster, act):
        self.cluster = cluster
        self.act = act

    def notice(self, notice):
        if notice.channel != self.channel:
            return
        with self.lock:
            if self.act is None or self.done.is_set():
                return
            self.sentinel = next(one for one in self.cluster.sentinels
                                 if one.name == notice.sentinel)
            self.act(self.sentinel, notice)
            self.done.set()

    def wait(self, deadline=20):
        assert self.done.wait(deadline), f"no {self.channel}"
        return self.sentinel


def whole(cluster, deadline=60):
    """Until the cluster has one master, whichever, and all agree."""
    master = wait_for(
        lambda: cluster.agreed_master() if cluster.settled() else None,
        deadline, "the cluster is settled", every=0.05)
    cluster.wait_whole(master)
    return master


@pytest.mark.parametrize("step", steps("+elected-leader"))
def test_the_master_is_back_at(make_network, outcome, step):
    """Its host was gone, and is back in the middle of the failover: it stays
    master, or becomes a replica; not both, and nobody disagrees."""
    at = At(step)
    cluster = make_network(on_notice=at.notice)
    old = cluster.build()
    mark = cluster.recorder.mark()
    with Writer(cluster, "client", sentinels=cluster.sentinels) as writer:
        begin = time.monotonic()
        fault = old.place.drop()
        at.arm(cluster, lambda *_: fault.heal())
        at.wait()
        master = whole(cluster)
        whole_ms = int((time.monotonic() - begin) * 1000)
        writer.wait_more(master.port)
    assert whole_ms < cluster.down_after + 15000
    assert len(cluster.notices("+promoted-slave", mark)) == int(
        master is not old)
    lost = writer.lost(master)
    assert all(port == old.port for _, port, _ in lost), lost
    outcome(f"master is back at {step}", whole_ms=whole_ms, lost=len(lost),
            moved=int(master is not old))


def lose_leader(cluster, how, at):
    """At its step the leader is cut from the network, or stopped. Returns
    what undoes that."""
    if how == "cut":
        at.arm(cluster, lambda leader, _: leader.place.drop())
        return cluster.lab.heal
    at.arm(cluster, lambda leader, _: leader.hang())
    return lambda: at.sentinel.resume()


@pytest.mark.parametrize("step", steps("+failover-state-wait-promotion"))
@pytest.mark.parametrize("how", [
    "cut", pytest.param("stopped", marks=pytest.mark.campaign)])
def test_the_leader_is_lost_at(make_network, outcome, how, step):
    """The master is dead, and so is who was to replace it: the others do it,
    and one master is left when the leader returns."""
    at = At(step)
    cluster = make_network(on_notice=at.notice, failover_timeout=4000)
    old = cluster.build()
    for sentinel in cluster.sentinels:
        sentinel.sentinel("DEBUG", "TILT-PERIOD", "1000")
    undo = lose_leader(cluster, how, at)
    begin = time.monotonic()
    old.kill()
    leader = at.wait()
    others = [one for one in cluster.sentinels if one is not leader]
    new, recovery_ms = cluster.wait_moved(old, others, since=begin)
    # The others wait for a winner they voted for, until it is known lost.
    assert recovery_ms < 2 * cluster.down_after + SLACK_MS + 3000
    undo()
    old.start()
    cluster.wait_whole(new)
    outcome(f"leader {how} at {step}", recovery_ms=recovery_ms)


@pytest.mark.campaign
@pytest.mark.parametrize("how", ["cut", "stopped"])
@pytest.mark.parametrize("step", ["+selected-slave",
                                  "+failover-state-wait-promotion"])
def test_the_chosen_replica_is_lost_at(make_network, outcome, how, step):
    """Another one is promoted in its place, after the pause that follows a
    failover without success. The first may have become a master as well: it
    must turn, when it is back."""
    at = At(step)
    cluster = make_network(on_notice=at.notice, failover_timeout=4000)
    old = cluster.build()
    chosen = []

    def lose(_, notice):
        chosen.append(next(one for one in cluster.servers
                           if f":{one.port} " in notice.text))
        if how == "cut":
            chosen[0].place.drop()
        else:
            chosen[0].hang()

    at.arm(cluster, lose)
    begin = time.monotonic()
    old.kill()
    at.wait()
    new, recovery_ms = cluster.wait_moved(old, since=begin, deadline=40)
    if new is chosen[0]:
        # The promotion was told before it was lost: one more failover.
        new, recovery_ms = cluster.wait_moved(new, since=begin, deadline=40)
    assert new not in (old, chosen[0])
    assert recovery_ms < 30000
    cluster.lab.heal()
    chosen[0].resume()
    old.start()
    cluster.wait_whole(new)
    outcome(f"chosen replica {how} at {step}", recovery_ms=recovery_ms)


@pytest.mark.campaign
@pytest.mark.parametrize("step", STEPS)
def test_a_stopped_master_goes_on_at(make_network, outcome, step):
    """SIGSTOP, and SIGCONT in the middle of the failover."""
    at = At(step)
    cluster = make_network(on_notice=at.notice)
    old = cluster.build()
    mark = cluster.recorder.mark()
    at.arm(cluster, lambda *_: old.resume())
    with Writer(cluster, "client", sentinels=cluster.sentinels) as writer:
        begin = time.monotonic()
        old.hang()
        at.wait()
        master = whole(cluster)
        whole_ms = int((time.monotonic() - begin) * 1000)
        writer.wait_more(master.port)
    assert len(cluster.notices("+promoted-slave", mark)) == int(
        master is not old)
    lost = writer.lost(master)
    assert all(port == old.port for _, port, _ in lost), lost
    outcome(f"stopped master goes on at {step}", whole_ms=whole_ms,
            lost=len(lost), moved=int(master is not old))
