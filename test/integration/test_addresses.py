"""Addresses that are out of the ordinary: announced ones, none at all, one that
changes, and two sentinels with one id."""

import re

import pytest

from cluster import MASTER_NAME, PORTS, SentinelProcess, wait_for
from forwarder import Forwarder


@pytest.fixture
def forward():
    """Makes a new port that leads to the one given."""
    made = []

    def make(target):
        made.append(Forwarder(PORTS.take(), target))
        return made[-1].port

    yield make
    for one in made:
        one.close()


def test_all_behind_translated_addresses(make_cluster, forward):
    """Everybody announces a port that is not the one it listens on."""
    cluster = make_cluster(hasty=True)
    master = None
    for _ in range(3):
        server = cluster.add_server(start=False)
        outside = forward(server.port)
        with open(server.conf, "a") as conf:
            conf.write("replica-announce-ip 127.0.0.1\n"
                       f"replica-announce-port {outside}\n")
            if master:
                conf.write(f"replicaof 127.0.0.1 {master.port}\n")
        server.start()
        server.port = outside  # for all that follows
        master = master or server
    for _ in range(3):
        sentinel = cluster.add_sentinel(master, start=False)
        outside = forward(sentinel.port)
        with open(sentinel.conf, "a") as conf:
            conf.write("sentinel announce-ip 127.0.0.1\n"
                       f"sentinel announce-port {outside}\n")
        sentinel.start()
        sentinel.port = outside
        cluster.recorder.follow(sentinel)
    cluster.wait_settled(master)

    master.kill()
    new = cluster.wait_new_master(master)
    master.start()
    cluster.wait_replicas(new)
    cluster.wait_settled(new, deadline=60)
    for sentinel in cluster.sentinels:
        assert sentinel.master()["num-slaves"] == "2"


def test_an_announced_address_that_changes(trio):
    """SENTINEL CONFIG SET announce-port; the old one is not good any more."""
    changed, *others = trio.sentinels
    outside = PORTS.take()
    ident = changed.myid()
    forwarder = Forwarder(outside, changed.port)
    try:
        mark = trio.recorder.mark()
        assert changed.sentinel("CONFIG", "SET", "announce-ip", "127.0.0.1") == "OK"
        assert changed.sentinel("CONFIG", "SET", "announce-port",
                                str(outside)) == "OK"
        for sentinel in others:
            trio.recorder.wait(
                "+sentinel-address-switch",
                f" ip 127.0.0.1 port {outside} for {ident}$", sentinel, mark)
            wait_for(lambda s=sentinel: {
                (one["runid"], one["port"], one["flags"])
                for one in s.sentinels()} >= {
                    (ident, str(outside), "sentinel")}, 20,
                "it is known by that")
        # It votes and is asked by way of that address.
        old = trio.servers[0]
        trio.sentinels[2].hang()
        try:
            old.kill()
            wait_for(lambda: others[0].address() != old.port, 40,
                     "two of three are enough")
        finally:
            trio.sentinels[2].resume()
    finally:
        forwarder.close()


def test_a_peer_that_changes_its_address(trio):
    """It is ended and started again at another port, with its file."""
    moved, *others = trio.sentinels
    ident, before = moved.myid(), moved.port
    mark = trio.recorder.mark()
    assert moved.terminate() == 0
    moved.port = PORTS.take()
    moved.conf.write_text(re.sub(rf"(?m)^port {before}$", f"port {moved.port}",
                                 moved.conf.read_text()))
    moved.start()
    for sentinel in others:
        trio.recorder.wait("+sentinel-address-switch",
                           f" port {moved.port} for {ident}$", sentinel, mark)
    trio.wait_settled(trio.servers[0])
    for sentinel in others:
        assert [one["port"] for one in sentinel.sentinels()
                if one["runid"] == ident] == [str(moved.port)]


@pytest.mark.ours
def test_a_cloned_file(trio):
    """A second sentinel with the id of another: it is told in the log, and
    does not keep the rest from failing over."""
    original = trio.sentinels[0]
    clone = SentinelProcess(trio.directory, "clone", PORTS.take())
    trio.sentinels.append(clone)  # so that it is ended with the others
    text = original.conf.read_text()
    clone.conf.write_text(re.sub(rf"(?m)^port {original.port}$",
                                 f"port {clone.port}", text))
    clone.start()
    assert clone.myid() == original.myid()
    for one, other in ((original, clone), (clone, original)):
        wait_for(lambda o=one, p=other.port: f":{p} uses our id" in o.log(), 30,
                 "the log tells")
    for one in (original, clone):
        assert {peer["runid"] for peer in one.sentinels()} == {
            peer.myid() for peer in trio.sentinels[1:3]}
    mark = trio.recorder.mark()
    for sentinel in trio.sentinels[1:3]:
        for port in (original.port, clone.port):
            trio.recorder.wait("+sentinel-address-switch", f" port {port} for ",
                               sentinel, mark, deadline=30)
    old = trio.servers[0]
    old.kill()
    trio.wait_new_master(old, deadline=60)


def test_a_master_with_port_0(trio):
    """It is kept and never connected; the other master is none the worse."""
    sentinel = trio.sentinels[0]
    assert sentinel.sentinel("MONITOR", "later", "127.0.0.1", "0", "1") == "OK"
    assert sentinel.sentinel("SET", "later", "down-after-milliseconds",
                             "500") == "OK"
    mark = trio.recorder.mark()

    def down():
        return {"s_down", "disconnected"} <= set(
            sentinel.master("later")["flags"].split(","))

    wait_for(down, 20, "it counts as down")
    assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", "later") == [
        "127.0.0.1", "0"]
    assert sentinel.terminate() == 0
    sentinel.start()
    assert sentinel.master("later")["port"] == "0"
    trio.wait_settled(trio.servers[0])
    assert not trio.recorder.find("+switch-master", since=mark)
