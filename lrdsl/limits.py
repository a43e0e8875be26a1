"""The smaller and the larger of two values, and the absolute value; ratios stay ratios."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.conditions import choose
from lrdsl.core import Op, TooLarge
from lrdsl.values import Choice, Exact, Scaled, Value, constant, constant_of

if TYPE_CHECKING:
    from lrdsl.arithmetic import Arithmetic


def minimum(calc: Arithmetic, a: Value, b: Value) -> Value:
    return _extreme(calc, a, b, "min", calc.graph.least, min)


def maximum(calc: Arithmetic, a: Value, b: Value) -> Value:
    return _extreme(calc, a, b, "max", calc.graph.most, max)


def absolute(calc: Arithmetic, value: Value) -> Value:
    exact = calc.exact(value)
    if exact is not None:
        if not exact.terms:
            return constant(abs(exact.constant))
        try:
            whole, unit = calc.primitive(exact)
            return calc.scale(calc.integer(calc.graph.absolute(whole)), abs(unit))
        except TooLarge:
            pass
    return Scaled(Fraction(1), calc.graph.make("abs", calc.real(value)))


def _extreme(
    calc: Arithmetic, a: Value, b: Value, name: str, integers: Callable[[Op, Op], Op],
    numbers: Callable[[Fraction, Fraction], Fraction],
) -> Value:  # fmt: skip
    x, y = constant_of(a), constant_of(b)
    if x is not None and y is not None:
        return constant(numbers(x, y))
    p, q = calc.exact(a), calc.exact(b)
    if p is not None and q is not None:
        try:
            (m, n), unit = calc.whole_parts([p, q])
            chosen = m if m.name == name and n in m.args else integers(m, n)
            if chosen is m or chosen is n:
                return a if chosen is m else b
            return calc.scale(calc.integer(chosen), unit)
        except TooLarge:
            pass
    ratio = _extreme_ratio(calc, a, b, name, integers, numbers)
    if ratio is not None:
        return ratio
    return Scaled(Fraction(1), calc.graph.make(name, calc.real(a), calc.real(b)))


def _extreme_ratio(
    calc: Arithmetic, a: Value, b: Value, name: str, integers: Callable[[Op, Op], Op],
    numbers: Callable[[Fraction, Fraction], Fraction],
) -> Value | None:  # fmt: skip
    """min(x / y, c) as min(x, c y) / y, which stays a ratio of integers."""
    for value, other in ((a, b), (b, a)):
        c = constant_of(other)
        if c is None:
            continue
        try:
            match value:
                case Scaled(factor, op) if op in calc.whole:  # a power from 0 to 1
                    if factor > 0 and (c >= factor if name == "min" else c <= 0):
                        return value
                case Choice(test, yes, no) if {constant_of(yes), constant_of(no)} != {None}:
                    both = (_extreme(calc, v, other, name, integers, numbers) for v in (yes, no))
                    return choose(calc, test, *both)
                case Scaled(_, op) if op in calc.shares:
                    return _extreme_share(calc, value, c, name)
                case Scaled(factor, op) if op in calc.ratios:
                    top, bottom = calc.ratios[op]
                    left, right = calc.times(top, factor), calc.scale(bottom, c)
                    chosen = _extreme(calc, left, right, name, integers, numbers)
                    return calc.ratio(chosen, bottom) if isinstance(chosen, Exact) else None
        except TooLarge:
            return None
    return None


def _extreme_share(calc: Arithmetic, value: Scaled, c: Fraction, name: str) -> Value | None:
    """min(x / y, c) as a choice between the two, decided in integers: x <= c y."""
    a, b = calc.shares[value.op]
    op, unit = calc.primitive(Exact(Fraction(0), a.terms))
    if unit * value.factor <= 0:
        return None
    rounded = Fraction.__floor__ if name == "min" else Fraction.__ceil__
    limits = tuple(rounded((c / value.factor * y - a.constant) / unit) for y in b.values)
    table = calc.graph.take(b.index, limits)
    least = name == "min"
    if (calc.graph.least if least else calc.graph.most)(op, table) is op:
        return value
    test = calc.graph.make("le", *((op, table) if least else (table, op)))
    return choose(calc, test, value, constant(c))
