"""Comparisons, truth values and choices, decided in integers where both sides are exact."""

from __future__ import annotations

import math
from fractions import Fraction

from lrdsl.expand.rationals import (
    HALF,
    ONE,
    Truth,
    Value,
    Whole,
    add,
    aligned,
    exactly,
    floor,
    mod,
    nearest,
    subtract,
    to_float,
    whole,
)
from lrdsl.ir.builder import Builder
from lrdsl.ir.ops import Op


def round_half_even(ir: Builder, value: Value) -> Value:
    """The nearest integer, ties to the even one: floor(x + 1/2), less 1 on an odd tie."""
    if isinstance(value, Fraction):
        return Fraction(round(value))
    up = nearest(ir, value) if isinstance(value, Whole) else None
    if not isinstance(up, Whole):
        return ir.make("rint", to_float(ir, value))
    tie = compare(ir, "==", subtract(ir, up, value), HALF)
    odd = compare(ir, "==", mod(ir, up, Fraction(2)), ONE)
    return choose(ir, both(ir, tie, odd), add(ir, up, -ONE), up)


def compare(ir: Builder, sign: str, a: Value, b: Value) -> Truth:
    """`a < b`, `a == b`, ...: in integers where both sides are exact."""
    match sign:
        case ">":
            return compare(ir, "<", b, a)
        case ">=":
            return compare(ir, "<=", b, a)
        case "!=":
            return negate(ir, compare(ir, "==", a, b))
    match a, b:
        case Fraction(), Fraction():
            return {"<": a < b, "<=": a <= b, "==": a == b}[sign]
        case Whole(op, unit), Fraction():
            return _against(ir, op, sign, b / unit, flipped=unit < 0)
        case Fraction(), Whole(op, unit):
            return _against(ir, op, sign, a / unit, flipped=unit > 0)
    pair = aligned(ir, a, b)
    if pair and pair[0][0] is pair[0][1]:
        return sign != "<"
    x, y = pair[0] if pair else (to_float(ir, a), to_float(ir, b))
    return ir.make({"<": "lt", "<=": "le", "==": "eq"}[sign], x, y)


def _against(ir: Builder, op: Op, sign: str, limit: Fraction, *, flipped: bool) -> Truth:
    """An integer compared with a rational; flipped, `limit < op` instead of `op < limit`."""
    match sign, flipped:
        case "==", _:
            if limit.denominator != 1 or not op.low <= limit <= op.high:
                return False
            return ir.make("eq", op, ir.integer(int(limit)))
        case "<", False:
            return ir.below(op, math.ceil(limit) - 1)
        case "<=", False:
            return ir.below(op, math.floor(limit))
        case "<", True:
            return negate(ir, ir.below(op, math.floor(limit)))
    return negate(ir, ir.below(op, math.ceil(limit) - 1))


def both(ir: Builder, a: Truth, b: Truth) -> Truth:
    """`a and b`."""
    if isinstance(a, bool):
        return b if a else False
    if isinstance(b, bool):
        return a if b else False
    return ir.make("and", a, b)


def either(ir: Builder, a: Truth, b: Truth) -> Truth:
    """`a or b`."""
    if isinstance(a, bool):
        return True if a else b
    if isinstance(b, bool):
        return True if b else a
    return ir.make("or", a, b)


def negate(ir: Builder, a: Truth) -> Truth:
    """`not a`."""
    if isinstance(a, bool):
        return not a
    return a.args[0] if a.name == "not" else ir.make("not", a)


def choose(ir: Builder, test: Truth, yes: Value, no: Value) -> Value:
    """`yes if test else no`."""
    if isinstance(test, bool):
        return yes if test else no
    if yes == no:
        return yes
    if test.name == "not":
        test, yes, no = test.args[0], no, yes
    exact = exactly(ir, yes, no, lambda a, b: ir.where(test, a, b))
    if exact:
        return whole(*exact)
    return ir.where(test, to_float(ir, yes), to_float(ir, no))


def least(ir: Builder, a: Value, b: Value) -> Value:
    """The smaller of two values."""
    return _extreme(ir, "min", a, b)


def most(ir: Builder, a: Value, b: Value) -> Value:
    """The larger of two values."""
    return _extreme(ir, "max", a, b)


def _extreme(ir: Builder, name: str, a: Value, b: Value) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return min(a, b) if name == "min" else max(a, b)
    exact = exactly(ir, a, b, ir.least if name == "min" else ir.most)
    if exact:
        return whole(*exact)
    return ir.make(name, to_float(ir, a), to_float(ir, b))


def absolute(ir: Builder, value: Value) -> Value:
    """The value without its sign."""
    match value:
        case Fraction():
            return abs(value)
        case Whole(op, unit):
            return whole(ir.absolute(op), abs(unit))
    return ir.make("abs", value)


def bounded(ir: Builder, value: Value, low: int, high: int) -> Value:
    """A number rounded down and kept from `low` to `high`: an integer, 0 for NaN."""
    down = least(ir, most(ir, floor(ir, value), Fraction(low)), Fraction(high))
    return whole(ir.to_int(down, low, high)) if isinstance(down, Op) else down
