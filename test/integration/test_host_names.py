"""Host names where addresses stand: in the file, in INFO, in hellos; with a
resolver that changes its mind, is slow, or says nothing."""

import re
import threading
import time

import pytest

import nameserver
from cluster import MASTER_NAME, REFERENCE, SENTINELD, wait_for

reason = nameserver.missing()
if reason:
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture
def resolver(tmp_path):
    server = nameserver.NameServer(tmp_path)
    yield server
    server.close()


class Named:
    """A cluster in which everybody has a name, redis1.test to redis3.test and
    sentinel1.test to sentinel3.test, and knows the others by theirs."""

    def __init__(self, cluster, resolver, announce, binaries=None):
        self.cluster = cluster
        self.resolver = resolver
        self.announce = announce
        for number in (1, 2, 3):
            resolver.set(f"redis{number}", "127.0.0.1")
            resolver.set(f"sentinel{number}", "127.0.0.1")
        self.master = self.add_server()
        self.add_server()
        self.add_server()
        for server in cluster.servers[1:]:
            wait_for(lambda s=server: s.follows(self.master), 30,
                     f"{server.name} follows")
        for binary in binaries or [SENTINELD] * 3:
            self.add_sentinel(binary)

    def add_server(self):
        cluster = self.cluster
        number = len(cluster.servers) + 1
        options = [f"replica-announce-ip redis{number}.test"]
        if number > 1:
            options.append(f"replicaof redis1.test {cluster.servers[0].port}")
        server = cluster.add_server(start=False, options=options)
        server.within = self.resolver.within()
        return server.start()

    def add_sentinel(self, binary):
        cluster = self.cluster
        sentinel = cluster.add_sentinel(self.master, binary=binary,
                                        start=False)
        lines = cluster.sentinel_lines(sentinel.port, self.master)
        text = "\n".join([
            "sentinel resolve-hostnames yes",
            f"sentinel announce-hostnames {'yes' if self.announce else 'no'}",
            f"sentinel announce-ip {sentinel.name}.test", *lines]) + "\n"
        sentinel.conf.write_text(text.replace(
            f"{MASTER_NAME} 127.0.0.1 ", f"{MASTER_NAME} redis1.test "))
        sentinel.within = self.resolver.within()
        return sentinel

    def start(self):
        for sentinel in self.cluster.sentinels:
            sentinel.start()
            self.cluster.recorder.follow(sentinel)

    def shown(self, process, address="127.0.0.1"):
        return f"{process.name}.test" if self.announce else address


@pytest.fixture
def make_named(make_cluster, resolver):
    def make(announce, binaries=None, start=True, **options):
        options.setdefault("hasty", True)
        named = Named(make_cluster(**options), resolver, announce, binaries)
        if start:
            named.start()
            named.cluster.wait_settled(named.master)
        return named

    return make


class Pulse:
    """Asks a sentinel for PONG all the time, and keeps the longest wait."""

    def __init__(self, sentinel):
        self.sentinel = sentinel
        self.longest = 0.0
        self.count = 0
        self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with self.sentinel.client(socket_timeout=20) as client:
            while not self.closing:
                begin = time.monotonic()
                client.ping()
                self.longest = max(self.longest, time.monotonic() - begin)
                self.count += 1
                time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing = True
        self.thread.join(30)


# Below the time that one look-up takes in these tests, and above what a busy
# machine adds.
PROMPT = 1.0


def assert_no_sdown(cluster):
    for sentinel in cluster.sentinels:
        found = re.findall(r".*[+]sdown.*", sentinel.log())
        assert not found, found


def cut_connections(cluster):
    """All connections of sentinels to servers, at once."""
    for server in cluster.servers:
        with server.client() as client:
            client.client_kill_filter(_type="normal", skipme=True)
            client.client_kill_filter(_type="pubsub", skipme=True)


MIXES = {
    "ours": None,
    "with redis-sentinel": [SENTINELD, SENTINELD, REFERENCE],
}


@pytest.mark.parametrize("announce", [True, False],
                         ids=["names announced", "addresses announced"])
