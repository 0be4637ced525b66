"""Clusters of real servers and sentinels of which each has a host of its own in
a network lab, and clients there that keep account of their writes."""

import threading
import time

import redis

from cluster import (MASTER_NAME, Cluster, RedisServer, SentinelProcess,
                     wait_for)
from network_lab import Lab


def connection_from(host):
    """A class of connections that are made from HOST."""

    class Connection(redis.Connection):
        def _connect(self):
            with host.entered():
                return super()._connect()

    return Connection


def client_from(host, address, port, **options):
    """A client on HOST, of a server at ADDRESS and PORT."""
    options.setdefault("socket_timeout", 5)
    options.setdefault("socket_connect_timeout", 5)
    options.setdefault("decode_responses", True)
    return redis.Redis(connection_pool=redis.ConnectionPool(
        connection_class=connection_from(host), host=address, port=port,
        **options))


class Placed:
    """A process on a host of a lab. The test talks to it by the loopback of
    that host, whatever is wrong with the network."""

    place = None

    def put(self, host):
        self.place = host
        self.within = host.within
        self.host = host.address
        text = self.conf.read_text()
        self.conf.write_text(text.replace(
            "bind 127.0.0.1", f"bind {host.address} 127.0.0.1"))
        return self

    def client(self, **options):
        options.setdefault("password", self.password)
        return client_from(self.place, "127.0.0.1", self.port, **options)


class PlacedServer(Placed, RedisServer):
    def put(self, host):
        with open(self.conf, "a") as conf:
            conf.write("protected-mode no\n")
        return super().put(host)

    def follows(self, master, link_up=True):
        return (self.replication().get("master_host") == master.host
                and super().follows(master, link_up))


class PlacedSentinel(Placed, SentinelProcess):
    pass


class NetworkCluster(Cluster):
    """A Cluster in a Lab: redis1, redis2... and sentinel1... are the names of
    the processes and of their hosts. Ports are one for all tests, since each
    host has its own; they differ from each other as a Cluster tells its
    servers apart by them."""

    def __init__(self, **options):
        options.setdefault("hasty", True)
        super().__init__(**options)
        self.lab = Lab()

    def add_server(self, master=None, start=True, options=(), host=None):
        number = len(self.servers) + 1
        server = PlacedServer(self.directory, f"redis{number}", 7000 + number,
                              self.password, None, options, self.server_binary)
        server.put(self.lab.host(host or server.name))
        if master:
            with open(server.conf, "a") as conf:
                conf.write(f"replicaof {master.host} {master.port}\n")
        server.outlives_us = self.keep
        self.servers.append(server)
        return server.start() if start else server

    def sentinel_lines(self, port, master, extra=(), credentials=True):
        lines = super().sentinel_lines(port, master, extra, credentials)
        return [line.replace(f"{MASTER_NAME} 127.0.0.1 ",
                             f"{MASTER_NAME} {master.host} ")
                for line in lines]

    def add_sentinel(self, master, binary=None, start=True, extra=(),
                     host=None):
        number = len(self.sentinels) + 1
        port = 26000 + number
        sentinel = PlacedSentinel(
            self.directory, f"sentinel{number}", port, binary,
            self.sentinel_lines(port, master, extra))
        sentinel.put(self.lab.host(host or sentinel.name))
        sentinel.outlives_us = self.keep
        sentinel.hasty = self.hasty
        self.sentinels.append(sentinel)
        if start:
            sentinel.start()
            self.recorder.follow(sentinel)
        return sentinel

    def build(self, replicas=2, sentinels=3, options=(), extra=()):
        """All of it, settled. Returns the master."""
        master = self.add_servers(replicas, options)
        for _ in range(sentinels):
            self.add_sentinel(master, extra=extra)
        return self.wait_settled(master)

    # ---- What tests ask for ----

    def hosts(self, *processes):
        return [one.place for one in processes]

    def named_by(self, sentinels):
        """The server that these SENTINELS all name, or None."""
        ports = {one.address() for one in sentinels}
        return self.server_at(ports.pop()) if len(ports) == 1 else None

    def wait_moved(self, old, sentinels=None, deadline=20, since=None):
        """Until these SENTINELS (default: all that run) name another master
        than OLD, which takes writes. Returns it, and how many ms after SINCE
        that was."""
        since = since or time.monotonic()

        def moved():
            new = self.named_by(sentinels or self.running_sentinels())
            return new if new and new is not old and new.is_master() else None

        new = wait_for(moved, deadline, "they name a new master", every=0.01)
        return new, int((time.monotonic() - since) * 1000)

    def wait_replicas_but(self, master, *others, deadline=30):
        """Until all servers but these OTHERS follow MASTER."""
        for server in self.servers:
            if server is not master and server not in others:
                wait_for(lambda s=server: s.follows(master), deadline,
                         f"{server.name} follows {master.name}")

    def wait_whole(self, master, deadline=60):
        """Until there is one master, all follow it and all agree."""
        self.wait_replicas(master, deadline)
        self.wait_settled(master, deadline)
        masters = [one for one in self.servers
                   if one.alive() and one.is_master()]
        assert masters == [master], [one.name for one in masters]
        self.check_files(master)

    def check_files(self, master):
        """The file of each sentinel has the master, every replica, every
        other sentinel, and epochs that fit."""
        for sentinel in self.running_sentinels():
            wait_for(lambda s=sentinel: not self.missing_in(s, master), 10,
                     f"the file of {sentinel.name} is complete")

    def missing_in(self, sentinel, master):
        text = sentinel.conf.read_text()
        wanted = [f"sentinel monitor {MASTER_NAME} {master.host} "
                  f"{master.port} {self.quorum}"]
        wanted += [f"sentinel known-replica {MASTER_NAME} {one.host} "
                   f"{one.port}" for one in self.servers if one is not master]
        wanted += [f"sentinel known-sentinel {MASTER_NAME} {one.host} "
                   f"{one.port} {one.myid()}" for one in self.sentinels
                   if one is not sentinel and one.alive()]
        missing = [line for line in wanted if line not in text]
        numbers = sentinel.file_numbers()
        if int(sentinel.master()["config-epoch"]) != numbers["config-epoch"]:
            missing.append("config-epoch")
        if numbers["current-epoch"] < max(numbers.values()):
            missing.append("current-epoch")
        return missing

    def notices(self, channel, since, sentinels=None, text=""):
        """What these SENTINELS (default: all) said."""
        return [one for one in self.recorder.find(channel, text, since=since)
                if sentinels is None
                or one.sentinel in [each.name for each in sentinels]]

    def assert_quiet(self, channels, since, sentinels=None):
        for channel in channels:
            seen = self.notices(channel, since, sentinels,
                                MASTER_NAME if channel in ABOUT_MASTER else "")
            assert not seen, seen

    def close(self):
        self.lab.heal()
        for process in self.sentinels + self.servers:
            if process.alive():
                process.resume()
        super().close()
        self.lab.close()


