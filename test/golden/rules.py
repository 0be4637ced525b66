"""Differences that come in many places, said once.

A rule belongs to a row of docs/compatibility.md. It replaces a line of one
side by what the other side says, or drops it; each must match at least once
in a whole run. A rule for both sides is for lines that the test itself has
written, too; it must match more often on ours. Differences in a single place
stand in accepted/.
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
    Rule("announce-ip-empty", "reference", "*", r'^\| sentinel announce-ip ""$', DROP),
    Rule("disk-errors", "reference", "cmd-flushconfig",
         r"^log: .* Could not create tmp config file ", DROP),
    Rule("disk-errors", "ours", "cmd-flushconfig",
         r"^(log: .* configuration on disk!!!): cannot create a file in the directory "
         r"'<DIR>/sub': (No such file or directory)$", r"\1: \2"),
    Rule("config-loglevel", "ours", "cmd-*", r"^\| loglevel notice$", "| loglevel debug"),
    Rule("rewrite-keeps-lines", "both", "conf-rewrite", r"^\|    (# indented comment|bind .*)$", r"| \1"),
    Rule("rewrite-keeps-lines", "both", "conf-rewrite", r'^\| LOGLEVEL   "notice"$',
         "| loglevel notice"),
    Rule("rewrite-keeps-lines", "both", "conf-rewrite", r"^\| \\tport\\t<S1>   \\t$", "| port <S1>"),
    Rule("rewrite-keeps-lines", "both", "conf-rewrite",
         r"^\| Sentinel   Monitor   mymaster  127\.0\.0\.1   <M>    2$",
         "| sentinel monitor mymaster 127.0.0.1 <M> 2"),
    Rule("rewrite-keeps-lines", "both", "conf-rewrite",
         r"^\| sentinel DOWN-AFTER-MILLISECONDS mymaster   5000$",
         "| sentinel down-after-milliseconds mymaster 5000"),
    Rule("rewrite-keeps-lines", "both", "conf-rewrite",
         r"^\| sentinel (parallel-syncs mymaster 1|failover-timeout mymaster 180000)$", DROP),
]

# (transcript, field): the value depends on how fast the sentinel is.
VOLATILE = [
    ("cmd-failover", "failover-state"),
    ("cmd-failover", "flags"),
    ("cmd-reset", "runid"),
    ("cmd-reset", "flags"),
    ("cmd-reset", "num-slaves"),
]

# Lines that two runs of one implementation do not agree on: (row or None,
# transcripts, part, line), dropped on both sides. PART is matched with the
# heading above and the mark ("-- ...") above.
TIMING = [
    # Notices that the recorder may have come too late for.
    (None, "cmd-reset", r"events after RESET", r"^event: (\+set |-sdown +sentinel )"),
    (None, "events-start", r"published by", r"^(\+slave |order: \+slave$)"),
    # Replicas may have been found again, and written.
    ("reset-written", "cmd-reset", r"right after RESET", r"^\| sentinel known-replica "),
    # And may have been found already.
    (None, "conf-rewrite", r"right after the first start", r"^\| sentinel known-replica mymaster "),
    # A follower asks once more when it has not yet heard of the new master.
    (None, "wire", r"FOLLOWER -> ", r"is-master-down-by-addr 127\.0\.0\.1 <M> 1 \*$"),
    # A write may be under way when the directory disappears.
    (None, "cmd-flushconfig", r"IS-MASTER-DOWN", r"^log: .*(saved on disk|: cannot replace .*)$"),
    # When state is written depends on what came together.
    (None, "events-*", r"logged by", r"Sentinel new configuration saved on disk$"),
    # Whether the sentinel that comes back on another port was found down there
    # before it was connected.
    (None, "shared-links", r"started again on port S3b",
     r"^(event: )?[+-]sdown +sentinel <SID2> 127\.0\.0\.1 <S3b> "),
    # Ids of connections count all that were ever accepted.
    (None, "cmd-client", r"CLIENT ID$", r"^S: :\d+"),
    # A follower gives its vote before or after it has the quorum itself.
    (None, "events-crash-failover", r"by FOLLOWER", r"[+-]odown |Next failover delay"),
    (None, "events-crash-failover", r"by FOLLOWER",
     r"-role-change slave 127\.0\.0\.1:<PROMOTED> .* is master$"),
    # Which sentinels see it is open once the others have switched.
    (None, "events-crash-failover", r"by LEADER", r"-odown master "),
    # Who comes first turns the old master into a replica.
    (None, "events-crash-failover", r"by .* -- old master started|logged by",
     r"\+convert-to-slave |^order: \+convert-to-slave$"),
    # Both followers vote; the majority does not wait for the second.
    (None, "events-crash-failover", r"logged by LEADER", r"voted for <ID-LEADER>"),
    # Whether INFO of the old master is due just then.
    ("manual-old-master", "events-*", r"SENTINEL FAILOVER mymaster|logged by",
     r"-role-change master mymaster .* is slave$"),
    ("manual-old-master", "events-manual-failover", r"SENTINEL FAILOVER mymaster|logged by",
     r"[+-]role-change slave 127\.0\.0\.1:<M> "),
    ("manual-old-master", "events-stuck-replica-*", r"SENTINEL FAILOVER mymaster|logged by",
     r"-role-change slave 127\.0\.0\.1:<M> "),
    # How often it has tried again when the recording ends.
    ("election-retry", "events-abort-not-elected", r"master killed|logged by",
     r"(\+new-epoch|\+vote-for-leader <SID1>) [5-9]$"),
    # The first to notice the new address is the link of one master or the other.
    (None, "shared-links", r"published by", r"\+sdown sentinel <SID2> 127\.0\.0\.1 <S3b> "),
]


def apply(name, lines, side, fired):
    """Applies the rules of one side; counts in FIRED which matched."""
    for index, rule in enumerate(RULES):
        if rule.side not in (side, "both") or not fnmatch.fnmatch(name, rule.files):
            continue
        result = []
        for line in lines:
            if re.search(rule.pattern, line):
                fired[index] += -1 if rule.side == "both" and side != "ours" else 1
                if rule.replacement is DROP:
                    continue
                line = re.sub(rule.pattern, rule.replacement, line)
            result.append(line)
        lines = result
    return sort_dumps(lines)


def sort_dumps(lines):
    """Lines of configuration files are in no order."""
    result, dump = [], []
    for line in lines + [""]:
        if line.startswith("| "):
            dump.append(line)
            continue
        result += sorted(dump) + [line]
        dump = []
    return result[:-1]


def drop_timing(name, lines):
    rules = [rule for rule in TIMING if fnmatch.fnmatch(name, rule[1])]
    if not rules:
        return lines
    heading = mark = ""
    result = []
    for line in lines:
        if line.startswith(("====", "----", "C(", "# ")):
            heading, mark = line, ""
        elif line.startswith("-- "):
            mark = line
        place = (heading + " " + mark).strip()
        if any(re.search(part, place) and re.search(pattern, line)
               for _, _, part, pattern in rules):
            continue
        result.append(line)
    return result


def rows():
    return sorted({rule.row for rule in RULES} | {rule[0] for rule in TIMING if rule[0]})


def stale(fired):
    return ["rules.py: matches nothing: %s" % rule.pattern
            for index, rule in enumerate(RULES) if fired[index] <= 0]
