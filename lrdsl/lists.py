"""Functions of lists: `piecewise`, `interp`, `pick` and `passed`."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from lrdsl.arithmetic import Arithmetic
from lrdsl.errors.diagnostics import Diagnostic, Label
from lrdsl.language.arguments import match_arguments
from lrdsl.language.builtins import BUILTINS, Parameter
from lrdsl.language.list_checks import boundary_problems
from lrdsl.limits import maximum, minimum
from lrdsl.scopes import Place, Quantity, Refused
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node
from lrdsl.values import Exact, Value, constant, constant_of

if TYPE_CHECKING:
    from lrdsl.expander import Expander


def listed(expander: Expander, node: tree.Call, place: Place) -> Value:
    given, _ = match_arguments(BUILTINS[node.name], node)
    a = expander.arithmetic
    time = expander.clock(place).t
    lists = {
        parameter.name: _items(expander, parameter, given[parameter.name][0].value, place)
        for parameter in BUILTINS[node.name].parameters
        if parameter.type in ("numbers", "times")
    }
    match node.name:
        case "passed":
            return a.count(time, sorted(value for _, value in lists["times"]))
        case "pick":
            values = [value for _, value in lists["values"]]
            index = expander.number(given["index"][0].value, place)
            return a.read(a.index(index, len(values)), values)
        case "piecewise":
            times = _increasing(lists["boundaries"], place)
            _reached(expander, lists["boundaries"], place)
            return a.read(a.count(time, times), [value for _, value in lists["values"]])
    times = _increasing(lists["times"], place)
    return _interpolate(a, time, times, [value for _, value in lists["values"]])


def _items(
    expander: Expander, parameter: Parameter, node: Node, place: Place
) -> list[tuple[Node, Fraction]]:
    """The elements of a list argument: constants, times in steps."""
    while isinstance(node, tree.Name):
        thunk = place.scope.names[node.name]
        node, place = thunk.node, thunk.at(place)
    assert isinstance(node, tree.List)
    time = parameter.type == "times"
    readers = [
        lambda n=n: Quantity(constant(expander.fixed(n, place, "an element of a list", time=time)))
        for n in node.items
    ]
    values = [constant_of(quantity.value) for quantity in expander.all(readers)]
    return list(zip(node.items, values, strict=True))  # type: ignore[arg-type]


def _increasing(items: list[tuple[Node, Fraction]], place: Place) -> list[Fraction]:
    found = boundary_problems([(place.scope.site or node.span, value) for node, value in items])
    if found:
        raise Refused(found)
    return [value for _, value in items]


def _reached(expander: Expander, items: list[tuple[Node, Fraction]], place: Place) -> None:
    """A warning for each boundary that the run does not live to see."""
    total, start = expander.run.total_steps, expander.start_of(place.frame)
    if total is None or start is None:
        return
    late = [place.scope.site or node.span for node, value in items if start + value >= total]
    if late:
        message = f"this boundary is never reached: training ends at step {total:,}"
        labels = tuple(Label(span, "nor is this one") for span in late[1:] if not place.scope.site)
        expander.warnings.append(Diagnostic("LRD305", message, late[0], "warning", labels=labels))


def _interpolate(
    a: Arithmetic, time: Exact, times: list[Fraction], values: list[Fraction]
) -> Value:
    """Weights of both neighbours, so that nothing cancels: v0 (t1 - t) + v1 (t - t0)."""
    if len(times) == 1:
        return constant(values[0])
    kept = minimum(a, maximum(a, time, constant(times[0])), constant(times[-1]))
    index = a.count(time, times[1:-1])
    pairs = list(pairwise(times))
    left = a.read(index, [v / (t1 - t0) for v, (t0, t1) in zip(values, pairs, strict=False)])
    right = a.read(index, [v / (t1 - t0) for v, (t0, t1) in zip(values[1:], pairs, strict=False)])
    since = a.add([kept, a.scale(a.read(index, times[:-1]), Fraction(-1))])
    until = a.add([a.read(index, times[1:]), a.scale(kept, Fraction(-1))])
    return a.add([a.multiply(left, until), a.multiply(right, since)])
