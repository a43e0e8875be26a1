"""`lrdsl eval`: the rates of a schedule, as lines or as one JSON object, as they come."""

from __future__ import annotations

import json as jsonlib
import math
import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.errors.exits import Usage
from lrdsl.errors.rendering import render_all
from lrdsl.language.params import Parameters
from lrdsl.syntax import tree

if TYPE_CHECKING:
    from lrdsl.language.user_library import Files
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

BLOCK = 65_536


def print_values(
    text: str,
    params: Parameters,
    run: Timeline | None,
    at: str | None,
    *,
    json: bool,
    files: Files = (),
) -> None:
    """Print the rates at the moments `at`, or at every step of the run."""
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

    run = run or Timeline()
    schedule = Schedule(text, params, dict(files))
    print_warnings(schedule)
    pairs = _every_step(schedule, run) if at is None else _some_steps(schedule, run, at)
    if json:
        _print_json(str(schedule), pairs)
    else:
        for step, value in pairs:
            print(step, value)


def print_warnings(schedule: Schedule) -> None:
    """What is odd about a text that works."""
    found = schedule.check()
    if found:
        print(render_all(found, schedule.expr, "schedule"), file=sys.stderr)


def _some_steps(schedule: Schedule, run: Timeline, at: str) -> Iterator[tuple[int, float]]:
    steps = [step_of(item.strip(), run) for item in at.split(",")]
    schedule.bind(run)
    return ((step, schedule.value(step, run)) for step in steps)


def _every_step(schedule: Schedule, run: Timeline) -> Iterator[tuple[int, float]]:
    if run.total_steps is None:
        raise Usage(
            "every step of the run needs its length: give --steps-per-epoch and --epochs, "
            "or --total-steps; or name some steps: --at 0,100"
        )
    schedule.bind(run)
    return _blocks(schedule, run, run.total_steps)


def _blocks(schedule: Schedule, run: Timeline, total: int) -> Iterator[tuple[int, float]]:
    import numpy as np

    for start in range(0, total, BLOCK):
        steps = np.arange(start, min(start + BLOCK, total), dtype=np.int64)
        yield from zip(steps.tolist(), schedule.values(run, steps).tolist(), strict=True)


def step_of(item: str, run: Timeline) -> int:
    """The step that an item of `--at` names: a bare number is a step, a time is rounded to one."""
    from lrdsl.expand.context import Refused
    from lrdsl.expand.expander import time_in_steps
    from lrdsl.syntax.parser import parse
    from lrdsl.timeline import LAST_STEP

    try:
        node = parse(item).body
        steps = Fraction(-1)
        if isinstance(node, tree.Number):
            steps = node.value
        elif isinstance(node, tree.Time):
            steps = time_in_steps(node, run)
    except ScheduleError:
        steps = Fraction(-1)
    except Refused as refused:
        raise ScheduleError(refused.found, item, "--at") from None
    if steps < 0:
        raise Usage(f"`--at {item}`: write steps and times, such as `--at 0,100,5ep,50%`")
    if steps > LAST_STEP:
        raise Usage(f"`--at {item}`: steps go from 0 to {LAST_STEP:,}")
    return math.floor(steps + Fraction(1, 2))


def _print_json(expr: str, pairs: Iterable[tuple[int, float]]) -> None:
    """One object, written as it grows; JSON has no NaN, which becomes null."""
    sys.stdout.write(f'{{"expr": {jsonlib.dumps(expr)}, "values": [')
    for index, (step, value) in enumerate(pairs):
        shown = jsonlib.dumps(value if math.isfinite(value) else None)
        sys.stdout.write(f'{", " if index else ""}{{"step": {step}, "value": {shown}}}')
    sys.stdout.write("]}\n")
