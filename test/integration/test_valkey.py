"""Servers and sentinels of Valkey."""

import shutil

import pytest

from cluster import MASTER_NAME, PASSWORD, SENTINELD, wait_for

if not shutil.which("valkey-server"):
    pytest.skip("valkey-server is not installed (scripts/install-packages "
                "extra takes it from the backports)", allow_module_level=True)

needs_sentinel = pytest.mark.skipif(
    not shutil.which("valkey-sentinel"),
    reason="valkey-sentinel is not installed")


@pytest.fixture
def valkeys(make_cluster):
    """Three sentinels of ours watch three valkey-servers."""
    cluster = make_cluster(password=PASSWORD, hasty=True,
                           server_binary="valkey-server")
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    return cluster


def test_discovery(valkeys):
    with valkeys.servers[0].client() as client:
        assert client.info("server")["server_name"] == "valkey"
    for sentinel in valkeys.sentinels:
        assert {int(one["port"]) for one in sentinel.replicas()} == {
            one.port for one in valkeys.servers[1:]}
        for replica in sentinel.replicas():
            assert replica["master-link-status"] == "ok"
            assert replica["role-reported"] == "slave"
            assert replica["slave-priority"] == "100"
            assert replica["replica-announced"] == "1"


def test_a_crash_and_the_return_of_the_old_master(valkeys):
    old = valkeys.servers[0]
    with old.client() as client:
        client.set("kept", "yes")
        assert client.wait(2, 5000) == 2
    old.kill()
    new = valkeys.wait_new_master(old)
    with new.client() as client:
        assert client.get("kept") == "yes"
    old.start()
    valkeys.wait_replicas(new)
    valkeys.wait_settled(new, deadline=60)


def test_a_hang(valkeys):
    old = valkeys.servers[0]
    old.hang()
    new = valkeys.wait_new_master(old)
    old.resume()
    valkeys.wait_replicas(new)
    valkeys.wait_settled(new, deadline=60)


@pytest.mark.parametrize("words", [(), ("COORDINATED",)],
                         ids=["plain", "coordinated"])
@pytest.mark.ours
def test_a_planned_failover(valkeys, words):
    old = valkeys.servers[0]
    assert valkeys.sentinels[0].sentinel(
        "FAILOVER", MASTER_NAME, *words) == "OK"
    new = valkeys.wait_new_master(old)
    valkeys.wait_replicas(new)
    valkeys.wait_settled(new, deadline=60)


MIXES = {
    "one of ours": [SENTINELD, "valkey-sentinel", "valkey-sentinel"],
    "two of ours": [SENTINELD, SENTINELD, "valkey-sentinel"],
    "all three kinds": [SENTINELD, "valkey-sentinel", "redis-sentinel"],
}


@needs_sentinel
@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES.keys())
def test_a_mixed_quorum(make_cluster, mix):
    """A crash, and a planned failover that each kind leads. Which server is
    the master after the crash is left open: the others are known to do a
    needless second failover now and then."""
    cluster = make_cluster(password="mixed-secret", failover_timeout=4000,
                           hasty=True, server_binary="valkey-server")
    master = cluster.add_servers(replicas=2)
    for binary in mix:
        cluster.add_sentinel(master, binary=binary)
    cluster.wait_settled(master)

    master.kill()
    cluster.wait_new_master(master, deadline=60)
    wait_for(lambda: len({one.master()["config-epoch"]
                          for one in cluster.sentinels}) == 1, 20,
             "all have the same config epoch")
    master.start()
    cluster.wait_settled(deadline=90)
    for asked in (cluster.sentinels[0], cluster.sentinels[-1]):
        old = cluster.agreed_master()
        wait_for(lambda s=asked: s.sentinel("FAILOVER", MASTER_NAME) == "OK",
                 30, "the failover is accepted")
        cluster.wait_new_master(old, deadline=60)
        cluster.wait_settled(deadline=90)


@needs_sentinel
@pytest.mark.parametrize("there, back", [
    (SENTINELD, "valkey-sentinel"), ("valkey-sentinel", SENTINELD)],
    ids=["ours to valkey", "valkey to ours"])
def test_the_file_is_shared(make_cluster, there, back):
    """Each goes on with the file of the other, under the same id."""
    cluster = make_cluster(password=PASSWORD, quorum=1, hasty=True,
                           server_binary="valkey-server")
    master = cluster.add_servers(replicas=1)
    sentinel = cluster.add_sentinel(master, binary=there)
    cluster.wait_settled(master)
    assert sentinel.sentinel("FAILOVER", MASTER_NAME) == "OK"
    new = cluster.wait_new_master(master)
    cluster.wait_settled(new, deadline=60)
    ident, numbers = sentinel.myid(), sentinel.file_numbers()
    sentinel.terminate()
    sentinel.binary = back
    sentinel.reference = back == "valkey-sentinel"
    sentinel.start()
    assert sentinel.myid() == ident
    assert sentinel.address() == new.port
    assert sentinel.master()["num-slaves"] == "1"
    assert sentinel.file_numbers() == numbers
    cluster.wait_settled(new)
