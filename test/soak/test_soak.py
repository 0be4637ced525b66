"""The soak's checks see what they are there for, and a minute of it passes."""

import pathlib
import subprocess
import time

import pytest

import resources
from account import Account
from logs import Line, LogReader, is_expected
from safety import Safety, Seat
from watch import epochs_in

TOP = pathlib.Path(__file__).resolve().parents[2]
IDS = {"s1": "a" * 40, "s2": "b" * 40, "s3": "c" * 40}
ADDRESS = ("10.0.0.1", 6379)
MASTER = "master mymaster 10.0.0.1 6379"


class Bench:
    """Safety with three seats, and what it found."""

    def __init__(self, mixed=False):
        self.account = Account()
        self.safety = Safety(self.account, "bench", 3, mixed)
        self.seats = {}
        for name, ident in IDS.items():
            seat = Seat(name, ours=True)
            seat.id = ident
            self.seats[name] = self.safety.seats[name] = seat

    def say(self, name, *texts, pid=1):
        for text in texts:
            self.safety.line(self.seats[name],
                             Line(pid, "now", "#", text, time.monotonic()))

    def stand(self, name, epoch):
        self.say(name, f"+new-epoch {epoch}", f"+try-failover {MASTER}",
                 f"+vote-for-leader {IDS[name]} {epoch}")

    def win(self, name, epoch, voter):
        self.stand(name, epoch)
        self.say(voter, f"+vote-for-leader {IDS[name]} {epoch}")
        self.say(name, f"+elected-leader {MASTER}")

    def found(self, forgetful=False):
        self.safety.count_votes(forgetful)
        self.safety.settle_disputes()
        return "\n".join(self.account.violations)

    def file(self, current, config, leader, address=ADDRESS):
        self.safety.file(self.seats["s1"], {
            "current-epoch": current, "config-epoch": config,
            "leader-epoch": leader}, address)


@pytest.fixture
def bench():
    return Bench()


def test_an_election_is_well(bench):
    bench.win("s1", 1, "s2")
    bench.win("s2", 2, "s3")
    assert bench.found() == ""


def test_two_leaders(bench):
    bench.win("s1", 1, "s2")
    bench.win("s3", 1, "s2")
    assert "two leaders in epoch 1: s1, s3" in bench.found()


def test_two_votes_across_a_restart(bench):
    bench.say("s2", f"+vote-for-leader {IDS['s1']} 5")
    bench.say("s2", f"+vote-for-leader {IDS['s1']} 5", pid=2)
    assert bench.found() == ""
    bench.say("s2", f"+vote-for-leader {IDS['s3']} 5", pid=3)
    assert "s2 votes twice in epoch 5" in bench.found()


def test_elected_without_a_majority(bench):
    bench.stand("s1", 1)
    bench.say("s1", f"+elected-leader {MASTER}")
    assert "was elected in epoch 1 by ['s1'] alone" in bench.found()


def test_a_forgetful_one_may_be_elected_by_fewer(bench):
    bench.stand("s1", 1)
    bench.say("s1", f"+elected-leader {MASTER}")
    assert bench.found(forgetful=True) == ""


def test_elected_without_having_stood(bench):
    bench.say("s1", f"+elected-leader {MASTER}")
    assert "no candidate" in bench.found()


def test_an_order_needs_no_votes(bench):
    bench.win("s1", 1, "s2")
    bench.say("s2", "Executing user requested FAILOVER of 'mymaster'",
              "+new-epoch 2", f"+try-failover {MASTER}",
              f"+elected-leader {MASTER}")
    assert bench.found() == ""


def test_a_coordinated_one_does(bench):
    bench.seats["s2"].coordinated = True
    bench.say("s2", "Executing user requested FAILOVER of 'mymaster'",
              "+new-epoch 2", f"+try-failover {MASTER}",
              f"+elected-leader {MASTER}")
    assert "was elected in epoch 2 by [] alone" in bench.found()


def test_epochs_go_back(bench):
    bench.say("s1", "+new-epoch 4")
    bench.say("s1", "+new-epoch 3", pid=2)
    assert "+new-epoch 3 after 4" in bench.found()


