"""Local clocks: the run's, a part's, a cycle's; each a function of the step."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from lrdsl.arithmetic import Arithmetic
from lrdsl.constants import NotFinite, tidy
from lrdsl.core import LAST_STEP, Op
from lrdsl.values import HALF, ZERO, Exact, Scaled, Value, constant

MAX_LAPS = 65_536

# A period's finest fraction of a step. One that is rounded to it is off by at most 2^-39 steps, and
# mostly by far less: 2^-76.
FINEST = 2**38
# Up to here, any step times the denominator of a period stays within int64; for a longer one,
# steps are counted from the start of a block of about so many.
COARSE = 2**20
BLOCK = 2**20


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
    if every > 2 * LAST_STEP:  # the first lap never ends
        every = Fraction(round(every))
    # so that the time in a lap can be divided by its length in integers, too
    every = every.limit_denominator(max(1, min(FINEST, (2**59 / every).__floor__())))
    if every.denominator == 1:
        lap = a.floor(a.scale(outer.t, 1 / every))
        t = a.modulo(outer.t, constant(every))
    elif every.denominator <= COARSE:
        lap, t = _rounded(every, outer.t, ZERO, a)
    else:
        lap, t = _in_blocks(every, outer.t, a)
    return Clock(_whole(t), constant(every), lap, outer.prev)


def _rounded(every: Fraction, t: Value, late: Value, a: Arithmetic) -> tuple[Value, Value]:
    """The lap, and the time in it; lap 0 began `late` steps before t = 0, then rounded.

    That is the last lap whose start, lap * every - late rounded to a step, is not above t.
    """
    since = a.add([t, late, HALF])
    lap = a.add([a.ceil(a.scale(since, 1 / every)), constant(-1)])
    start = a.nearest(a.add([a.scale(lap, every), a.scale(late, Fraction(-1))]))
    return lap, a.add([t, a.scale(start, Fraction(-1))])


def _in_blocks(every: Fraction, t: Exact, a: Arithmetic) -> tuple[Value, Value]:
    """As `_rounded` for a long denominator, in integers that stay within int64.

    A block of `steps` whole steps is `laps` laps but for less than half a step, so that block n
    begins less than n / 2 steps after its first lap does.
    """
    laps = max(1, (BLOCK / every).__floor__())
    steps = (laps * every + HALF.constant).__floor__()
    block = a.floor(a.scale(t, Fraction(1, steps)))
    late = a.scale(block, steps - laps * every)
    lap, since = _rounded(every, a.modulo(t, constant(steps)), late, a)
    return a.add([a.scale(block, Fraction(laps)), lap]), since


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
