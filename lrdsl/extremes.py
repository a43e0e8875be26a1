"""The lowest and the highest float32 rate of any number of steps, found without trying them all.

Branch and bound (A. H. Land and A. G. Doig, 1960) on enclosures: of the boxes of steps, the one
that may hold the lowest rate is cut in two, until its bound is a rate that was seen. A box is a
stretch of steps, or those of its steps at which clocks that turn in it (`mod`) show something
inside an interval; so a period is cut once for all laps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from lrdsl.core import Op, in_order
from lrdsl.engines.python import compile_python
from lrdsl.intervals import compile_intervals, single
from lrdsl.laps import Clock, Marks, clocks, marks
from lrdsl.pieces import pieces

_WORK = 25_000  # cuts times operations; each takes some 3 us
_COLUMN_WORK = 30  # cuts
_STARTS = 128  # stretches to begin with


class Measure(NamedTuple):
    """What is sought: the lowest `of_value`, a function of the float64 rate.

    `under` is at most the measure, as float32, of every rate inside bounds.
    """

    of_value: Callable[[float], float]
    under: Callable[[float, float], float]


LOWEST = Measure(lambda value: value, lambda low, _: single(low) if low == low else -math.inf)
HIGHEST = Measure(
    lambda value: -value, lambda _, high: -single(high) if high == high else -math.inf
)


class Box(NamedTuple):
    """The steps from first to last at which each clock is inside its interval, if any is given."""

    first: int
    last: int
    phases: tuple[tuple[int, int], ...] | None


class Found(NamedTuple):
    """value: the float64 rate at `step`; bound: the float32 that no rate, or measure, passes."""

    step: int
    value: float
    bound: float
    exact: bool


def extremes(core: Op, low: int, high: int, work: int | None = None) -> tuple[Found, Found]:
    """The lowest and the highest float32 rate from `low` to `high`, both included.

    Where a result is not exact, there was more work to do: `value` is the lowest (highest) rate
    seen, and no rate is lower (higher) than `bound`. Rates that are NaN take no part.
    `work` is how many boxes to cut at most, for each of them.
    """
    work = work or _allowed(core)
    lowest = search(core, low, high, LOWEST, work)
    highest = search(core, low, high, HIGHEST, work)
    return lowest, highest._replace(bound=-highest.bound)


def _allowed(core: Op) -> int:
    return _WORK // len(in_order(core)) + 1


def search(core: Op, low: int, high: int, measure: Measure, work: int) -> Found:
    """A step of the lowest measure from `low` to `high`; of equal ones seen, the first."""
    starts = [*pieces(core, low, high, _STARTS).starts.tolist(), high + 1]
    run = _Search(core, measure)
    for start, behind in pairwise(starts):
        run.add(start, behind - 1)
    return run.finish(work)


def columns(core: Op, total_steps: int, count: int, fineness: float) -> list[tuple[float, float]]:
    """Of each of `count` equal parts of a run the lowest and the highest float32 rate.

    They reach out by `fineness` at most, or further where that takes too long; no rate is
    outside, but where nothing bounds the rates: there they are the lowest and highest of those
    seen. A run of fewer steps has steps in more than one column.
    """
    found, left = [], 2 * _allowed(core)
    for column in range(count):
        start = column * total_steps // count
        end = max(start, (column + 1) * total_steps // count - 1)
        ends = []
        for measure in (LOWEST, HIGHEST):
            run = _Search(core, measure, fineness)
            run.add(start, end)
            bound = run.finish(min(_COLUMN_WORK, left)).bound
            ends.append(bound if math.isfinite(bound) else single(run.best))
            left -= run.work
        found.append((ends[0], -ends[1]))
    return found


def first(core: Op, low: int, high: int, measure: Measure, work: int) -> int | None:
    """The first step of a measure below 0, None where there is none.

    Raises Unproved where neither is shown: then there was more work to do.
    """
    found: int | None = None
    while low <= high:
        middle = high if found is None else (low + high) // 2
        best = search(core, low, middle, measure, work)
        if measure.of_value(best.value) < 0:
            found, high = best.step, best.step - 1
        elif best.bound >= 0:
            low = middle + 1
        else:
            raise Unproved
    return found


class Unproved(Exception):
    """There was more work to do than was allowed."""


class _Search:
    """The boxes that are left, the lowest bound first, and the best step so far."""

    def __init__(self, core: Op, measure: Measure, fineness: float = 0.0) -> None:
        self.rate, self.enclose = compile_python(core), compile_intervals(core)
        self.clocks, self.marks = tuple(clocks(core).values()), marks(core)
        self.measure, self.fineness = measure, fineness
        self.boxes: list[tuple[float, int, Box]] = []
        self.best, self.step, self.seen = math.nan, -1, set[int]()
        self.work = 0

    def open(self) -> bool:
        """Whether a box may hold a lower measure than the best."""
        return bool(self.boxes) and not self.boxes[0][0] >= single(self.best) - self.fineness

    def finish(self, work: int) -> Found:
        """The result after at most so many cuts."""
        while self.open() and self.work < work:
            self.cut()
            self.work += 1
        best = single(self.best)
        bound = min(self.boxes[0][0], best) if self.boxes else best
        return Found(self.step, self.rate(self.step), bound, not self.open())

    def add(self, start: int, end: int) -> None:
        """Take up the steps from one to another."""
        phases = tuple((0, clock.period - 1) for clock in self.clocks)
        box = shrunk(Box(start, end, phases), self.clocks)
        self.push(box, self.bound(box))

    def push(self, box: Box, bound: float) -> None:
        self.look(box.first)
        self.look(box.last)
        if box.last - box.first > 1 and not bound >= single(self.best):
            heappush(self.boxes, (bound, box.last - box.first, box))

    def look(self, step: int) -> None:
        """Compare the rate at a step with the best."""
        if step in self.seen:
            return
        self.seen.add(step)
        value = self.measure.of_value(self.rate(step))
        if value < self.best or self.step < 0 or self.best != self.best:
            self.best, self.step = value, step
        elif value == self.best and step < self.step:
            self.step = step

    def bound(self, box: Box) -> float:
        """What the measure is at least, as float32, at every step of a box."""
        return self.measure.under(*self.enclose(box.first, box.last, box.phases))

    def cut(self) -> None:
        """Cut the box of the lowest bound in two, so that the bounds rise most."""
        _, _, box = heappop(self.boxes)
        best: list[tuple[float, Box]] | None = None
        for parts in cuts(box, self.clocks, self.marks):
            kept = [part for each in parts
                    if (part := shrunk(each, self.clocks)).first <= part.last]  # fmt: skip
            found = sorted((self.bound(part), part) for part in kept)
            if best is None or [bound for bound, _ in found] > [bound for bound, _ in best]:
                best = found
        for bound, part in best or ():
            self.push(part, bound)


# boxes


def shrunk(box: Box, turning: tuple[Clock, ...]) -> Box:
    """The box without what its clocks exclude; one without steps ends before it begins."""
    first, last, phases = box
    for clock, (low, high) in zip(turning, phases or (), strict=False):
        ahead = clock.until(low - clock.phase(first), high - clock.phase(first))
        if ahead is None or first + ahead > last:
            return Box(first, first - 1, None)
        first += ahead
        last -= clock.until(clock.phase(last) - high, clock.phase(last) - low) or 0
    turns = any(clock.turns(first, last) for clock in turning)
    return Box(first, last, phases if turns else None)


def cuts(box: Box, turning: tuple[Clock, ...], passed: list[Marks]) -> list[list[Box]]:
    """The ways to cut a box in two: the period of a clock that turns, or the stretch of steps."""
    first, last, phases = box
    middle, ways = (first + last + 1) // 2, []
    for index, (clock, (low, high)) in enumerate(zip(turning, phases or (), strict=False)):
        turns = clock.turns(first, last)
        if turns > 1 and low < high:
            half = (low + high) // 2
            ways.append([_showing(box, index, part) for part in ((low, half), (half + 1, high))])
        if turns:
            middle = clock.start(first, (turns + 1) // 2)
    for each in passed:
        middle = each.between(first, last) or middle
    return [*ways, [Box(first, middle - 1, phases), Box(middle, last, phases)]]


def _showing(box: Box, index: int, phase: tuple[int, int]) -> Box:
    assert box.phases is not None
    return box._replace(phases=(*box.phases[:index], phase, *box.phases[index + 1 :]))
