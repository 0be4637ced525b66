"""Scenarios: a normal start, failovers, and failovers that end early."""

import os
import re
import signal
import time

from processes import Events, wait
from resp import Conn, tell
from transcript import pair, rep, scenario, stable


def dump(env, t, ev, syms, leader=None, logs=True):
    ren = {}
    if leader:
        rest = [s for s in syms if s != leader]
        ren = {leader: "LEADER"}
        ren.update({s: "FOLLOWER%d" % (i + 1) for i, s in enumerate(rest)})
        num = leader[1]
        for k, v in list(env.ids.items()):
            m = re.match(r"<SID(\d)>", v)
            if m:
                who = ren.get("S" + m.group(1))
                if who:
                    env.ids[k] = "<ID-%s>" % who
        for p, s in list(env.portsym.items()):
            if s.strip("<>") in ren:
                env.portsym[p] = "<%s>" % ren[s.strip("<>")]
    L = ev.lines(rename=ren)
    for who in sorted(L, key=lambda x: (x != "LEADER", x)):
        t.put("==== events (PSUBSCRIBE *) on %s ====" % who, *[l.rstrip() for l in L[who]], "")
    if logs:
        for s in sorted(syms, key=lambda s: ren.get(s, s) != "LEADER"):
            t.put("==== log of %s (debug lines left out) ====" % ren.get(s, s), *env.loglines(s), "")


def leader_of(ev, since=0):
    for r in ev.rec[since:]:
        if r[2] == "+elected-leader":
            return r[1]
    return None


@scenario
def failover_crash(env, t):
    """Normal start, crash failover, old master returning."""
    env.group()
    ev = Events(env)
    for s in ("S1", "S2", "S3"):
        env.sentinel(s, events=ev)
        time.sleep(0.3)
    rep(env, "S1", 2)
    time.sleep(4)
    t.file("events-start", "Normal start: 1 master, 2 replicas, 3 sentinels started one after the other")
    dump(env, t, ev, ["S1", "S2", "S3"])
    r = ev.raw["+sentinel"]
    t.put("# one event as it is on the wire", *["S: " + l for l in env.norm.node(r)], "")
    for s in ("S1", "S2", "S3"):
        t.conf(s + ".conf", "config of %s" % s)
    n0 = len(ev.rec)
    ev2 = Events(env)
    ev2.rec = []
    ev.rec = []
    ev.t0 = time.time()
    for s in ("S1", "S2", "S3"):
        open(os.path.join(env.dir, s + ".log"), "w").close()
    ev.mark("master killed with SIGKILL")
    env.stop(env.pm, signal.SIGKILL)
    for s in ("S1", "S2", "S3"):
        ev.until("+switch-master", 60, sym=s)
    time.sleep(1.0)
    lead = leader_of(ev)
    a = Conn(env.port(lead))
    time.sleep(3)
    snap = {s: env.read(s + ".conf") for s in ("S1", "S2", "S3")}
    t2 = t
    ev.mark("old master started again (same port, still configured as a master)")
    env.server("M")
    for s in ("S1", "S2", "S3"):
        ev.until("-sdown", 30, sym=s, payload="slave 127.0.0.1:%d" % env.port("M"))
    wait(lambda: ev.has("+convert-to-slave"), 40)
    time.sleep(14)
    t.file("events-crash-failover", "Master killed; failover; old master returns (down-after 1500, failover-timeout 6000, quorum 2)")
    # which replica was promoted
    sw = [r for r in ev.rec if r[2] == "+switch-master"][0][3].split()
    new = int(sw[4])
    cur = env.portsym[new]
    other = "<R2>" if cur == "<R1>" else "<R1>"
    op = [p for p, s in env.portsym.items() if s == other][0]
    env.portsym[new], env.portsym[op] = "<PROMOTED>", "<OTHER>"
    for k, v in list(env.ids.items()):
        if v.startswith("<RUNID-R"):
            env.ids[k] = "<RUNID-PROMOTED>" if v.strip("<>")[6:] == cur.strip("<>") else "<RUNID-OTHER>"
    dump(env, t, ev, ["S1", "S2", "S3"], leader=lead)
    for s in sorted(("S1", "S2", "S3"), key=lambda x: (x != lead, x)):
        env.write(s + ".snap", snap[s])
        t.conf(s + ".snap", "config of %s after the failover" % env.portsym[env.port2(s)].strip("<>"))
    a, b = pair(env.port2(lead))
    t.both(a, b, "SENTINEL", "MASTER", "mymaster", note="on the leader, afterwards")
    t.both(a, b, "SENTINEL", "REPLICAS", "mymaster", sort="items")
    t.both(a, b, "SENTINEL", "SENTINELS", "mymaster", sort="items",
           note="voted-leader is cleared again when no question was answered for 5 s")
    ev.on = False


