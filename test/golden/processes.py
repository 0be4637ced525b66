"""The processes of one scenario, and what they publish."""

import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time

from resp import Conn, plain, tell
from symbols import Norm


class Env:
    """Directory, ports, symbols and processes of one scenario."""

    def __init__(self, opts, name):
        self.opts, self.name = opts, name
        self.dir = os.path.join(opts.work, name)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.procs, self.ids, self.portsym, self.taps = [], {}, {}, []
        self.paths = [(self.dir, "<DIR>"), (opts.work, "<WORK>")]
        self.norm = Norm(self)
        self.t0 = time.time()

    def port(self, sym):
        for p, s in self.portsym.items():
            if s == "<%s>" % sym:
                return p
        n = {"M": 1, "R1": 2, "R2": 3, "R3": 4, "X": 9, "S1": 11, "S2": 12, "S3": 13, "S3b": 14,
             "S4": 15, "DEAD": 99, "DEAD2": 98, "T": 90}
        base = self.opts.base_port
        p = base + (n[sym] if sym in n else 200 + len(self.portsym))
        self.portsym[p] = "<%s>" % sym
        return p

    def port2(self, sym):
        """The port of a sentinel whose symbol has been replaced by its role."""
        return self.opts.base_port + {"S1": 11, "S2": 12, "S3": 13}[sym]

    def write(self, fn, text):
        p = os.path.join(self.dir, fn)
        with open(p, "w") as f:
            f.write(text)
        return p

    def read(self, fn):
        with open(os.path.join(self.dir, fn), errors="replace") as f:
            return f.read()

    def spawn(self, argv, log):
        f = open(os.path.join(self.dir, log), "ab")
        p = subprocess.Popen(argv, stdout=f, stderr=subprocess.STDOUT, cwd=self.dir,
                             stdin=subprocess.DEVNULL)
        f.close()
        self.procs.append(p)
        return p

    def server(self, sym, replicaof=None, extra="", fresh=True):
        port = self.port(sym)
        conf = "port %d\nbind 127.0.0.1\nsave \"\"\nappendonly no\ndir %s\ndbfilename %s.rdb\n" % (
            port, self.dir, sym)
        conf += "repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nloglevel warning\n"
        if replicaof:
            conf += "replicaof 127.0.0.1 %d\n" % self.port(replicaof)
        fn = "%s.conf" % sym
        if fresh or not os.path.exists(os.path.join(self.dir, fn)):
            self.write(fn, conf + extra)
        p = self.spawn(shlex.split(self.opts.server) + [os.path.join(self.dir, fn)], sym + ".log")
        wait(lambda: tell(port, "PING"), 10)
        m = re.search(r"run_id:([0-9a-f]{40})", tell(port, "INFO", "server") or "")
        if m:
            n = sum(1 for v in self.ids.values() if v.startswith("<RUNID-%s" % sym))
            self.ids[m.group(1)] = "<RUNID-%s%s>" % (sym, "" if n == 0 else "-%d" % (n + 1))
        return p

    def group(self, replicas=2, extra=""):
        """One master and n replicas, in sync."""
        self.pm = self.server("M", extra=extra)
        self.pr = [self.server("R%d" % (i + 1), "M", extra=extra) for i in range(replicas)]
        wait(lambda: "connected_slaves:%d" % replicas in tell(self.port("M"), "INFO", "replication"), 15)
        for i in range(replicas):
            wait(lambda: "master_link_status:up" in
                 tell(self.port("R%d" % (i + 1)), "INFO", "replication"), 15)

    def sentinel(self, sym, conf=None, quorum=2, down=1500, fto=6000, extra="", myid=True, name="mymaster",
                 events=None, run=True):
        port = self.port(sym)
        fn = "%s.conf" % sym
        if conf is None and not os.path.exists(os.path.join(self.dir, fn)):
            conf = "port %d\nbind 127.0.0.1\ndir %s\nloglevel debug\n" % (port, self.dir)
            if myid:
                sid = self.sid(sym)
                conf += "sentinel myid %s\n" % sid
            if quorum:
                conf += "sentinel monitor %s 127.0.0.1 %d %d\n" % (name, self.port("M"), quorum)
                conf += "sentinel down-after-milliseconds %s %d\n" % (name, down)
                conf += "sentinel failover-timeout %s %d\n" % (name, fto)
            conf += extra
        if conf is not None:
            self.write(fn, conf)
        if not run:
            return None
        if events is not None:
            events.start(sym, port)
        p = self.spawn(shlex.split(self.opts.sentinel) + [os.path.join(self.dir, fn)], sym + ".log")
        wait(lambda: tell(port, "PING"), 10)
        return p

    def sid(self, sym):
        d = {"S1": "1", "S2": "2", "S3": "3", "S3b": "3", "S4": "4"}.get(sym, "9")
        i = (d + "a" * 7 + "0" * 32)[:40]
        self.ids[i] = "<SID%s>" % d
        return i

    def stop(self, p, sig=signal.SIGTERM, wait_s=5):
        if p.poll() is None:
            p.send_signal(sig)
            try:
                p.wait(wait_s)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()

    def close(self):
        for t in self.taps:
            t.stop()
        for p in self.procs:
            if p.poll() is None:
                try:
                    p.send_signal(signal.SIGCONT)
                except OSError:
                    pass
                self.stop(p, signal.SIGKILL)

    def loglines(self, sym, skip_debug=True):
        out = []
        for l in self.read(sym + ".log").splitlines():
            if skip_debug and re.match(r"^\d+:X \S+ \S+ \S+ \S+ [.] ", l):
                continue
            if re.match(r"^\d+:X \S+ \S+ \S+ \S+ - "
                        r"(Accepted|Client closed|Client id=\d+|Error writing|Reading from) ", l):
                continue
            out.append(self.norm.log(l))
        return out


