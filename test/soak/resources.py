"""What each sentineld takes from the machine, every ten seconds, and whether
it grows."""

import dataclasses
import statistics
import threading
import time

from fault_process import cpu_seconds, descriptor_count, resident_bytes

PERIOD = 10.0
WARM_UP = 120.0  # not judged: tables fill, the allocator takes its pools

# After warm-up, over at least LONG_ENOUGH.
LONG_ENOUGH = 600.0
# Memory: in the second half of the life, over at least LONG_ENOUGH. A storm of
# clients raises it once, and the allocator keeps that; a leak goes on.
RSS_SLOPE_LIMIT = 2 << 20  # bytes an hour, and as long as it is also
RSS_GROWTH_LIMIT = 512 << 10  # so much from the first quarter to the last
DESCRIPTOR_GROWTH_LIMIT = 8
# At any time.
RSS_LIMIT = 64 << 20
THREAD_LIMIT = 20  # sixteen write files and resolve names


@dataclasses.dataclass
class Sample:
    when: float
    rss: int
    descriptors: int
    threads: int
    cpu: float


def take(pid: int) -> Sample:
    with open(f"/proc/{pid}/status") as status:
        threads = next(int(line.split()[1]) for line in status
                       if line.startswith("Threads:"))
    return Sample(time.monotonic(), resident_bytes(pid),
                  descriptor_count(pid), threads, cpu_seconds(pid))


def is_long(samples: list[Sample]) -> bool:
    return (len(samples) >= 3
            and samples[-1].when - samples[0].when >= LONG_ENOUGH)


class Series:
    """One process, from its start to its end."""

    def __init__(self, quorum: str, name: str, pid: int) -> None:
        self.quorum = quorum
        self.name = name
        self.pid = pid
        self.begin = time.monotonic()
        self.samples: list[Sample] = []

    def warm(self) -> list[Sample]:
        return [one for one in self.samples
                if one.when >= self.begin + WARM_UP]

    def settled(self) -> list[Sample]:
        half = self.begin + self.seconds() / 2
        return [one for one in self.warm() if one.when >= half]

    def seconds(self) -> float:
        return (self.samples[-1].when - self.begin) if self.samples else 0.0

    def slope(self) -> float | None:
        """Bytes of memory an hour in the second half, by least squares."""
        settled = self.settled()
        if len(settled) < 3:
            return None
        return 3600 * statistics.linear_regression(
            [one.when for one in settled], [one.rss for one in settled]).slope

    def growth(self, what: str, samples: list[Sample]) -> float:
        """From the median of the first quarter to that of the last."""
        values = [getattr(one, what) for one in samples]
        quarter = max(1, len(values) // 4)
        return (statistics.median(values[-quarter:])
                - statistics.median(values[:quarter]))

    def cpu_percent(self) -> float:
        first, last = self.samples[0], self.samples[-1]
        passed = last.when - first.when
        return 100 * (last.cpu - first.cpu) / passed if passed else 0.0

    def problems(self) -> list[str]:
        if not self.samples:
            return []
        who = f"{self.quorum} {self.name} (pid {self.pid})"
        found = []
        if max(one.rss for one in self.samples) > RSS_LIMIT:
            found.append(f"{who} takes more than {RSS_LIMIT} bytes")
        if max(one.threads for one in self.samples) > THREAD_LIMIT:
            found.append(f"{who} has more than {THREAD_LIMIT} threads")
        settled = self.settled()
        if (is_long(settled) and self.slope() > RSS_SLOPE_LIMIT
                and self.growth("rss", settled) > RSS_GROWTH_LIMIT):
            found.append(f"{who} grows by {self.slope():.0f} bytes an hour")
        warm = self.warm()
        kept = self.growth("descriptors", warm) if is_long(warm) else 0
        if kept > DESCRIPTOR_GROWTH_LIMIT:
            found.append(f"{who} keeps descriptors: +{kept:.0f}")
        return found


class Sampler(threading.Thread):
    """Samples all sentinels of QUORUMS that are ours and run."""

    def __init__(self, quorums) -> None:
        super().__init__(daemon=True)
        self.quorums = quorums
        self.series: dict[tuple[str, str, int], Series] = {}
        self.ended = threading.Event()

    def run(self) -> None:
        while True:
            self.sample()
            if self.ended.wait(PERIOD):
                return

    def sample(self) -> None:
        for quorum in self.quorums:
            for sentinel in quorum.our_sentinels():
                if not sentinel.alive():
                    continue
                key = (quorum.name, sentinel.name, sentinel.pid)
                series = self.series.setdefault(key, Series(*key))
                try:
                    series.samples.append(take(sentinel.pid))
                except (OSError, StopIteration, AssertionError):
                    pass  # it has ended just now

    def close(self) -> None:
        self.ended.set()
        self.join(20)
