"""The last step of a fast evaluation: tiny rates to 0, doubtful roundings by the reference.

`runs` calls it after each block of a plan, with the error that `certificates` allows the plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lrdsl.certificates import EXACT, UNIT, Certificate, Error
from lrdsl.constants import SMALLEST
from lrdsl.engines.numpy import Array

_DROPPED = 29  # bits of float64 that float32 does not have
_MIDDLE: int = 2 ** (_DROPPED - 1)
_NONE = np.empty(0, np.int64)
_PART = 2048


class Settling(NamedTuple):
    """What is known of the values: their error, their lowest one, and who knows them exactly.

    `lowest` is 0 or more only where no value is -0 either.
    """

    error: Error
    lowest: float
    exact: Callable[[Array], Array]

    def settle(
        self, out: Array, steps: Array | int, spare: Array, doubts: Sequence[Array] = ()
    ) -> None:
        """Give `out`, whose steps are these or begin at this one, the float32 of the reference.

        `spare` is a buffer of int64 or float64 of at least its size, `doubts` are places to look
        at anyway.
        """
        if self.error != EXACT:
            doubts = [*doubts, self._doubtful(out, spare)]
        elif self.lowest < SMALLEST and not out.min() >= SMALLEST:
            _flush(out)
        for places in doubts:
            if places.size:
                chosen = places + steps if isinstance(steps, int) else steps[places]
                out[places] = self.exact(chosen)

    def _doubtful(self, out: Array, spare: Array) -> Array:
        """Where the float32 rounding may be another one; flushes what is tiny."""
        reach = self._reach(self.lowest)
        if reach < _MIDDLE // 4:
            return _near_the_middle(out, reach, spare)
        reach = self._reach(float(out.min()))
        if reach < _MIDDLE // 4:
            return _near_the_middle(out, reach, spare)
        if self.lowest >= 0 and 1.01 * float(out.max()) + self.error.absolute < SMALLEST:
            out.fill(0.0)
            return _NONE
        return self._different_ends(out)

    def _reach(self, least: float) -> int:
        """The error in units of the last place, of values that are at least this."""
        if not least > 2.0**-120:
            return _MIDDLE
        error = self.error.relative + self.error.absolute / least
        return math.ceil(min(1.01 * error / UNIT + 2, _MIDDLE))

    def _different_ends(self, out: Array) -> Array:
        """Where the two ends of what the value may be are not the same float32."""
        found = []
        floor = 0.0 if self.lowest >= 0 else -math.inf
        for first in range(0, out.size, _PART):
            part = out[first : first + _PART]
            reach = 1.01 * self.error.relative * np.abs(part) + self.error.absolute
            ends = _single(np.maximum(part - reach, floor)), _single(part + reach)
            _flush(part)
            found.append(np.flatnonzero(ends[0].view(np.int32) != ends[1].view(np.int32)) + first)
        return np.concatenate(found)


def settling(certificate: Certificate, exact: Callable[[Array], Array]) -> Settling:
    """How to settle the values of a certified tree."""
    root = id(certificate.special.core)
    lowest = float(certificate.special.bounds[root][0])
    if lowest <= 0 and root not in certificate.special.plain:
        lowest = -math.inf
    return Settling(certificate.errors[root], lowest, exact)


def _near_the_middle(out: Array, reach: int, spare: Array) -> Array:
    """Where a float64 is at most so many units of its last place from the middle of two float32.

    Its last 29 bits are then near 2^28, whatever its sign and exponent. Times 8, as an int32, that
    is -2^31, and what is near it is at the ends of that type.
    """
    bits = spare.view(np.uint32)[: out.size]
    np.copyto(bits, out.view(np.uint64), casting="unsafe")
    np.multiply(bits, np.uint32(2 ** (32 - _DROPPED)), out=bits)
    ends, near = bits.view(np.int32), (reach << (32 - _DROPPED)) - 2**31
    if ends.min() > near and ends.max() < -near:
        return _NONE
    return np.flatnonzero((ends <= near) | (ends >= -near))


def _flush(out: Array) -> None:
    tiny = np.abs(out) < SMALLEST
    out[tiny] = np.copysign(0.0, out[tiny])


def _single(values: Array) -> Array:
    """float32, 0 below its normal numbers."""
    return np.where(np.abs(values) < SMALLEST, np.copysign(0.0, values), values).astype(np.float32)
