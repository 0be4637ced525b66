"""The place of the state file goes bad: a full disk, a read-only one, the file
replaced by a directory or removed. Votes are refused as long as they cannot be
stored, the process lives, and nothing is lost when the place is good again."""

import contextlib
import shutil
import subprocess

import pytest
import redis

from cluster import wait_for
from fault_process import ask_vote, is_whole, leftovers, refuses_votes

pytestmark = pytest.mark.ours

CANDIDATES = ("a" * 40, "b" * 40)

# Root obeys the modes of files, as any other user does.
WITHOUT_PRIVILEGE = [
    "setpriv", "--inh-caps=-dac_override,-dac_read_search",
    "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture
def lone(make_cluster):
    """A master, and a sentinel that is not started."""
    cluster = make_cluster(quorum=1, failover_timeout=60000)
    master = cluster.add_servers(replicas=0)
    sentinel = cluster.add_sentinel(master, start=False)
    return master, sentinel


@contextlib.contextmanager
def mounted(directory, options):
    """A file system in memory; a skip where none can be mounted."""
    directory.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)],
        stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def remount(directory, option):
    subprocess.run(["mount", "-o", f"remount,{option}", str(directory)],
                   check=True)


def move_file(sentinel, directory):
    shutil.move(sentinel.conf, directory)
    sentinel.conf = directory / sentinel.conf.name


def has_recovered(master, sentinel, epoch):
    """What was refused is written without being asked for again, and votes
    are given and stored as before, across a crash."""
    wait_for(lambda: sentinel.conf.is_file() and
             sentinel.file_numbers()["leader-epoch"] == epoch, 10,
             "what was refused is stored")
    assert is_whole(sentinel)
    assert leftovers(sentinel) == []
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    assert ask_vote(sentinel, master.port, epoch, CANDIDATES[1])[0] != (
        CANDIDATES[1])
    assert ask_vote(sentinel, master.port, epoch + 1, CANDIDATES[1]) == (
        CANDIDATES[1], epoch + 1)
    identity = sentinel.myid()
    sentinel.kill()
    sentinel.start()
    assert sentinel.myid() == identity
    assert sentinel.address() == master.port
    assert ask_vote(sentinel, master.port, epoch + 1, CANDIDATES[0])[0] != (
        CANDIDATES[0])


def flush_is_refused(sentinel):
    with pytest.raises(redis.exceptions.ResponseError):
        sentinel.sentinel("FLUSHCONFIG")


def test_a_full_disk(lone):
    master, sentinel = lone
    with mounted(sentinel.directory / "small", "size=64k") as directory:
        move_file(sentinel, directory)
        sentinel.start()
        filler = directory / "filler"
        with open(filler, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 512)
        old = sentinel.conf.read_text()
        for epoch in (10, 11):
            warning = refuses_votes(sentinel, master.port, epoch,
                                    CANDIDATES[0])
            assert "No space left on device" in warning
        flush_is_refused(sentinel)
        assert sentinel.conf.read_text() == old
        filler.unlink()
        has_recovered(master, sentinel, 11)
        assert sentinel.terminate() == 0


def test_a_file_system_that_becomes_read_only(lone):
    """As ext4 does with errors=remount-ro. Started again while it lasts, the
    daemon says at once that it cannot work."""
    master, sentinel = lone
    with mounted(sentinel.directory / "small", "size=1m") as directory:
        move_file(sentinel, directory)
        sentinel.start()
        remount(directory, "ro")
        warning = refuses_votes(sentinel, master.port, 10, CANDIDATES[0])
        assert "Read-only file system" in warning
        flush_is_refused(sentinel)
        assert sentinel.master()["flags"] == "master"
        remount(directory, "rw")
        has_recovered(master, sentinel, 10)
        sentinel.kill()
        remount(directory, "ro")
        sentinel.spawn()
        assert sentinel.popen.wait(20) == 1
        assert "Read-only file system" in sentinel.errors.read_text()
        assert str(sentinel.conf.parent) in sentinel.errors.read_text()
        sentinel.may_complain = True
        remount(directory, "rw")
        sentinel.start()
        assert sentinel.terminate() == 0


def test_a_directory_that_may_not_be_written_to(lone):
    """With a file that may: it is written in place, which is said. With one
    that may not: votes are refused."""
    master, sentinel = lone
    state = sentinel.directory / "state"
    state.mkdir()
    move_file(sentinel, state)
    sentinel.within = WITHOUT_PRIVILEGE
    sentinel.start()
    state.chmod(0o555)
    assert ask_vote(sentinel, master.port, 10, CANDIDATES[0]) == (
        CANDIDATES[0], 10)
    assert "is written in place" in sentinel.log()
    assert sentinel.file_numbers()["leader-epoch"] == 10
    sentinel.conf.chmod(0o444)
    warning = refuses_votes(sentinel, master.port, 11, CANDIDATES[0])
    assert "Permission denied" in warning
    flush_is_refused(sentinel)
    assert sentinel.file_numbers()["leader-epoch"] == 10
    state.chmod(0o755)
    sentinel.conf.chmod(0o644)
    has_recovered(master, sentinel, 11)


def test_the_file_becomes_a_directory(lone):
    master, sentinel = lone
    sentinel.start()
    sentinel.conf.unlink()
    sentinel.conf.mkdir()
    assert "directory" in refuses_votes(sentinel, master.port, 10,
                                        CANDIDATES[0])
    flush_is_refused(sentinel)
    sentinel.conf.rmdir()
    has_recovered(master, sentinel, 10)
    assert f"port {sentinel.port}\nbind 127.0.0.1\n" in (
        sentinel.conf.read_text())


def test_the_file_is_removed(lone):
    """The next write brings all of it back, the operator's lines too."""
    master, sentinel = lone
    sentinel.start()
    assert ask_vote(sentinel, master.port, 10, CANDIDATES[0])[0] == (
        CANDIDATES[0])
    old = sentinel.conf.read_text()
    sentinel.conf.unlink()
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    assert sentinel.conf.read_text() == old
    has_recovered(master, sentinel, 10)


def test_the_whole_directory_is_removed(lone):
    master, sentinel = lone
    state = sentinel.directory / "state"
    state.mkdir()
    move_file(sentinel, state)
    sentinel.start()
    shutil.rmtree(state)
    assert "No such file or directory" in refuses_votes(
        sentinel, master.port, 10, CANDIDATES[0])
    flush_is_refused(sentinel)
    state.mkdir()
    has_recovered(master, sentinel, 10)
