"""What `lrdsl check` found, printed for people, and counted."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import SEVERITIES
from lrdsl.errors.rendering import render_all, visible

if TYPE_CHECKING:
    from lrdsl.check.checking import Checked
    from lrdsl.timeline import Timeline

MAX_SHOWN = 100  # problems of one text


@dataclass
class Totals:
    """How many schedules, files and problems of each severity there were."""

    schedules: int = 0
    files: int = 0
    unreadable: int = 0
    severities: Counter[str] = field(default_factory=Counter)


def print_report(results: Iterable[Checked], run: Timeline | None) -> Totals:
    """Print every problem as it comes, and a last line; returns what was counted."""
    totals = Totals()
    for checked in results:
        totals.schedules += checked.schedules
        totals.files += checked.is_file
        totals.unreadable += bool(checked.unreadable)
        totals.severities.update(each.severity for each in checked.found)
        _print(checked)
    _print_summary(totals, run)
    return totals


def _print(checked: Checked) -> None:
    if checked.unreadable:
        sys.stdout.flush()
        name = visible(checked.name)
        print(f"error: `{name}` cannot be read: {checked.unreadable}", file=sys.stderr)
    if checked.found:
        ordered = sorted(checked.found, key=lambda each: (each.span, each.code))
        print(render_all(ordered[:MAX_SHOWN], checked.text, checked.name), end="\n\n")
    if len(checked.found) > MAX_SHOWN:
        print(f"{visible(checked.name)}: {len(checked.found) - MAX_SHOWN:,} more problems\n")


def _print_summary(totals: Totals, run: Timeline | None) -> None:
    files = f" in {_many(totals.files, 'file')}" if totals.files else ""
    what = f"{_many(totals.schedules, 'schedule')}{files}"
    counts = totals.severities
    results = [_many(counts[each], each) for each in SEVERITIES if counts[each]]
    if totals.schedules or results:
        print(f"{what}: {', '.join(results) or 'no problems'}")
    else:
        print(f"nothing to check: {what}")
    if totals.schedules and (run is None or run.total_steps is None):
        print("not checked: lengths and rates over a run, which need"
              " --steps-per-epoch and --epochs (or --total-steps)")  # fmt: skip


def _many(count: int, noun: str) -> str:
    """`no files`, `1 file`, `2,000 files`."""
    plural = noun if count == 1 or noun == "info" else f"{noun}s"
    return f"{count:,} {plural}" if count else f"no {plural}"
