"""What the sentinels of a quorum have logged, read on as it grows."""

import dataclasses
import pathlib
import re
import time

LINE = re.compile(r"^(\d+):\w (\d+ \w+ \d+ [\d:.]+) ([.\-*#]) (.*)$")


@dataclasses.dataclass(frozen=True)
class Line:
    """One line; a notice has the channel and its words."""

    pid: int
    stamp: str
    level: str
    text: str
    read_at: float

    @property
    def channel(self) -> str:
        return self.text.split(" ", 1)[0] if self.text[0] in "+-" else ""

    @property
    def words(self) -> list[str]:
        return self.text.split()[1:]


class LogReader:
    """Reads one log on; a line that is not complete yet waits for its end,
    or for ever when its writer was killed within it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.offset = 0

    def more(self) -> list[Line]:
        if not self.path.exists():
            return []
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self.offset += end
        lines = []
        for raw in data[:end].decode(errors="replace").splitlines():
            match = LINE.match(raw)
            if match and match[4]:
                lines.append(Line(int(match[1]), match[2], match[3], match[4],
                                  time.monotonic()))
        return lines


# What a sentinel may warn of when it is treated so: patterns of log lines of
# the level of warnings that are no notices. Any other is a violation.
EXPECTED = [re.compile(pattern) for pattern in (
    r"^oO0OoO0OoO0Oo ",
    r"^sentineld version",
    r"^Configuration loaded",
    r"^Sentinel ID is ",
    r"^(User requested shutdown|Received SIG\w+ scheduling shutdown)",
    r"^Sentinel is now ready to exit",
    r"^Executing user requested ",
    r"^Next failover delay: ",
    r"^\S+ voted for ",
    r"^Failover of '\S+' is given up: ",
    r"^Sentinels name different addresses of ",
    r"^Closing client id=",
    r"^Client id=\S+ addr=\S+ sent an HTTP request",
    r"^Master '\S+' refused the coordinated failover: ",
    r"^.* refused.*: LOADING ",  # a server that was restarted
    r"^.* refused.*: REPLICAOF not allowed while failing over",
)]

# And these only when its disk is bad.
EXPECTED_OF_BAD_DISK = [re.compile(pattern) for pattern in (
    r"^WARNING: Sentinel was not able to save the new configuration",
    r"^Failover of '\S+' is given up: the state cannot be saved",
)]


def is_expected(line: Line, bad_disk: bool) -> bool:
    if line.level != "#" or line.channel:
        return True
    known = EXPECTED + (EXPECTED_OF_BAD_DISK if bad_disk else [])
    return any(pattern.match(line.text) for pattern in known)
