"""The torch engine: the IR as tensor ops, on the device of the step."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from lrdsl.engines.flush import SMALLEST
from lrdsl.engines.numpy import loaded
from lrdsl.engines.walk import walk
from lrdsl.ir.ops import Op

Tensor = Any


class DeviceTable:
    """A table as a tensor, copied to each device once."""

    def __init__(self, data: Any) -> None:
        self._on = {torch.device("cpu"): torch.tensor(data)}

    def beside(self, index: Tensor) -> Tensor:
        if index.device not in self._on:
            self._on[index.device] = self._on[torch.device("cpu")].to(index.device)
        return self._on[index.device]


def _take(index: Tensor, table: DeviceTable) -> Tensor:
    return table.beside(index).index_select(0, index.reshape(-1)).reshape(index.shape)


def _searchsorted(a: Tensor, table: DeviceTable) -> Tensor:
    return torch.bucketize(a, table.beside(a), right=True)


def _load(op: Op) -> Any:
    return DeviceTable(loaded(op)) if op.name in ("searchsorted", "take") else op.data


# Operation to function of its operands, and of its data.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "integer": lambda data: torch.tensor(data, dtype=torch.int64),
    "number": lambda data: torch.tensor(data, dtype=torch.float64),
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "min": torch.minimum,
    "max": torch.maximum,
    "abs": torch.abs,
    "floordiv": torch.floor_divide,
    "mod": torch.remainder,
    "searchsorted": _searchsorted,
    "take": _take,
    "to_float": lambda a: a.to(torch.float64),
    "to_int": lambda a: torch.where(a.isnan(), 0.0, a).to(torch.int64),
    "div": torch.div,
    "pow": torch.pow,
    "exp": torch.exp,
    "log": torch.log,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "sqrt": torch.sqrt,
    "floor": torch.floor,
    "rint": torch.round,
    "lt": torch.lt,
    "le": torch.le,
    "eq": torch.eq,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "where": torch.where,
}


@lru_cache(maxsize=64)
def compile_torch(root: Op, accumulate: int = 1) -> Callable[[Any], Tensor]:
    """A function from integer steps (any shape) to a float32 tensor of that shape.

    On the device of the steps; a count of `accumulate` micro-batches is one step.
    """
    made = walk(root, FUNCTIONS, _load)

    def evaluate(step: Any) -> Tensor:
        steps = torch.as_tensor(step).to(torch.int64)
        rate = made.run(torch.div(steps, accumulate, rounding_mode="floor"))
        if rate.dtype != torch.float32:
            rate = torch.where(rate.abs() < SMALLEST, rate * 0.0, rate).to(torch.float32)
        return rate.expand(steps.shape)

    return evaluate