@pytest.mark.parametrize("later", [(4, 2, 3), (5, 1, 3), (5, 2, 2)])
def test_epochs_in_the_file_go_back(bench, later):
    bench.file(5, 2, 3)
    bench.file(5, 2, 3)
    assert bench.found() == ""
    bench.file(*later)
    assert "in the file goes back" in bench.found()


def test_epochs_in_the_file_that_do_not_fit(bench):
    bench.file(5, 2, 6)
    assert "epochs in the file" in bench.found()


def hello(current, config, port=6379):
    return (f"10.0.0.9,26379,{IDS['s1']},{current},mymaster,10.0.0.1,{port},"
            f"{config}")


def test_hellos_go_back(bench):
    bench.safety.hello(hello(5, 3), 100)
    bench.safety.hello(hello(4, 3), 110)
    assert bench.found() == ""  # it may have been under way
    bench.safety.hello(hello(4, 3), 200)
    assert "hello goes back behind" in bench.found()


def test_a_bad_hello(bench):
    bench.safety.hello("10.0.0.9,26379", 1)
    assert "bad hello" in bench.found()


def test_two_addresses_in_one_epoch(bench):
    bench.safety.hello(hello(5, 3), 1)
    bench.file(5, 3, 3, ("10.0.0.1", 6380))
    assert "two addresses in config epoch 3" in bench.found()


def test_two_addresses_after_an_order(bench):
    bench.safety.hello(hello(5, 3), 1)
    bench.safety.hello(hello(5, 3, 6380), 1)
    bench.say("s2", "Executing user requested FAILOVER of 'mymaster'",
              "+new-epoch 3", f"+try-failover {MASTER}")
    assert bench.found() == ""


def test_log_lines(tmp_path):
    log = tmp_path / "log"
    reader = LogReader(log)
    assert reader.more() == []
    log.write_text("12:X 20 Nov 2026 14:50:15.240 # +new-epoch 7\nnoise\n"
                   "12:X 20 Nov 2026 14:50:15.241 # +vote-for-le")
    line, = reader.more()
    assert (line.pid, line.channel, line.words) == (12, "+new-epoch", ["7"])
    with open(log, "a") as file:
        file.write("ader x 7\n")
    line, = reader.more()
    assert (line.channel, line.words) == ("+vote-for-leader", ["x", "7"])
    assert reader.more() == []


def test_warnings_that_are_not_expected():
    def line(text):
        return Line(1, "now", "#", text, 0.0)

    refused = line("WARNING: Sentinel was not able to save the new "
                   "configuration on disk!!!: no space")
    assert is_expected(line("+sdown " + MASTER), False)
    assert is_expected(refused, True)
    assert not is_expected(refused, False)
    assert not is_expected(line("something new"), True)
    by = "PING refused by 10.0.0.2:7001 10.0.0.2:7001: "
    assert is_expected(line(by + "LOADING Redis is loading"), False)
    assert not is_expected(line(by + "NOAUTH Authentication required"), False)


def test_epochs_are_read():
    assert epochs_in("sentinel current-epoch 7\n"
                     "sentinel config-epoch mymaster 5\n") == {
        "current-epoch": 7, "config-epoch": 5, "leader-epoch": 0}


def grown(rss_an_hour, descriptors_an_hour, threads=17):
    series = resources.Series("bench", "s1", 1)
    for second in range(0, 3600, 10):
        series.samples.append(resources.Sample(
            series.begin + second, 5000000 + rss_an_hour * second // 3600,
            20 + descriptors_an_hour * second // 3600, threads, second / 100))
    return series


def test_growth_is_seen():
    assert grown(100000, 2).problems() == []
    assert "bytes an hour" in grown(4 << 20, 0).problems()[0]
    assert "descriptors" in grown(0, 30).problems()[0]
    assert "threads" in grown(0, 0, threads=30).problems()[0]
    assert round(grown(4 << 20, 0).slope() / 100000) == 42
    assert grown(0, 0).cpu_percent() == pytest.approx(1)


def test_a_minute_of_it(tmp_path):
    """A seed of its own each time: the name of the report tells it."""
    done = subprocess.run(
        [TOP / "scripts" / "soak", "--minutes", "0.7", "--report",
         tmp_path / "report"], capture_output=True, text=True, timeout=400,
        check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = (tmp_path / "report").read_text()
    assert "violations: 0" in report and " 0 faults" not in report
