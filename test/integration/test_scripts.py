"""Notification and reconfiguration scripts get the documented arguments."""

import stat

import pytest
import redis

from cluster import MASTER_NAME, wait_for


def write_script(cluster, name, body):
    path = cluster.directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def recording_script(cluster, name):
    """A script that appends its arguments, each in brackets, as one line."""
    calls = cluster.directory / f"{name}.calls"
    # One printf, so that scripts running at once do not mix their lines.
    path = write_script(
        cluster, name,
        f"""line=$(printf '[%s]' "$@"); printf '%s\\n' "$line" >> {calls}""")
    return path, calls


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def scripted(make_cluster):
    """Three sentinels; each has scripts of its own. Returns the cluster and
    per sentinel the files of calls."""
    cluster = make_cluster()
    master = cluster.add_servers(replicas=2)
    calls = []
    for index in range(3):
        notify, notified = recording_script(cluster, f"notify{index}.sh")
        reconf, reconfigured = recording_script(cluster, f"reconf{index}.sh")
        cluster.add_sentinel(master, extra=[
            f"sentinel notification-script {MASTER_NAME} {notify}",
            f"sentinel client-reconfig-script {MASTER_NAME} {reconf}"])
        calls.append((notified, reconfigured))
    cluster.wait_settled(master)
    return cluster, calls


def test_scripts_are_called_in_a_failover(scripted):
    cluster, calls = scripted
    old = cluster.servers[0]
    mark = cluster.recorder.mark()
    old.kill()
    new = cluster.wait_new_master(old)
    leader = cluster.recorder.wait("+elected-leader", since=mark).sentinel
    for sentinel, (notified, reconfigured) in zip(cluster.sentinels, calls):
        role = "leader" if sentinel.name == leader else "observer"
        call = (f"[{MASTER_NAME}][{role}][start][127.0.0.1][{old.port}]"
                f"[127.0.0.1][{new.port}]")
        wait_for(lambda f=reconfigured: lines_of(f), 10, "it was called")
        assert lines_of(reconfigured) == [call]
        expected = {
            f"[+monitor][master {MASTER_NAME} 127.0.0.1 {old.port} quorum 2]",
            f"[+switch-master][{MASTER_NAME} 127.0.0.1 {old.port} "
            f"127.0.0.1 {new.port}]",
        }
        if role == "leader":
            expected |= {
                f"[+sdown][master {MASTER_NAME} 127.0.0.1 {old.port}]",
                f"[+elected-leader][master {MASTER_NAME} 127.0.0.1 {old.port}]",
                f"[+failover-end][master {MASTER_NAME} 127.0.0.1 {old.port}]",
            }
        wait_for(lambda f=notified, e=expected: e <= set(lines_of(f)), 10,
                 "all notices reached the script")
        # Notices of lower level do not call it.
        assert not [one for one in lines_of(notified) if "[+slave]" in one]


def test_a_failing_script_is_shown_and_run_again(make_cluster):
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=0)
    failing = write_script(cluster, "fails.sh", "exit 1")
    sentinel = cluster.add_sentinel(master, extra=[
        f"sentinel notification-script {MASTER_NAME} {failing}"])

    def scheduled():
        jobs = sentinel.sentinel("PENDING-SCRIPTS")
        return jobs and jobs[0][3] == "scheduled" and jobs[0]

    job = wait_for(scheduled, 10, "the script waits to be run again")
    assert job[0:2] == ["argv", [
        str(failing), "+monitor",
        f"master {MASTER_NAME} 127.0.0.1 {master.port} quorum 1"]]
    assert job[4:6] == ["pid", "0"]
    assert job[6] == "run-delay" and 0 < int(job[7]) <= 30000
    assert job[8:10] == ["retry-num", "1"]


def test_other_exit_codes_are_final(make_cluster):
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=0)
    script = write_script(cluster, "final.sh", "exit 3")
    sentinel = cluster.add_sentinel(master, extra=[
        "sentinel deny-scripts-reconfig no"])
    mark = cluster.recorder.mark()
    sentinel.sentinel("SET", MASTER_NAME, "notification-script", str(script))
    notice = cluster.recorder.wait("-script-error", since=mark)
    assert notice.text == f"{script} 0 3"
    wait_for(lambda: sentinel.sentinel("PENDING-SCRIPTS") == [], 10)


def test_scripts_cannot_be_set_by_clients_unless_allowed(make_cluster):
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=0)
    script = write_script(cluster, "never.sh", "exit 0")
    sentinel = cluster.add_sentinel(master)
    for option in ("notification-script", "client-reconfig-script"):
        with pytest.raises(redis.exceptions.ResponseError,
                           match="denied for security reasons"):
            sentinel.sentinel("SET", MASTER_NAME, option, str(script))
