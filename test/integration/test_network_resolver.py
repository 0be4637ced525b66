"""A resolver that never answers, at the moment when the master fails."""

import time

import pytest

import nameserver
from cluster import MASTER_NAME, wait_for
from test_host_names import PROMPT, Pulse, cut_connections

# The reference looks names up in its main thread.
pytestmark = pytest.mark.ours

SLACK_MS = 6000
NAME = "redis1"


@pytest.fixture
def resolver(tmp_path):
    if nameserver.missing():
        pytest.skip(nameserver.missing())
    server = nameserver.NameServer(tmp_path)
    server.set(NAME, "127.0.0.1")
    yield server
    server.close()


def build(cluster, resolver):
    """The sentinels know the master by its name. The servers know addresses
    only: they would look names up in the thread that serves clients."""
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        sentinel = cluster.add_sentinel(
            master, start=False, extra=["sentinel resolve-hostnames yes"])
        lines = sentinel.conf.read_text().splitlines()
        lines.sort(key=lambda line: "monitor" in line or "mymaster" in line)
        sentinel.conf.write_text("\n".join(lines).replace(
            f"{MASTER_NAME} 127.0.0.1 ",
            f"{MASTER_NAME} {NAME}.{nameserver.DOMAIN} ") + "\n")
        sentinel.within = resolver.within()
        sentinel.start()
        cluster.recorder.follow(sentinel)
    return cluster.wait_settled(master)


@pytest.mark.parametrize("cut", [
    False, pytest.param(True, marks=pytest.mark.campaign)],
    ids=["connected", "reconnecting"])
def test_the_master_dies_while_nothing_resolves(make_cluster, resolver,
                                                outcome, cut):
    """The last good address serves, and no sentinel waits for names."""
    cluster = make_cluster(hasty=True)
    old = build(cluster, resolver)
    resolver.silent = True
    if cut:
        # All sentinels are looking for the name when it happens.
        cut_connections(cluster)
        for sentinel in cluster.sentinels:
            wait_for(lambda s=sentinel:
                     "Failed to resolve hostname" in s.log(), 30,
                     "the failure is logged")
        cluster.wait_settled(old)
    with Pulse(cluster.sentinels[0]) as pulse:
        begin = time.monotonic()
        old.kill()
        new = cluster.wait_new_master(old)
        recovery_ms = int((time.monotonic() - begin) * 1000)
    assert recovery_ms < cluster.down_after + SLACK_MS
    assert pulse.longest < PROMPT
    old.start()
    cluster.wait_replicas(new)
    cluster.wait_settled(new, deadline=60)
    outcome(f"killed, resolver silent{', reconnecting' if cut else ''}",
            recovery_ms=recovery_ms)
