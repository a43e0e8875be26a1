"""Operators, number functions and conditions: values to values, constants folded."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce

from lrdsl.expand import choices, rationals
from lrdsl.expand.choices import both, compare, either, negate
from lrdsl.expand.context import Context, Place, Quantity, Thunk
from lrdsl.expand.rationals import ONE, NotFinite, Truth, Value, to_float, to_number
from lrdsl.ir.builder import Builder
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node

_EXACT: dict[str, Callable[[Builder, Value], Value]] = {
    "abs": choices.absolute, "floor": rationals.floor, "ceil": rationals.ceil,
    "round": choices.round_half_even,
}  # fmt: skip
_MAX_POWER = 512  # bits of a power that is computed exactly


def compute(ir: Builder, name: str, values: list[Value]) -> Value:
    """A number function or operator on its operands."""
    first, *rest = values
    match name:
        case "+":
            return reduce(lambda a, b: rationals.add(ir, a, b), values)
        case "-":
            return rationals.scale(ir, first, -ONE)
        case "//":
            return rationals.floor(ir, rationals.divide(ir, first, rest[0]))
        case "^":
            return power(ir, first, rest[0])
        case "min":
            return reduce(lambda a, b: choices.least(ir, a, b), values)
        case "max":
            return reduce(lambda a, b: choices.most(ir, a, b), values)
        case "clamp":
            return choices.least(ir, choices.most(ir, first, rest[0]), rest[1])
        case "mod":
            return rationals.mod(ir, first, rest[0])
    if name in _EXACT:
        return _EXACT[name](ir, first)
    if isinstance(first, Fraction):
        return _constant(name, first)
    return ir.make(name, to_float(ir, first))


def _constant(name: str, value: Fraction) -> Fraction:
    """An elementary function of a constant, by the one of that name in the standard library."""
    number = to_number(value)
    try:
        return Fraction(getattr(math, name)(number))
    except OverflowError:
        raise NotFinite("a constant here is larger than any float64") from None
    except ValueError:
        raise NotFinite(f"`{name}` has no value at {number:.6g}") from None


def power(ir: Builder, base: Value, exponent: Value) -> Value:
    """base^exponent; a square is a product, and so it stays exact."""
    if isinstance(exponent, Fraction):
        if isinstance(base, Fraction):
            return _constant_power(base, exponent)
        if exponent in (0, 1):
            return base if exponent else ONE
        if exponent == 2:
            return rationals.multiply(ir, base, base)
        if exponent == -1:
            return rationals.divide(ir, ONE, base)
        if exponent == rationals.HALF:
            return ir.make("sqrt", to_float(ir, base))
    elif base == 1:
        return ONE
    return ir.make("pow", to_float(ir, base), to_float(ir, exponent))


def _constant_power(base: Fraction, exponent: Fraction) -> Fraction:
    if base == 0 and exponent < 0:
        raise NotFinite("division by zero")
    if exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits * abs(exponent.numerator) <= _MAX_POWER:
            return base**exponent.numerator
    elif base < 0:
        raise NotFinite("a negative number to a fractional power")
    try:
        return Fraction(math.pow(to_number(base), to_number(exponent)))
    except ValueError:  # a base that float64 makes 0
        raise NotFinite("division by zero") from None
    except OverflowError:
        raise NotFinite("a constant here is larger than any float64") from None


def product(context: Context, node: tree.Call, place: Place) -> Quantity:
    """Factors and divisors from left to right, the constants first: they fold to one."""
    inverse = [isinstance(n, tree.Call) and n.name == "/" for n in node.operands]
    inner = [
        n.operands[0] if i else n  # type: ignore[attr-defined]
        for n, i in zip(node.operands, inverse, strict=True)
    ]
    operands = context.operands(inner, place)
    dimension = sum(q.time * (-1 if i else 1) for q, i in zip(operands, inverse, strict=True))
    pairs = [(q.value, i) for q, i in zip(operands, inverse, strict=True)]
    pairs.sort(key=lambda pair: not isinstance(pair[0], Fraction))
    total: Value = ONE
    for value, divides in pairs:
        combine = rationals.divide if divides else rationals.multiply
        total = combine(context.ir, total, value)
    return Quantity(total, dimension == 1)


def truth(context: Context, node: Node, place: Place) -> Truth:
    """The truth value of a condition."""
    ir = context.ir
    match node:
        case tree.Comparison(operators=signs, operands=nodes):
            values = [q.value for q in context.operands(nodes, place)]
            result: Truth = True
            for sign, left, right in zip(signs, values, values[1:], strict=False):
                result = both(ir, result, compare(ir, sign, left, right))
            return result
        case tree.Call(name="not"):
            return negate(ir, truth(context, node.operands[0], place))
        case tree.Call(name="and" | "or" as name):
            tests = [truth(context, n, place) for n in node.operands]
            combine = both if name == "and" else either
            return reduce(lambda a, b: combine(ir, a, b), tests)
        case tree.Call(name="if"):
            yes, test, no = (truth(context, n, place) for n in node.operands)
            return either(ir, both(ir, test, yes), both(ir, negate(ir, test), no))
        case tree.Name(name=name) if name in place.scope.names:
            return _named(context, place.scope.names[name], place)
    raise AssertionError(node)


def _named(context: Context, thunk: Thunk, place: Place) -> Truth:
    """The condition that a name stands for, computed once at each place."""
    place = thunk.at(place)
    key = (thunk, place.frame, place.step)
    if key not in context.conditions:
        context.conditions[key] = truth(context, thunk.node, place)
    return context.conditions[key]
