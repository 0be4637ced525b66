"""What a process takes from the machine, and what a sentinel has said."""

import os
import re
import threading

import redis

from cluster import MASTER_NAME

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MEGABYTE = 1 << 20


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def descriptor_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(pid):
    """User and system time of all its threads."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def ask_vote(sentinel, port, epoch, candidate):
    """Requests a vote; returns who has the vote of that sentinel ('*' for
    nobody), and of which epoch."""
    reply = sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(port),
                              str(epoch), candidate)
    return reply[1], int(reply[2])


class VoteRequest(threading.Thread):
    """A request for a vote that is not waited for; `answer` is None until it
    has come, and stays so when the sentinel dies before."""

    def __init__(self, sentinel, port, epoch, candidate):
        super().__init__(daemon=True)
        self.sentinel = sentinel
        self.words = ("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1",
                      str(port), str(epoch), candidate)
        self.answer = None
        self.start()

    def run(self):
        try:
            with self.sentinel.client(socket_timeout=60) as client:
                client.response_callbacks.clear()
                reply = client.execute_command(*self.words)
                self.answer = (reply[1], int(reply[2]))
        except (redis.exceptions.RedisError, OSError):
            pass  # killed before it could answer


def refuses_votes(sentinel, port, epoch, candidate):
    """Whether a vote is refused since it cannot be written; the log must say
    where and why. Returns the last line that says so."""
    assert ask_vote(sentinel, port, epoch, candidate)[0] == "*"
    lines = [line for line in sentinel.log().splitlines()
             if "was not able to save the new configuration" in line]
    assert lines and str(sentinel.conf.parent) in lines[-1], lines[-1:]
    return lines[-1]


def leftovers(sentinel):
    """Files that are named after the configuration but are not it."""
    return sorted(path.name for path in sentinel.conf.parent.iterdir()
                  if path.name.startswith(sentinel.conf.name)
                  and path != sentinel.conf)


def is_whole(sentinel):
    """Whether its file has all that a start needs, to its end."""
    text = sentinel.conf.read_text()
    return (text.endswith("\n")
            and re.search(r"^sentinel myid [0-9a-f]{40}$", text, re.MULTILINE)
            and re.search(rf"^sentinel monitor {MASTER_NAME} ", text,
                          re.MULTILINE)
            and re.search(r"^sentinel current-epoch \d+$", text, re.MULTILINE))


class Hellos(threading.Thread):
    """Hears the hello messages on a data server, and keeps for each sentinel,
    by its id, the highest epochs that it has said."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.said = {}
        self.back = []  # an epoch that was lower than one said before
        self.ready = threading.Event()
        self.stopping = False

    def __enter__(self):
        self.start()
        assert self.ready.wait(10)
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.join(5)

    def run(self):
        try:
            with self.server.client() as client, client.pubsub() as pubsub:
                pubsub.subscribe("__sentinel__:hello")
                while not self.stopping:
                    self._take(pubsub.get_message(timeout=0.1))
        except (redis.exceptions.RedisError, OSError, ValueError):
            pass  # the server has gone

    def _take(self, message):
        if message and message["type"] == "subscribe":
            self.ready.set()
        elif message and message["type"] == "message":
            words = message["data"].split(",")
            current, config = int(words[3]), int(words[7])
            old = self.said.get(words[2], (0, 0))
            if current < old[0] or config < old[1]:
                self.back.append((words[2], old, (current, config)))
            self.said[words[2]] = (max(current, old[0]), max(config, old[1]))
