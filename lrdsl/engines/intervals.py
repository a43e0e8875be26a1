"""The interval engine: core operations on bounds of their values over a stretch of steps.

Interval arithmetic over the core tree (R. Moore, Interval Analysis, 1966), on the values as the
reference engine computes them. Integers are exact. A float operation that IEEE 754 rounds
correctly is monotone wherever the exact one is, so its ends are values it takes and need no
widening; the functions of libm, which err by less than an ulp, are widened by a few.
"""

from __future__ import annotations

import math
import operator
import sys
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from lrdsl.constants import flushed
from lrdsl.core import LARGEST
from lrdsl.engines.python import OPS as REFERENCE

# The lowest and the highest value; both are NaN where some value may be NaN, so that nothing is
# proved by a comparison with them. A truth value is an interval of 0 and 1.
Interval = tuple[Any, Any]

NAN: Interval = (math.nan, math.nan)
EITHER: Interval = (0, 1)
_INFINITY = math.inf
_WIDER = 2.0**-50  # four ulps and more
_TINY, _HUGE = sys.float_info.min, sys.float_info.max
_LEAF = 64  # values of a table that are compared one by one


# arithmetic: of integers, too


def _add(a: Interval, b: Interval) -> Interval:
    low, high = a[0] + b[0], a[1] + b[1]
    if high - low < _INFINITY:
        return low, high
    opposite = (a[0] == -_INFINITY and b[1] == _INFINITY) or (
        a[1] == _INFINITY and b[0] == -_INFINITY
    )
    return NAN if opposite or low != low or high != high else (low, high)


def _sub(a: Interval, b: Interval) -> Interval:
    return _add(a, (-b[1], -b[0]))


