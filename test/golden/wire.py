"""Scenario: what goes over the links, recorded by forwarding proxies."""

import os
import re
import shlex
import signal
import socket
import threading
import time

from processes import Events, wait
from resp import tell
from transcript import scenario


class Tap:
    """A forwarding proxy that records what each client sends and receives."""

    def __init__(self, port, target, label):
        self.label, self.target, self.conns, self.on = label, target, [], True
        self.ls = socket.socket()
        self.ls.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.ls.bind(("127.0.0.1", port))
        self.ls.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.on:
            try:
                c, _ = self.ls.accept()
            except OSError:
                return
            try:
                s = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                c.close()
                continue
            s.settimeout(None)
            rec = {"c": b"", "s": b"", "order": []}
            self.conns.append(rec)
            threading.Thread(target=self.pump, args=(c, s, rec, "c"), daemon=True).start()
            threading.Thread(target=self.pump, args=(s, c, rec, "s"), daemon=True).start()

    def pump(self, a, b, rec, who):
        try:
            while True:
                d = a.recv(65536)
                if not d:
                    break
                rec[who] += d
                rec["order"].append((who, d))
                b.sendall(d)
        except OSError:
            pass
        for x in (a, b):
            try:
                x.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.on = False
        try:
            self.ls.close()
        except OSError:
            pass


def requests(buf):
    """Split a client byte stream into commands."""
    out = []
    while buf.startswith(b"*"):
        try:
            l, rest = buf.split(b"\r\n", 1)
            args = []
            for _ in range(int(l[1:])):
                h, rest = rest.split(b"\r\n", 1)
                n = int(h[1:])
                if len(rest) < n + 2:
                    return out
                args.append(rest[:n].decode("utf-8", "replace"))
                rest = rest[n + 2:]
        except ValueError:
            return out
        out.append(args)
        buf = rest
    return out


