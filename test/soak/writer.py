"""A client that asks sentinels for the master, writes to it all the time, and
keeps account of what was acknowledged."""

import contextlib
import random
import threading
import time

import redis

from cluster import MASTER_NAME, wait_for


class Writer(threading.Thread):
    """Adds numbers, each of them once, to the set of the round. It goes to
    the master that a sentinel tells, and anew when a write fails or a notice
    says that the master has moved."""

    EVERY = 0.01

    def __init__(self, cluster, seed: str) -> None:
        super().__init__(daemon=True)
        self.cluster = cluster
        self.random = random.Random(seed)
        self.number = 0
        self.round = 0
        self.acknowledged: list[int] = []
        self.turns: list[tuple[float, int]] = []  # first write to a server
        self.longest_gap = 0.0
        self.last: tuple[float, int] = (0.0, 0)
        self.deaf_to: set[str] = set()  # sentinels that cannot reach it
        self.moved = threading.Event()
        self.paused = threading.Event()
        self.idle = threading.Event()
        self.closing = False

    @property
    def key(self) -> str:
        return f"soak:{self.round}"

    def notice(self, notice) -> None:
        if (notice.channel == "+switch-master"
                and notice.sentinel not in self.deaf_to):
            self.moved.set()

    def run(self) -> None:
        while not self.closing:
            if self.paused.is_set():
                self.idle.set()
                time.sleep(0.01)
                continue
            try:
                self._write_to(*self._where())
            except (redis.exceptions.RedisError, OSError, LookupError):
                time.sleep(0.02)

    def _write_to(self, address: str, port: int) -> None:
        self.moved.clear()
        with self.cluster.client_to(address, port) as client:
            while not (self.closing or self.paused.is_set()
                       or self.moved.is_set()):
                self.number += 1
                client.sadd(self.key, self.number)
                self._count(port)
                time.sleep(self.EVERY)

    def _count(self, port: int) -> None:
        now = time.monotonic()
        self.acknowledged.append(self.number)
        if port != self.last[1]:
            self.turns.append((now, port))
        if self.last[0]:
            self.longest_gap = max(self.longest_gap, now - self.last[0])
        self.last = (now, port)

    def _where(self) -> tuple[str, int]:
        sentinels = list(self.cluster.sentinels)
        self.random.shuffle(sentinels)
        for sentinel in sentinels:
            with contextlib.suppress(redis.exceptions.RedisError, OSError,
                                     TypeError):
                with self.cluster.client_to(sentinel.host, sentinel.port,
                                            password=None) as client:
                    client.response_callbacks.clear()
                    reply = client.execute_command(
                        "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
                    return reply[0], int(reply[1])
        raise LookupError("no sentinel tells")

    # ---- Rounds ----

    def pause(self) -> None:
        """Returns when no write is under way."""
        self.idle.clear()
        self.paused.set()
        wait_for(self.idle.is_set, 60, "the writer pauses")

    def lost(self, master) -> set[int]:
        """Those of the round that MASTER does not have."""
        with master.client(socket_timeout=30) as client:
            there = {int(one) for one in client.smembers(self.key)}
        return set(self.acknowledged) - there

    def next_round(self) -> None:
        self.round += 1
        self.acknowledged = []
        self.turns = []
        self.longest_gap = 0.0
        self.last = (0.0, self.last[1])
        self.paused.clear()

    def first_elsewhere(self, since: float, port: int) -> float | None:
        """When the first write after SINCE was acknowledged by another server
        than that at PORT."""
        for when, where in list(self.turns):
            if when > since and where != port:
                return when
        return None

    def close(self) -> None:
        self.closing = True
        self.join(20)
