"""Real redis-server and sentinel processes, and verbs to disturb them.

A Cluster owns a temporary directory and every process started in it; leaving
its `with` block ends them all. Nothing here sleeps and hopes: wait_for() polls
until a condition holds or its deadline has passed.
"""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import redis

TOP = pathlib.Path(__file__).resolve().parents[2]
SENTINELD = os.environ.get("SENTINELD") or str(TOP / "build" / "sentineld")
REFERENCE = "redis-sentinel"
MASTER_NAME = "mymaster"
PASSWORD = "data-server-secret"


def is_reference(binary):
    """Whether BINARY is a Redis Sentinel rather than ours."""
    return os.path.basename(binary) in ("redis-sentinel", "valkey-sentinel")


class Timeout(AssertionError):
    pass


def wait_for(predicate, deadline=10.0, what=None, every=0.02):
    """Polls PREDICATE until it returns something true, and returns that.
    A connection that is refused or lost meanwhile counts as not yet."""
    end = time.monotonic() + deadline
    last = None
    while True:
        try:
            last = predicate()
            if last:
                return last
        except (redis.exceptions.RedisError, OSError) as error:
            last = error
        if time.monotonic() > end:
            name = what or getattr(predicate, "__name__", "condition")
            raise Timeout(f"not within {deadline} s: {name} (last: {last!r})")
        time.sleep(every)


class Ports:
    """Loopback ports that are ours as long as this process lives. A server
    that is down keeps its port: each is held by a socket that is bound but
    does not listen, which lets a server listen (SO_REUSEADDR) and keeps other
    test runs away, whose sentinels would otherwise find each other. They lie
    below the range from which the kernel takes those of connections."""

    def __init__(self):
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            ephemeral = int(file.read().split()[0])
        low, high = 10000, min(ephemeral, 32768)
        if high - low < 1000:
            low, high = 20000, 60000
        self.candidates = list(range(low, high))
        random.shuffle(self.candidates)
        self.held = []

    def take(self):
        while self.candidates:
            port = self.candidates.pop()
            holder = socket.socket()
            try:
                # Alone on the port: without SO_REUSEADDR until it is bound.
                holder.bind(("127.0.0.1", port))
            except OSError:
                holder.close()
                continue
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.held.append(holder)
            return port
        raise RuntimeError("no free port")


PORTS = Ports()


