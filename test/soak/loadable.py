"""Whether Redis Sentinel starts from a file that sentineld has written: on a
host of its own, without a network, so that it meets nobody."""

import pathlib
import shutil
import subprocess
import tempfile

from cluster import MASTER_NAME, REFERENCE, Timeout, wait_for


def can_try() -> bool:
    return shutil.which(REFERENCE) is not None


def refusal(text: str, directory: pathlib.Path) -> str | None:
    """What the reference says against the file TEXT, or None."""
    with tempfile.TemporaryDirectory(dir=directory) as place:
        conf = pathlib.Path(place) / "sentinel.conf"
        conf.write_text("".join(
            f"{line}\n" for line in text.splitlines()
            if not line.startswith(("bind ", "logfile "))))
        log = pathlib.Path(place) / "log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--net",
                 REFERENCE, str(conf)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=place)
        try:
            wait_for(lambda: f"+monitor master {MASTER_NAME} "
                     in log.read_text(errors="replace"), 30,
                     "the reference monitors")
            return None
        except Timeout:
            return log.read_text(errors="replace")
        finally:
            process.kill()
            process.wait(10)
