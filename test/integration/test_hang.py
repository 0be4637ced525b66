"""A master that hangs (SIGSTOP): its sockets stay open, nobody answers."""

from cluster import MASTER_NAME, wait_for


def test_a_hanging_master_is_replaced_and_demoted(trio):
    old = trio.servers[0]
    mark = trio.recorder.mark()
    old.hang()
    new = trio.wait_new_master(old)
    for sentinel in trio.sentinels:
        trio.recorder.wait("+switch-master", f" {new.port}$", sentinel, mark)
    old.resume()
    wait_for(lambda: old.follows(new), 60, "the old master is a replica")
    trio.wait_settled(new, deadline=60)


def test_a_short_hang_is_not_a_failure(make_cluster):
    """Shorter than down-after: nobody may even call it down."""
    cluster = make_cluster(down_after=5000)
    master = cluster.add_servers(replicas=1)
    for _ in range(3):
        cluster.add_sentinel(master)
    cluster.wait_settled(master)
    mark = cluster.recorder.mark()
    master.hang()
    try:
        wait_for(lambda: int(cluster.sentinels[0].master()
                             ["last-ok-ping-reply"]) > 2000, 10)
    finally:
        master.resume()
    wait_for(lambda: all(int(one.master()["last-ok-ping-reply"]) < 2000
                         for one in cluster.sentinels), 10)
    assert not cluster.recorder.find("+sdown", f"^master {MASTER_NAME}",
                                     since=mark)
    assert cluster.agreed_master() is master


def test_a_hanging_replica_is_seen_down_and_up(trio):
    replica = trio.servers[1]
    mark = trio.recorder.mark()
    replica.hang()
    for sentinel in trio.sentinels:
        trio.recorder.wait("+sdown", f"^slave 127.0.0.1:{replica.port} ",
                           sentinel, mark)
    replica.resume()
    for sentinel in trio.sentinels:
        trio.recorder.wait("-sdown", f"^slave 127.0.0.1:{replica.port} ",
                           sentinel, mark)
    trio.wait_settled(trio.servers[0])
