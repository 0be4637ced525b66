"""Scenarios: configuration errors, start and end, the file rewritten."""

import os
import shlex
import stat
import subprocess
import time

from processes import wait
from resp import Conn, tell
from symbols import esc
from transcript import scenario, stable


@scenario
def startup(env, t):
    """Config errors and start-up messages."""
    t.file("startup-errors", "Fatal configuration errors: exit code and what is printed")

    def run(conf, note=None, fn="s.conf", args=(), chmod=None):
        if conf is not None:
            p = env.write(fn, conf)
            if chmod:
                os.chmod(p, chmod)
        argv = shlex.split(env.opts.sentinel) + ([os.path.join(env.dir, fn)] if fn else []) + list(args)
        pr = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=env.dir,
                              stdin=subprocess.DEVNULL)
        env.procs.append(pr)
        # It has started when it answers, and has failed when it is gone.
        wait(lambda: pr.poll() is not None or tell(env.port("T"), "PING"), 15, 0.02)
        rc = "started" if pr.poll() is None else pr.returncode
        if rc == "started":
            pr.terminate()
        out, _ = pr.communicate(timeout=10)
        if note:
            t.note(note)
        if conf is not None:
            t.put(*["conf| " + env.norm.s(l) for l in conf.rstrip("\n").split("\n")])
        t.put("exit: %s" % rc)
        if rc != "started":
            t.put(*["out| " + env.norm.log(l) for l in out.decode(errors="replace").rstrip("\n").split("\n")])
        t.put("")

    P = "port %d\n" % env.port("T")
    M = "sentinel monitor mymaster 127.0.0.1 %d 2\n" % env.port("DEAD")
    for l in ["nosuch 1", "sentinel nosuch 1", "sentinel", "sentinel monitor", "sentinel monitor m 127.0.0.1 1",
              "sentinel monitor m 127.0.0.1 1 0", "sentinel monitor m 127.0.0.1 1 x", "sentinel monitor m nosuchhost 1 2",
              "sentinel monitor m 127.0.0.1 70000 2", "sentinel monitor m 127.0.0.1 x 2",
              M.strip() + "\n" + M.strip(),
              "sentinel down-after-milliseconds nosuch 1000", "sentinel failover-timeout nosuch 1",
              "sentinel parallel-syncs nosuch 1", "sentinel auth-pass nosuch x", "sentinel known-replica nosuch 127.0.0.1 1",
              "sentinel myid 123", "sentinel deny-scripts-reconfig maybe", "sentinel resolve-hostnames maybe",
              "sentinel announce-hostnames maybe", "sentinel quorum mymaster 2", "sentinel monitor m \"unbalanced",
              "port abc", "port 70000", "port 1 2", "loglevel nosuch", "daemonize maybe", "bind", "user x nosuchrule",
              "include /nosuch/file", "include /nosuch/*.conf", "rename-command nosuch x", "rename-command PING \"\"", "dir /nosuch/dir"]:
        run(P + l + "\n")
    for l in ["down-after-milliseconds mymaster 0", "down-after-milliseconds mymaster -1",
              "down-after-milliseconds mymaster abc", "failover-timeout mymaster 0", "parallel-syncs mymaster 0",
              "parallel-syncs mymaster -1",
              "notification-script mymaster /nosuch", "client-reconfig-script mymaster /nosuch",
              "master-reboot-down-after-period mymaster -1", "primary-reboot-down-after-period mymaster 1",
              "known-replica mymaster 127.0.0.1 5\nsentinel known-replica mymaster 127.0.0.1 5",
              "known-slave mymaster 127.0.0.1 5\nsentinel known-replica mymaster 127.0.0.1 5",
              "known-replica mymaster 127.0.0.1 70000", "known-replica mymaster nosuchhost 1",
              "known-sentinel mymaster 127.0.0.1 5 " + "a" * 40 + "\nsentinel known-sentinel mymaster 127.0.0.1 6 " + "a" * 40,
              "known-sentinel mymaster 127.0.0.1 5", "rename-command mymaster A B\nsentinel rename-command mymaster A C",
              "down-after-milliseconds mymaster", "announce-port abc", "announce-port 99999", "config-epoch mymaster x",
              "auth-pass mymaster \"with blank\""]:
        run(P + M + "sentinel " + l + "\n")
    run(P + "sentinel down-after-milliseconds mymaster 7000\n" + M, note="order inside the file does not matter")
    run(P + "SENTINEL MONITOR mymaster 127.0.0.1 %d 2\nPROTECTED-MODE no\n" % env.port("DEAD"),
        note="directive names are case insensitive")
    run(P + "sentinel resolve-hostnames yes\nsentinel monitor m nosuch.invalid 1 2\n",
        note="with resolve-hostnames an unresolvable master is accepted at start")
    run(None, note="no config file argument at all", fn="")
    run(None, note="config file missing", fn="missing.conf")
    run(P + M + "maxmemory 100mb\nappendonly yes\nsave 900 1\nreplicaof 127.0.0.1 1\n",
        note="directives of data servers are accepted")
    run(P + M, note="an extra option on the command line", args=("--loglevel", "debug"))
    t.file("startup-log", "Log of a normal start and stop (loglevel notice), id generated at first start")
    conf = "port %d\nbind 127.0.0.1\ndir %s\n" % (env.port("S1"), env.dir) + \
        "sentinel monitor mymaster 127.0.0.1 %d 2\n" % env.port("DEAD")
    pr = env.sentinel("S1", conf=conf)
    myid = tell(env.port("S1"), "SENTINEL", "MYID")
    env.ids[myid] = "<SID1>"
    env.stop(pr)
    t.put("exit: %s" % pr.returncode, *["log| " + l for l in env.loglines("S1")], "")
    os.unlink(os.path.join(env.dir, "S1.log"))
    t.note("second start, stopped with the SHUTDOWN command")
    pr = env.sentinel("S1")
    c = Conn(env.port("S1"))
    c.send("SHUTDOWN")
    out, closed = c.drain(1.5)
    t.put("C(resp2): SHUTDOWN", "S: %s%s" % (esc(out), "<connection closed by server>" if closed else "<open>"))
    try:
        pr.wait(5)
    except subprocess.TimeoutExpired:
        pass
    t.put("exit: %s" % pr.returncode, *["log| " + l for l in env.loglines("S1")], "")
    pr = env.sentinel("S1")
    c = Conn(env.port("S1"))
    for q in ["SHUTDOWN NOSUCH", "SHUTDOWN ABORT", "SHUTDOWN SAVE NOSAVE"]:
        t.one(c, *q.split())
    c.send("SHUTDOWN", "NOSAVE", "NOW", "FORCE")
    out, closed = c.drain(1.5)
    t.put("C(resp2): SHUTDOWN NOSAVE NOW FORCE", "S: %s%s" % (esc(out), "<connection closed by server>" if closed else "<open>"))
    pr.wait(5)
    t.put("exit: %s" % pr.returncode, "")


