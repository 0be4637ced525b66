"""Notices reach subscribers, in RESP2 and in RESP3."""

import socket

import pytest

from cluster import MASTER_NAME


@pytest.fixture
def lone(make_cluster):
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=0)
    return cluster.add_sentinel(master), master


def bulk(text):
    return f"${len(text)}\r\n{text}\r\n".encode()


def request(*words):
    return b"*%d\r\n" % len(words) + b"".join(map(bulk, words))


def expect(link, data):
    """Exactly DATA comes next."""
    got = b""
    while len(got) < len(data):
        more = link.recv(len(data) - len(got))
        assert more, f"closed after {got!r}"
        got += more
        assert data.startswith(got), f"{got!r} is not {data!r}"


@pytest.mark.parametrize("protocol", [2, 3])
def test_subscribe_and_psubscribe(lone, protocol):
    sentinel, master = lone
    kind = b"*" if protocol == 2 else b">"
    text = (f"master {MASTER_NAME} 127.0.0.1 {master.port} "
            "parallel-syncs 3")
    with socket.create_connection(("127.0.0.1", sentinel.port), 10) as link:
        if protocol == 3:
            link.sendall(request("HELLO", "3"))
            reply = link.recv(4096)
            assert reply.startswith(b"%") and b"$5\r\nproto\r\n:3\r\n" in reply
            assert b"$8\r\nsentinel\r\n" in reply
        link.sendall(request("SUBSCRIBE", "+set", "+other"))
        expect(link, kind + b"3\r\n" + bulk("subscribe") + bulk("+set") +
               b":1\r\n")
        expect(link, kind + b"3\r\n" + bulk("subscribe") + bulk("+other") +
               b":2\r\n")
        link.sendall(request("PSUBSCRIBE", "[-+]s?t"))
        expect(link, kind + b"3\r\n" + bulk("psubscribe") + bulk("[-+]s?t") +
               b":3\r\n")
        sentinel.sentinel("SET", MASTER_NAME, "parallel-syncs", "3")
        expect(link, kind + b"3\r\n" + bulk("message") + bulk("+set") +
               bulk(text))
        expect(link, kind + b"4\r\n" + bulk("pmessage") + bulk("[-+]s?t") +
               bulk("+set") + bulk(text))
        link.sendall(request("UNSUBSCRIBE", "+set"))
        expect(link, kind + b"3\r\n" + bulk("unsubscribe") + bulk("+set") +
               b":2\r\n")
        if protocol == 2:
            link.sendall(request("PING"))
            expect(link, b"*2\r\n" + bulk("pong") + bulk(""))
            link.sendall(request("SENTINEL", "MYID"))
            expect(link, b"-ERR Can't execute 'sentinel|myid': ")
        else:
            # In RESP3 every command may be given beside subscriptions.
            link.sendall(request("PING"))
            expect(link, b"+PONG\r\n")
            link.sendall(request("SENTINEL", "MYID"))
            expect(link, bulk(sentinel.myid()))


def test_a_subscriber_that_leaves_is_forgotten(lone):
    sentinel, _ = lone
    with socket.create_connection(("127.0.0.1", sentinel.port), 10) as link:
        link.sendall(request("PSUBSCRIBE", "*"))
        link.recv(4096)
    sentinel.sentinel("SET", MASTER_NAME, "parallel-syncs", "4")
    assert sentinel.master()["parallel-syncs"] == "4"


def test_auth_pass_is_not_shown(lone):
    sentinel, master = lone
    with socket.create_connection(("127.0.0.1", sentinel.port), 10) as link:
        link.sendall(request("SUBSCRIBE", "+set"))
        expect(link, b"*3\r\n" + bulk("subscribe") + bulk("+set") + b":1\r\n")
        sentinel.sentinel("SET", MASTER_NAME, "auth-pass", "do-not-tell")
        expect(link, b"*3\r\n" + bulk("message") + bulk("+set") + bulk(
            f"master {MASTER_NAME} 127.0.0.1 {master.port} auth-pass ******"))
    assert "do-not-tell" not in sentinel.log()
