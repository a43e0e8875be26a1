"""The reference engine: core operations on Python numbers, one step at a time."""

from __future__ import annotations

import math
import operator
import sys
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lrdsl.constants import flushed
from lrdsl.core import WITH_DATA, Op, in_order

INFINITY = math.inf


def _divide(a: float, b: float) -> float:
    if b == 0:
        sign = math.copysign(1, a) * math.copysign(1, b)
        return math.nan if a == 0 or a != a else sign * INFINITY
    return a / b


def _power(a: float, b: float) -> float:
    try:
        return flushed(math.pow(a, b), sys.float_info.min)
    except OverflowError:
        return -INFINITY if a < 0 and b % 2 == 1 else INFINITY
    except ValueError:
        return INFINITY if a == 0 else math.nan


def _log(a: float) -> float:
    return math.log(a) if a > 0 else -INFINITY if a == 0 else math.nan


def _floor(a: float) -> float:
    return math.copysign(math.floor(a), a) if abs(a) < 2**53 else a


def _round(a: float) -> float:
    return math.copysign(round(a), a) if abs(a) < 2**53 else a


def _periodic(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda a: function(a) if math.isfinite(a) else math.nan


def _least(a: Any, b: Any) -> Any:
    return a if a != a or a < b else b


def _most(a: Any, b: Any) -> Any:
    return a if a != a or a > b else b


# Operation to function of its operands; those in `WITH_DATA` get the operation's data last.
OPS: dict[str, Callable[..., Any]] = {
    "step": lambda step: step,
    "prev": lambda step: math.nan,
    "integer": lambda data: data,
    "number": lambda data: data,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "abs": abs,
    "min": _least,
    "max": _most,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "count": lambda a, data: bisect_right(data, a),
    "take": lambda a, data: data[a],
    "cast": float,
    "ratio": lambda a, data: float(a) / float(data),
    "quotient": lambda a, data: float(a) / float(data),
    "guard": lambda a: min(a, sys.float_info.max),
    "div": _divide,
    "pow": _power,
    "log": _log,
    "sin": _periodic(math.sin),
    "cos": _periodic(math.cos),
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "floor": _floor,
    "round": _round,
    "whole": lambda a: int(a) if math.isfinite(a) else 0,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": operator.not_,
    "select": lambda test, a, b: a if test else b,
}


@lru_cache(maxsize=64)
def compile_python(root: Op) -> Callable[..., float]:
    """A function from an integer step (and `prev`, inside a recurrence) to float64."""
    order = [op for op in in_order(root) if op.name not in ("step", "prev")]
    place = {op: number for number, op in enumerate(order, start=2)}
    start: list[Any] = [0, math.nan, *(op.data for op in order)]  # the step, prev, constants, ...
    for op in in_order(root):
        if op.name in ("step", "prev"):
            place[op] = 0 if op.name == "step" else 1
    plan = []
    for op in order:
        if op.name not in ("integer", "number"):
            places = [place[arg] for arg in op.args]
            if op.name in WITH_DATA:
                places.append(len(start))
                start.append(op.data)
            a, b, c = *places, *[-1] * (3 - len(places))
            plan.append((place[op], OPS[op.name], a, b, c))
    end = place[root]

    def evaluate(step: int, prev: float = math.nan) -> float:
        values = start.copy()
        values[0], values[1] = step, prev
        for number, function, a, b, c in plan:
            if b < 0:
                values[number] = function(values[a])
            elif c < 0:
                values[number] = function(values[a], values[b])
            else:
                values[number] = function(values[a], values[b], values[c])
        return flushed(float(values[end]))

    return evaluate
