"""Hosts that vanish from the network: no connection is closed, nothing is
refused, packets are simply gone."""

import time

import pytest

from cluster import MASTER_NAME
from network_cluster import Writer

# What a failover may take beyond down-after on a machine that is busy: up to
# a second until the PING that is not answered, the election, the promotion.
SLACK_MS = 6000


def lose_master_host(cluster, how):
    """Takes the host of the master away; returns what brings it back."""
    host = cluster.servers[0].place
    if how == "packets dropped":
        return host.drop().heal
    if how == "link down":
        host.link_down()
        return host.link_up
    if how == "host unreachable":
        host.link_down(silent=False)
        return host.link_up
    assert how == "interface down"
    host.interface_down()
    return host.interface_up


@pytest.mark.parametrize("how", [
    "packets dropped", "link down",
    pytest.param("host unreachable", marks=pytest.mark.campaign),
    pytest.param("interface down", marks=pytest.mark.campaign)])
def test_the_host_of_the_master_is_gone(make_network, outcome, how):
    """The others fail over; when it is back it becomes a replica, and only
    what it alone had acknowledged is lost."""
    cluster = make_network()
    old = cluster.build()
    mark = cluster.recorder.mark()
    with Writer(cluster, "client", sentinels=cluster.sentinels) as writer:
        begin = time.monotonic()
        bring_back = lose_master_host(cluster, how)
        new, recovery_ms = cluster.wait_moved(old, since=begin)
        writes_ms = int((writer.wait_more(new.port) - begin) * 1000)
        assert recovery_ms < cluster.down_after + SLACK_MS
        for sentinel in cluster.sentinels:
            cluster.recorder.wait(
                "+switch-master", f"^{MASTER_NAME} {old.host} {old.port} "
                f"{new.host} {new.port}$", sentinel, mark)
        bring_back()
        cluster.wait_whole(new)
    lost = writer.lost(new)
    # Acknowledged and not yet sent on when the cable was pulled.
    assert all(port == old.port and abs(when - begin) < 1
               for _, port, when in lost), lost
    assert len(cluster.notices("+elected-leader", mark)) == 1
    outcome(f"master's host gone: {how}", recovery_ms=recovery_ms,
            writes_ms=writes_ms, lost=len(lost))
