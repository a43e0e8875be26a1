"""Checked tree and timeline to IR: names, library calls and clocks are gone, the step remains."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.expand.choices import choose
from lrdsl.expand.clocks import Clock
from lrdsl.expand.context import (
    MAX_NESTED,
    Context,
    Place,
    Quantity,
    Refused,
    Scope,
    Tabulate,
    Thunk,
)
from lrdsl.expand.lists import read_list_function
from lrdsl.expand.operators import compute, product, truth
from lrdsl.expand.rationals import NotFinite, Value, folded, scale, to_float, whole
from lrdsl.expand.sequences import read_sequence
from lrdsl.expand.time_constructs import read_time_construct
from lrdsl.ir.ops import Op
from lrdsl.language.arguments import match_arguments
from lrdsl.language.library import STANDARD, Function, Library
from lrdsl.language.params import Parameters, parameter_node
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node

if TYPE_CHECKING:
    from lrdsl.timeline import Timeline

PI = Fraction(math.pi)

# Where the value of a parameter stands; its problems are shown where its name does.
NOWHERE = Span(0, 0)


def expand(
    program: tree.Program, params: Parameters, run: Timeline, library: Library, tabulate: Tabulate
) -> tuple[Op, list[Diagnostic]]:
    """The IR of a checked text on a timeline, a float64 operation, and warnings.

    Raises `Refused` with every problem that shows with the timeline. `tabulate`: see `Context`.
    """
    context = Context(run, library, read_node, tabulate)
    total = run.total_steps
    frame = context.frame(None, length=None if total is None else Fraction(total))
    empty = Scope({}, library)
    names = {
        name: Thunk(parameter_node(name, value), empty, frame) for name, value in params.items()
    }
    for binding in program.bindings:
        scope = Scope(dict(names), library)  # read on the clock of where the name stands
        names.setdefault(binding.name, Thunk(binding.value, scope, None))
    place = Place(Scope(names, library), frame, whole(context.ir.step()))
    _deepen_stack()
    value = context.number(program.body, place)
    try:
        return to_float(context.ir, value), context.warnings
    except NotFinite as error:
        raise Refused([Diagnostic("LRD202", str(error), program.body.span)]) from None


def time_in_steps(node: tree.Time, run: Timeline) -> Fraction:
    """How many steps a time such as `5ep` is on a run; raises `Refused` for what the run lacks."""
    context = Context(run, STANDARD, read_node, lambda recurrence, most: ((), 0))
    return context.steps(node, Scope({}))


def read_node(context: Context, node: Node, place: Place) -> Quantity:
    match node:
        case tree.Number():
            return Quantity(folded(node.value))
        case tree.Time():
            return Quantity(context.steps(node, place.scope), time=True)
        case tree.Name():
            return name(context, node, place)
        case tree.Sequence():
            return Quantity(read_sequence(context, node, place))
        case tree.Call():
            return call(context, node, place)
        case tree.Interpolation():
            raise context.refused("LRD106", f"`{node.text}` is not resolved", node, place.scope)
    raise AssertionError(node)


def name(context: Context, node: tree.Name, place: Place) -> Quantity:
    thunk = place.scope.names.get(node.name)
    if thunk is None:
        return clock_name(context, node, place)
    if thunk.node.span == NOWHERE:
        return context.quantity(replace(thunk.node, span=node.span), thunk.at(place))
    return force(context, thunk, place)


def clock_name(context: Context, node: tree.Name, place: Place) -> Quantity:
    """A name of the language."""
    clock, what = context.clock(place), f"`{node.name}`"
    match node.name:
        case "step":
            return Quantity(place.step)
        case "epoch":
            epoch = context.needed("steps_per_epoch", node, place.scope, what)
            return Quantity(scale(context.ir, place.step, Fraction(1, epoch)))
        case "progress":
            total = context.needed("total_steps", node, place.scope, what)
            return Quantity(scale(context.ir, place.step, Fraction(1, total)))
        case "steps_per_epoch" | "total_steps" | "batch_size" as name:
            return Quantity(Fraction(context.needed(name, node, place.scope, what)))
        case "total_epochs":
            return Quantity(total_epochs(context, node, place.scope))
        case "t":
            return Quantity(clock.t, time=True)
        case "span":
            return Quantity(span(context, clock, node, place), time=True)
        case "pi":
            return Quantity(PI)
        case "lap" if clock.lap is not None:
            return Quantity(clock.lap)
        case "prev" if clock.prev is not None:
            return Quantity(clock.prev)
    home = "cycle" if node.name == "lap" else "recur"
    message = f"{what} has a meaning only inside `{home}`"
    raise context.refused("LRD016", message, node, place.scope)


def total_epochs(context: Context, node: Node, scope: Scope) -> Fraction:
    if context.run.epochs is not None:
        return Fraction(context.run.epochs)
    total = context.needed("total_steps", node, scope, "`total_epochs`")
    return Fraction(total, context.needed("steps_per_epoch", node, scope, "`total_epochs`"))


def span(context: Context, clock: Clock, node: Node, place: Place) -> Value:
    """How long the part lasts; refused where the parts before it leave no time."""
    if clock.span is None:
        context.needed("total_steps", node, place.scope, "`span`")
        raise AssertionError
    if clock.shortest is not None and clock.shortest < 0:
        many = math.ceil(-clock.shortest)
        steps = f"{many:,} step{'s' if many > 1 else ''}"
        where = "" if isinstance(clock.span, Fraction) else "in lap 0, "
        message = f"{where}the parts before this one are {steps} too long"
        help_ = "shorten them, or give this part its own length"
        raise context.refused("LRD306", message, node, place.scope, help_)
    return clock.span


def force(context: Context, thunk: Thunk, place: Place) -> Quantity:
    """The value of what a name stands for, computed once at each place."""
    place = thunk.at(place)
    key = (thunk, place.frame, place.step)
    found = context.memo.get(key)
    if found is None:
        found = context.memo[key] = _forced(context, thunk, place)
    if isinstance(found, Refused):
        raise found
    return found


def _forced(context: Context, thunk: Thunk, place: Place) -> Quantity | Refused:
    try:
        if thunk.type == "time":
            return Quantity(context.time(thunk.node, place), time=True)
        return context.quantity(thunk.node, place)
    except Refused as refused:  # which is not to be found out again and again
        return refused


def call(context: Context, node: tree.Call, place: Place) -> Quantity:
    function = place.scope.library.function(node.name)
    if function is None:
        return builtin(context, node, place)
    return library_call(context, function, node, place)


def library_call(context: Context, function: Function, node: tree.Call, place: Place) -> Quantity:
    """The body, its parameters bound to the arguments on the caller's clock."""
    given, _ = match_arguments(function.signature, node)
    library = context.library.seen_by(function)
    site, outer = place.scope.site or node.span, place.scope.outer or function.name
    names: dict[str, Thunk] = {}
    for parameter in function.definition.parameters:
        own = place.frame if parameter.type != "schedule" else None
        if parameter.name in given:
            value = given[parameter.name][0].value
            names[parameter.name] = Thunk(value, place.scope, own, parameter.type)
        else:
            assert parameter.default is not None
            # a default may use the parameters before it
            home = Scope(dict(names), library, site, outer, function)
            names[parameter.name] = Thunk(parameter.default, home, own, parameter.type)
    inside = Scope(names, library, site, outer, function)
    return context.quantity(function.definition.body, replace(place, scope=inside))


def builtin(context: Context, node: tree.Call, place: Place) -> Quantity:
    match node.name:
        case "*" | "/":
            return product(context, node, place)
        case "if":
            yes, test, no = node.operands
            condition = truth(context, test, place)
            if isinstance(condition, bool):  # what is never chosen need not make sense
                return context.quantity(yes if condition else no, place)
            a, b = context.operands((yes, no), place)
            return Quantity(choose(context.ir, condition, a.value, b.value), a.time)
        case "piecewise" | "interp" | "pick" | "passed":
            return Quantity(read_list_function(context, node, place))
        case "cycle" | "at" | "recur":
            return Quantity(read_time_construct(context, node, place))
    operands = context.operands(node.operands, place)
    values = [operand.value for operand in operands]
    is_time = operands[0].time and node.name != "//"
    return Quantity(compute(context.ir, node.name, values), is_time)


def _deepen_stack() -> None:
    """Room for nested calls, which do not use the C stack; other threads may be in need of it."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 12 * MAX_NESTED))
