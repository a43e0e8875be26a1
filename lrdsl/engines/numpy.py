"""Core operations on NumPy arrays, in blocks of steps, to the last bit of the reference.

Few values are its own; in long runs it has the last word where `engines.runs` is in doubt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrdsl.constants import SMALLEST
from lrdsl.core import WITH_DATA, Op, in_order
from lrdsl.engines.python import OPS as REFERENCE

Array = NDArray[Any]

# Steps at a time: what a run needs besides its result stays in the cache.
BLOCK = 4096


def _power(a: Array, b: Array) -> Array:
    """math.pow of each element: NumPy's own differs by a bit between processors."""
    power = REFERENCE["pow"]
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    if a.ndim == 0:
        return np.float64(power(float(a), float(b)))  # type: ignore[return-value]
    changes = np.flatnonzero((a[1:] != a[:-1]) | (b[1:] != b[:-1])) + 1
    starts = np.concatenate(([0], changes))
    values = [power(x, y) for x, y in zip(a[starts].tolist(), b[starts].tolist(), strict=True)]
    return np.repeat(np.array(values), np.diff(np.append(starts, a.size)))


def _each(function: Callable[[float], float]) -> Callable[[Array], Array]:
    """A function of libm on each element, for the same bits as the reference."""

    def apply(a: Array) -> Array:
        flat = np.asarray(a, np.float64)
        values = [function(x) for x in flat.ravel().tolist()]
        return np.array(values).reshape(flat.shape)

    return apply


def _reference(name: str) -> Callable[[Array], Array]:
    return _each(REFERENCE[name])


def _whole(a: Array) -> Array:
    return np.where(np.isfinite(a), a, 0.0).astype(np.int64)


def _flushed(a: Array) -> Array:
    return np.where(np.abs(a) < SMALLEST, np.copysign(0.0, a), a)


def _quotient(a: Array, data: int) -> Array:
    return np.asarray(a, np.float64) / float(data)


# Operation to function of its operands; those in `WITH_DATA` get the operation's data last.
OPS: dict[str, Callable[..., Any]] = {
    "step": lambda step: step,
    "prev": lambda step: math.nan,
    "integer": np.int64,
    "number": np.float64,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "neg": np.negative,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
    "floordiv": np.floor_divide,
    "mod": np.mod,
    "count": lambda a, data: np.searchsorted(np.array(data, np.int64), a, side="right"),
    "take": lambda a, data: np.array(data)[a],
    "cast": lambda a: np.asarray(a, np.float64),
    "ratio": _quotient,
    "quotient": _quotient,
    "guard": lambda a: np.minimum(a, np.finfo(np.float64).max),
    "div": np.divide,
    "pow": _power,
    "log": _reference("log"),
    "sin": _reference("sin"),
    "cos": _reference("cos"),
    "sqrt": np.sqrt,
    "floor": np.floor,
    "round": np.rint,
    "whole": _whole,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "select": np.where,
}


@lru_cache(maxsize=64)
def compile_numpy(root: Op) -> Callable[[Array], Array]:
    """A function from an int64 array of steps to a float64 array of the same shape."""
    order = in_order(root)
    place = {id(op): index for index, op in enumerate(order)}
    plan = [(op, tuple(place[id(arg)] for arg in op.args)) for op in order]
    last = {i: index for index, (_, places) in enumerate(plan) for i in places}
    over = [[i for i in set(places) if last[i] == index] for index, (_, places) in enumerate(plan)]

    def block(steps: Array) -> Array:
        values: list[Any] = []
        for (op, places), done in zip(plan, over, strict=True):
            operands = [values[i] for i in places]
            if op.name in ("step", "prev"):
                operands = [steps]
            elif op.name in WITH_DATA:
                operands.append(op.data)
            values.append(OPS[op.name](*operands))
            for i in done:  # scratch is for what is still needed
                values[i] = None
        return np.broadcast_to(values[-1], steps.shape)

    def evaluate(steps: Array) -> Array:
        flat = np.ascontiguousarray(steps, np.int64).reshape(-1)
        result = np.empty(flat.size, np.float64)
        with np.errstate(all="ignore"):
            for start in range(0, flat.size, BLOCK):
                result[start : start + BLOCK] = _flushed(block(flat[start : start + BLOCK]))
        return result.reshape(np.shape(steps))

    return evaluate
