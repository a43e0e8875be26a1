"""A schedule on a run to a few lines: where its parts begin, and its outstanding rates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lrdsl import tree
from lrdsl.formatter import format_node, format_program
from lrdsl.libraries import problems
from lrdsl.schedule import Schedule
from lrdsl.timeline import Timeline


def describe_course(schedule: Schedule, program: tree.Program, run: Timeline) -> list[str]:
    """Where the parts begin and end, and the outstanding rates."""
    total = schedule.length(run)
    page = []
    if isinstance(program.body, tree.Sequence):
        rows = [f"  {_stretch(start, end)}: {text}"
                for start, end, text in _parts(schedule, program, run, total)]  # fmt: skip
        page.append("\n".join(["parts:", *rows]))
    first, last, lowest, highest = _extremes(schedule, run, total)
    named = {"first": first, "last": last, "lowest": lowest, "highest": highest}
    lines = [f"  {name:8}{value!r} at step {step:,}" for name, (step, value) in named.items()]
    return [*page, "\n".join([f"rates of {total:,} steps:", *lines])]


def _stretch(start: int, end: int) -> str:
    if end <= start:
        return f"never (from step {start:,})"
    return f"steps {start:,} to {end - 1:,}" if end - start > 1 else f"step {start:,}"


def _parts(
    schedule: Schedule, program: tree.Program, run: Timeline, total: int
) -> Iterator[tuple[int, int, str]]:
    """First step, step behind the last, and text of each part of the outermost sequence."""
    assert isinstance(program.body, tree.Sequence)
    where = format_program(program).removeprefix(format_node(program.body))
    start, elapsed = 0, ""
    for part in program.body.parts:
        end = total
        if part.duration is not None:
            elapsed += (" + " if elapsed else "") + _as_time(part.duration, where, schedule)
            # `step` at the moment when the parts so far are over.
            text = f"at(step, {elapsed}){where}"
            moment = Schedule(text, schedule.params, schedule.library)
            end = int(moment.value(0, run))
        yield min(start, total), min(end, total), format_node(part.body)
        start = end


def _as_time(duration: tree.Node, where: str, schedule: Schedule) -> str:
    """The text of a length, in epochs where it is a bare number."""
    text = f"({format_node(duration)})"
    found = problems(f"{text} / 1ep{where}", schedule.params, schedule.files)
    return f"{text} * 1ep" if any(each.severity == "error" for each in found) else text


def _extremes(schedule: Schedule, run: Timeline, total: int) -> list[tuple[int, float]]:
    """Step and rate of the first, the last, the lowest and the highest."""
    first, last = schedule.value(0, run), schedule.value(total - 1, run)
    lowest = highest = (0, first)
    for start in range(0, total, 2**20):
        steps = np.arange(start, min(start + 2**20, total), dtype=np.int64)
        values = schedule.values(run, steps)
        low, high = int(values.argmin()), int(values.argmax())
        if values[low] < lowest[1]:
            lowest = int(steps[low]), float(values[low])
        if values[high] > highest[1]:
            highest = int(steps[high]), float(values[high])
    return [(0, first), (total - 1, last), lowest, highest]