def _mul(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0 and b[0] >= 0:
        low, high = a[0] * b[0], a[1] * b[1]
        if high - low < _INFINITY:
            return low, high
    if (_has_zero(a) and _is_unbounded(b)) or (_has_zero(b) and _is_unbounded(a)):
        return NAN
    return _hull_of_corners(operator.mul, a, b)


def square(a: Interval, _: Interval) -> Interval:
    """The product of an operand and itself: its sign is known."""
    if a[0] >= 0:
        return a[0] * a[0], a[1] * a[1]
    ends = a[0] * a[0], a[1] * a[1]
    return (0 if _has_zero(a) else ends[1], max(ends)) if a[0] == a[0] else NAN


def _div(a: Interval, b: Interval) -> Interval:
    if a[0] != a[0] or (_is_unbounded(a) and _is_unbounded(b)):
        return NAN
    if _has_zero(b):
        return NAN if _has_zero(a) else (-_INFINITY, _INFINITY)
    return _hull_of_corners(operator.truediv, a, b)


def _hull_of_corners(function: Callable[[Any, Any], Any], a: Interval, b: Interval) -> Interval:
    """Of a function that is monotone in each operand."""
    if a[0] != a[0] or b[0] != b[0]:
        return NAN
    corners = [function(x, y) for x in a for y in b]
    return min(corners), max(corners)


def _has_zero(a: Interval) -> bool:
    return bool(a[0] <= 0 <= a[1])


def _is_unbounded(a: Interval) -> bool:
    return bool(a[0] == -_INFINITY or a[1] == _INFINITY)


def _abs(a: Interval) -> Interval:
    if a[0] >= 0:
        return a
    return (0 if _has_zero(a) else -a[1], max(-a[0], a[1])) if a[0] == a[0] else NAN


def _min(a: Interval, b: Interval) -> Interval:
    if a[0] != a[0] or b[0] != b[0]:
        return NAN
    return min(a[0], b[0]), min(a[1], b[1])


def _max(a: Interval, b: Interval) -> Interval:
    if a[0] != a[0] or b[0] != b[0]:
        return NAN
    return max(a[0], b[0]), max(a[1], b[1])


def _floordiv(a: Interval, b: Interval) -> Interval:
    assert b[0] == b[1] > 0
    return a[0] // b[0], a[1] // b[0]


def _mod(a: Interval, b: Interval) -> Interval:
    assert b[0] == b[1] > 0
    first, last = divmod(a[0], b[0]), divmod(a[1], b[0])
    return (first[1], last[1]) if first[0] == last[0] else (0, b[0] - 1)


def _count(a: Interval, data: tuple[int, ...]) -> Interval:
    return bisect_right(data, a[0]), bisect_right(data, a[1])


# tables


class Table:
    """The values of `take` and the extremes of every stretch of `_LEAF` of them."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values
        self.known = not any(map(math.isnan, values))
        parts = [values[i : i + _LEAF] for i in range(0, len(values), _LEAF)]
        self.parts = [(min(part), max(part)) for part in parts]

    def between(self, first: int, last: int) -> Interval:
        """The extremes of the values from one index to another, both included."""
        if first == last:
            return self.values[first], self.values[first]
        if not self.known:
            return NAN
        start, stop = first // _LEAF + 1, last // _LEAF
        if start >= stop:
            part = self.values[first : last + 1]
            return min(part), max(part)
        ends = [*self.values[first : start * _LEAF], *self.values[stop * _LEAF : last + 1]]
        whole = self.parts[start:stop]
        lowest = min(min(ends), min(low for low, _ in whole))
        return lowest, max(max(ends), max(high for _, high in whole))


def _take(a: Interval, data: Table) -> Interval:
    last = len(data.values) - 1  # an index is inside, what encloses it may reach out
    return data.between(min(max(a[0], 0), last), max(min(a[1], last), 0))


# float functions


def _monotone(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    return lambda a: (function(a[0]), function(a[1])) if a[0] == a[0] else NAN


def _quotient(a: Interval, data: int) -> Interval:
    low, high = float(a[0]) / float(data), float(a[1]) / float(data)
    return (low, high) if data > 0 else (high, low)


def _widened(low: float, high: float) -> Interval:
    """Values of libm in order, moved apart by its errors, but not over 1, -1 or 0, which it hits.

    A function that errs by less than an ulp never passes a float64 that its exact value does not.
    """
    low, high = min(low, _HUGE), max(high, -_HUGE)  # or others may not be infinite
    down, up = low - abs(low) * _WIDER, high + abs(high) * _WIDER
    for exact in (-1.0, 1.0):
        down = exact if down < exact <= low else down
        up = exact if high <= exact < up else up
    return down, up


def _pow(a: Interval, b: Interval) -> Interval:
    if a[0] == a[1] and b[0] == b[1]:
        value = REFERENCE["pow"](a[0], b[0])
        return value, value
    if b[0] != b[0] or a[0] != a[0]:
        return NAN
    if a[0] > 0 or (a[0] == 0 and b[0] >= 0):
        return _positive_power(a, b)
    if a[0] >= 0:
        return 0.0, _INFINITY
    return _whole_power(a, b) if b[0] == b[1] and b[0] % 1 == 0 else NAN


def _positive_power(a: Interval, b: Interval) -> Interval:
    """Monotone in each operand; what is below the normal numbers is 0."""
    low, high = _widened(*_hull_of_corners(REFERENCE["pow"], a, b))
    return flushed(low, _TINY), max(high, 2 * _TINY)


def _whole_power(a: Interval, b: Interval) -> Interval:
    """Of a base of any sign, to one integer."""
    if b[0] < 0 and _has_zero(a):
        return -_INFINITY, _INFINITY
    size = _positive_power(_abs((float(a[0]), float(a[1]))), b)
    if b[0] % 2 == 0:
        return size
    if a[1] < 0:
        return -size[1], -size[0]
    return -_positive_power((0.0, -a[0]), b)[1], _positive_power((0.0, a[1]), b)[1]


def _log(a: Interval) -> Interval:
    if not a[0] >= 0:
        return NAN
    low, high = REFERENCE["log"](a[0]), REFERENCE["log"](a[1])
    return (low, high) if a[0] == a[1] else _widened(low, high)


def _wave(name: str, peak: float) -> Callable[[Interval], Interval]:
    """sin or cos, which is 1 at `peak` and at whole turns from it."""
    function, turn = REFERENCE[name], 2 * math.pi

    def apply(a: Interval) -> Interval:
        if a[0] == a[1]:
            return function(a[0]), function(a[0])
        if not -_INFINITY < a[0] <= a[1] < _INFINITY:
            return NAN
        doubt = 1e-12 + 2.0**-48 * max(-a[0], a[1])  # of a peak computed in float64
        if a[1] - a[0] + doubt >= turn:
            return -1.0, 1.0

        def passes(top: float) -> bool:
            turns = math.ceil((a[0] - doubt - top) / turn)
            return bool(top + turns * turn <= a[1] + doubt)

        low, high = _widened(*sorted((function(a[0]), function(a[1]))))
        return -1.0 if passes(peak + math.pi) else low, 1.0 if passes(peak) else high

    return apply


def _sqrt(a: Interval) -> Interval:
    return (math.sqrt(a[0]), math.sqrt(a[1])) if a[0] >= 0 else NAN


def _whole(a: Interval) -> Interval:
    """The integer of an integral float; of what is not finite, 0."""
    if -_INFINITY < a[0] <= a[1] < _INFINITY:
        return int(a[0]), int(a[1])
    return -LARGEST, LARGEST


# truth


def _lt(a: Interval, b: Interval) -> Interval:
    return (1, 1) if a[1] < b[0] else (0, 0) if a[0] >= b[1] else EITHER


def _le(a: Interval, b: Interval) -> Interval:
    return (1, 1) if a[1] <= b[0] else (0, 0) if a[0] > b[1] else EITHER


def _eq(a: Interval, b: Interval) -> Interval:
    if a[0] == a[1] == b[0] == b[1]:
        return 1, 1
    return (0, 0) if a[1] < b[0] or b[1] < a[0] else EITHER


def _select(test: Interval, a: Interval, b: Interval) -> Interval:
    if test[0] == test[1]:
        return a if test[0] else b
    if a[0] != a[0] or b[0] != b[0]:
        return NAN
    return min(a[0], b[0]), max(a[1], b[1])


# Operation to function of its operands; those in `WITH_DATA` get the operation's data last,
# `take` a `Table` of it.
OPS: dict[str, Callable[..., Interval]] = {
    "step": lambda step: step,
    "prev": lambda step: NAN,
    "integer": lambda data: (data, data),
    "number": lambda data: (data, data),
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "neg": lambda a: (-a[1], -a[0]),
    "abs": _abs,
    "min": _min,
    "max": _max,
    "floordiv": _floordiv,
    "mod": _mod,
    "count": _count,
    "take": _take,
    "cast": lambda a: (float(a[0]), float(a[1])),
    "ratio": _quotient,
    "quotient": _quotient,
    "guard": lambda a: _min(a, (_HUGE, _HUGE)),
    "div": _div,
    "pow": _pow,
    "log": _log,
    "sin": _wave("sin", math.pi / 2),
    "cos": _wave("cos", 0.0),
    "sqrt": _sqrt,
    "floor": _monotone(REFERENCE["floor"]),
    "round": _monotone(REFERENCE["round"]),
    "whole": _whole,
    "lt": _lt,
    "le": _le,
    "eq": _eq,
    "and": lambda a, b: (a[0] and b[0], a[1] and b[1]),
    "or": lambda a, b: (a[0] or b[0], a[1] or b[1]),
    "not": lambda a: (1 - a[1], 1 - a[0]),
    "select": _select,
}
