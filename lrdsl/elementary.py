"""Powers, exponentials, logarithms and sines; the same function in every engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl import constants
from lrdsl.conditions import choose
from lrdsl.constants import PI, NotFinite, tidy, to_float
from lrdsl.core import LARGEST, Op, TooLarge
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
    n = _numerator(calc, base)
    if exponent.denominator == 1 and exponent <= (8 if n is None else _multiplied(n)):
        half = _constant_exponent(calc, base, Fraction(exponent // 2)) if exponent > 1 else base
        square = calc.multiply(half, half) if exponent > 1 else half
        return calc.multiply(square, base) if exponent > 1 and exponent % 2 else square
    if exponent == HALF.constant:
        return _root(calc, base)
    number = graph.number(to_float(exponent))
    if n is not None:
        power = graph.real("pow", _fraction(calc, n), number)
        if math.log2(n.high) * number.data < _LARGE:
            whole = graph.real("pow", graph.make("cast", n), number)
            scale = constants.power(Fraction(1, n.high), exponent)
            calc.whole[power] = WholePower(whole, scale, math.pow(n.high, number.data))
        return Scaled(Fraction(1), power)
    known = calc.quotient(base) if isinstance(base, Exact) and not base.pi else calc.real(base)
    return Scaled(Fraction(1), graph.real("pow", known, number))


def _multiplied(n: Op) -> int:
    """The largest exponent whose power is multiplied out: in int64, or as optimisers do anyway."""
    return next((e for e in range(8, 3, -1) if n.high**e <= LARGEST), 3)


def _root(calc: Arithmetic, base: Value) -> Value:
    graph = calc.graph
    n = _numerator(calc, base)
    factor, op = calc.root_split(base) if n is None else (Fraction(1), _fraction(calc, n))
    if factor <= 0 or op is None:
        return Scaled(Fraction(1), graph.real("sqrt", calc.real(base)))
    root = graph.real("sqrt", op)
    if isinstance(base, Exact) and not base.pi:
        calc.roots[root] = calc.times(base, 1 / factor)
    if n is not None:
        scale = constants.power(Fraction(1, n.high), HALF.constant)
        whole = graph.real("sqrt", graph.make("cast", n))
        calc.whole[root] = WholePower(whole, scale, math.sqrt(n.high))
    return Scaled(constants.power(factor, HALF.constant), root)


def _numerator(calc: Arithmetic, value: Value) -> Op | None:
    """The integer n of a fraction n / d that is at most 1."""
    if not isinstance(value, Exact) or value.pi:
        return None
    try:
        op, unit = calc.primitive(value)
    except TooLarge:
        return None
    return op if op.high * unit == 1 and op.high < 2**53 else None


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
