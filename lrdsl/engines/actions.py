"""The actions of a plan: what each operation does to the slots, one block of steps at a time.

`blocks` puts them in order. Most are one call of NumPy on a whole block; sines and powers of a
straight line come from tables of one row of a block.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from lrdsl.certificates import UNIT, Slope
from lrdsl.core import WITH_DATA, Op
from lrdsl.engines.numpy import OPS, Array
from lrdsl.engines.python import OPS as REFERENCE

# An action takes the slots, the steps of the block (or the first one) and their number.
Action = Callable[[list[Any], Any, int], Any]

# The steps in a row of a block: as many as a table has.
ROW = 4096
# The terms of a binomial series, and how large exponent * d / m may be: up to here, its sum and
# that of its terms without their signs are alike.
_TERMS = 10
_LARGEST_SECOND = 1 / 8

# How far an operand is from where an operation jumps.
_DISTANCES: dict[str, Callable[..., Any]] = {
    "lt": np.subtract,
    "le": np.subtract,
    "eq": np.subtract,
    "floor": lambda a: a - np.rint(a),
    "round": lambda a: a - np.floor(a) - 0.5,
}


def ufunc(function: Any, ins: list[int], out: int) -> Action:
    if len(ins) == 1:
        (only,) = ins
        return lambda slots, start, n: function(slots[only], out=slots[out])
    a, b = ins
    return lambda slots, start, n: function(slots[a], slots[b], out=slots[out])


def by_logarithm(base: int, exponent: float, out: int) -> Action:
    """base^exponent = e^(exponent * log(base))."""
    return lambda slots, start, n: _by_logarithm(exponent, slots[base], slots[out])


def _by_logarithm(exponent: float, base: Array, out: Array) -> None:
    np.log(base, out=out)
    np.multiply(out, exponent, out=out)
    np.exp(out, out=out)


def copy(source: int, out: int) -> Action:
    return lambda slots, start, n: np.copyto(slots[out], slots[source])


def select(ins: list[int], out: int) -> Action:
    test, yes, no = ins

    def apply(slots: list[Any], start: Any, n: int) -> None:
        np.copyto(slots[out], slots[no])
        np.copyto(slots[out], slots[yes], where=slots[test])

    return apply


def other(op: Op, source: int, out: int) -> Action:
    """Operations that make their own arrays."""
    if op.name == "take":  # an index that is in doubt may be outside
        table = np.array(op.data)
        return lambda slots, start, n: np.copyto(
            slots[out], np.take(table, slots[source], mode="clip")
        )
    data = (np.array(op.data),) if op.name in WITH_DATA else ()
    return lambda slots, start, n: np.copyto(slots[out], OPS[op.name](slots[source], *data))


def doubt(name: str, bound: float, ins: list[int], spare: int) -> Action:
    """Note where a comparison or a rounding may have another result than the reference."""
    distance = _DISTANCES[name]

    def apply(slots: list[Any], start: Any, n: int) -> None:
        near = np.abs(distance(*(slots[place] for place in ins)), out=slots[spare])
        if not near.min() > bound:
            slots[1].append(np.flatnonzero(~(near > bound)))

    return apply


def line(factor: int, shift: int, ramp: int, out: int, dtype: type) -> Action:
    """factor * step + shift: its value at the first step, plus a ramp of factor * place."""
    return lambda slots, start, n: np.add(
        slots[ramp], dtype(factor * start + shift), out=slots[out]
    )


def any_line(factor: int, shift: int, out: int) -> Action:
    """The same where float64 does not hold every integer, or at scattered steps."""

    def apply(slots: list[Any], steps: Any, n: int) -> None:
        steps = np.arange(steps, steps + n) if isinstance(steps, int) else steps
        np.copyto(slots[out], steps * factor + shift)

    return apply


def power(base: float, slope: Slope, out: int) -> Action:
    """base^(a + b) = base^a * base^b, with a for each row and b in a table."""
    table = np.power(base, np.arange(ROW) * (slope.factor * slope.line.factor))

    def apply(slots: list[Any], start: int, n: int) -> None:
        exponents = _operands(slope, np.arange(start, start + n, ROW)).tolist()
        heads = np.array([REFERENCE["pow"](base, each) for each in exponents])
        rows, rest = slots[out][: n - n % ROW], slots[out][n - n % ROW :]
        np.multiply(heads[: n // ROW, None], table, out=rows.reshape(-1, ROW))
        np.multiply(heads[-1], table[: rest.size], out=rest)

    return apply


def power_of_line(slope: Slope, exponent: float, scale: float, shift: float, out: int) -> Action:
    """scale * (m + d)^p + shift, with m amid each row and

        (m + d)^p = m^p * (1 + p * (d/m) + p * (p - 1) / 2 * (d/m)^2 + ...).

    A product of matrices: the coefficients of each row, and the powers of d for all of them. What
    is left out is less than a unit. Rows near 0, where it is not, are computed directly.
    """
    binomials = np.cumprod([1.0, *((exponent - k) / (k + 1) for k in range(_TERMS))])
    truncated = (UNIT / 2 / max(abs(binomials[-1]), UNIT)) ** (1 / _TERMS)
    widest = min(truncated, _LARGEST_SECOND / max(abs(exponent), 1))
    half = slope.factor * slope.line.factor * (ROW // 2)
    table = _powers()

    def directly(base: Array, out: Array) -> None:
        _by_logarithm(exponent, base, out)
        np.multiply(out, scale, out=out)
        np.add(out, shift, out=out)

    def apply(slots: list[Any], start: int, n: int) -> None:
        values = slots[out][:n]
        middles = _operands(slope, np.arange(start, start + n - n % ROW, ROW) + ROW // 2)
        far = np.flatnonzero(abs(half) <= widest * middles)  # adjacent, as a line rises or falls
        first, last = (far[0], far[-1] + 1) if far.size else (0, 0)
        middles = middles[first:last]
        ratios = np.vander(half / middles, _TERMS, increasing=True)
        rows = (middles**exponent * scale)[:, None] * (binomials[:-1] * ratios)
        rows[:, 0] += shift
        np.matmul(rows, table, out=values[first * ROW : last * ROW].reshape(-1, ROW))
        _directly(directly, slope, values[: first * ROW], start)
        _directly(directly, slope, values[last * ROW :], start + last * ROW)

    return apply


@lru_cache(maxsize=1)
def _powers() -> Array:
    """The powers, from the 0th on, of places in a row that goes from -1 to 1."""
    places = np.arange(ROW) / (ROW // 2) - 1
    return np.ascontiguousarray(np.vander(places, _TERMS, increasing=True).T)


def wave(name: str, slope: Slope, out: int, *, relative: bool) -> Action:
    """Sine or cosine of a + b, with a for each row and b in a table: a product of matrices.

        sin(a + b) = sin(a) * cos(b) + cos(a) * sin(b)
        cos(a + b) = cos(a) * cos(b) - sin(a) * sin(b)

    A sine whose relative error counts takes for a the end of the row that is nearer to 0, so that
    both terms have one sign. A block with 0 inside has no such end, and is computed directly; so
    is what is left of a block after its last whole row.
    """
    angles = np.arange(ROW) * (slope.factor * slope.line.factor)
    rising = np.stack([np.cos(angles), np.sin(angles)])
    falling = np.stack([rising[0, ::-1], -rising[1, ::-1]]) if relative else rising
    function = np.sin if name == "sin" else np.cos

    def apply(slots: list[Any], start: int, n: int) -> None:
        rows, rest = slots[out][: n - n % ROW], slots[out][n - n % ROW :]
        starts = np.arange(start, start + rows.size, ROW)
        firsts, lasts = _operands(slope, starts), _operands(slope, starts + (ROW - 1))
        if relative and rows.size and firsts[0] * lasts[-1] < 0:
            _directly(function, slope, slots[out], start)
            return
        down = relative and rows.size and abs(firsts[0]) > abs(lasts[-1])
        near, table = (lasts, falling) if down else (firsts, rising)
        np.matmul(_heads(name, near.tolist()), table, out=rows.reshape(-1, ROW))
        _directly(function, slope, rest, start + rows.size)

    return apply


def _heads(name: str, angles: list[float]) -> Array:
    sines, cosines = [math.sin(a) for a in angles], [math.cos(a) for a in angles]
    pair = (sines, cosines) if name == "sin" else (cosines, [-sine for sine in sines])
    return np.array(pair).T


def _operands(slope: Slope, steps: Array) -> Array:
    """The slope at steps, each integer rounded once."""
    integers: Array = steps * slope.line.factor + slope.line.shift
    return integers * slope.factor + slope.shift


def _directly(function: Any, slope: Slope, out: Array, start: int) -> None:
    for first in range(0, out.size, ROW):
        part = out[first : first + ROW]
        steps = np.arange(start + first, start + first + part.size)
        function(_operands(slope, steps), out=part)
