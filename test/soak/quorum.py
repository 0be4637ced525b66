"""One quorum of a soak: its processes, and rounds of faults, healing and
checks until the time is over."""

import contextlib
import dataclasses
import pathlib
import random
import threading
import time
import traceback

import redis

import faults
import loadable
from account import Account, Lateness
from cluster import MASTER_NAME, REFERENCE, Timeout, wait_for
from clusters import LoopbackCluster, NamespaceCluster
from network_lab import missing
from safety import Safety
from watch import Watcher
from writer import Writer

SERVER_OPTIONS = (
    "appendonly yes", "appendfsync no",  # what was acknowledged is in the file
    "repl-ping-replica-period 2", "repl-timeout 15")
PROVOKING = ("failover", "coordinated")


@dataclasses.dataclass(frozen=True)
class Plan:
    name: str
    sentinels: int = 3
    reference_seats: int = 0
    server: str = "redis-server"
    password: str | None = None
    steady: bool = False  # no sentinel is restarted: it shows what grows


@dataclasses.dataclass
class Active:
    kind: faults.Kind
    victim: object
    begin: float
    end: faults.End | None
    master_port: int  # before


class Quorum(threading.Thread):
    """All its processes are children of this thread, and end with it."""

    def __init__(self, plan: Plan, seed: int, directory: pathlib.Path,
                 until: float, account: Account, lateness: Lateness) -> None:
        super().__init__(name=plan.name)
        self.plan = plan
        self.dice = random.Random(f"{seed}/{plan.name}")
        self.directory = directory / plan.name
        self.directory.mkdir()
        self.until = until
        self.account = account
        self.lateness = lateness
        self.log = open(self.directory / "faults.log", "w", buffering=1)
        self.notices = open(self.directory / "notices.log", "w", buffering=1)
        self.down: set[str] = set()  # names of processes that must not run
        self.disturbed: set[str] = set()
        self.bad_disks: set[str] = set()
        self.cut_sentinel = None
        self.whole_at = 0.0
        self.active: list[Active] = []
        self.cards: dict[str, int] = {}
        self.cluster = None
        self.watcher = None
        self.writer = None
        self.ready = threading.Event()
        self.options: dict[str, int] = {}

    def note(self, text: str) -> None:
        self.log.write(f"{self.account.seconds():9.3f} {text}\n")

    def fail(self, text: str) -> None:
        self.note(f"VIOLATION {text}")
        self.account.violation(self.plan.name, text)

    def _notice(self, notice) -> None:
        """What a subscriber hears, in the log's seconds."""
        when = notice.when - self.account.begin
        self.notices.write(f"{when:9.3f} {notice.sentinel} {notice.channel} "
                           f"{notice.text}\n")
        self.account.count(self.account.checks, "notices heard")
        self.writer.notice(notice)

    def our_sentinels(self) -> list:
        if not self.ready.is_set():
            return []
        return [one for one in self.cluster.sentinels if not one.reference]

    # ---- Its life ----

    def run(self) -> None:
        try:
            self._build()
            self.ready.set()
            while time.monotonic() < self.until:
                self._round()
        except Exception as error:
            self.fail(f"{error}\n{self._views()}")
            self.note(traceback.format_exc())
        finally:
            self._close()

    def _build(self) -> None:
        kind = LoopbackCluster if missing() else NamespaceCluster
        self.draw_options()
        self.cluster = kind(
            password=self.plan.password, directory=self.directory, hasty=True,
            quorum=self.plan.sentinels // 2 + 1,
            server_binary=self.plan.server,
            down_after=self.options["down-after-milliseconds"],
            failover_timeout=self.options["failover-timeout"])
        self.cluster.equip()
        master = self.cluster.add_servers(2, SERVER_OPTIONS)
        for number in range(self.plan.sentinels):
            theirs = number >= self.plan.sentinels - self.plan.reference_seats
            sentinel = self.cluster.add_sentinel(
                master, binary=REFERENCE if theirs else None, start=False)
            self.cluster.add_disk(sentinel)
            sentinel.start(deadline=60)
            self.cluster.recorder.follow(sentinel)
        self.cluster.wait_settled(master, deadline=90)
        self.writer = Writer(self.cluster, self.plan.name)
        self.cluster.recorder.on_notice = self._notice
        self.watcher = Watcher(self, Safety(
            self.account, self.plan.name, self.plan.sentinels,
            self.plan.reference_seats > 0))
        self.watcher.start()
        self.writer.start()
        self.note(f"built: {self.options}")

    def _close(self) -> None:
        if self.writer:
            self.writer.close()
        if self.watcher:
            self.watcher.close()
        if self.cluster:
            names = {one.name for one in self.cluster.sentinels}
            self.down |= names
            try:
                self._end_active()
                self.cluster.check_sentinels()
            except Exception as error:
                self.fail(f"at the end: {error}")
            self.cluster.close()
        self.log.close()
        self.notices.close()

    def _views(self) -> str:
        """What each thinks, for a failure."""
        text = ""
        for sentinel in self.cluster.sentinels if self.cluster else ():
            try:
                text += f"  {sentinel.name}: {sentinel.master()}\n"
            except Exception as error:
                text += f"  {sentinel.name}: {error!r}\n"
        for server in self.cluster.servers if self.cluster else ():
            try:
                text += f"  {server.name}: {server.replication()}\n"
            except Exception as error:
                text += f"  {server.name}: {error!r}\n"
        return text

    # ---- Faults ----

    def draw_options(self) -> None:
        self.options = {
            "down-after-milliseconds": self.dice.choice(
                (500, 700, 1000, 1500, 2000)),
            "failover-timeout": self.dice.randrange(6000, 15000, 1000),
            "parallel-syncs": self.dice.choice((1, 2))}

    def set_options(self, sentinel) -> None:
        words = [str(word) for pair in self.options.items() for word in pair]
        faults.order(self, sentinel, "SET", MASTER_NAME, *words)

    def _allowed(self, kind: faults.Kind) -> bool:
        if kind.restarts_sentinel and self.plan.steady:
            return False
        if kind.network and not self.cluster.client_place:
            return False
        return not kind.disk or bool(self.cluster.disks)

    def _draw_kinds(self) -> list[faults.Kind]:
        allowed = [kind for kind in faults.KINDS if self._allowed(kind)]
        drawn = self.dice.choices(allowed,
                                  [kind.weight for kind in allowed],
                                  k=self.dice.choice((1, 1, 2, 3)))
        alone = [kind for kind in drawn if kind.alone]
        return alone[:1] or drawn

    def _named_master(self):
        """The master as the sentinels that can be asked see it."""
        for sentinel in self.cluster.running_sentinels():
            if sentinel.name in self.disturbed:
                continue
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                return self.cluster.server_at(sentinel.address())
        return None

    def _victims(self, kind: faults.Kind, master) -> list:
        if kind.victim == "master":
            candidates = [master]
        elif kind.victim == "replica":
            candidates = [one for one in self.cluster.servers
                          if one is not master]
        elif kind.disk:
            candidates = [one for one in self.cluster.sentinels
                          if one.name in self.cluster.disks]
        elif kind.network and self.cut_sentinel:
            candidates = [self.cut_sentinel]
        else:
            candidates = self.cluster.sentinels
        return [one for one in candidates
                if one.name not in self.disturbed and one.alive()
                and not (kind.name == "coordinated" and one.reference)]

    def _begin(self, kind: faults.Kind) -> None:
        master = self._named_master()
        victims = self._victims(kind, master) if master else []
        if not victims:
            return
        victim = self.dice.choice(victims)
        if kind.victim == "sentinel" and kind.network:
            # Two that come back from being cut off at different moments may
            # well agree that the master was down.
            self.cut_sentinel = victim
        self.note(f"{kind.name} {victim.name} (master is {master.name})")
        self.account.count(self.account.faults, kind.name)
        fault = Active(kind, victim, time.monotonic(), None, master.port)
        self.active.append(fault)
        if kind.victim != "none":
            self.disturbed.add(victim.name)
        fault.end = kind.start(self, victim, self.dice)

    def _end_active(self) -> None:
        for fault in self.dice.sample(self.active, len(self.active)):
            if fault.end is None:
                continue
            end, fault.end = fault.end, None
            end()
            self.disturbed.discard(fault.victim.name)
            self.note(f"  ends {fault.kind.name} {fault.victim.name}")

    def revive(self, process) -> None:
        if not process.alive():
            process.start(deadline=90)
        self.down.discard(process.name)

    # ---- A round ----

    def _round(self) -> None:
        begin = time.monotonic()
        self.active, self.cut_sentinel = [], None
        for kind in self._draw_kinds():
            self._begin(kind)
            time.sleep(self.dice.uniform(0.2, 6))
            if self.dice.random() < 0.3:
                self._end_active()
        if not self.active:
            return
        time.sleep(self.dice.uniform(0, 3))
        self._end_active()
        for sentinel in self.cluster.sentinels:
            if any(one.kind.name == "set" for one in self.active):
                self.set_options(sentinel)
        healed = time.monotonic()
        master = self._wait_whole()
        self._count_healing(healed)
        self._check_writes(master, begin)
        self.watcher.round_ends(
            any(one.kind.name == "reset" for one in self.active))
        self._check_files(master)
        if not self._is_whole_under(master):
            self.fail(f"not whole under {master.name} any more\n"
                      f"{self._views()}")
        self.bad_disks.clear()
        self.note(f"round ends, master is {master.name}")
        self.writer.next_round()

    def bound(self) -> float:
        """Within which all must be well again: what the options say, and so
        much more for a busy machine."""
        seconds = 60 + 3 * self.options["failover-timeout"] / 1000
        return seconds + (60 if self.plan.reference_seats else 0)

    def _whole(self):
        """One master that all name and follow, or None."""
        try:
            master = self.cluster.agreed_master()
            if not master or not self.cluster.settled(master):
                return None
        except (TypeError, ValueError, KeyError):
            return None  # an answer of a process that has just started
        for server in self.cluster.servers:
            if server is not master and not server.follows(master):
                return None
        return master if master.is_master() else None

    def _wait_whole(self):
        """It stays so from then on. What was not answered before the healing
        may still make a master down: until that is over it may change."""
        end = time.monotonic() + self.bound()
        calm = self.options["down-after-milliseconds"] / 1000 + 1
        while True:
            master = wait_for(self._whole, end - time.monotonic(), every=0.25,
                              what="all name one master, and all follow it")
            self.whole_at = time.monotonic()
            while self._is_whole_under(master):
                if time.monotonic() > self.whole_at + calm:
                    return master
                time.sleep(0.25)

    def _is_whole_under(self, master) -> bool:
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            return self._whole() is master
        return False

    def _count_healing(self, healed: float) -> None:
        passed_ms = 1000 * (self.whole_at - healed)
        for name in {one.kind.name for one in self.active}:
            self.account.healing_ms[name].append(passed_ms)
            self.account.count(self.account.rounds, name)
        for one in self.active:
            when = self.writer.first_elsewhere(one.begin, one.master_port)
            if when and (one.kind.victim == "master"
                         or one.kind.name in PROVOKING):
                self.account.recovery_ms[one.kind.name].append(
                    1000 * (when - one.begin))

    # ---- Checks ----

    def _check_writes(self, master, begin: float) -> None:
        self.writer.pause()
        self._wait_replicated(master)
        lost = self.writer.lost(master)
        early = self._lost_early(master)
        names = {one.kind.name for one in self.active}
        lossy = {one.kind.name for one in self.active
                 if not one.kind.lossless}
        unprovoked = self._unprovoked(begin)
        blamed = ["unprovoked failover"] if unprovoked else sorted(
            lossy or names)
        for name in blamed:
            self.account.count(self.account.acknowledged, name,
                               len(self.writer.acknowledged))
            self.account.count(self.account.lost, name, len(lost) + early)
            self.account.count(self.account.lossy_rounds, name,
                               int(bool(lost or early)))
        self.account.count(self.account.checks, "writes acknowledged",
                           len(self.writer.acknowledged))
        if lost or early:
            self.note(f"lost {len(lost)} of {len(self.writer.acknowledged)} "
                      f"writes, and {early} of earlier rounds")
        if (lost or early) and not lossy and not unprovoked:
            self.fail(f"{len(lost)} acknowledged writes lost by "
                      f"{sorted(names)}, and {early} of earlier rounds")

    def _wait_replicated(self, master) -> None:
        """Nothing that is acknowledged now hangs on the master alone."""
        others = len(self.cluster.servers) - 1

        def all_have_it() -> bool:
            with master.client(socket_timeout=20) as client:
                client.set("soak-mark", self.writer.round)
                return client.wait(others, 5000) >= others

        wait_for(all_have_it, 60, "the replicas have all writes")

    def _lost_early(self, master) -> int:
        """How many of earlier rounds are missing now that were there."""
        lost = 0
        with master.client(socket_timeout=30) as client:
            pipe = client.pipeline(transaction=False)
            for key in [*self.cards, self.writer.key]:
                pipe.scard(key)
            *counts, this_one = pipe.execute()
        for key, count in zip(list(self.cards), counts):
            lost += max(0, self.cards[key] - count)
            self.cards[key] = count
        self.cards[self.writer.key] = this_one
        return lost

    def _unprovoked(self, begin: float) -> bool:
        """A failover that no fault of this round explains. A machine so busy
        that the master or a sentinel was late does; else it is a fault."""
        if any(one.kind.victim == "master" or one.kind.name in PROVOKING
               for one in self.active):
            return False
        self.watcher.look()
        switches = self.watcher.switches_since(begin)
        if not switches:
            return False
        names = [one.kind.name for one in self.active]
        gap, late = (self.writer.longest_gap, self.lateness.worst_since(begin))
        limit = self.options["down-after-milliseconds"] / 1000
        text = (f"failover in a round of {names}; the master was silent for "
                f"{gap:.2f} s at most (limit {limit} s), this process "
                f"{late:.2f} s late: {switches[0]}")
        self.note(text)
        self.account.unprovoked.append(f"{self.plan.name}: {text}")
        # Writes and pings take the same way; a switch itself makes a gap of
        # some hundred milliseconds.
        if gap < 0.8 * limit and late < limit / 4:
            self.fail(text)
        return True

    def _check_files(self, master) -> None:
        """The file of each of ours has all that is known; now and then Redis
        Sentinel must start from one."""
        for sentinel in self.our_sentinels():
            if self.cluster.client_place:
                try:
                    wait_for(lambda: not self.cluster.missing_in(
                        sentinel, master), 20, f"{sentinel.name}: file")
                except Timeout:
                    self.fail(f"the file of {sentinel.name} lacks "
                              f"{self.cluster.missing_in(sentinel, master)}")
        if self.dice.random() < 0.1 and loadable.can_try() and not missing():
            sentinel = self.dice.choice(self.our_sentinels())
            self.account.count(self.account.checks, "loaded by Redis Sentinel")
            said = loadable.refusal(sentinel.conf.read_text(), self.directory)
            if said:
                self.fail(f"Redis Sentinel refuses the file of "
                          f"{sentinel.name}: {said}")
