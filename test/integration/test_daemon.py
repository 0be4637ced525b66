"""The process itself: daemonize, pidfile, signals, systemd, arguments."""

import ctypes
import os
import signal
import socket
import subprocess

import pytest

from cluster import SENTINELD, wait_for

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture
def lone(make_cluster):
    """One sentinel that is not started yet, and its master."""
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=0)
    return cluster.add_sentinel(master, start=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(lone, number):
    lone.start()
    os.kill(lone.pid, number)
    assert lone.popen.wait(10) == 0
    assert lone.errors.read_text() == ""
    lone.start()


def test_shutdown_command(lone):
    lone.start()
    with socket.create_connection(("127.0.0.1", lone.port), 5) as link:
        link.sendall(b"SHUTDOWN\r\n")
        assert link.recv(100) == b""
    assert lone.popen.wait(10) == 0


def test_daemonize_and_pidfile(lone):
    """The daemon becomes a child of this process, so that its exit code can
    be seen."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    pidfile = lone.directory / "sentinel.pid"
    log = lone.directory / "sentinel.log"
    with open(lone.conf, "a") as conf:
        conf.write(f'daemonize yes\npidfile "{pidfile}"\nlogfile "{log}"\n')
    pid = None
    try:
        lone.spawn()
        assert lone.popen.wait(10) == 0, "the starter ends by itself"
        wait_for(lambda: pidfile.exists() and pidfile.read_text(), 10,
                 "there is a pidfile")
        pid = int(pidfile.read_text())
        wait_for(lambda: lone.client().ping(), 10, "the daemon answers")
        assert pid != lone.pid
        assert os.getsid(pid) != os.getsid(0), "it has a session of its own"
        assert log.read_text()
        os.kill(pid, signal.SIGTERM)
        ended = wait_for(lambda: reap(pid), 10, "the daemon has ended")
        assert os.waitstatus_to_exitcode(ended[1]) == 0
        pid = None
        assert not pidfile.exists()
        assert lone.errors.read_text() == ""
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def reap(pid):
    ended = os.waitpid(pid, os.WNOHANG)
    return ended if ended[0] == pid else None


def test_systemd_is_told_of_readiness(lone):
    path = str(lone.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(20)
        environment = {**os.environ, "NOTIFY_SOCKET": path}
        lone.environment = lambda: environment
        lone.spawn("--supervised", "systemd", "--daemonize", "no")

        def told(wanted):
            while True:
                if wanted in notify.recv(4096).decode().splitlines():
                    return True

        assert told("READY=1")
        # Ready means that it answers.
        assert lone.client().ping()
        lone.popen.terminate()
        assert told("STOPPING=1")
    assert lone.popen.wait(10) == 0


def run(*arguments):
    return subprocess.run(
        [SENTINELD, *arguments], stdin=subprocess.DEVNULL, timeout=20,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.ours
def test_version_and_help():
    for argument in ("--version", "-v"):
        done = run(argument)
        assert done.returncode == 0
        assert done.stdout.startswith("sentineld ")
        assert done.stderr == ""
    for argument in ("--help", "-h"):
        done = run(argument)
        assert done.returncode == 0
        assert "sentinel.conf" in done.stdout
        assert done.stderr == ""


def test_without_a_file_it_says_so():
    done = run()
    assert done.returncode == 1
    assert "config file" in done.stdout + done.stderr


def test_an_address_in_use_is_an_error(lone):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", lone.port))
        taken.listen()
        lone.may_complain = True
        lone.spawn()
        assert lone.popen.wait(20) == 1
        assert str(lone.port) in lone.log()
