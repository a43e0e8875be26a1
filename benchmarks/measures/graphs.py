"""Operations, bytes and trace time of each schedule as a TensorFlow function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from graphs import executed_ops

from benchmarks.hlo import instructions
from benchmarks.options import Options
from benchmarks.rows import (
    ANALYTIC,
    CONSTANT,
    DEFAULT,
    KERAS,
    LONG,
    LOWERINGS,
    OTHERS,
    PEER,
    ours,
    trio,
)
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from benchmarks.timer import interleaved

COLUMNS = ["ops", "ops / Keras", "bytes", "bytes / Keras", "trace / Keras", "XLA instructions"]
# Boundaries beyond this are compared as int64, by a search.
ANALYTIC_OPS, TABLE_OPS, MANY_OPS = 12, 3, 5


def measure(options: Options) -> list[Measurement]:
    """Of each Keras built-in and both lowerings of its text; then texts that Keras has not."""
    return [partial(_table, options)]


def _table(options: Options) -> Table:
    names = list(KERAS)[:2] if options.quick else list(KERAS)
    rows = [_constant(), _folded()]
    for name in names:
        rows += _rows_of(name, options)
    for name in {} if options.quick else OTHERS:
        rows += [_alone(name, kind) for kind in LOWERINGS]
    return Table(
        "Graph: operations, bytes, trace time",
        "Keras' schedule of the same name",
        COLUMNS,
        rows,
        [
            "ops: compute nodes that a call executes after TensorFlow's optimiser, the read "
            "of the optimizer's count included (`tools/graphs.py` says how they are counted).",
            "bytes: the GraphDef as traced, tables included, for 10,000 steps.",
            "XLA instructions: of the optimised HLO for the CPU, in all computations.",
        ],
    )


def _rows_of(name: str, options: Options) -> list[Row]:
    made = trio(name)
    traces = {each: _tracer(schedule) for each, schedule in made.items()}
    times = interleaved(
        traces, seconds=options.seconds(1.0), rounds=options.rounds(15), shortest=0.0
    )
    found = {each: _figures(schedule) for each, schedule in made.items()}
    rows = []
    for each, figures in found.items():
        cells: dict[str, Cell] = dict(figures)
        cells["ops / Keras"] = figures["ops"] / found[PEER]["ops"]
        cells["bytes / Keras"] = figures["bytes"] / found[PEER]["bytes"]
        cells["trace / Keras"] = times.ratio(each, PEER)
        rows.append(Row(f"{name}: {each}", cells, _goals(each)))
    return rows


def _goals(each: str) -> list[Goal]:
    limit = {DEFAULT: TABLE_OPS, ANALYTIC: ANALYTIC_OPS}.get(each)
    return [] if limit is None else [Goal("ops", "<=", limit)]


def _alone(name: str, kind: str) -> Row:
    text, run = OTHERS[name]
    goals = [Goal("ops", "<=", MANY_OPS if run is LONG else TABLE_OPS)] if kind == DEFAULT else []
    return Row(f"{name}: {kind}", dict(_figures(ours(text, kind, run))), goals)


def _constant() -> Row:
    """Keras' constant is a variable that is read."""
    rate = keras.Variable(0.1, trainable=False)
    return Row(f"{CONSTANT}: Keras", dict(_figures(lambda step: rate.value + 0.0)))


def _folded() -> Row:
    return Row(f"{CONSTANT}: lrdsl", dict(_figures(ours("0.1"))), [Goal("ops", "<=", 0)])


def _figures(schedule: Callable[[Any], Any]) -> dict[str, int]:
    count = keras.Variable(3, dtype="int64", trainable=False)
    ops = executed_ops(lambda: schedule(count))
    graph = _trace(schedule, count).graph.as_graph_def()
    compiled = tf.function(lambda: schedule(count), jit_compile=True, autograph=False)
    return {
        "ops": sum(ops.values()),
        "bytes": graph.ByteSize(),
        "XLA instructions": _instructions(compiled),
    }


def _instructions(function: Any) -> int:
    return instructions(function.experimental_get_compiler_ir()(stage="optimized_hlo"))


def _tracer(schedule: Any) -> Callable[[], Any]:
    count = keras.Variable(3, dtype="int64", trainable=False)
    return lambda: _trace(schedule, count)


def _trace(schedule: Any, count: Any) -> Any:
    return tf.function(lambda: schedule(count), autograph=False).get_concrete_function()
