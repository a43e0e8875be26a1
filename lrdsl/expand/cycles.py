"""Cycles: the laps of a clock that restarts, equal or growing, each from a whole step on."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

from lrdsl.expand.lookup import count, look_up
from lrdsl.expand.rationals import HALF, ONE, Value, add, ceil, floor, nearest, scale
from lrdsl.ir.builder import Builder
from lrdsl.ir.ops import LAST_STEP

MAX_LAPS = 65_536
_FINEST = 2**20  # of a step, in the length of a lap: up to here, laps times it stay within int64
_BINARY_PLACES = 160  # of a period's length that is not rational any more


class TooManyLaps(Exception):
    """The restarts of a growing cycle up to the last step do not fit a table."""


def equal_laps(
    ir: Builder, every: Fraction, growth: Fraction, t: Value
) -> tuple[Value, Value, Value]:
    """Where the lap began, its length and its number; a fractional lap begins at a whole step."""
    if every > 2 * LAST_STEP:  # the first lap never ends
        return Fraction(0), every, Fraction(0)
    every = every.limit_denominator(_FINEST)
    if every.denominator == 1:
        lap = floor(ir, scale(ir, t, 1 / every))
        return scale(ir, lap, every), every, lap
    since = scale(ir, add(ir, t, HALF), 1 / every)  # the last lap whose start is not above t
    lap = add(ir, ceil(ir, since), -ONE)
    return nearest(ir, scale(ir, lap, every)), every, lap


def growing_laps(
    ir: Builder, every: Fraction, growth: Fraction, t: Value
) -> tuple[Value, Value, Value]:
    starts, lengths = restarts(every, growth)
    lap = count(ir, t, starts[1:])
    return look_up(ir, lap, starts), look_up(ir, lap, lengths), lap


@lru_cache(maxsize=64)
def restarts(
    every: Fraction, growth: Fraction
) -> tuple[tuple[int, ...], tuple[Fraction | float, ...]]:
    """First step and length of each period up to `LAST_STEP`, the first steps rounded.

    A table, because logarithms find the period wrongly near the restarts. Lengths are rational
    while their denominators are short, which is longer than any restart can be a tie; then they
    are rounded to a fixed number of binary places, and given as floats.
    """
    top, bottom = growth.as_integer_ratio()
    starts, lengths, length = [0], [every], every * growth
    while length.denominator.bit_length() <= _BINARY_PLACES:
        start = math.floor((length - every) * bottom / (top - bottom) + HALF)
        if start > LAST_STEP:
            return tuple(starts), tuple(lengths)
        starts.append(start)
        lengths.append(length)
        length = length * growth
        if len(starts) > MAX_LAPS:
            raise TooManyLaps
    rest = _rounded_restarts(every, top, bottom, length, MAX_LAPS - len(starts))
    return (*starts, *(start for start, _ in rest)), (
        *map(float, lengths), *(length for _, length in rest),
    )  # fmt: skip


def _rounded_restarts(
    every: Fraction, top: int, bottom: int, length: Fraction, most: int
) -> list[tuple[int, float]]:
    """First step and length of the periods from one on, in integers of 2^-_BINARY_PLACES."""
    one = 1 << _BINARY_PLACES
    first, now = (math.floor(each * one) for each in (every, length))
    found: list[tuple[int, float]] = []
    while (start := ((now - first) * bottom // (top - bottom) + one // 2) >> _BINARY_PLACES) <= (
        LAST_STEP
    ):
        if len(found) == most:
            raise TooManyLaps
        found.append((start, now / one))
        now = now * top // bottom
    return found
