"""Enclosures: bounds of the float64 values of a schedule over a whole stretch of steps."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from lrdsl.constants import flushed
from lrdsl.core import WITH_DATA, Op, in_order
from lrdsl.engines.intervals import OPS, Interval, Table, square
from lrdsl.engines.python import compile_python
from lrdsl.laps import clocks


def enclose(core: Op, low: int, high: int) -> tuple[float, float]:
    """Bounds of the float64 value at every step from `low` to `high`, both included.

    The values are those of `compile_python`, flushed. (nan, nan) where one of them may be NaN,
    so that nothing is proved by a comparison with the bounds.
    """
    if low == high:
        value = compile_python(core)(low)
        return value, value
    return compile_intervals(core)(low, high)


def single(value: float) -> float:
    """The float32 that a float64 is rounded to; what is too large is infinite."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def tail(core: Op, last: int) -> int:
    """The first step found from which on, until `last`, the float32 rate is proved constant."""
    wrong, right = -1, last
    while right - wrong > 1:
        middle = (wrong + right) // 2
        low, high = enclose(core, middle, last)
        wrong, right = (wrong, middle) if single(low) == single(high) else (middle, right)
    return right


@lru_cache(maxsize=64)
def compile_intervals(root: Op) -> Callable[..., tuple[float, float]]:
    """A function from the first and the last of some steps to the bounds of `enclose`.

    With a third argument, the interval of each of the `clocks`, it bounds the values at those of
    the steps where the clocks are inside these.
    """
    evaluate = _compile(root)

    def bounds(
        low: int, high: int, phases: tuple[Interval, ...] | None = None
    ) -> tuple[float, float]:
        first, last = evaluate(low, high, phases)[-1]
        return flushed(float(first)), flushed(float(last))

    return bounds


def enclose_all(core: Op, low: int, high: int) -> list[Interval]:
    """As `enclose`, of every operation in order; nothing is flushed."""
    return _compile(core)(low, high)


def live(core: Op, low: int, high: int) -> set[int]:
    """The places of the operations that matter at some step from `low` to `high`."""
    order = in_order(core)
    place = {id(op): index for index, op in enumerate(order)}
    values = enclose_all(core, low, high)
    found, stack = set[int](), [len(order) - 1]
    while stack:
        index = stack.pop()
        args = order[index].args
        if order[index].name == "select" and values[place[id(args[0])]] in ((0, 0), (1, 1)):
            args = args[1:2] if values[place[id(args[0])]][0] else args[2:]
        new = {place[id(arg)] for arg in args} - found
        found |= new | {index}
        stack += new
    return found


@lru_cache(maxsize=64)
def _compile(root: Op) -> Callable[..., list[Interval]]:
    """A function of the arguments of `compile_intervals` to the bounds of every operation."""
    order = in_order(root)
    place = {id(op): index for index, op in enumerate(order)}
    start = [(op.data, op.data) for op in order]  # of constants; the others are computed
    turning = list(clocks(root))
    plan = [
        (index, _function(op), tuple(place[id(arg)] for arg in op.args))
        for index, op in enumerate(order)
        if op.name not in ("integer", "number")
    ]
    free = [each for each in plan if each[0] not in turning]

    def evaluate(low: int, high: int, phases: tuple[Interval, ...] | None = None) -> list[Interval]:
        values: list[Interval] = start.copy()
        for index, phase in zip(turning, phases or (), strict=False):
            values[index] = phase
        for index, function, places in plan if phases is None else free:
            if places:
                values[index] = function(*[values[i] for i in places])
            else:
                values[index] = function((low, high))
        return values

    return evaluate


def _function(op: Op) -> Callable[..., Interval]:
    """The function of an operation, with its data."""
    if op.name == "mul" and op.args[0] is op.args[1]:
        return square
    function = OPS[op.name]
    if op.name in WITH_DATA:
        data = Table(op.data) if op.name == "take" else op.data
        return lambda a: function(a, data)
    if op.name == "add" and op.dtype == "float":
        for x, place in zip(op.args, (0, 1), strict=True):
            found = _divisor(x, op.args[1 - place])
            if found:
                return _remainder(place, *found)
    return function


# x - d * floor(x / d), which is written with a product: x + floor(x * c) * -d


def _divisor(x: Op, times: Op) -> tuple[float, float] | None:
    """d, and the error of `c` in relation to 1 / d, where the sum of these is a remainder."""
    whole, divisor = _factor(times)
    if whole.name != "floor" or not 1e-100 < -divisor < 1e100:
        return None
    (base, a), (same, b) = _factor(x), _factor(whole.args[0])
    if base is not same or b == 0:
        return None
    error = abs(Fraction(a) / (Fraction(b) * Fraction(-divisor)) - 1)
    return (-divisor, float(error)) if error < Fraction(1, 2**48) else None


def _factor(op: Op) -> tuple[Op, float]:
    """An operation as another one times a constant; guards apart."""
    op = _bare(op)
    if op.name == "mul" and op.args[1].name == "number" and math.isfinite(op.args[1].data):
        return _bare(op.args[0]), op.args[1].data
    return op, 1.0


def _bare(op: Op) -> Op:
    return _bare(op.args[0]) if op.name == "guard" else op


def _remainder(place: int, divisor: float, error: float) -> Callable[..., Interval]:
    """The sum whose operand at `place` is x: in [0, divisor], but for roundings of x's size.

    They are those of x, of x * c and of the product with d, each by 2^-53, and that of c.
    """

    def apply(*args: Interval) -> Interval:
        low, high = OPS["add"](*args)
        size = max(-args[place][0], args[place][1])
        if not -math.inf < low <= high < math.inf:
            return low, high
        doubt = (size + divisor) * (2.0**-51 + 2 * error)
        return max(low, -doubt), min(high, divisor + doubt)

    return apply