class Process:
    """One process with its own directory and log."""

    def __init__(self, directory, name, port):
        self.name = name
        self.port = port
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir()
        self.output = self.directory / "output.log"
        self.errors = self.directory / "errors.log"
        self.conf = self.directory / f"{name}.conf"
        self.popen = None
        self.password = None
        self.outlives_us = False
        self.host = "127.0.0.1"  # where it listens
        self.within = []  # a command that runs it, such as unshare

    def argv(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def spawn(self, *extra):
        """Starts without waiting for it to answer."""
        assert self.popen is None or self.popen.poll() is not None
        # Even when we are killed nothing is left behind.
        guard = [] if self.outlives_us else ["setpriv", "--pdeathsig", "KILL"]
        with open(self.output, "ab") as output, open(self.errors, "ab") as errors:
            self.popen = subprocess.Popen(
                [*guard, *self.within, *self.argv(), *extra],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=self.environment(),
                start_new_session=True,
            )
        return self

    def start(self, *extra, deadline=20):
        self.spawn(*extra)
        wait_for(self.answers, deadline, f"{self.name} answers")
        return self

    def answers(self):
        code = self.popen.poll()
        if code is not None:
            raise AssertionError(
                f"{self.name} ended at start, exit code {code}\n{self.log()}")
        with self.client(socket_timeout=1) as client:
            try:
                return client.ping()
            except redis.exceptions.ResponseError:
                return True
            except redis.exceptions.BusyLoadingError:
                return False

    def client(self, **options):
        options.setdefault("socket_timeout", 5)
        options.setdefault("socket_connect_timeout", 5)
        options.setdefault("decode_responses", True)
        options.setdefault("password", self.password)
        return redis.Redis(self.host, self.port, **options)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen is not None and self.popen.poll() is None

    def kill(self):
        """kill -9, and gone when this returns."""
        self.popen.kill()
        self.popen.wait(10)

    def hang(self):
        """Stops it: the sockets stay open, nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def terminate(self, deadline=20):
        """Ends it in an orderly way; returns the exit code."""
        self.popen.terminate()
        return self.popen.wait(deadline)

    def end(self):
        """Whatever state it is in: gone."""
        if self.alive():
            self.popen.kill()
            self.popen.wait(10)

    def log(self):
        text = ""
        for path in (self.output, self.errors):
            if path.exists():
                text += path.read_text(errors="replace")
        return text


class RedisServer(Process):
    """A data server; `options` are lines of its configuration file, BINARY is
    redis-server or valkey-server."""

    def __init__(self, directory, name, port, password=None, master=None,
                 options=(), binary="redis-server"):
        super().__init__(directory, name, port)
        self.binary = binary
        self.password = password
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"dir {self.directory}",
            'save ""',
            "repl-diskless-sync yes",
            "repl-diskless-sync-delay 0",
            *options,
        ]
        if password:
            lines += [f"requirepass {quote(password)}",
                      f"masterauth {quote(password)}"]
        if master:
            lines += [f"replicaof 127.0.0.1 {master.port}"]
        self.conf.write_text("\n".join(lines) + "\n")

    def argv(self):
        return [self.binary, str(self.conf)]

    def replication(self):
        with self.client() as client:
            return client.info("replication")

    def is_master(self):
        return self.replication()["role"] == "master"

    def follows(self, master, link_up=True):
        """Whether it is a replica of MASTER and in touch with it."""
        info = self.replication()
        return (
            info["role"] == "slave"
            and info["master_port"] == master.port
            and (not link_up or info["master_link_status"] == "up")
        )


class SentinelProcess(Process):
    """A sentinel; BINARY is ours or the reference."""

    def __init__(self, directory, name, port, binary=None, lines=()):
        super().__init__(directory, name, port)
        self.binary = binary or SENTINELD
        self.reference = is_reference(self.binary)
        self.hasty = False
        self.may_complain = False  # on standard error, as it is made to fail
        self.conf.write_text("\n".join(lines) + "\n")

    def argv(self):
        return [self.binary, str(self.conf)]

    def start(self, *extra, deadline=20):
        super().start(*extra, deadline=deadline)
        if self.hasty:
            self.sentinel("DEBUG", "INFO-PERIOD", "1000", "PUBLISH-PERIOD",
                          "500")
        return self

    def sentinel(self, *words):
        """SENTINEL <words>, the reply as it comes."""
        with self.client() as client:
            # SENTINEL replies are left raw; redis-py would reshape them.
            client.response_callbacks.clear()
            return client.execute_command("SENTINEL", *words)

    def master(self, name=MASTER_NAME):
        return pairs(self.sentinel("MASTER", name))

    def replicas(self, name=MASTER_NAME):
        return [pairs(item) for item in self.sentinel("REPLICAS", name)]

    def sentinels(self, name=MASTER_NAME):
        return [pairs(item) for item in self.sentinel("SENTINELS", name)]

    def address(self, name=MASTER_NAME):
        """Port of the master as told to clients."""
        reply = self.sentinel("GET-MASTER-ADDR-BY-NAME", name)
        return int(reply[1]) if reply else None

    def myid(self):
        return self.sentinel("MYID")

    def file_numbers(self, name=MASTER_NAME):
        """current-epoch, and config-epoch and leader-epoch of the master, as
        the file has them; 0 for what is not there yet."""
        text = self.conf.read_text()

        def number(pattern):
            found = re.search(pattern, text, re.MULTILINE)
            return int(found.group(1)) if found else 0

        return {
            "current-epoch": number(r"^sentinel current-epoch (\d+)"),
            "config-epoch": number(rf"^sentinel config-epoch {name} (\d+)"),
            "leader-epoch": number(rf"^sentinel leader-epoch {name} (\d+)"),
        }


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


class Notice:
    """What a sentinel published, and when (time.monotonic())."""

    def __init__(self, when, sentinel, channel, text):
        self.when = when
        self.sentinel = sentinel
        self.channel = channel
        self.text = text

    def __repr__(self):
        return f"<{self.when:.3f} {self.sentinel} {self.channel} {self.text}>"


class Recorder:
    """Collects the notices of sentinels over PSUBSCRIBE *. A sentinel that
    ends is subscribed to again when it is back."""

    def __init__(self, on_notice=None):
        self.notices = []
        self.changed = threading.Condition()
        self.on_notice = on_notice
        self.closing = False
        self.threads = []

    def follow(self, sentinel):
        """Returns when the subscription holds."""
        ready = threading.Event()
        thread = threading.Thread(
            target=self._listen, args=(sentinel, ready), daemon=True)
        self.threads.append(thread)
        thread.start()
        if not ready.wait(20):
            raise Timeout(f"{sentinel.name} does not let us subscribe")

    def _listen(self, sentinel, ready):
        while not self.closing:
            try:
                with sentinel.client() as client, client.pubsub() as pubsub:
                    pubsub.psubscribe("*")
                    self._read(sentinel, pubsub, ready)
            except (redis.exceptions.RedisError, OSError, ValueError):
                time.sleep(0.02)  # it is gone; until it is back

    def _read(self, sentinel, pubsub, ready):
        while not self.closing:
            message = pubsub.get_message(timeout=0.2)
            if message is None:
                continue
            if message["type"] == "psubscribe":
                ready.set()
            elif message["type"] == "pmessage":
                self._add(Notice(time.monotonic(), sentinel.name,
                                 message["channel"], message["data"]))

    def _add(self, notice):
        with self.changed:
            self.notices.append(notice)
            self.changed.notify_all()
        if self.on_notice:
            self.on_notice(notice)

    def mark(self):
        """A place in the record, to be given as `since`."""
        with self.changed:
            return len(self.notices)

    def find(self, channel, text="", sentinel=None, since=0):
        """All notices of CHANNEL whose text matches the pattern TEXT."""
        with self.changed:
            return [
                notice
                for notice in self.notices[since:]
                if notice.channel == channel
                and re.search(text, notice.text)
                and (sentinel is None or notice.sentinel == sentinel.name)
            ]

    def wait(self, channel, text="", sentinel=None, since=0, deadline=20):
        """The first such notice; waits for it until the deadline."""
        end = time.monotonic() + deadline
        while True:
            with self.changed:
                found = self.find(channel, text, sentinel, since)
                if found:
                    return found[0]
                left = end - time.monotonic()
                if left <= 0:
                    seen = "\n".join(map(repr, self.notices[since:]))
                    raise Timeout(
                        f"no {channel} {text} within {deadline} s; seen:\n{seen}")
                self.changed.wait(left)

    def close(self):
        self.closing = True
        for thread in self.threads:
            thread.join(5)


class Cluster:
    """A master, its replicas and the sentinels that watch them. With `hasty`
    the sentinels look at INFO every second and say hello twice a second, so
    that an old master is turned into a replica after 2 s instead of 8 to
    20 s; everything else happens as with the default periods."""

    def __init__(self, password=None, down_after=1000, failover_timeout=8000,
                 quorum=2, directory=None, on_notice=None, hasty=False,
                 server_binary="redis-server"):
        self.directory = pathlib.Path(
            directory or tempfile.mkdtemp(prefix="sentineld-"))
        self.password = password
        self.down_after = down_after
        self.failover_timeout = failover_timeout
        self.quorum = quorum
        self.hasty = hasty
        self.server_binary = server_binary
        self.servers = []
        self.sentinels = []
        self.recorder = Recorder(on_notice)
        self.keep = False  # do not end anything, remove nothing

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- Building it ----

    def add_server(self, master=None, start=True, options=(), password=None):
        server = RedisServer(
            self.directory, f"redis{len(self.servers) + 1}", PORTS.take(),
            password or self.password, master, options, self.server_binary)
        server.outlives_us = self.keep
        self.servers.append(server)
        return server.start() if start else server

    def add_servers(self, replicas=2, options=()):
        """A master and its replicas, in touch with each other."""
        master = self.add_server(options=options)
        for _ in range(replicas):
            self.add_server(master, options=options)
        for replica in self.servers[1:]:
            wait_for(lambda r=replica: r.follows(master), 20,
                     f"{replica.name} follows {master.name}")
        return master

    def sentinel_lines(self, port, master, extra=(), credentials=True):
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master.port} {self.quorum}",
            f"sentinel down-after-milliseconds {MASTER_NAME} {self.down_after}",
            f"sentinel failover-timeout {MASTER_NAME} {self.failover_timeout}",
        ]
        if self.password and credentials:
            lines.append(
                f"sentinel auth-pass {MASTER_NAME} {quote(self.password)}")
        return lines + list(extra)

    def add_sentinel(self, master, binary=None, start=True, extra=(),
                     credentials=True, lines=None):
        port = PORTS.take()
        if lines is None:
            lines = self.sentinel_lines(port, master, extra, credentials)
        sentinel = SentinelProcess(
            self.directory, f"sentinel{len(self.sentinels) + 1}", port, binary,
            lines)
        sentinel.outlives_us = self.keep
        sentinel.hasty = self.hasty
        self.sentinels.append(sentinel)
        if start:
            sentinel.start()
            self.recorder.follow(sentinel)
        return sentinel

    # ---- Looking at it ----

    def server_at(self, port):
        for server in self.servers:
            if server.port == port:
                return server
        raise KeyError(port)

    def running_sentinels(self):
        return [one for one in self.sentinels if one.alive()]

    def agreed_master(self):
        """The server that all running sentinels name, or None."""
        ports = {one.address() for one in self.running_sentinels()}
        return self.server_at(ports.pop()) if len(ports) == 1 else None

    def settled(self, master=None):
        """All running sentinels know each other and all servers, and see all
        that run as up, with the right master and nothing in progress."""
        running = self.running_sentinels()
        master = master or self.agreed_master()
        if not master or not running:
            return False
        up = {one.port for one in self.servers if one.alive()} - {master.port}
        for sentinel in running:
            view = sentinel.master()
            if int(view["port"]) != master.port or view["flags"] != "master":
                return False
            if int(view["num-other-sentinels"]) != len(self.sentinels) - 1:
                return False
            replicas = {int(one["port"]) for one in sentinel.replicas()
                        if one["flags"] == "slave"
                        and one["master-link-status"] == "ok"
                        and int(one["master-port"]) == master.port}
            if not up <= replicas:
                return False
            others = sentinel.sentinels()
            alive = {one.port for one in running if one is not sentinel}
            if {int(one["port"]) for one in others
                    if one["flags"] == "sentinel"} != alive:
                return False
        return True

    def wait_settled(self, master=None, deadline=40):
        wait_for(lambda: self.settled(master), deadline, "cluster is settled",
                 every=0.05)
        return master or self.agreed_master()

    def wait_new_master(self, old, deadline=40):
        """Until all running sentinels name another master than OLD, and it
        takes writes. Returns it."""

        def moved():
            master = self.agreed_master()
            return (master if master and master is not old
                    and master.is_master() else None)

        return wait_for(moved, deadline, "all name a new master")

    def wait_replicas(self, master, deadline=60):
        """Until all running servers but MASTER follow it."""
        for server in self.servers:
            if server is not master and server.alive():
                wait_for(lambda s=server: s.follows(master), deadline,
                         f"{server.name} follows {master.name}")

    # ---- Ending it ----

    def check_sentinels(self):
        """Our sentinels end on TERM with exit code 0 and have written nothing
        on standard error."""
        problems = []
        for one in self.sentinels:
            if one.alive():
                code = one.terminate()
                if code != 0:
                    problems.append(f"{one.name}: exit code {code}")
            if one.reference or one.may_complain or not one.errors.exists():
                continue
            if one.errors.read_text():
                problems.append(
                    f"{one.name} on stderr: {one.errors.read_text()}")
        assert not problems, "\n".join(problems)

    def close(self):
        self.recorder.closing = True
        if self.keep:
            return
        for process in self.sentinels + self.servers:
            process.end()
        self.recorder.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def logs(self):
        """Everything the processes have written, for a failed test."""
        text = ""
        for process in self.sentinels + self.servers:
            text += f"---- {process.name} (port {process.port})\n{process.log()}\n"
        for sentinel in self.sentinels:
            if sentinel.conf.exists():
                text += f"---- {sentinel.conf.name}\n{sentinel.conf.read_text()}\n"
        return text


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
