"""Differences that come in many places, said once.

A rule belongs to a row of docs/compatibility.md. It replaces a line of one
side by what the other side says, or drops it; each must match at least once
in a whole run. Differences in a single place stand in accepted/.
"""

import collections
import fnmatch
import re

Rule = collections.namedtuple("Rule", "row side files pattern replacement")

DROP = None

RULES = [
    # Start and end.
    Rule("own-name", "ours", "startup-errors",
         r"^out\| \*\*\* FATAL CONFIG FILE ERROR \(sentineld [0-9][^)]*\) \*\*\*$",
         "out| *** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***"),
    Rule("error-names-file", "ours", "startup-errors",
         r"^out\| Reading the configuration file '<DIR>/s\.conf', at line (\d+)$",
         r"out| Reading the configuration file, at line \1"),
    Rule("own-name", "ours", "*",
         r"(<time> # )oO0OoO0OoO0Oo sentineld is starting oO0OoO0OoO0Oo$",
         r"\1oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"),
    Rule("own-name", "ours", "*",
         r"(<time> # )sentineld version=[0-9]\S*, bits=64, pid=<pid>, just started$",
         r"\1Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=<pid>, just started"),
    Rule("log-clock", "reference", "*",
         r"^(\w+\| )?<pid>:X <time> \* monotonic clock: POSIX clock_gettime$", DROP),
    # INFO.
    Rule("info-version", "ours", "*", r"^S:   \| sentineld_version:<v>$", DROP),
    # Configuration files.
    Rule("rewrite-server-lines", "reference", "*",
         r"^\| latency-tracking-info-percentiles 50 99 99\.9$", DROP),
    Rule("rewrite-server-lines", "reference", "*", r"^\| protected-mode no$", DROP),
    Rule("rewrite-server-lines", "reference", "*",
         r"^\| user default on nopass (sanitize-payload )?~\* &\* \+@all$", DROP),
    Rule("rewrite-server-lines", "reference", "*", r'^\| dir "<DIR>"$', "| dir <DIR>"),
]

# (transcript, field): the value depends on how fast the sentinel is.
VOLATILE = [
    ("cmd-failover", "failover-state"),
    ("cmd-failover", "flags"),
    ("cmd-reset", "runid"),
    ("cmd-reset", "flags"),
    ("cmd-reset", "num-slaves"),
]

# Lines that two runs of one implementation do not agree on: (transcripts, part,
# line), dropped on both sides. PART is matched with the heading above and the
# mark ("-- ...") above.
TIMING = [
    # Notices that the recorder may have come too late for.
    ("cmd-reset", r"events after RESET", r"^event: \+set "),
    # When state is written depends on what came together.
    ("events-*", r"logged by", r"Sentinel new configuration saved on disk$"),
    # Ids of connections count all that were ever accepted.
    ("cmd-client", r"CLIENT ID$", r"^S: :\d+"),
]


def apply(name, lines, side, fired):
    """Applies the rules of one side; counts in FIRED which matched."""
    for index, rule in enumerate(RULES):
        if rule.side != side or not fnmatch.fnmatch(name, rule.files):
            continue
        result = []
        for line in lines:
            if re.search(rule.pattern, line):
                fired[index] += 1
                if rule.replacement is DROP:
                    continue
                line = re.sub(rule.pattern, rule.replacement, line)
            result.append(line)
        lines = result
    return lines


def drop_timing(name, lines):
    rules = [rule for rule in TIMING if fnmatch.fnmatch(name, rule[0])]
    if not rules:
        return lines
    heading = mark = ""
    result = []
    for line in lines:
        if line.startswith(("====", "----", "C(", "# ")):
            heading, mark = line, ""
        elif line.startswith("-- "):
            mark = line
        place = heading + " " + mark
        if any(re.search(part, place) and re.search(pattern, line)
               for _, part, pattern in rules):
            continue
        result.append(line)
    return result


def rows():
    return sorted({rule.row for rule in RULES})


def stale(fired):
    return ["rules.py: matches nothing: %s" % rule.pattern
            for index, rule in enumerate(RULES) if not fired[index]]
