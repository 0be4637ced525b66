"""A wrong auth-pass: the servers look down until SENTINEL SET puts it right."""

import pytest

from cluster import MASTER_NAME, PASSWORD, quote, wait_for


def test_wrong_password_then_right(make_cluster):
    cluster = make_cluster(password=PASSWORD, hasty=True)
    master = cluster.add_servers(replicas=1)
    for _ in range(3):
        cluster.add_sentinel(
            master, credentials=False,
            extra=[f"sentinel auth-pass {MASTER_NAME} wrong"])
    for sentinel in cluster.sentinels:
        wait_for(lambda s=sentinel: "s_down" in s.master()["flags"], 20,
                 "the master looks down")
    # Nobody was promoted: not a replica is known.
    assert master.is_master()
    for sentinel in cluster.sentinels:
        assert sentinel.sentinel("SET", MASTER_NAME, "auth-pass",
                                 PASSWORD) == "OK"
    cluster.wait_settled(master, deadline=40)
    # The password is in the file so that it is read again.
    restarted = cluster.sentinels[0]
    assert restarted.terminate() == 0
    restarted.start()
    cluster.wait_settled(master, deadline=40)


def test_a_user_of_the_acl(make_cluster):
    """auth-user with the rights that the documentation lists."""
    rules = ("user watcher on >watching allchannels +multi +slaveof +replicaof "
             "+ping +exec +subscribe +config|rewrite +role +publish +info "
             "+client|setname +client|kill +script|kill")
    cluster = make_cluster(password=PASSWORD, hasty=True)
    master = cluster.add_servers(replicas=1, options=[rules])
    credentials = [f"sentinel auth-user {MASTER_NAME} watcher",
                   f"sentinel auth-pass {MASTER_NAME} watching"]
    for _ in range(3):
        cluster.add_sentinel(master, credentials=False, extra=credentials)
    cluster.wait_settled(master)
    master.kill()
    new = cluster.wait_new_master(master)
    master.start()
    wait_for(lambda: master.follows(new), 60)


def test_sentinels_with_a_password_of_their_own(make_cluster):
    cluster = make_cluster(password=PASSWORD, hasty=True)
    master = cluster.add_servers(replicas=1)
    secret = "sentinel-secret"
    for _ in range(3):
        sentinel = cluster.add_sentinel(
            master, start=False,
            extra=[f"requirepass {quote(secret)}",
                   f"sentinel sentinel-pass {quote(secret)}"])
        sentinel.password = secret
        sentinel.start()
        cluster.recorder.follow(sentinel)
    cluster.wait_settled(master)
    master.kill()
    cluster.wait_new_master(master)


@pytest.mark.ours
def test_a_password_with_blanks_and_quotes_survives_a_restart(make_cluster):
    cluster = make_cluster(password='two words, "quoted" # and more')
    master = cluster.add_servers(replicas=1)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    for sentinel in cluster.sentinels:
        assert sentinel.terminate() == 0
        sentinel.start()
    cluster.wait_settled(master)
