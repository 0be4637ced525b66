"""Scenario: commands that change something."""

import os
import shlex
import time

from processes import Events, wait
from resp import Conn, plain, tell
from transcript import pair, scenario, stable


@scenario
def setters(env, t):
    """SENTINEL SET, CONFIG, MONITOR, REMOVE, RESET, FLUSHCONFIG, DEBUG, SIMULATE-FAILURE."""
    env.group()
    ok = env.write("ok.sh", "#!/bin/sh\nexit 0\n")
    os.chmod(ok, 0o755)
    ev = Events(env)
    env.sentinel("S1", quorum=1, down=30000, fto=180000, events=ev)
    stable(env, "S1", 2)
    p = env.port("S1")
    a, b = pair(p)
    t.file("cmd-set", "SENTINEL SET")
    for c in ["down-after-milliseconds 5000", "failover-timeout 10000", "parallel-syncs 2", "quorum 2", "auth-user u1",
              "auth-pass p1", "auth-pass", "master-reboot-down-after-period 3000", "rename-command CONFIG GUESS",
              "rename-command CONFIG CONFIG", "rename-command SLAVEOF GUESS2", "quorum 3 parallel-syncs 1",
              "down-after-milliseconds 0", "down-after-milliseconds -1", "down-after-milliseconds abc",
              "down-after-milliseconds 1.5", "failover-timeout 0", "parallel-syncs 0", "quorum 0", "quorum -1",
              "master-reboot-down-after-period -1", "master-reboot-down-after-period 0", "rename-command",
              "rename-command A", "nosuch 1", "nosuch", "quorum", "quorum 2 nosuch 1", "quorum 2 parallel-syncs x",
              "QUORUM 1", "notification-script " + ok, "client-reconfig-script " + ok,
              "primary-reboot-down-after-period 0", "down-after-milliseconds 99999999999"]:
        t.one(a, "SENTINEL", "SET", "mymaster", *c.split())
    t.one(a, "SENTINEL", "SET", "mymaster", "auth-user", "", note="empty value removes user / password")
    t.one(a, "SENTINEL", "SET", "mymaster", "auth-pass", "")
    t.one(a, "SENTINEL", "SET", "mymaster", "rename-command", "", "x")
    t.one(a, "SENTINEL", "SET", "mymaster", "rename-command", "x", "")
    t.one(a, "SENTINEL", "SET", "mymaster", "rename-command", "SLAVEOF", "SLAVEOF")
    t.one(a, "SENTINEL", "SET", "mymaster", "down-after-milliseconds", "30000")
    t.one(a, "SENTINEL", "SET", "mymaster", note="no option: arity error")
    t.one(a, "SENTINEL", "SET", "mymaster", "quorum")
    t.one(a, "SENTINEL", "SET", "nosuch", "quorum", "1")
    time.sleep(0.5)
    t.put("# +set events of the commands above (auth-pass is shown as ******; every applied option makes one)")
    t.put(*["event: " + l.split(" ;t=")[0].rstrip() for l in ev.lines().get("S1", []) if l.startswith("+set")], "")
    t.conf("S1.conf", "config file now")
    t.file("cmd-config", "SENTINEL CONFIG GET / SET")
    t.both(a, b, "SENTINEL", "CONFIG", "GET", "*")
    for c in ["GET announce-ip", "GET ANNOUNCE-*", "GET nosuch", "GET announce-ip announce-port", "SET announce-ip 10.0.0.9",
              "SET announce-port 26000", "SET announce-port 70000", "SET announce-port -1", "SET announce-port x",
              "SET resolve-hostnames maybe", "SET resolve-hostnames yes", "SET announce-hostnames YES",
              "SET sentinel-user su", "SET sentinel-pass sp", "SET nosuch 1", "SET loglevel notice", "SET loglevel nosuch",
              "GET loglevel", "SET announce-ip 1.1.1.1 announce-port 5", "SET announce-ip", "GET"]:
        t.one(a, "SENTINEL", "CONFIG", *c.split())
    t.both(a, b, "SENTINEL", "CONFIG", "GET", "*", note="values after the changes")
    t.conf("S1.conf", "config file now")
    t.one(a, "SENTINEL", "CONFIG", "SET", "announce-ip", "")
    for c in ["SET announce-port 0", "SET resolve-hostnames no", "SET announce-hostnames no"]:
        t.one(a, "SENTINEL", "CONFIG", *c.split())
    t.one(a, "SENTINEL", "CONFIG", "SET", "sentinel-user", "")
    t.one(a, "SENTINEL", "CONFIG", "SET", "sentinel-pass", "")
    t.conf("S1.conf", "config file after resetting them (yes/no lines stay with their value; announce-ip \"\" stays; the others leave the file)")
    t.file("cmd-monitor", "SENTINEL MONITOR / REMOVE")
    d = str(env.port("DEAD"))
    for c in ["m2 127.0.0.1 %s 2" % d, "m2 127.0.0.1 %s 2" % d, "m3 nohost %s 2" % d, "m3 127.0.0.1 abc 2",
              "m3 127.0.0.1 %s abc" % d, "m3 127.0.0.1 %s 0" % d, "m3 127.0.0.1 %s -3" % d, "m3 127.0.0.1 70000 1",
              "m3 127.0.0.1 -1 1", "m3 127.0.0.1 0 1", "m4 ::1 %s 1" % d, "m5 127.0.0.1 %s" % d]:
        t.one(a, "SENTINEL", "MONITOR", *c.split())
    t.one(a, "SENTINEL", "MONITOR", "bad name", "127.0.0.1", d, "1", note="a blank in the name is accepted (and breaks the file)")
    t.one(a, "SENTINEL", "REMOVE", "bad name")
    t.both(a, b, "SENTINEL", "MASTER", "m4", note="never connected: runid empty, flags disconnected")
    t.both(a, b, "SENTINEL", "REPLICAS", "m2", note="no replicas")
    t.both(a, b, "SENTINEL", "CKQUORUM", "m2", note="quorum 2, alone")
    t.both(a, b, "INFO", "sentinel")
    t.both(a, b, "ROLE", sort="sub-items")
    t.conf("S1.conf", "config file now (order between masters is not defined)")
    for c in ["REMOVE nosuch", "REMOVE m2", "REMOVE m3", "REMOVE m4", "REMOVE m2"]:
        t.one(a, "SENTINEL", *c.split())
    time.sleep(0.3)
    t.put(*["event: " + l.split(" ;t=")[0].rstrip() for l in ev.lines().get("S1", []) if "monitor" in l.split()[0]], "")
    t.file("cmd-ckquorum", "SENTINEL CKQUORUM error texts (single sentinel knows no other)")
    a.cmd("SENTINEL", "SET", "mymaster", "quorum", "2")
    stable(env, "S1", 2)
    time.sleep(1.5)
    t.both(a, b, "SENTINEL", "CKQUORUM", "mymaster", note="quorum 2, 1 sentinel: quorum not reachable, majority (1 of 1) is")
    fake = ["127.0.0.1,%d,%s,0,mymaster,127.0.0.1,%d,0" % (env.port(x), i * 40, env.port("M"))
            for x, i in (("DEAD", "c"), ("DEAD2", "d"))]
    env.ids["c" * 40], env.ids["d" * 40] = "<FAKE-C>", "<FAKE-D>"
    a.cmd("SENTINEL", "SET", "mymaster", "quorum", "1", "down-after-milliseconds", "1200")
    for f in fake:
        t.one(a, "PUBLISH", "__sentinel__:hello", f, note="announces a sentinel that does not exist")
    time.sleep(2.5)
    t.both(a, b, "SENTINEL", "CKQUORUM", "mymaster", note="quorum 1, two other sentinels known but down: no majority")
    a.cmd("SENTINEL", "SET", "mymaster", "quorum", "3")
    t.both(a, b, "SENTINEL", "CKQUORUM", "mymaster", note="quorum 3: both missing")
    t.both(a, b, "SENTINEL", "SENTINELS", "mymaster", sort="items", note="sentinels that are down")
    t.conf("S1.conf", "config file now (known-sentinel lines)")
    t.file("cmd-reset", "SENTINEL RESET")
    a.cmd("SENTINEL", "SET", "mymaster", "quorum", "1", "down-after-milliseconds", "30000")
    n0 = len(ev.rec)
    t.both(a, b, "SENTINEL", "RESET", "nomatch*")
    t.one(a, "SENTINEL", "RESET", "my*")
    t.conf("S1.conf", "config file right after RESET: not rewritten, replicas and sentinels still there")
    t.one(a, "SENTINEL", "MASTER", "mymaster")
    stable(env, "S1", 2)
    time.sleep(0.5)
    t.put("# events after RESET")
    t.put(*sorted("event: %-28s %s" % (r[2], env.norm.s(r[3])) for r in ev.rec[n0:] if r[2] != "---"), "")
    t.conf("S1.conf", "config file after the replicas were found again (this rewrite dropped the sentinels)")
    t.file("cmd-flushconfig", "SENTINEL FLUSHCONFIG")
    t.one(a, "SENTINEL", "FLUSHCONFIG")
    os.unlink(os.path.join(env.dir, "S1.conf"))
    t.one(a, "SENTINEL", "FLUSHCONFIG", note="after the file was deleted: written again from scratch")
    t.conf("S1.conf", "the new file (order of the lines above 'sentinel myid' differs between runs)")
    sub = os.path.join(env.dir, "sub")
    os.makedirs(sub)
    t.note("a second sentinel whose config directory disappears: changes stay in memory, the reply is an error")
    env.sid("S2")
    env.sentinel("S2", conf="", run=False)
    with open(os.path.join(sub, "S2.conf"), "w") as f:
        f.write("port %d\nbind 127.0.0.1\nsentinel myid %s\nsentinel monitor mymaster 127.0.0.1 %d 2\n" % (
            env.port("S2"), env.sid("S2"), env.port("M")))
    env.spawn(shlex.split(env.opts.sentinel) + [os.path.join(sub, "S2.conf")], "S2.log")
    wait(lambda: tell(env.port("S2"), "PING"), 10)
    os.rename(sub, sub + "-gone")
    c = Conn(env.port("S2"))
    t.one(c, "SENTINEL", "FLUSHCONFIG")
    t.one(c, "SENTINEL", "SET", "mymaster", "quorum", "1")
    t.one(c, "SENTINEL", "CONFIG", "SET", "announce-port", "5")
    t.one(c, "SENTINEL", "CONFIG", "GET", "announce-port")
    t.one(c, "SENTINEL", "MONITOR", "m9", "127.0.0.1", "1", "1")
    t.one(c, "SENTINEL", "CKQUORUM", "m9")
    t.one(c, "SENTINEL", "REMOVE", "m9")
    t.one(c, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(env.port("M")), "3", "b" * 40,
          note="a vote is given although it could not be stored")
    time.sleep(0.2)
    t.put(*sorted(set("log: " + l for l in env.loglines("S2") if "onfig" in l and "loaded" not in l)), "")
    t.file("cmd-debug", "SENTINEL DEBUG")
    t.both(a, b, "SENTINEL", "DEBUG")
    for c in ["info-period 5000", "INFO-PERIOD 10000", "ping-period 0", "ping-period -1", "ping-period x", "nosuch 1",
              "info-period", "info-period 9000 ping-period x", "ask-period 1000 publish-period 2000", "script-max-runtime 60000"]:
        t.one(a, "SENTINEL", "DEBUG", *c.split())
    t.one(a, "SENTINEL", "DEBUG", note="info-period 9000 was applied before the error")
    t.file("cmd-simulate-failure", "SENTINEL SIMULATE-FAILURE")
    for c in ["HELP", "crash-after-election", "crash-after-election crash-after-promotion", "nosuch",
              "crash-after-promotion nosuch", "crash-after-election help"]:
        t.one(a, "SENTINEL", "SIMULATE-FAILURE", *c.split())
        r = plain(a.cmd("INFO", "sentinel"))
        t.put("# INFO: " + [x for x in r.split("\r\n") if "simulate" in x][0], "")
    a.cmd("SENTINEL", "SIMULATE-FAILURE", "nosuch")
    t.file("cmd-failover", "SENTINEL FAILOVER replies")
    t.one(a, "SENTINEL", "FAILOVER", "nosuch")
    t.one(a, "SENTINEL", "FAILOVER", "nosuch", "COORDINATED", note="newer servers have it")
    for r in ("R1", "R2"):
        tell(env.port(r), "CONFIG", "SET", "replica-priority", "0")
    a.cmd("SENTINEL", "DEBUG", "info-period", "200")
    wait(lambda: all("slave-priority" in x and x[x.index("slave-priority") + 1] == "0" for x in
                     tell(p, "SENTINEL", "REPLICAS", "mymaster")), 15)
    t.one(a, "SENTINEL", "FAILOVER", "mymaster", note="no replica qualifies (both have priority 0)")
    tell(env.port("R2"), "CONFIG", "SET", "replica-priority", "10")
    wait(lambda: any(x[x.index("slave-priority") + 1] == "10" for x in tell(p, "SENTINEL", "REPLICAS", "mymaster")), 15)
    t.one(a, "SENTINEL", "FAILOVER", "mymaster")
    t.one(a, "SENTINEL", "FAILOVER", "mymaster", note="while it runs")
    t.one(a, "SENTINEL", "MASTER", "mymaster", note="flags and failover-state appear; the state shown may be a later one")
    ev.until("+switch-master", 20)
    t.one(a, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
    ev.on = False
