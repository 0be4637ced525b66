"""A port that leads to another, as that of a host that translates addresses;
and a device that makes packets late."""

import collections
import fcntl
import os
import select
import socket
import struct
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


class Forwarder:
    """Connections to PORT of the loopback address go to TARGET there."""

    def __init__(self, port, target):
        self.port = port
        self.target = target
        self.lock = threading.Lock()
        self.open = []
        self.closing = False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.closing:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), 5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, sink),
                                 daemon=True).start()

    def _copy(self, source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
        except OSError:
            pass
        # The end of one is the end of both.
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.closing = True
        for one in [self.listener, *self.open]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


class DelayLine:
    """A network device that gives back each packet after DELAY_MS: what is
    routed to it comes by the kernel's routing again, that much later. It is
    made in the network namespace that the calling thread is in."""

    def __init__(self, name, delay_ms=0):
        self.delay_ms = delay_ms
        self.passed = 0
        self.waiting = collections.deque()
        self.device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.device, TUNSETIFF, struct.pack(
            "16sH", name.encode(), IFF_TUN | IFF_NO_PI))
        self.wake_read, self.wake_write = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            wait = None
            if self.waiting:
                wait = max(0, self.waiting[0][0] - time.monotonic())
            ready, _, _ = select.select([self.device, self.wake_read], [], [],
                                        wait)
            if self.wake_read in ready:
                return
            if self.device in ready:
                self._take()
            self._give()

    def _take(self):
        # In the order of arrival, so that no packet passes another.
        while True:
            try:
                packet = os.read(self.device, 65536)
            except OSError:
                return
            due = time.monotonic() + self.delay_ms / 1000
            self.waiting.append((due, packet))

    def _give(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            packet = self.waiting.popleft()[1]
            try:
                os.write(self.device, packet)
                self.passed += 1
            except OSError:
                pass  # no route, or the device is down: it is lost

    def close(self):
        os.write(self.wake_write, b"x")
        self.thread.join(5)
        for one in (self.device, self.wake_read, self.wake_write):
            os.close(one)
