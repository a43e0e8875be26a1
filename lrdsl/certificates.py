"""How far a fast evaluation may be from the reference: bounds that are proved, not measured.

The fast engine (`engines.blocks`) takes NumPy's sin, cos, log and pow for those of libm, and
shortcuts for some of their operands. For the reference value y of an operation and the fast one
z, both float64,

    |z - y| <= absolute + relative * |y|

holds with the two numbers that are computed here, by the usual first-order analysis with its
second-order terms rounded up (N. Higham, Accuracy and Stability of Numerical Algorithms, ch. 3).
Operations that IEEE 754 rounds correctly are the same in both where their operands are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from lrdsl.core import Op, in_order
from lrdsl.engines.intervals import Interval
from lrdsl.specialising import Line, Special

UNIT = 2.0**-53
# NumPy promises 4 ulp of float64, libm keeps 1; a product of two of them, and a sum: 14 units.
LIBM = 16 * UNIT
# Below the normal numbers, where nothing is relative any more.
UNDERFLOW = 2.0**-900
_JUMPS = ("lt", "le", "eq", "floor", "round")
_LARGEST_RELATIVE = 2.0**-30
# A quarter of a turn, where |x / sin(x) * cos(x)| <= 1: a sine errs no more than its operand.
_QUARTER = 1.5708
# Larger angles are not made of others: their error would cost more than that saves.
_LARGEST_ANGLE = 1024.0


class Error(NamedTuple):
    relative: float
    absolute: float

    def largest(self, bounds: Interval) -> float:
        """The absolute error of a value within `bounds`."""
        return 1.01 * self.relative * magnitude(bounds) + self.absolute


class Slope(NamedTuple):
    """A float operation that is factor * n + shift, up to an error; n = line of the step."""

    factor: float
    shift: float
    line: Line
    error: Error


class Uncertain(Exception):
    """No bound is known: a value may be NaN or infinite."""


EXACT = Error(0.0, 0.0)


def magnitude(bounds: Interval) -> float:
    """The largest absolute value."""
    return float(max(-bounds[0], bounds[1]))


def nearest_zero(bounds: Interval) -> float:
    """The smallest absolute value."""
    return float(max(bounds[0], -bounds[1], 0.0))


class Certificate:
    """The errors of a special tree: of its float operations, and where its jumps are in doubt.

    A comparison or a rounding whose operands differ by more than its `doubts`, or are further
    than that from where it jumps, has the result of the reference.
    """

    def __init__(self, special: Special) -> None:
        self.special = special
        self.slopes: dict[int, Slope] = {}
        self.errors: dict[int, Error] = {}
        self.doubts: dict[int, float] = {}
        for op in in_order(special.core):
            self.errors[id(op)] = self._error(op)
            slope = self._slope(op)
            if slope is not None:
                self.slopes[id(op)] = slope

    def _bounds(self, op: Op) -> Interval:
        return (op.low, op.high) if op.dtype == "int" else self.special.bounds[id(op)]

    def _error(self, op: Op) -> Error:
        """The error of an operation; raises Uncertain."""
        if op.dtype == "float" and not magnitude(self._bounds(op)) < math.inf:
            raise Uncertain
        errors = [self.errors[id(arg)] for arg in op.args]
        bounds = [self._bounds(arg) for arg in op.args if arg.dtype != "bool"]
        if op.name in ("sin", "cos", "log", "pow"):
            error = self._function(op, errors, bounds)
        elif all(error == EXACT for error in errors):
            return EXACT
        elif op.name in _JUMPS:
            sizes = (e.largest(b) for e, b in zip(errors, bounds, strict=True))
            self.doubts[id(op)] = 1.01 * sum(sizes) + UNDERFLOW
            return EXACT
        else:
            error = _propagated(op, errors, bounds)
        if not (error.relative < _LARGEST_RELATIVE and error.absolute < math.inf):
            raise Uncertain
        return error

    def _function(self, op: Op, errors: list[Error], bounds: list[Interval]) -> Error:
        """sin, cos, log and pow: of NumPy on the fast operands, or by way of a slope."""
        slope = self.slope_of(op)
        if slope is not None:  # twice: of the reference and of the shortcut
            given = Error(2 * slope.error.relative, 2 * slope.error.absolute)
            errors = [given if id(arg) in self.slopes else EXACT for arg in op.args]
        given = errors[-1]
        size = given.largest(bounds[-1])
        match op.name:
            case "sin" if self.keeps_relative(op):
                return Error(LIBM + 1.01 * given.relative, 1.01 * given.absolute + UNDERFLOW)
            case "sin" | "cos" if slope is not None:  # of a sum whose terms may cancel
                return Error(0.0, LIBM + size + UNDERFLOW)
            case "sin" | "cos":
                return Error(LIBM, size + UNDERFLOW)
            case "log":
                return Error(LIBM, 1.01 * _relative(errors[0], bounds[0]))
        exponent = magnitude(bounds[1])
        of_base = 0.0 if errors[0] == EXACT else _relative(errors[0], bounds[0]) * exponent
        if self.by_logarithm(op):
            of_base += LIBM * exponent * _logarithm(bounds[0])
        of_exponent = 0.0 if size == 0 else size * _logarithm(bounds[0])
        # a series of ten terms has less than 28 units
        return Error(2 * LIBM + 1.01 * (of_base + of_exponent), UNDERFLOW)

    def by_logarithm(self, op: Op) -> bool:
        """Whether a power may be e^(exponent * log(base)): half the time of NumPy's own."""
        base, exponent = op.args
        positive = base.name != "number" and self._bounds(base)[0] > 0
        return positive and exponent.name == "number"

    def slope_of(self, op: Op) -> Slope | None:
        """The slope that is an angle, the exponent of a constant, or the base of a power.

        That base is a multiple of an integer, so that its relative error is bounded.
        """
        match op.name:
            case "sin" | "cos" if magnitude(self._bounds(op.args[0])) <= _LARGEST_ANGLE:
                return self.slopes.get(id(op.args[0]))
            case "pow" if op.args[0].name == "number" and op.args[0].data > 0:
                return self.slopes.get(id(op.args[1]))
            case "pow" if self.by_logarithm(op):
                slope = self.slopes.get(id(op.args[0]))
                return slope if slope and slope.shift == slope.error.absolute == 0 else None
        return None

    def keeps_relative(self, op: Op) -> bool:
        """Whether a sine is in the quarter where its relative error is bounded."""
        return op.name == "sin" and magnitude(self._bounds(op.args[0])) <= _QUARTER

    def _slope(self, op: Op) -> Slope | None:
        """`op` as a straight line; the fast one is off by a few units of its largest value."""
        if op.name == "cast":
            line = self.special.lines.get(id(op.args[0]))
            return None if line is None else Slope(1.0, 0.0, line, Error(4 * UNIT, 0.0))
        numbers = [arg.data for arg in op.args if arg.name == "number"]
        inner = [self.slopes[id(arg)] for arg in op.args if id(arg) in self.slopes]
        if len(inner) != 1 or len(inner) + len(numbers) != len(op.args):
            return None
        match op.name, *(arg.name == "number" for arg in op.args):
            case "neg", _:
                scale, shift = -1.0, 0.0
            case "mul", _, _:
                scale, shift = numbers[0], 0.0
            case "div", False, True:
                scale, shift = 1 / numbers[0], 0.0
            case "add", _, _:
                scale, shift = 1.0, numbers[0]
            case "sub", False, True:
                scale, shift = 1.0, -numbers[0]
            case "sub", True, False:
                scale, shift = -1.0, numbers[0]
            case _:
                return None
        slope = self._moved(inner[0], scale, shift)
        return slope if 1e-290 < abs(slope.factor) < 1e290 else None  # else it is not rounded well

    def _moved(self, slope: Slope, scale: float, shift: float) -> Slope:
        """slope * scale + shift, one operation of the reference later."""
        (n, offset), (low, high) = slope.line, (self.special.low, self.special.high)
        largest = max(abs(n * low + offset), abs(n * high + offset))
        factor, moved = slope.factor * scale, slope.shift * scale + shift
        relative, absolute = slope.error
        if moved == shift == absolute == 0:
            return Slope(factor, 0.0, slope.line, Error(relative + 4 * UNIT, 0.0))
        before = abs(slope.factor) * largest + abs(slope.shift)
        kept = abs(scale) * (absolute + relative * before)
        rounding = 8 * UNIT * (abs(factor) * largest + abs(moved) + abs(shift))
        return Slope(factor, moved, slope.line, Error(0.0, 1.01 * (kept + rounding)))


