"""The time constructs `at`, `cycle` and `recur`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from lrdsl.expand.choices import bounded
from lrdsl.expand.context import MAX_CALLS, Context, Place, Recurrence, TooMuchWork
from lrdsl.expand.cycles import MAX_LAPS, TooManyLaps, restarts
from lrdsl.expand.rationals import ONE, Value, Whole, add, nearest, scale, to_float, whole
from lrdsl.ir.ops import LAST_STEP, Op
from lrdsl.language.arguments import match_arguments
from lrdsl.language.builtins import BUILTINS
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node

MAX_WINDOWS = 1_000_000


def read_time_construct(context: Context, node: tree.Call, place: Place) -> Value:
    """The value of a call of one of them."""
    given, _ = match_arguments(BUILTINS[node.name], node)
    arguments = {name: each[0].value for name, each in given.items()}
    match node.name:
        case "at":
            return _moved(context, arguments, place)
        case "cycle":
            return _cycle(context, arguments, place)
    return _recur(context, node, arguments, place)


def _moved(context: Context, arguments: dict[str, Node], place: Place) -> Value:
    """The expression with the run's step moved to the moment on the clock of this place."""
    moment = nearest(context.ir, context.time(arguments["time"], place))
    if isinstance(moment, Op):
        moment = bounded(context.ir, moment, -LAST_STEP, LAST_STEP)
    then = add(context.ir, context.clock(place).start, moment)
    return context.number(arguments["expr"], replace(place, step=then))


def _cycle(context: Context, arguments: dict[str, Node], place: Place) -> Value:
    node = arguments["every"]
    every = context.fixed(node, place, "the period", time=True)
    if every < 1:
        raise context.refused("LRD313", "the period is shorter than one step", node, place.scope)
    growth = ONE
    if "growth" in arguments:
        node = arguments["growth"]
        growth = context.fixed(node, place, "`growth`")
    if growth < 1:
        raise context.refused("LRD313", "`growth` is less than 1", node, place.scope)
    if growth > 1:
        _refuse_many_laps(context, every, growth, node, place)
    frame = context.frame(place.frame, every=every, growth=growth)
    return context.number(arguments["expr"], replace(place, frame=frame))


def _refuse_many_laps(
    context: Context, every: Fraction, growth: Fraction, node: Node, place: Place
) -> None:
    """The laps of a growing cycle are a table; those of one text have a limit."""
    try:
        laps = len(restarts(every, growth)[0])
    except TooManyLaps:
        context.work -= MAX_LAPS
        message = "`growth` is so close to 1 that the restarts fill no table"
        raise context.refused("LRD915", message, node, place.scope) from None
    if (every, growth) not in context.restarts:
        context.restarts.add((every, growth))
        context.spend(laps, node, place)


def _recur(context: Context, node: tree.Call, arguments: dict[str, Node], place: Place) -> Value:
    """A table of the recurrence over the run, read at the window of the step."""
    start = context.start_of(place.frame)
    if start is None:
        message = "`recur` cannot stand inside `cycle`: its table would differ in every lap"
        raise context.refused("LRD105", message, node, place.scope)
    every = _window(context, node, arguments, place)
    windows = _windows(context, node, place, start, every)
    table = _tabulate(context, node, arguments, place, start, every, windows)
    ir = context.ir
    index = bounded(ir, scale(ir, context.clock(place).t, 1 / every), 0, windows - 1)
    if isinstance(index, Fraction):
        return Fraction(table[int(index)])
    assert isinstance(index, Whole)
    return ir.take(index.op, table, "float")


def _window(
    context: Context, node: tree.Call, arguments: dict[str, Node], place: Place
) -> Fraction:
    """How many steps a window has."""
    if "every" in arguments:
        every = context.fixed(arguments["every"], place, "the length of a window", time=True)
    else:
        scope = place.scope
        every = Fraction(context.needed("steps_per_epoch", node, scope, "a window of `1ep`"))
    if every < 1:
        raise context.refused("LRD313", "a window is shorter than one step", node, place.scope)
    return every


def _windows(
    context: Context, node: tree.Call, place: Place, start: Fraction, every: Fraction
) -> int:
    """How many windows the rest of the run has."""
    total = context.needed("total_steps", node, place.scope, "`recur`")
    windows = max(1, math.ceil((total - start) / every))
    if windows > MAX_WINDOWS:
        message = f"a recurrence of {windows:,} windows; the limit is {MAX_WINDOWS:,}"
        raise context.refused("LRD915", message, node, place.scope, "give a longer `every`")
    return windows


def _tabulate(
    context: Context, node: tree.Call, arguments: dict[str, Node], place: Place,
    start: Fraction, every: Fraction, windows: int,
) -> Sequence[float]:  # fmt: skip
    """The value of each window: `first`, then `next` of the one before."""
    ir = context.ir
    place = replace(place, step=whole(ir.step()))
    inner = replace(place, frame=context.frame(place.frame, prev=ir.make("prev")))
    first, following = context.all([
        lambda: context.quantity(arguments["first"], place),
        lambda: context.quantity(arguments["next"], inner),
    ])  # fmt: skip
    recurrence = Recurrence(
        to_float(ir, first.value), to_float(ir, following.value), int(start), every, windows
    )
    try:
        values, work = context.tabulate(recurrence, context.calls)
    except TooMuchWork:
        message = f"recurrences of more than {MAX_CALLS:,} operations, {windows:,} windows here"
        help_ = "give a longer `every`"
        raise context.refused("LRD915", message, node, place.scope, help_) from None
    context.calls -= work
    if not all(map(math.isfinite, values)):
        raise context.refused("LRD202", "the recurrence leaves float64", node, place.scope)
    return values