@pytest.mark.parametrize("binaries", MIXES.values(), ids=MIXES.keys())
def test_names_everywhere(make_named, announce, binaries):
    named = make_named(announce, binaries)
    cluster, master = named.cluster, named.master
    for sentinel in cluster.sentinels:
        if sentinel.reference:
            continue
        assert sentinel.master()["ip"] == named.shown(master)
        assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", MASTER_NAME) == [
            named.shown(master), str(master.port)]
        assert {one["name"] for one in sentinel.replicas()} == {
            f"{named.shown(one)}:{one.port}" for one in cluster.servers[1:]}
        assert {one["ip"] for one in sentinel.replicas()} == {
            named.shown(one) for one in cluster.servers[1:]}
        assert {one["ip"] for one in sentinel.sentinels()} == {
            named.shown(one) for one in cluster.sentinels
            if one is not sentinel}

    master.kill()
    new = cluster.wait_new_master(master, deadline=60)
    switch = cluster.recorder.wait("+switch-master",
                                   sentinel=cluster.sentinels[0])
    assert re.fullmatch(
        rf"{MASTER_NAME} {re.escape(named.shown(master))} {master.port} "
        rf"\S+ \d+", switch.text)
    # Told by name where names are announced, so that replicas use them too.
    other = next(one for one in cluster.servers[1:] if one is not new)
    wait_for(lambda: other.follows(new), 60, "the other replica follows")
    if binaries is None:
        assert other.replication()["master_host"] == named.shown(new)
    master.start()
    new = cluster.wait_settled(deadline=90)
    cluster.wait_replicas(new)
    for sentinel in cluster.sentinels:
        assert sentinel.master()["num-slaves"] == "2", sentinel.replicas()

    # What was written is found again.
    first = cluster.sentinels[0]
    text = first.conf.read_text()
    assert f"sentinel known-replica {MASTER_NAME} {named.shown(master)}" in text
    first.terminate()
    first.start()
    assert first.master()["num-slaves"] == "2"
    cluster.wait_settled(deadline=60)


def move(server, resolver, address):
    """It ends, and starts again at ADDRESS, where its name now leads."""
    server.kill()
    text = server.conf.read_text()
    server.conf.write_text(re.sub(r"(?m)^bind .*$", f"bind {address}", text))
    server.host = address
    resolver.set(server.name, address)
    server.start()


@pytest.mark.parametrize("announce", [True, False],
                         ids=["names announced", "addresses announced"])
def test_an_address_changes_while_running(make_named, resolver, announce):
    """Of the master and of a replica, within down-after: nobody is down, and
    nobody is found twice."""
    named = make_named(announce, down_after=8000)
    cluster, master = named.cluster, named.master
    mark = cluster.recorder.mark()
    replica = cluster.servers[1]
    for server, address in ((replica, "127.0.0.2"), (master, "127.0.0.3")):
        move(server, resolver, address)
        for sentinel in cluster.sentinels:
            wait_for(lambda s=sentinel, p=server, a=address: re.search(
                rf"'{p.name}.test' resolves to {a} now", s.log()), 30,
                "the new address is noticed")
    cluster.wait_replicas(master)
    cluster.wait_settled(master)
    for sentinel in cluster.sentinels:
        assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", MASTER_NAME) == [
            named.shown(master, "127.0.0.3"), str(master.port)]
        assert {one["name"] for one in sentinel.replicas()} == {
            f"{named.shown(replica, '127.0.0.2')}:{replica.port}",
            f"{named.shown(cluster.servers[2])}:{cluster.servers[2].port}"}
    assert not cluster.recorder.find("+switch-master", since=mark)
    assert_no_sdown(cluster)

    # A failover finds the moved one.
    with cluster.servers[2].client() as client:
        client.config_set("replica-priority", 0)
    wait_for(lambda: all("0" in {r["slave-priority"] for r in s.replicas()}
                         for s in cluster.sentinels), 20)
    assert cluster.sentinels[0].sentinel("FAILOVER", MASTER_NAME) == "OK"
    assert cluster.wait_new_master(master) is replica
    cluster.wait_settled(replica, deadline=60)


def test_a_master_that_came_back_elsewhere_after_its_failover(make_named,
                                                              resolver):
    named = make_named(True)
    cluster, master = named.cluster, named.master
    master.kill()
    new = cluster.wait_new_master(master)
    move(master, resolver, "127.0.0.4")
    cluster.wait_replicas(new)
    cluster.wait_settled(new, deadline=60)
    for sentinel in cluster.sentinels:
        assert sentinel.master()["num-slaves"] == "2"


@pytest.mark.parametrize("announce", [True, False],
                         ids=["names announced", "addresses announced"])
