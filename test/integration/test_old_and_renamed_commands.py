"""Data servers on which not every spelling of a command may be used."""

import pytest

from cluster import MASTER_NAME, PASSWORD, wait_for

RULES = ("allchannels +multi +ping +exec +subscribe +config|rewrite +role "
         "+publish +info +client|setname +client|kill +script|kill")


def failover_and_return(cluster, master):
    master.kill()
    new = cluster.wait_new_master(master)
    for server in cluster.servers:
        if server not in (master, new):
            wait_for(lambda s=server: s.follows(new), 40)
    master.start()
    wait_for(lambda: master.follows(new), 60, "the old master is a replica")
    cluster.wait_settled(new, deadline=60)


@pytest.mark.parametrize("allowed", [
    "+slaveof",
    pytest.param("+replicaof", marks=pytest.mark.ours),
])
def test_an_acl_that_knows_one_spelling(make_cluster, allowed):
    """The documentation of Redis recommends an ACL with SLAVEOF alone."""
    cluster = make_cluster(password=PASSWORD, hasty=True)
    master = cluster.add_servers(
        replicas=2, options=[f"user watcher on >watching {RULES} {allowed}"])
    for _ in range(3):
        cluster.add_sentinel(
            master, credentials=False,
            extra=[f"sentinel auth-user {MASTER_NAME} watcher",
                   f"sentinel auth-pass {MASTER_NAME} watching"])
    cluster.wait_settled(master)
    failover_and_return(cluster, master)


@pytest.mark.parametrize("gone", [
    "REPLICAOF",
    pytest.param("SLAVEOF", marks=pytest.mark.ours),
])
def test_a_server_that_knows_one_spelling(make_cluster, gone):
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(
        replicas=2, options=[f'rename-command {gone} ""'])
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    failover_and_return(cluster, master)


def test_rename_command_is_obeyed(make_cluster):
    """Both spellings are renamed, and the sentinels are told."""
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(replicas=1, options=[
        "rename-command SLAVEOF hidden-slaveof",
        "rename-command REPLICAOF hidden-replicaof",
        "rename-command CONFIG hidden-config"])
    renames = [
        f"sentinel rename-command {MASTER_NAME} SLAVEOF hidden-slaveof",
        f"sentinel rename-command {MASTER_NAME} REPLICAOF hidden-replicaof",
        f"sentinel rename-command {MASTER_NAME} CONFIG hidden-config"]
    for _ in range(3):
        cluster.add_sentinel(master, extra=renames)
    cluster.wait_settled(master)
    failover_and_return(cluster, master)
