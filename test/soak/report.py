"""The closing report of a soak, and its line a minute."""

from account import Account, median_and_worst
from resources import Sampler


def progress(account: Account) -> str:
    total = account.checks["writes acknowledged"]
    return (f"{account.seconds() / 60:.1f} min: "
            f"{sum(account.faults.values())} faults, "
            f"{sum(account.failovers.values())} failovers, "
            f"{total} writes, {sum(account.lost.values())} lost, "
            f"{len(account.violations)} violations")


def table(head: tuple[str, ...], rows: list[tuple]) -> list[str]:
    cells = [head] + [tuple(str(cell) for cell in row) for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths)))
             for row in cells]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def fault_table(account: Account) -> list[str]:
    """The times are medians and the worst; a write of a round with several
    faults counts for each of those that may lose some, if there are any."""
    names = sorted({*account.faults, *account.acknowledged})
    return table(
        ("fault", "times", "new master ms", "whole after ms", "acknowledged",
         "lost", "rounds with loss"),
        [(name, account.faults[name],
          median_and_worst(account.recovery_ms.get(name, [])),
          median_and_worst(account.healing_ms.get(name, [])),
          account.acknowledged[name], account.lost[name],
          account.lossy_rounds[name]) for name in names])


def resource_table(sampler: Sampler, shown: int = 40) -> list[str]:
    """The processes that ran longest; of the others the worst matters, which
    the limits look at."""
    rows = []
    series = [one for one in sampler.series.values() if one.samples]
    series.sort(key=lambda one: -one.seconds())
    for one in series[:shown]:
        slope = one.slope()
        rows.append((
            f"{one.quorum} {one.name}", f"{one.seconds():.0f}",
            *(f"{value >> 10}" for value in (
                one.samples[0].rss, one.samples[-1].rss,
                max(sample.rss for sample in one.samples))),
            "-" if slope is None else f"{slope / 1024:.0f}",
            "/".join(str(value) for value in (
                one.samples[0].descriptors, one.samples[-1].descriptors,
                max(sample.descriptors for sample in one.samples))),
            max(sample.threads for sample in one.samples),
            f"{one.cpu_percent():.2f}"))
    return table(
        ("sentineld", "seconds", "KiB first", "last", "max", "KiB/h",
         "fds first/last/max", "threads", "CPU %"), rows)


def samples(sampler: Sampler, begin: float) -> str:
    """All that was measured, a line each."""
    lines = ["second,quorum,sentineld,pid,rss_bytes,descriptors,threads,"
             "cpu_seconds"]
    for one in sampler.series.values():
        lines += [f"{sample.when - begin:.0f},{one.quorum},{one.name},"
                  f"{one.pid},{sample.rss},{sample.descriptors},"
                  f"{sample.threads},{sample.cpu:.2f}"
                  for sample in one.samples]
    return "\n".join(lines) + "\n"


def counts(title: str, counter) -> list[str]:
    return [title] + [f"  {count:8d}  {name}"
                      for name, count in counter.most_common()]


def closing(account: Account, sampler: Sampler, head: str) -> str:
    lines = [head, progress(account), "", *fault_table(account), "",
             *counts("checked", account.checks), "",
             *counts("failovers", account.failovers), "",
             *resource_table(sampler), "",
             *counts("warnings logged", account.warnings), "",
             f"failovers that no fault explains: {len(account.unprovoked)}",
             *(f"  {text}" for text in account.unprovoked), "",
             f"violations: {len(account.violations)}",
             *(f"  {text}" for text in account.violations)]
    return "\n".join(lines) + "\n"
