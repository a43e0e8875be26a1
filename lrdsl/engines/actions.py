"""The parts of a plan: what each operation does to the slots, one block of steps at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lrdsl.certificates import QUARTER, Slope
from lrdsl.core import WITH_DATA, Op
from lrdsl.engines.numpy import OPS, Array
from lrdsl.engines.python import OPS as REFERENCE

# A part of a plan: it takes the slots, the steps of the block (or the first one) and their number.
Action = Callable[[list[Any], Any, int], Any]

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

    def apply(slots: list[Any], start: int, n: int) -> None:
        np.log(slots[base], out=slots[out])
        np.multiply(slots[out], exponent, out=slots[out])
        np.exp(slots[out], out=slots[out])

    return apply


def copy(source: int, out: int) -> Action:
    return lambda slots, start, n: np.copyto(slots[out], slots[source])


def select(ins: list[int], out: int) -> Action:
    test, yes, no = ins

    def apply(slots: list[Any], start: int, n: int) -> None:
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


def _at(slope: Slope, step: int) -> float:
    return slope.factor * float(slope.line.factor * step + slope.line.shift) + slope.shift


def _direct_sine(slope: Slope, out: Array, start: int) -> None:
    line = np.arange(start, start + out.size, dtype=np.int64)
    line = line * slope.line.factor + slope.line.shift
    np.multiply(line, slope.factor, out=out)
    np.add(out, slope.shift, out=out)
    np.sin(out, out=out)


def doubt(name: str, bound: float, ins: list[int], spare: int) -> Action:
    """Note where a comparison or a rounding may have another result than the reference."""
    distance = _DISTANCES[name]

    def apply(slots: list[Any], start: int, n: int) -> None:
        near = np.abs(distance(*(slots[place] for place in ins)), out=slots[spare])
        if not near.min() > bound:
            slots[1].append(np.flatnonzero(~(near > bound)))

    return apply


def power(block: int, base: float, slope: Slope, out: int) -> Action:
    """base^(a + b) = base^a * base^b, with a for the block and b in a table."""
    table = np.power(base, np.arange(block) * (slope.factor * slope.line.factor))

    def apply(slots: list[Any], start: int, n: int) -> None:
        np.multiply(table[:n], REFERENCE["pow"](base, _at(slope, start)), out=slots[out])

    return apply


def sine(block: int, slope: Slope, out: int, spare: int) -> Action:
    """sin(a + b) = sin a cos b + cos a sin b, with b in a table.

    a is the end of the block that is nearer to 0, so that both terms have one sign; a block
    with 0 inside has no such end.
    """
    angles = np.arange(block) * abs(slope.factor * slope.line.factor)
    rising = np.sin(angles), np.cos(angles)
    falling = [each[::-1].copy() for each in rising]

    def apply(slots: list[Any], start: int, n: int) -> None:
        first, last = _at(slope, start), _at(slope, start + n - 1)
        if first * last < 0 or max(abs(first), abs(last)) > QUARTER:
            _direct_sine(slope, slots[out], start)
            return
        if abs(first) <= abs(last):
            near, (sines, cosines) = first, (each[:n] for each in rising)
        else:
            near, (sines, cosines) = last, (each[len(angles) - n :] for each in falling)
        sign = math.copysign(1.0, first + last)
        np.multiply(sines, sign * math.cos(near), out=slots[spare])
        np.multiply(cosines, math.sin(near), out=slots[out])
        np.add(slots[out], slots[spare], out=slots[out])

    return apply
