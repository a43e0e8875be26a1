"""Local clocks: the run's, a part's, a cycle's; each a function of the step."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from lrdsl.arithmetic import Arithmetic
from lrdsl.constants import NotFinite, tidy
from lrdsl.core import LAST_STEP, Op
from lrdsl.values import Exact, Scaled, Value, constant

MAX_LAPS = 65_536

# A period's finest fraction of a step: over 10^12 steps that is less than a step off.
FINEST = 2**19


class TooManyLaps(Exception):
    """The restarts of a growing cycle up to the last step do not fit a table."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How a clock follows from the one around it.

    Without a parent it is the run's. A part begins at `start` and lasts `length`, or without
    one for the rest of the clock around it; a cycle restarts `every` so many steps, each
    period `growth` times the one before.
    """

    parent: Frame | None = None
    start: Fraction = Fraction(0)
    length: Fraction | int | None = None
    every: Fraction | None = None
    growth: Fraction = Fraction(1)
    prev: Op | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    t: Exact
    span: Value | None
    lap: Value | None = None
    prev: Scaled | None = None


def clock_of(frame: Frame, step: Exact, arithmetic: Arithmetic) -> Clock:
    """What `t`, `span`, `lap` and `prev` are in a frame when the run's step is `step`."""
    prev = None if frame.prev is None else Scaled(Fraction(1), frame.prev)
    if frame.parent is None:
        return Clock(step, None if frame.length is None else constant(frame.length), None, prev)
    outer = clock_of(frame.parent, step, arithmetic)
    if frame.every is None:
        t = arithmetic.add([outer.t, constant(-frame.start)])
        assert isinstance(t, Exact)
        return Clock(t, _length(frame, outer, arithmetic), outer.lap, prev or outer.prev)
    if frame.growth > 1:
        return _growing(frame, outer, arithmetic)
    return _regular(frame.every, outer, arithmetic)


def _length(frame: Frame, outer: Clock, a: Arithmetic) -> Value | None:
    if frame.length is not None:
        return constant(frame.length)
    return None if outer.span is None else a.add([outer.span, constant(-frame.start)])


def _regular(every: Fraction, outer: Clock, a: Arithmetic) -> Clock:
    """Equal periods; where `every` is no whole number of steps, each restart is rounded."""
    every = every.limit_denominator(FINEST)
    if every.denominator == 1:
        lap = a.floor(a.scale(outer.t, 1 / every))
        t = a.modulo(outer.t, constant(every))
    else:
        half = constant(Fraction(1, 2))
        lap = a.add([a.ceil(a.scale(a.add([outer.t, half]), 1 / every)), constant(-1)])
        start = a.nearest(a.scale(lap, every))
        t = a.add([outer.t, a.scale(start, Fraction(-1))])
    return Clock(_whole(t), constant(every), lap, outer.prev)


def _growing(frame: Frame, outer: Clock, a: Arithmetic) -> Clock:
    assert frame.every is not None
    periods = restarts(frame.every, frame.growth)
    starts = [Fraction(start) for start, _ in periods]
    lap = a.count(outer.t, starts[1:])
    t = _whole(a.add([outer.t, a.scale(a.read(lap, starts), Fraction(-1))]))
    return Clock(t, a.read(lap, [length for _, length in periods]), lap, outer.prev)


def _whole(time: Value) -> Exact:
    if not isinstance(time, Exact):
        raise NotFinite("a clock here needs integers of more than 64 bits")
    return time


@lru_cache(maxsize=256)
def restarts(every: Fraction, growth: Fraction) -> tuple[tuple[int, Fraction], ...]:
    """Each period up to `LAST_STEP`: its first step, rounded, and its length, as it is.

    A table, because logarithms find the period wrongly near the restarts.
    """
    periods, length = [(0, every)], every
    while len(periods) <= MAX_LAPS:
        length = tidy(length * growth)
        start = ((length - every) / (growth - 1) + Fraction(1, 2)).__floor__()
        if start > LAST_STEP:
            return tuple(periods)
        periods.append((start, length))
    raise TooManyLaps
