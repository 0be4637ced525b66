"""ioredis and node-redis find the master and follow it through failovers."""

import json
import os
import shutil
import subprocess
import threading

import pytest

from cluster import MASTER_NAME, PASSWORD, TOP, wait_for

LIBRARIES = TOP / "build" / "clients" / "node_modules"

if not shutil.which("node"):
    pytest.skip("there is no node", allow_module_level=True)
if not LIBRARIES.is_dir():
    pytest.skip("the client libraries from npm are not there: "
                "scripts/install-packages extra", allow_module_level=True)


class Program:
    """A program of test/clients; its lines are collected as they come."""

    def __init__(self, script, trio, **settings):
        settings["sentinels"] = [
            {"host": "127.0.0.1", "port": one.port} for one in trio.sentinels]
        settings["name"] = MASTER_NAME
        settings["password"] = PASSWORD
        self.lines = []
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "node",
             str(TOP / "test" / "clients" / script), json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "NODE_PATH": str(LIBRARIES)})
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.popen.stdout:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.lines.append({"noise": line})

    def wait(self, what, deadline=30):
        """The first line for which WHAT is true."""
        return wait_for(
            lambda: next((one for one in list(self.lines) if what(one)), None),
            deadline, f"a line like that; last: {self.lines[-5:]}")

    def wait_written_to(self, port, deadline=60):
        return self.wait(lambda line: line.get("port") == port, deadline)

    def close(self):
        self.popen.stdin.close()
        try:
            self.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(10)
            raise
        finally:
            self.thread.join(10)


CLIENTS = {
    "ioredis": ("ioredis.js", {}),
    "ioredis with its failover detector": ("ioredis.js", {"detector": True}),
    "node-redis": ("node-redis.js", {"protocol": 2}),
    "node-redis with RESP3": ("node-redis.js", {"protocol": 3}),
}


@pytest.fixture(params=CLIENTS.values(), ids=CLIENTS.keys())
def program(request, trio):
    script, settings = request.param
    program = Program(script, trio, **settings)
    yield program
    if program.popen.poll() is None:
        program.popen.kill()
        program.popen.wait(10)


def test_a_crash_and_a_planned_failover(trio, program):
    first = trio.servers[0]
    program.wait_written_to(first.port)
    program.wait(lambda line: line.get("read", 0) > 0)
    first.kill()
    second = trio.wait_new_master(first)
    program.wait_written_to(second.port)
    first.start()
    trio.wait_settled(second, deadline=60)

    assert trio.sentinels[0].sentinel("FAILOVER", MASTER_NAME) == "OK"
    third = trio.wait_new_master(second)
    before = len(program.lines)
    wait_for(lambda: any(line.get("port") == third.port
                         for line in program.lines[before:]),
             60, "writes go to the third master")
    # What is read of a replica is what was written.
    last = max(line.get("wrote", 0) for line in program.lines)
    program.wait(lambda line: line.get("read", 0) >= last)
    program.close()
    assert program.popen.returncode == 0
    assert {"closed": True} in program.lines
    assert not [line for line in program.lines if "noise" in line]
