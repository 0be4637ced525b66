"""Transcript files, and the table of scenarios."""

import os
import re

from processes import wait
from resp import Conn, tell
from symbols import esc


class T:
    def __init__(self, env, opts):
        self.env, self.opts, self.files = env, opts, {}
        self.cur = None

    def file(self, name, title):
        self.cur = self.files.setdefault(name, [])
        self.cur.append("# " + title)
        self.cur.append("")

    def put(self, *lines):
        self.cur += list(lines)

    def note(self, text):
        self.cur.append("# " + text)

    def call(self, args):
        return " ".join(('"%s"' % esc(a)) if (a == "" or re.search(r"\s", a)) else esc(a)
                        for a in map(str, args))

    def one(self, conn, *args, sort=None, proto="2", note=None):
        n = conn.cmd(*args)
        if note:
            self.note(note)
        self.put("C(resp%s): %s" % (proto, self.env.norm.s(self.call(args))))
        self.put(*["S: " + l for l in self.env.norm.node(n, sort=sort)])
        self.put("")
        return n

    def both(self, c2, c3, *args, sort=None, note=None):
        a, b = c2.cmd(*args), c3.cmd(*args)
        la = self.env.norm.node(a, sort=sort)
        s3 = "pairs" if b.kind == "%" and sort == "items" and False else sort
        lb = self.env.norm.node(b, sort=s3)
        if note:
            self.note(note)
        call = self.env.norm.s(self.call(args))
        if la == lb:
            self.put("C(resp2=resp3): %s" % call, *["S: " + l for l in la])
        else:
            self.put("C(resp2): %s" % call, *["S: " + l for l in la], "C(resp3): %s" % call,
                     *["S: " + l for l in lb])
        self.put("")
        return a

    def rawx(self, port, data, secs=0.6, note=None):
        c = Conn(port)
        try:
            c.raw(data)
        except OSError:
            pass
        out, closed = c.drain(secs)
        c.close()
        if note:
            self.note(note)
        shown = data if len(data) < 300 else data[:60] + b"...(%d bytes)" % len(data)
        self.put("C(raw): " + self.env.norm.s(esc(shown)))
        for l in (out.decode("utf-8", "replace").split("\r\n")[:-1] if out else []):
            self.put("S: " + self.env.norm.s(esc(l)) + "\\r\\n")
        self.put("S: <connection closed by server>" if closed else "S: <connection stays open>", "")

    def conf(self, fn, head):
        self.put("---- %s ----" % head)
        for l in self.env.read(fn).split("\n"):
            l = self.env.norm.s(l)
            self.put("| " + l.replace("\t", "\\t") + ("$" if l.endswith(" ") else ""))
        self.put("")

    def save(self):
        os.makedirs(self.opts.out, exist_ok=True)
        for name, lines in self.files.items():
            with open(os.path.join(self.opts.out, name + ".txt"), "w") as f:
                f.write("\n".join(lines).rstrip("\n") + "\n")


def pair(port, auth=None):
    a, b = Conn(port), Conn(port)
    if auth:
        a.cmd("AUTH", *auth)
        b.cmd("AUTH", *auth)
    b.cmd("HELLO", "3")
    return a, b


SCEN = {}


def scenario(f):
    SCEN[f.__name__.replace("_", "-")] = f
    return f


def stable(env, sym="S1", slaves=2, sentinels=None, name="mymaster", secs=30):
    def ok():
        r = tell(env.port(sym), "SENTINEL", "MASTER", name)
        d = dict(zip(r[::2], r[1::2]))
        if int(d["num-slaves"]) != slaves or "disconnected" in d["flags"] or d["runid"] == "":
            return False
        if sentinels is not None and int(d["num-other-sentinels"]) != sentinels:
            return False
        for x in tell(env.port(sym), "SENTINEL", "REPLICAS", name):
            q = dict(zip(x[::2], x[1::2]))
            if "disconnected" in q["flags"] or q["runid"] == "" or q["master-link-status"] != "ok":
                return False
        if sentinels:
            for x in tell(env.port(sym), "SENTINEL", "SENTINELS", name):
                if "disconnected" in x[9]:
                    return False
        return True
    return wait(ok, secs)


def rep(env, sym, slaves, sentinels=2, syms=("S1", "S2", "S3")):
    for s in syms:
        stable(env, s, slaves, sentinels)
