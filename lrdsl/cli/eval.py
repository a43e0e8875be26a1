"""`lrdsl eval`: the rates of a schedule at steps, printed as lines or as one JSON object."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.cli.exits import CLEAN, Usage
from lrdsl.cli.options import (
    DASH,
    add_library,
    add_params,
    add_timeline,
    library_files_of,
    params_of,
    timeline_of,
)
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.errors.rendering import render_all
from lrdsl.syntax import tree

if TYPE_CHECKING:
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

DESCRIPTION = "Print the rate at every step of a run, or at some."
EPILOG = DASH
_BLOCK = 65_536  # steps computed at once; what is printed is never all held


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expr", metavar="EXPR")
    parser.add_argument("--at", metavar="LIST",
                        help="steps and times, e.g. 0,5ep,50%%; by default every step")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_params(parser)
    add_library(parser)
    add_timeline(parser)


def run(args: argparse.Namespace) -> int:
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

    timeline = timeline_of(args) or Timeline()
    schedule = Schedule(args.expr, params_of(args), dict(library_files_of(args)))
    _print_warnings(schedule)
    if args.at is None:
        pairs = _every_step(schedule, timeline)
    else:
        pairs = _some_steps(schedule, timeline, args.at)
    if args.json:
        _print_json(str(schedule), pairs)
    else:
        for step, value in pairs:
            print(step, value)
    return CLEAN


def _print_warnings(schedule: Schedule) -> None:
    """What is odd about an expression that works."""
    found = schedule.check()
    if found:
        print(render_all(found, schedule.expr, "schedule"), file=sys.stderr)


def _some_steps(schedule: Schedule, run: Timeline, at: str) -> Iterator[tuple[int, float]]:
    steps = [_step_of(item.strip(), run) for item in at.split(",")]
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

    for start in range(0, total, _BLOCK):
        steps = np.arange(start, min(start + _BLOCK, total), dtype=np.int64)
        yield from zip(steps.tolist(), schedule.values(run, steps).tolist(), strict=True)


def _step_of(item: str, run: Timeline) -> int:
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
    sys.stdout.write(f'{{"expr": {json.dumps(expr)}, "values": [')
    for index, (step, value) in enumerate(pairs):
        shown = json.dumps(value if math.isfinite(value) else None)
        sys.stdout.write(f'{", " if index else ""}{{"step": {step}, "value": {shown}}}')
    sys.stdout.write("]}\n")