@scenario
def conffile(env, t):
    """sentinel.conf before and after the rewriting, with comments and odd spacing."""
    env.group()
    t.file("conf-rewrite", "sentinel.conf rewriting: comments, spacing, unknown and old lines")
    conf = """# top comment, kept

   # indented comment
\tport\t%d   \t
   bind 127.0.0.1


LOGLEVEL   "notice"
# about the master
Sentinel   Monitor   mymaster  127.0.0.1   %d    2
# timing below
sentinel DOWN-AFTER-MILLISECONDS mymaster   5000
sentinel parallel-syncs mymaster 1
sentinel failover-timeout mymaster 180000
# second master, never reachable
sentinel monitor other 127.0.0.1 %d 3
sentinel down-after-milliseconds other 60000
sentinel auth-pass other "pa ss"
sentinel known-replica other 127.0.0.1 7777
sentinel deny-scripts-reconfig yes
sentinel leader-epoch nothere 1
#### last comment
""" % (env.port("S1"), env.port("M"), env.port("DEAD"))
    conf = conf.replace("sentinel leader-epoch nothere 1\n", "")
    conf = conf.replace("sentinel auth-pass other \"pa ss\"\n", "sentinel auth-pass other pass\n")
    conf += "dir %s\n" % env.dir
    env.write("S1.conf", conf)
    t.conf("S1.conf", "before the first start")
    pr = env.sentinel("S1")
    env.ids[tell(env.port("S1"), "SENTINEL", "MYID")] = "<SID1>"
    t.conf("S1.conf", "right after the first start (id generated, so the file is rewritten)")
    stable(env, "S1", 2)
    wait(lambda: env.read("S1.conf").count("known-replica mymaster") == 2, 15)
    time.sleep(0.5)
    t.conf("S1.conf", "after the replicas were found")
    env.stop(pr)
    pr = env.sentinel("S1")
    t.conf("S1.conf", "after a restart (id present: no rewrite at start)")
    env.stop(pr)
    t.note("adding by hand: a broken line cannot be loaded, but one that appears while running is kept as a comment")
    pr = env.sentinel("S1")
    with open(os.path.join(env.dir, "S1.conf"), "a") as f:
        f.write("no-such-directive a b\nsentinel no-such-option x\nbad \"quotes\n# added while running\n")
    tell(env.port("S1"), "SENTINEL", "FLUSHCONFIG")
    t.conf("S1.conf", "after lines were appended by hand while running, then FLUSHCONFIG")
    tell(env.port("S1"), "SENTINEL", "REMOVE", "other")
    t.conf("S1.conf", "after SENTINEL REMOVE other")
    mode = stat.S_IMODE(os.stat(os.path.join(env.dir, "S1.conf")).st_mode)
    t.put("file mode after a rewrite: %o" % mode, "")
    t.file("conf-known-slave", "The old directive known-slave")
    conf = "port %d\nbind 127.0.0.1\ndir %s\nsentinel myid %s\n" % (env.port("S2"), env.dir, env.sid("S2"))
    conf += "sentinel monitor mymaster 127.0.0.1 %d 2\nsentinel known-slave mymaster 127.0.0.1 7777\n" % env.port("DEAD")
    env.write("S2.conf", conf)
    t.conf("S2.conf", "before")
    pr = env.sentinel("S2")
    tell(env.port("S2"), "SENTINEL", "FLUSHCONFIG")
    t.conf("S2.conf", "after FLUSHCONFIG: both directives are there (fixed in 7.2, which replaces the old line)")
    env.stop(pr)
    os.unlink(os.path.join(env.dir, "S2.log"))
    p2 = env.spawn(shlex.split(env.opts.sentinel) + [os.path.join(env.dir, "S2.conf")], "S2.log")
    try:
        p2.wait(2)
    except subprocess.TimeoutExpired:
        pass
    t.put("exit at the next start: %s" % p2.returncode, *["out| " + l for l in env.loglines("S2")], "")