@scenario
def wire(env, t):
    """Commands that sentinels send to masters, replicas and each other."""
    pairs = {}
    for s in ("M", "R1", "R2", "S1", "S2", "S3"):
        pairs[s] = env.port(s)
    tp = {s: env.opts.base_port + 100 + i for i, s in enumerate(pairs)}
    for s in pairs:                         # the tap has the public symbol
        env.portsym[tp[s]] = "<%s>" % s
        env.portsym[pairs[s]] = "<%s-real>" % s
        tap = Tap(tp[s], pairs[s], s)
        env.taps.append(tap)
    real = dict(pairs)

    def server(sym, rof=None):
        conf = "port %d\nbind 127.0.0.1\nsave \"\"\ndir %s\nloglevel warning\nrepl-diskless-sync yes\n" \
               "repl-diskless-sync-delay 0\nreplica-announce-ip 127.0.0.1\nreplica-announce-port %d\n" \
               "requirepass datapw\nmasterauth datapw\n" % (real[sym], env.dir, tp[sym])
        if rof:
            conf += "replicaof 127.0.0.1 %d\n" % tp[rof]
        env.write(sym + ".conf", conf)
        p = env.spawn(shlex.split(env.opts.server) + [os.path.join(env.dir, sym + ".conf")], sym + ".log")
        wait(lambda: tell(real[sym], "PING"), 10)
        i = tell(real[sym], "INFO", "server", auth=("datapw",))
        m = re.search(r"run_id:([0-9a-f]{40})", i)
        env.ids[m.group(1)] = "<RUNID-%s>" % sym
        return p

    pm = server("M")
    server("R1", "M")
    server("R2", "M")
    wait(lambda: "connected_slaves:2" in tell(real["M"], "INFO", "replication", auth=("datapw",)), 15)
    ev = Events(env)
    for s in ("S1", "S2", "S3"):
        conf = "port %d\nbind 127.0.0.1\ndir %s\nrequirepass sentpw\nsentinel myid %s\nsentinel announce-ip 127.0.0.1\n" \
               "sentinel announce-port %d\nsentinel monitor mymaster 127.0.0.1 %d 2\n" \
               "sentinel auth-pass mymaster datapw\nsentinel auth-user mymaster default\n" \
               "sentinel down-after-milliseconds mymaster 1500\nsentinel failover-timeout mymaster 6000\n" \
               "sentinel sentinel-pass sentpw\n" % (real[s], env.dir, env.sid(s), tp[s], tp["M"])
        env.write(s + ".conf", conf)
        env.spawn(shlex.split(env.opts.sentinel) + [os.path.join(env.dir, s + ".conf")], s + ".log")
        wait(lambda: tell(real[s], "PING"), 10)

    def q(s, *a):
        return tell(real[s], *a, auth=("sentpw",))
    wait(lambda: all(len(q(s, "SENTINEL", "SENTINELS", "mymaster")) == 2 and
                     len(q(s, "SENTINEL", "REPLICAS", "mymaster")) == 2 for s in ("S1", "S2", "S3")), 30)
    time.sleep(5)
    env.stop(pm, signal.SIGKILL)
    wait(lambda: all(q(s, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")[1] != str(tp["M"])
                     for s in ("S1", "S2", "S3")), 60)
    time.sleep(5)
    lead = None
    for s in ("S1", "S2", "S3"):
        if "+elected-leader" in env.read(s + ".log"):
            lead = s
    newp = int(q(lead, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")[1])
    promoted = env.portsym[newp].strip("<>")
    other = "R2" if promoted == "R1" else "R1"
    rest = [s for s in ("S1", "S2", "S3") if s != lead]
    ren = {lead: "LEADER", rest[0]: "FOLLOWER1", rest[1]: "FOLLOWER2", promoted: "PROMOTED", other: "OTHER"}
    for p, s in list(env.portsym.items()):
        base = s.strip("<>").replace("-real", "")
        if base in ren:
            env.portsym[p] = s.replace(base, ren[base])
    for k, v in list(env.ids.items()):
        for o, nn in ren.items():
            if v in ("<RUNID-%s>" % o, "<SID%s>" % o[1:]):
                env.ids[k] = "<RUNID-%s>" % nn if "RUNID" in v else "<ID-%s>" % nn
                break
    t.file("wire", "Commands the sentinels send, one block per connection (identical blocks once, repeated commands once); "
           "data servers have requirepass, the sentinels auth-user + auth-pass and sentinel-pass")
    order = ["M", "PROMOTED", "OTHER", "LEADER", "FOLLOWER1", "FOLLOWER2"]
    for tap in sorted(env.taps, key=lambda x: order.index(ren.get(x.label, x.label))):
        who = ren.get(tap.label, tap.label)
        blocks = []
        for rec in tap.conns:
            reqs = requests(rec["c"])
            if not reqs:
                continue
            nm = [r[2] for r in reqs if r[0] == "CLIENT" and len(r) > 2 and r[1] == "SETNAME"]
            if not nm or not nm[0].startswith("sentinel-"):
                continue
            d = nm[0].split("-")[1][0]
            frm = ren.get("S" + d, "S" + d)
            lines = []
            for r in reqs:
                s = " ".join(x if x else '""' for x in r)
                s = env.norm.s(s)
                s = re.sub(r"sentinel-(\d)aaaaaaa-", "sentinel-<ID8>-", s)
                if r[0] == "PUBLISH":
                    s = "PUBLISH %s %s" % (r[1], env.norm.s(r[2]))
                lines.append(s)
            fold, seen = [], {}
            for s in lines:
                if s in ("PING", "INFO") or s.startswith("PUBLISH"):
                    seen[s] = seen.get(s, 0) + 1
                    if seen[s] > 1:
                        continue
                    fold.append(s)
                elif s.startswith("SENTINEL is-master-down") and fold and fold[-1].startswith(s):
                    continue
                else:
                    fold.append(s)
            blocks.append((frm, nm[0].split("-")[2], fold))
        shown = set()
        for frm, kind, fold in sorted(blocks, key=lambda x: (x[0] != "LEADER", x[0], x[1], -len(x[2]))):
            if (frm, kind, tuple(fold)) in shown:
                continue
            shown.add((frm, kind, tuple(fold)))
            t.put("==== %s -> %s, %s link ====" % (frm, who, kind), *["C: " + x for x in fold], "")
    # one full conversation, bytes as sent and received
    t.file("wire-bytes", "First bytes on a command link and a pub/sub link (LEADER -> PROMOTED), both directions")
    tap = [x for x in env.taps if x.label == promoted][0]
    done = set()
    for rec in tap.conns:
        reqs = requests(rec["c"])
        nm = [r[2] for r in reqs if r[0] == "CLIENT" and len(r) > 2 and r[1] == "SETNAME"]
        if not nm or nm[0].split("-")[1][0] != lead[1]:
            continue
        kind = nm[0].split("-")[2]
        if kind in done:
            continue
        done.add(kind)
        t.put("==== %s link ====" % kind)
        for who, d in rec["order"]:
            txt = env.norm.s(d.decode("utf-8", "replace"))
            txt = re.sub(r"sentinel-(\d)aaaaaaa-", "sentinel-<ID8>-", txt)
            if len(txt) > 700:
                txt = txt[:120] + "...<cut>"
            for l in txt.replace("\r\n", "\\r\\n\n").split("\n"):
                if l:
                    t.put(("C: " if who == "c" else "S: ") + l)
            if who == "s" and ("message\\r\\n" in txt.replace("\r\n", "\\r\\n") or re.match(r":\d+\r\n", txt)):
                break
        t.put("")
