"""Comparisons, truth values and choices, decided in integers where both sides are exact."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.core import Op, TooLarge
from lrdsl.sharp import sharp
from lrdsl.values import Choice, Exact, Scaled, Table, Truth, Value, add_exact, constant_of, negated

if TYPE_CHECKING:
    from lrdsl.arithmetic import Arithmetic
    from lrdsl.lowering import Lowering

# A value of more choices than this becomes one operation.
LARGEST_CHOICE = 64


def less(calc: Arithmetic, a: Value, b: Value, *, equal: bool = False) -> Truth:
    """a < b, or a <= b."""
    settled = _settled(calc, a, b, equal)
    if settled is not None:
        return settled
    sides = _sides(calc, a, b)
    if isinstance(sides, Fraction):
        return sides <= 0 if equal else sides < 0
    if isinstance(sides[1], Op):
        return calc.graph.make("le" if equal else "lt", *sides)
    op, unit, limit = sides
    if unit > 0:  # op < limit: below the next integer
        return _below(calc, op, limit.__floor__() if equal else limit.__ceil__() - 1)
    above = limit.__ceil__() if equal else limit.__floor__() + 1
    return negate(calc, _below(calc, op, above - 1))


def _settled(calc: Lowering, a: Value, b: Value, equal: bool) -> bool | None:
    """What a < b is for every value of a table and one constant, if it is the same for all."""
    x, y = constant_of(a), constant_of(b)
    if isinstance(a, Table) and y is not None:
        outcomes = {v < y or (equal and v == y) for v in a.values}
    elif isinstance(b, Table) and x is not None:
        outcomes = {x < v or (equal and v == x) for v in b.values}
    else:
        return None
    return outcomes.pop() if len(outcomes) == 1 else None


def _below(calc: Lowering, op: Op, last: int) -> Truth:
    """op <= last, in integers."""
    if op.high <= last or op.low > last:
        return op.high <= last
    return calc.graph.make("le", op, calc.graph.integer(last))


def equal(calc: Arithmetic, a: Value, b: Value) -> Truth:
    sides = _sides(calc, a, b)
    if isinstance(sides, Fraction):
        return sides == 0
    if isinstance(sides[1], Op):
        return calc.graph.make("eq", *sides)
    op, _, limit = sides
    if limit.denominator != 1 or not op.low <= limit <= op.high:
        return False
    return calc.graph.make("eq", op, calc.graph.integer(int(limit)))


def _sides(
    calc: Arithmetic, a: Value, b: Value
) -> Fraction | tuple[Op, Op] | tuple[Op, Fraction, Fraction]:
    """What decides between a and b: the constant a - b; an integer, the sign of its unit
    and the limit to compare it with, however long its digits; or two float operations."""
    x, y = constant_of(a), constant_of(b)
    if x is not None and y is not None:
        return x - y
    p, q = calc.exact(a), calc.exact(b)
    if p is not None and q is not None:
        difference = add_exact([p, negated(q)], 0)
        if not difference.terms:
            return difference.constant
        try:
            op, unit = calc.primitive(Exact(Fraction(0), difference.terms))
            return op, unit, -difference.constant / unit
        except TooLarge:
            pass
    return calc.real(sharp(calc, a)), calc.real(sharp(calc, b))


def both(calc: Lowering, a: Truth, b: Truth) -> Truth:
    if isinstance(a, bool):
        return b if a else False
    if isinstance(b, bool):
        return a if b else False
    return calc.graph.make("and", a, b)


def either(calc: Lowering, a: Truth, b: Truth) -> Truth:
    return negate(calc, both(calc, negate(calc, a), negate(calc, b)))


def negate(calc: Lowering, a: Truth) -> Truth:
    if isinstance(a, bool):
        return not a
    return a.args[0] if a.name == "not" else calc.graph.make("not", a)


def choose(calc: Lowering, test: Truth, yes: Value, no: Value) -> Value:
    if isinstance(test, bool):
        return yes if test else no
    if yes == no:
        return yes
    if test.name == "not":
        test, yes, no = test.args[0], no, yes
    choice = Choice(test, yes, no)
    return choice if choice.size <= LARGEST_CHOICE else collapsed(calc, choice)


def collapsed(calc: Lowering, choice: Choice) -> Value:
    """One operation instead of a tree, which shared names would let grow exponentially."""
    exact = calc.exact(choice)
    return exact if exact is not None else Scaled(Fraction(1), calc.real(choice))
