"""Values for what jumps with them (`floor`, comparisons): quotients as exact as they can be."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.constants import tidy, to_float
from lrdsl.core import Op, TooLarge
from lrdsl.values import Choice, Scaled, Value, add_exact

if TYPE_CHECKING:
    from lrdsl.arithmetic import Arithmetic


def sharp(calc: Arithmetic, value: Value) -> Op:
    """`value` as a float64 operation in which the factor of a quotient is in no table.

    There it would be rounded: 7 / (14 / 100) is less than 50. One of integers stays one of
    integers, with a number that is added to it.
    """
    graph = calc.graph
    match value:
        case Choice(test, yes, no):
            return graph.select(test, sharp(calc, yes), sharp(calc, no))
        case Scaled(factor, op) if op in calc.sums and calc.sums[op][1].op.name == "div":
            more, rest = calc.sums[op]
            rest, more = Scaled(tidy(factor * rest.factor), rest.op), tidy(factor * more)
            whole = _of_integers(calc, rest, more)
            return whole or graph.real("add", graph.number(to_float(more)), sharp(calc, rest))
        case Scaled(factor, Op("div", (_, divisor)) as op) if factor not in (0, 1):
            whole = _of_integers(calc, value, Fraction(0))
            if whole is None and divisor.name == "take":
                return graph.times(op, graph.number(to_float(factor)))
            return whole or calc.real(value)
    return calc.real(value)


def _of_integers(calc: Arithmetic, value: Scaled, more: Fraction) -> Op | None:
    """A multiple of a quotient of integers, and a number, as one such quotient, if it fits."""
    if value.op not in calc.ratios:
        return None
    a, b = calc.ratios[value.op]
    try:
        ratio = calc.ratio(add_exact([calc.times(a, value.factor), calc.times(b, more)], 0), b)
    except TooLarge:
        return None
    return None if ratio is None else calc.real(ratio)
