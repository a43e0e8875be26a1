"""Exact values on their way to the IR: constants and int64 operations times a rational unit.

A value is one of three kinds: a rational constant (`Fraction`), an integer operation times a
rational (`Whole`), or a float64 operation (`Op`). What can stay rational does, so that boundaries,
staircases and restarts are decided in integers; whatever does not fit int64 becomes float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from lrdsl.ir.builder import Builder, TooLarge
from lrdsl.ir.ops import LARGEST, Op


@dataclass(frozen=True, slots=True)
class Whole:
    """An int64 operation times a rational unit."""

    op: Op
    unit: Fraction = field(default=Fraction(1), hash=False)  # a rational takes long to hash


Value = Fraction | Whole | Op
Truth = bool | Op

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)
_MAX_BITS = 4096  # of a constant; a longer one is rounded to float64
_EXACT_FLOAT = 2**53


class NotFinite(ArithmeticError):
    """A constant that no float64 can hold, or that does not exist; the message says why."""


def to_number(value: Fraction | float) -> float:
    """A constant as a float64; raises NotFinite beyond its range."""
    try:
        return float(value)
    except OverflowError:
        raise NotFinite("a constant here is larger than any float64") from None


def folded(value: Fraction) -> Fraction:
    """A constant, rounded to float64 when it has grown beyond use."""
    if value.numerator.bit_length() + value.denominator.bit_length() <= _MAX_BITS:
        return value
    return Fraction(to_number(value))


def whole(op: Op, unit: Fraction = ONE) -> Value:
    """An integer operation times a unit; a constant where the operation is one."""
    return op.data * unit if op.name == "integer" else Whole(op, unit)


def to_float(ir: Builder, value: Value) -> Op:
    """A value as a float64 operation: n * p / q, rounded once where integers hold n * p."""
    match value:
        case Fraction():
            return ir.number(to_number(value))
        case Whole(Op("take", (index,), integers), unit):  # fold into the table
            return ir.take(index, tuple(to_number(each * unit) for each in integers), "float")
        case Whole(op, unit):
            try:
                top = ir.make("to_float", ir.scale(op, unit.numerator))
            except TooLarge:
                return ir.make("mul", ir.make("to_float", op), ir.number(to_number(unit)))
            if unit.denominator == 1:
                return top
            if unit.denominator > _EXACT_FLOAT:
                return ir.make("mul", top, ir.number(to_number(Fraction(1, unit.denominator))))
            return ir.make("div", top, ir.number(unit.denominator))
    return value


def rounds_once(value: Value) -> bool:
    """Whether a value is exact, and stays so in `to_float` until its one division."""
    if isinstance(value, Whole):
        top, bottom = map(abs, value.unit.as_integer_ratio())
        return max(-value.op.low, value.op.high) * top <= _EXACT_FLOAT >= bottom
    return isinstance(value, Fraction)


def aligned(ir: Builder, *values: Value) -> tuple[list[Op], Fraction] | None:
    """Exact values as integer operations times one unit; None where int64 does not hold them."""
    units: list[Fraction] = []
    for value in values:
        if isinstance(value, Op):
            return None
        units.append(value.unit if isinstance(value, Whole) else value)
    unit = common_unit(units)
    if unit is None:
        return None
    try:
        return [_in_unit(ir, value, unit) for value in values], unit
    except TooLarge:
        return None


def _in_unit(ir: Builder, value: Value, unit: Fraction) -> Op:
    if isinstance(value, Whole):
        return ir.scale(value.op, _multiple(value.unit, unit))
    assert isinstance(value, Fraction)
    return ir.integer(_multiple(value, unit))


def _multiple(value: Fraction, unit: Fraction) -> int:
    """How many units a whole multiple of them is."""
    return value.numerator * unit.denominator // (value.denominator * unit.numerator)


def common_unit(values: Sequence[Fraction | int]) -> Fraction | None:
    """A rational of which all are whole multiples that int64 holds; None where there is none."""
    bottom = 1
    for value in values:
        bottom = math.lcm(bottom, value.denominator)
        if bottom > LARGEST:
            return None
    top = 1
    if bottom > 1:
        top = math.gcd(*(value.numerator * (bottom // value.denominator) for value in values)) or 1
    most = LARGEST * top
    if any(abs(value.numerator) * bottom > most * value.denominator for value in values):
        return None
    return ONE if top == bottom else Fraction(top, bottom)


def exactly(
    ir: Builder, a: Value, b: Value, combine: Callable[[Op, Op], Op]
) -> tuple[Op, Fraction] | None:
    """Two exact values in one unit, combined; None where that leaves int64."""
    pair = aligned(ir, a, b)
    if pair is None:
        return None
    try:
        return combine(*pair[0]), pair[1]
    except TooLarge:
        return None


def add(ir: Builder, a: Value, b: Value) -> Value:
    """The sum."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return folded(a + b)
    if a == ZERO or b == ZERO:
        return b if a == ZERO else a
    exact = exactly(ir, a, b, ir.add)
    if exact:
        return whole(*exact)
    return ir.make("add", to_float(ir, a), to_float(ir, b))


