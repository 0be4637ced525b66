"""redis-cli beside a failover, in both protocols."""

import json
import subprocess

import pytest

from cluster import MASTER_NAME, wait_for

FORMS = {
    "RESP2": ["-2"],
    "RESP3": ["-3"],
    "RESP3 as JSON": ["-3", "--json"],
}


def run(sentinel, form, *words):
    return subprocess.run(
        ["redis-cli", "-p", str(sentinel.port), *form, *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=20, check=True).stdout


def master_of(sentinel, form):
    text = run(sentinel, form, "sentinel", "get-master-addr-by-name",
               MASTER_NAME)
    host, port = (json.loads(text) if "--json" in form else text.split())
    assert host == "127.0.0.1"
    return int(port)


def description(sentinel, form):
    """SENTINEL MASTER; a map with RESP3, names and values in turn without."""
    text = run(sentinel, [*form, *([] if "--json" in form else ["--no-raw"])],
               "sentinel", "master", MASTER_NAME)
    if "--json" in form:
        return json.loads(text)
    if "-3" in form:
        # 1# "name" => "mymaster"
        return dict(part.split("# ", 1)[1].replace('"', "").split(" => ")
                    for part in text.splitlines())
    words = [part.split(") ", 1)[1].strip('"') for part in text.splitlines()]
    return dict(zip(words[::2], words[1::2]))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_what_it_shows_before_and_after(trio, form):
    old = trio.servers[0]
    sentinel = trio.sentinels[0]
    assert master_of(sentinel, form) == old.port
    view = description(sentinel, form)
    assert (view["name"], view["flags"], view["num-slaves"]) == (
        MASTER_NAME, "master", "2")

    assert run(sentinel, form, "sentinel", "failover", MASTER_NAME).strip(
        '"\n') == "OK"
    wait_for(lambda: master_of(sentinel, form) != old.port, 40,
             "it tells of the new master")
    new = trio.wait_new_master(old)
    trio.wait_settled(new, deadline=60)
    assert master_of(sentinel, form) == new.port
    assert description(sentinel, form)["port"] == str(new.port)
    assert f"address=127.0.0.1:{new.port}" in run(sentinel, form, "info")
