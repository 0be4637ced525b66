"""A sentinel dies in the middle of a failover that it leads."""

import pytest

from cluster import wait_for


@pytest.fixture
def small_trio(make_cluster):
    """Short failover-timeout: who gave its vote to the dead leader waits for
    at most twice that."""
    cluster = make_cluster(failover_timeout=3000, hasty=True)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    return cluster


@pytest.mark.parametrize("moment", ["crash-after-election",
                                    "crash-after-promotion"])
def test_the_leader_crashes(small_trio, moment):
    """SIMULATE-FAILURE makes whoever is elected crash at a chosen step. It
    comes back without that setting, so each crashes once at most."""
    cluster = small_trio
    old = cluster.servers[0]
    for sentinel in cluster.sentinels:
        assert sentinel.sentinel("SIMULATE-FAILURE", moment) == "OK"
    old.kill()
    codes = []

    def moved():
        for sentinel in cluster.sentinels:
            code = sentinel.popen.poll()
            if code is not None:
                codes.append(code)
                sentinel.start()
        master = cluster.agreed_master()
        return master and master is not old and master.is_master()

    wait_for(moved, 60, "there is a new master")
    assert codes and set(codes) == {99}
    old.start()
    cluster.wait_settled(deadline=90)


@pytest.mark.parametrize("channel", ["+vote-for-leader", "+selected-slave",
                                     "+promoted-slave", "+slave-reconf-sent"])
def test_the_leader_is_killed_and_restarted(small_trio, channel):
    """Whoever leads is killed when it says CHANNEL, and comes back at once."""
    cluster = small_trio
    old = cluster.servers[0]
    mark = cluster.recorder.mark()
    old.kill()
    if channel == "+vote-for-leader":
        started = cluster.recorder.wait("+try-failover", since=mark).sentinel
    else:
        started = cluster.recorder.wait(channel, since=mark).sentinel
    victim = next(one for one in cluster.sentinels if one.name == started)
    before = victim.file_numbers()
    victim.kill()
    victim.start()
    after = victim.file_numbers()
    for key, number in before.items():
        assert after[key] >= number, key
    cluster.wait_new_master(old, deadline=60)
    old.start()
    cluster.wait_settled(deadline=90)


def test_an_ordered_failover_dies_with_its_sentinel(small_trio):
    """The one that was ordered to fail over dies after the promotion, and the
    others elect in the same epoch: in the end all name one master."""
    cluster = small_trio
    old = cluster.servers[0]
    first = cluster.sentinels[0]
    assert first.sentinel("SIMULATE-FAILURE", "crash-after-promotion") == "OK"
    assert first.sentinel("FAILOVER", "mymaster") == "OK"
    old.kill()
    wait_for(lambda: first.popen.poll() is not None, 20, "it crashed")
    assert first.popen.poll() == 99

    def others_moved():
        ports = {one.address() for one in cluster.sentinels[1:]}
        return len(ports) == 1 and ports != {old.port}

    wait_for(others_moved, 40, "the others have a new master")
    first.start()
    old.start()
    cluster.wait_settled(deadline=90)
