"""RESP on a plain socket: values, replies, one connection."""

import socket
import time



class Node:
    """One RESP value: kind is the type byte; val is bytes or a child list."""

    def __init__(self, kind, val, raw_head=b""):
        self.kind, self.val, self.raw_head = kind, val, raw_head

    def text(self):
        return None if self.val is None else (
            self.val.decode("utf-8", "replace") if isinstance(self.val, bytes) else None)


class Conn:
    def __init__(self, port, host="127.0.0.1", timeout=10):
        self.s = socket.create_connection((host, port), timeout=timeout)
        self.buf = b""

    def fill(self):
        d = self.s.recv(65536)
        if not d:
            raise EOFError("connection closed")
        self.buf += d

    def line(self):
        while b"\r\n" not in self.buf:
            self.fill()
        l, self.buf = self.buf.split(b"\r\n", 1)
        return l

    def take(self, n):
        while len(self.buf) < n:
            self.fill()
        r, self.buf = self.buf[:n], self.buf[n:]
        return r

    def reply(self):
        l = self.line()
        k, rest = chr(l[0]) if l else "", l[1:]
        if k in "+-:_,#(":
            return Node(k, rest, l)
        if k in "$=!":
            n = int(rest)
            if n < 0:
                return Node(k, None, l)
            v = self.take(n)
            self.take(2)
            return Node(k, v, l)
        if k in "*~>%":
            n = int(rest)
            if n < 0:
                return Node(k, None, l)
            return Node(k, [self.reply() for _ in range(n * (2 if k == "%" else 1))], l)
        return Node("?", l, l)

    @staticmethod
    def enc(args):
        out = b"*%d\r\n" % len(args)
        for a in args:
            a = a if isinstance(a, bytes) else str(a).encode()
            out += b"$%d\r\n%s\r\n" % (len(a), a)
        return out

    def send(self, *args):
        self.s.sendall(self.enc(args))

    def cmd(self, *args):
        self.send(*args)
        return self.reply()

    def raw(self, data):
        self.s.sendall(data)

    def drain(self, secs=0.6):
        """Everything the peer sends within secs; returns (bytes, closed)."""
        self.s.settimeout(0.1)
        out, end, closed = self.buf, time.time() + secs, False
        self.buf = b""
        while time.time() < end:
            try:
                d = self.s.recv(65536)
            except socket.timeout:
                continue
            except OSError:
                closed = True
                break
            if not d:
                closed = True
                break
            out += d
        self.s.settimeout(10)
        return out, closed

    def close(self):
        try:
            self.s.close()
        except OSError:
            pass


def tell(port, *args, auth=None, tries=1):
    """One command on a fresh connection; plain Python value back."""
    for i in range(tries):
        try:
            c = Conn(port, timeout=5)
            try:
                if auth:
                    c.cmd("AUTH", *auth)
                return plain(c.cmd(*args))
            finally:
                c.close()
        except (OSError, EOFError):
            if i == tries - 1:
                raise
            time.sleep(0.1)


def plain(n):
    if n.val is None:
        return None
    if isinstance(n.val, list):
        return [plain(x) for x in n.val]
    return n.val.decode("utf-8", "replace")
