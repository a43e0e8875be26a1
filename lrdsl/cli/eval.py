"""`lrdsl eval`: the rates of a schedule at steps, printed as lines or as one JSON object."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.cli import options
from lrdsl.cli.exits import CLEAN, Usage
from lrdsl.errors.diagnostics import ScheduleError
from lrdsl.errors.rendering import render_all
from lrdsl.syntax import tree

if TYPE_CHECKING:
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

DESCRIPTION = "Print the rate at every step of a run, or at some."
EPILOG = options.DASH
_BLOCK = 65_536  # steps computed at once; what is printed is never all held


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expr", metavar="EXPR")
    parser.add_argument("--at", metavar="LIST",
                        help="steps and times, e.g. 0,5ep,50%%; by default every step")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options.add_schedule_options(parser)


def run(args: argparse.Namespace) -> int:
    from lrdsl.schedule import Schedule
    from lrdsl.timeline import Timeline

    timeline = options.timeline_of(args) or Timeline()
    schedule = Schedule(args.expr, options.params_of(args), dict(options.library_files_of(args)))
    if found := schedule.check():  # what is odd about an expression that works
        print(render_all(found, schedule.expr, "schedule"), file=sys.stderr)
    if args.at is None:
        steps = _every_step(timeline)
    else:
        steps = [_step_of(item.strip(), timeline) for item in args.at.split(",")]
    schedule.bind(timeline)  # raises before anything is printed
    pairs = _rates(schedule, timeline, steps)
    if args.json:
        _print_json(str(schedule), pairs)
    else:
        for step, value in pairs:
            print(step, value)
    return CLEAN


def _every_step(run: Timeline) -> Sequence[int]:
    if run.total_steps is None:
        raise Usage(
            "every step of the run needs its length: give --steps-per-epoch and --epochs, "
            "or --total-steps; or name some steps: --at 0,100"
        )
    return range(run.total_steps)


def _rates(schedule: Schedule, run: Timeline, steps: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Each of the steps and its rate, computed in blocks."""
    import numpy as np

    for start in range(0, len(steps), _BLOCK):
        block = steps[start : start + _BLOCK]
        yield from zip(block, schedule.values(run, np.array(block)).tolist(), strict=True)


def _step_of(item: str, run: Timeline) -> int:
    """The step that an item of `--at` names: a bare number is a step, a time is rounded to one."""
    from lrdsl.expand.context import Refused
    from lrdsl.expand.expander import time_in_steps
    from lrdsl.syntax.parser import parse
    from lrdsl.timeline import LAST_STEP

    steps = Fraction(-1)
    try:
        match parse(item).body:
            case tree.Number(value=value):
                steps = value
            case tree.Time() as time:
                steps = time_in_steps(time, run)
    except Refused as refused:
        raise ScheduleError(refused.found, item, "--at") from None
    except ScheduleError:
        pass
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
