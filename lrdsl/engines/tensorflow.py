"""The graph engine: the IR as TensorFlow ops, pure and on the device of the step."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from lrdsl.engines.emit_once import emitted_once, shared_constant, variable_of
from lrdsl.engines.flush import flushed
from lrdsl.engines.numpy import loaded
from lrdsl.engines.python import compile_python
from lrdsl.engines.walk import walk
from lrdsl.ir.ops import Op

Tensor = Any
raw = tf.raw_ops

_BUCKETIZED = 2**24  # Bucketize holds its boundaries in float32, which is exact below this

# How the name of an eager tensor's device ends on the CPU; in a test of one, it is empty.
HOST = "CPU:0"


def _searchsorted(a: Tensor, boundaries: Any) -> Tensor:
    """How many boundaries are <= a."""
    if np.abs(boundaries).max() < _BUCKETIZED:
        return raw.Bucketize(input=a, boundaries=boundaries.tolist())
    row = raw.Reshape(tensor=a, shape=tf.constant([1, -1], tf.int32))
    table = tf.constant(boundaries[None], a.dtype)
    counts = raw.UpperBound(sorted_inputs=table, values=row, out_type=tf.int64)
    return raw.Reshape(tensor=counts, shape=raw.Shape(input=a, out_type=tf.int32))


def _take(index: Tensor, table: Any) -> Tensor:
    # shapes and axes are read on the host, where TensorFlow keeps constants of int32 only
    return raw.GatherV2(params=shared_constant(table), indices=index, axis=tf.constant(0, tf.int32))


def _to_int(a: Tensor) -> Tensor:
    kept = raw.SelectV2(condition=raw.IsNan(x=a), t=tf.zeros_like(a), e=a)
    return raw.Cast(x=kept, DstT=tf.int64)


def _integers(op: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A binary op; an index of int32, which a search gives, is widened beside an int64."""

    def apply(x: Tensor, y: Tensor) -> Tensor:
        if x.dtype != y.dtype:
            x, y = tf.cast(x, tf.int64), tf.cast(y, tf.int64)
        return op(x=x, y=y)

    return apply


def _where(test: Tensor, a: Tensor, b: Tensor) -> Tensor:
    if a.dtype != b.dtype:
        a, b = tf.cast(a, tf.int64), tf.cast(b, tf.int64)
    return raw.SelectV2(condition=test, t=a, e=b)


def _unary(op: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: op(x=x)


# Operation to function of its operands, and of its data.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "integer": lambda data: tf.constant(data, tf.int64),
    "number": lambda data: tf.constant(data, tf.float64),
    "add": _integers(raw.AddV2),
    "sub": _integers(raw.Sub),
    "mul": lambda x, y: raw.Square(x=x) if x is y else _integers(raw.Mul)(x, y),
    "min": _integers(raw.Minimum),
    "max": _integers(raw.Maximum),
    "abs": _unary(raw.Abs),
    "floordiv": _integers(raw.FloorDiv),
    "mod": _integers(raw.FloorMod),
    "searchsorted": _searchsorted,
    "take": _take,
    "to_float": lambda x: raw.Cast(x=x, DstT=tf.float64),
    "to_int": _to_int,
    "div": _integers(raw.RealDiv),
    "pow": _integers(raw.Pow),
    "exp": _unary(raw.Exp),
    "log": _unary(raw.Log),
    "sin": _unary(raw.Sin),
    "cos": _unary(raw.Cos),
    "tanh": _unary(raw.Tanh),
    "sqrt": _unary(raw.Sqrt),
    "floor": _unary(raw.Floor),
    "rint": _unary(raw.Rint),
    "lt": _integers(raw.Less),
    "le": _integers(raw.LessEqual),
    "eq": _integers(lambda x, y: raw.Equal(x=x, y=y)),
    "and": lambda x, y: raw.LogicalAnd(x=x, y=y),
    "or": lambda x, y: raw.LogicalOr(x=x, y=y),
    "not": _unary(raw.LogicalNot),
    "where": _where,
}


@lru_cache(maxsize=16)
def compile_tensorflow(
    root: Op, formula: Op, covered: int | None = None, accumulate: int = 1
) -> Callable[[Any], Tensor]:
    """A function from an integer tensor of steps (any shape) to a float32 tensor of that shape.

    `root` is right at the first `covered` steps (None: at all) and `formula` everywhere; a count
    of `accumulate` micro-batches is one step. In a graph, the rate of the same step is emitted
    once. Outside graphs a scalar on the CPU is read or computed without TensorFlow.
    """
    emit = _emission(root, accumulate)

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def evaluate(step: Any) -> Tensor:
        if root.name == "number" and tf.TensorShape(getattr(step, "shape", ())).rank == 0:
            return tf.constant(_rounded(root.data))
        if not tf.executing_eagerly():
            return emitted_once((root, accumulate), step, emit)
        step = _read(step)
        if not step.device.endswith(HOST):  # to look at it would wait for the device
            return emit(step)
        last = int(tf.reduce_max(step)) // accumulate
        chosen = root if covered is None or last < covered else formula
        if step.shape.rank:
            return _emission(chosen, accumulate)(step)
        # not of a Python float: TensorFlow keeps every one of those for ever
        return tf.constant(_rounded(compile_python(chosen)(last)))

    return evaluate  # type: ignore[no-any-return]


def _rounded(rate: float) -> Any:
    with np.errstate(over="ignore"):
        return np.array(flushed(rate), np.float32)


def _read(step: Any) -> Tensor:
    variable = variable_of(step)
    if variable is None:
        return tf.convert_to_tensor(step)
    return raw.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)


def _emission(root: Op, accumulate: int) -> Callable[[Tensor], Tensor]:
    """A function from a tensor of steps to the ops that compute `root`, rounded to float32."""
    made = walk(root, FUNCTIONS, loaded)

    def emit(step: Tensor) -> Tensor:
        step = tf.cast(step, tf.int64)
        if accumulate > 1:
            step = raw.FloorDiv(x=step, y=tf.constant(accumulate, tf.int64))
        if root.name == "number":
            return tf.fill(tf.shape(step), tf.constant(_rounded(root.data)))
        return tf.cast(made.run(step), tf.float32)

    return emit
