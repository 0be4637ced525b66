"""Passwords and users of the data servers that change while all runs."""

import time

import pytest

from cluster import MASTER_NAME, PASSWORD, wait_for

NEW_PASSWORD = "changed at run time"


def settled_trio(make_cluster, password, extra=(), options=()):
    cluster = make_cluster(password=password, failover_timeout=3000,
                           hasty=True)
    master = cluster.add_servers(replicas=2, options=options)
    for _ in range(3):
        cluster.add_sentinel(master, extra=extra, credentials=not extra)
    cluster.wait_settled(master)
    return cluster, master


def change_password(server, password):
    """As an operator does, on one connection; then all others are cut."""
    with server.client() as client:
        client.config_set("masterauth", password)
        client.config_set("requirepass", password)
        client.execute_command("CLIENT", "KILL", "TYPE", "normal")
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    server.password = password


def tell_sentinels(cluster, password):
    for sentinel in cluster.sentinels:
        assert sentinel.sentinel("SET", MASTER_NAME, "auth-pass",
                                 password) == "OK"


@pytest.mark.parametrize("before", [PASSWORD, None])
def test_a_password_changed_on_all_servers(make_cluster, before):
    """Changed, or added where there was none, and the sentinels told at once:
    nobody is called down for long, nothing fails over, and the next failover
    works with the new one."""
    cluster, master = settled_trio(make_cluster, before)
    mark = cluster.recorder.mark()
    for server in cluster.servers:
        change_password(server, NEW_PASSWORD)
    tell_sentinels(cluster, NEW_PASSWORD)
    cluster.wait_settled(master)
    assert not cluster.recorder.find("+switch-master", since=mark)
    for sentinel in cluster.sentinels:
        assert NEW_PASSWORD in sentinel.conf.read_text()
    master.kill()
    new = cluster.wait_new_master(master)
    # Its own file has the password it had.
    with open(master.conf, "a") as conf:
        conf.write(f'requirepass "{NEW_PASSWORD}"\n'
                   f'masterauth "{NEW_PASSWORD}"\n')
    master.start()
    cluster.wait_settled(new)


def test_a_password_changed_on_a_replica_only(make_cluster):
    """That replica is down for the sentinels, which say why once; it is well
    again when the password is what it was."""
    cluster, master = settled_trio(make_cluster, PASSWORD)
    replica = cluster.servers[1]
    mark = cluster.recorder.mark()
    change_password(replica, NEW_PASSWORD)
    for sentinel in cluster.sentinels:
        cluster.recorder.wait("+sdown", f"^slave 127.0.0.1:{replica.port} ",
                              sentinel, mark)
        if not sentinel.reference:
            assert sentinel.log().count("AUTH refused by") == 1
    assert not cluster.recorder.find("+sdown", "^master ", since=mark)
    change_password(replica, PASSWORD)
    cluster.wait_settled(master)


def test_a_password_changed_on_the_master_only(make_cluster):
    """Nobody who matters can use it: another is promoted. When the old one
    has the common password again it is made a replica."""
    cluster, master = settled_trio(make_cluster, PASSWORD)
    change_password(master, NEW_PASSWORD)
    new = cluster.wait_new_master(master)
    assert master.alive() and master.is_master(), "nobody can reach it"
    change_password(master, PASSWORD)
    cluster.wait_settled(new)
    assert master.follows(new)


def test_the_user_of_the_sentinels_is_removed_everywhere(make_cluster):
    """No server lets them in, so none can be promoted: nothing changes, and
    all is well when the user is back."""
    rules = ["watcher", "on", ">watching", "allchannels", "+multi", "+slaveof",
             "+replicaof", "+ping", "+exec", "+subscribe", "+config|rewrite",
             "+role", "+publish", "+info", "+client|setname", "+client|kill",
             "+script|kill"]
    cluster, master = settled_trio(
        make_cluster, PASSWORD, options=["user " + " ".join(rules)],
        extra=[f"sentinel auth-user {MASTER_NAME} watcher",
               f"sentinel auth-pass {MASTER_NAME} watching"])
    mark = cluster.recorder.mark()
    for server in cluster.servers:
        with server.client() as client:
            assert client.execute_command("ACL", "DELUSER", "watcher") == 1
    for sentinel in cluster.sentinels:
        cluster.recorder.wait("+sdown", "^master ", sentinel, mark)
        wait_for(lambda s=sentinel: all("s_down" in one["flags"]
                                        for one in s.replicas()), 20)
    for server in cluster.servers:
        with server.client() as client:
            assert client.execute_command("ACL", "SETUSER", *rules)
    began = time.monotonic()
    cluster.wait_settled(master)
    if not any(one.reference for one in cluster.sentinels):
        assert time.monotonic() - began < 12
    assert not cluster.recorder.find("+switch-master", since=mark)
    master.kill()
    cluster.wait_new_master(master)


@pytest.mark.ours
def test_a_patient_sentinel_logs_in_again(make_cluster):
    """With a long down-after a link that is refused would be used for ever,
    since each refusal shows that the server lives: it is made anew instead."""
    cluster = make_cluster(quorum=1, password=PASSWORD, down_after=60000)
    master = cluster.add_servers(replicas=0)
    sentinel = cluster.add_sentinel(master)
    wait_for(lambda: int(sentinel.master()["last-ok-ping-reply"]) < 1000, 5)
    change_password(master, NEW_PASSWORD)
    wait_for(lambda: int(sentinel.master()["last-ok-ping-reply"]) > 3000, 15)
    assert "PING refused by" in sentinel.log()
    # The one that has the new password stays; nobody else is disturbed.
    with master.client() as client:
        client.config_set("requirepass", PASSWORD)
    master.password = PASSWORD
    wait_for(lambda: int(sentinel.master()["last-ok-ping-reply"]) < 1000, 15,
             "PING is answered again")
    assert "+sdown" not in sentinel.log()
