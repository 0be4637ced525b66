"""A name server on a loopback address of its own, and a view of the file
system in which it is the only one. Both need root: port 53, and a mount
namespace."""

import os
import random
import socket
import struct
import subprocess
import threading

DOMAIN = "test"
TYPE_A = 1
NAME_ERROR = 3


def missing():
    """Why it cannot be used here, or None."""
    if os.geteuid() != 0:
        return "a name server of our own needs root"
    if subprocess.call(["unshare", "-m", "true"], stderr=subprocess.DEVNULL):
        return "mount namespaces are not allowed here"
    return None


class NameServer:
    """Answers for the names in `names`, each with its addresses, from a
    thread. The order of several addresses turns with each answer. `delay` is
    in seconds; while `silent` nothing is answered."""

    def __init__(self, directory):
        self.names = {}
        self.delay = 0
        self.silent = False
        self.asked = 0
        self.turn = 0
        self.lock = threading.Lock()
        self.closing = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            self.address = "127.{}.{}.{}".format(
                *(random.randint(1, 254) for _ in range(3)))
            try:
                self.socket.bind((self.address, 53))
                break
            except OSError:
                continue
        self.resolv_conf = directory / "resolv.conf"
        self.resolv_conf.write_text(f"nameserver {self.address}\n")
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def within(self):
        """The command that runs another with this server as its resolver."""
        return ["unshare", "-m", "sh", "-c",
                'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                str(self.resolv_conf)]

    def set(self, name, *addresses):
        self.names[f"{name}.{DOMAIN}"] = list(addresses)

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(1500)
            if self.closing:
                return
            if self.silent:
                continue
            self.asked += 1
            if self.delay:
                threading.Timer(self.delay, self._reply,
                                (query, client)).start()
            else:
                self._reply(query, client)

    def _reply(self, query, client):
        try:
            self.socket.sendto(self._answer(query), client)
        except OSError:
            pass  # closed meanwhile

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        addresses = self.names.get(".".join(labels))
        with self.lock:
            self.turn += 1
            turn = self.turn
        found = addresses if addresses and kind == TYPE_A else []
        records = b"".join(
            # The name is the one of the question; they live for no time.
            struct.pack("!HHHIH", 0xC00C, TYPE_A, 1, 0, 4)
            + socket.inet_aton(found[(turn + i) % len(found)])
            for i in range(len(found)))
        code = 0 if addresses else NAME_ERROR
        return (query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found),
                                        0, 0) + question + records)

    def close(self):
        self.closing = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wake:
            wake.sendto(b"", (self.address, 53))
        self.thread.join(5)
        self.socket.close()
