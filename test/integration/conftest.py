"""Fixtures for the tests on real servers."""

import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import cluster as clusters  # noqa: E402
import network_cluster  # noqa: E402
import network_lab  # noqa: E402
from outcomes import *  # noqa: E402,F401,F403


def pytest_collection_modifyitems(items):
    if clusters.is_reference(clusters.SENTINELD):
        skip = pytest.mark.skip(reason="only sentineld behaves so")
        for item in items:
            if item.get_closest_marker("ours"):
                item.add_marker(skip)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """On failure the report ends with the logs of all processes."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for cluster in getattr(item, "clusters", []):
        report.sections.append(("processes", cluster.final_logs()))


class KeepsLogs:
    """A cluster that remembers its logs for the report."""

    __test__ = False
    kept_logs = None

    def final_logs(self):
        return self.kept_logs or self.logs()

    def close(self):
        self.kept_logs = self.logs()
        super().close()


class TestCluster(KeepsLogs, clusters.Cluster):
    __test__ = False


class TestNetworkCluster(KeepsLogs, network_cluster.NetworkCluster):
    __test__ = False


@pytest.fixture
def make_cluster(request):
    """Makes empty clusters; all are ended after the test, and their sentinels
    must then end cleanly and have kept standard error empty."""
    yield from clusters_of(request, TestCluster)


@pytest.fixture
def make_network(request):
    """The same in a network lab, each process on a host of its own."""
    if network_lab.missing():
        pytest.skip(network_lab.missing())
    yield from clusters_of(request, TestNetworkCluster)


def clusters_of(request, kind):
    made = []
    request.node.clusters = made

    def make(**options):
        made.append(kind(**options))
        return made[-1]

    yield make
    try:
        for cluster in made:
            cluster.check_sentinels()
    finally:
        for cluster in made:
            cluster.close()


def settled_trio(cluster):
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    return cluster


@pytest.fixture
def trio(make_cluster):
    """A master with a password, two replicas, three sentinels, settled."""
    return settled_trio(make_cluster(password=clusters.PASSWORD, hasty=True))


@pytest.fixture
def patient_trio(make_cluster):
    """The same with the default periods."""
    return settled_trio(make_cluster(password=clusters.PASSWORD))
