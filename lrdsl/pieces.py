"""The pieces of a run: between their starts no comparison, count or staircase changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrdsl.core import LARGEST, Op, in_order

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Pieces beyond this are not told apart.
MOST = 65_536


@dataclass(frozen=True, eq=False)
class Pieces:
    """starts: the first step of each piece, ascending (int64); level: whether the rate stays."""

    starts: Integers
    level: Flags


class Lines(NamedTuple):
    """An integer as straight lines: first[i] + slope[i] * (step - starts[i]) from starts[i] on.

    A truth value is 0 or 1.
    """

    starts: Integers
    first: Integers
    slope: Integers

    def at(self, starts: Integers) -> Lines:
        """The same lines, cut at `starts`, among which its own are."""
        place = np.searchsorted(self.starts, starts, side="right") - 1
        first = self.first[place] + self.slope[place] * (starts - self.starts[place])
        return Lines(starts, first, self.slope[place])

    def cut(self, steps: Integers) -> Lines:
        """The same lines, with more starts."""
        return self.at(np.union1d(self.starts, steps))

    def lengths(self, high: int) -> Integers:
        return np.diff(self.starts, append=high + 1)


class _TooMany(Exception):
    """More pieces than are told apart, or no straight lines."""


def pieces(core: Op, low: int, high: int, limit: int = MOST) -> Pieces:
    """The pieces of the steps from `low` to `high`, both included.

    A staircase of more than `limit` stairs is not cut; where it matters, a piece is not level.
    """
    order = in_order(core)
    known: dict[int, Lines] = {}
    for op in order:
        lines = _lines(op, [known.get(id(arg)) for arg in op.args], low, high, limit)
        if lines is not None:
            known[id(op)] = lines
    starts = np.array([low], np.int64)
    for lines in known.values():
        both = np.union1d(starts, lines.starts)
        if both.size <= limit:
            starts = both
    return Pieces(starts, _levels(order, known, starts))


def _levels(order: list[Op], known: dict[int, Lines], starts: Integers) -> Flags:
    """On which pieces the last operation is constant."""
    level: dict[int, Flags] = {}
    for op in order:
        lines = _cut_as(known.get(id(op)), starts)
        flags = [level[id(arg)] for arg in op.args]
        if lines is not None:
            level[id(op)] = lines.slope == 0
        elif op.name in ("step", "prev"):
            level[id(op)] = np.zeros(starts.size, bool)
        elif op.name == "select" and (test := _cut_as(known.get(id(op.args[0])), starts)):
            level[id(op)] = np.where(test.first == 1, flags[1], flags[2])
        else:
            level[id(op)] = np.logical_and.reduce(flags) if flags else np.ones(starts.size, bool)
    return level[id(order[-1])]


def _cut_as(lines: Lines | None, starts: Integers) -> Lines | None:
    """The lines on these pieces, or None where the pieces are coarser."""
    if lines is None or not np.isin(lines.starts, starts).all():
        return None
    return lines.at(starts)


def _lines(op: Op, args: list[Lines | None], low: int, high: int, limit: int) -> Lines | None:
    """An integer or truth value as lines; None for what is not made of few of them."""
    start = np.array([low], np.int64)
    if op.name == "step":
        return Lines(start, start, np.array([1]))
    if op.name == "integer":
        return Lines(start, np.array([op.data]), np.array([0]))
    known = [arg for arg in args if arg is not None and np.abs(arg.first).max() < LARGEST // 2]
    if len(known) < len(args) or not known or op.dtype == "float":
        return None
    try:
        lines = _apply(op, known, high, limit)
    except _TooMany:
        return None
    return lines if lines.starts.size <= limit else None


def _apply(op: Op, args: list[Lines], high: int, limit: int) -> Lines:
    a, *rest = args
    match op.name:
        case "floordiv":
            return _floordiv(a, int(rest[0].first[0]), high, limit)
        case "mod":
            divisor = int(rest[0].first[0])
            laps = _floordiv(a, divisor, high, limit)
            a = a.at(laps.starts)
            return Lines(a.starts, a.first - divisor * laps.first, a.slope - divisor * laps.slope)
        case "count":
            return _staircase(a, np.array(op.data, np.int64), high, limit)
        case "take":
            a = _single_steps(a, high, limit)
            return Lines(a.starts, np.array(op.data, np.int64)[a.first], np.zeros_like(a.first))
        case "neg":
            return _negated(a)
        case "not":
            return Lines(a.starts, 1 - a.first, a.slope)
        case "abs":
            return _greater(a, _negated(a), high)
    starts = np.unique(np.concatenate([each.starts for each in args]))
    if starts.size > limit:
        raise _TooMany
    return _combine(op.name, [each.at(starts) for each in args], high)


def _combine(name: str, args: list[Lines], high: int) -> Lines:
    """Operations of lines that are cut alike."""
    a, b = args[:2]
    match name:
        case "add":
            return Lines(a.starts, a.first + b.first, a.slope + b.slope)
        case "sub":
            return _difference(a, b)
        case "mul" if not np.any((a.slope != 0) & (b.slope != 0)):
            return Lines(a.starts, a.first * b.first, a.slope * b.first + b.slope * a.first)
        case "max":
            return _greater(a, b, high)
        case "min":
            return _negated(_greater(_negated(a), _negated(b), high))
        case "lt" | "le":
            return _below(_difference(a, b), 0 if name == "lt" else 1, high)
        case "eq":
            low, up = (_below(_difference(a, b), bound, high) for bound in (0, 1))
            starts = np.union1d(low.starts, up.starts)
            return Lines(starts, up.at(starts).first - low.at(starts).first, np.zeros_like(starts))
        case "and":
            return Lines(a.starts, a.first & b.first, a.slope)
        case "or":
            return Lines(a.starts, a.first | b.first, a.slope)
        case "select":
            _, b, c = args
            yes = a.first == 1
            chosen = np.where(yes, b.first, c.first), np.where(yes, b.slope, c.slope)
            return Lines(a.starts, *chosen)
    raise _TooMany


def _negated(a: Lines) -> Lines:
    return Lines(a.starts, -a.first, -a.slope)


def _difference(a: Lines, b: Lines) -> Lines:
    return Lines(a.starts, a.first - b.first, a.slope - b.slope)


def _greater(a: Lines, b: Lines, high: int) -> Lines:
    less = _below(_difference(a, b), 0, high)
    a, b = a.at(less.starts), b.at(less.starts)
    yes = less.first == 1
    return Lines(less.starts, np.where(yes, b.first, a.first), np.where(yes, b.slope, a.slope))


def _below(lines: Lines, bound: int, high: int) -> Lines:
    """Where the lines are < bound, as 0 and 1: each line is cut where it crosses."""
    away = bound - lines.first
    up = -(-away // np.maximum(lines.slope, 1))  # steps until a rising line is at the bound
    down = -away // np.maximum(-lines.slope, 1) + 1  # and until a falling one is under it
    steps = np.select([lines.slope > 0, lines.slope < 0], [up, down], 0)
    inside = (steps > 0) & (steps < lines.lengths(high))
    cut = lines.cut(lines.starts[inside] + steps[inside])
    return Lines(cut.starts, (cut.first < bound).astype(np.int64), np.zeros_like(cut.starts))


def _floordiv(a: Lines, divisor: int, high: int, limit: int) -> Lines:
    if not np.any(a.slope % divisor):
        return Lines(a.starts, a.first // divisor, a.slope // divisor)
    last = a.first + a.slope * (a.lengths(high) - 1)
    lowest, highest = int(min(a.first.min(), last.min())), int(max(a.first.max(), last.max()))
    stairs = highest // divisor - lowest // divisor
    if stairs > limit:
        raise _TooMany
    marks = (lowest // divisor + 1 + np.arange(stairs, dtype=np.int64)) * divisor
    steps = _staircase(a, marks, high, limit)
    return Lines(steps.starts, steps.first + lowest // divisor, steps.slope)


def _staircase(a: Lines, marks: Integers, high: int, limit: int) -> Lines:
    """How many of the ascending marks are <= a: each line is cut where it passes one."""
    last = a.first + a.slope * (a.lengths(high) - 1)
    before, after = (np.searchsorted(marks, each, side="right") for each in (a.first, last))
    passed = np.abs(after - before)
    if passed.sum() > limit:
        raise _TooMany
    line = np.repeat(np.arange(passed.size), passed)
    nth = np.arange(line.size) - np.repeat(np.cumsum(passed) - passed, passed)
    mark = marks[np.minimum(before, after)[line] + nth]
    away, slope = mark - a.first[line], a.slope[line]
    up, down = -(-away // np.maximum(slope, 1)), -away // np.maximum(-slope, 1) + 1
    cut = a.cut(a.starts[line] + np.where(slope > 0, up, down))
    count = np.searchsorted(marks, cut.first, side="right")
    return Lines(cut.starts, count.astype(np.int64), np.zeros_like(cut.starts))


def _single_steps(a: Lines, high: int, limit: int) -> Lines:
    """Sloping lines cut at every step."""
    lengths = np.where(a.slope == 0, 1, a.lengths(high))
    if lengths.sum() > limit:
        raise _TooMany
    line = np.repeat(np.arange(lengths.size), lengths)
    nth = np.arange(line.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    cut = a.at(a.starts[line] + nth)
    return Lines(cut.starts, cut.first, np.zeros_like(cut.first))
