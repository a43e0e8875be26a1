"""Powers, exponentials, logarithms and sines; the same function in every engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl import constants
from lrdsl.conditions import choose
from lrdsl.constants import PI, NotFinite, tidy, to_float
from lrdsl.core import LARGEST, LARGEST_EXACT, Op, TooLarge
from lrdsl.graph import Graph
from lrdsl.lowering import WholePower, fitted
from lrdsl.values import (
    HALF,
    ONE,
    TWO,
    Choice,
    Exact,
    Scaled,
    Table,
    Value,
    add_exact,
    constant,
    constant_of,
    negated,
)

if TYPE_CHECKING:
    from lrdsl.arithmetic import Arithmetic

# A function of an integer with at most this many values becomes a table of them.
SMALL = 1024
# Powers are below two to this, with room for a factor.
_LARGE = 900


def power(calc: Arithmetic, base: Value, exponent: Value) -> Value:
    b, e = constant_of(base), constant_of(exponent)
    if b is not None and e is not None:
        return constant(tidy(constants.power(b, e)))
    if e is not None:
        return _constant_exponent(calc, base, e)
    if b is not None and b > 0:
        return _constant_base(calc, b, exponent)
    return Scaled(Fraction(1), calc.graph.real("pow", calc.real(base), calc.real(exponent)))


def _constant_exponent(calc: Arithmetic, base: Value, exponent: Fraction) -> Value:
    graph = calc.graph
    if exponent < 0:
        return calc.divide(ONE, _constant_exponent(calc, base, -exponent))
    if exponent == 0:
        return ONE
    part = _part_of_one(calc, base)
    if exponent.denominator == 1 and exponent <= (8 if part is None else _multiplied(part[1])):
        half = _constant_exponent(calc, base, Fraction(exponent // 2)) if exponent > 1 else base
        square = calc.multiply(half, half) if exponent > 1 else half
        return calc.multiply(square, base) if exponent > 1 and exponent % 2 else square
    if part is not None:
        return _power_of_fraction(calc, *part, exponent)
    if exponent == HALF.constant:
        return _root(calc, base)
    known = calc.quotient(base) if isinstance(base, Exact) and not base.pi else calc.real(base)
    return Scaled(Fraction(1), _raised(graph, known, exponent))


def _multiplied(n: Op) -> int:
    """The largest exponent whose power is multiplied out: in int64, or as optimisers do anyway."""
    return next((e for e in range(8, 3, -1) if n.high**e <= LARGEST), 3)


def _root(calc: Arithmetic, base: Value) -> Value:
    factor, op = calc.root_split(base)
    if factor <= 0 or op is None:
        return Scaled(Fraction(1), calc.graph.real("sqrt", calc.real(base)))
    root = calc.graph.real("sqrt", op)
    if isinstance(base, Exact) and not base.pi:
        calc.roots[root] = calc.times(base, 1 / factor)
    return Scaled(constants.power(factor, HALF.constant), root)


def _raised(graph: Graph, op: Op, exponent: Fraction) -> Op:
    if exponent == HALF.constant:
        return graph.real("sqrt", op)
    return graph.real("pow", op, graph.number(to_float(exponent)))


def _part_of_one(calc: Arithmetic, value: Value) -> tuple[Exact, Op] | None:
    """A fraction n / d from 0 to 1, and the integer n."""
    if not isinstance(value, Exact) or value.pi:
        return None
    try:
        n, unit = calc.primitive(value)
    except TooLarge:
        return None
    return (value, n) if n.low >= 0 and n.high * unit == 1 and n.high < LARGEST_EXACT else None


def _power_of_fraction(calc: Arithmetic, u: Exact, n: Op, exponent: Fraction) -> Value:
    graph = calc.graph
    power = _raised(graph, _fraction(calc, n), exponent)
    square_root = exponent == HALF.constant
    if square_root:
        calc.roots[power] = u
    if math.log2(n.high) * exponent < _LARGE:
        top = math.sqrt(n.high) if square_root else math.pow(n.high, to_float(exponent))
        scale = constants.power(Fraction(1, n.high), exponent)
        whole = _raised(graph, graph.make("cast", n), exponent)
        calc.whole[power] = WholePower(whole, scale, top, u, exponent)
    return Scaled(Fraction(1), power)


def _fraction(calc: Arithmetic, n: Op) -> Op:
    """n / d, 1 where n is d, so that a ramp arrives: a product, where one does."""
    factor, arrives = fitted(Fraction(1, n.high), lambda factor: factor * n.high, 1.0)
    if not arrives:
        return calc.graph.make("quotient", n, data=n.high)
    return calc.graph.times(calc.graph.make("cast", n), calc.graph.number(factor))


def _constant_base(calc: Arithmetic, base: Fraction, exponent: Value) -> Value:
    """base^exponent: a table for few exponents, powers of `base` for whole ones, else 3^x."""
    graph = calc.graph
    if base == 1:
        return ONE
    table = tabulate(calc, exponent, lambda x: tidy(constants.power(base, x)))
    if table is not None:
        return table
    # near 1, the rounding of the base would grow with the exponent
    steep = abs(constants.log(base)) > HALF.constant or base == Fraction(float(base))
    if isinstance(exponent, Exact) and exponent.pi == 0 and steep:
        numbers = [exponent.constant, *(factor for _, factor in exponent.terms)]
        if all(number.denominator == 1 for number in numbers):
            try:
                op = calc.integer_sum(exponent, Fraction(1))
                power = graph.real("pow", graph.number(to_float(base)), graph.make("cast", op))
                return Scaled(Fraction(1), power)
            except TooLarge:
                pass
    return power_of_three(calc, exponent, constants.log(base))


def tabulate(
    calc: Arithmetic, value: Value, function: Callable[[Fraction], Fraction]
) -> Value | None:
    """A function of a value that takes few values, as a table of its results."""
    try:
        match value:
            case Table(index, values):
                return Table(index, tuple(function(v) for v in values))
            case Choice(test, yes, no):
                a, b = tabulate(calc, yes, function), tabulate(calc, no, function)
                return None if a is None or b is None else choose(calc, test, a, b)
            case Exact(base, (), 0):
                return constant(function(base))
            case Exact(base, ((op, factor),), 0) if op.high - op.low < SMALL:
                results = (function(base + factor * k) for k in range(op.low, op.high + 1))
                shift = calc.graph.integer(-op.low)
                return Table(calc.graph.add(op, shift), tuple(results))
    except NotFinite:
        pass
    return None


def exp(calc: Arithmetic, value: Value) -> Value:
    known = constant_of(value)
    if known is not None:
        return constant(constants.exp(known))
    return power_of_three(calc, value, Fraction(1))


def power_of_three(calc: Arithmetic, value: Value, logarithm: Fraction) -> Value:
    """e^(logarithm * value) as 3^x, because pow is the same function in every engine.

    exp is not, and compilers replace powers of 2 and 10 by yet other functions.
    """
    scaled = calc.scale(value, logarithm / constants.log(Fraction(3)))
    power = calc.graph.real("pow", calc.graph.number(3.0), calc.real(scaled))
    if isinstance(value, Exact) and not value.pi:
        calc.powers[power] = value, logarithm
    return Scaled(Fraction(1), power)


def log(calc: Arithmetic, value: Value) -> Value:
    known = constant_of(value)
    if known is not None:
        return constant(constants.log(known))
    return Scaled(Fraction(1), calc.graph.real("log", calc.real(value)))


def tanh(calc: Arithmetic, value: Value) -> Value:
    # 1 - 2 / (e^2x + 1): engines differ in their tanh
    grown = calc.add([exp(calc, calc.scale(value, Fraction(2))), ONE])
    return calc.add([ONE, calc.scale(calc.divide(TWO, grown), Fraction(-1))])


def sin(calc: Arithmetic, value: Value) -> Value:
    if isinstance(value, Exact) and value.pi == 1:
        if not value.terms:
            return constant(constants.sin_pi(value.constant))
        value = _reduced(calc, value)
    known = constant_of(value)
    if known is not None:
        return constant(constants.sin(known))
    op = calc.graph.make("sin", calc.real(value))
    if isinstance(value, Exact) and value.pi == 1:
        calc.sines[op] = value
    return Scaled(Fraction(1), op)


def cos(calc: Arithmetic, value: Value) -> Value:
    if isinstance(value, Exact) and (value.pi == 1 or not value.terms):
        turns = Exact(Fraction(1, 2), (), 1)
        if value.pi == 1:
            return sin(calc, Exact(value.constant + Fraction(1, 2), value.terms, 1))
        known = constant_of(value)
        assert known is not None
        return constant(constants.sin(known + PI * turns.constant))
    return Scaled(Fraction(1), calc.graph.make("cos", calc.real(value)))


def _reduced(calc: Arithmetic, value: Exact) -> Value:
    """pi * n / d brought into [-pi / 2, pi / 2] in integers, where the sine is the same."""
    try:
        op, unit = calc.primitive(value)
        low, high = sorted((op.low * unit, op.high * unit))
        if -low <= HALF.constant >= high:
            return value
        if low >= HALF.constant and high <= 3 * HALF.constant:  # sin(pi - x)
            return add_exact([Exact(Fraction(1), (), 1), negated(value)], 1)
        graph, n, d = calc.graph, abs(unit.numerator), unit.denominator
        turned = graph.add(graph.scale(op, 2 * n), graph.integer(3 * d))
        folded = graph.absolute(graph.subtract(graph.mod(turned, 4 * d), graph.integer(2 * d)))
        angle = graph.subtract(folded, graph.integer(d))
    except TooLarge:
        return value
    sign = 1 if unit > 0 else -1
    return Exact(Fraction(0), ((angle, Fraction(sign, 2 * d)),), 1)
