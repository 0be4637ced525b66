"""What commands set survives a restart, and commands can be renamed."""

import pytest
import redis

from cluster import MASTER_NAME, wait_for


@pytest.fixture
def lone(make_cluster):
    """One master, and a sentinel whose file the tests write."""
    cluster = make_cluster(quorum=1)
    cluster.add_servers(replicas=0)
    return cluster


def sentinel_of(cluster, lines):
    sentinel = cluster.add_sentinel(None, start=False, lines=[])
    sentinel.conf.write_text(
        f"port {sentinel.port}\nbind 127.0.0.1\n" + "".join(
            line + "\n" for line in lines) +
        f"sentinel monitor {MASTER_NAME} 127.0.0.1 {cluster.servers[0].port}"
        " 1\n")
    return sentinel.start()


def lines_of(sentinel):
    return sentinel.conf.read_text().splitlines()


@pytest.mark.ours
@pytest.mark.parametrize("before", [["loglevel notice"], []],
                         ids=["a line", "no line"])
def test_the_log_level_survives_a_restart(lone, before):
    sentinel = sentinel_of(lone, before + ["# about nothing"])
    assert sentinel.sentinel("CONFIG", "SET", "loglevel", "debug") == "OK"
    assert [line for line in lines_of(sentinel)
            if line.startswith("loglevel")] == ["loglevel debug"]
    if before:
        assert lines_of(sentinel)[2:4] == ["loglevel debug",
                                           "# about nothing"]
    sentinel.terminate()
    sentinel.start()
    with sentinel.client() as client:
        assert client.execute_command(
            "SENTINEL CONFIG GET", "loglevel")[1] == "debug"


@pytest.mark.ours
def test_the_log_level_is_set_with_all_or_nothing(lone):
    sentinel = sentinel_of(lone, ["loglevel notice"])
    with sentinel.client() as client:
        with pytest.raises(redis.ResponseError, match="Invalid value"):
            client.execute_command("SENTINEL CONFIG SET", "loglevel",
                                   "warning", "announce-port", "x")
        assert client.execute_command(
            "SENTINEL CONFIG GET", "loglevel")[1] == "notice"
        assert client.execute_command(
            "SENTINEL CONFIG SET", "loglevel", "warning", "announce-port",
            "7001")
    assert "loglevel warning" in lines_of(sentinel)
    assert "sentinel announce-port 7001" in lines_of(sentinel)


def test_defaults_leave_the_file(lone):
    sentinel = sentinel_of(lone, [])
    option = f"sentinel parallel-syncs {MASTER_NAME} "
    sentinel.sentinel("SET", MASTER_NAME, "parallel-syncs", "7")
    assert option + "7" in lines_of(sentinel)
    sentinel.sentinel("SET", MASTER_NAME, "parallel-syncs", "1")
    assert not any(line.startswith(option) for line in lines_of(sentinel))
    sentinel.terminate()
    sentinel.start()
    assert sentinel.master()["parallel-syncs"] == "1"


def test_commands_of_the_sentinel_are_renamed(lone):
    sentinel = sentinel_of(lone, ['rename-command SHUTDOWN ""',
                                  "rename-command ROLE ask-role"])
    with sentinel.client() as client:
        for name in ("SHUTDOWN", "ROLE"):
            with pytest.raises(redis.ResponseError, match="unknown command"):
                client.execute_command(name)
        assert client.execute_command("ASK-ROLE")[0] == "sentinel"
        assert client.ping()
    sentinel.sentinel("FLUSHCONFIG")
    wait_for(lambda: 'rename-command SHUTDOWN ""' in lines_of(sentinel), 5)
    sentinel.terminate()
    sentinel.start()
    with sentinel.client() as client:
        with pytest.raises(redis.ResponseError, match="unknown command"):
            client.execute_command("ROLE")
