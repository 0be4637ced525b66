"""Reduces a transcript to what two runs of one implementation agree on.

Most transcripts stay as they are, apart from a few lines. What was published,
logged and sent over links depends on timing: of that, the set of lines of each
part, the order within a failover, and the exact texts remain.
"""

import re

# Files in which the parts "events on ...", "log of ..." are reduced to sets.
TIMED = re.compile(r"^(events-.*|shared-links|scripts)$")

# The order of these is part of the interface, on the sentinel that leads.
CHAIN = (
    "+sdown", "+odown", "+new-epoch", "+try-failover", "+vote-for-leader",
    "+elected-leader", "+failover-state-select-slave", "+selected-slave",
    "+failover-state-send-slaveof-noone", "+failover-state-wait-promotion",
    "+promoted-slave", "+failover-state-reconf-slaves", "+slave-reconf-sent",
    "+slave-reconf-inprog", "+slave-reconf-done", "+failover-end",
    "+switch-master", "+slave", "+tilt", "-tilt", "+convert-to-slave",
    "+fix-slave-config")
# And these on one that follows.
FOLLOWER_CHAIN = ("+vote-for-leader", "+config-update-from", "+switch-master", "+slave")

EVENTS = re.compile(r"^==== events \(PSUBSCRIBE \*\) on (\S+) ====$")
LOG = re.compile(r"^==== log of (\S+) .*====$")
LINK = re.compile(r"^==== (\S+) -> (\S+), (\S+) link ====$")


def strip_time(line):
    return re.sub(r"\s*;t=[\d.]+$", "", line.rstrip("\n"))


def one_follower(text):
    """The two followers of an election are interchangeable."""
    return re.sub(r"(FOLLOWER)[12]", r"\1", text)


def read(source):
    """Lines without times; dumps of configuration files ("| ...") as sorted
    lines without the empty ones."""
    lines, dump = [], []
    for line in [strip_time(line) for line in source] + [""]:
        if line.startswith("|"):
            if line.strip("| $"):
                dump.append(line)
            continue
        lines += sorted(dump) + [line]
        dump = []
    return lines[:-1]


def parts(lines):
    """Splits at headings; a part ends with an empty line. Yields (heading or
    None, lines)."""
    heading, part = None, []
    for line in lines:
        if line.startswith("===="):
            yield heading, part
            heading, part = line, []
        elif heading is not None and line == "":
            yield heading, part
            heading, part = None, []
        else:
            part.append(line)
    yield heading, part


def segments(lines):
    """Splits what was published at the "-- ..." marks of the test."""
    mark, segment = None, []
    for line in lines:
        if line.startswith("-- "):
            yield mark, segment
            mark, segment = line, []
        else:
            segment.append(line)
    yield mark, segment


def order(lines, chain):
    """First occurrence of each type of the chain, in order."""
    seen = []
    for line in lines:
        kind = line.split(" ", 1)[0]
        if kind in chain and kind not in seen:
            seen.append(kind)
    return seen


def digest_events(who, groups):
    """GROUPS: the notices of one sentinel, or those of both followers."""
    chain = FOLLOWER_CHAIN if who == "FOLLOWER" else CHAIN
    result = ["==== published by %s ====" % who]
    marks = []
    for group in groups:
        for mark, segment in segments(group):
            if mark not in marks:
                marks.append(mark)
    for mark in marks:
        lines, orders = set(), []
        for group in groups:
            for other, segment in segments(group):
                if other != mark:
                    continue
                lines |= {re.sub(r"\s+", " ", line).strip() for line in segment}
                found = ["order: " + " ".join(order(segment, chain))]
                if len(found[0]) > 7 and found not in orders:
                    orders.append(found)
        result += ([mark] if mark else []) + sorted(lines)
        for found in sorted(orders):
            result += found
    return result + [""]


def digest_log(who, groups):
    return ["==== logged by %s ====" % who] + sorted(set(sum(groups, []))) + [""]


def grouped(found):
    """[(name, lines)] to {name: [lines, ...]}, in order."""
    result = {}
    for name, lines in found:
        result.setdefault(name, []).append(lines)
    return result


