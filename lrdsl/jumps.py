"""The jumps of a run of any length: how many there are, the first of them and the largest.

A rate jumps at a step where an integer comparison, count, quotient or remainder changes, if its
float32 changes there by more than 1%, and by more than twice as much as it does beside it: before
the step before, and to the next step (one further where that is such a step, too).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from math import gcd, lcm
from typing import NamedTuple

import numpy as np

from lrdsl.core import Op, in_order
from lrdsl.engines.numpy import compile_numpy
from lrdsl.intervals import compile_intervals, enclose_all, live, single
from lrdsl.laps import Clock, clocks, linear
from lrdsl.pieces import pieces

WORK = 400  # comparisons of many laps at once
_WIDEST = 150  # halvings
_MOST = 1_024  # places in a lap; of more, a sample
SHOWN = 3
_LIMIT = 4_096  # changes that are looked at one by one
_OFTEN = 2_048  # what turns more often is looked at in one lap
_MANY = 100_000  # steps that are all looked at
_LEAST = 0.01  # of the larger rate
_STEEPER = 2.0  # times the change beside it


class Jump(NamedTuple):
    """The float64 rates at `step - 1` and at `step`."""

    step: int
    before: float
    after: float


class Jumps(NamedTuple):
    """How many there are, the first of them, and the largest.

    Where `exact` is False, not all could be told from steep stretches: `number` is an estimate.
    Where `complete` is False, there may be others, made by functions of real numbers (`floor`).
    """

    number: int
    first: tuple[Jump, ...]
    largest: Jump | None
    exact: bool
    complete: bool


@dataclass(frozen=True)
class _Course:
    """Where a rate may jump: at `starts`, and `inside` every lap of so many steps from `low`."""

    core: Op
    low: int
    high: int
    lap: int
    starts: frozenset[int]
    inside: frozenset[int]
    frequent: frozenset[int]  # places of the operations that turn in a lap
    missed: bool = False  # are there places that are not looked at?

    def may(self, step: int) -> bool:
        return step in self.starts or (step - self.low) % self.lap in self.inside

    def around(self, step: int) -> list[int]:
        """The six steps that are compared, as distances from `step`."""
        before, after = int(self.may(step - 1)), int(self.may(step + 1))
        return [-2 - before, -1 - before, -1, 0, after, after + 1]

    def window(self) -> tuple[int, int]:
        """The first and the last step of a lap in the middle of the run."""
        first = self.low + (self.high - self.low + 1) // self.lap // 2 * self.lap
        return (first, first + self.lap - 1) if first > self.low else (self.low, self.high)


def jumps(core: Op, low: int, high: int, work: int = WORK) -> Jumps:
    """The jumps from `low` to `high`, both included; none is at `low`."""
    course = _course(core, low, high)
    laps = (high - low) // course.lap
    alone = {step for step in course.starts if (step - low) % course.lap not in course.inside}
    for lap in (0, laps - 1, laps):  # those at the ends miss some steps around them
        alone |= {low + lap * course.lap + each for each in course.inside}
    found = _steep(course, sorted(step for step in alone if low < step <= high))
    number, exact = len(found), True
    tried = sorted(course.inside)[:: len(course.inside) // _MOST + 1]
    for inside in tried:
        for stretch in _regular(course, low + inside, laps - 2, work // len(tried)):
            exact &= stretch.sure
            number += stretch.number * len(course.inside) // len(tried)
            if stretch.number:
                steps = range(stretch.first, stretch.last + 1, course.lap)
                found += _steep(course, [*steps[:SHOWN], *steps[-1:]])
        found += _widest(course, low + inside, laps - 2, _WIDEST // len(tried))
    exact &= len(tried) == len(course.inside)
    found = sorted(set(found))
    largest = max(found, key=lambda jump: abs(jump.after - jump.before), default=None)
    return Jumps(number, tuple(found[:SHOWN]), largest, exact, not _hidden(course))


def _course(core: Op, low: int, high: int) -> _Course:
    starts = frozenset(pieces(core, low, high, _LIMIT).starts[1:].tolist())
    lap, length, frequent = 1, high - low + 1, set()
    for place, op, factor, offset in linear(core):
        if op.name in ("mod", "floordiv"):
            clock = _turning(factor, offset, op.args[1].data)
            turns = clock.turns(low, high)
            if turns > _OFTEN or (turns and clock.start(low, 1) not in starts):
                lap = lcm(lap, clock.period // gcd(factor, clock.period))
                frequent.add(place)
    hasty = _hasty(core)
    if lap == 1 or lap > length // 4:
        every = range(low + 1, low + 1 + length * (hasty and length <= _MANY))
        starts |= set(every)
        missed = hasty and not every
        return _Course(core, low, high, length, starts, frozenset(), frozenset(), missed)
    course = _Course(core, low, high, lap * -(-4 // lap), starts, frozenset(), frozenset(frequent))
    first, last = course.window()
    inside = set((pieces(core, first, last, _LIMIT).starts - first).tolist())
    inside |= set(range(course.lap * (hasty and course.lap <= _LIMIT)))
    missed = hasty and course.lap > _LIMIT
    return replace(course, inside=frozenset(inside), missed=missed)


def _hasty(core: Op) -> bool:
    """Whether a remainder begins anew at most steps, so that it is the others that stand out."""
    divided = (
        (op.args[1].data, factor)
        for _, op, factor, _ in linear(core)
        if op.name in ("mod", "floordiv")
    )
    return any(2 * (abs(factor) % period) > period for period, factor in divided)


def _turning(factor: int, offset: int, period: int) -> Clock:
    """The clock that begins anew where (factor * step + offset) // period changes."""
    if factor > 0:
        return Clock(factor, offset, period)
    return Clock(-factor, period - 1 - offset, period)