def wait(fn, secs, step=0.1):
    end = time.time() + secs
    while True:
        try:
            r = fn()
            if r:
                return r
        except (OSError, EOFError):
            pass
        if time.time() > end:
            return None
        time.sleep(step)


class Events:
    """PSUBSCRIBE * on several sentinels, from the first moment they listen."""

    def __init__(self, env):
        self.env, self.rec, self.raw, self.on = env, [], {}, True
        self.t0 = time.time()
        self.lock = threading.Lock()

    def start(self, sym, port):
        threading.Thread(target=self.run, args=(sym, port), daemon=True).start()

    def run(self, sym, port):
        while self.on:
            try:
                c = Conn(port, timeout=0.3)
            except OSError:
                time.sleep(0.005)
                continue
            try:
                c.s.settimeout(5)
                c.send("PSUBSCRIBE", "*")
                while self.on:
                    # A reply, once begun, is read whole.
                    if not c.buf and not select.select([c.s], [], [], 0.5)[0]:
                        continue
                    n = c.reply()
                    v = plain(n)
                    if v and v[0] == "pmessage":
                        with self.lock:
                            self.rec.append((time.time() - self.t0, sym, v[2], v[3]))
                            self.raw.setdefault(v[2], n)
            except (OSError, EOFError):
                pass
            finally:
                c.close()

    def mark(self, text):
        with self.lock:
            self.rec.append((time.time() - self.t0, "", "---", text))

    def has(self, chan, sym=None, payload=None):
        with self.lock:
            return any(r[2] == chan and (sym is None or r[1] == sym) and
                       (payload is None or payload in r[3]) for r in self.rec)

    def until(self, chan, secs, sym=None, payload=None):
        return wait(lambda: self.has(chan, sym, payload), secs)

    def lines(self, since=None, rename=None):
        rename = rename or {}
        with self.lock:
            recs = list(self.rec)
        out = {}
        for t, sym, ch, pl in recs:
            if ch == "---":
                for k in out:
                    out[k].append("-- %s" % pl)
                out.setdefault("_", []).append(pl)
                continue
            who = rename.get(sym, sym)
            if who not in out:
                out[who] = ["-- %s" % x for x in out.get("_", [])]
            out[who].append("%-34s %-90s ;t=%.2f" % (ch, self.env.norm.s(pl), t))
        out.pop("_", None)
        return out
