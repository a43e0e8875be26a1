"""Constants of an expression: rationals, and irrational functions of them to 60 digits."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction

_DIGITS = 60
_CONTEXT = decimal.Context(prec=_DIGITS, Emax=10**9, Emin=-(10**9))
_MAX_BITS = 4096
_MAX_EXCESS = 20_000  # doublings from 1: far beyond float64 on either side

PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")

# What float32 rounds to its smallest normal number: rates below it are 0.
SMALLEST = 2.0**-126 - 2.0**-151


class NotFinite(ArithmeticError):
    """A constant that no float64 can hold; the message says why."""


def to_float(value: Fraction) -> float:
    """The nearest float64."""
    try:
        return float(value)
    except OverflowError:
        raise NotFinite("a constant here is larger than any float64") from None


def flushed(value: float, tiny: float = SMALLEST) -> float:
    """`value`, or 0 below the smallest normal number, as TensorFlow computes everywhere."""
    return value if abs(value) >= tiny or value != value else math.copysign(0.0, value)


def tidy(value: Fraction) -> Fraction:
    """`value`, or its first 60 digits when it has grown beyond use."""
    excess = value.numerator.bit_length() - value.denominator.bit_length()
    if excess > _MAX_EXCESS:
        raise NotFinite("a constant here is larger than any float64")
    if excess < -_MAX_EXCESS:
        return Fraction(0)
    if value.numerator.bit_length() + value.denominator.bit_length() <= _MAX_BITS:
        return value
    return Fraction(_decimal(value))


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """base^exponent; exact where it is a rational of reasonable size."""
    if base == 0 and exponent < 0:
        raise NotFinite("division by zero")
    if exponent.denominator == 1 and _small(base, abs(exponent.numerator)):
        return base**exponent.numerator
    if base < 0 and exponent.denominator != 1:
        raise NotFinite("a negative number to a fractional power")
    if base == 0:
        return Fraction(exponent == 0)
    sign = -1 if base < 0 and exponent.numerator % 2 else 1
    return sign * exp(exponent * log(abs(base)))


def _small(base: Fraction, exponent: int) -> bool:
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    return bits * exponent <= _MAX_BITS


def exp(value: Fraction) -> Fraction:
    if abs(value) > 10_000:
        if value < 0:
            return Fraction(0)
        raise NotFinite("a constant here is larger than any float64")
    return Fraction(_CONTEXT.exp(_decimal(value)))


def log(value: Fraction) -> Fraction:
    if value <= 0:
        raise NotFinite("the logarithm of zero" if value == 0 else "the logarithm of a negative")
    return Fraction(_CONTEXT.ln(_decimal(value)))


def sin_pi(turns: Fraction) -> Fraction:
    """sin(pi * turns)."""
    reduced = abs((turns + Fraction(3, 2)) % 2 - 1) - Fraction(1, 2)
    known = {Fraction(1, 2): Fraction(1), Fraction(1, 6): Fraction(1, 2), Fraction(0): Fraction(0)}
    if abs(reduced) in known:
        return known[abs(reduced)] if reduced >= 0 else -known[abs(reduced)]
    return _sine(reduced * PI)


def sin(value: Fraction) -> Fraction:
    """sin of a rational number of radians."""
    turns = tidy(value / PI)
    reduced = abs((turns + Fraction(3, 2)) % 2 - 1) - Fraction(1, 2)
    return _sine(reduced * PI)


def _sine(value: Fraction) -> Fraction:
    """The Taylor series for |value| <= pi / 2, to 60 digits."""
    x = _decimal(value)
    square = _CONTEXT.multiply(x, x)
    total = term = x
    for k in range(1, 60):
        term = _CONTEXT.divide(_CONTEXT.multiply(term, -square), Decimal(2 * k * (2 * k + 1)))
        total = _CONTEXT.add(total, term)
    return Fraction(total)
