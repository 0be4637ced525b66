"""Clients that take all they can of a sentinel: idle ones, ones that ask and
never read, ones that send rubbish, ones that vanish."""

import contextlib
import random
import socket
import struct

QUESTIONS = b"SENTINEL MASTERS\r\nINFO\r\nPING\r\n" * 40
RUBBISH = (b"*3\r\n$-5\r\n", b"*2000000\r\n$4\r\nPING\r\n", b"\0\xff\r\n",
           b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", b"$1\r\nx\r\n" * 50,
           b"*1\r\n$9\r\nSUBSCRIBE", b"SUBSCRIBE " + b"c " * 200 + b"\r\n")


class Storm:
    """So many clients of SENTINEL, until end()."""

    def __init__(self, cluster, sentinel, dice: random.Random,
                 count: int) -> None:
        self.dice = dice
        self.sockets: list[socket.socket] = []
        place = cluster.client_place
        with place.entered() if place else contextlib.nullcontext():
            for _ in range(count):
                with contextlib.suppress(OSError):
                    self._one(sentinel.host, sentinel.port)

    def _one(self, host: str, port: int) -> None:
        client = socket.create_connection((host, port), timeout=0.2)
        self.sockets.append(client)
        kind = self.dice.randrange(4)
        if kind == 1:
            client.sendall(QUESTIONS)
        elif kind == 2:
            client.sendall(self.dice.choice(RUBBISH))
        elif kind == 3:
            client.sendall(QUESTIONS[:self.dice.randrange(len(QUESTIONS))])
            self._reset(client)

    @staticmethod
    def _reset(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        client.close()

    def end(self) -> None:
        for client in self.sockets:
            if client.fileno() >= 0 and self.dice.random() < 0.5:
                self._reset(client)
            client.close()
