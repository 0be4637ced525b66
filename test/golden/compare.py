#!/usr/bin/python3
"""Compares what sentineld says with what Redis Sentinel 7.0.15 was recorded
to say: captures all scenarios, some at a time, and diffs them with recorded/.

  compare                    capture from build/sentineld, and compare
  compare --sentinel CMD     another binary
  compare --captured DIR     compare what capture.py has written there
  compare --only NAMES       some scenarios, with commas
  compare --self-test        only check that docs/compatibility.md has all rows,
                             and that a change in a recording is noticed
  compare --update           write the differences found into accepted/; new
                             ones get the row "?" and have to be named

Each difference must be one that accepted/ or rules.py names, with a row of
docs/compatibility.md that says why; and each one named there must occur. One
line per transcript that differs otherwise, and a closing line with counts.
"""

import argparse
import collections
import difflib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import capture
import rules
from digest import digest, read, volatile
from transcript import SCEN

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
RECORDED = HERE / "recorded"
ACCEPTED = HERE / "accepted"
DOCUMENT = TOP / "docs" / "compatibility.md"
PORTS_OF_A_SCENARIO = 400
SCENARIO_LIMIT_S = 240

# The longest first, so that they do not run alone at the end.
LONG = ["failover-manual", "tilt-reboot", "failover-crash", "failover-abort", "setters",
        "failover-stuck", "wire"]

Hunk = collections.namedtuple("Hunk", "anchor removed added")


# ---- Capturing ----


def ports_free(base):
    """Whether the ports that scenarios use can be bound."""
    offsets = [*range(1, 16), 90, 98, 99, *range(100, 106), *range(200, 220), *range(300, 316)]
    for offset in offsets:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", base + offset))
            except OSError:
                return False
    return True


class Bases:
    """Hands out blocks of ports with five digits, below those that the system
    takes for outgoing connections."""

    def __init__(self):
        self.lock = threading.Lock()
        first = 10000 + os.getpid() % 50 * PORTS_OF_A_SCENARIO
        self.bases = [base for base in range(10000, 32000, PORTS_OF_A_SCENARIO)]
        self.bases.sort(key=lambda base: (base < first, base))

    def take(self):
        with self.lock:
            while self.bases:
                base = self.bases.pop(0)
                if ports_free(base):
                    return base
        sys.exit("compare: no free ports")


