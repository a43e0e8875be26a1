"""What turns with the step in a core tree, and the numbers it passes: where a rate may jump."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lrdsl.core import Op, in_order


class Clock(NamedTuple):
    """A remainder that turns with the step: (factor * step + offset) mod period, factor > 0."""

    factor: int
    offset: int
    period: int

    def turns(self, low: int, high: int) -> int:
        """How often it begins anew after `low`, until `high`."""
        first, last = (self.factor * step + self.offset for step in (low, high))
        return last // self.period - first // self.period

    def phase(self, step: int) -> int:
        """What it shows."""
        return (self.factor * step + self.offset) % self.period

    def start(self, step: int, lap: int) -> int:
        """The first step of a lap; that of `step` is 0."""
        lap += (self.factor * step + self.offset) // self.period
        return -((self.offset - lap * self.period) // self.factor)

    def until(self, low: int, high: int) -> int | None:
        """The fewest steps in which it goes on by between `low` and `high`; None for never."""
        period = self.period
        if low <= 0 <= high or high - low >= period - 1:
            return 0
        return _fewest(self.factor % period, period, low % period, high % period)


def _fewest(factor: int, period: int, low: int, high: int) -> int | None:
    """The least n >= 0 with low <= factor * n mod period <= high, where 0 <= low <= high < period.

    With c the first multiple of `factor` that is at least `low`: if it is over `high`, then
    factor * n - period * m is in between for an m that the same question about the remainders
    of `period` answers, as in Euclid's algorithm.
    """
    if low == 0 or factor == 0:
        return 0 if low == 0 else None
    if -(-low // factor) * factor <= high:
        return -(-low // factor)
    laps = _fewest(period % factor, factor, -high % factor, -low % factor)
    return None if laps is None else -(-(low + period * laps) // factor)


class Marks(NamedTuple):
    """Numbers that factor * step + offset, factor > 0, passes: there, a value may jump."""

    factor: int
    offset: int
    numbers: tuple[int, ...]

    def between(self, low: int, high: int) -> int | None:
        """The step of the middle one of those passed after `low`, until `high`."""
        first, last = (bisect_right(self.numbers, self.factor * step + self.offset)
                       for step in (low, high))  # fmt: skip
        if first == last:
            return None
        return -((self.offset - self.numbers[(first + last) // 2]) // self.factor)


@lru_cache(maxsize=64)
def clocks(core: Op) -> dict[int, Clock]:
    """The clocks of a core tree, by their place in its order."""
    return {index: Clock(factor, offset, op.args[1].data)
            for index, op, factor, offset in linear(core)
            if op.name == "mod" and factor > 0}  # fmt: skip


@lru_cache(maxsize=64)
def marks(core: Op) -> list[Marks]:
    """What is counted in a core tree, or compared with a number."""
    found = []
    for _, op, factor, offset in linear(core):
        limit = op.args[-1].data
        match op.name if factor > 0 else "":
            case "count":
                found.append(Marks(factor, offset, op.data))
            case "lt" | "min" | "max" if isinstance(limit, int):
                found.append(Marks(factor, offset, (limit,)))
            case "le" if isinstance(limit, int):
                found.append(Marks(factor, offset, (limit + 1,)))
            case "eq" if isinstance(limit, int):
                found.append(Marks(factor, offset, (limit, limit + 1)))
    return found


def linear(core: Op) -> Iterator[tuple[int, Op, int, int]]:
    """Operations whose first operand is factor * step + offset, with their places."""
    lines: dict[int, tuple[int, int]] = {}
    for index, op in enumerate(in_order(core)):
        args = [lines[id(arg)] for arg in op.args if id(arg) in lines]
        line = _line(op, args) if op.dtype == "int" else None
        if line:
            lines[id(op)] = line
        if op.args and id(op.args[0]) in lines and args[0][0] != 0:
            yield index, op, *args[0]


def _line(op: Op, args: list[tuple[int, int]]) -> tuple[int, int] | None:
    """factor and offset of an integer that is factor * step + offset."""
    match op.name, args:
        case "step", _:
            return 1, 0
        case "integer", _:
            return 0, op.data
        case "add", [(a, b), (c, d)]:
            return a + c, b + d
        case "sub", [(a, b), (c, d)]:
            return a - c, b - d
        case "mul", [(a, b), (0, d)] | [(0, d), (a, b)]:
            return a * d, b * d
    return None
