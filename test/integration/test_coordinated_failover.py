"""SENTINEL FAILOVER name COORDINATED: the master itself hands over, and not one
acknowledged write is lost."""

import threading

import pytest
import redis
from redis.sentinel import Sentinel

from cluster import MASTER_NAME, wait_for


class Writer(threading.Thread):
    """Several of them write as fast as they can through redis-py's Sentinel
    client and keep account of what was acknowledged."""

    def __init__(self, cluster, number):
        super().__init__(daemon=True)
        found = Sentinel([("127.0.0.1", one.port)
                          for one in cluster.sentinels], socket_timeout=5)
        self.client = found.master_for(
            MASTER_NAME, socket_timeout=20, password=cluster.password)
        self.prefix = f"writer{number}:"
        self.acknowledged = []
        self.ended = threading.Event()

    def run(self):
        number = 0
        while not self.ended.is_set():
            number += 1
            try:
                self.client.set(f"{self.prefix}{number}", number)
            except redis.exceptions.RedisError:
                continue
            self.acknowledged.append(number)


def test_no_acknowledged_write_is_lost(trio):
    writers = [Writer(trio, number) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(2):
            old = trio.agreed_master()
            counts = [len(writer.acknowledged) for writer in writers]
            wait_for(lambda: all(len(writer.acknowledged) > count + 100
                                 for writer, count in zip(writers, counts)),
                     20, "all write")
            assert trio.sentinels[0].sentinel(
                "FAILOVER", MASTER_NAME, "COORDINATED") == "OK"
            new = trio.wait_new_master(old)
            wait_for(lambda: old.follows(new), 60, "the old one follows")
            trio.wait_replicas(new)
            trio.wait_settled(new, deadline=60)
    finally:
        for writer in writers:
            writer.ended.set()
        for writer in writers:
            writer.join(30)
    master = trio.agreed_master().client()
    for writer in writers:
        kept = master.mget([f"{writer.prefix}{number}"
                            for number in writer.acknowledged])
        assert kept.count(None) == 0


def test_refused_where_the_command_is_missing(make_cluster):
    """A server of which the INFO does not tell of FAILOVER: here one that was
    never asked, since it is down from the start."""
    cluster = make_cluster(quorum=1)
    master = cluster.add_server(start=False)
    sentinel = cluster.add_sentinel(master)
    with pytest.raises(redis.exceptions.ResponseError,
                       match="^NOGOODPRIMARY Primary does not support "
                             "FAILOVER command"):
        sentinel.sentinel("FAILOVER", MASTER_NAME, "coordinated")


def test_a_master_that_refuses_it_goes_on(make_cluster):
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=1)
    sentinel = cluster.add_sentinel(master)
    cluster.wait_settled(master)
    mark = cluster.recorder.mark()
    master.client().execute_command(
        "ACL", "SETUSER", "default", "-failover")
    assert sentinel.sentinel("FAILOVER", MASTER_NAME, "COORDINATED") == "OK"
    cluster.recorder.wait("-failover-abort-master-timeout", since=mark)
    assert master.is_master()
    assert sentinel.address() == master.port
    assert master.client().set("key", "value")


def test_other_words_are_refused(trio):
    with pytest.raises(redis.exceptions.ResponseError,
                       match="^Unknown failover option specified"):
        trio.sentinels[0].sentinel("FAILOVER", MASTER_NAME, "NOW")
