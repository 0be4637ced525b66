"""Crowds of clients, idle and rude: the failover goes on in its time, memory is
bounded, and all that they took is given back when they have gone."""

import time

import pytest

from cluster import wait_for
from fault_clients import (GreedyReader, GreedyRequester, RudeCrowd,
                           allow_descriptors, idle_clients)
from fault_process import MEGABYTE, descriptor_count, resident_bytes

pytestmark = pytest.mark.ours

# After the master has gone: down-after, and the time for the rest, generous.
DOWN_AFTER_MS = 1000
FAILOVER_LIMIT_S = DOWN_AFTER_MS / 1000 + 8


@pytest.fixture
def unanimous(make_cluster):
    """No failover without the word of each of the three, thus of the one that
    is crowded too."""
    cluster = make_cluster(quorum=3, down_after=DOWN_AFTER_MS, hasty=True)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    maps = f"/proc/{cluster.sentinels[0].pid}/maps"
    with open(maps) as file:
        if "libasan" in file.read():
            pytest.skip("a sanitizer takes memory and time of its own")
    return cluster


def fails_over_in_time(cluster):
    old = cluster.agreed_master()
    began = time.monotonic()
    old.kill()
    new = cluster.wait_new_master(old, deadline=40)
    took = time.monotonic() - began
    assert took < FAILOVER_LIMIT_S, f"{took:.1f} s"
    return old, new


def waits_for_clients(sentinel, before):
    return lambda count: wait_for(
        lambda: descriptor_count(sentinel.pid) >= before + count, 30,
        f"{count} clients are let in")


def gives_back(sentinel, descriptors, memory_bytes, spare_bytes):
    wait_for(lambda: descriptor_count(sentinel.pid) <= descriptors + 8, 30,
             "the descriptors are given back")
    wait_for(lambda: resident_bytes(sentinel.pid) < memory_bytes + spare_bytes,
             30, "the memory is given back")


def test_five_thousand_idle_and_five_hundred_rude_clients(unanimous):
    """Idle ones cost less than 8 kB each; all together less than 160 MB."""
    crowded = unanimous.sentinels[0]
    allow_descriptors(5500)
    descriptors = descriptor_count(crowded.pid)
    memory = resident_bytes(crowded.pid)
    with idle_clients(crowded.port, 5000,
                      waits_for_clients(crowded, descriptors)):
        each = (resident_bytes(crowded.pid) - memory) / 5000
        assert each < 8192
        with RudeCrowd(crowded.port, 500) as crowd:
            wait_for(lambda: descriptor_count(crowded.pid)
                     >= descriptors + 5300, 20, "the rude ones are there")
            old, new = fails_over_in_time(unanimous)
            assert resident_bytes(crowded.pid) - memory < 160 * MEGABYTE
            visits = crowd.visits()
            # Some are hung up on, and have come back.
            for kind in ("MidReply", "Browser", "Rubbish"):
                assert visits[kind] > 50, visits
            old.start()
            unanimous.wait_settled(new, deadline=60)
    gives_back(crowded, descriptors, memory, 24 * MEGABYTE)
    assert not unanimous.recorder.find("+tilt")


def test_who_never_reads_replies_is_not_answered(unanimous):
    """Twenty clients ask without end for what they do not read. They are not
    hung up on and cost less than 1 MB each; the others are served meanwhile."""
    crowded = unanimous.sentinels[0]
    descriptors = descriptor_count(crowded.pid)
    memory = resident_bytes(crowded.pid)

    def commands_run():
        with crowded.client() as client:
            return client.info("stats")["total_commands_processed"]

    def all_are_stuck():
        """They give some thousands of requests before that, then none."""
        before = commands_run()
        time.sleep(0.5)
        return commands_run() - before < 200

    with RudeCrowd(crowded.port, 20, (GreedyRequester,)) as crowd:
        waits_for_clients(crowded, descriptors)(20)
        wait_for(lambda: commands_run() > 20000, 30, "requests are run")
        wait_for(all_are_stuck, 60, "requests stop")
        assert resident_bytes(crowded.pid) - memory < 20 * MEGABYTE
        assert crowd.visits()["GreedyRequester"] == 20
    gives_back(crowded, descriptors, memory, 24 * MEGABYTE)


def worst_pings(sentinel, seconds):
    """The longest time in seconds of a PING, connecting included, in each of
    so many seconds."""
    worst = []
    for _ in range(seconds):
        worst.append(0.0)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            began = time.monotonic()
            with sentinel.client(socket_timeout=30) as client:
                assert client.ping()
            worst[-1] = max(worst[-1], time.monotonic() - began)
    return worst


def test_failover_with_greedy_clients(unanimous):
    """Ten clients ask for all that the sentinel can say, half of them without
    reading it. It has as much time for its servers, its peers and other
    clients as ever."""
    crowded = unanimous.sentinels[0]
    since = unanimous.recorder.mark()
    with RudeCrowd(crowded.port, 10, (GreedyRequester, GreedyReader)) as crowd:
        wait_for(lambda: all(client.acts > 3 for client in crowd.clients), 30,
                 "they are at work")
        # A busy machine may pause now and then, but not in each second.
        worst = sorted(worst_pings(crowded, 5))
        assert worst[2] < 0.5, worst
        assert not unanimous.recorder.find("+sdown", since=since)
        fails_over_in_time(unanimous)
        assert sum(crowd.visits().values()) == 10
    assert not unanimous.recorder.find("+tilt", since=since)
