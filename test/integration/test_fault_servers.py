"""Data servers that live but do not serve: BUSY, LOADING, MASTERDOWN, MISCONF,
out of memory, or unable to rewrite their own file."""

import contextlib
import threading
import time

import pytest
import redis

from cluster import MASTER_NAME, wait_for

ENDLESS = "while true do end"
ENDLESS_AFTER_A_WRITE = "redis.call('set', 'written', '1') while true do end"
FAILOVER_LIMIT_S = 15


class Script(threading.Thread):
    """Runs a script on a server; `error` is how it ended."""

    def __init__(self, server, text):
        super().__init__(daemon=True)
        self.server = server
        self.text = text
        self.error = None
        self.start()

    def run(self):
        try:
            with self.server.client(socket_timeout=60) as client:
                client.eval(self.text, 0)
        except (redis.exceptions.RedisError, OSError) as error:
            self.error = str(error)


def says(server, word):
    """Whether PING is answered by an error that starts with WORD."""
    try:
        with server.client() as client:
            client.execute_command("PING")
    except redis.exceptions.ResponseError as error:
        return word in str(error) or word in type(error).__name__.upper()
    except redis.exceptions.BusyLoadingError:
        return word == "LOADING"
    return False


def is_busy(server):
    """redis-py takes the word BUSY away."""
    try:
        with server.client() as client:
            client.execute_command("PING")
    except redis.exceptions.ResponseError as error:
        return "busy running a script" in str(error)
    return False


def settled_trio(make_cluster, replicas=1, options=(), **settings):
    cluster = make_cluster(hasty=True, **settings)
    master = cluster.add_servers(replicas=replicas, options=options)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    return cluster, master


BUSY_OPTIONS = ["busy-reply-threshold 50"]


def test_a_short_script_is_no_failure(make_cluster):
    """BUSY for less than down-after: nobody calls it down, nor ends the
    script."""
    cluster, master = settled_trio(make_cluster, options=BUSY_OPTIONS,
                                   down_after=6000)
    mark = cluster.recorder.mark()
    script = Script(master, ENDLESS)
    wait_for(lambda: is_busy(master), 10)
    wait_for(lambda: int(cluster.sentinels[0].master()
                         ["last-ok-ping-reply"]) > 2000, 10)
    assert script.error is None
    with master.client() as client:
        client.script_kill()
    script.join(10)
    wait_for(lambda: all(int(one.master()["last-ok-ping-reply"]) < 2000
                         for one in cluster.sentinels), 10)
    assert not cluster.recorder.find("+sdown", since=mark)
    assert cluster.agreed_master() is master


def test_a_long_script_is_ended(make_cluster):
    """With nobody to be promoted, a sentinel for which the master is down ends
    the script that holds it, and it is the master again."""
    cluster, master = settled_trio(make_cluster, replicas=0,
                                   options=BUSY_OPTIONS)
    mark = cluster.recorder.mark()
    script = Script(master, ENDLESS)
    cluster.recorder.wait("+sdown", f"^master {MASTER_NAME} ", since=mark)
    script.join(10)
    assert script.error and "killed" in script.error.lower()
    cluster.wait_settled(master)
    assert not cluster.recorder.find("+switch-master", since=mark)


def test_a_script_that_has_written_leads_to_a_failover(make_cluster):
    """It cannot be killed: another master is promoted, and the old one, ended
    and started again, follows it."""
    cluster, master = settled_trio(make_cluster, replicas=2,
                                   options=BUSY_OPTIONS)
    script = Script(master, ENDLESS_AFTER_A_WRITE)
    wait_for(lambda: is_busy(master), 10)
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    assert is_busy(master), "it is still at it"
    with pytest.raises(redis.exceptions.ResponseError, match="UNKILLABLE"):
        with master.client() as client:
            client.script_kill()
    master.kill()
    script.join(10)
    master.start()
    cluster.wait_settled(new)
    assert new.is_master() and master.follows(new)


