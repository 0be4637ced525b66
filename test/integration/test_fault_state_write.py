"""The state write: kill -9 before each of its system calls, each of them
failing, and a disk that stalls. The file is always whole, nothing that was
said is forgotten, and a vote that is not on disk is not given."""

import re
import time

import pytest
import redis

import fault_trace
from cluster import MASTER_NAME, wait_for
from fault_process import (Hellos, VoteRequest, ask_vote, cpu_seconds,
                           is_whole, leftovers, refuses_votes)

pytestmark = pytest.mark.ours

CANDIDATES = ("a" * 40, "b" * 40)


@pytest.fixture
def lone(make_cluster):
    """A master and a sentinel that has nothing to write unless asked."""
    fault_trace.require()
    cluster = make_cluster(quorum=1, failover_timeout=60000, hasty=True)
    master = cluster.add_servers(replicas=0)
    return master, cluster.add_sentinel(master)


def text_with_vote(text, epoch):
    """The file after a vote in EPOCH, from that before it."""
    text = re.sub(r"(?m)^(sentinel current-epoch) \d+", rf"\1 {epoch}", text)
    return re.sub(rf"(?m)^(sentinel leader-epoch {MASTER_NAME}) \d+",
                  rf"\1 {epoch}", text)


def calls_of_a_write(sentinel):
    """The system calls of one write, as (name, number of that name,
    arguments)."""
    with fault_trace.Trace(fault_trace.writers(sentinel)) as trace:
        assert sentinel.sentinel("FLUSHCONFIG") == "OK"
        # The loop may answer before strace has written its last lines.
        wait_for(lambda: any(name == "write" and "\\1\\0" in arguments
                             for name, arguments in trace.calls()), 5,
                 "the worker has woken the loop")
        calls = list(fault_trace.numbered(trace.calls()))
    names = [name for name, _, _ in calls]
    # A write that does not sync, or does so in place, proves nothing here.
    assert names.count("fsync") == 2 and "rename" in names
    assert (names.index("fsync") < names.index("rename")
            < len(names) - 1 - names[::-1].index("fsync"))
    return calls


def vote_and_die(master, sentinel, epoch, call):
    """Requests a vote of a sentinel that is killed at CALL. Returns the answer
    that came before, or None."""
    name, number, _ = call
    inject = f"inject={name}:signal=KILL:when={number}"
    with fault_trace.Trace(fault_trace.writers(sentinel), inject):
        vote = VoteRequest(sentinel, master.port, epoch, CANDIDATES[0])
        sentinel.popen.wait(10)
        vote.join(10)
    return vote.answer


def test_killed_before_each_call_of_the_write(lone):
    """The calls are taken from a traced write. Up to the rename the file is
    the old one, byte for byte, and after it the new one; the vote is in it
    before it is answered, and is not given to another after the restart."""
    master, sentinel = lone
    calls = calls_of_a_write(sentinel)
    renamed = [name for name, _, _ in calls].index("rename")
    with Hellos(master) as hellos:
        for index, call in enumerate(calls):
            epoch = 100 + index
            fault_trace.writers(sentinel)
            old = sentinel.conf.read_text()
            identity = sentinel.myid()
            answer = vote_and_die(master, sentinel, epoch, call)
            text = sentinel.conf.read_text()
            new = text_with_vote(old, epoch)
            if index < renamed:
                assert text == old, call
            elif index > renamed:
                assert text == new, call
            assert text in (old, new), call
            if answer:
                assert answer == (CANDIDATES[0], epoch) and text == new, call
            stored = sentinel.file_numbers()
            assert stored["current-epoch"] >= hellos.said.get(identity, (0,))[0]
            sentinel.start()
            assert sentinel.myid() == identity
            # One that was cut off leaves nothing behind the next start.
            assert leftovers(sentinel) == [], call
            second = ask_vote(sentinel, master.port, epoch, CANDIDATES[1])
            if text == new:
                assert second[0] != CANDIDATES[1], "voted twice"
            else:
                assert second == (CANDIDATES[1], epoch)
    assert hellos.back == []
    assert len(calls) >= 10