def _logarithm(base: Interval) -> float:
    if not base[0] > 0:
        raise Uncertain
    return max(abs(math.log(base[0])), abs(math.log(base[1])))


def _relative(error: Error, bounds: Interval) -> float:
    """The error of a value relative to it."""
    if error.absolute == 0:
        return error.relative
    if nearest_zero(bounds) == 0:
        raise Uncertain
    return error.relative + error.absolute / nearest_zero(bounds)


def _propagated(op: Op, errors: list[Error], bounds: list[Interval]) -> Error:
    """The error of a correctly rounded operation on operands with errors.

    A `guard` is none: it is gone where values are finite, and nothing is certified elsewhere.
    """
    relative = max(error.relative for error in errors)
    absolute = max(error.absolute for error in errors)
    match op.name:
        case "neg" | "abs" | "min" | "max":
            return Error(1.01 * relative, 1.01 * absolute)
        case "select":
            return Error(relative, absolute)
        case "add" | "sub":
            return _of_sum(op.name, errors, bounds)
        case "mul":
            crossed = errors[0].absolute * magnitude(bounds[1])
            crossed += errors[1].absolute * magnitude(bounds[0])
            relative = errors[0].relative + errors[1].relative
            return Error(1.01 * relative + 4 * UNIT, 1.01 * crossed + UNDERFLOW)
        case "div":
            divisor = _relative(errors[1], bounds[1])
            kept = 1.01 * errors[0].absolute / nearest_zero(bounds[1])
            return Error(1.01 * (errors[0].relative + divisor) + 4 * UNIT, kept + UNDERFLOW)
        case "sqrt":
            return Error(_relative(errors[0], bounds[0]) + 4 * UNIT, UNDERFLOW)
    raise Uncertain


def _of_sum(name: str, errors: list[Error], bounds: list[Interval]) -> Error:
    """Operands of one sign keep their relative errors; else something may cancel."""
    a, b = bounds
    if name == "sub":
        b = (-b[1], -b[0])
    absolute = 1.01 * (errors[0].absolute + errors[1].absolute)
    if (a[0] >= 0 and b[0] >= 0) or (a[1] <= 0 and b[1] <= 0):
        return Error(1.01 * max(e.relative for e in errors) + 4 * UNIT, absolute)
    size = errors[0].largest(a) + errors[1].largest(b)
    return Error(4 * UNIT, 1.01 * size)
