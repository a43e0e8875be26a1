"""Facts of a run: lowest and highest rate, the first that is wrong, jumps; from every step.

Up to `LOOKED_AT` steps are walked through in blocks; of a longer run, the first so many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrdsl.engines.python import compile_python
from lrdsl.ir.ops import Op
from lrdsl.rates.array import blocks

LOOKED_AT = 10**8
SHOWN = 3  # jumps, the first ones
_LEAST = 0.01  # of the larger rate beside a jump
_STEEPER = 2.0  # times the changes beside it
_BESIDE = 3  # steps on each side that tell a jump

Faulty = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rate:
    """A float64 rate and its step."""

    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds of the first `steps` steps of a run, in the float32 that trains.

    lowest, highest: of the rates that are numbers; None where there are none.
    nan, infinite, negative: the first such step and its rate.
    zeros_from: the first step from which on every rate is exactly 0.
    """

    steps: int
    lowest: Rate | None
    highest: Rate | None
    nan: Rate | None
    infinite: Rate | None
    negative: Rate | None
    zeros_from: int | None


@lru_cache(maxsize=32)
def facts(ir: Op, total_steps: int) -> Facts:
    """The facts of a run, computed from the rate of every step up to `LOOKED_AT`."""
    steps = min(total_steps, LOOKED_AT)
    found = _Seen()
    for start, rates in blocks(ir, steps):
        found.look(start, rates)
    rate = compile_python(ir)

    def at(step: int | None) -> Rate | None:
        return None if step is None else Rate(step, rate(step))

    return Facts(
        steps,
        lowest=at(found.lowest[1]),
        highest=at(found.highest[1]),
        nan=at(found.first.get("nan")),
        infinite=at(found.first.get("infinite")),
        negative=at(found.first.get("negative")),
        zeros_from=found.zeros_from,
    )


class _Seen:
    """What the blocks of rates so far have shown: steps, and the extreme rates."""

    def __init__(self) -> None:
        self.lowest: tuple[float, int | None] = math.inf, None
        self.highest: tuple[float, int | None] = -math.inf, None
        self.first: dict[str, int] = {}
        self.zeros_from: int | None = None

    def look(self, start: int, rates: Any) -> None:
        if math.isnan(rates.min()):
            self._first("nan", np.isnan(rates), start)
        if np.isnan(rates).all():
            return
        low, high = int(np.nanargmin(rates)), int(np.nanargmax(rates))
        if rates[low] < self.lowest[0]:
            self.lowest = float(rates[low]), start + low
        if rates[high] > self.highest[0]:
            self.highest = float(rates[high]), start + high
        if math.isinf(rates[low]) or math.isinf(rates[high]):
            self._first("infinite", np.isinf(rates), start)
        if rates[low] < 0:
            self._first("negative", rates < 0, start)
        self._zeros(start, rates)

    def _first(self, name: str, wrong: Faulty, start: int) -> None:
        if name not in self.first and wrong.any():
            self.first[name] = start + int(wrong.argmax())

    def _zeros(self, start: int, rates: Any) -> None:
        if rates[-1] != 0:
            self.zeros_from = None
            return
        others = np.flatnonzero(rates)
        if others.size:
            self.zeros_from = start + int(others[-1]) + 1
        elif self.zeros_from is None:
            self.zeros_from = start


@dataclass(frozen=True, slots=True)
class Jump:
    """The float64 rates at `step - 1` and at `step`."""

    step: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Jumps:
    """How many jumps there are, the first of them, and the largest."""

    number: int
    first: tuple[Jump, ...]
    largest: Jump | None


def jumps(ir: Op, total_steps: int) -> Jumps:
    """The discontinuities of a run: where the rate changes by more than 1 % and more than twice
    as much as it does on both sides (a spike's own two changes apart)."""
    first: list[int] = []
    number, largest, size = 0, 0, 0.0
    last = np.empty(0, np.float32)
    length = min(total_steps, LOOKED_AT)
    for start, rates in blocks(ir, length):
        joined = np.concatenate([last, rates])
        begin, end = start - last.size, start + rates.size == length
        changes, found = _jumps_in(joined.astype(np.float64), begin == 0, end)
        number += found.size
        first += [begin + int(each) for each in found[: SHOWN - len(first)]]
        if found.size and changes[found].max() > size:
            size = float(changes[found].max())
            largest = begin + int(found[changes[found].argmax()])
        last = joined[-2 * _BESIDE :]
    rate = compile_python(ir)
    shown = tuple(Jump(step, rate(step - 1), rate(step)) for step in first)
    at_largest = Jump(largest, rate(largest - 1), rate(largest)) if number else None
    return Jumps(number, shown, at_largest)


def _jumps_in(rates: Any, at_start: bool, at_end: bool) -> tuple[Any, Any]:
    """The changes to each rate, and where they are jumps; the ends belong to other blocks."""
    with np.errstate(invalid="ignore"):
        changes = np.abs(np.diff(rates, prepend=rates[:1]))
    padded = np.concatenate([np.zeros(2), changes, np.zeros(2)])
    before = np.minimum(padded[1:-3], padded[:-4])
    after = np.minimum(padded[3:-1], padded[4:])
    larger = np.maximum(np.abs(rates), np.abs(np.append(rates[:1], rates[:-1])))
    steep = (changes > _LEAST * larger) & (changes > _STEEPER * np.maximum(before, after))
    if not at_start:
        steep[:_BESIDE] = False
    if not at_end:
        steep[-_BESIDE:] = False
    return changes, np.flatnonzero(steep)
