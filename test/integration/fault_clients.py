"""Crowds of clients: idle ones, and rude ones that do what no client should."""

import contextlib
import errno
import resource
import socket
import struct
import threading
import time

import pytest

# What one more process needs beside its clients.
SPARE_DESCRIPTORS = 300


def allow_descriptors(count):
    """Raises the limit of this process, or skips the test."""
    wanted = count + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        pytest.skip(f"no {wanted} descriptors here")


def connect(port, receive_buffer=None):
    """A connection to PORT that never blocks, not made yet."""
    link = socket.socket()
    link.setblocking(False)
    if receive_buffer:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    code = link.connect_ex(("127.0.0.1", port))
    assert code in (0, errno.EINPROGRESS), errno.errorcode[code]
    return link


@contextlib.contextmanager
def idle_clients(port, count, until_accepted):
    """COUNT connections that say nothing. UNTIL_ACCEPTED(number) waits for the
    server to have let so many in, lest the queue of the kernel overflows."""
    allow_descriptors(count)
    links = []
    try:
        while len(links) < count:
            for _ in range(min(250, count - len(links))):
                links.append(connect(port))
            until_accepted(len(links))
        yield links
    finally:
        for link in links:
            link.close()


def words(*texts):
    """A request as RESP has it."""
    request = b"*%d\r\n" % len(texts)
    for text in texts:
        request += b"$%d\r\n%s\r\n" % (len(text), text)
    return request


MASTERS = words(b"SENTINEL", b"MASTERS")
TLS_HELLO = (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256))
             + b"\x00" * 245)
HTTP = b"POST / HTTP/1.1\r\nHost: sentinel\r\nContent-Length: 3\r\n\r\nabc"


class Rude:
    """One rude client; comes back whenever it is hung up on. Act() is called
    ten times a second."""

    receive_buffer = None

    def __init__(self, port):
        self.port = port
        self.link = None
        self.visits = 0
        self.acts = 0

    def act(self):
        if self.link is None:
            self.link = connect(self.port, self.receive_buffer)
            self.visits += 1
            self.acts = 0
            return
        try:
            self.acts += 1
            self.speak()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.leave()

    def speak(self):
        raise NotImplementedError

    def say_once(self, data):
        """Says DATA and then listens, to see when it is hung up on."""
        if self.acts == 1:
            self.link.send(data)
        elif not self.link.recv(65536):
            self.leave()

    def leave(self):
        if self.link is not None:
            self.link.close()
            self.link = None


class HalfRequest(Rude):
    def speak(self):
        self.say_once(MASTERS[:-7])


class GiantLength(Rude):
    def speak(self):
        self.say_once(b"*2\r\n$4\r\nPING\r\n$500000000\r\n" + b"x" * 1000)


class ManyElements(Rude):
    def speak(self):
        self.say_once(b"*1000000\r\n$4\r\nPING\r\n")


class DeafSubscriber(Rude):
    """Subscribes to all, publishes to itself, and never reads."""

    receive_buffer = 4096

    def speak(self):
        if self.acts == 1:
            self.link.send(words(b"PSUBSCRIBE", b"*"))


class DeafRequester(Rude):
    """Asks for more and more, and reads nothing of it."""

    receive_buffer = 4096
    at_once = 20

    def speak(self):
        self.link.send(MASTERS * self.at_once)


class GreedyRequester(DeafRequester):
    """The same in quantities that no kernel keeps for it."""

    at_once = 2000


class GreedyReader(Rude):
    """Asks as much as it can, and reads all of it."""

    at_once = 20000

    def __init__(self, port):
        super().__init__(port)
        self.said = 0  # of the request that was cut when there was no room

    def speak(self):
        if self.acts == 1:
            self.said = 0
        try:
            sent = self.link.send((MASTERS * self.at_once)[self.said:])
            self.said = (self.said + sent) % len(MASTERS)
        except BlockingIOError:
            pass  # there is no room before it has read
        for _ in range(50):
            self.link.recv(1 << 20)


class ByteByByte(Rude):
    def speak(self):
        position = (self.acts - 1) % len(MASTERS)
        self.link.send(MASTERS[position:position + 1])
        if position == 0 and self.acts > 1:
            self.link.recv(65536)


class MidReply(Rude):
    """Goes, with a reset, in the midst of the reply."""

    def speak(self):
        if self.acts == 1:
            self.link.send(MASTERS * 50)
        else:
            self.link.recv(10)
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
            self.leave()


class Tls(Rude):
    def speak(self):
        self.say_once(TLS_HELLO)


class Browser(Rude):
    def speak(self):
        self.say_once(HTTP)


class Rubbish(Rude):
    def speak(self):
        self.say_once(bytes(range(256)) * 40)


KINDS = (HalfRequest, GiantLength, ManyElements, DeafSubscriber, DeafRequester,
         ByteByByte, MidReply, Tls, Browser, Rubbish)


class RudeCrowd(threading.Thread):
    """COUNT rude clients, of all kinds in equal parts, as long as the `with`
    block lasts."""

    def __init__(self, port, count, kinds=KINDS):
        super().__init__(daemon=True)
        allow_descriptors(count)
        self.clients = [kinds[index % len(kinds)](port)
                        for index in range(count)]
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set():
                began = time.monotonic()
                for client in self.clients:
                    client.act()
                self.stopping.wait(max(0.0, began + 0.1 - time.monotonic()))
        except BaseException as failure:  # told by the test, not lost
            self.failure = failure

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join(20)
        for client in self.clients:
            client.leave()
        assert self.failure is None, self.failure

    def visits(self):
        """How often each kind has come, by name."""
        sums = {}
        for client in self.clients:
            kind = type(client).__name__
            sums[kind] = sums.get(kind, 0) + client.visits
        return sums
