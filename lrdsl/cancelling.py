"""Sums of a constant and a float operation, written so that no digits are lost near 0."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from lrdsl import constants
from lrdsl.constants import tidy, to_float
from lrdsl.core import LARGEST, TooLarge
from lrdsl.elementary import power, power_of_three, sin
from lrdsl.values import Exact, Scaled, Table, Value, add_exact, constant, negated

if TYPE_CHECKING:
    from lrdsl.arithmetic import Arithmetic

# The largest denominator of a zero that is looked for.
SIMPLE = 1024
# The most terms that a difference of powers becomes.
MOST_TERMS = 10


def uncancelled(calc: Arithmetic, total: Exact, value: Scaled) -> Value | None:
    """constant + value without the digits that the sum would lose near 0; None: as it is."""
    c, f = total.constant, value.factor
    if total.terms or total.pi:
        return None
    try:
        if value.op in calc.ratios:  # c + f a / b = (c b + f a) / b
            a, b = calc.ratios[value.op]
            if c * f > 0 and value.op.args[0].args[0].low >= 0:
                return None  # nothing cancels
            return calc.ratio(add_exact([calc.times(a, f), calc.times(b, c)], 0), b)
        if value.op in calc.shares:
            return _rest_of_share(calc, c, value)
        if value.op in calc.sines and abs(f) == abs(c):  # 1 + sin(x) = 2 sin(pi / 4 + x / 2)^2
            half = calc.times(calc.sines[value.op], f / c / 2)
            root = sin(calc, add_exact([half, Exact(Fraction(1, 4), (), 1)], 1))
            return calc.scale(calc.multiply(root, root), 2 * c)
        if value.op in calc.roots and c * f < 0:
            return _conjugate(calc, c, value)
        if value.op in calc.whole and c == -f:
            return _rest_of_power(calc, c, value)
        if value.op in calc.powers and c * f < 0:
            return _shifted(calc, c, value)
    except TooLarge:
        pass
    return None


def opened(calc: Arithmetic, total: Exact, value: Scaled) -> tuple[Exact, Scaled]:
    """A sum inside a sum: its constant goes to the others, as in 1 - tanh(x).

    Where there are no others, only a whole number does.
    """
    op = value.op.args[0] if value.op.name == "guard" else value.op
    if op in calc.rests and not (total.pi or total.terms) and total.constant * value.factor < 0:
        number, rest = calc.rests[op]  # a (1 - u^k) - b, which may cancel
        moved = constant(value.factor * number)
        return add_exact([total, moved], 0), Scaled(tidy(value.factor * rest.factor), rest.op)
    if op not in calc.sums or total.pi:
        return total, value
    number, rest = calc.sums[op]
    if number.denominator > 1 and (total.terms or not total.constant):
        return total, value
    moved = constant(value.factor * number)
    return add_exact([total, moved], 0), Scaled(tidy(value.factor * rest.factor), rest.op)


def _rest_of_share(calc: Arithmetic, c: Fraction, value: Scaled) -> Value:
    """c + f a / b = (c b + f a) / b, its numerator as an integer and less than one more."""
    a, b = calc.shares[value.op]
    scaled = calc.times(a, value.factor / c)
    unit = lcm(*(factor.denominator for _, factor in scaled.terms))
    rest = [(length + scaled.constant) * unit for length in b.values]
    table = calc.graph.take(b.index, tuple(each.__floor__() for each in rest))
    terms = (*scaled.terms, (table, Fraction(1, unit)))
    op = calc.integer_sum(Exact(Fraction(0), terms), Fraction(1, unit))
    parts = [to_float(each - each.__floor__()) for each in rest]
    part = calc.graph.take(b.index, tuple(parts))
    total = calc.graph.real("add", calc.graph.make("cast", op), part)
    if scaled.constant == 0:  # where a is 0, this is c exactly
        lengths = (each.__floor__() + more for each, more in zip(rest, parts, strict=True))
        b = Table(b.index, tuple(Fraction(each) / unit for each in lengths))
    return calc.divide(Scaled(c / unit, total), b)


def _rest_of_power(calc: Arithmetic, c: Fraction, value: Scaled) -> Value | None:
    """c (1 - u^(p / q)) = c (1 - u) (1 + w + ... + w^(p - 1)) / (1 + w + ... + w^(q - 1)).

    w is u^(1 / q). Only 1 - u is a difference, and it is exact.
    """
    whole = calc.whole[value.op]
    u, (p, q) = whole.fraction, whole.exponent.as_integer_ratio()
    if max(p, q) > MOST_TERMS:
        return None
    w = power(calc, u, constant(Fraction(1, q))) if q > 1 else u
    rest = calc.divide(add_exact([constant(1), negated(u)], 0), _geometric(calc, w, q))
    product = calc.multiply(rest, _geometric(calc, w, p))
    if isinstance(product, Scaled) and product.factor > 0:
        one = 1 / product.factor
        calc.rests[product.op] = one, Scaled(-one, value.op)
    return calc.scale(product, c)


def _geometric(calc: Arithmetic, w: Value, terms: int) -> Value:
    """1 + w + ... + w^(terms - 1)."""
    total: Value = constant(1)
    for _ in range(terms - 1):
        total = calc.add([constant(1), calc.multiply(w, total)])
    return total


def _conjugate(calc: Arithmetic, c: Fraction, value: Scaled) -> Value | None:
    """c + f sqrt(x) = (c^2 - f^2 x) / (c - f sqrt(x)), where f^2 is rational to 50 digits."""
    square = value.factor**2
    near = square.limit_denominator(LARGEST)
    if abs(near - square) * 10**50 > square:
        return None
    terms = calc.times(calc.roots[value.op], -near)
    numerator = add_exact([constant(c * c), terms], 0)
    op, unit = calc.primitive(numerator)
    top = Scaled(unit, calc.graph.make("cast", op))
    bottom = calc.graph.real(
        "add", calc.graph.number(to_float(c)), calc.real(Scaled(-value.factor, value.op))
    )
    return calc.divide(top, Scaled(Fraction(1), bottom))


def _shifted(calc: Arithmetic, c: Fraction, value: Scaled) -> Value | None:
    """c + f b^x = c (1 - b^(x - z)), 0 where x is z, if that is a simple fraction."""
    exponent, logarithm = calc.powers[value.op]
    zero = constants.log(-c / value.factor) / logarithm
    near = zero.limit_denominator(SIMPLE)
    if near == 0 or abs(near - zero) * 10**50 > 1:
        return None
    power = power_of_three(calc, add_exact([exponent, constant(-near)], 0), logarithm)
    return calc.scale(calc.add([power, constant(-1)]), -c)
