"""The array engine: the IR on NumPy arrays, in blocks of steps.

It is the one that makes the rates of a run. The values on the way
stay in a processor's cache, and scratch memory is small whatever the run's length.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrdsl.engines.flush import SMALLEST
from lrdsl.engines.walk import walk
from lrdsl.ir.ops import Op

Array = NDArray[Any]

BLOCK = 32_768  # steps
_SHORTEST = 256
_SCRATCH = 2**19  # numbers on the way


def _to_int(a: Array) -> Array:
    return np.where(np.isnan(a), 0.0, a).astype(np.int64)


# Operation to function of its operands, and of its data.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "integer": lambda data: data,
    "number": lambda data: data,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
    "floordiv": np.floor_divide,
    "mod": np.mod,
    "searchsorted": lambda a, data: np.searchsorted(data, a, side="right"),
    "take": lambda a, data: data[a],
    "to_float": lambda a: np.asarray(a, np.float64),
    "to_int": _to_int,
    "div": np.divide,
    "pow": np.power,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "rint": np.rint,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
}


def loaded(op: Op) -> Any:
    """A table as an array, a number as it is."""
    return np.asarray(op.data) if op.name in ("searchsorted", "take") else op.data


class Rates:
    """The rates of an IR, in blocks of steps; the values on the way take a few MB at most."""

    def __init__(self, root: Op) -> None:
        self._walk = walk(root, FUNCTIONS, loaded)
        self._block = max(_SHORTEST, min(BLOCK, _SCRATCH // self._walk.registers))

    def fill(self, start: int, out: Array) -> None:
        """Write the rates of the steps from `start` on into an array of float64 or float32."""
        for at in range(0, out.size, self._block):
            part = out[at : at + self._block]
            rates = self._of(np.arange(start + at, start + at + part.size))
            with np.errstate(over="ignore"):
                part[...] = rates

    def at(self, steps: Array) -> Array:
        """The rates of steps, float64 in an array of their shape."""
        flat = steps.astype(np.int64, copy=False).reshape(-1)
        out = np.empty(flat.size)
        for at in range(0, flat.size, self._block):
            out[at : at + self._block] = self._of(flat[at : at + self._block])
        return out.reshape(steps.shape)

    def _of(self, steps: Array) -> Array:
        # two of one step: NumPy has other powers for single numbers
        with np.errstate(all="ignore"):
            found = self._walk.run(np.repeat(steps, 2) if steps.size == 1 else steps)
            return _flushed(np.broadcast_to(found, max(steps.size, 2)))[: steps.size]


def _flushed(rates: Array) -> Array:
    if rates.min() >= SMALLEST:
        return rates
    return np.where(np.abs(rates) < SMALLEST, np.copysign(0.0, rates), rates)


@lru_cache(maxsize=64)
def compile_numpy(root: Op) -> Rates:
    """What computes the rates of an IR at many steps."""
    return Rates(root)


def target(out: Any, shape: tuple[int, ...]) -> Array:
    """`out`, if rates of this shape can be written to it; where it is None, a new array."""
    if out is None:
        return np.empty(shape, np.float64)
    if not isinstance(out, np.ndarray) or out.dtype not in (np.float64, np.float32):
        kind = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise TypeError(f"`out` is a NumPy array of float64 or float32, got {kind}")
    if out.shape != shape:
        raise ValueError(f"`out` has the shape {out.shape}, the rates have {shape}")
    if not out.flags.writeable:
        raise ValueError("`out` can be written to; this one is not")
    return out
