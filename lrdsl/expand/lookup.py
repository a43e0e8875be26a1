"""Tables: how many boundaries a time has reached, and the value at an index."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from lrdsl.expand.rationals import Value, Whole, common_unit, to_number, whole
from lrdsl.ir.builder import Builder


def count(ir: Builder, time: Value, boundaries: Sequence[Fraction | int]) -> Value:
    """How many of the ascending boundaries are <= a time."""
    if isinstance(time, Fraction):
        return Fraction(bisect_right(boundaries, time))
    assert isinstance(time, Whole) and time.unit > 0
    if time.unit != 1:
        boundaries = [boundary / time.unit for boundary in boundaries]
    return whole(ir.searchsorted(time.op, tuple(map(math.ceil, boundaries))))


def look_up(ir: Builder, index: Value, values: Sequence[Fraction | float]) -> Value:
    """The value at an integer index that is always inside the list."""
    if isinstance(index, Fraction):
        return Fraction(values[int(index)])
    if all(value == values[0] for value in values):
        return Fraction(values[0])
    assert isinstance(index, Whole) and index.unit == 1
    rationals = [value for value in values if isinstance(value, Fraction | int)]
    unit = common_unit(rationals) if len(rationals) == len(values) else None
    if unit is not None:
        integers = tuple(int(value if unit == 1 else value / unit) for value in rationals)
        return whole(ir.take(index.op, integers, "int"), unit)
    return ir.take(index.op, tuple(map(to_number, values)), "float")
