#!/usr/bin/python3
"""Whether all that a user can write is shown, described and tested.

Takes the options of masters (lib/option.c), the sentinel lines of the process
and the state (sentinel/config_canonical.c), the directives
(sentinel/config*.c) and the commands (sentinel/command_table*.c), and prints a
line for each that is missing

  - in etc/sentinel.conf, commented out or not (what the sentinel alone writes
    is not shown there);
  - in the manual: options and directives in doc/sentinel.conf.5, commands in
    doc/sentineld.8;
  - in the tests: test/unit, test/sim, test/integration and the scenarios of
    test/golden (not what was recorded). A command is reached when a string of
    a test begins with it ("SENTINEL CKQUORUM mymaster", or word by word), or
    by the method of redis-py (sentinel_ckquorum); a line of the configuration
    when one is written that begins with it.

Fails when there is any.
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
# Written by the sentinel, not by people.
STATE = {"myid", "current-epoch", "config-epoch", "leader-epoch", "known-replica",
         "known-slave", "known-sentinel"}


def read(*patterns):
    return "\n".join(path.read_text(encoding="utf-8") for pattern in patterns
                     for path in sorted(TOP.glob(pattern)))


def find(what, pattern, text, least):
    names = re.findall(pattern, text, re.M)
    if len(names) < least:
        sys.exit("check-coverage: only %d %s found: has the source changed its form?" %
                 (len(names), what))
    return names


def tables():
    """Sentinel options, server directives, commands."""
    source = read("lib/option.c")
    options = find("options", r'\.name = "([a-z-]+)"', source, 9)
    options.remove("quorum")  # stands in the monitor line
    options += find("aliases", r'\.alias = "([a-z-]+)"', source, 1)
    options += find("sentinel lines", r'^ *\[SENTINEL_[A-Z_]+\] = \{"([a-z-]+)"',
                    read("sentinel/config_canonical.c"), 14)
    options.append("known-slave")
    directives = find("directives", r'^ *(?:NUMBER|TEXT|BOOL|VALUE|WORDS)\("([a-z-]+)"',
                      read("sentinel/config*.c"), 20) + ["include"]
    commands = find("commands", r'^ *\{"([a-z]+(?:\|[a-z-]+)?)",',
                    read("sentinel/command_table*.c"), 60)
    return options, directives, commands


def command_in_tests(name):
    """The pattern of a call in a test."""
    words = r"[\s\"',*]+".join(re.escape(word) for word in name.split("|"))
    method = re.escape(name.replace("|", "_").replace("-", "_"))
    raw = name.upper() if "|" not in name else "(?!)"
    return re.compile(r"[\"']%s(?![a-z|-])|\.%s\(|\\n%s\\r" % (words, method, raw), re.I)


def command_in_manual(name):
    return re.compile(r"^\.It (?:Xo )?(?:Cm|Ic) %s\b(?!-)" %
                      re.escape(name.upper().replace("|", " ")), re.M)


def line_in_tests(prefix, name):
    return re.compile(r"(?:[\"']|\\n|--|^ *)%s%s(?:[ \\\"']|$)" % (prefix, name), re.I | re.M)


def set_in_tests(name):
    """An option given to SENTINEL SET or CONFIG SET."""
    return re.compile(r"SET[^\n]*[ \"']%s[ \"']" % name, re.I)


def shown_in_sample(prefix, name):
    return re.compile(r"^#? ?%s%s( |$)" % (prefix, name), re.M)


def line_in_manual(name):
    return re.compile(r"^\.It (?:Cm|Ic) (?:sentinel )?%s(?![a-z-])" % name, re.M)


def main():
    options, directives, commands = tables()
    sample = read("etc/sentinel.conf")
    conf_manual, manual = read("doc/sentinel.conf.5"), read("doc/sentineld.8")
    tests = read("test/unit/*.[ch]", "test/sim/*.[ch]", "test/integration/*.py",
                 "test/golden/*.py")
    problems = []

    def need(pattern, text, place, name):
        if not pattern.search(text):
            problems.append("%s: %s is missing" % (place, name))

    for name in options:
        if name not in STATE and not name.startswith("primary-"):
            need(shown_in_sample("sentinel ", name), sample, "etc/sentinel.conf",
                 "sentinel " + name)
        need(line_in_manual(name), conf_manual, "doc/sentinel.conf.5", "sentinel " + name)
        if not set_in_tests(name).search(tests):
            need(line_in_tests("sentinel ", name), tests, "test", "sentinel " + name)
    for name in directives:
        need(shown_in_sample("", name), sample, "etc/sentinel.conf", name)
        need(line_in_manual(name), conf_manual, "doc/sentinel.conf.5", name)
        need(line_in_tests("", name), tests, "test", name)
    for name in commands:
        need(command_in_manual(name), manual, "doc/sentineld.8", name.upper())
        need(command_in_tests(name), tests, "test", name.upper())
    for problem in problems:
        print(problem)
    if problems:
        print("check-coverage: %d problems" % len(problems))
        return 1
    print("check-coverage: clean (%d options, %d directives, %d commands)" %
          (len(options), len(directives), len(commands)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
