"""Scenarios: tilt, reboot, wrong roles, scripts, shared links, host names."""

import os
import re
import signal
import time

from failover import dump
from processes import Events, wait
from resp import Conn, plain, tell
from transcript import pair, scenario, stable


@scenario
def tilt_reboot(env, t):
    """TILT mode; +reboot; role change of a replica; wrong master of a replica."""
    env.group()
    tell(env.port("R1"), "CONFIG", "SET", "replica-priority", "10")
    ev = Events(env)
    p1 = env.sentinel("S1", quorum=1, down=3000, fto=4000, events=ev)
    stable(env, "S1", 2)
    port = env.port("S1")
    t.file("events-tilt", "Sentinel stopped for 3.5 s with SIGSTOP; tilt-period shortened to 4000 ms with SENTINEL DEBUG")
    tell(port, "SENTINEL", "DEBUG", "tilt-period", "4000")
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("SIGSTOP, 3.5 s, SIGCONT")
    p1.send_signal(signal.SIGSTOP)
    time.sleep(3.5)
    p1.send_signal(signal.SIGCONT)
    ev.until("+tilt", 10)
    time.sleep(1.2)
    a, b = pair(port)
    t.both(a, b, "INFO", "sentinel", note="in TILT (seconds shown are those at the time of the question)")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(env.port("M")), "0", "*")
    ev.until("-tilt", 15)
    time.sleep(0.5)
    dump(env, t, ev, ["S1"])
    t.file("events-reboot", "Master restarted within down-after: +reboot")
    tell(port, "SENTINEL", "DEBUG", "info-period", "1000")
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("master stopped and started at once")
    env.stop(env.pm)
    env.pm = env.server("M")
    ev.until("+reboot", 10)
    time.sleep(1)
    dump(env, t, ev, ["S1"])
    t.file("events-fix-slave-config", "A replica is pointed at another server by hand: corrected after failover-timeout (4000 ms)")
    env.server("X")
    stable(env, "S1", 2)
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("REPLICAOF 127.0.0.1 <X> sent to R2")
    tell(env.port("R2"), "REPLICAOF", "127.0.0.1", str(env.port("X")))
    ev.until("+fix-slave-config", 30)
    time.sleep(2)
    dump(env, t, ev, ["S1"])
    t.file("events-convert-to-slave", "A replica is made a master by hand: corrected after 8 s")
    stable(env, "S1", 2)
    time.sleep(3)
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("REPLICAOF NO ONE sent to R2")
    tell(env.port("R2"), "REPLICAOF", "NO", "ONE")
    ev.until("+convert-to-slave", 30)
    time.sleep(3)
    dump(env, t, ev, ["S1"])
    t.file("events-master-demoted", "The master is made a replica by hand: considered down after down-after + 2 x INFO period")
    stable(env, "S1", 2)
    time.sleep(3)
    ev.rec, ev.t0 = [], time.time()
    open(os.path.join(env.dir, "S1.log"), "w").close()
    ev.mark("REPLICAOF 127.0.0.1 <R1> sent to M (down-after 3000, INFO period 1000 here)")
    tell(env.port("M"), "REPLICAOF", "127.0.0.1", str(env.port("R1")))
    ev.until("+sdown", 30)
    time.sleep(0.05)
    ev.until("+switch-master", 40)
    time.sleep(2)
    dump(env, t, ev, ["S1"])
    ev.on = False


@scenario
def scripts(env, t):
    """notification-script and client-reconfig-script."""
    env.group(1)
    log = os.path.join(env.dir, "calls")
    body = "#!/bin/sh\nl=%s\nfor a in \"$@\"; do l=\"$l [$a]\"; done\necho \"$l\" >> " + log + "\n"
    n = env.write("notify.sh", body % "notify" + "exit 0\n")
    r = env.write("reconf.sh", body % "reconf" + "exit 0\n")
    bad1 = env.write("exit1.sh", "#!/bin/sh\nexit 1\n")
    bad2 = env.write("exit2.sh", "#!/bin/sh\nexit 3\n")
    slow = env.write("slow.sh", "#!/bin/sh\nexec sleep 30\n")
    for f in (n, r, bad1, bad2, slow):
        os.chmod(f, 0o755)
    ev = Events(env)
    env.sentinel("S1", quorum=1, down=1500, fto=6000, events=ev, extra=
                 "sentinel deny-scripts-reconfig no\nsentinel notification-script mymaster %s\n"
                 "sentinel client-reconfig-script mymaster %s\n" % (n, r))
    stable(env, "S1", 1)
    t.file("scripts", "Scripts: arguments in brackets; a crash failover with one sentinel")
    a, b = pair(env.port("S1"))
    ev.mark("master killed")
    env.stop(env.pm, signal.SIGKILL)
    ev.until("+switch-master", 40)
    time.sleep(2)
    t.put("# calls, sorted (scripts of one tick run at the same time, so their order is not defined)",
          *sorted("call: " + env.norm.s(x) for x in env.read("calls").splitlines()), "")
    t.both(a, b, "SENTINEL", "PENDING-SCRIPTS", note="queue empty")
    t.one(a, "SENTINEL", "SET", "mymaster", "client-reconfig-script", "/nosuch")
    t.one(a, "SENTINEL", "SET", "mymaster", "notification-script", "/nosuch")
    t.note("a script that exits with 1 is tried again after 30 s (shortened to 1500 ms here): scheduled")
    a.cmd("SENTINEL", "DEBUG", "script-retry-delay", "1500")
    t.one(a, "SENTINEL", "SET", "mymaster", "notification-script", bad1)
    time.sleep(0.8)
    t.both(a, b, "SENTINEL", "PENDING-SCRIPTS")
    time.sleep(1.6)
    n = a.cmd("SENTINEL", "PENDING-SCRIPTS")
    t.put("# retry-num after the second run: " + plain(n)[0][9], "")
    t.note("a script that exits with another code is not tried again: -script-error <path> <signal> <exit code>")
    ev.mark("script that exits with 3")
    t.one(a, "SENTINEL", "SET", "mymaster", "notification-script", bad2)
    ev.until("-script-error", 5)
    t.note("a script that runs too long (limit shortened to 1000 ms): -script-timeout <path> <pid>, SIGKILL, retry")
    a.cmd("SENTINEL", "DEBUG", "script-max-runtime", "1000")
    ev.mark("script that sleeps")
    t.one(a, "SENTINEL", "SET", "mymaster", "notification-script", slow)
    time.sleep(0.5)
    n = a.cmd("SENTINEL", "PENDING-SCRIPTS")
    for x in n.val:
        if plain(x)[3] == "running":
            t.put("# the running entry", *["S: " + l for l in env.norm.node(x)])
    t.put("")
    ev.until("-script-timeout", 6)
    time.sleep(0.5)
    for l in ev.lines().get("S1", []):
        if "script" in l.split()[0] or l.startswith("--"):
            t.put(re.sub(r"(-script-timeout\s+\S+) \d+", r"\1 <pid>", l).split(" ;t=")[0].rstrip())
    t.put("", "==== debug log lines about scripts ====")
    t.put(*sorted(set(x for x in env.loglines("S1", skip_debug=False) if "script-child" in x)), "")
    t.one(a, "SENTINEL", "SET", "mymaster", "notification-script", "", note="empty removes the script")
    ev.on = False


