"""kill -9 of a master: another takes over, all agree, the old one returns as
a replica."""

import time

import pytest

from cluster import MASTER_NAME, wait_for


def expect_crash_failover(cluster):
    """Kills the master and checks everything that must follow."""
    old = cluster.agreed_master()
    mark = cluster.recorder.mark()
    epoch = int(cluster.sentinels[0].master()["config-epoch"])
    old.kill()
    new = cluster.wait_new_master(old)
    for sentinel in cluster.sentinels:
        notice = cluster.recorder.wait(
            "+switch-master", f"^{MASTER_NAME} ", sentinel, mark)
        assert notice.text == (f"{MASTER_NAME} 127.0.0.1 {old.port} "
                               f"127.0.0.1 {new.port}")
    cluster.recorder.wait("+odown", f"^master {MASTER_NAME} 127.0.0.1 "
                          rf"{old.port} #quorum [23]/2$", since=mark)
    with new.client() as client:
        client.set("after", "failover")
    cluster.wait_replicas(new)
    cluster.wait_settled(new)
    epochs = {one.master()["config-epoch"] for one in cluster.sentinels}
    assert len(epochs) == 1 and int(epochs.pop()) > epoch
    old.start()
    wait_for(lambda: old.follows(new), 60, "the old master is a replica")
    with old.client() as client:
        assert wait_for(lambda: client.get("after") == "failover", 10)
    cluster.wait_settled(new, deadline=60)
    return old, new


def test_failover_and_return_of_the_old_master(patient_trio):
    expect_crash_failover(patient_trio)


def test_the_leader_tells_the_documented_story(trio):
    """The notices of a failover, in the order all tools rely on."""
    old = trio.servers[0]
    mark = trio.recorder.mark()
    old.kill()
    new = trio.wait_new_master(old)
    leader_notice = trio.recorder.wait("+elected-leader", since=mark)
    leader = next(one for one in trio.sentinels
                  if one.name == leader_notice.sentinel)
    trio.recorder.wait("+switch-master", sentinel=leader, since=mark)
    with trio.recorder.changed:
        told = [one.channel for one in trio.recorder.notices[mark:]
                if one.sentinel == leader.name]
    expected = [
        "+sdown", "+odown", "+new-epoch", "+try-failover", "+vote-for-leader",
        "+elected-leader", "+failover-state-select-slave", "+selected-slave",
        "+failover-state-send-slaveof-noone",
        "+failover-state-wait-promotion", "+promoted-slave",
        "+failover-state-reconf-slaves", "+slave-reconf-sent",
        "+slave-reconf-inprog", "+slave-reconf-done", "+failover-end",
        "+switch-master",
    ]
    # An election may have been lost before the one that was won.
    start = len(told) - 1 - told[::-1].index("+elected-leader")
    assert in_order(expected[5:], told[start:]), told
    assert in_order(expected[:6], told), told
    with new.client() as client:
        assert client.set("works", 1)


def in_order(expected, told):
    rest = iter(told)
    return all(one in rest for one in expected)


def test_master_and_one_replica_die_together(trio):
    old, dead = trio.servers[:2]
    old.kill()
    dead.kill()
    new = trio.wait_new_master(old)
    assert new is trio.servers[2]
    old.start()
    dead.start()
    trio.wait_replicas(new)


def test_without_a_majority_nothing_moves(trio):
    """One sentinel of three must not fail over, however dead the master."""
    for sentinel in trio.sentinels[1:]:
        sentinel.kill()
    survivor = trio.sentinels[0]
    mark = trio.recorder.mark()
    master = trio.servers[0]
    master.kill()
    trio.recorder.wait("+sdown", f"^master {MASTER_NAME}", survivor, mark)
    peers_down = [trio.recorder.wait("+sdown", f"^sentinel .* {one.port} ",
                                     survivor, mark)
                  for one in trio.sentinels[1:]]
    assert len(peers_down) == 2
    # It stays so for as long as a failover would have taken.
    end = time.monotonic() + 3
    while time.monotonic() < end:
        assert survivor.address() == master.port
        assert not trio.recorder.find("+elected-leader", since=mark)
        time.sleep(0.1)
    for replica in trio.servers[1:]:
        assert not replica.is_master()
    # The others return: now it goes on by itself.
    for sentinel in trio.sentinels[1:]:
        sentinel.start()
    trio.wait_new_master(master)


@pytest.mark.parametrize("count", [1])
def test_a_sentinel_alone_with_quorum_one(make_cluster, count):
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=count)
    cluster.add_sentinel(master)
    cluster.wait_settled(master)
    master.kill()
    assert cluster.wait_new_master(master) is cluster.servers[1]


def test_a_replica_with_priority_zero_is_never_promoted(make_cluster):
    cluster = make_cluster(hasty=True)
    master = cluster.add_server()
    never = cluster.add_server(master, options=["replica-priority 0"])
    eligible = cluster.add_server(master)
    for replica in (never, eligible):
        wait_for(lambda r=replica: r.follows(master), 20)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    master.kill()
    assert cluster.wait_new_master(master) is eligible
    wait_for(lambda: never.follows(eligible), 30)


def test_three_failovers_in_a_row(trio):
    for _ in range(3):
        expect_crash_failover(trio)
