"""What all quorums of a soak have in common: its violations, its counts, and
how late this process itself is at times."""

import collections
import statistics
import sys
import threading
import time


class Account:
    """Shared by all threads."""

    def __init__(self) -> None:
        self.begin = time.monotonic()
        self.lock = threading.Lock()
        self.violations: list[str] = []
        self.faults: collections.Counter[str] = collections.Counter()
        self.failovers: collections.Counter[str] = collections.Counter()
        self.rounds: collections.Counter[str] = collections.Counter()
        self.acknowledged: collections.Counter[str] = collections.Counter()
        self.lost: collections.Counter[str] = collections.Counter()
        self.lossy_rounds: collections.Counter[str] = collections.Counter()
        self.recovery_ms = collections.defaultdict(list)
        self.healing_ms = collections.defaultdict(list)
        self.warnings: collections.Counter[str] = collections.Counter()
        self.checks: collections.Counter[str] = collections.Counter()
        self.unprovoked: list[str] = []

    def seconds(self) -> float:
        return time.monotonic() - self.begin

    def violation(self, quorum: str, text: str) -> None:
        with self.lock:
            line = f"{self.seconds():.1f} s, {quorum}: {text}"
            self.violations.append(line)
            print(f"VIOLATION at {line}", file=sys.stderr, flush=True)

    def count(self, table: collections.Counter, key: str, by: int = 1) -> None:
        with self.lock:
            table[key] += by


class Lateness(threading.Thread):
    """How much later than asked this process runs: on a machine that is so
    busy, a server or a sentinel may be late as well."""

    EVERY = 0.05
    NOTABLE = 0.1

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.late: collections.deque = collections.deque(maxlen=20000)
        self.closing = False

    def run(self) -> None:
        while not self.closing:
            before = time.monotonic()
            time.sleep(self.EVERY)
            late = time.monotonic() - before - self.EVERY
            if late > self.NOTABLE:
                self.late.append((before, late))

    def worst_since(self, begin: float) -> float:
        """In seconds."""
        return max((late for when, late in list(self.late) if when >= begin),
                   default=0.0)


def median_and_worst(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.0f} / {max(values):.0f}"