def run_scenario(name, options, bases):
    """Runs one scenario in a process of its own; returns its exit status and
    output."""
    command = [sys.executable, str(HERE / "capture.py"), "--only", name,
               "--sentinel", options.sentinel, "--server", options.server,
               "--base-port", str(bases.take()), "--out", str(options.captured),
               "--work", str(options.work / "processes")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        try:
            output, _ = process.communicate(timeout=SCENARIO_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.terminate()
            output, _ = process.communicate()
            output += "%s: not done after %d s\n" % (name, SCENARIO_LIMIT_S)
    return process.returncode, output


def capture_all(names, options):
    """Runs the scenarios, options.jobs at a time. Returns those that failed."""
    queue = sorted(names, key=lambda name: LONG.index(name) if name in LONG else len(LONG))
    bases, lock, failed = Bases(), threading.Lock(), []

    def work():
        while True:
            with lock:
                if not queue:
                    return
                name = queue.pop(0)
            status, output = run_scenario(name, options, bases)
            with lock:
                sys.stdout.write(output)
                sys.stdout.flush()
                if status != 0:
                    failed.append(name)

    workers = [threading.Thread(target=work) for _ in range(options.jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return failed


# ---- Comparing ----


def prepare(name, path, side, fired):
    with open(path, encoding="utf-8") as file:
        return prepare_lines(name, file, side, fired)


def prepare_lines(name, lines, side, fired):
    """The lines that count, after the rules for one side."""
    lines = volatile(name, read(lines), rules.VOLATILE)
    lines = rules.apply(name, lines, side, fired)
    return rules.drop_timing(name, digest(name, lines))


def is_anchor(line):
    return line.startswith(("C(", "----", "====", "-- ", "conf|")) or (
        line.startswith("# ") and not line.startswith("# INFO"))


def anchor_of(lines, index):
    """The line above that says where in the transcript we are."""
    for line in reversed(lines[:index + 1]):
        if is_anchor(line):
            return line
    return "(start)"


def hunks_of(old, new):
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    result = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            result.append(Hunk(anchor_of(old, min(i, len(old) - 1)), tuple(old[i:j]),
                               tuple(new[k:m])))
    return result


def read_accepted(path):
    """[(row, hunk)] of one file of accepted differences."""
    result = []
    if not path.exists():
        return result
    row = anchor = None
    removed, added = [], []

    def close():
        if row is not None:
            result.append((row, Hunk(anchor, tuple(removed), tuple(added))))

    for line in path.read_text(encoding="utf-8").split("\n"):
        head = re.match(r"^@@ (\S+) @@ (.*)$", line)
        if head:
            close()
            row, anchor = head.groups()
            removed, added = [], []
        elif line.startswith("-"):
            removed.append(line[1:])
        elif line.startswith("+"):
            added.append(line[1:])
        elif line and not line.startswith("#"):
            sys.exit("%s: not understood: %s" % (path, line))
    close()
    return result


def show(hunk, row="?"):
    return "\n".join(["@@ %s @@ %s" % (row, hunk.anchor)] +
                     ["-" + line for line in hunk.removed] +
                     ["+" + line for line in hunk.added])


def compare_file(name, options, fired):
    """Returns the problems of one transcript, as text."""
    recorded, captured = RECORDED / (name + ".txt"), options.captured / (name + ".txt")
    if not captured.exists():
        return ["nothing was captured"]
    if not recorded.exists():
        return ["there is no recording"]
    hunks = hunks_of(prepare(name, recorded, "reference", fired),
                     prepare(name, captured, options.side, fired))
    path = ACCEPTED / (name + ".diff")
    accepted = read_accepted(path) if options.side == "ours" else []
    if options.update:
        update(path, hunks, accepted)
        return []
    problems = []
    rest = list(accepted)
    for hunk in hunks:
        found = next((entry for entry in rest if entry[1] == hunk), None)
        if found is None:
            problems.append("not accepted:\n" + show(hunk))
        else:
            rest.remove(found)
    problems += ["accepted, but does not occur:\n" + show(hunk, row) for row, hunk in rest]
    return problems


def update(path, hunks, accepted):
    rows = {hunk: row for row, hunk in accepted}
    if not hunks:
        path.unlink(missing_ok=True)
        return
    ACCEPTED.mkdir(exist_ok=True)
    path.write_text("\n\n".join(show(hunk, rows.get(hunk, "?")) for hunk in hunks) + "\n",
                    encoding="utf-8")


# ---- Rows of the document ----


def document_rows():
    """The names of the rows: the first cell, in backquotes."""
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.M)
    return collections.Counter(rows)


def check_rows():
    """Problems with the references to docs/compatibility.md."""
    known = document_rows()
    problems = ["docs/compatibility.md: row %s comes twice" % row
                for row, count in known.items() if count > 1]
    used = [("rules.py", row) for row in rules.rows()]
    for path in sorted(ACCEPTED.glob("*.diff")):
        if not (RECORDED / (path.stem + ".txt")).exists():
            problems.append("%s: no such recording" % path.name)
        for rows, _ in read_accepted(path):
            used += [(path.name, row) for row in rows.split(",")]
    for file, row in sorted(set(used)):
        if row not in known:
            problems.append("%s: docs/compatibility.md has no row %s" % (file, row))
    return problems


# ---- The comparison itself ----


def self_test():
    """The recording equals itself, and a changed line of any transcript is
    noticed. Returns problems."""
    problems, noticed, total = [], 0, 0
    for recorded in sorted(RECORDED.glob("*.txt")):
        name, lines = recorded.stem, recorded.read_text(encoding="utf-8").split("\n")
        fired = collections.Counter()
        whole = prepare_lines(name, lines, "reference", fired)
        if hunks_of(whole, prepare_lines(name, list(lines), "reference", fired)):
            problems.append("%s: differs from itself" % name)
        found = 0
        places = [i for i, line in enumerate(lines) if re.match(r"^(?!#|==|--|\|\s*$).", line)]
        for i in places[::max(1, len(places) // 8)]:
            changed = lines[:i] + [changed_line(lines[i])] + lines[i + 1:]
            found += prepare_lines(name, changed, "reference", fired) != whole
            total += 1
        noticed += found
        if not found:
            problems.append("%s: no change is noticed" % name)
    # Some of the lines are those that may differ.
    if noticed < total * 0.9:
        problems.append("only %d of %d changes are noticed" % (noticed, total))
    return problems


def changed_line(line):
    return re.sub(r"(?P<end>(\\r\\n)?( *;t=.*)?)$", r"-changed\g<end>", line, count=1)


# ---- All ----


def names_to_compare(options):
    """Transcripts: those recorded, or what was captured of some scenarios."""
    names = {path.stem for path in RECORDED.glob("*.txt")}
    captured = {path.stem for path in options.captured.glob("*.txt")}
    return sorted(captured if options.only else names | captured)


def report(options, failed):
    fired = collections.Counter()
    bad = len(failed)
    for name in failed:
        print("scenario %s failed" % name)
    names = names_to_compare(options)
    for name in names:
        problems = compare_file(name, options, fired)
        bad += bool(problems)
        for problem in problems:
            print("%s: %s\n" % (name, problem))
    stale = [] if options.only or options.side != "ours" else rules.stale(fired)
    rows = [] if options.update else check_rows()
    for problem in stale + rows:
        print(problem)
    total = len(names) + len(failed) + 1
    bad += bool(stale + rows)
    print("golden: %d passed, %d failed" % (total - bad, bad))
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentinel", default=os.environ.get(
        "SENTINELD", str(TOP / "build" / "sentineld")))
    parser.add_argument("--server", default="redis-server")
    parser.add_argument("--captured", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("GOLDEN_JOBS", "4")))
    parser.add_argument("--keep", action="store_true", help="leave what was captured")
    parser.add_argument("--reference", dest="side", action="store_const", default="ours",
                        const="reference", help="the binary is Redis Sentinel: no rule and no "
                        "accepted difference applies, which tests the comparison itself")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        problems = check_rows() + self_test()
        print("\n".join(problems + ["compare: %d problems" % len(problems)])
              if problems else "compare: clean")
        return 1 if problems else 0
    if options.captured:
        return report(options, [])
    options.work = pathlib.Path(tempfile.mkdtemp(prefix="golden-"))
    options.captured = options.work / "captured"
    if "/" in options.sentinel and " " not in options.sentinel:
        options.sentinel = os.path.realpath(options.sentinel)
    started = time.time()
    try:
        failed = capture_all(options.only.split(",") if options.only else list(SCEN), options)
        print("captured in %.0f s" % (time.time() - started), flush=True)
        return report(options, failed)
    finally:
        if options.keep:
            print("captured: %s" % options.captured)
        else:
            shutil.rmtree(options.work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
