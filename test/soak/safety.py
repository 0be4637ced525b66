"""The safety rules on what the sentinels of one quorum have said and written:
votes, leaders, epochs, addresses."""

import collections

import logs
from account import Account

Address = tuple[str, int]


class Seat:
    """What is known of one sentinel."""

    def __init__(self, name: str, ours: bool) -> None:
        self.name = name
        self.ours = ours
        self.id = ""
        self.pid = 0
        self.forced = False  # a failover without election goes on
        self.coordinated = False  # orders ask for a coordinated one
        self.new_epoch = 0
        self.candidate_epoch = 0
        self.file_epochs: dict[str, int] = {}


class Safety:
    """One quorum's; fed with log lines, files and hello messages."""

    def __init__(self, account: Account, quorum: str, seats: int,
                 mixed: bool) -> None:
        self.account = account
        self.quorum = quorum
        self.majority = seats // 2 + 1
        self.mixed = mixed
        self.seats: dict[str, Seat] = {}
        self.votes: dict[tuple[str, int], str] = {}
        self.voters: dict[tuple[str, int], set] = collections.defaultdict(set)
        self.leaders: dict[int, str] = {}
        self.uncounted: list[tuple[Seat, int]] = []
        self.forced_epochs: set[int] = set()
        self.addresses: dict[int, tuple[Address, str]] = {}
        self.disputes: list[tuple[int, str]] = []
        self.switches: list[tuple[float, str]] = []
        self.said: dict[str, list] = collections.defaultdict(list)

    def fail(self, text: str) -> None:
        self.account.violation(self.quorum, text)

    # ---- The log ----

    def line(self, seat: Seat, line: logs.Line) -> None:
        """In the order of the log."""
        if line.pid != seat.pid:
            seat.pid, seat.forced, seat.candidate_epoch = line.pid, False, 0
        if line.text.startswith("Executing user requested FAILOVER"):
            seat.forced = not seat.coordinated
        channel, words = line.channel, line.words
        if channel == "+new-epoch":
            self._new_epoch(seat, int(words[0]))
        elif channel == "+try-failover":
            seat.candidate_epoch = seat.new_epoch
            if seat.forced:
                self.forced_epochs.add(seat.new_epoch)
        elif channel == "+vote-for-leader":
            self._vote(seat, words[0], int(words[1]))
        elif channel == "+elected-leader":
            self._elected(seat)
        elif channel == "+promoted-slave":
            self.account.count(self.account.failovers, self.quorum)
        elif channel == "+switch-master":
            self.switches.append((line.read_at, line.text))
            seat.forced = False
        elif channel.startswith("-failover-abort"):
            seat.forced = False

    def _new_epoch(self, seat: Seat, epoch: int) -> None:
        self.account.count(self.account.checks, "epochs told")
        if seat.ours and epoch <= seat.new_epoch:
            self.fail(f"{seat.name}: +new-epoch {epoch} after "
                      f"{seat.new_epoch}")
        seat.new_epoch = max(epoch, seat.new_epoch)

    def _vote(self, seat: Seat, leader: str, epoch: int) -> None:
        self.account.count(self.account.checks, "votes")
        before = self.votes.setdefault((seat.name, epoch), leader)
        self.voters[(leader, epoch)].add(seat.name)
        if seat.ours and before != leader:
            self.fail(f"{seat.name} votes twice in epoch {epoch}: for "
                      f"{before}, then for {leader}")

    def _elected(self, seat: Seat) -> None:
        epoch = seat.candidate_epoch
        if seat.forced or epoch in self.forced_epochs:
            return
        if epoch == 0:
            self.fail(f"{seat.name} is elected, but was no candidate")
            return
        self.account.count(self.account.checks, "elections")
        before = self.leaders.setdefault(epoch, seat.name)
        if before != seat.name:
            self.fail(f"two leaders in epoch {epoch}: {before}, {seat.name}")
        self.uncounted.append((seat, epoch))

    def count_votes(self, forgetful: bool) -> None:
        """When all logs are read: each leader had a majority. One that was
        told to forget the others takes the majority of those it knows."""
        for seat, epoch in self.uncounted:
            voters = self.voters[(seat.id, epoch)]
            if seat.ours and not forgetful and len(voters) < self.majority:
                self.fail(f"{seat.name} was elected in epoch {epoch} by "
                          f"{sorted(voters)} alone")
        self.uncounted.clear()

    # ---- Files and hello messages ----

    def file(self, seat: Seat, epochs: dict[str, int],
             address: Address) -> None:
        self.account.count(self.account.checks, "state files read")
        for what, epoch in epochs.items():
            before = seat.file_epochs.get(what, 0)
            if epoch < before:
                self.fail(f"{seat.name}: {what} in the file goes back from "
                          f"{before} to {epoch}")
        if epochs["current-epoch"] < max(epochs.values()):
            self.fail(f"{seat.name}: epochs in the file: {epochs}")
        seat.file_epochs = epochs
        self._address(epochs["config-epoch"], address, f"file of {seat.name}")

    # A message can come late: from a server that was stopped, or out of a
    # connection on which the network had held it back.
    HELLO_DELAY_LIMIT = 45.0

    def hello(self, text: str, when: float) -> None:
        self.account.count(self.account.checks, "hello messages")
        fields = text.split(",")
        if len(fields) != 8:
            self.fail(f"bad hello: {text}")
            return
        current, config = int(fields[3]), int(fields[7])
        said = self.said[fields[2]]
        for earlier, *epochs in said:
            if earlier < when - self.HELLO_DELAY_LIMIT and (
                    current < epochs[0] or config < epochs[1]):
                self.fail(f"hello goes back behind {epochs}: {text}")
                break
        if not said or (current, config) != tuple(said[-1][1:]):
            said.append((when, current, config))
            del said[:-50]
        self._address(config, (fields[5], int(fields[6])), f"hello {text}")

    def _address(self, config_epoch: int, address: Address,
                 source: str) -> None:
        """Equal config epochs mean equal addresses. Not so where no majority
        stands behind an epoch: after an ordered failover, or when a reference
        seat has drawn it."""
        if config_epoch == 0 or self.mixed:
            return
        known, first = self.addresses.setdefault(
            config_epoch, (address, source))
        if known != address:
            self.disputes.append((config_epoch, f"{known} ({first}), "
                                                f"{address} ({source})"))

    def settle_disputes(self) -> None:
        """When all logs are read, which tell of the orders."""
        for epoch, text in dict(self.disputes).items():
            if epoch not in self.forced_epochs:
                self.fail(f"two addresses in config epoch {epoch}: {text}")
        self.disputes.clear()
