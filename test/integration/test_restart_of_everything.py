"""All processes are ended and started again: what was learned is kept."""

import pytest

from cluster import MASTER_NAME


def snapshot(cluster):
    return {one.name: (one.myid(), one.address(), one.master()["config-epoch"],
                       one.master()["num-slaves"],
                       one.master()["num-other-sentinels"])
            for one in cluster.sentinels}


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_state_is_kept_on_disk(trio, how):
    old = trio.servers[0]
    old.kill()
    new = trio.wait_new_master(old)
    old.start()
    trio.wait_replicas(new)
    trio.wait_settled(new, deadline=60)
    before = snapshot(trio)
    for process in trio.sentinels + trio.servers:
        getattr(process, how)()

    # The sentinels alone, first: nobody is there to tell them anything.
    for sentinel in trio.sentinels:
        sentinel.start()
    for sentinel in trio.sentinels:
        assert sentinel.address() == new.port
        assert sentinel.myid() == before[sentinel.name][0]
        view = sentinel.master()
        assert view["config-epoch"] == before[sentinel.name][2]
        assert view["num-slaves"] == "2"
        assert view["num-other-sentinels"] == "2"

    for server in trio.servers:
        server.start()
    # All masters were dead for a moment; a failover may have begun and must
    # have ended well.
    trio.wait_settled(deadline=90)
    master = trio.agreed_master()
    trio.wait_replicas(master)
    with master.client() as client:
        assert client.set("works", 1)


def test_an_orderly_stop_loses_no_setting(trio):
    sentinel = trio.sentinels[0]
    assert sentinel.sentinel("SET", MASTER_NAME, "down-after-milliseconds",
                             "1234") == "OK"
    assert sentinel.sentinel("CONFIG", "SET", "announce-port",
                             str(sentinel.port)) == "OK"
    assert sentinel.terminate() == 0
    sentinel.start()
    assert sentinel.master()["down-after-milliseconds"] == "1234"
    assert sentinel.sentinel("CONFIG", "GET", "announce-port") == [
        "announce-port", str(sentinel.port)]
