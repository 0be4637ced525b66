"""The soak: several quorums of real processes at once, random faults, and the
checks of the simulation. See scripts/soak."""

import argparse
import pathlib
import resource
import shutil
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import report  # noqa: E402
from account import Account, Lateness  # noqa: E402
from cluster import REFERENCE, SENTINELD  # noqa: E402
from clusters import can_mount  # noqa: E402
from network_lab import missing  # noqa: E402
from quorum import Plan, Quorum  # noqa: E402
from resources import Sampler  # noqa: E402

# A round that has begun is ended: so much earlier begins the last one.
LAST_ROUND_SECONDS = 25
PATIENCE_SECONDS = 600  # until a quorum that does not end is given up


def plans(count: int) -> list[Plan]:
    valkey = shutil.which("valkey-server")
    mixed = int(shutil.which(REFERENCE) is not None)
    return [
        Plan("steady", steady=True),
        # The reference writes a password with a blank so that it cannot read
        # it again.
        Plan("mixed", reference_seats=mixed, password="soak-secret"),
        Plan("five", sentinels=5),
        Plan("valkey", server=valkey or "redis-server",
             password='soak # "secret"'),
    ][:count]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description="random faults on real processes")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--report", type=pathlib.Path,
                        help="where to write the report; what was measured "
                             "every ten seconds goes beside it, as .csv")
    parser.add_argument("--quorums", type=int, default=4,
                        choices=(1, 2, 3, 4))
    return parser.parse_args()


def say(text: str) -> None:
    print(text, flush=True)


def follow(quorums: list[Quorum], account: Account, until: float) -> None:
    """A line a minute until all have ended. One that hangs is a violation."""
    next_line = 60.0
    while any(quorum.is_alive() for quorum in quorums):
        for quorum in quorums:
            quorum.join(0.25)
        if account.seconds() >= next_line:
            say(report.progress(account))
            next_line += 60
        if time.monotonic() > until + PATIENCE_SECONDS:
            account.violation("soak", "does not end: " + ", ".join(
                quorum.name for quorum in quorums if quorum.is_alive()))
            return


def run(options: argparse.Namespace, directory: pathlib.Path) -> Account:
    account, lateness = Account(), Lateness()
    lateness.start()
    until = account.begin + 60 * options.minutes - LAST_ROUND_SECONDS
    quorums = [Quorum(plan, options.seed, directory, until, account, lateness)
               for plan in plans(options.quorums)]
    sampler = Sampler(quorums)
    for thread in [*quorums, sampler]:
        thread.start()
    follow(quorums, account, until)
    sampler.close()
    for series in sampler.series.values():
        for problem in series.problems():
            account.violation("resources", problem)
    head = (f"soak of {options.minutes:g} min, seed {options.seed}, "
            f"{SENTINELD}, network faults: {missing() or 'yes'}, disk "
            f"faults: {'yes' if can_mount() else 'no'}, this process at most "
            f"{lateness.worst_since(0):.2f} s late")
    text = report.closing(account, sampler, head)
    say(text)
    if options.report:
        options.report.write_text(text)
        options.report.with_suffix(".csv").write_text(
            report.samples(sampler, account.begin))
    return account


def main() -> int:
    options = arguments()
    if options.report:
        options.report.touch()  # rather now than in the end
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sentineld-soak-"))
    say(f"seed {options.seed}, logs in {directory}")
    account = run(options, directory)
    if account.violations:
        say(f"FAILED: seed {options.seed}; the logs are in {directory}")
        return 1
    if sum(account.faults.values()) == 0:
        say("FAILED: no fault was made")
        return 1
    shutil.rmtree(directory)
    say("passed")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # A thread that hangs must not keep the process.
    if threading.active_count() > 1:
        import os
        os._exit(code)
    sys.exit(code)