def test_a_master_that_loads_for_long_is_waited_for(make_cluster):
    """It is started again within down-after and then says LOADING for longer
    than that: it stays the master, with all its data, and the log says once
    what it does."""
    cluster, master = settled_trio(
        make_cluster, down_after=2000,
        options=["loading-process-events-interval-bytes 1024"])
    with master.client() as client, client.pipeline() as pipeline:
        for number in range(500):
            pipeline.set(f"key:{number}", "x" * 200)
        pipeline.execute()
    with contextlib.suppress(redis.exceptions.ConnectionError):
        with master.client() as client:
            client.execute_command("SHUTDOWN", "SAVE")
    master.popen.wait(10)
    mark = cluster.recorder.mark()
    with open(master.conf, "a") as conf:
        conf.write("key-load-delay 10000\n")
    master.spawn()
    began = time.monotonic()
    wait_for(lambda: says(master, "LOADING"), 5, "it loads")
    wait_for(lambda: master.client().ping(), 30, "it has loaded")
    assert time.monotonic() - began > 3, "that was too short to tell"
    cluster.wait_settled(master)
    assert not cluster.recorder.find("+odown", since=mark)
    assert not cluster.recorder.find("+switch-master", since=mark)
    with master.client() as client:
        assert client.dbsize() == 500
    for sentinel in cluster.sentinels:
        if not sentinel.reference:
            assert sentinel.log().count("LOADING") == 1


def test_replicas_that_say_masterdown_are_promoted(make_cluster):
    """With replica-serve-stale-data no, a replica without its master answers
    all but a few commands by MASTERDOWN; it is as good as another."""
    cluster, master = settled_trio(
        make_cluster, replicas=2, options=["replica-serve-stale-data no"])
    mark = cluster.recorder.mark()
    master.kill()
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    assert not cluster.recorder.find("+sdown", "^slave ", since=mark)
    master.start()
    cluster.wait_settled(new)


def test_a_master_that_cannot_save_is_replaced(make_cluster):
    """After a failed save the master refuses writes and answers PING by
    MISCONF: it counts as down, and becomes a replica when it can save."""
    cluster, master = settled_trio(
        make_cluster, replicas=2, options=["enable-protected-configs local"])
    taken = master.directory / "taken.rdb"
    taken.mkdir()
    with master.client() as client:
        client.config_set("dbfilename", taken.name)
        client.config_set("save", "1 1")
        client.set("a", "b")
    wait_for(lambda: says(master, "MISCONF"), 15, "it refuses writes")
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    with new.client() as client:
        client.set("c", "d")
    for sentinel in cluster.sentinels:
        if not sentinel.reference:
            assert "MISCONF" in sentinel.log()
    # As long as it answers so it counts as down, and is left alone.
    taken.rmdir()
    with master.client() as client:
        client.bgsave()
    cluster.wait_settled(new)
    assert master.alive() and master.follows(new)


def test_full_memory_is_no_failure_and_hinders_none(make_cluster):
    """Masters and replicas over maxmemory: no notice; when the master dies a
    replica is promoted as ever, and has all the data."""
    cluster, master = settled_trio(
        make_cluster, replicas=2, options=["maxmemory-policy noeviction"])
    mark = cluster.recorder.mark()
    with master.client() as client:
        for number in range(50):
            client.set(f"key:{number}", "x" * 1000)
        assert client.execute_command("WAIT", "2", "5000") == 2
    for server in cluster.servers:
        with server.client() as client:
            client.config_set("maxmemory", "1000")
    with master.client() as client:
        with pytest.raises(redis.exceptions.ResponseError, match="maxmemory"):
            client.set("more", "x")
    for sentinel in cluster.sentinels:
        wait_for(lambda s=sentinel: int(s.master()["last-ping-reply"]) < 800,
                 5)
    assert not cluster.recorder.find("+sdown", since=mark)
    master.kill()
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    with new.client() as client:
        assert client.dbsize() == 50
    master.start()
    cluster.wait_settled(new)


def test_config_rewrite_fails_everywhere(make_cluster):
    """Each server's file has become a directory: servers are turned all the
    same, each once, and nobody goes on about it."""
    cluster, master = settled_trio(make_cluster, replicas=2,
                                   failover_timeout=3000)
    for server in cluster.servers:
        server.conf.rename(server.conf.with_suffix(".kept"))
        server.conf.mkdir()
        with pytest.raises(redis.exceptions.ResponseError):
            with server.client() as client:
                client.config_rewrite()
    mark = cluster.recorder.mark()
    master.kill()
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    cluster.wait_replicas(new, deadline=20)
    cluster.recorder.wait("+failover-end", since=mark)
    for kind in ("+promoted-slave", "+slave-reconf-sent", "+switch-master"):
        seen = [(one.sentinel, one.text)
                for one in cluster.recorder.find(kind, since=mark)]
        assert len(seen) == len(set(seen)), seen
    master.conf.rmdir()
    master.conf.with_suffix(".kept").rename(master.conf)
    master.start()
    cluster.wait_settled(new)
    # A server that comes back with the role that its old file gives it.
    other = next(one for one in cluster.servers
                 if one not in (master, new))
    other.kill()
    other.conf.rmdir()
    other.conf.with_suffix(".kept").rename(other.conf)
    other.start()
    cluster.wait_settled(new)
