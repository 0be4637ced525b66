"""A sentinel that was stopped for a while does not trust what it sees."""

import pytest

from cluster import MASTER_NAME, wait_for

DOWN_AFTER_MS = 3000  # more than the limit of 2 s


def tilt_of(sentinel):
    with sentinel.client() as client:
        info = client.info("sentinel")
    return info["sentinel_tilt"], info["sentinel_tilt_since_seconds"]


@pytest.fixture
def patient(make_cluster):
    """The others notice a stopped sentinel only after more than the limit."""
    cluster = make_cluster(hasty=True, down_after=DOWN_AFTER_MS)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    return cluster


def tilt(cluster, sentinel):
    """Until it is in TILT. Returns the place in the record before."""
    mark = cluster.recorder.mark()
    ident = sentinel.myid()
    sentinel.hang()
    try:
        for other in cluster.sentinels:
            if other is not sentinel:
                cluster.recorder.wait("+sdown", f"^sentinel {ident} ", other,
                                      mark)
    finally:
        sentinel.resume()
    cluster.recorder.wait("+tilt", "#tilt mode entered", sentinel, mark)
    return mark


def test_entered_and_left(patient):
    sentinel = patient.sentinels[0]
    assert tilt_of(sentinel) == (0, -1)
    sentinel.sentinel("DEBUG", "TILT-PERIOD", "4000")
    mark = tilt(patient, sentinel)
    state, since = tilt_of(sentinel)
    assert state == 1 and 0 <= since <= 4
    patient.recorder.wait("-tilt", "#tilt mode exited", sentinel, mark)
    wait_for(lambda: tilt_of(sentinel) == (0, -1), 10)
    # Nothing it saw in between was believed.
    assert not patient.recorder.find("+sdown", "", sentinel, mark)
    assert not patient.recorder.find("+tilt", "", patient.sentinels[1])
    patient.wait_settled(patient.servers[0])


def test_it_only_watches_and_follows(patient):
    """The master dies: the one in TILT says nothing of its own, the others
    fail over without it, and it takes the new address from them."""
    sentinel = patient.sentinels[0]
    sentinel.sentinel("DEBUG", "TILT-PERIOD", "600000")
    mark = tilt(patient, sentinel)
    old = patient.servers[0]
    port = str(old.port)
    patient.wait_settled(old)  # the others see it up again
    old.kill()
    new = patient.wait_new_master(old)
    patient.recorder.wait("+switch-master", f" {new.port}$", sentinel, mark)
    for channel in ("+sdown", "+odown", "+try-failover", "-tilt"):
        assert not patient.recorder.find(channel, "", sentinel, mark)
    assert sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", port, "0",
                             "*")[0] == 0
    # It can be told to forget its doubts.
    sentinel.sentinel("DEBUG", "TILT-PERIOD", "1")
    patient.recorder.wait("-tilt", "", sentinel, mark)
    patient.recorder.wait("+sdown", f"^slave 127.0.0.1:{port} ", sentinel, mark)
    old.start()
    patient.wait_settled(new, deadline=60)
    assert sentinel.address(MASTER_NAME) == new.port
