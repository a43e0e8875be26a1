"""The graph engine: core operations as TensorFlow ops, pure and on the device of the step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from lrdsl.constants import flushed
from lrdsl.core import Op, in_order

Tensor = Any
raw = tf.raw_ops

# Bucketize compares in float32, which holds integers up to here.
FLOAT32_WHOLE = 2**24


def _count(a: Tensor, boundaries: tuple[int, ...]) -> Tensor:
    """How many boundaries are <= a, as int64."""
    if max(map(abs, boundaries)) < FLOAT32_WHOLE:
        buckets = raw.Bucketize(input=a, boundaries=[float(b) for b in boundaries])
        return raw.Cast(x=buckets, DstT=tf.int64)
    table = tf.constant([boundaries], tf.int64)
    row = raw.Reshape(tensor=a, shape=tf.constant([1, -1], tf.int64))
    counts = raw.UpperBound(sorted_inputs=table, values=row, out_type=tf.int64)
    return raw.Reshape(tensor=counts, shape=_shape(a))


def _shape(a: Tensor) -> Tensor:
    if a.shape.is_fully_defined():
        return tf.constant(a.shape.as_list(), tf.int64)
    return raw.Shape(input=a, out_type=tf.int64)


def _take(index: Tensor, values: tuple[Any, ...]) -> Tensor:
    table = tf.constant(values, tf.float64 if isinstance(values[0], float) else tf.int64)
    return raw.GatherV2(params=table, indices=index, axis=tf.constant(0, tf.int64))


def _cast(a: Tensor) -> Tensor:
    return raw.Cast(x=a, DstT=tf.float64)


def _ratio(a: Tensor, denominator: int) -> Tensor:
    return raw.Mul(x=_cast(a), y=tf.constant(1 / denominator, tf.float64))


def _quotient(a: Tensor, denominator: int, step: Tensor) -> Tensor:
    """A division that no optimiser can turn into a product: its divisor depends on the step."""
    zero = raw.Minimum(x=step, y=tf.constant(0, tf.int64))
    divisor = raw.AddV2(x=zero, y=tf.constant(denominator, tf.int64))
    return raw.RealDiv(x=_cast(a), y=_cast(divisor))


def _whole(a: Tensor) -> Tensor:
    kept = raw.SelectV2(condition=raw.IsFinite(x=a), t=a, e=tf.constant(0.0, tf.float64))
    return raw.Cast(x=kept, DstT=tf.int64)


def _guard(a: Tensor) -> Tensor:
    """The same value, but no longer a product that XLA fuses into a sum (fma), or rescales."""
    return raw.Minimum(x=a, y=tf.constant(sys.float_info.max, tf.float64))


def _binary(op: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, y: op(x=x, y=y)


def _unary(op: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: op(x=x)


# Operation to function of its operands; those in `WITH_DATA` get the operation's data last.
OPS: dict[str, Callable[..., Tensor]] = {
    "step": lambda step: step,
    "prev": lambda step: tf.constant(np.nan, tf.float64),
    "integer": lambda data: tf.constant(data, tf.int64),
    "number": lambda data: tf.constant(data, tf.float64),
    "add": _binary(raw.AddV2),
    "sub": _binary(raw.Sub),
    "mul": _binary(raw.Mul),
    "neg": _unary(raw.Neg),
    "abs": _unary(raw.Abs),
    "min": _binary(raw.Minimum),
    "max": _binary(raw.Maximum),
    "floordiv": _binary(raw.FloorDiv),
    "mod": _binary(raw.FloorMod),
    "count": _count,
    "take": _take,
    "cast": _cast,
    "ratio": _ratio,
    "quotient": _quotient,
    "guard": _guard,
    "div": _binary(raw.RealDiv),
    "pow": _binary(raw.Pow),
    "log": _unary(raw.Log),
    "sin": _unary(raw.Sin),
    "cos": _unary(raw.Cos),
    "sqrt": _unary(raw.Sqrt),
    "floor": _unary(raw.Floor),
    "round": _unary(raw.Rint),
    "whole": _whole,
    "lt": _binary(raw.Less),
    "le": _binary(raw.LessEqual),
    "eq": lambda x, y: raw.Equal(x=x, y=y),
    "and": _binary(raw.LogicalAnd),
    "or": _binary(raw.LogicalOr),
    "not": _unary(raw.LogicalNot),
    "select": lambda test, a, b: raw.SelectV2(condition=test, t=a, e=b),
}
WITH_DATA = frozenset({"integer", "number", "count", "take", "ratio", "quotient"})


@lru_cache(maxsize=64)
def compile_tensorflow(root: Op) -> Callable[[Tensor], Tensor]:
    """A function from an int64 tensor of steps (any shape) to a float32 tensor of that shape."""
    order = in_order(root)

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def evaluate(step: Tensor) -> Tensor:
        step = tf.cast(step, tf.int64)
        if root.name == "number":
            return _constant(flushed(root.data), step)
        values: dict[int, Tensor] = {}
        for op in order:
            operands = [values[id(arg)] for arg in op.args]
            if op.name in ("step", "prev"):
                operands = [step]
            elif op.name in WITH_DATA:
                operands.append(op.data)
            if op.name == "quotient":
                operands.append(step)
            values[id(op)] = OPS[op.name](*operands)
        return raw.Cast(x=values[id(root)], DstT=tf.float32)

    return evaluate  # type: ignore[no-any-return]


def _constant(value: float, step: Tensor) -> Tensor:
    if step.shape.rank == 0:
        return tf.constant(value, tf.float32)
    return tf.fill(tf.shape(step), tf.constant(value, tf.float32))