def subtract(ir: Builder, a: Value, b: Value) -> Value:
    """The difference."""
    if isinstance(b, Fraction):
        return add(ir, a, -b)
    exact = exactly(ir, a, b, ir.subtract)
    if exact:
        return whole(*exact)
    return ir.make("sub", to_float(ir, a), to_float(ir, b))


def scale(ir: Builder, value: Value, factor: Fraction) -> Value:
    """A value times a constant."""
    match value:
        case _ if factor == 0 or factor == 1:
            return value if factor else ZERO
        case Fraction():
            return folded(value * factor)
        case Whole(op, unit):
            return Whole(op, folded(unit * factor))
    return ir.make("mul", value, ir.number(to_number(factor)))


def multiply(ir: Builder, a: Value, b: Value) -> Value:
    """The product."""
    match a, b:
        case Fraction(), _:
            return scale(ir, b, a)
        case _, Fraction():
            return scale(ir, a, b)
        case Whole(x, u), Whole(y, v):
            try:
                return whole(ir.multiply(x, y), folded(u * v))
            except TooLarge:
                pass
    return ir.make("mul", to_float(ir, a), to_float(ir, b))


def divide(ir: Builder, a: Value, b: Value) -> Value:
    """The quotient; of two exact values one division of integers, rounded once."""
    if isinstance(b, Fraction):
        if b == 0:
            raise NotFinite("division by zero")
        return scale(ir, a, 1 / b)
    if a == ZERO:
        return ZERO
    if isinstance(a, Whole):
        pair = aligned(ir, a, b)
        if pair is not None:
            top, bottom = (ir.make("to_float", each) for each in pair[0])
            return ir.make("div", top, bottom)
    return ir.make("div", to_float(ir, a), to_float(ir, b))


def floor(ir: Builder, value: Value) -> Value:
    """The largest integer that is not above."""
    match value:
        case Fraction():
            return Fraction(math.floor(value))
        case Whole(op, unit) if unit.denominator <= LARGEST:
            try:
                return whole(ir.floordiv(ir.scale(op, unit.numerator), unit.denominator))
            except TooLarge:
                pass
    if isinstance(value, Whole):
        ends = {math.floor(end * value.unit) for end in (value.op.low, value.op.high)}
        if len(ends) == 1:
            return Fraction(ends.pop())
    return ir.make("floor", to_float(ir, value))


def ceil(ir: Builder, value: Value) -> Value:
    """The smallest integer that is not below."""
    return scale(ir, floor(ir, scale(ir, value, -ONE)), -ONE)


def nearest(ir: Builder, value: Value) -> Value:
    """The nearest integer, ties up: how moments are rounded to steps."""
    return floor(ir, add(ir, value, HALF))


def mod(ir: Builder, a: Value, b: Value) -> Value:
    """The remainder of floor division, with the sign of `b`."""
    if isinstance(b, Fraction):
        if b == 0:
            raise NotFinite("division by zero")
        if isinstance(a, Fraction):
            return a % b
        pair = aligned(ir, a, b) if b > 0 else None
        if pair is not None:
            (x, divisor), unit = pair
            return whole(ir.mod(x, divisor.data), unit)
    return subtract(ir, a, multiply(ir, b, floor(ir, divide(ir, a, b))))