@scenario
def shared(env, t):
    """Two masters, the same sentinels: shared links, address update in both."""
    env.server("M")
    env.server("X")
    ev = Events(env)
    pr = {}
    for s in ("S1", "S2"):
        pr[s] = env.sentinel(s, events=ev, name="alpha", extra="sentinel monitor beta 127.0.0.1 %d 1\n" % env.port("X"))
    wait(lambda: all(len(tell(env.port("S1"), "SENTINEL", "SENTINELS", n)) == 1 for n in ("alpha", "beta")), 20)
    time.sleep(2.5)
    t.file("shared-links", "Two masters watched by the same two sentinels: one link, link-refcount 2")
    a = Conn(env.port("S1"))
    t.one(a, "SENTINEL", "SENTINELS", "alpha")
    t.one(a, "SENTINEL", "SENTINELS", "beta")
    t.one(a, "SENTINEL", "MASTERS", sort="items")
    t.one(a, "ROLE", sort="sub-items")
    n = plain(Conn(env.port("S2")).cmd("CLIENT", "LIST"))
    t.put("# connections from S1 on S2: " + str(sum(1 for l in n.splitlines() if "name=sentinel-" in l)),
          *["# " + re.sub(r"sentinel-(\d)aaaaaaa-", "sentinel-<ID8>-", m) for m in re.findall(r"name=sentinel-\S+", n)], "")
    ev.rec, ev.t0 = [], time.time()
    env.stop(pr["S2"])
    conf = env.read("S2.conf").replace("port %d" % env.port("S2"), "port %d" % env.port("S3b"))
    ev.mark("S2 stopped, started again on port S3b")
    env.sentinel("S3b", conf=conf)
    ev.until("+sentinel-address-switch", 20, sym="S1")
    time.sleep(4)
    dump(env, t, ev, ["S1"], logs=False)
    t.one(a, "SENTINEL", "SENTINELS", "alpha")
    t.one(a, "SENTINEL", "SENTINELS", "beta")
    ev.on = False


@scenario
def hostnames(env, t):
    """resolve-hostnames and announce-hostnames, master given as localhost."""
    env.group(1)
    for ann in ("no", "yes"):
        sym = "S1" if ann == "no" else "S2"
        conf = "port %d\nbind 127.0.0.1\ndir %s\nsentinel myid %s\nsentinel resolve-hostnames yes\n" \
               "sentinel announce-hostnames %s\nsentinel monitor mymaster localhost %d 1\n" % (
                   env.port(sym), env.dir, env.sid(sym), ann, env.port("M"))
        env.sentinel(sym, conf=conf)
        wait(lambda: len(tell(env.port(sym), "SENTINEL", "REPLICAS", "mymaster")) == 1, 20)
        stable(env, sym, 1)
        t.file("hostnames-announce-" + ann, "resolve-hostnames yes, announce-hostnames %s, monitor localhost" % ann)
        a = Conn(env.port(sym))
        t.one(a, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
        t.one(a, "SENTINEL", "MASTER", "mymaster")
        t.one(a, "SENTINEL", "REPLICAS", "mymaster")
        t.one(a, "SENTINEL", "MONITOR", "m2", "localhost", "1", "1")
        t.one(a, "SENTINEL", "MONITOR", "m3", "nosuch.invalid", "1", "1")
        t.one(a, "SENTINEL", "REMOVE", "m2")
        t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "localhost", str(env.port("M")), "0", "*")
        t.one(a, "INFO", "sentinel")
        t.conf(sym + ".conf", "config file")
        t.put(*["log: " + l for l in env.loglines(sym) if "monitor" in l or "slave" in l or "esolve" in l], "")
