"""Our sentinels and those of Redis in one quorum."""

import pytest

from cluster import REFERENCE, SENTINELD, wait_for

MIXES = {
    "one of ours": [SENTINELD, REFERENCE, REFERENCE],
    "two of ours": [SENTINELD, SENTINELD, REFERENCE],
}


@pytest.fixture(params=MIXES.values(), ids=MIXES.keys())
def mixed(request, make_cluster):
    cluster = make_cluster(password="mixed-secret", failover_timeout=4000,
                           hasty=True)
    master = cluster.add_servers(replicas=2)
    for binary in request.param:
        cluster.add_sentinel(master, binary=binary)
    cluster.wait_settled(master)
    return cluster


def test_crash_failover_whoever_leads(mixed):
    """Twice, so that different ones may lead; all agree on address and
    epoch, and the old master returns as a replica. Which server is the master
    in the end is left open: redis-sentinel is known to do a needless second
    failover now and then."""
    for _ in range(2):
        old = mixed.agreed_master()
        old.kill()
        mixed.wait_new_master(old, deadline=60)
        wait_for(lambda: len({one.master()["config-epoch"]
                              for one in mixed.sentinels}) == 1, 20,
                 "all have the same config epoch")
        old.start()
        master = mixed.wait_settled(deadline=90)
        assert master.is_master()


@pytest.mark.parametrize("leader", ["first", "last"])
def test_planned_failover_led_by_either_kind(mixed, leader):
    old = mixed.servers[0]
    asked = mixed.sentinels[0 if leader == "first" else -1]
    mark = mixed.recorder.mark()
    assert asked.sentinel("FAILOVER", "mymaster") == "OK"
    new = mixed.wait_new_master(old, deadline=60)
    for sentinel in mixed.sentinels:
        mixed.recorder.wait("+switch-master", f" {new.port}$", sentinel, mark,
                            deadline=30)
    mixed.wait_settled(deadline=90)


@pytest.mark.parametrize("dead", ["first", "last"])
def test_failover_with_one_sentinel_dead(mixed, dead):
    """Two remain; they must understand each other's votes."""
    victim = mixed.sentinels[0 if dead == "first" else -1]
    victim.kill()
    old = mixed.servers[0]
    old.kill()
    mixed.wait_new_master(old, deadline=60)
    victim.start()
    old.start()
    mixed.wait_settled(deadline=90)
