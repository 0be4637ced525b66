"""Clients as people use them: redis-cli and redis-py."""

import subprocess

import pytest
import redis
from redis.sentinel import MasterNotFoundError, Sentinel

from cluster import MASTER_NAME, PASSWORD, wait_for


def cli(sentinel, *arguments, stdin=None):
    done = subprocess.run(
        ["redis-cli", "-p", str(sentinel.port), *arguments], input=stdin,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=20, check=False)
    return done.stdout


def test_redis_cli(trio):
    sentinel = trio.sentinels[0]
    port = str(trio.servers[0].port)
    assert cli(sentinel, "ping") == "PONG\n"
    assert cli(sentinel, "sentinel", "get-master-addr-by-name",
               MASTER_NAME) == f"127.0.0.1\n{port}\n"
    assert "redis_mode:sentinel" in cli(sentinel, "info", "server")
    master0 = (f"master0:name={MASTER_NAME},status=ok,"
               f"address=127.0.0.1:{port},slaves=2,sentinels=3")
    assert master0 in cli(sentinel, "info", "sentinel")
    assert cli(sentinel, "role").split() == ["sentinel", MASTER_NAME]
    assert "num-other-sentinels\n2\n" in cli(sentinel, "sentinel", "masters")
    assert "ERR No such master with that name" in cli(
        sentinel, "sentinel", "master", "nosuch")
    # RESP3, and commands from standard input.
    assert f'"{port}"' in cli(sentinel, "-3", "--json", "sentinel",
                              "get-master-addr-by-name", MASTER_NAME)
    assert cli(sentinel, stdin="PING\nSENTINEL MYID\n") == (
        f"PONG\n{sentinel.myid()}\n")


def client_of(trio, **options):
    return Sentinel([("127.0.0.1", one.port) for one in trio.sentinels],
                    socket_timeout=2, password=PASSWORD,
                    decode_responses=True, **options)


def test_redis_py_discovers(trio):
    client = client_of(trio, sentinel_kwargs={"socket_timeout": 2})
    master, *replicas = trio.servers
    assert client.discover_master(MASTER_NAME) == ("127.0.0.1", master.port)
    assert set(client.discover_slaves(MASTER_NAME)) == {
        ("127.0.0.1", one.port) for one in replicas}
    with pytest.raises(MasterNotFoundError):
        client.discover_master("nosuch")
    assert client.master_for(MASTER_NAME).set("key", "value")
    wait_for(lambda: client.slave_for(MASTER_NAME).get("key") == "value", 10)


def test_redis_py_admin_commands(trio):
    with trio.sentinels[0].client() as client:
        state = client.sentinel_master(MASTER_NAME)
        assert state["is_master"] and not state["is_sdown"]
        assert state["num-other-sentinels"] == 2
        assert len(client.sentinel_sentinels(MASTER_NAME)) == 2
        assert len(client.sentinel_slaves(MASTER_NAME)) == 2
        assert client.sentinel_flushconfig()
        assert client.sentinel_set(MASTER_NAME, "parallel-syncs", 2)
        assert client.sentinel_monitor(
            "second", "127.0.0.1", trio.servers[0].port, 2)
        assert set(client.sentinel_masters()) == {MASTER_NAME, "second"}
        assert client.sentinel_remove("second")
        assert client.sentinel_get_master_addr_by_name("second") is None


def test_redis_py_follows_a_failover(trio):
    client = client_of(trio, sentinel_kwargs={"socket_timeout": 2})
    handle = client.master_for(MASTER_NAME)
    assert handle.set("before", 1)
    old = trio.servers[0]
    with old.client() as direct:
        assert direct.wait(2, 5000) == 2
    old.kill()

    def written():
        return handle.set("after", 2)

    wait_for(written, 40, "writes are accepted again")
    new = trio.wait_new_master(old)
    assert handle.get("before") == "1"
    with new.client() as direct:
        assert direct.get("after") == "2"


def test_a_killed_client_is_gone(trio):
    sentinel = trio.sentinels[0]
    with sentinel.client() as victim, sentinel.client() as killer:
        number = victim.client_id()
        assert killer.client_kill_filter(_id=str(number)) == 1
        assert str(number) not in {
            one["id"] for one in killer.client_list()}
    with pytest.raises(redis.exceptions.ResponseError):
        with sentinel.client() as client:
            client.execute_command("NOSUCHCOMMAND")
