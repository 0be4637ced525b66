"""Shows crash failovers on real servers; run by scripts/demo."""

import argparse
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "test" / "integration"))

import redis  # noqa: E402
from redis.sentinel import Sentinel  # noqa: E402

import cluster as clusters  # noqa: E402
from cluster import MASTER_NAME, wait_for  # noqa: E402

KEY = "acknowledged"


class Problem(Exception):
    """Something is not as it should be."""


class Writer(threading.Thread):
    """Writes all the time, as an application does: through the Sentinel
    client of redis-py. Write number n sets bit n of one key, so what was
    acknowledged can be compared with what a server has. Both lists are only
    appended to, by this thread alone: nobody waits for anybody."""

    PAUSE = 0.002

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.acknowledged = []  # (number, time)
        self.refused = []  # times
        self.stopping = False
        client = Sentinel(
            [("127.0.0.1", one.port) for one in cluster.sentinels],
            socket_timeout=1, sentinel_kwargs={"socket_timeout": 1})
        self.master = client.master_for(
            MASTER_NAME, password=cluster.password, socket_timeout=1)

    def run(self):
        number = 0
        while not self.stopping:
            number += 1
            try:
                self.master.setbit(KEY, number, 1)
                self.acknowledged.append((number, time.monotonic()))
            except (redis.exceptions.RedisError, OSError):
                self.refused.append(time.monotonic())
            time.sleep(self.PAUSE)

    def stop(self):
        self.stopping = True
        self.join(10)

    def resumed_after(self, kill):
        """Time of the first acknowledgement that follows a refusal after
        KILL, with that of the last one before; None while there is none."""
        refusal = next((when for when in self.refused if when >= kill), None)
        if refusal is None:
            return None
        before = kill
        for _, when in self.acknowledged:
            if when > refusal:
                return before, when
            before = when
        return None

    def lost(self, master):
        """Numbers that were acknowledged and that MASTER does not have, with
        the times of their acknowledgements."""
        known = list(self.acknowledged)
        with master.client(decode_responses=False) as client:
            bits = client.get(KEY) or b""

        def has(number):
            return (number // 8 < len(bits)
                    and bits[number // 8] >> (7 - number % 8) & 1)

        return {number: when for number, when in known if not has(number)}


class Demo:
    def __init__(self, options):
        self.options = options
        self.kill_time = None
        self.telling = False
        self.lock = threading.Lock()
        self.lost = {}
        self.done = False  # and to be left running
        self.cluster = clusters.Cluster(
            password="demo-password", down_after=options.down_after,
            failover_timeout=options.failover_timeout,
            on_notice=self.tell)
        self.cluster.keep = options.keep
        self.writer = None

    def say(self, text=""):
        with self.lock:
            print(text, flush=True)

    def tell(self, notice):
        """Prints a notice as it comes."""
        if not self.telling:
            return
        since = (notice.when - self.kill_time) * 1000
        self.say(f"  {since:8.0f} ms  {notice.sentinel}  {notice.channel} "
                 f"{self.with_names(notice.text)}")

    def with_names(self, text):
        """Shorter ids; the rest is what subscribers get."""
        return re.sub(r"\b([0-9a-f]{8})[0-9a-f]{32}\b", r"\1...", text)

    # ---- Steps ----

    def build(self):
        cluster = self.cluster
        self.say(f"Starting in {cluster.directory}: a master, two replicas, "
                 f"three times {clusters.SENTINELD}, quorum {cluster.quorum}, "
                 f"down-after {cluster.down_after} ms")
        master = cluster.add_servers(replicas=2)
        for _ in range(3):
            cluster.add_sentinel(master)
        cluster.wait_settled(master)
        self.writer = Writer(cluster)
        self.writer.start()
        wait_for(lambda: len(self.writer.acknowledged) > 100, 10,
                 "writes are acknowledged")

    def show(self):
        self.say()
        for server in self.cluster.servers:
            info = server.replication()
            if info["role"] == "master":
                what = f"master, {info['connected_slaves']} replicas"
            else:
                of = self.cluster.server_at(info["master_port"])
                what = (f"replica of {of.name}, link "
                        f"{info['master_link_status']}")
            self.say(f"  {server.name:10} 127.0.0.1:{server.port:<6} {what}")
        for sentinel in self.cluster.sentinels:
            view = sentinel.master()
            of = self.cluster.server_at(sentinel.address())
            self.say(
                f"  {sentinel.name:10} 127.0.0.1:{sentinel.port:<6} sees "
                f"{of.name} as master, {view['num-slaves']} replicas, "
                f"{view['num-other-sentinels']} other sentinels, config epoch "
                f"{view['config-epoch']}")
        self.say()

    def failover(self, number):
        """One crash failover; returns its figures."""
        cluster = self.cluster
        old = cluster.agreed_master()
        mark = cluster.recorder.mark()
        if not self.options.brief:
            self.say(f"Failover {number}: kill -9 of the master, {old.name} "
                     f"({old.port})")
        self.kill_time = time.monotonic()
        self.telling = not self.options.brief
        old.kill()
        resumed = wait_for(
            lambda: self.writer.resumed_after(self.kill_time), 60,
            "writes are acknowledged again")
        last, first = resumed
        new = cluster.wait_new_master(old, deadline=60)
        for sentinel in cluster.sentinels:
            cluster.recorder.wait("+switch-master", f" {new.port}$", sentinel,
                                  mark, deadline=60)
        cluster.wait_replicas(new)
        leader, detected = self.detection(mark)
        lost = self.newly_lost(new, first)
        figures = {
            "number": number, "old": old.name, "new": new.name,
            "leader": leader, "lost": lost,
            "kill": (first - self.kill_time) * 1000,
            "detection": (first - detected) * 1000,
            "refused": (first - last) * 1000,
        }
        if not self.options.brief:
            self.telling = False
            self.say()
            self.say(f"  The new master is {new.name} ({new.port}); "
                     f"{leader} led.")
            self.say(f"  Writes were refused for {figures['refused']:.0f} ms: "
                     f"the first was acknowledged {figures['kill']:.0f} ms "
                     f"after the kill,")
            self.say(f"  {figures['detection']:.0f} ms after the end of "
                     f"detection. Acknowledged writes lost: {lost}")
            self.say()
            self.say(f"  Starting the old master {old.name} again")
            self.telling = True
        back = time.monotonic()
        old.start()
        wait_for(lambda: old.follows(new), 90,
                 f"{old.name} is a replica of {new.name}")
        figures["back"] = time.monotonic() - back
        cluster.wait_settled(new, deadline=90)
        self.telling = False
        self.check_agreement(new)
        self.newly_lost(new, first)
        if self.options.brief:
            self.row(figures)
        else:
            self.say(f"  {old.name} is a replica of {new.name} after "
                     f"{figures['back']:.1f} s.")
            self.show()
        return figures

    def detection(self, mark):
        """The leader's name, and when it knew enough to act: its +odown, or
        if it told none its last +sdown of the master."""
        recorder = self.cluster.recorder
        leader = recorder.wait("+promoted-slave", since=mark)
        sentinel = next(one for one in self.cluster.sentinels
                        if one.name == leader.sentinel)
        for channel in ("+odown", "+sdown"):
            told = [one for one in
                    recorder.find(channel, f"^master {MASTER_NAME} ",
                                  sentinel, mark) if one.when <= leader.when]
            if told:
                return sentinel.name, told[-1].when
        raise Problem(f"{sentinel.name} told neither +odown nor +sdown")

    def newly_lost(self, master, resumed):
        """Counts acknowledged writes that have become lost. Those before the
        kill may be, for replication is asynchronous; those acknowledged by
        the new master must not."""
        missing = self.writer.lost(master)
        fresh = {number: when for number, when in missing.items()
                 if number not in self.lost}
        self.lost.update(fresh)
        late = [number for number, when in fresh.items() if when >= resumed]
        if late:
            raise Problem(f"{len(late)} writes that the new master had "
                          "acknowledged are lost")
        return len(fresh)

    def check_agreement(self, master):
        epochs = {one.master()["config-epoch"]
                  for one in self.cluster.sentinels}
        ports = {one.address() for one in self.cluster.sentinels}
        if ports != {master.port} or len(epochs) != 1:
            raise Problem(f"the sentinels do not agree: ports {ports}, "
                          f"config epochs {epochs}")

    # ---- The table ----

    def heading(self):
        self.say()
        self.say("   #  old     new     leader     kill to ack  detection to "
                 "ack  refused  lost  back")

    def row(self, one):
        self.say(f"  {one['number']:2}  {one['old']:7} {one['new']:7} "
                 f"{one['leader']:9} {one['kill']:9.0f} ms "
                 f"{one['detection']:13.0f} ms {one['refused']:6.0f} ms "
                 f"{one['lost']:4} {one['back']:5.1f} s")

    def summary(self, results):
        self.say()
        for key, what in (
                ("kill", "kill to first acknowledged write"),
                ("detection", "end of detection to first acknowledged write")):
            numbers = [one[key] for one in results]
            self.say(f"  {what}: min {min(numbers):.0f} ms, median "
                     f"{statistics.median(numbers):.0f} ms, max "
                     f"{max(numbers):.0f} ms")
        total = len(self.writer.acknowledged)
        self.say(f"  {len(results)} failovers; {total} writes acknowledged, "
                 f"{len(self.lost)} of them lost")

    def run(self):
        self.build()
        self.show()
        count = self.options.failovers or 2
        if self.options.brief:
            self.heading()
        results = [self.failover(number) for number in range(1, count + 1)]
        if not self.options.brief:
            self.heading()
            for one in results:
                self.row(one)
        self.writer.stop()
        self.summary(results)
        if self.options.keep:
            self.explain()
        else:
            self.cluster.check_sentinels()

    def explain(self):
        cluster = self.cluster
        self.done = True
        self.say()
        self.say("The cluster goes on running. To talk to it:")
        for sentinel in cluster.sentinels:
            self.say(f"  redis-cli -p {sentinel.port} sentinel masters"
                     f"      # {sentinel.name}, pid {sentinel.pid}")
        for server in cluster.servers:
            self.say(f"  redis-cli -p {server.port} -a {cluster.password} "
                     f"info replication  # {server.name}, pid {server.pid}")
        self.say(f"  redis-cli -p {cluster.sentinels[0].port} psubscribe '*'"
                 "      # all notices")
        self.say(f"Logs and configuration files: {cluster.directory}")
        pids = " ".join(str(one.pid)
                        for one in cluster.sentinels + cluster.servers)
        self.say("To end it:")
        self.say(f"  kill {pids}; rm -r {cluster.directory}")


def versions():
    done = subprocess.run([clusters.SENTINELD, "--version"], text=True,
                          stdout=subprocess.PIPE, check=False)
    server = subprocess.run(["redis-server", "--version"], text=True,
                            stdout=subprocess.PIPE, check=False)
    return (f"{done.stdout.strip()}; {server.stdout.split(' sha')[0].strip()}; "
            f"redis-py {redis.__version__}")


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Kills the master of a small cluster, twice, and shows "
        "what happens.")
    parser.add_argument("--failovers", type=int, metavar="N",
                        help="N failovers, one line each, and a summary")
    parser.add_argument("--keep", action="store_true",
                        help="leave the cluster running at the end")
    parser.add_argument("--down-after", type=int, default=1000, metavar="MS",
                        help="down-after-milliseconds (default 1000)")
    parser.add_argument("--failover-timeout", type=int, default=10000,
                        metavar="MS", help="failover-timeout (default 10000)")
    options = parser.parse_args()
    if options.failovers is not None and options.failovers < 1:
        parser.error("--failovers must be at least 1")
    options.brief = options.failovers is not None
    return options


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    print(versions(), flush=True)
    demo = Demo(options)
    try:
        demo.run()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except (Problem, AssertionError, redis.exceptions.RedisError,
            OSError) as error:
        demo.telling = False
        print(demo.cluster.logs(), file=sys.stderr)
        print(f"\nNOT AS IT SHOULD BE: {error}", file=sys.stderr)
        return 1
    finally:
        if demo.writer:
            demo.writer.stopping = True
        # Only a cluster that is well is worth keeping.
        demo.cluster.keep = demo.done
        demo.cluster.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
