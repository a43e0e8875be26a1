"""The scalar engine: the IR on Python numbers, one step at a time.

Arithmetic is IEEE 754's, as everywhere; powers, sines and the like are NumPy's, so that one step
and an array of steps have the same bits.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from lrdsl.engines.flush import flushed
from lrdsl.engines.walk import walk
from lrdsl.ir.ops import Op


def _divide(a: float, b: float) -> float:
    if b == 0:
        sign = math.copysign(1, a) * math.copysign(1, b)
        return math.nan if a == 0 or a != a else sign * math.inf
    return a / b


def _floor(a: float) -> float:
    return math.copysign(math.floor(a), a) if abs(a) < 2**53 else a


def _rint(a: float) -> float:
    return math.copysign(round(a), a) if abs(a) < 2**53 else a


def _least(a: Any, b: Any) -> Any:
    return a if a != a or a < b else b


def _most(a: Any, b: Any) -> Any:
    return a if a != a or a > b else b


def _power(a: float, b: float) -> float:
    """NumPy's power; of two equal pairs, as it computes one pair with another function."""
    return float(np.power([a, a], [b, b])[0] if b in _SHORT_WAYS else np.power(a, b))


_SHORT_WAYS = (2.0, -1.0, 0.5)  # exponents


def _of_numpy(function: Callable[..., Any]) -> Callable[..., float]:
    return lambda *operands: float(function(*operands))


# Operation to function of its operands, and of its data.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "integer": lambda data: data,
    "number": lambda data: data,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "min": _least,
    "max": _most,
    "abs": abs,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "searchsorted": lambda a, data: bisect_right(data, a),
    "take": lambda a, data: data[a],
    "to_float": float,
    "to_int": lambda a: int(a) if a == a else 0,
    "div": _divide,
    "pow": _power,
    "exp": _of_numpy(np.exp),
    "log": _of_numpy(np.log),
    "sin": _of_numpy(np.sin),
    "cos": _of_numpy(np.cos),
    "tanh": _of_numpy(np.tanh),
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "floor": _floor,
    "rint": _rint,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": operator.not_,
    "where": lambda test, a, b: a if test else b,
}


@lru_cache(maxsize=64)
def compile_python(root: Op) -> Callable[[int], float]:
    """A function from a step to the rate, in float64."""
    evaluate = walk(root, FUNCTIONS).run

    def rate(step: int) -> float:
        with np.errstate(all="ignore"):
            return flushed(float(evaluate(step)))

    return rate
