"""The constructs of time: `at`, `cycle` and `recur`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.clocks import Frame, TooManyLaps
from lrdsl.core import LAST_STEP
from lrdsl.language.arguments import match_arguments
from lrdsl.language.builtins import BUILTINS
from lrdsl.scopes import Place
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node
from lrdsl.values import Exact, Value

if TYPE_CHECKING:
    from lrdsl.expander import Expander

MAX_WINDOWS = 1_000_000


def timed(expander: Expander, node: tree.Call, place: Place) -> Value:
    given, _ = match_arguments(BUILTINS[node.name], node)
    arguments = {name: each[0].value for name, each in given.items()}
    match node.name:
        case "at":
            return _moved(expander, arguments, place)
        case "cycle":
            return _cycle(expander, arguments, place)
    return _recur(expander, node, arguments, place)


def _moved(expander: Expander, arguments: dict[str, Node], place: Place) -> Value:
    a = expander.arithmetic
    moment = a.nearest(expander.time(arguments["time"], place))
    exact = a.exact(moment)
    if exact is None:
        exact = a.integer(a.bounded(moment, -LAST_STEP, LAST_STEP))
    now = expander.clock(place).t
    then = a.add([place.step, exact, a.scale(now, Fraction(-1))])
    assert isinstance(then, Exact)
    return expander.number(arguments["expr"], replace(place, step=then))


def _cycle(expander: Expander, arguments: dict[str, Node], place: Place) -> Value:
    node = arguments["every"]
    every = expander.fixed(node, place, "the period", time=True)
    if every < 1:
        raise expander.refused("LRD313", "the period is shorter than one step", node, place.scope)
    growth = Fraction(1)
    if "growth" in arguments:
        node = arguments["growth"]
        growth = expander.fixed(node, place, "`growth`")
    if growth < 1:
        raise expander.refused("LRD313", "`growth` is less than 1", node, place.scope)
    inner = replace(place, frame=Frame(place.frame, every=every, growth=growth))
    try:
        expander.clock(inner)
    except TooManyLaps:
        message = "`growth` is so close to 1 that the restarts fill no table"
        raise expander.refused("LRD915", message, node, place.scope) from None
    return expander.number(arguments["expr"], inner)


def _recur(expander: Expander, node: tree.Call, arguments: dict[str, Node], place: Place) -> Value:
    """A table of the recurrence over the run, read at the window of the step."""
    a = expander.arithmetic
    start = _window_start(expander, node, place)
    every = Fraction(1)
    if "every" in arguments:
        every = expander.fixed(arguments["every"], place, "the length of a window", time=True)
    else:
        every *= expander.needed("steps_per_epoch", node, place.scope, "a window of `1ep`")
    if every < 1:
        raise expander.refused("LRD313", "a window is shorter than one step", node, place.scope)
    windows = _windows(expander, node, place, start, every)
    values = _tabulate(expander, node, arguments, place, start, every, windows)
    index = a.floor(a.scale(expander.clock(place).t, 1 / every))
    return a.read(a.index(index, windows), values)


def _window_start(expander: Expander, node: tree.Call, place: Place) -> int:
    """The step at which the clock of a recurrence begins."""
    start = expander.start_of(place.frame)
    if start is None:
        message = "`recur` cannot stand inside `cycle`: its table would differ in every lap"
        raise expander.refused("LRD105", message, node, place.scope)
    return int(start)


def _windows(expander: Expander, node: tree.Call, place: Place, start: int, every: Fraction) -> int:
    total = expander.needed("total_steps", node, place.scope, "`recur`")
    count = max(1, -((-(total - start)) // every).__floor__())
    if count > MAX_WINDOWS:
        message = f"a recurrence of {count:,} windows; the limit is {MAX_WINDOWS:,}"
        raise expander.refused("LRD915", message, node, place.scope, "give a longer `every`")
    return int(count)


def _tabulate(
    expander: Expander, node: tree.Call, arguments: dict[str, Node], place: Place,
    start: int, every: Fraction, windows: int,
) -> list[Fraction]:  # fmt: skip
    from lrdsl.engines.python import compile_python

    a = expander.arithmetic
    root = a.integer(a.graph.step())
    previous = a.graph.make("prev")
    place = replace(place, step=root)
    inner = replace(place, frame=replace(place.frame, prev=previous))
    first, following = expander.all([
        lambda: expander.quantity(arguments["first"], place),
        lambda: expander.quantity(arguments["next"], inner),
    ])  # fmt: skip
    value = compile_python(a.real(first.value))(start)
    update = compile_python(a.real(following.value))
    values = [value]
    length, parts = every.as_integer_ratio()
    for window in range(1, windows):
        value = update(start - (-window * length // parts), value)
        values.append(value)
    if any(value != value or abs(value) == float("inf") for value in values):
        raise expander.refused("LRD202", "the recurrence leaves float64", node, place.scope)
    return [Fraction(value) for value in values]
