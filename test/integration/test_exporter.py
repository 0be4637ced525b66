"""The Prometheus exporter of Debian scrapes a sentinel."""

import re
import shutil
import subprocess
import urllib.request

import pytest

from cluster import MASTER_NAME, PORTS, wait_for

EXPORTER = "prometheus-redis-exporter"

if not shutil.which(EXPORTER):
    pytest.skip(f"{EXPORTER} is not installed", allow_module_level=True)


class Exporter:
    def __init__(self, sentinel):
        self.port = PORTS.take()
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", EXPORTER,
             "-redis.addr", f"redis://127.0.0.1:{sentinel.port}",
             "-web.listen-address", f"127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def scrape(self):
        """All samples: name and labels as they are written, to the value."""
        with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/metrics", timeout=10) as reply:
            text = reply.read().decode()
        return dict(line.rsplit(" ", 1) for line in text.splitlines()
                    if line and not line.startswith("#"))

    def end(self):
        self.popen.kill()
        self.popen.wait(10)


@pytest.fixture
def exporter(trio):
    exporter = Exporter(trio.sentinels[0])
    yield exporter
    exporter.end()


def one(samples, name, **labels):
    """The value of the only sample of NAME with LABELS."""
    found = [
        value for key, value in samples.items()
        if re.split(r"[{]", key)[0] == name
        and all(f'{label}="{text}"' in key for label, text in labels.items())]
    assert len(found) == 1, f"{name} {labels}: {found} in {samples}"
    return float(found[0])


def test_the_metrics_that_dashboards_use(trio, exporter):
    samples = wait_for(exporter.scrape, 20, "it answers")
    master = trio.servers[0]
    name = {"master_name": MASTER_NAME}
    address = {"master_address": f"127.0.0.1:{master.port}", **name}
    assert one(samples, "redis_up") == 1
    assert one(samples, "redis_sentinel_masters") == 1
    assert one(samples, "redis_sentinel_tilt") == 0
    assert one(samples, "redis_sentinel_running_scripts") == 0
    assert one(samples, "redis_sentinel_scripts_queue_length") == 0
    assert one(samples, "redis_sentinel_simulate_failure_flags") == 0
    assert one(samples, "redis_sentinel_master_status", master_status="ok",
               **address) == 1
    assert one(samples, "redis_sentinel_master_slaves", **address) == 2
    assert one(samples, "redis_sentinel_master_ok_slaves", **address) == 2
    assert one(samples, "redis_sentinel_master_sentinels", **address) == 3
    assert one(samples, "redis_sentinel_master_ok_sentinels", **address) == 3
    assert one(samples, "redis_sentinel_master_ckquorum_status", **name) == 1
    assert one(samples, "redis_instance_info", redis_mode="sentinel",
               tcp_port=trio.sentinels[0].port) == 1
    assert one(samples, "redis_uptime_in_seconds") >= 0
    assert one(samples, "redis_connected_clients") >= 1


def test_a_failure_shows(trio, exporter):
    """A dead replica, a dead sentinel, and a failover."""
    old = trio.servers[0]
    victim = trio.servers[2]
    victim.kill()

    def ok_replicas():
        return one(exporter.scrape(), "redis_sentinel_master_ok_slaves") == 1

    wait_for(ok_replicas, 20, "one replica is well", every=0.2)
    trio.sentinels[2].kill()
    trio.sentinels[1].kill()

    def no_quorum():
        samples = exporter.scrape()
        return (one(samples, "redis_sentinel_master_ckquorum_status") == 0
                and one(samples, "redis_sentinel_master_ok_sentinels") == 1)

    wait_for(no_quorum, 20, "the quorum is lost", every=0.2)
    for sentinel in trio.sentinels[1:]:
        sentinel.start()
    old.kill()
    new = trio.wait_new_master(old)
    address = f"127.0.0.1:{new.port}"

    def moved():
        return [key for key in exporter.scrape()
                if "redis_sentinel_master_status" in key and address in key]

    wait_for(moved, 20, "the new master is shown", every=0.2)
