"""File descriptors used up: by clients within the limit that the daemon has
worked out for itself, and beyond all limits. Links to the servers are kept or
come back, nothing spins, the log is not flooded."""

import contextlib
import resource
import socket
import time

import pytest

from cluster import wait_for
from fault_clients import allow_descriptors, connect
from fault_process import cpu_seconds, descriptor_count

pytestmark = pytest.mark.ours

LIMIT = 200


def limited(number):
    """At most NUMBER files, and no privilege to raise that."""
    return ["prlimit", f"--nofile={number}:{number}",
            "setpriv", "--inh-caps=-sys_resource",
            "--bounding-set=-sys_resource"]


def settled_trio(make_cluster, within=()):
    cluster = make_cluster(quorum=3, hasty=True)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        sentinel = cluster.add_sentinel(master, start=False)
        sentinel.within = list(within)
        sentinel.start()
        cluster.recorder.follow(sentinel)
    cluster.wait_settled(master)
    return cluster


@contextlib.contextmanager
def stubborn_clients(port, count):
    """COUNT connections that stay, whatever they are told."""
    allow_descriptors(count)
    links = [connect(port) for _ in range(count)]
    try:
        yield links
    finally:
        for link in links:
            link.close()


def heard(link):
    with contextlib.suppress(BlockingIOError):
        return link.recv(200)
    return b""


def is_answered(port):
    """Whether a new client gets through."""
    with socket.create_connection(("127.0.0.1", port), 2) as link:
        link.settimeout(2)
        link.sendall(b"PING\r\n")
        return link.recv(100) == b"+PONG\r\n"


def test_a_low_limit_leaves_room_for_the_links(make_cluster):
    """More clients than files: those over the limit are told so, and the
    failover, which needs new links and a new file, goes on meanwhile. Each
    sentinel is needed for it."""
    cluster = settled_trio(make_cluster, limited(LIMIT))
    crowded = cluster.sentinels[0]
    assert "maxclients is lowered to" in crowded.log()
    before = descriptor_count(crowded.pid)
    mark = cluster.recorder.mark()
    with stubborn_clients(crowded.port, 2 * LIMIT) as links:
        refused = wait_for(
            lambda: [link for link in links if heard(link).startswith(
                b"-ERR max number of clients reached")], 10, "some are refused")
        assert refused
        old = cluster.servers[0]
        old.kill()
        new = wait_for(
            lambda: cluster.recorder.find("+switch-master", since=mark,
                                          sentinel=crowded), 20,
            "the crowded one has switched")
        assert descriptor_count(crowded.pid) < LIMIT
        assert not cluster.recorder.find(
            "+sdown", "^(slave|sentinel) ", crowded, mark), new
    wait_for(lambda: is_answered(crowded.port), 10)
    wait_for(lambda: descriptor_count(crowded.pid) <= before + 8, 10)
    new = cluster.agreed_master()
    old.start()
    cluster.wait_settled(new)
    assert crowded.log().count("Too many open files") < 5


def test_no_descriptor_is_left(make_cluster):
    """As when something else has used up those of the whole machine: the limit
    of the running process falls to what it has open, and clients wait."""
    cluster = settled_trio(make_cluster)
    crowded = cluster.sentinels[0]
    master = cluster.servers[0]
    mark = cluster.recorder.mark()
    limits = resource.prlimit(crowded.pid, resource.RLIMIT_NOFILE)
    with crowded.client() as inside:
        assert inside.ping()
        # Those few that are free are soon taken.
        here = descriptor_count(crowded.pid)
        resource.prlimit(crowded.pid, resource.RLIMIT_NOFILE,
                         (here + 4, limits[1]))
        with stubborn_clients(crowded.port, 30):
            wait_for(lambda: "Too many open files" in crowded.log(), 10)
            lines = len(crowded.log().splitlines())
            cpu = cpu_seconds(crowded.pid)
            began = time.monotonic()
            while time.monotonic() - began < 4:
                # Who is inside is served; links are as before.
                assert inside.ping()
                flags = inside.execute_command("SENTINEL MASTERS")
                assert flags
                time.sleep(0.05)
            assert cpu_seconds(crowded.pid) - cpu < 1.5
            assert len(crowded.log().splitlines()) - lines < 15
            assert not cluster.recorder.find("+sdown", since=mark)
            # A vote cannot be stored and is refused.
            reply = inside.execute_command(
                "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1",
                str(master.port), "50", "a" * 40)
            assert reply[1] in ("*", b"*")
            assert crowded.file_numbers()["leader-epoch"] < 50
            # Its links are cut: they come back when there is room.
            with master.client() as client:
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                client.execute_command("CLIENT", "KILL", "TYPE", "normal")
            assert inside.ping()
            lines = len(crowded.log().splitlines())
            cpu = cpu_seconds(crowded.pid)
            began = time.monotonic()
            while time.monotonic() - began < 2:
                assert inside.ping()
                time.sleep(0.05)
            assert cpu_seconds(crowded.pid) - cpu < 1.5
            assert len(crowded.log().splitlines()) - lines < 30
    wait_for(lambda: is_answered(crowded.port), 10, "there is room again")
    resource.prlimit(crowded.pid, resource.RLIMIT_NOFILE, limits)
    cluster.wait_settled(master, deadline=20)
    assert not cluster.recorder.find("+switch-master", since=mark)
    wait_for(lambda: crowded.file_numbers()["leader-epoch"] == 50, 10)
    master.kill()
    cluster.wait_new_master(master)
