"""Scenarios: odd PING replies, stuck replicas, odd hello messages."""

import os
import re
import signal
import socket
import threading
import time

from failover import dump
from processes import Events, wait
from resp import Conn, plain, tell
from symbols import esc
from transcript import scenario, stable


class Fake:
    """A data server that answers PING with a given reply; records what it gets."""

    def __init__(self, port, ping, runid):
        self.ping, self.runid, self.got, self.on, self.port = ping, runid, [], True, port
        self.ls = socket.socket()
        self.ls.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.ls.bind(("127.0.0.1", port))
        self.ls.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.on:
            try:
                c, _ = self.ls.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, s):
        c = Conn.__new__(Conn)
        c.s, c.buf = s, b""
        try:
            while self.on:
                a = plain(c.reply())
                self.got.append(a)
                w = a[0].upper()
                if w == "PING":
                    s.sendall(self.ping)
                elif w == "INFO":
                    t = ("# Server\r\nrun_id:%s\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n" % self.runid).encode()
                    s.sendall(b"$%d\r\n%s\r\n" % (len(t), t))
                elif w == "SUBSCRIBE":
                    s.sendall(b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(a[1]), a[1].encode()))
                elif w == "PUBLISH":
                    s.sendall(b":1\r\n")
                else:
                    s.sendall(b"+OK\r\n")
        except (OSError, EOFError, TypeError):
            pass
        s.close()

    def stop(self):
        self.on = False
        self.ls.close()


