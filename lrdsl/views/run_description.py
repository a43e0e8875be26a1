"""A schedule on a run to a page: its parts, its outstanding rates, its jumps and its curve."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

import numpy as np

from lrdsl.bounds import EVERY_STEP
from lrdsl.core import Op
from lrdsl.engines.numpy import compile_numpy
from lrdsl.engines.python import compile_python
from lrdsl.extremes import Found, extremes
from lrdsl.jumps import jumps
from lrdsl.language.user_library import problems
from lrdsl.schedule import Schedule
from lrdsl.syntax import tree
from lrdsl.syntax.formatter import format_node, format_program
from lrdsl.timeline import Timeline
from lrdsl.views.plot import draw_run


def describe_course(schedule: Schedule, program: tree.Program, run: Timeline) -> list[str]:
    """Where the parts begin and end, the outstanding rates, the jumps, and the curve."""
    total = schedule.length(run)
    page = []
    if isinstance(program.body, tree.Sequence):
        rows = [f"  {_stretch(start, end)}: {text}"
                for start, end, text in _parts(schedule, program, run, total)]  # fmt: skip
        page.append("\n".join(["parts:", *rows]))
    core = schedule.bind(run).core
    lines = [*_outstanding(core, total), *_jumps(core, total)]
    page.append("\n".join([f"rates of {total:,} steps:", *lines]))
    return [*page, _drawn(core, run)]


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


def _outstanding(core: Op, total: int) -> list[str]:
    """Step and rate of the first, the last, the lowest and the highest, a line each."""
    rate, (lowest, highest) = compile_python(core), _extremes(core, total)
    lines = [_row("first", rate(0), 0), _row("last", rate(total - 1), total - 1)]
    for name, found, word in (("lowest", lowest, "below"), ("highest", highest, "above")):
        line = _row(name, found.value, found.step)
        if not found.exact:
            line += " of those seen"
            line += f"; none is {word} {found.bound:.9g}" if math.isfinite(found.bound) else ""
        lines.append(line)
    return lines


def _row(name: str, rate: float, step: int) -> str:
    return f"  {name:8}{rate:.12g} at step {step:,}"


def _extremes(core: Op, total: int) -> tuple[Found, Found]:
    lowest, highest = extremes(core, 0, total - 1)
    if (lowest.exact and highest.exact) or total > EVERY_STEP:
        return lowest, highest
    values = compile_numpy(core)(np.arange(total, dtype=np.int64))
    low, high = int(values.argmin()), int(values.argmax())
    return (Found(low, float(values[low]), float(values[low]), True),
            Found(high, float(values[high]), float(values[high]), True))  # fmt: skip


def _jumps(core: Op, total: int) -> list[str]:
    """How many, the first, and the largest, in two lines."""
    found = jumps(core, 0, total - 1)
    if found.largest is None:
        return [f"  jumps   none{'' if found.exact and found.complete else ' seen'}"]
    about = "" if found.exact else "about "
    seen = "" if found.complete else " seen"
    steps = "; ".join(f"{jump.step:,}" for jump in found.first)
    where = "at step" if found.number == 1 else "the first at steps"
    if 1 < found.number == len(found.first):
        where = "at steps"
    step, before, after = found.largest
    return [
        f"  jumps   {about}{found.number:,}{seen}, {where} {steps}",
        f"  largest from {before:.6g} to {after:.6g} at step {step:,}",
    ]


def _drawn(core: Op, run: Timeline) -> str:
    try:
        "┤⠿".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return draw_run(core, run, ascii_only=True)
    return draw_run(core, run)
