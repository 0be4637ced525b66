"""Looks at one quorum all the time: its logs, its state files, its hello
messages, and whether all that should run does."""

import re
import threading
import time

import redis

from cluster import MASTER_NAME, is_reference
from fault_process import is_whole
from logs import LogReader, is_expected
from safety import Safety, Seat

MONITOR = re.compile(rf"^sentinel monitor {MASTER_NAME} (\S+) (\d+) ", re.M)


class HelloEar(threading.Thread):
    """Hears the hello messages on one data server."""

    def __init__(self, watcher, server) -> None:
        super().__init__(daemon=True)
        self.watcher = watcher
        self.server = server

    def run(self) -> None:
        while not self.watcher.closing:
            try:
                with self.server.client() as client, client.pubsub() as pubsub:
                    pubsub.subscribe("__sentinel__:hello")
                    while not self.watcher.closing:
                        self._take(pubsub.get_message(timeout=1))
            except (redis.exceptions.RedisError, OSError, ValueError):
                time.sleep(0.2)  # it is gone; until it is back

    def _take(self, message) -> None:
        if message and message["type"] == "message":
            self.watcher.hello(message["data"])


class Watcher(threading.Thread):
    EVERY = 0.25

    def __init__(self, quorum, safety: Safety) -> None:
        super().__init__(daemon=True)
        self.quorum = quorum
        self.safety = safety
        self.lock = threading.Lock()
        self.closing = False
        self.reported: set[str] = set()
        self.readers = {}
        for sentinel in quorum.cluster.sentinels:
            seat = Seat(sentinel.name, not is_reference(sentinel.binary))
            seat.id = sentinel.myid()
            safety.seats[sentinel.name] = seat
            self.readers[sentinel.name] = LogReader(sentinel.output)
        self.ears = [HelloEar(self, server)
                     for server in quorum.cluster.servers]

    def start(self) -> None:
        super().start()
        for ear in self.ears:
            ear.start()

    def run(self) -> None:
        while not self.closing:
            try:
                self.look()
            except Exception as error:
                self.once(f"the watcher failed: {error!r}")
                raise
            time.sleep(self.EVERY)

    def once(self, text: str) -> None:
        if text not in self.reported:
            self.reported.add(text)
            self.quorum.fail(text)

    def hello(self, text: str) -> None:
        with self.lock:
            self.safety.hello(text, time.monotonic())

    def look(self) -> None:
        """At everything, once."""
        with self.lock:
            for sentinel in self.quorum.cluster.sentinels:
                seat = self.safety.seats[sentinel.name]
                for line in self.readers[sentinel.name].more():
                    self.safety.line(seat, line)
                    if seat.ours:
                        self._warning(seat, line)
                if seat.ours:
                    self._file(seat, sentinel)
                    self._complaints(sentinel)
            self._alive()

    def _warning(self, seat: Seat, line) -> None:
        if line.level == "#" and not line.channel:
            self.quorum.account.count(self.quorum.account.warnings,
                                      re.sub(r"[\da-f]{40}|\d[\d.:]*", "N",
                                             line.text)[:70])
        if not is_expected(line, seat.name in self.quorum.bad_disks):
            self.once(f"{seat.name} logs: {line.text}")

    def _file(self, seat: Seat, sentinel) -> None:
        if not is_whole(sentinel):
            self.once(f"the file of {seat.name} is not whole")
            return
        text = sentinel.conf.read_text()
        address = MONITOR.search(text)
        self.safety.file(seat, epochs_in(text), (address[1], int(address[2])))

    def _complaints(self, sentinel) -> None:
        if sentinel.errors.stat().st_size > 0:
            self.once(f"{sentinel.name} on standard error: "
                      f"{sentinel.errors.read_text(errors='replace')[:2000]}")

    def _alive(self) -> None:
        cluster = self.quorum.cluster
        for process in cluster.sentinels + cluster.servers:
            if process.name not in self.quorum.down and not process.alive():
                self.once(f"{process.name} (pid {process.pid}) has ended by "
                          f"itself, {process.popen.poll()}")

    def round_ends(self, forgetful: bool) -> None:
        """All is healed: judges what needs the logs of all."""
        self.look()
        with self.lock:
            self.safety.count_votes(forgetful)
            self.safety.settle_disputes()

    def switches_since(self, when: float) -> list[str]:
        with self.lock:
            return [text for read_at, text in self.safety.switches
                    if read_at >= when]

    def close(self) -> None:
        self.closing = True
        for thread in [self, *self.ears]:
            thread.join(10)


def epochs_in(text: str) -> dict[str, int]:
    """0 for what is not there yet. All from one reading of the file."""
    epochs = {}
    for what, name in (("current-epoch", ""), ("config-epoch", MASTER_NAME),
                       ("leader-epoch", MASTER_NAME)):
        pattern = rf"^sentinel {what} {name + ' ' if name else ''}(\d+)"
        found = re.search(pattern, text, re.MULTILINE)
        epochs[what] = int(found.group(1)) if found else 0
    return epochs
