"""Signals in the midst of a failover, and scripts that hang, fork, fail or
write without end: the failover goes on and the file is whole."""

import os
import signal
import subprocess
import time

import pytest

from cluster import MASTER_NAME, wait_for
from fault_process import cpu_seconds, descriptor_count, is_whole
from test_scripts import lines_of, recording_script, write_script

pytestmark = pytest.mark.ours

FAILOVER_LIMIT_S = 15


def settled_trio(make_cluster, extra=(), **settings):
    cluster = make_cluster(hasty=True, **settings)
    master = cluster.add_servers(replicas=2)
    for _ in range(3):
        cluster.add_sentinel(master, extra=extra)
    cluster.wait_settled(master)
    return cluster, master


def burst(sentinel, number, count):
    """As long as there is a process to get them."""
    for _ in range(count):
        if sentinel.alive():
            os.kill(sentinel.pid, number)


def test_a_burst_of_hangups_during_a_failover(make_cluster):
    cluster, master = settled_trio(make_cluster)
    master.kill()
    began = time.monotonic()
    end = began + FAILOVER_LIMIT_S

    def moved():
        for sentinel in cluster.sentinels:
            burst(sentinel, signal.SIGHUP, 20)
        new = cluster.agreed_master()
        return new is not master and new

    new = wait_for(moved, end - time.monotonic(), "all name a new master")
    master.start()
    cluster.wait_settled(new)
    for sentinel in cluster.sentinels:
        assert "Received SIGHUP" in sentinel.log()
        assert is_whole(sentinel)


@pytest.mark.parametrize("number,count,codes", [
    (signal.SIGTERM, 50, (0,)),
    pytest.param(signal.SIGINT, 1, (0,), marks=pytest.mark.campaign),
    # The second is taken as haste: the state is on disk already or is not.
    (signal.SIGINT, 50, (0, 1)),
    # Not for us, and deadly by default, as it is for Redis Sentinel.
    (signal.SIGUSR1, 1, (-signal.SIGUSR1,)),
])
def test_ended_by_a_signal_in_the_midst_of_a_failover(make_cluster, number,
                                                      count, codes):
    """The leader, just elected, is told to go. Its file is whole and has the
    epoch it was elected in; the two others finish what it began."""
    cluster, master = settled_trio(make_cluster, failover_timeout=3000)
    mark = cluster.recorder.mark()
    master.kill()
    notice = cluster.recorder.wait("+elected-leader", since=mark)
    leader = next(one for one in cluster.sentinels
                  if one.name == notice.sentinel)
    epoch = int(cluster.recorder.find("+new-epoch", sentinel=leader,
                                      since=mark)[-1].text)
    burst(leader, number, count)
    assert leader.popen.wait(10) in codes
    assert is_whole(leader)
    assert leader.file_numbers()["current-epoch"] >= epoch
    new = cluster.wait_new_master(master, deadline=30)
    leader.start()
    cluster.wait_settled(new, deadline=60)
    master.start()
    cluster.wait_settled(new, deadline=60)
    assert leader.file_numbers()["current-epoch"] >= epoch