@scenario
def ping_replies(env, t):
    """Which PING replies count as alive; the reboot option."""
    kinds = [("pong", b"+PONG\r\n"), ("pong-x", b"+PONGx\r\n"), ("pong-bulk", b"$4\r\nPONG\r\n"), ("ok", b"+OK\r\n"),
             ("loading", b"-LOADING Redis is loading the dataset in memory\r\n"),
             ("masterdown", b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"),
             ("busy", b"-BUSY Redis is busy running a script.\r\n"),
             ("noauth", b"-NOAUTH Authentication required.\r\n"), ("err-pong", b"-PONG as an error\r\n"),
             ("lower", b"+pong\r\n"), ("misconf", b"-MISCONF x\r\n"), ("silent", b"")]
    fakes = {}
    conf = "port %d\nbind 127.0.0.1\ndir %s\nsentinel myid %s\n" % (env.port("S1"), env.dir, env.sid("S1"))
    for i, (n, r) in enumerate(kinds + [("reboot", b"+PONG\r\n"), ("reboot-off", b"+PONG\r\n")]):
        p = env.opts.base_port + 300 + i
        fakes[n] = Fake(p, r, "%040x" % (i + 1))
        env.taps.append(fakes[n])
        conf += "sentinel monitor %s 127.0.0.1 %d 5\nsentinel down-after-milliseconds %s 1500\n" % (n, p, n)
    conf += "sentinel master-reboot-down-after-period reboot 1500\n"
    env.sentinel("S1", conf=conf)
    time.sleep(4.5)
    t.file("ping-replies", "Twelve masters that answer PING in different ways, down-after 1500; state after 4.5 s")

    def flags(n):
        r = tell(env.port("S1"), "SENTINEL", "MASTER", n)
        return r[9]
    for n, r in kinds:
        t.put("%-12s %-60s -> flags: %s%s" % (n, esc(r)[:60] or "(no reply)", flags(n),
              "   got SCRIPT KILL: %d" % sum(1 for a in fakes[n].got if a[:2] == ["SCRIPT", "KILL"]) if n == "busy" else ""))
    t.put("")
    t.note("run id changes and PING answers LOADING; master-reboot-down-after-period 1500 / not set; INFO period 500")
    tell(env.port("S1"), "SENTINEL", "DEBUG", "info-period", "500")
    for i, n in enumerate(("reboot", "reboot-off")):
        fakes[n].ping, fakes[n].runid = b"-LOADING\r\n", "%040x" % (900 + i)
    time.sleep(1.3)
    t.put("after 1.3 s:  reboot: %s  reboot-off: %s" % (flags("reboot"), flags("reboot-off")))
    time.sleep(2.2)
    t.put("after 3.5 s:  reboot: %s  reboot-off: %s" % (flags("reboot"), flags("reboot-off")))
    for n in ("reboot", "reboot-off"):
        fakes[n].ping = b"+PONG\r\n"
    time.sleep(1.5)
    t.put("PONG again :  reboot: %s  reboot-off: %s" % (flags("reboot"), flags("reboot-off")), "")


@scenario
def failover_stuck(env, t):
    """A replica that cannot be reconfigured: time-outs with parallel-syncs 1 and 2."""
    for ps in (1, 2):
        for pr in list(env.procs):
            env.stop(pr, signal.SIGKILL)
        for f in ("S1.conf", "S1.log"):
            if os.path.exists(os.path.join(env.dir, f)):
                os.unlink(os.path.join(env.dir, f))
        env.server("M")
        env.server("R1", "M", extra="replica-priority 10\n")
        env.server("R2", "M", extra="rename-command SLAVEOF \"\"\n"
                   "rename-command REPLICAOF \"\"\n")
        wait(lambda: "connected_slaves:2" in tell(env.port("M"), "INFO", "replication"), 15)
        ev = Events(env)
        env.sentinel("S1", quorum=1, down=3000, fto=8000, events=ev,
                     extra="sentinel parallel-syncs mymaster %d\n" % ps)
        tell(env.port("S1"), "SENTINEL", "DEBUG", "info-period", "500", "slave-reconf-timeout", "2000")
        stable(env, "S1", 2)
        time.sleep(1)
        ev.rec, ev.t0 = [], time.time()
        open(os.path.join(env.dir, "S1.log"), "w").close()
        t.file("events-stuck-replica-parallel-syncs-%d" % ps,
               "Manual failover; R2 refuses SLAVEOF; parallel-syncs %d, slave-reconf-timeout 2000, failover-timeout 8000" % ps)
        ev.mark("SENTINEL FAILOVER mymaster")
        t.one(Conn(env.port("S1")), "SENTINEL", "FAILOVER", "mymaster")
        ev.until("+switch-master", 30)
        time.sleep(1)
        dump(env, t, ev, ["S1"])
        ev.on = False


@scenario
def hello_edge(env, t):
    """Odd hello messages and vote requests."""
    env.server("M")
    ev = Events(env)
    env.sentinel("S1", quorum=1, down=30000, fto=60000, events=ev)
    wait(lambda: tell(env.port("S1"), "SENTINEL", "MASTER", "mymaster")[7] != "", 10)
    a = Conn(env.port("S1"))
    t.file("hello-edge", "Hello messages sent to the sentinel itself with PUBLISH, and what they do")
    m, me = env.port("M"), env.sid("S1")
    for i in "cd":
        env.ids[i * 40] = "<FAKE-%s>" % i.upper()
    D, D2 = env.port("DEAD"), env.port("DEAD2")
    sub = Conn(m)
    sub.cmd("SUBSCRIBE", "__sentinel__:hello")

    def hello(text, note):
        n0 = len(ev.rec)
        t.one(a, "PUBLISH", "__sentinel__:hello", text, note=note)
        time.sleep(0.3)
        t.put(*["   event: %s %s" % (r[2], env.norm.s(r[3])) for r in ev.rec[n0:]])
        x = tell(env.port("S1"), "SENTINEL", "SENTINELS", "mymaster")
        y = tell(env.port("S1"), "SENTINEL", "MASTER", "mymaster")
        y = dict(zip(y[::2], y[1::2]))
        t.put("   sentinels: " + env.norm.s(", ".join(sorted("%s %s:%s" % (q[1], q[3], q[5]) for q in x)) or "none") +
              "   master: %s:%s config-epoch %s" % (y["ip"], env.norm.s(y["port"]), y["config-epoch"]), "")
    hello("127.0.0.1,%d,%s,0,mymaster,127.0.0.1,%d,0" % (D, "c" * 40, m), "a new sentinel")
    hello("127.0.0.1,%d,%s,0,mymaster,127.0.0.1,%d,0,x" % (D, "d" * 40, m), "nine fields: ignored")
    hello("somehost,%d,%s,0,mymaster,127.0.0.1,%d,0" % (D2, "d" * 40, m), "host name with resolve-hostnames no: no object")
    hello("127.0.0.1,%d,%s,7,mymaster,127.0.0.1,%d,0" % (D, "c" * 40, m), "higher current epoch")
    hello("127.0.0.1,%d,%s,7,mymaster,127.0.0.1,%d,3" % (D, "c" * 40, m), "higher config epoch, same address: epoch stored, no switch")
    hello("127.0.0.1,%d,%s,7,mymaster,127.0.0.1,%d,2" % (D, "c" * 40, D2), "lower config epoch, other address: ignored")
    hello("somehost,%d,%s,7,mymaster,127.0.0.1,%d,9" % (D2, "d" * 40, D2), "higher config epoch from a sentinel that cannot be stored: ignored")
    hello("127.0.0.1,%d,%s,7,mymaster,127.0.0.1,%d,0" % (D2, me, m), "the own id by PUBLISH: listed as a peer")
    hello("127.0.0.1,%d,%s,7,mymaster,127.0.0.1,%d,9" % (D, "c" * 40, D2), "higher config epoch, other address: switch")
    t.note("announce-ip set to the empty string at run time: the sentinel announces an empty address")
    a.cmd("SENTINEL", "MONITOR", "m2", "127.0.0.1", m, "1")
    a.cmd("SENTINEL", "CONFIG", "SET", "announce-ip", "")
    end, seen = time.time() + 8, set()
    sub.s.settimeout(0.5)
    while time.time() < end:
        try:
            seen.add(re.sub(r",\d+,m2", ",<n>,m2", env.norm.s(plain(sub.reply())[2])))
        except socket.timeout:
            continue
    t.put(*sorted("   hello on M: " + x for x in seen), "")
    t.file("vote-edge", "Vote requests with odd epochs")
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(m), "-1", "c" * 40,
          note="-1 is read as 2^64-1")
    t.conf("S1.conf", "config now")
    ev.on = False
