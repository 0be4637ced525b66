"""Networks that are bad, not broken: packets lost at random, packets late."""

import time

import pytest

from cluster import MASTER_NAME
from network_cluster import NO_FAILOVER, Writer, pause
from network_lab import cannot_delay

SLACK_MS = 9000
PERCENT = 5


@pytest.mark.campaign
def test_loss_alone_is_no_failure(make_network, outcome):
    cluster = make_network(down_after=3000)
    master = cluster.build()
    mark = cluster.recorder.mark()
    with Writer(cluster, "client", server=master) as writer:
        cluster.lab.lose(PERCENT)
        pause(25)
        cluster.lab.heal()
        cluster.wait_whole(master)
        writer.wait_more()
    cluster.assert_quiet(("+odown", "+try-failover", *NO_FAILOVER), mark)
    assert not writer.lost(master)
    outcome(f"{PERCENT} % lost, 25 s", lost=0, sdowns=len(
        cluster.notices("+sdown", mark, text=f"^master {MASTER_NAME} ")))


@pytest.mark.parametrize("delay_ms", [
    pytest.param(0, marks=pytest.mark.campaign),
    pytest.param(100, marks=pytest.mark.campaign)])
def test_the_master_dies_while_packets_are_lost(make_network, outcome,
                                                delay_ms):
    if delay_ms and cannot_delay():
        pytest.skip(cannot_delay())
    cluster = make_network(down_after=3000)
    old = cluster.build()
    cluster.lab.lose(PERCENT)
    cluster.lab.delay(delay_ms)
    mark = cluster.recorder.mark()
    begin = time.monotonic()
    old.kill()
    new, recovery_ms = cluster.wait_moved(old, since=begin, deadline=30)
    assert recovery_ms < cluster.down_after + SLACK_MS
    cluster.lab.heal()
    old.start()
    cluster.wait_whole(new)
    assert len(cluster.notices("+promoted-slave", mark)) == 1
    outcome(f"killed, {PERCENT} % lost, {delay_ms} ms late",
            recovery_ms=recovery_ms)


def test_packets_are_late(make_network, outcome):
    """400 ms there and back: nobody is down, and when the master is killed
    the election does not go in circles."""
    if cannot_delay():
        pytest.skip(cannot_delay())
    cluster = make_network(down_after=2000)
    old = cluster.build()
    mark = cluster.recorder.mark()
    cluster.lab.delay(200)
    pause(2)
    cluster.assert_quiet(("+sdown", "+odown"), mark)
    begin = time.monotonic()
    old.kill()
    new, recovery_ms = cluster.wait_moved(old, since=begin)
    assert recovery_ms < cluster.down_after + SLACK_MS
    tries = len(cluster.notices("+try-failover", mark))
    assert 1 <= tries <= 4, tries
    cluster.lab.delay(0)
    assert cluster.lab.delay_line.passed > 100
    old.start()
    cluster.wait_whole(new)
    assert len(cluster.notices("+elected-leader", mark)) == 1
    outcome("killed, 200 ms late", recovery_ms=recovery_ms, tries=tries)