def _hidden(course: _Course) -> bool:
    """Whether there are changes that are not looked for: of floats, or too many in a lap."""
    if course.missed:
        return True
    lines = {place: line for place, _, *line in linear(course.core)}
    for place, op in enumerate(in_order(course.core)):
        if op.name in ("floor", "round") or (op.dtype == "bool" and op.args[0].dtype == "float"):
            return True
        if op.name in ("mod", "floordiv") and not _cut(course, op, lines.get(place)):
            return True
    return False


def _cut(course: _Course, op: Op, line: list[int] | None) -> bool:
    """Whether the changes of a quotient or remainder are among those that are looked at."""
    (first, last), (operand, divisor) = course.window(), op.args
    if line is not None:
        clock = _turning(line[0], line[1], divisor.data)
        return clock.turns(first, last) == 0 or course.may(clock.start(first, 1))
    low, high = enclose_all(operand, first, last)[-1]
    few = high - low <= _OFTEN * divisor.data
    return few or bool(pieces(operand, first, last, _LIMIT).level.all())


def _steep(course: _Course, steps: list[int]) -> list[Jump]:
    """The jumps among these steps."""
    if not steps:
        return []
    around = np.array([course.around(step) for step in steps], np.int64).T + np.array(steps)
    rates = compile_numpy(course.core)(np.clip(around, course.low, course.high))
    with np.errstate(over="ignore", invalid="ignore"):
        values = rates.astype(np.float32).astype(np.float64)
        change, beside = abs(values[3] - values[2]), abs(values[[1, 5]] - values[[0, 4]]).max(0)
        size = abs(values[2:4]).max(0)
        found = np.flatnonzero((change > _LEAST * size) & (change > _STEEPER * beside))
    return [Jump(steps[i], float(rates[2, i]), float(rates[3, i])) for i in found]