FAILURES = [
    # Of which call, the number of that name when it is not the first, and
    # what the log must say beside the path.
    ("openat", "ENOSPC", "No space left on device"),
    ("openat", "EMFILE", "Too many open files"),
    ("write", "ENOSPC", "No space left on device"),
    ("write", "EIO", "Input/output error"),
    ("fsync", "EIO", "Input/output error"),
    ("close", "EIO", "Input/output error"),
    ("rename", "ENOSPC", "No space left on device"),
    ("rename", "EIO", "Input/output error"),
]


def which(calls, name):
    """The number of the call of that name that concerns the new file: others
    read the old one."""
    wanted = {"openat": "O_CREAT", "write": None, "fsync": None,
              "close": None, "rename": None}[name]
    opened = next(index for index, call in enumerate(calls)
                  if call[0] == "openat" and "O_CREAT" in call[2])
    for call in calls[opened:]:
        if call[0] == name and (wanted is None or wanted in call[2]):
            return call[1]
    raise AssertionError(f"no {name} of the new file")


@pytest.mark.parametrize("name,error,reason", FAILURES)
def test_a_call_that_fails(lone, name, error, reason):
    """One failure: the vote is not given, the log says which file and why,
    the old file stays, the process lives and writes again by itself."""
    master, sentinel = lone
    number = which(calls_of_a_write(sentinel), name)
    tids = fault_trace.writers(sentinel)
    old = sentinel.conf.read_text()
    inject = f"inject={name}:error={error}:when={number}+1000"
    with fault_trace.Trace(tids, inject):
        warning = refuses_votes(sentinel, master.port, 20, CANDIDATES[0])
        assert reason in warning
    assert is_whole(sentinel)
    # The write is tried again without being asked.
    wait_for(lambda: sentinel.file_numbers()["leader-epoch"] == 20, 10,
             "the vote is on disk")
    assert sentinel.conf.read_text() == text_with_vote(old, 20)
    assert leftovers(sentinel) == []
    assert ask_vote(sentinel, master.port, 20, CANDIDATES[1])[0] != (
        CANDIDATES[1])
    assert ask_vote(sentinel, master.port, 21, CANDIDATES[1]) == (
        CANDIDATES[1], 21)


def test_a_disk_that_stays_bad_and_comes_back(lone):
    """Clients are told, PING and queries go on, nothing spins, and all is well
    as soon as the disk is."""
    master, sentinel = lone
    tids = fault_trace.writers(sentinel)
    with fault_trace.Trace(tids, "inject=fsync:error=EIO"):
        with pytest.raises(redis.exceptions.ResponseError,
                           match="(?i)saving|save|disk|error"):
            sentinel.sentinel("FLUSHCONFIG")
        before = cpu_seconds(sentinel.pid)
        began = time.monotonic()
        refused = 0
        while time.monotonic() - began < 2.5:
            epoch = 30 + refused
            assert ask_vote(sentinel, master.port, epoch,
                            CANDIDATES[0])[0] == "*"
            assert sentinel.address() == master.port
            refused += 1
        assert refused >= 5
        assert cpu_seconds(sentinel.pid) - before < 2
        assert sentinel.file_numbers()["leader-epoch"] < 30
        assert sentinel.master()["flags"] == "master"
    last = 30 + refused - 1
    wait_for(lambda: sentinel.file_numbers()["leader-epoch"] == last, 10,
             "what could not be written is written")
    assert ask_vote(sentinel, master.port, last + 1, CANDIDATES[1]) == (
        CANDIDATES[1], last + 1)
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    assert leftovers(sentinel) == []


