"""The values of an expression on their way to the core tree, exact while they can be.

An exact value is a rational combination of int64 operations, so that constants fold in
rationals, `floor` and comparisons are integer arithmetic, and nothing cancels. What is not
rational is a float64 operation times a rational that is rounded once, at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lrdsl.constants import PI, tidy
from lrdsl.core import Op


@dataclass(frozen=True, slots=True)
class Exact:
    """(constant + sum of coefficient * integer operation) * pi^pi."""

    constant: Fraction
    terms: tuple[tuple[Op, Fraction], ...] = ()
    pi: int = 0


@dataclass(frozen=True, slots=True)
class Scaled:
    """factor * float operation."""

    factor: Fraction
    op: Op


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two values."""

    test: Op
    yes: Value
    no: Value

    @property
    def size(self) -> int:
        """Choices below, counted as a tree: what a function of the value has to visit."""
        return 1 + sum(v.size for v in (self.yes, self.no) if isinstance(v, Choice))


@dataclass(frozen=True, slots=True)
class Table:
    """The value at an index that is always inside."""

    index: Op
    values: tuple[Fraction, ...]


Value = Exact | Scaled | Choice | Table
Truth = bool | Op

ZERO, ONE, TWO, HALF = (Exact(Fraction(x)) for x in (0, 1, 2, Fraction(1, 2)))


def constant(value: Fraction | int) -> Exact:
    return Exact(Fraction(value))


def constant_of(value: Value) -> Fraction | None:
    """The number that `value` is at every step, or None."""
    if isinstance(value, Exact) and not value.terms:
        return tidy(value.constant * PI**value.pi) if value.pi else value.constant
    return None


def negated(value: Exact) -> Exact:
    return Exact(-value.constant, tuple((op, -f) for op, f in value.terms), value.pi)


def add_exact(values: Sequence[Exact], pi: int) -> Exact:
    total = sum((value.constant for value in values), Fraction(0))
    factors: dict[int, tuple[Op, Fraction]] = {}
    for value in values:
        for op, factor in value.terms:
            before = factors.get(id(op), (op, Fraction(0)))[1]
            factors[id(op)] = (op, tidy(before + factor))
    terms = tuple(term for term in factors.values() if term[1])
    return Exact(tidy(total), terms, pi if terms or total else 0)
