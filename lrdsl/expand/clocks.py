"""Clocks: `t`, `span` and `lap` of the run, of a part and of a cycle, as functions of the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from lrdsl.expand.cycles import equal_laps, growing_laps
from lrdsl.expand.rationals import ONE, NotFinite, Value, add, aligned, subtract, whole
from lrdsl.ir.builder import Builder
from lrdsl.ir.ops import Op


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """How a clock follows from the one around it, `parent`; without one it is the run's.

    A part begins at `start` and lasts `length`, or without one for the rest of the clock around
    it. A cycle restarts `every` so many steps, each period `growth` times the one before.
    """

    parent: Frame | None = None
    start: Fraction = Fraction(0)
    length: Fraction | None = None
    every: Fraction | None = None
    growth: Fraction = ONE
    prev: Op | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """What `t`, `span`, `lap` and `prev` are at one step.

    `start` is the step of the run at which `t` was 0; `shortest` the least that `span` is.
    """

    t: Value
    start: Value
    span: Value | None
    shortest: Fraction | None
    lap: Value | None = None
    prev: Op | None = None


def clock_of(ir: Builder, frame: Frame, step: Value, outer: Callable[[Frame], Clock]) -> Clock:
    """The clock of a frame when the run's step is `step`; `outer` gives the one around it."""
    if frame.parent is None:
        return Clock(step, Fraction(0), frame.length, frame.length, None, frame.prev)
    around = outer(frame.parent)
    if frame.every is None:
        return _of_part(ir, frame, around)
    laps = growing_laps if frame.growth > 1 else equal_laps
    begin, span, lap = laps(ir, frame.every, frame.growth, around.t)
    t, start = _time_in_lap(ir, frame, around.t, begin), _exact(add(ir, around.start, begin))
    return Clock(t, start, span, frame.every, lap, around.prev)


def _time_in_lap(ir: Builder, frame: Frame, t: Value, begin: Value) -> Value:
    """The time since a lap began, from 0 to its length where all are equal."""
    pair = aligned(ir, t, begin) if frame.growth == 1 and frame.every else None
    if pair is None or pair[1] != 1 or pair[0][1].name == "integer":
        return _exact(subtract(ir, t, begin))
    return whole(ir.make("sub", *pair[0], low=0, high=ceil(frame.every or 0)))


def _exact(time: Value) -> Value:
    if isinstance(time, Op):
        raise NotFinite("a clock here needs integers of more than 64 bits")
    return time


def _of_part(ir: Builder, frame: Frame, around: Clock) -> Clock:
    """The clock of a part, or of a recurrence, which begins with the clock around it."""
    span: Value | None = frame.length
    shortest = frame.length
    if frame.length is None and around.span is not None and around.shortest is not None:
        span = subtract(ir, around.span, frame.start)
        shortest = around.shortest - frame.start
    t = _exact(subtract(ir, around.t, frame.start))
    start = _exact(add(ir, around.start, frame.start))
    return Clock(t, start, span, shortest, around.lap, frame.prev or around.prev)
