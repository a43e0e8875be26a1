"""Operators, number functions and conditions on their operands."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.arithmetic import Arithmetic
from lrdsl.conditions import both, either, equal, less, negate
from lrdsl.elementary import cos, exp, log, power, sin, tanh
from lrdsl.limits import absolute, maximum, minimum
from lrdsl.scopes import Place, Quantity, Thunk
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node
from lrdsl.values import Truth, Value, constant, constant_of

if TYPE_CHECKING:
    from lrdsl.expander import Expander

_SINGLE: dict[str, Callable[[Arithmetic, Value], Value]] = {
    "floor": Arithmetic.floor, "ceil": Arithmetic.ceil, "round": Arithmetic.round, "exp": exp,
    "log": log, "sin": sin, "cos": cos, "tanh": tanh, "abs": absolute,
}  # fmt: skip


def compute(a: Arithmetic, name: str, values: list[Value]) -> Value:
    """A number function or operator on its operands."""
    first = values[0]
    match name:
        case "+":
            return a.add(values)
        case "-":
            return a.scale(first, Fraction(-1))
        case "//":
            return a.floor(a.divide(first, values[1]))
        case "^":
            return power(a, first, values[1])
        case "min" | "max":
            function = minimum if name == "min" else maximum
            for value in values[1:]:
                first = function(a, first, value)
            return first
        case "clamp":
            return minimum(a, maximum(a, first, values[1]), values[2])
        case "mod":
            return a.modulo(first, values[1])
        case "sqrt":
            return power(a, first, constant(Fraction(1, 2)))
        case "abs":
            return absolute(a, first)
    return _SINGLE[name](a, first)


def product(expander: Expander, node: tree.Call, place: Place) -> Quantity:
    """Constants first, so that they fold exactly; then from left to right."""
    inverse = [isinstance(n, tree.Call) and n.name == "/" for n in node.operands]
    inner = [
        n.operands[0] if i else n  # type: ignore[attr-defined]
        for n, i in zip(node.operands, inverse, strict=True)
    ]
    operands = expander.operands(inner, place)
    dimension = sum(q.time * (-1 if i else 1) for q, i in zip(operands, inverse, strict=True))
    pairs = [(q.value, i) for q, i in zip(operands, inverse, strict=True)]
    pairs.sort(key=lambda pair: constant_of(pair[0]) is None)
    total: Value = constant(1)
    for value, divides in pairs:
        combine = expander.arithmetic.divide if divides else expander.arithmetic.multiply
        total = combine(total, value)
    return Quantity(total, dimension == 1)


def truth(expander: Expander, node: Node, place: Place) -> Truth:
    a = expander.arithmetic
    match node:
        case tree.Comparison(operators=operators, operands=nodes):
            values = [q.value for q in expander.operands(nodes, place)]
            result: Truth = True
            for operator, left, right in zip(operators, values, values[1:], strict=False):
                result = both(a, result, _compare(a, operator, left, right))
            return result
        case tree.Call(name="not"):
            return negate(a, truth(expander, node.operands[0], place))
        case tree.Call(name="and" | "or" as name):
            tests = [truth(expander, n, place) for n in node.operands]
            result = tests[0]
            for test in tests[1:]:
                result = both(a, result, test) if name == "and" else either(a, result, test)
            return result
        case tree.Call(name="if"):
            yes, test, no = (truth(expander, n, place) for n in node.operands)
            return either(a, both(a, test, yes), both(a, negate(a, test), no))
        case tree.Name(name=name) if name in place.scope.names:
            return _condition(expander, place.scope.names[name], place)
    raise AssertionError(node)


def _condition(expander: Expander, thunk: Thunk, place: Place) -> Truth:
    place = thunk.at(place)
    key = (thunk, place.frame, place.step)
    if key not in expander.conditions:
        expander.conditions[key] = truth(expander, thunk.node, place)
    return expander.conditions[key]


def _compare(a: Arithmetic, operator: str, left: Value, right: Value) -> Truth:
    match operator:
        case "<":
            return less(a, left, right)
        case "<=":
            return less(a, left, right, equal=True)
        case ">":
            return less(a, right, left)
        case ">=":
            return less(a, right, left, equal=True)
        case "==":
            return equal(a, left, right)
    return negate(a, equal(a, left, right))