def _widest(course: _Course, step: int, laps: int, work: int) -> list[Jump]:
    """The widest jump of the laps from 1 to `laps`, by branch and bound."""
    best = 0.0
    found: list[Jump] = []
    stretches = [(-math.inf, 1, laps)] if laps > 0 else []
    while stretches and work > 0 and -stretches[0][0] > best * (1 + 1e-6):
        _, first, last = heappop(stretches)
        middle = (first + last) // 2
        for low, high in ((first, middle), (middle + 1, last)) if first < last else ():
            ends = step + low * course.lap, step + high * course.lap
            for jump in _steep(course, list(ends)):
                if abs(jump.after - jump.before) > best:
                    best, found = abs(jump.after - jump.before), [jump]
            bounds = [_bounds(course, ends[0] + each, ends[1] + each) for each in (-1, 0)]
            heappush(stretches, (-_difference(*bounds)[1], low, high))
        work -= 1
    return found


class _Stretch(NamedTuple):
    """Steps a whole number of laps apart; how many of them are jumps, and whether it is proved."""

    first: int
    last: int
    number: int
    sure: bool


def _regular(course: _Course, step: int, laps: int, work: int) -> Iterator[_Stretch]:
    """The laps from 1 to `laps` in stretches; `step` is the place in lap 0. The longest first."""
    stretches = [(-laps, 1, laps)] if laps > 0 else []
    aligned = [start for start in course.starts if (start - step) % course.lap == 0]
    while stretches:
        length, first, last = heappop(stretches)
        ends = step + first * course.lap, step + last * course.lap
        there = _everywhere(course, *ends, aligned)
        if there is None and work > 0 and first < last:
            middle = (first + last) // 2
            heappush(stretches, (first - middle - 1, first, middle))
            heappush(stretches, (middle - last, middle + 1, last))
        elif there is None:
            yield _Stretch(*ends, _guessed(course, *ends), False)
        else:
            yield _Stretch(*ends, -length * there, True)
        work -= 1


def _guessed(course: _Course, first: int, last: int) -> int:
    """How many of these steps are jumps, if they begin or end to be ones once."""
    ends = [bool(_steep(course, [step])) for step in (first, last)]
    low, high = 0, (last - first) // course.lap + 1
    if ends[0] == ends[1]:
        return high * ends[0]
    while high - low > 1:
        middle = (low + high) // 2
        same = bool(_steep(course, [first + middle * course.lap])) == ends[0]
        low, high = (middle, high) if same else (low, middle)
    return high if ends[0] else (last - first) // course.lap + 1 - high


def _everywhere(course: _Course, first: int, last: int, aligned: list[int]) -> bool | None:
    """Whether there is a jump at every lap from `first` to `last`, at none, or (None) unproved.

    `aligned` are those of the `starts` that may be among them.
    """
    if first == last:
        return bool(_steep(course, [first]))
    around = course.around(first)
    if not live(course.core, first + around[0], last + around[-1]) & course.frequent:
        return None if any(first <= start <= last for start in aligned) else False
    bounds = [_bounds(course, first + each, last + each) for each in around]
    change, size = _difference(*bounds[2:4]), [_size(each) for each in bounds[2:4]]
    beside = [_difference(*bounds[0:2]), _difference(*bounds[4:6])]
    least, most = max(low for low, _ in size), max(high for _, high in size)
    if change[0] > max(_LEAST * most, _STEEPER * max(high for _, high in beside)):
        return True
    if change[1] <= max(_LEAST * least, _STEEPER * max(low for low, _ in beside)):
        return False
    return None


def _bounds(course: _Course, first: int, last: int) -> tuple[float, float]:
    """Of the float32 rates at `first`, `last` and whole laps between them."""
    phases = []
    for clock in clocks(course.core).values():
        known = course.lap * clock.factor % clock.period == 0
        phases.append((clock.phase(first),) * 2 if known else (0, clock.period - 1))
    low, high = compile_intervals(course.core)(first, last, tuple(phases))
    return single(low), single(high)


def _difference(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return max(0.0, a[0] - b[1], b[0] - a[1]), max(a[1] - b[0], b[1] - a[0])


def _size(a: tuple[float, float]) -> tuple[float, float]:
    return max(0.0, a[0], -a[1]), max(-a[0], a[1])
