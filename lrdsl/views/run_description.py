"""A schedule on a run to a page: its parts, its outstanding rates, its jumps and its curve."""

from __future__ import annotations

from collections.abc import Iterator

from lrdsl.engines.python import compile_python
from lrdsl.ir.ops import Op
from lrdsl.language.user_library import problems
from lrdsl.rates.facts import Rate, facts, jumps
from lrdsl.schedule import Schedule
from lrdsl.syntax import tree
from lrdsl.syntax.formatter import format_node, format_program
from lrdsl.timeline import Timeline
from lrdsl.views.plot import draw, run_curve


def describe_course(schedule: Schedule, program: tree.Program, run: Timeline) -> list[str]:
    """Where the parts begin and end, the outstanding rates, the jumps, and the curve."""
    total = schedule.length(run)
    page = []
    if isinstance(program.body, tree.Sequence):
        rows = [f"  {_stretch(start, end)}: {text}"
                for start, end, text in _parts(schedule, program, run, total)]  # fmt: skip
        page.append("\n".join(["parts:", *rows]))
    ir = schedule.bind(run).ir
    lines = [*_outstanding(ir, total), *_jumps(ir, total)]
    seen = facts(ir, total).steps
    what = f"{total:,} steps" if seen == total else f"the first {seen:,} of {total:,} steps"
    page.append("\n".join([f"rates of {what}:", *lines]))
    return [*page, draw(run_curve(ir, run))]


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
