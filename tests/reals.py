"""Real numbers for the oracle: rationals, rational multiples of pi, and intervals of mpmath.

An interval is two raw mpf between which the number lies. Rationals stay exact; what an interval
does not decide (a comparison, a floor, a rounding) raises `Undecided`, and the oracle begins again
with more bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import libmp
from mpmath.libmp import mpf_add, mpf_cmp, mpf_div, mpf_mul, mpf_pos, mpf_sub

Interval = tuple[Any, Any]

_DOWN, _UP = libmp.round_floor, libmp.round_ceiling
_ONE = libmp.fone
# Sines of multiples of pi that are rational, by their turn modulo 2.
_SINES = {Fraction(0): Fraction(0), Fraction(1, 6): Fraction(1, 2), Fraction(1, 2): Fraction(1)}
# Exact powers may have so many bits; larger ones are intervals.
_BITS = 512


class Undecided(Exception):
    """The working precision does not tell."""


class NoValue(Exception):
    """The expression has no finite real value here."""


@dataclass(frozen=True, slots=True)
class Pi:
    """pi * turns."""

    turns: Fraction


Real = int | Fraction | Pi | Interval


class Reals:
    """Arithmetic at a working precision of `bits`, which may be raised."""

    def __init__(self, bits: int = 96) -> None:
        self.raise_to(bits)

    def raise_to(self, bits: int) -> None:
        self.bits = bits
        self.logs: dict[Any, Interval] = {}
        self._pi = (libmp.mpf_pi(bits, _DOWN), libmp.mpf_pi(bits, _UP))
        tiny = libmp.mpf_shift(_ONE, -bits)
        self._less, self._more = libmp.mpf_sub(_ONE, tiny), libmp.mpf_add(_ONE, tiny)

    def interval(self, x: Real) -> Interval:
        match x:
            case tuple():
                return x
            case int():
                whole = libmp.from_int(x)
                return whole, whole
            case Fraction():
                p, q = libmp.from_int(x.numerator), libmp.from_int(x.denominator)
                return mpf_div(p, q, self.bits, _DOWN), mpf_div(p, q, self.bits, _UP)
        return libmp.mpi_mul(self._pi, self.interval(x.turns), self.bits)

    def around(self, low: Any, high: Any) -> Interval:
        """The interval between two results of mpmath, and their last bits on either side."""
        if low[0]:
            low = mpf_mul(low, self._more, self.bits, _DOWN)
        else:
            low = mpf_mul(low, self._less, self.bits, _DOWN)
        factor = self._less if high[0] else self._more
        return low, mpf_mul(high, factor, self.bits, _UP)

    # arithmetic

    def add(self, a: Real, b: Real) -> Real:
        if not isinstance(a, tuple | Pi) and not isinstance(b, tuple | Pi):
            return a + b
        if isinstance(a, Pi) and isinstance(b, Pi):
            return Pi(a.turns + b.turns)
        x, y = self.interval(a), self.interval(b)
        return mpf_add(x[0], y[0], self.bits, _DOWN), mpf_add(x[1], y[1], self.bits, _UP)

    def negative(self, a: Real) -> Real:
        match a:
            case tuple():
                return libmp.mpf_neg(a[1]), libmp.mpf_neg(a[0])
            case Pi():
                return Pi(-a.turns)
        return -a

    def multiply(self, a: Real, b: Real) -> Real:
        if isinstance(a, tuple | Pi):
            a, b = b, a
        if isinstance(a, tuple | Pi):  # both are no rationals
            return libmp.mpi_mul(self.interval(a), self.interval(b), self.bits)
        match b:
            case tuple():
                return libmp.mpi_mul(self.interval(a), b, self.bits) if a else 0
            case Pi():
                return Pi(b.turns * a) if a else 0
        return a * b

    def divide(self, a: Real, b: Real) -> Real:
        if not isinstance(b, tuple | Pi):
            if b == 0:
                raise NoValue
            return self.multiply(a, Fraction(b.denominator, b.numerator))
        if isinstance(a, Pi) and isinstance(b, Pi):
            return a.turns / b.turns
        if not isinstance(a, tuple | Pi) and a == 0:
            return 0
        divisor = self.interval(b)
        self.sign(divisor)
        return libmp.mpi_div(self.interval(a), divisor, self.bits)

    # decisions

    def sign(self, a: Real) -> int:
        match a:
            case tuple():
                low, high = libmp.mpf_sign(a[0]), libmp.mpf_sign(a[1])
                if low != high:
                    raise Undecided
                return int(low)
            case Pi():
                a = a.turns
        return (a > 0) - (a < 0)

    def less(self, a: Real, b: Real) -> bool:
        if not isinstance(a, tuple | Pi) and not isinstance(b, tuple | Pi):
            return a < b
        return self.sign(self.add(a, self.negative(b))) < 0

    def equal(self, a: Real, b: Real) -> bool:
        if not isinstance(a, tuple | Pi) and not isinstance(b, tuple | Pi):
            return a == b
        return self.sign(self.add(a, self.negative(b))) == 0

    def either(self, a: Real, b: Real) -> Interval:
        """Both numbers and what lies between them."""
        x, y = self.interval(a), self.interval(b)
        low, high = _smaller(x[0], y[0]), y[1] if mpf_cmp(x[1], y[1]) < 0 else x[1]
        return low, high

    def least(self, a: Real, b: Real) -> Real:
        try:
            return b if self.less(b, a) else a
        except Undecided:
            x, y = self.interval(a), self.interval(b)
            return _smaller(x[0], y[0]), _smaller(x[1], y[1])

    def most(self, a: Real, b: Real) -> Real:
        return self.negative(self.least(self.negative(a), self.negative(b)))

    def absolute(self, a: Real) -> Real:
        match a:
            case tuple():
                return libmp.mpi_abs(a, self.bits)
            case Pi():
                return Pi(abs(a.turns))
        return abs(a)

    def floor(self, a: Real) -> int:
        if not isinstance(a, tuple | Pi):
            return a.__floor__()
        low, high = (int(libmp.to_int(libmp.mpf_floor(end))) for end in self.interval(a))
        if low != high:
            raise Undecided
        return low

    def round(self, a: Real) -> int:
        """Ties go to the even number; an interval never knows of one."""
        if not isinstance(a, tuple | Pi):
            return round(a)
        return self.floor(self.add(a, Fraction(1, 2)))

    # functions

    def exp(self, a: Real) -> Real:
        if not isinstance(a, tuple | Pi) and a == 0:
            return 1
        low, high = self.interval(a)
        bits = self.bits + 10
        return self.around(libmp.mpf_exp(low, bits), libmp.mpf_exp(high, bits))

    def log(self, a: Real) -> Real:
        if not isinstance(a, tuple | Pi) and a == 1:
            return 0
        if self.sign(a) <= 0:
            raise NoValue
        low, high = self.interval(a)
        bits = self.bits + 10
        return self.around(libmp.mpf_log(low, bits), libmp.mpf_log(high, bits))

    def sqrt(self, a: Real) -> Real:
        sign = self.sign(a)
        if sign < 0:
            raise NoValue
        if not isinstance(a, tuple | Pi):
            top, bottom = math.isqrt(a.numerator), math.isqrt(a.denominator)
            if top * top == a.numerator and bottom * bottom == a.denominator:
                return Fraction(top, bottom)
        low, high = self.interval(a)
        return libmp.mpf_sqrt(low, self.bits, _DOWN), libmp.mpf_sqrt(high, self.bits, _UP)

    def sin(self, a: Real) -> Real:
        match a:
            case Pi():
                return self._sin_pi(a.turns)
            case tuple():
                return libmp.mpi_sin(a, self.bits)
        return libmp.mpi_sin(self.interval(a), self.bits) if a else 0

    def cos(self, a: Real) -> Real:
        match a:
            case Pi():
                return self._sin_pi(a.turns + Fraction(1, 2))
            case tuple():
                return libmp.mpi_cos(a, self.bits)
        return libmp.mpi_cos(self.interval(a), self.bits) if a else 1

    def _sin_pi(self, turns: Fraction) -> Real:
        """sin(pi * turns), the turns brought into [-1/2, 1/2] first."""
        turns = abs((turns + Fraction(3, 2)) % 2 - 1) - Fraction(1, 2)
        if abs(turns) in _SINES:
            return _SINES[turns] if turns >= 0 else -_SINES[-turns]
        bits = self.bits + 10
        p, q = libmp.from_int(turns.numerator), libmp.from_int(turns.denominator)
        sine = libmp.mpf_sin_pi(mpf_div(p, q, bits), bits)
        return self.around(sine, sine)

    def tanh(self, a: Real) -> Real:
        grown = self.add(self.exp(self.multiply(2, a)), 1)
        return self.add(1, self.negative(self.divide(2, grown)))

    # powers

    def power(self, base: Real, exponent: Real) -> Real:
        if isinstance(exponent, tuple | Pi):
            return self._exp_log(base, exponent)
        if exponent == 0:
            return 1
        if exponent.denominator == 1:
            return self._whole_power(base, exponent.numerator)
        if exponent == Fraction(1, 2):
            return self.sqrt(base)
        if exponent == Fraction(-1, 2):
            return self.divide(1, self.sqrt(base))
        if self.sign(base) == 0:
            if exponent < 0:
                raise NoValue
            return 0
        return self._exp_log(base, exponent)

    def _whole_power(self, base: Real, n: int) -> Real:
        if not isinstance(base, tuple | Pi):
            if base == 0 and n < 0:
                raise NoValue
            size = max(base.numerator.bit_length(), base.denominator.bit_length())
            if size * abs(n) <= _BITS or abs(base) in (0, 1):
                return Fraction(base) ** n
        if 0 < n <= 64:
            return libmp.mpi_pow_int(self.interval(base), n, self.bits)
        if self.sign(base) < 0:
            size = self._exp_log(self.negative(base), n)
            return self.negative(size) if n % 2 else size
        return self._exp_log(base, n)

    def _exp_log(self, base: Real, exponent: Real) -> Real:
        if self.sign(base) <= 0:
            raise NoValue
        return self.exp(self.multiply(exponent, self._log_of(base)))

    def _log_of(self, base: Real) -> Real:
        """The logarithm of a base; those of the last few are kept."""
        if base not in self.logs:
            if len(self.logs) > 64:
                self.logs.clear()
            self.logs[base] = self.log(base)
        return self.logs[base]

    # results

    def rounded(self, a: Real) -> tuple[float, float, float]:
        """The float32 nearest to `a`, and `a` itself as the sum of two float64.

        Ties go to even; below the smallest normal float32 it is 0, beyond the largest infinite.
        """
        if isinstance(a, tuple | Pi):
            low, high = self.interval(a)
            single = mpf_pos(low, 24, "n")
            if single != mpf_pos(high, 24, "n"):
                if _as_float32(single) or _as_float32(mpf_pos(high, 24, "n")):
                    raise Undecided
                return 0.0, 0.0, 0.0  # both ends are, which is all that a flushed rate shows
            self._narrow(low, high)
        else:  # mpf_div rounds correctly
            p, q = libmp.from_int(a.numerator), libmp.from_int(a.denominator)
            single, low = mpf_div(p, q, 24, "n"), mpf_div(p, q, 120, "n")
        first = libmp.to_float(low)
        if not math.isfinite(first):
            raise NoValue
        second = libmp.to_float(mpf_sub(low, libmp.from_float(first), 53, "n"))
        return _as_float32(single), first, second

    def _narrow(self, low: Any, high: Any) -> None:
        """That both ends agree to some 75 bits, or it is no measure of a float64."""
        width = mpf_sub(high, low, 10, _UP)
        if width[1] and width[2] + width[3] > low[2] + low[3] - 75:
            raise Undecided


def _smaller(a: Any, b: Any) -> Any:
    return a if mpf_cmp(a, b) <= 0 else b


def _as_float32(single: Any) -> float:
    sign, man, exp, bits = single
    if not man or exp + bits - 1 < -126:
        return 0.0
    if exp + bits - 1 > 127:
        return -math.inf if sign else math.inf
    return math.ldexp(-man if sign else man, exp)
