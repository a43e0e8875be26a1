"""Values for what jumps with them (`floor`, comparisons): quotients as exact as they can be."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.constants import tidy, to_float
from lrdsl.core import Op, TooLarge
from lrdsl.values import Choice, Scaled, Value, add_exact

if TYPE_CHECKING:
    from lrdsl.arithmetic import Arithmetic


def sharp(calc: Arithmetic, value: Value) -> Value:
    """The same value, whose factor is in no table of divisors.

    There it would be rounded: 7 / (14 / 100) is less than 50. A quotient of integers stays one,
    with a number that is added to it.
    """
    graph = calc.graph
    match value:
        case Choice(test, yes, no):
            return Choice(test, sharp(calc, yes), sharp(calc, no))
        case Scaled(factor, op) if op in calc.sums and calc.sums[op][1].op.name == "div":
            more, rest = calc.sums[op]
            rest, more = Scaled(tidy(factor * rest.factor), rest.op), tidy(factor * more)
            whole = _of_integers(calc, rest, more)
            if whole is not None:
                return whole
            parts = graph.number(to_float(more)), calc.real(sharp(calc, rest))
            return Scaled(Fraction(1), graph.real("add", *parts))
        case Scaled(factor, Op("div", (_, divisor)) as op) if factor not in (0, 1):
            whole = _of_integers(calc, value, Fraction(0))
            if whole is None and divisor.name == "take":
                product = graph.times(op, graph.number(to_float(factor)))
                return Scaled(Fraction(1), product)
            return whole or value
    return value


def _of_integers(calc: Arithmetic, value: Scaled, more: Fraction) -> Value | None:
    """A multiple of a quotient of integers, and a number, as one such quotient, if it fits."""
    if value.op not in calc.ratios:
        return None
    a, b = calc.ratios[value.op]
    try:
        return calc.ratio(add_exact([calc.times(a, value.factor), calc.times(b, more)], 0), b)
    except TooLarge:
        return None
