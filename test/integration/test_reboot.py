"""A master that was restarted within down-after."""

import pytest

from cluster import MASTER_NAME


@pytest.fixture
def calm(make_cluster):
    """Patient enough that a restart goes unnoticed but for the run id."""
    cluster = make_cluster(hasty=True, down_after=8000)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    return cluster


def restart(server):
    server.kill()
    server.start()


def test_it_stays_the_master(calm):
    master = calm.servers[0]
    mark = calm.recorder.mark()
    restart(master)
    for sentinel in calm.sentinels:
        calm.recorder.wait("+reboot", f"^master {MASTER_NAME} ", sentinel, mark)
    calm.wait_replicas(master)
    calm.wait_settled(master)
    assert not calm.recorder.find("+sdown", since=mark)
    assert not calm.recorder.find("+switch-master", since=mark)


def test_it_is_replaced_where_that_is_wanted(calm):
    """master-reboot-down-after-period: it answers that it is loading its data,
    which is no silence, but takes longer than that."""
    master = calm.servers[0]
    for sentinel in calm.sentinels:
        assert sentinel.sentinel(
            "SET", MASTER_NAME, "master-reboot-down-after-period", "500") == "OK"
    with master.client() as client:
        client.mset({f"key{number}": "x" * 500 for number in range(3000)})
        assert client.wait(2, 5000) == 2
        client.save()
    # 20 ms a key, with a look at its clients every other key.
    with open(master.conf, "a") as conf:
        conf.write("key-load-delay 20000\n"
                   "loading-process-events-interval-bytes 1024\n")
    mark = calm.recorder.mark()
    master.kill()
    master.spawn()
    new = calm.wait_new_master(master)
    for sentinel in calm.sentinels:
        calm.recorder.wait("+switch-master", f" {new.port}$", sentinel, mark)
    # It was not silent for as long as down-after.
    for sentinel in calm.sentinels:
        reboot = calm.recorder.find("+reboot", "^master ", sentinel, mark)
        down = calm.recorder.find("+sdown", "^master ", sentinel, mark)
        if down:
            assert reboot and down[0].when > reboot[0].when
    with new.client() as client:
        assert client.get("key2999") == "x" * 500
