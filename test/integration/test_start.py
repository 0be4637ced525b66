"""From a configuration that names only the master, everything is found."""

import re

from cluster import MASTER_NAME, PASSWORD, wait_for


def test_replicas_and_sentinels_are_discovered(trio):
    master = trio.servers[0]
    for sentinel in trio.sentinels:
        view = sentinel.master()
        assert view["name"] == MASTER_NAME
        assert view["ip"] == "127.0.0.1"
        assert int(view["port"]) == master.port
        assert view["flags"] == "master"
        assert view["num-slaves"] == "2"
        assert view["num-other-sentinels"] == "2"
        assert view["quorum"] == "2"
        names = {one["name"] for one in sentinel.replicas()}
        assert names == {f"127.0.0.1:{one.port}" for one in trio.servers[1:]}
        others = {one["runid"] for one in sentinel.sentinels()}
        assert others == {one.myid() for one in trio.sentinels
                          if one is not sentinel}
        assert sentinel.address() == master.port


def test_what_was_discovered_is_in_the_file(trio):
    for sentinel in trio.sentinels:
        ids = {one.myid() for one in trio.sentinels if one is not sentinel}
        ports = {str(one.port) for one in trio.servers[1:]}

        def written():
            text = sentinel.conf.read_text()
            replicas = set(re.findall(
                rf"^sentinel known-replica {MASTER_NAME} 127.0.0.1 (\d+)$",
                text, re.MULTILINE))
            peers = set(re.findall(
                rf"^sentinel known-sentinel {MASTER_NAME} 127.0.0.1 \d+ (\w+)$",
                text, re.MULTILINE))
            return replicas == ports and peers == ids

        wait_for(written, 10, "known replicas and sentinels are in the file")
        assert f"sentinel myid {sentinel.myid()}" in sentinel.conf.read_text()


def test_quorum_is_reported(trio):
    for sentinel in trio.sentinels:
        assert sentinel.sentinel("CKQUORUM", MASTER_NAME) == (
            "OK 3 usable Sentinels. Quorum and failover authorization can be "
            "reached")


def test_a_sentinel_that_joins_later_is_found(trio):
    mark = trio.recorder.mark()
    newcomer = trio.add_sentinel(trio.servers[0])
    for sentinel in trio.sentinels[:3]:
        trio.recorder.wait("+sentinel", newcomer.myid(), sentinel, mark)
    trio.wait_settled(trio.servers[0])


def test_a_sentinel_that_dies_is_seen_down_and_up(trio):
    victim = trio.sentinels[2]
    ident = victim.myid()
    mark = trio.recorder.mark()
    victim.kill()
    for sentinel in trio.sentinels[:2]:
        trio.recorder.wait("+sdown", f"^sentinel {ident} ", sentinel, mark)
    mark = trio.recorder.mark()
    victim.start()
    for sentinel in trio.sentinels[:2]:
        trio.recorder.wait("-sdown", f"^sentinel {ident} ", sentinel, mark)
    assert victim.myid() == ident


def test_links_carry_names_and_the_password(trio):
    """CLIENT SETNAME tells an operator who is connected."""
    with trio.servers[0].client(password=PASSWORD) as client:
        names = {one["name"] for one in client.client_list()}
    for sentinel in trio.sentinels:
        start = f"sentinel-{sentinel.myid()[:8]}"
        assert {f"{start}-cmd", f"{start}-pubsub"} <= names
