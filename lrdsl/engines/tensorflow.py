"""The graph engine: core operations as TensorFlow ops, pure and on the device of the step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from lrdsl.core import WITH_DATA, Op, in_order
from lrdsl.costs import bucketed, line_of, nearest, rows, smallest
from lrdsl.engines.emission import emitted_once, variable_of
from lrdsl.engines.python import compile_python
from lrdsl.lifting import RELU, points
from lrdsl.tables import SEARCHED

Tensor = Any
raw = tf.raw_ops

# How the name of an eager tensor's device ends on the CPU; in a test of one, it is empty.
HOST = "CPU:0"


def _count(a: Tensor, boundaries: tuple[int, ...]) -> Tensor:
    """How many boundaries are <= a, as int64."""
    table = tf.constant([boundaries], a.dtype)
    row = raw.Reshape(tensor=a, shape=tf.constant([1, -1], tf.int32))
    counts = raw.UpperBound(sorted_inputs=table, values=row, out_type=tf.int64)
    return raw.Reshape(tensor=counts, shape=_shape(a))


def _bucketed(a: Tensor, boundaries: tuple[int, ...]) -> Tensor:
    """The same in one op, as int32, which `take` takes as it is."""
    return raw.Bucketize(input=a, boundaries=[float(b) for b in boundaries])


def _nearest(a: Tensor, boundaries: tuple[int, ...]) -> Tensor:
    """The same of a float64 scalar, as the index of the nearest point."""
    squares = raw.SquaredDifference(x=a, y=tf.constant(points(boundaries), tf.float64))
    return raw.ArgMin(input=squares, dimension=tf.constant(0, tf.int32))


def _shape(a: Tensor) -> Tensor:
    if a.shape.is_fully_defined():
        return tf.constant(a.shape.as_list(), tf.int32)
    return raw.Shape(input=a, out_type=tf.int32)


def _wide(a: Tensor) -> Tensor:
    return raw.Cast(x=a, DstT=tf.int64) if a.dtype == tf.int32 else a


def _take(index: Tensor, values: tuple[Any, ...]) -> Tensor:
    return _gather(index, np.array(values))


def _gather(index: Tensor, table: Any) -> Tensor:
    # shapes and axes are read on the host, where TensorFlow keeps constants of int32 only
    return raw.GatherV2(params=tf.constant(table), indices=index, axis=tf.constant(0, tf.int32))


def _rounded(values: float | tuple[float, ...]) -> Any:
    with np.errstate(over="ignore"):
        return np.array(values, np.float32)


def _cast(a: Tensor) -> Tensor:
    return raw.Cast(x=a, DstT=tf.float64)


def _ratio(a: Tensor, denominator: int) -> Tensor:
    return raw.Mul(x=_cast(a), y=tf.constant(1 / denominator, tf.float64))


def _line(x: Tensor, slope: float, shift: float) -> Tensor:
    product = raw.Mul(x=_cast(x), y=tf.constant(slope, tf.float64))
    if not shift:
        return product
    return raw.AddV2(x=product, y=tf.constant(shift, tf.float64))


def _quotient(a: Tensor, denominator: int, step: Tensor, within: bool) -> Tensor:
    """A division that no optimiser can turn into a product: its divisor depends on the step.

    within: `a` is never above the denominator, which their maximum then is.
    """
    top, bottom = _cast(a), tf.constant(denominator, tf.float64)
    if within:
        return raw.RealDiv(x=top, y=raw.Maximum(x=top, y=bottom))
    zero = raw.Minimum(x=step, y=tf.constant(0, tf.int64))
    return raw.RealDiv(x=top, y=raw.AddV2(x=_cast(zero), y=bottom))


def _whole(a: Tensor) -> Tensor:
    kept = raw.SelectV2(condition=raw.IsFinite(x=a), t=a, e=tf.constant(0.0, tf.float64))
    return raw.Cast(x=kept, DstT=tf.int64)


def _guard(a: Tensor) -> Tensor:
    """The same value, but no longer a product that compilers fuse into a sum (fma), or rescale.

    For XLA on both sides: it knows that what is never positive is below the largest number.
    """
    largest = sys.float_info.max
    least = raw.Minimum(x=a, y=tf.constant(largest, tf.float64))
    return raw.Maximum(x=least, y=tf.constant(-largest, tf.float64)) if _for_xla() else least


def _product(a: Tensor, b: Tensor) -> Tensor:
    if a is not b:
        return raw.Mul(x=a, y=b)
    difference = a.op if not tf.executing_eagerly() and a.op.type == "Sub" else None
    if difference is not None and a.dtype == tf.int64:
        return raw.SquaredDifference(x=difference.inputs[0], y=difference.inputs[1])
    return raw.Square(x=a)


def _binary(op: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, y: op(x=x, y=y)


def _sum(a: Tensor, b: Tensor, *more: Tensor) -> Tensor:
    """From the left, as TensorFlow adds up to eight."""
    return raw.AddN(inputs=[a, b, *more]) if more else raw.AddV2(x=a, y=b)


def _unary(op: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: op(x=x)


# Operation to function of its operands; those in `WITH_DATA` get the operation's data last.
OPS: dict[str, Callable[..., Tensor]] = {
    "step": lambda step: step,
    "prev": lambda step: tf.constant(np.nan, tf.float64),
    "integer": lambda data: tf.constant(data, tf.int64),
    "number": lambda data: tf.constant(data, tf.float64),
    "add": _sum,
    "sub": _binary(raw.Sub),
    "mul": _product,
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


@lru_cache(maxsize=16)
def compile_tensorflow(root: Op, formula: Op | None = None) -> Callable[[Any], Tensor]:
    """A function from an integer tensor of steps (any shape) to a float32 tensor of that shape.

    In a graph, the rate of the same step is emitted once. `formula`, if `root` is a table of it,
    is used outside graphs, where each replica emits its own, and where XLA would search among
    many boundaries one by one. Outside graphs a scalar on the CPU is computed by the reference
    engine, which takes one op instead of many.
    """
    emit, emit_formula = _emission(root), _emission(formula or root)
    reference = compile_python(formula or root)
    searches = root.name == "take" and root.args[0].name == "count" and len(root.data) > SEARCHED

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def evaluate(step: Any) -> Tensor:
        if root.name == "number" and tf.TensorShape(getattr(step, "shape", ())).rank == 0:
            return tf.constant(_rounded(root.data))
        if not tf.executing_eagerly():
            chosen = emit_formula if searches and _for_xla() else emit
            return emitted_once(root, step, chosen, emit_formula)
        step = _read(step)
        if step.shape.rank or not step.device.endswith(HOST):  # fetching would wait for the device
            return emit_formula(step)
        # not of a Python float: TensorFlow keeps every one of those for ever
        return tf.constant(_rounded(reference(int(step.numpy()))))

    return evaluate  # type: ignore[no-any-return]


def _read(step: Any) -> Tensor:
    variable = variable_of(step)
    if variable is None:
        return tf.convert_to_tensor(step)
    return raw.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)


def _for_xla() -> bool:
    """Whether what is traced here will be compiled by XLA (`jit_compile=True`)."""
    graph = tf.compat.v1.get_default_graph()
    return bool(GraphOrParentsInXlaContext(graph))


def _emission(root: Op) -> Callable[[Tensor], Tensor]:
    """A function from a tensor of steps to the ops that compute `root`, rounded to float32."""
    *inner, root = order = in_order(smallest(root))
    together = {each: same for same in rows(order) for each in same}
    table = _rounded(root.data) if root.name == "take" else None

    def emit(step: Tensor) -> Tensor:
        step, by_xla = tf.cast(step, tf.int64), _for_xla()
        if root.name == "number":
            return tf.fill(tf.shape(step), tf.constant(_rounded(root.data)))
        values: dict[Op, Tensor] = {}
        for op in inner:
            if op not in values:
                same = together.get(op, [op])
                made = _row(same, values) if len(same) > 1 else [_made(op, values, step, by_xla)]
                values.update(zip(same, made, strict=True))
        if table is not None:
            return _gather(values[root.args[0]], table)
        return raw.Cast(x=_made(root, values, step, by_xla), DstT=tf.float32)

    return emit


def _row(tables: list[Op], values: dict[Op, Tensor]) -> list[Tensor]:
    """What tables hold at one index: one gather of a row, and what is in it."""
    table = np.array([each.data for each in tables]).T
    row = _gather(values[tables[0].args[0]], np.ascontiguousarray(table))
    return raw.Unpack(value=row, num=len(tables), axis=-1)  # type: ignore[no-any-return]


def _made(op: Op, values: dict[Op, Tensor], step: Tensor, by_xla: bool) -> Tensor:
    """The tensor of an operation, of those of its operands."""
    operands = [values[arg] for arg in op.args]
    match op.name:
        case "step" | "prev":
            return OPS[op.name](step)
        case "take":
            return _take(operands[0], op.data)
        case "guard" if op.data == "xla" and not by_xla:
            return operands[0]
        case "count" if bucketed(op):
            return _bucketed(operands[0], op.data)
        case "count" if nearest(op) and operands[0].shape.rank == 0:
            return _nearest(operands[0], op.data)
        case "max" if op.data == RELU:
            return raw.Relu(features=operands[0])
        case "ratio" if line := line_of(op):
            return _line(values[line[0]], *line[1:])
        case "quotient":
            return _quotient(operands[0], op.data, step, op.args[0].high <= op.data)
    operands = [_wide(each) for each in operands]
    return OPS[op.name](*operands, *([op.data] if op.name in WITH_DATA else []))
