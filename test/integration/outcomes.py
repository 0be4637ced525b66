"""What trials measured: repeated on request, and shown as a table at the end
of a run. Hooks of pytest, for conftest.py."""

import pytest

PREFIX = "outcome "

__all__ = ["outcome", "pytest_addoption", "pytest_generate_tests",
           "pytest_terminal_summary"]


def pytest_addoption(parser):
    parser.addoption("--repeat", type=int, default=1,
                     help="run the trials that measure so many times")


def pytest_generate_tests(metafunc):
    count = metafunc.config.getoption("--repeat")
    if count > 1 and "outcome" in metafunc.fixturenames:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(count))


@pytest.fixture
def outcome(request, record_property):
    """outcome("trial", recovery_ms=1234, lost=0): for the table."""

    def record(trial, **numbers):
        for name, value in numbers.items():
            record_property(f"{PREFIX}{trial}\t{name}", value)

    return record


def pytest_terminal_summary(terminalreporter):
    rows = {}
    for kind in ("passed", "failed"):
        for report in terminalreporter.stats.get(kind, []):
            for key, value in report.user_properties:
                if report.when == "call" and key.startswith(PREFIX):
                    row = rows.setdefault(key[len(PREFIX):], [])
                    row.append(value)
    if not rows or terminalreporter.config.getoption("--repeat") < 2:
        return
    terminalreporter.section("outcomes: times, least, median, most")
    for key in sorted(rows):
        trial, name = key.split("\t")
        values = sorted(rows[key])
        terminalreporter.write_line(
            f"{trial:48} {name:16} {len(values):3} {values[0]:7} "
            f"{values[len(values) // 2]:7} {values[-1]:7}")
