"""kill -9 of a sentinel at any time: its file always loads, epochs never go
back, and a vote that was given is not given again to another."""

import random
import re
import threading
import time

import redis

from cluster import MASTER_NAME, wait_for

CANDIDATES = ("a" * 40, "b" * 40, "c" * 40)


def ask(sentinel, port, epoch, candidate):
    """Requests a vote; returns the candidate voted for and the epoch."""
    reply = sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(port),
                              str(epoch), candidate)
    return reply[1], int(reply[2])


def test_a_vote_is_not_given_twice(make_cluster):
    cluster = make_cluster(quorum=1, failover_timeout=60000)
    master = cluster.add_servers(replicas=0)
    sentinel = cluster.add_sentinel(master)
    generator = random.Random(1)
    granted = 0
    for epoch in range(100, 120):
        votes = {}

        def request():
            try:
                leader, of_epoch = ask(sentinel, master.port, epoch,
                                       CANDIDATES[0])
                if of_epoch == epoch:
                    votes["first"] = leader
            except (redis.exceptions.RedisError, OSError):
                pass  # killed before it could answer

        thread = threading.Thread(target=request)
        thread.start()
        # From before the request to after the answer.
        time.sleep(generator.uniform(0, 0.008))
        sentinel.kill()
        thread.join(10)
        stored = sentinel.file_numbers()
        sentinel.start()
        if "first" in votes:
            granted += 1
            assert votes["first"] == CANDIDATES[0]
            assert stored["leader-epoch"] >= epoch, "answered before on disk"
            assert stored["current-epoch"] >= epoch
        leader, of_epoch = ask(sentinel, master.port, epoch, CANDIDATES[1])
        if stored["leader-epoch"] >= epoch:
            # The vote is on disk: nobody else gets it, though whom it was
            # given to may be forgotten.
            assert leader in (CANDIDATES[0], "*")
        else:
            assert "first" not in votes
            assert (leader, of_epoch) == (CANDIDATES[1], epoch)
        # Once more, by a third, without a crash between.
        assert ask(sentinel, master.port, epoch, CANDIDATES[2])[0] in (
            leader, "*")
    assert granted > 0, "every kill came before the answer"


def test_an_answered_vote_survives_the_crash(make_cluster):
    cluster = make_cluster(quorum=1, failover_timeout=60000)
    master = cluster.add_servers(replicas=0)
    sentinel = cluster.add_sentinel(master)
    for epoch in (7, 8, 1000):
        assert ask(sentinel, master.port, epoch, CANDIDATES[0]) == (
            CANDIDATES[0], epoch)
        sentinel.kill()
        numbers = sentinel.file_numbers()
        assert numbers["leader-epoch"] == epoch
        assert numbers["current-epoch"] == epoch
        sentinel.start()
        assert ask(sentinel, master.port, epoch, CANDIDATES[1])[0] in (
            CANDIDATES[0], "*")
        # An older epoch gets no vote either.
        assert ask(sentinel, master.port, epoch - 1, CANDIDATES[1])[0] != (
            CANDIDATES[1])


class FileWatch(threading.Thread):
    """Reads the files of sentinels over and over: none of the epochs may ever
    become smaller, and the file must always be whole."""

    def __init__(self, sentinels):
        super().__init__(daemon=True)
        self.sentinels = sentinels
        self.highest = {one.name: {} for one in sentinels}
        self.problems = []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(0.003):
            for sentinel in self.sentinels:
                self.look(sentinel)

    def look(self, sentinel):
        text = sentinel.conf.read_text()
        if not re.search(r"^sentinel current-epoch \d+\n", text, re.MULTILINE):
            if self.highest[sentinel.name]:
                self.problems.append(f"{sentinel.name}: file cut: {text!r}")
            return
        highest = self.highest[sentinel.name]
        for key, number in sentinel.file_numbers().items():
            if number < highest.get(key, 0):
                self.problems.append(
                    f"{sentinel.name}: {key} went from {highest[key]} to "
                    f"{number}")
            highest[key] = number

    def finish(self):
        self.stopping.set()
        self.join(10)
        assert not self.problems, "\n".join(self.problems)


def test_random_crashes_during_failovers(make_cluster):
    """Sentinels are killed and restarted at random moments while the master
    crashes again and again; in the end all agree."""
    cluster = make_cluster(failover_timeout=3000, hasty=True)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    watch = FileWatch(cluster.sentinels)
    watch.start()
    generator = random.Random(2)
    for _ in range(3):
        old = cluster.agreed_master()
        old.kill()
        for _ in range(3):
            # Around the detection, the election and the promotion.
            time.sleep(generator.uniform(0.3, 0.8))
            victim = generator.choice(cluster.sentinels)
            victim.kill()
            victim.start()
        cluster.wait_new_master(old, deadline=60)
        old.start()
        cluster.wait_settled(deadline=90)
    watch.finish()
    # One candidate per sentinel and epoch, across its crashes.
    votes = {}
    for notice in cluster.recorder.find("+vote-for-leader"):
        candidate, epoch = notice.text.split()
        key = (notice.sentinel, epoch)
        assert votes.setdefault(key, candidate) == candidate, key
    for sentinel in cluster.sentinels:
        for line in re.findall(r"\+vote-for-leader (\w+ \d+)", sentinel.log()):
            candidate, epoch = line.split()
            key = (sentinel.name, epoch)
            assert votes.setdefault(key, candidate) == candidate, key
    wait_for(lambda: len({one.master(MASTER_NAME)["config-epoch"]
                          for one in cluster.sentinels}) == 1, 20)
