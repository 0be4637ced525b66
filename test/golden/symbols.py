"""Brings what differs between two runs (ports, ids, paths, times) into symbols."""

import re


VOLATILE = {
    "link-pending-commands", "last-ping-sent", "last-ok-ping-reply", "last-ping-reply",
    "s-down-time", "o-down-time", "info-refresh", "role-reported-time",
    "last-hello-message", "slave-repl-offset", "master-link-down-time",
    "pid", "run-time", "run-delay", "id", "age-seconds", "entry-id",
    "timestamp-created", "timestamp-last-updated", "client-info",
}
INFO_KEEP = {"redis_version", "redis_mode", "valkey_version", "server_name", "arch_bits",
             "sentinel_masters", "sentinel_tilt", "sentinel_tilt_since_seconds",
             "sentinel_running_scripts", "sentinel_scripts_queue_length",
             "sentinel_simulate_failure_flags", "maxclients", "configured_hz",
             "process_supervised", "tcp_port", "role", "connected_slaves",
             "master_host", "master_port", "slave_priority", "replica_announced"}


def esc(b):
    s = b if isinstance(b, str) else b.decode("utf-8", "replace")
    return s.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")


class Norm:
    def __init__(self, env):
        self.env = env

    def s(self, text):
        """Symbols for ports, ids, paths in free text."""
        e = self.env
        for path, sym in e.paths:
            text = text.replace(path, sym)
        text = re.sub(r"\b[0-9a-f]{40}\b", lambda m: e.ids.get(m.group(0), "<ID40>"), text)
        text = re.sub(r"(?<![0-9])(\d{5})(?![0-9])",
                      lambda m: e.portsym.get(int(m.group(1)), m.group(0)), text)
        return text

    def info(self, text):
        out = []
        masters = []
        for l in text.split("\r\n"):
            m = re.match(r"^([a-z_0-9]+):(.*)$", l)
            if m and re.match(r"^master\d+$", m.group(1)) and "name=" in l:
                masters.append(self.s(m.group(2)))
                out.append(None)
            elif m and m.group(1) not in INFO_KEEP and not re.match(r"^slave\d+$", m.group(1)):
                out.append(m.group(1) + ":<v>")
            elif m and re.match(r"^slave\d+$", m.group(1)):
                out.append(re.sub(r"offset=\d+,lag=\d+", "offset=<v>,lag=<v>", self.s(l)))
            else:
                out.append(self.s(l))
        masters.sort()
        i = 0
        for j, l in enumerate(out):
            if l is None:
                out[j] = "master%d:%s" % (i, masters[i])
                i += 1
        return out

    def node(self, n, depth=0, kv=False, key=None, sort=None):
        """Render a reply: one output line for each RESP element."""
        pad = "  " * depth
        if n.val is None:
            return [pad + esc(n.raw_head) + "\\r\\n"]
        if isinstance(n.val, list):
            kids = list(n.val)
            lines = [pad + esc(n.raw_head) + "\\r\\n"]
            if sort == "items":
                kids.sort(key=self.sortkey)
            if sort == "pairs":
                ps = [kids[i:i + 2] for i in range(0, len(kids), 2)]
                ps.sort(key=lambda p: self.sortkey(p[0]))
                kids = [x for p in ps for x in p]
            sub_kv = n.kind == "%" or (len(kids) and len(kids) % 2 == 0 and
                                       all(k.kind == "$" for k in kids[::2]))
            prev = None
            for i, k in enumerate(kids):
                kk = prev if (sub_kv and i % 2 == 1) else None
                lines += self.node(k, depth + 1, key=kk,
                                   sort=("pairs" if sort == "deep-pairs" else
                                         "items" if sort in ("sub-items",) else None))
                prev = k.text() if sub_kv and i % 2 == 0 else prev
            return lines
        if n.kind in "$=!":
            t = n.text()
            if key in VOLATILE or (key or "").endswith("-time") and t.isdigit():
                return [pad + n.kind + "?\\r\\n<num>\\r\\n"]
            if t.startswith("# Server\r\n") or "\r\n# " in t or t.startswith("# ") and "\r\n" in t:
                lines = [pad + n.kind + "?\\r\\n<multi-line text>"]
                lines += [pad + "  | " + x for x in self.info(t)]
                return lines + [pad + "\\r\\n"]
            return [pad + esc(n.raw_head) + "\\r\\n" + esc(self.s(t)) + "\\r\\n"]
        if n.kind == ":" and key in VOLATILE:
            return [pad + ":<num>\\r\\n"]
        return [pad + n.kind + esc(self.s(n.val.decode("utf-8", "replace"))) + "\\r\\n"]

    def sortkey(self, n):
        if isinstance(n.val, list):
            return "\0".join(self.sortkey(k) for k in n.val[:2])
        return self.s(n.text() or "")

    def log(self, line):
        m = re.match(r"^\d+:([A-Z]) \d+ \w+ \d+ [\d:.]+ ([.\-*#]) (.*)$", line)
        if m:
            line = "<pid>:%s <time> %s %s" % (m.group(1), m.group(2), m.group(3))
        line = re.sub(r"^\d+:signal-handler \(\d+\)", "<pid>:signal-handler (<unixtime>)", line)
        line = re.sub(r"pid=\d+", "pid=<pid>", line)
        line = re.sub(r"before \w{3} \w{3} .\d \d\d:\d\d:\d\d \d{4}", "before <ctime>", line)
        line = re.sub(r"(\+script-child) \d+", r"\1 <pid>", line)
        line = re.sub(r"(-script-child) \d+", r"\1 <pid>", line)
        line = re.sub(r"(-script-timeout \S+) \d+", r"\1 <pid>", line)
        return self.s(line)
