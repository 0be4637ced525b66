"""System calls of a running process that are watched, made to fail, delayed or
made deadly by strace's fault injection."""

import functools
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import pytest

from cluster import wait_for

CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")

# What the C library does for itself, at times of its own choice.
UNRELATED = {"futex", "restart_syscall", "brk", "mmap", "munmap", "mprotect",
             "madvise", "rt_sigprocmask", "rseq", "sched_yield"}


def attach_command(tids, output, expressions):
    words = ["setpriv", "--pdeathsig", "KILL", "strace", "-o", str(output)]
    for expression in expressions:
        words += ["-e", expression]
    for tid in tids:
        words += ["-p", str(tid)]
    return words


@functools.lru_cache(None)
def works():
    """Whether strace is there and allowed to trace."""
    sleeper = subprocess.Popen(["sleep", "30"])
    try:
        with Trace([sleeper.pid]):
            return True
    except (OSError, AssertionError):
        return False
    finally:
        sleeper.kill()
        sleeper.wait()


def require():
    if not works():
        pytest.skip("strace is missing or may not trace here")


def threads(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def writers(sentinel):
    """The threads that write the file: all but the first, which runs the
    loop. One write makes sure that they are there."""
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    found = [tid for tid in threads(sentinel.pid) if tid != sentinel.pid]
    assert found, "the file is written by the loop itself"
    return found


class Trace:
    """strace on threads, as long as the `with` block lasts. EXPRESSIONS are
    those of its option -e, such as inject=fsync:error=EIO."""

    def __init__(self, tids, *expressions):
        self.tids = tids
        self.expressions = expressions
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="strace-"))
        self.output = self.directory / "calls"
        self.errors = self.directory / "errors"
        self.popen = None

    def __enter__(self):
        command = attach_command(self.tids, self.output, self.expressions)
        with open(self.errors, "wb") as errors:
            self.popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stderr=errors)
        try:
            wait_for(self._attached, 10, "strace has attached", every=0.005)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attached(self):
        text = self.errors.read_text()
        if self.popen.poll() is not None:
            raise AssertionError(f"strace ended: {text}")
        return text.count(" attached") >= len(self.tids)

    def __exit__(self, *_):
        """The threads go on untouched when this returns."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGINT)
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait(5)
        for path in (self.output, self.errors):
            path.unlink(missing_ok=True)
        self.directory.rmdir()

    def calls(self):
        """(name, arguments and result) of each call so far, in order."""
        found = []
        for line in self.output.read_text(errors="replace").splitlines():
            match = CALL.match(line)
            if match and match.group(1) not in UNRELATED:
                found.append((match.group(1), match.group(2)))
        return found


def numbered(calls):
    """(name, how many times it has come so far, arguments) of each call: the
    way strace wants to be told of one of them."""
    seen = {}
    for name, arguments in calls:
        seen[name] = seen.get(name, 0) + 1
        yield name, seen[name], arguments
