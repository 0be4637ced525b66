"""The log: format, rotation with and without a signal."""

import os
import re
import shutil
import signal

import pytest

from cluster import MASTER_NAME, wait_for

LINE = re.compile(
    r"\d+:X \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] \S")


@pytest.fixture
def logging(make_cluster):
    cluster = make_cluster(quorum=1)
    master = cluster.add_servers(replicas=0)
    sentinel = cluster.add_sentinel(master, start=False)
    path = sentinel.directory / "sentinel.log"
    with open(sentinel.conf, "a") as conf:
        conf.write(f'logfile "{path}"\n')
    sentinel.start()
    return sentinel, path


def make_it_log(sentinel, number):
    """+set is logged; the number tells it from others."""
    assert sentinel.sentinel("SET", MASTER_NAME, "down-after-milliseconds",
                             str(number)) == "OK"


def logged(path, number):
    return path.exists() and f"down-after-milliseconds {number}" in path.read_text()


def test_lines_have_the_known_format(logging):
    sentinel, path = logging
    make_it_log(sentinel, 1111)
    wait_for(lambda: logged(path, 1111), 5)
    lines = path.read_text().splitlines()
    assert [line for line in lines if not LINE.match(line)] == []
    assert any(f" # +monitor master {MASTER_NAME} 127.0.0.1 " in line
               for line in lines)
    assert any(line.startswith(f"{sentinel.pid}:X ") for line in lines)
    # It went to the file alone.
    assert sentinel.output.read_text() == ""


def test_renamed_without_a_signal(logging):
    sentinel, path = logging
    make_it_log(sentinel, 1111)
    old = path.with_suffix(".log.1")
    path.rename(old)
    make_it_log(sentinel, 2222)
    wait_for(lambda: logged(path, 2222), 5, "it goes on under its own name")
    assert logged(old, 1111) and not logged(old, 2222)


def test_truncated_by_copytruncate(logging):
    sentinel, path = logging
    make_it_log(sentinel, 1111)
    shutil.copy(path, path.with_suffix(".log.1"))
    os.truncate(path, 0)
    make_it_log(sentinel, 2222)
    wait_for(lambda: logged(path, 2222), 5)
    text = path.read_bytes()
    assert b"\0" not in text, "a hole where the old text was"
    assert not logged(path, 1111)


def test_renamed_and_hup(logging):
    sentinel, path = logging
    make_it_log(sentinel, 1111)
    old = path.with_suffix(".log.1")
    path.rename(old)
    os.kill(sentinel.pid, signal.SIGHUP)
    make_it_log(sentinel, 2222)
    wait_for(lambda: logged(path, 2222), 5)
    assert not logged(old, 2222)
    assert sentinel.alive()


def test_a_text_from_a_client_cannot_forge_a_line(make_cluster):
    cluster = make_cluster(quorum=1)
    sentinel = cluster.add_sentinel(cluster.add_servers(replicas=0))
    with sentinel.client() as client:
        client.execute_command(
            "PUBLISH", "__sentinel__:hello", "x\n1:X forged\r\n,,,,,,,")
    assert sentinel.myid()
    assert "\n1:X forged" not in sentinel.log()