def test_a_slow_resolver(make_named, resolver, announce):
    """Answers come after 3 s; down-after is 2 s."""
    named = make_named(announce, start=False, down_after=2000)
    cluster = named.cluster
    resolver.delay = 3
    named.start()
    with Pulse(cluster.sentinels[0]) as pulse:
        cluster.wait_settled(named.master, deadline=90)
        asked = resolver.asked
        cut_connections(cluster)
        wait_for(lambda: resolver.asked > asked, 20, "names are looked up")
        cluster.wait_settled(named.master, deadline=20)
        # Until the answers are there.
        wait_for(lambda: not [thread for thread in threading.enumerate()
                              if isinstance(thread, threading.Timer)], 30)
        cluster.wait_settled(named.master, deadline=20)
    assert pulse.count > 100
    assert pulse.longest < PROMPT
    assert_no_sdown(cluster)


@pytest.mark.parametrize("how", ["silent", "gone"])
def test_a_resolver_that_is_down(make_named, resolver, how):
    """The last good addresses serve: for a reconnection, for a failover."""
    named = make_named(True, down_after=2000)
    cluster, master = named.cluster, named.master
    # Servers resolve names in the way of their main thread; not our matter.
    for server in cluster.servers[1:]:
        with server.client() as client:
            assert client.info("replication")["master_link_status"] == "up"
    if how == "silent":
        resolver.silent = True
    else:
        resolver.resolv_conf.write_text("nameserver 127.0.0.1\n")
    with Pulse(cluster.sentinels[0]) as pulse:
        cut_connections(cluster)
        for sentinel in cluster.sentinels:
            wait_for(lambda s=sentinel: "Failed to resolve hostname" in s.log(),
                     30, "the failure is logged")
        cluster.wait_settled(master, deadline=20)
        assert_no_sdown(cluster)
        assert cluster.sentinels[0].sentinel("FAILOVER", MASTER_NAME) == "OK"
        new = cluster.wait_new_master(master)
    assert pulse.longest < PROMPT
    resolver.silent = False
    resolver.resolv_conf.write_text(f"nameserver {resolver.address}\n")
    cluster.wait_replicas(new)
    cluster.wait_settled(new, deadline=60)


def test_a_name_with_several_addresses(make_named, resolver):
    """The order changes with each answer; the one in use is kept. When
    nobody is there any more another is tried."""
    named = make_named(False, start=False, down_after=2000)
    cluster, master = named.cluster, named.master
    # The server listens at both.
    with master.client() as client:
        client.config_set("bind", "127.0.0.1 127.0.0.5")
    resolver.set("redis1", "127.0.0.1", "127.0.0.5")
    named.start()
    cluster.wait_settled(master)
    chosen = {one.name: one.master()["ip"] for one in cluster.sentinels}
    for _ in range(5):
        asked = resolver.asked
        cut_connections(cluster)
        wait_for(lambda n=asked: resolver.asked > n, 20)
        cluster.wait_settled(master)
    assert chosen == {one.name: one.master()["ip"]
                      for one in cluster.sentinels}
    assert_no_sdown(cluster)
    for sentinel in cluster.sentinels:
        assert "resolves to" not in sentinel.log()

    # Now only one of them has somebody.
    for server in cluster.servers[1:]:
        with server.client() as client:
            client.config_set("replica-priority", 0)  # no failover
    wait_for(lambda: all({r["slave-priority"] for r in s.replicas()} == {"0"}
                         for s in cluster.sentinels), 20)
    gone = chosen[cluster.sentinels[0].name]
    left = ({"127.0.0.1", "127.0.0.5"} - {gone}).pop()
    with master.client() as client:
        client.config_set("bind", left)
    master.host = left
    cut_connections(cluster)
    for sentinel in cluster.sentinels:
        wait_for(lambda s=sentinel: s.master()["ip"] == left
                 and s.master()["flags"] == "master", 40,
                 "the other address is used")


def test_sentinel_monitor_with_a_name(make_named, resolver):
    """It waits for the resolver; the others are served meanwhile."""
    named = make_named(True)
    sentinel = named.cluster.sentinels[0]
    port = str(named.master.port)
    resolver.set("other", "127.0.0.1")
    resolver.delay = 3
    with Pulse(sentinel) as pulse:
        with sentinel.client(socket_timeout=20) as client:
            assert client.execute_command(
                "SENTINEL MONITOR", "other", "other.test", port, "1")
            with pytest.raises(Exception, match="Invalid IP address or "
                               "hostname specified"):
                client.execute_command(
                    "SENTINEL MONITOR", "third", "nosuch.test", port, "1")
    assert pulse.longest < PROMPT
    assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", "other") == [
        "other.test", port]