def digest_timed(lines):
    events, logs, rest = [], [], []
    for heading, part in parts([one_follower(line) for line in lines]):
        if heading and EVENTS.match(heading):
            events.append((EVENTS.match(heading).group(1), part))
        elif heading and LOG.match(heading):
            logs.append((LOG.match(heading).group(1), part))
        else:
            rest += ([heading] if heading else []) + part + ([""] if heading else [])
    result = []
    for who, groups in grouped(events).items():
        result += digest_events(who, groups)
    for who, groups in grouped(logs).items():
        result += digest_log(who, groups)
    return result + rest


def join_transactions(lines):
    """MULTI to EXEC become one line."""
    result, open_ = [], None
    for line in lines:
        if line == "C: MULTI":
            open_ = []
        if open_ is None:
            result.append(line)
            continue
        open_.append(line[3:])
        if line == "C: EXEC":
            result.append("C: " + " | ".join(open_))
            open_ = None
    return result


def digest_wire(lines):
    """For each pair of processes and kind of link: how every connection
    begins, and the set of commands that follow."""
    found = []
    rest = []
    for heading, part in parts([one_follower(line) for line in lines]):
        match = heading and LINK.match(heading)
        if match:
            found.append(("%s -> %s, %s link" % match.groups(), part))
        else:
            rest += part
    result = list(rest)
    for name, groups in sorted(grouped(found).items()):
        begin = 2 if name.endswith("pubsub link") else 3
        result.append("==== %s ====" % name)
        result += sorted({"begins: " + " ".join(line[3:] + ";" for line in group[:begin])
                          for group in groups})
        result += sorted({line for group in groups for line in join_transactions(group)})
        result.append("")
    return result


def digest_wire_bytes(lines):
    """Both directions of a link on their own: commands up to the first hello,
    replies up to the first that is not fixed."""
    result = []
    for heading, part in parts(lines):
        result += [heading] if heading else []
        if not heading:
            result += part
            continue
        sent = [line for line in part if line.startswith("C: ")]
        got = [line for line in part if line.startswith("S: ")]
        text = "\n".join(sent)
        # PINGs may come before the hello.
        text = re.sub(r"(C: \*1\\r\\n\nC: \$4\\r\\n\nC: PING\\r\\n\n?)+",
                      "C: *1\\\\r\\\\n\nC: $4\\\\r\\\\n\nC: PING\\\\r\\\\n\n", text)
        hello = re.search(r"mymaster[^\n]*", text)
        result += [line for line in (text[:hello.end()] if hello else text).split("\n") if line]
        for line in got[:14]:
            line = re.sub(r"^S: \$\d{4}\\r\\n$", "S: $<length of INFO>", line)
            result.append(re.sub(r"(LEADER|FOLLOWER[12])", "SENTINEL", line))
            if "length of INFO" in line:
                break
        result.append("")
    return result


def volatile(name, lines, table):
    """Replaces the values of fields that TABLE names for this file."""
    keys = {key for file, key in table if file == name}
    previous = ""
    result = []
    for line in lines:
        match = re.match(r"^S: +\$\d+\\r\\n(.*)\\r\\n$", previous)
        if match and match.group(1) in keys:
            line = "S: <depends on timing>"
        previous = line
        result.append(line)
    return result


def lengths(lines):
    """Bulk lengths of strings that hold a replaced path differ by machine."""
    return [re.sub(r"^(S: +)\$\d+(\\r\\n.*<(DIR|WORK)>)", r"\1$<length>\2", line)
            for line in lines]


def one_master(line):
    """Notices about a link that two masters share name either of them."""
    return re.sub(r"(alpha|beta) 127\.0\.0\.1 <(M|X)>", "<master> 127.0.0.1 <port>", line) \
        if re.match(r"^[+-]\S+ ", line) else line


def rights(line):
    """Commands that a user may run stand in no order, between rules of other
    kinds that do."""
    if not re.match(r"^(\| |S: +\$\d+\\r\\n)user ", line):
        return line
    return re.sub(r"(?<= )\+[a-z|-]+(?: \+[a-z|-]+)*",
                  lambda match: " ".join(sorted(match.group(0).split(" "))), line)


def digest(name, lines):
    lines = [rights(line) for line in lengths(lines)]
    if name == "shared-links":
        lines = [one_master(line) for line in lines]
    if name == "wire":
        return digest_wire(lines)
    if name == "wire-bytes":
        return digest_wire_bytes(lines)
    if TIMED.match(name):
        return digest_timed(lines)
    return lines
