"""Functions of lists: `piecewise`, `interp`, `pick` and `passed`, as tables of the IR."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from lrdsl.errors.diagnostics import Diagnostic, Label
from lrdsl.expand.choices import bounded, choose, compare, least, most
from lrdsl.expand.context import Context, Place, Quantity, Refused
from lrdsl.expand.lookup import count, look_up
from lrdsl.expand.rationals import (
    ONE,
    Value,
    add,
    divide,
    multiply,
    rounds_once,
    subtract,
    to_float,
)
from lrdsl.ir.builder import Builder
from lrdsl.language.arguments import match_arguments
from lrdsl.language.builtins import BUILTINS, Parameter
from lrdsl.language.list_checks import boundary_problems
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node

Items = list[tuple[Node, Fraction]]


def read_list_function(context: Context, node: tree.Call, place: Place) -> Value:
    """The value of a call of one of them."""
    given, _ = match_arguments(BUILTINS[node.name], node)
    ir, time = context.ir, context.clock(place).t
    lists = {
        parameter.name: _items(context, parameter, given[parameter.name][0].value, place)
        for parameter in BUILTINS[node.name].parameters
        if parameter.type in ("numbers", "times")
    }
    match node.name:
        case "passed":
            return count(ir, time, sorted(value for _, value in lists["times"]))
        case "pick":
            values = [value for _, value in lists["values"]]
            index = context.number(given["index"][0].value, place)
            return look_up(ir, bounded(ir, index, 0, len(values) - 1), values)
        case "piecewise":
            times = _increasing(lists["boundaries"], place)
            _warn_unreached(context, lists["boundaries"], place)
            return look_up(ir, count(ir, time, times), [value for _, value in lists["values"]])
    times = _increasing(lists["times"], place)
    return interpolate(ir, time, times, [value for _, value in lists["values"]])


def _items(context: Context, parameter: Parameter, node: Node, place: Place) -> Items:
    """The elements of a list argument: constants, times in steps."""
    while isinstance(node, tree.Name):
        thunk = place.scope.names[node.name]
        node, place = thunk.node, thunk.at(place)
    assert isinstance(node, tree.List)
    time = parameter.type == "times"
    readers = [
        lambda n=n: Quantity(context.fixed(n, place, "an element of a list", time=time))
        for n in node.items
    ]
    values = [quantity.value for quantity in context.all(readers)]
    return list(zip(node.items, values, strict=True))  # type: ignore[arg-type]


def _increasing(items: Items, place: Place) -> list[Fraction]:
    found = boundary_problems([(place.scope.site or node.span, value) for node, value in items])
    if found:
        raise Refused(found)
    return [value for _, value in items]


def _warn_unreached(context: Context, items: Items, place: Place) -> None:
    """A warning for the boundaries that the run does not live to see."""
    total, start = context.run.total_steps, context.start_of(place.frame)
    if total is None or start is None:
        return
    late = [place.scope.site or node.span for node, value in items if start + value >= total]
    if late:
        message = f"this boundary is never reached: training ends at step {total:,}"
        labels = tuple(Label(span, "nor is this one") for span in late[1:] if not place.scope.site)
        context.warnings.append(Diagnostic("LRD305", message, late[0], "warning", labels=labels))


def interpolate(
    ir: Builder, time: Value, times: Sequence[Fraction], values: Sequence[Fraction]
) -> Value:
    """Linear interpolation: a + (b - a) * u between neighbours, the ends beyond them.

    In integers where float64 holds them, too; else as a * (1 - u) + b * u, which is a or b at the
    points.
    """
    if len(times) == 1:
        return values[0]
    kept = least(ir, most(ir, time, times[0]), times[-1])
    index = count(ir, time, times[1:-1])
    since = subtract(ir, kept, look_up(ir, index, times[:-1]))
    lengths = [after - before for before, after in pairwise(times)]
    slopes = [(b - a) / n for (a, b), n in zip(pairwise(values), lengths, strict=True)]
    line = add(ir, look_up(ir, index, values[:-1]), multiply(ir, look_up(ir, index, slopes), since))
    if rounds_once(line):
        return line
    share = to_float(ir, divide(ir, since, look_up(ir, index, lengths)))
    between = add(
        ir,
        multiply(ir, look_up(ir, index, values[:-1]), subtract(ir, ONE, share)),
        multiply(ir, look_up(ir, index, values[1:]), share),
    )
    ended = choose(ir, compare(ir, ">=", time, times[-1]), values[-1], between)
    return choose(ir, compare(ir, "<=", time, times[0]), values[0], ended)
