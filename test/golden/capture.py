#!/usr/bin/python3
"""Records what a sentinel answers, publishes, logs and writes.

Runs scenarios against real data servers and a sentinel binary, and writes one
normalised text file per scenario section. Standard library only; loopback
only; stops only what it started. README.md next to this file explains the
notation.

  capture.py --sentinel build/sentineld --out DIR
  capture.py ... --only setters,wire     some scenarios
  capture.py --list                      names of the scenarios
  capture.py --raw PORT SENTINEL MYID    one command, the bytes of its reply

The sentinel is run as "<command> <configuration file>".
"""

import argparse
import os
import signal
import sys
import time
import traceback

# Each adds its scenarios to the table.
import queries  # noqa: F401
import setters  # noqa: F401
import startup  # noqa: F401
import failover  # noqa: F401
import events  # noqa: F401
import oddities  # noqa: F401
import wire  # noqa: F401
from processes import Env
from resp import Conn
from symbols import esc
from transcript import SCEN, T


def raw(port, words):
    connection = Conn(int(port))
    connection.send(*words)
    out, _ = connection.drain(0.5)
    sys.stdout.write(esc(out).replace("\\r\\n", "\\r\\n\n"))
    return 0


def run(name, options):
    """Runs one scenario and writes its files. A scenario that fails leaves
    what it has recorded so far."""
    started = time.time()
    env = Env(options, name)
    transcript = T(env, options)
    result = "ok"
    try:
        SCEN[name](env, transcript)
    except Exception as error:
        traceback.print_exc()
        result = "FAILED: %r" % error
    finally:
        env.close()
    transcript.save()
    print("%-18s %-10s %.0f s" % (name, result, time.time() - started), flush=True)
    return result == "ok"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentinel", default="redis-sentinel", help="command of the sentinel")
    parser.add_argument("--server", default="redis-server", help="command of the data server")
    parser.add_argument("--base-port", type=int, default=31000,
                        help="first of 400 ports; five digits")
    parser.add_argument("--out", default="capture-out", help="directory for the transcripts")
    parser.add_argument("--work", default="capture-work", help="directory for the processes")
    parser.add_argument("--only", default="", help="names of scenarios, with commas")
    parser.add_argument("--list", action="store_true", help="show the names of the scenarios")
    parser.add_argument("--raw", nargs=argparse.REMAINDER, metavar="PORT COMMAND")
    options = parser.parse_args()
    if options.list:
        for name, function in SCEN.items():
            print("%-18s %s" % (name, (function.__doc__ or "").strip()))
        return 0
    if options.raw:
        return raw(options.raw[0], options.raw[1:])
    # So that a run that is ended stops what it has started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("ended by a signal"))
    options.work = os.path.abspath(options.work)
    options.out = os.path.abspath(options.out)
    os.makedirs(options.work, exist_ok=True)
    names = options.only.split(",") if options.only else list(SCEN)
    return 0 if all([run(name, options) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
