"""A fleet of redis-sentinel is moved over to ours seat by seat, and back, with
the same files, under a writer, and with a failover at each step."""

import re
import threading
import time

import pytest
import redis
from redis.sentinel import Sentinel

from cluster import MASTER_NAME, REFERENCE, SENTINELD, wait_for


class Writer:
    """Writes numbers by way of the sentinels, all the time."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.acknowledged = 0
        self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        client = Sentinel(
            [("127.0.0.1", one.port) for one in self.cluster.sentinels],
            socket_timeout=1, password=self.cluster.password)
        master = client.master_for(MASTER_NAME, socket_timeout=1)
        while not self.closing:
            try:
                master.set("number", self.acknowledged + 1)
                self.acknowledged += 1
            except (redis.exceptions.RedisError, OSError):
                pass
            time.sleep(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing = True
        self.thread.join(20)

    def wait_going_on(self):
        before = self.acknowledged
        wait_for(lambda: self.acknowledged > before + 3, 30,
                 "writes are acknowledged")


def known(sentinel):
    """What it must not lose: its id, epochs, replicas and peers."""
    return {
        "id": sentinel.myid(),
        "epoch": int(sentinel.master()["config-epoch"]),
        "master": sentinel.address(),
        "replicas": {one["name"] for one in sentinel.replicas()},
        "peers": {(one["runid"], one["port"])
                  for one in sentinel.sentinels()},
    }


def in_file(sentinel):
    text = sentinel.conf.read_text()
    return (sentinel.file_numbers(),
            sorted(re.findall(r"^sentinel known-\w+ .*$", text, re.M)))


def swap(cluster, sentinel, binary):
    before, numbers = known(sentinel), sentinel.file_numbers()
    assert sentinel.terminate() == 0
    stored = in_file(sentinel)
    sentinel.binary = binary
    sentinel.reference = binary == REFERENCE
    sentinel.start()
    after = known(sentinel)
    assert after == before
    assert stored[0] == numbers
    assert in_file(sentinel) == stored


def start_fleet(make_cluster):
    cluster = make_cluster(password="swap-secret", failover_timeout=4000,
                           hasty=True)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master, binary=REFERENCE)
    cluster.wait_settled(master)
    return cluster


def fail_over(cluster, step):
    """A crash, or a planned one, in turn."""
    old = cluster.agreed_master()
    if step % 2 == 0:
        old.kill()
        cluster.wait_new_master(old, deadline=60)
        old.start()
    else:
        asked = cluster.sentinels[step % 3]
        wait_for(lambda: asked.sentinel("FAILOVER", MASTER_NAME) == "OK", 30,
                 "the failover is accepted")
        cluster.wait_new_master(old, deadline=60)
    cluster.wait_settled(deadline=90)
    cluster.wait_replicas(cluster.agreed_master())


@pytest.mark.ours
def test_over_and_back(make_cluster):
    cluster = start_fleet(make_cluster)
    idents = [one.myid() for one in cluster.sentinels]
    step = 0
    with Writer(cluster) as writer:
        for binary in (SENTINELD, REFERENCE):
            for sentinel in cluster.sentinels:
                swap(cluster, sentinel, binary)
                cluster.wait_settled(deadline=60)
                writer.wait_going_on()
                fail_over(cluster, step)
                writer.wait_going_on()
                step += 1
    assert [one.myid() for one in cluster.sentinels] == idents
    with cluster.agreed_master().client() as client:
        assert int(client.get("number")) > 0
