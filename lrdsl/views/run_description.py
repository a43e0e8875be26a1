"""A schedule on a run to a page: its parts, its outstanding rates, its jumps and its curve."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import pairwise

from lrdsl.engines.python import compile_python
from lrdsl.ir.ops import Op
from lrdsl.rates.facts import Rate, facts, jumps
from lrdsl.schedule import Schedule
from lrdsl.syntax import tree
from lrdsl.syntax.formatter import format_node, format_program
from lrdsl.timeline import Timeline
from lrdsl.views.plot import draw, run_curve


def describe_course(schedule: Schedule, program: tree.Program, run: Timeline) -> list[str]:
    """Where the parts begin and end, the outstanding rates, the jumps, and the curve."""
    total, ir = schedule.length(run), schedule.bind(run).ir
    page = []
    if isinstance(program.body, tree.Sequence):
        ends = pairwise(_starts(schedule, program, program.body, run))
        rows = [f"  {_stretch(start, end)}: {format_node(part.body)}"
                for part, (start, end) in zip(program.body.parts, ends, strict=True)]  # fmt: skip
        page.append("\n".join(["parts:", *rows]))
    lines = [*_outstanding(ir, total), *_jumps(ir, total)]
    seen = facts(ir, total).steps
    what = f"{total:,} steps" if seen == total else f"the first {seen:,} of {total:,} steps"
    page.append("\n".join([f"rates of {what}:", *lines]))
    return [*page, draw(run_curve(ir, run))]


def _stretch(start: int, end: int) -> str:
    if end <= start:
        return f"never (from step {start:,})"
    return f"steps {start:,} to {end - 1:,}" if end - start > 1 else f"step {start:,}"


def _starts(
    schedule: Schedule, program: tree.Program, body: tree.Sequence, run: Timeline
) -> list[int]:
    """The first step of each part of the outermost sequence, and the one behind the last.

    The number of the part in place of its rate is a schedule that only rises: bisection.
    """
    parts = [*body.parts, replace(body.parts[-1], duration=None)]
    if body.parts[-1].duration is None:
        del parts[-1]
    numbered = [replace(part, body=tree.Number(str(number), span=part.span))
                for number, part in enumerate(parts)]  # fmt: skip
    text = format_program(replace(program, body=replace(body, parts=tuple(numbered))))
    number_at = compile_python(Schedule(text, schedule.params, schedule.library).bind(run).ir)
    steps = range(schedule.length(run))
    return [
        bisect_left(steps, float(number), key=number_at) for number in range(len(body.parts) + 1)
    ]


def _outstanding(ir: Op, total: int) -> list[str]:
    """Step and rate of the first, the last, the lowest and the highest, a line each."""
    rate, seen = compile_python(ir), facts(ir, total)
    ends = {"first": Rate(0, rate(0)), "last": Rate(total - 1, rate(total - 1))}
    rows = {**ends, "lowest": seen.lowest, "highest": seen.highest}
    return [f"  {name:8}{at.value:.12g} at step {at.step:,}" for name, at in rows.items() if at]


def _jumps(ir: Op, total: int) -> list[str]:
    """How many, the first, and the largest, in two lines."""
    found = jumps(ir, total)
    if found.largest is None:
        return ["  jumps   none"]
    steps = "; ".join(f"{jump.step:,}" for jump in found.first)
    where = "at step" if found.number == 1 else "the first at steps"
    if 1 < found.number == len(found.first):
        where = "at steps"
    largest = found.largest
    return [
        f"  jumps   {found.number:,}, {where} {steps}",
        f"  largest from {largest.before:.6g} to {largest.after:.6g} at step {largest.step:,}",
    ]
