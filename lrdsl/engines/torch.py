"""The torch engine: core operations as tensor ops, on the device of the step."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from lrdsl.constants import SMALLEST
from lrdsl.core import WITH_DATA, Op, in_order
from lrdsl.engines.python import OPS as REFERENCE

Tensor = Any


def _by_hand(a: Tensor) -> bool:
    """Whether the numbers are at hand: not elsewhere, which would wait, and not being traced."""
    return a.device.type == "cpu" and not torch.compiler.is_compiling()


def _each(name: str, on_device: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A function of libm on each element: torch's own, also its root, is off by a bit at times."""
    function = REFERENCE[name]

    def apply(a: Tensor) -> Tensor:
        if not _by_hand(a):
            return on_device(a)
        values = [function(x) for x in a.reshape(-1).tolist()]
        return torch.tensor(values, dtype=torch.float64).reshape(a.shape)

    return apply


def _power(a: Tensor, b: Tensor) -> Tensor:
    if not _by_hand(a):
        return _flushed(torch.pow(a, b), sys.float_info.min)
    a, b = torch.broadcast_tensors(a, b)
    pairs = zip(a.reshape(-1).tolist(), b.reshape(-1).tolist(), strict=True)
    values = [REFERENCE["pow"](x, y) for x, y in pairs]
    return torch.tensor(values, dtype=torch.float64).reshape(a.shape)


def _flushed(a: Tensor, tiny: float = SMALLEST) -> Tensor:
    return torch.where(a.abs() < tiny, a * 0.0, a)


def _quotient(a: Tensor, denominator: Tensor) -> Tensor:
    return a.to(torch.float64) / denominator


def _whole(a: Tensor) -> Tensor:
    return torch.where(a.isfinite(), a, 0.0).to(torch.int64)


# Operation to function of its operands; those in `WITH_DATA` get the operation's data last, as a
# tensor.
OPS: dict[str, Callable[..., Tensor]] = {
    "step": lambda step: step,
    "prev": lambda step: torch.full_like(step, math.nan, dtype=torch.float64),
    "integer": lambda data: data,
    "number": lambda data: data,
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "neg": torch.neg,
    "abs": torch.abs,
    "min": torch.minimum,
    "max": torch.maximum,
    "floordiv": torch.floor_divide,
    "mod": torch.remainder,
    "count": lambda a, data: torch.bucketize(a, data, right=True),
    "take": lambda a, data: data.index_select(0, a.reshape(-1)).reshape(a.shape),
    "cast": lambda a: a.to(torch.float64),
    "ratio": _quotient,
    "quotient": _quotient,
    "guard": lambda a: a.clamp(max=sys.float_info.max),
    "div": torch.div,
    "pow": _power,
    "log": _each("log", torch.log),
    "sin": _each("sin", torch.sin),
    "cos": _each("cos", torch.cos),
    "sqrt": _each("sqrt", torch.sqrt),
    "floor": torch.floor,
    "round": torch.round,
    "whole": _whole,
    "lt": torch.lt,
    "le": torch.le,
    "eq": torch.eq,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "select": torch.where,
}

FLOAT_DATA = frozenset({"number", "ratio", "quotient"})


def _data(op: Op, device: Any) -> Tensor:
    real = op.name in FLOAT_DATA or op.dtype == "float"
    return torch.tensor(op.data, dtype=torch.float64 if real else torch.int64, device=device)


@lru_cache(maxsize=64)
def compile_torch(root: Op) -> Callable[[Any], Tensor]:
    """A function from integer steps (any shape) to a float32 tensor of that shape.

    On a CPU the bits are those of every engine. Elsewhere, and inside torch.compile, torch's own
    powers, roots, logarithms and sines may differ in float64's last bit, and then, for one rate
    in many millions, in float32's.
    """
    order = in_order(root)

    by_device: dict[Any, dict[int, Tensor]] = {}  # copied to each device once

    def data_on(device: Any) -> dict[int, Tensor]:
        if device not in by_device:
            tensors = {id(op): _data(op, device) for op in order if op.name in WITH_DATA}
            by_device[device] = tensors
        return by_device[device]

    def evaluate(step: Any) -> Tensor:
        steps = torch.as_tensor(step).to(torch.int64)
        data = data_on(steps.device)
        values: dict[int, Tensor] = {}
        for op in order:
            operands = [values[id(arg)] for arg in op.args]
            if op.name in ("step", "prev"):
                operands = [steps]
            elif op.name in WITH_DATA:
                operands.append(data[id(op)])
            values[id(op)] = OPS[op.name](*operands)
        rate = _flushed(values[id(root)]).to(torch.float32)
        return rate.expand(steps.shape)

    return evaluate