def processes_of(marker):
    done = subprocess.run(["pgrep", "-f", marker], stdout=subprocess.PIPE,
                          text=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


def test_scripts_that_hang_and_fork(make_cluster):
    """Each call hangs, and has a child that hangs too. The failover takes no
    longer; all are killed when their time is over, and no process, descriptor
    or zombie stays."""
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(replicas=2)
    # A time of sleep that no other process has tells them apart.
    marker = f"sleep 9{master.port}"
    script = write_script(cluster, "hang.sh", f"{marker} &\n{marker}")
    for _ in range(3):
        cluster.add_sentinel(master,
                             extra=["sentinel deny-scripts-reconfig no"])
    cluster.wait_settled(master)
    before = [descriptor_count(one.pid) for one in cluster.sentinels]
    for sentinel in cluster.sentinels:
        sentinel.sentinel("DEBUG", "SCRIPT-MAX-RUNTIME", "2000")
        for option in ("notification-script", "client-reconfig-script"):
            assert sentinel.sentinel("SET", MASTER_NAME, option,
                                     str(script)) == "OK"
    mark = cluster.recorder.mark()
    master.kill()
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    assert processes_of(f"^{marker}$"), "they hang"
    for sentinel in cluster.sentinels:
        cluster.recorder.wait("-script-timeout", sentinel=sentinel, since=mark,
                              deadline=30)
        assert len([job for job in sentinel.sentinel("PENDING-SCRIPTS")
                    if job[3] == "running"]) <= 16
    # They are run again half a minute later, which is not waited for.
    master.start()
    cluster.wait_settled(new)
    for sentinel, count in zip(cluster.sentinels, before):
        wait_for(lambda s=sentinel: not any(
            job[3] == "running" for job in s.sentinel("PENDING-SCRIPTS")), 30,
            "no script runs")
        wait_for(lambda s=sentinel, c=count: descriptor_count(s.pid) <= c + 8,
                 10)
        assert not zombies_of(sentinel.pid)
    wait_for(lambda: not processes_of(f"^{marker}$"), 20,
             "their children are gone too")


def zombies_of(parent):
    done = subprocess.run(["ps", "--ppid", str(parent), "-o", "stat="],
                          stdout=subprocess.PIPE, text=True, check=False)
    return [line for line in done.stdout.split() if line.startswith("Z")]


def test_scripts_that_write_a_lot(make_cluster):
    """Each call writes 2 MB on both outputs: the loop is not held up, and no
    line of the log is lost."""
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(replicas=2)
    script = write_script(
        cluster, "loud.sh",
        "yes loud | head -c 2000000\nyes loud | head -c 2000000 >&2")
    for _ in range(3):
        sentinel = cluster.add_sentinel(master, extra=[
            f"sentinel notification-script {MASTER_NAME} {script}"])
        sentinel.may_complain = True  # it is the script that does
    cluster.wait_settled(master)
    mark = cluster.recorder.mark()
    master.kill()
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    for sentinel in cluster.sentinels:
        cluster.recorder.wait("+switch-master", sentinel=sentinel, since=mark)
        wait_for(lambda s=sentinel: not s.sentinel("PENDING-SCRIPTS"), 30,
                 "all scripts have ended")
        assert f"+switch-master {MASTER_NAME} " in sentinel.log()
        assert cpu_seconds(sentinel.pid) < 10
    assert not cluster.recorder.find("+tilt", since=mark)
    master.start()
    cluster.wait_settled(new)


@pytest.mark.parametrize("body,error", [
    ("exit 2", "0 2"),
    ("kill -9 $$", None),
    pytest.param("exit 1", None, marks=pytest.mark.campaign),
])
def test_a_reconfiguration_script_that_fails(make_cluster, body, error):
    """What a script does with its life is no reason to stop: the failover ends
    as ever. A final failure is told, others are run again."""
    cluster = make_cluster(hasty=True)
    master = cluster.add_servers(replicas=2)
    scripts = []
    for index in range(3):
        _, calls = recording_script(cluster, f"reconf{index}.sh")
        path = write_script(cluster, f"failing{index}.sh",
                            f'echo "$*" >> {calls}\n{body}')
        scripts.append((path, calls))
        cluster.add_sentinel(master, extra=[
            f"sentinel client-reconfig-script {MASTER_NAME} {path}"])
    cluster.wait_settled(master)
    for sentinel in cluster.sentinels:
        sentinel.sentinel("DEBUG", "SCRIPT-RETRY-DELAY", "200")
    mark = cluster.recorder.mark()
    master.kill()
    new = cluster.wait_new_master(master, deadline=FAILOVER_LIMIT_S)
    cluster.recorder.wait("+failover-end", since=mark)
    for sentinel, (path, calls) in zip(cluster.sentinels, scripts):
        wait_for(lambda c=calls: len(lines_of(c)) >= (1 if error else 3), 20,
                 "it was called as often as it should be")
        if error:
            notice = cluster.recorder.wait("-script-error", sentinel=sentinel,
                                           since=mark)
            assert notice.text == f"{path} {error}"
            assert len(lines_of(calls)) == 1
        assert len(set(lines_of(calls))) == 1, "each time the same arguments"
        assert lines_of(calls)[0].endswith(
            f" 127.0.0.1 {master.port} 127.0.0.1 {new.port}")
    master.start()
    cluster.wait_settled(new)