# Of these only those about the master count.
ABOUT_MASTER = ("+sdown", "-sdown", "+odown")

NO_FAILOVER = ("+elected-leader", "+promoted-slave", "+switch-master")


def pause(seconds, holds=None):
    """For the time given, in which HOLDS must stay true: how it is shown that
    something does not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert holds is None or holds()
        time.sleep(0.05)


class Writer:
    """A client on a host of its own that adds numbers to a set, and keeps
    those that were acknowledged. It writes to SERVER, or, without one, to the
    master that the SENTINELS tell it; when that fails it asks again."""

    EVERY = 0.005

    def __init__(self, cluster, name, server=None, sentinels=()):
        self.host = cluster.lab.host(name)
        self.key = f"written-by-{name}"
        self.password = cluster.password
        self.cluster = cluster
        self.server = server
        self.sentinels = list(sentinels)
        self.acknowledged = []  # (number, port of the server, when)
        self.refused = 0
        self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        wait_for(lambda: self.acknowledged, 10, f"{self.key} can write")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.closing = True
        self.thread.join(20)
        assert not self.thread.is_alive()

    def _run(self):
        number = 0
        while not self.closing:
            try:
                address, port = self._where()
                with client_from(self.host, address, port, socket_timeout=0.5,
                                 socket_connect_timeout=0.5,
                                 password=self.password) as client:
                    while not self.closing:
                        number += 1
                        client.sadd(self.key, number)
                        self.acknowledged.append(
                            (number, port, time.monotonic()))
                        time.sleep(self.EVERY)
            except (redis.exceptions.RedisError, OSError, LookupError):
                self.refused += 1
                time.sleep(0.02)

    def _where(self):
        if self.server is not None:
            return self.server.host, self.server.port
        for sentinel in self.sentinels:
            try:
                with client_from(self.host, sentinel.host, sentinel.port,
                                 socket_timeout=0.5,
                                 socket_connect_timeout=0.5) as client:
                    client.response_callbacks.clear()
                    reply = client.execute_command(
                        "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
                    return reply[0], int(reply[1])
            except (redis.exceptions.RedisError, OSError, TypeError):
                continue
        raise LookupError("no sentinel tells")

    def wait_more(self, port=None, count=5, deadline=20):
        """Until COUNT more writes were acknowledged (by the server at PORT).
        Returns when the first of them was."""
        start = len(self.acknowledged)

        def more():
            return [one for one in self.acknowledged[start:]
                    if port is None or one[1] == port]

        wait_for(lambda: len(more()) >= count, deadline,
                 f"{self.key} writes on")
        return more()[0][2]

    def lost(self, master):
        """Those acknowledged that MASTER does not have."""
        with master.client() as client:
            there = {int(one) for one in client.smembers(self.key)}
        return [one for one in self.acknowledged if one[0] not in there]