@scenario
def failover_manual(env, t):
    """SENTINEL FAILOVER with a healthy master; replica added; address switch; id conflict."""
    env.group()
    ev = Events(env)
    pp = {}
    for s in ("S1", "S2", "S3"):
        pp[s] = env.sentinel(s, events=ev)
    rep(env, "S1", 2)
    time.sleep(2)
    ev.rec = []
    ev.t0 = time.time()
    for s in ("S1", "S2", "S3"):
        open(os.path.join(env.dir, s + ".log"), "w").close()
    t.file("events-manual-failover", "SENTINEL FAILOVER mymaster sent to S1, everything healthy; R1 has priority 10, R2 100")
    tell(env.port("R1"), "CONFIG", "SET", "replica-priority", "10")
    time.sleep(11)
    ev.mark("SENTINEL FAILOVER mymaster sent to S1")
    a = Conn(env.port("S1"))
    t.one(a, "SENTINEL", "FAILOVER", "mymaster")
    t.one(a, "SENTINEL", "FAILOVER", "mymaster")
    for s in ("S1", "S2", "S3"):
        ev.until("+switch-master", 60, sym=s)
    time.sleep(16)
    ev.mark("end")
    dump(env, t, ev, ["S1", "S2", "S3"])
    t.conf("S1.conf", "config of S1 afterwards")
    # replica added
    t.file("events-replica-added", "A new replica R3 is attached to the master")
    rep(env, "S1", 2)
    ev.rec = []
    ev.t0 = time.time()
    for s in ("S1", "S2", "S3"):
        open(os.path.join(env.dir, s + ".log"), "w").close()
    ev.mark("R3 started with replicaof the current master")
    env.server("R3", "R1")
    for s in ("S1", "S2", "S3"):
        ev.until("+slave", 25, sym=s)
    time.sleep(2)
    dump(env, t, ev, ["S1", "S2", "S3"])
    t.file("events-sentinel-address-switch", "S3 restarts on another port with the same id")
    ev.rec = []
    ev.t0 = time.time()
    for s in ("S1", "S2"):
        open(os.path.join(env.dir, s + ".log"), "w").close()
    env.stop(pp["S3"])
    conf = env.read("S3.conf").replace("port %d" % env.port("S3"), "port %d" % env.port("S3b"))
    ev.mark("S3 stopped, started again with port S3b")
    pp["S3b"] = env.sentinel("S3b", conf=conf)
    for s in ("S1", "S2"):
        ev.until("+sentinel-address-switch", 20, sym=s)
    time.sleep(4)
    dump(env, t, ev, ["S1", "S2"])
    a = Conn(env.port("S1"))
    t.one(a, "SENTINEL", "SENTINELS", "mymaster", sort="items")
    t.file("events-sentinel-same-address-new-id", "S3 restarts on its port with another id")
    ev.rec = []
    ev.t0 = time.time()
    for s in ("S1", "S2"):
        open(os.path.join(env.dir, s + ".log"), "w").close()
    env.stop(pp["S3b"])
    old = env.sid("S3")
    conf = env.read("S3b.conf").replace("sentinel myid " + old, "sentinel myid " + env.sid("S4"))
    ev.mark("same address, other id")
    pp["S4"] = env.sentinel("S3b", conf=conf)
    for s in ("S1", "S2"):
        ev.until("+sentinel-invalid-addr", 20, sym=s)
    time.sleep(4)
    dump(env, t, ev, ["S1", "S2"])
    t.one(a, "SENTINEL", "SENTINELS", "mymaster", sort="items")
    t.file("events-sentinel-down", "S2 is stopped and started again")
    ev.rec = []
    ev.t0 = time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("S2 stopped")
    env.stop(pp["S2"])
    ev.until("+sdown", 20, sym="S1")
    t.both(*pair(env.port("S1")), "SENTINEL", "CKQUORUM", "mymaster")
    ev.mark("S2 started again")
    env.sentinel("S2", events=None)
    ev.until("-sdown", 20, sym="S1")
    time.sleep(1)
    dump(env, t, ev, ["S1"])
    ev.on = False