def test_a_disk_that_stalls_does_not_stop_the_loop(make_cluster):
    """Each fsync takes 4 s, four times down-after: PINGs are answered and
    sent, nobody looks down, and a vote comes when it is on disk, not before.
    The others go on without the one that stalls."""
    fault_trace.require()
    cluster = make_cluster(failover_timeout=8000, hasty=True)
    master = cluster.add_servers(replicas=1)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    slow = cluster.sentinels[0]
    mark = cluster.recorder.mark()
    tids = fault_trace.writers(slow)
    with fault_trace.Trace(tids, "inject=fsync:delay_enter=4000000"):
        began = time.monotonic()
        vote = VoteRequest(slow, master.port, 50, CANDIDATES[0])
        slowest = 0.0
        while time.monotonic() - began < 3:
            asked = time.monotonic()
            with slow.client() as client:
                assert client.ping()
            slowest = max(slowest, time.monotonic() - asked)
        assert not vote.answer, "a vote was given before it was on disk"
        assert slowest < 1.5
        assert not cluster.recorder.find("+sdown", since=mark)
        assert not cluster.recorder.find("+tilt", since=mark)
        master.kill()
        new = cluster.wait_new_master(master, deadline=20)
        vote.join(30)
    assert vote.answer == (CANDIDATES[0], 50)
    master.start()
    cluster.wait_settled(new, deadline=40)
    assert is_whole(slow)


def settled_trio(make_cluster):
    fault_trace.require()
    cluster = make_cluster(failover_timeout=3000, hasty=True)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    return cluster, master


PARTS = 4


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_before_each_call_in_a_failover(make_cluster, part):
    """One of three sentinels is killed before each call in turn of a write
    that a failover makes it do; each time all agree in the end, no epoch has
    gone back and nobody has voted twice."""
    cluster, master = settled_trio(make_cluster)
    victim = cluster.sentinels[part % 3]
    calls = calls_of_a_write(victim)[part::PARTS]
    for name, number, _ in calls:
        old = cluster.wait_settled(deadline=90)
        epochs = victim.file_numbers()
        inject = f"inject={name}:signal=KILL:when={number}"
        with Hellos(old) as hellos:
            with fault_trace.Trace(fault_trace.writers(victim), inject):
                old.kill()
                victim.popen.wait(20)
        assert is_whole(victim)
        for key, value in victim.file_numbers().items():
            assert value >= epochs[key]
        assert hellos.back == []
        assert victim.file_numbers()["current-epoch"] >= max(
            (one[0] for identity, one in hellos.said.items()
             if f"myid {identity}" in victim.conf.read_text()), default=0)
        victim.start()
        # One may be there as long as it is at work.
        wait_for(lambda: not leftovers(victim), 10, "nothing is left over")
        cluster.wait_new_master(old, deadline=60)
        old.start()
    cluster.wait_settled(deadline=90)
    votes = {}
    for sentinel in cluster.sentinels:
        for line in re.findall(r"\+vote-for-leader (\w+ \d+)", sentinel.log()):
            candidate, epoch = line.split()
            key = (sentinel.name, epoch)
            assert votes.setdefault(key, candidate) == candidate, key
    assert votes


@pytest.mark.campaign
@pytest.mark.parametrize("name,error,reason", FAILURES)
def test_a_bad_disk_during_a_failover(make_cluster, name, error, reason):
    """The disk of one fails from before the failover until after it: the two
    others fail over in time, that one gives no vote and never leads, and
    follows as soon as it can write."""
    cluster, master = settled_trio(make_cluster)
    bad = cluster.sentinels[0]
    others = cluster.sentinels[1:]
    number = which(calls_of_a_write(bad), name)
    mark = cluster.recorder.mark()
    # A failed attempt makes no more calls of that name, but it wakes the loop.
    step = 2 if name == "write" else number
    inject = f"inject={name}:error={error}:when={number}+{step}"
    with fault_trace.Trace(fault_trace.writers(bad), inject):
        began = time.monotonic()
        master.kill()
        for sentinel in others:
            cluster.recorder.wait("+switch-master", sentinel=sentinel,
                                  since=mark, deadline=15)
        assert time.monotonic() - began < 15
        assert reason in bad.log()
        assert not cluster.recorder.find("+elected-leader", sentinel=bad,
                                         since=mark)
        assert not cluster.recorder.find("+vote-for-leader", sentinel=bad,
                                         since=mark)
    new = cluster.wait_new_master(master, deadline=20)
    master.start()
    cluster.wait_settled(new, deadline=60)
    numbers = {tuple(one.file_numbers()[key]
                     for key in ("current-epoch", "config-epoch"))
               for one in cluster.sentinels}
    assert len(numbers) == 1 and leftovers(bad) == []