@scenario
def failover_abort(env, t):
    """Failovers that end early: no good replica, not elected, promotion time-out; TILT; reboot."""
    env.group(1)
    ev = Events(env)
    env.sentinel("S1", quorum=1, down=1000, fto=3000, events=ev)
    stable(env, "S1", 1)
    t.file("events-abort-no-good-slave", "Master dies, the only replica has priority 0 (quorum 1, one sentinel)")
    tell(env.port("S1"), "SENTINEL", "DEBUG", "info-period", "500")
    tell(env.port("R1"), "CONFIG", "SET", "replica-priority", "0")
    time.sleep(2)
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("master killed")
    env.stop(env.pm, signal.SIGKILL)
    ev.until("-failover-abort-no-good-slave", 20)
    time.sleep(1)
    a, b = pair(env.port("S1"))
    t.both(a, b, "SENTINEL", "MASTER", "mymaster", note="after the abort: odown, waiting 2 x failover-timeout")
    t.both(a, b, "INFO", "sentinel")
    wait(lambda: sum(1 for r in ev.rec if r[2] == "+try-failover") >= 2, 20)
    time.sleep(1.5)
    dump(env, t, ev, ["S1"])
    t.file("events-abort-slave-timeout", "The chosen replica never becomes a master (SLAVEOF renamed to a command it lacks)")
    env.server("M")
    tell(env.port("R1"), "CONFIG", "SET", "replica-priority", "10")
    ev.until("-sdown", 20)
    stable(env, "S1", 1)
    time.sleep(7)
    tell(env.port("S1"), "SENTINEL", "SET", "mymaster", "rename-command", "SLAVEOF", "NOSUCHCMD")
    time.sleep(0.5)
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("SENTINEL FAILOVER mymaster")
    t.one(Conn(env.port("S1")), "SENTINEL", "FAILOVER", "mymaster")
    time.sleep(1.5)
    t.one(Conn(env.port("S1")), "SENTINEL", "MASTER", "mymaster", note="waiting for the promotion")
    t.one(Conn(env.port("S1")), "SENTINEL", "REPLICAS", "mymaster", note="flag promoted on the chosen replica")
    ev.until("-failover-abort-slave-timeout", 20)
    time.sleep(1)
    dump(env, t, ev, ["S1"])
    tell(env.port("S1"), "SENTINEL", "SET", "mymaster", "rename-command", "SLAVEOF", "SLAVEOF")
    t.file("events-abort-not-elected", "Master dies, quorum 1, but two of three known sentinels are unreachable")
    for x, i in (("DEAD", "c"), ("DEAD2", "d")):
        env.ids[i * 40] = "<FAKE-%s>" % i.upper()
        tell(env.port("S1"), "PUBLISH", "__sentinel__:hello", "127.0.0.1,%d,%s,0,mymaster,127.0.0.1,%d,0" %
             (env.port(x), i * 40, env.port("M")))
    time.sleep(7)
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("master killed")
    env.stop(env.procs[-1], signal.SIGKILL)
    ev.until("-failover-abort-not-elected", 30)
    time.sleep(1)
    dump(env, t, ev, ["S1"])
    ev.on = False
