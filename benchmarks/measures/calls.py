"""What one call of a schedule costs: eager, as a function, in a loop of a graph, under XLA."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from benchmarks.options import Options
from benchmarks.rows import (
    EXPONENTIAL,
    KERAS,
    PEER,
    PIECEWISE_100,
    WARM_COSINE,
    trio,
)
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from benchmarks.timer import Task, Times, interleaved

LOOP = 1000
READ = "read of a Keras variable"
EMPTY = "a rate folded into the graph"

# How many times faster than Keras an eager call should be.
FASTER = {EXPONENTIAL: 5, WARM_COSINE: 15, PIECEWISE_100: 400}
COLUMNS = [
    "eager us", "eager: times faster", "eager / read", "function / Keras", "in a graph / Keras",
    "in a graph us", "XLA function / Keras", "XLA loop / Keras",
]  # fmt: skip


def measure(options: Options) -> list[Measurement]:
    """Every Keras built-in and both lowerings of its text."""
    return [partial(_table, options)]


def _table(options: Options) -> Table:
    names = [EXPONENTIAL, WARM_COSINE] if options.quick else list(KERAS)
    rows = [row for name in names for row in _rows_of(name, options)]
    return Table(
        "Call cost",
        f"Keras' schedule of the same name; `eager / read`: the {READ}",
        COLUMNS,
        rows,
        [
            "function: a call of a `tf.function` from Python, mostly the call itself.",
            f"in a graph: a turn of a loop of {LOOP} turns in one function, less the same "
            "loop with a constant folded into it; what a training step sees.",
            "XLA loop: a turn of the whole loop, compiled; nothing is taken off.",
        ],
    )


def _rows_of(name: str, options: Options) -> list[Row]:
    made = trio(name)
    count = keras.Variable(3, dtype="int64", trainable=False)
    rate = keras.Variable(0.1, trainable=False)
    seconds, rounds = options.seconds(1.0), options.rounds(41)

    def timed(kind: Callable[[Callable[[], Any]], Task], **others: Task) -> Times:
        tasks = {each: kind(lambda s=schedule: s(count)) for each, schedule in made.items()}
        return interleaved({**tasks, **others}, seconds=seconds, rounds=rounds)

    eager = timed(lambda call: call, read=lambda: tf.convert_to_tensor(rate))
    function = timed(_function)
    graph = timed(lambda call: _loop(call, count), nothing=_loop(lambda: 0.1, count))
    xla = timed(lambda call: _function(call, jit_compile=True))
    xla_loop = timed(lambda call: _loop(call, count, jit_compile=True))
    rows = []
    for each in made:
        faster = eager.ratio(PEER, each)
        floor = graph.median("nothing")
        cells: dict[str, Cell] = {
            "eager us": eager.median(each) * 1e6,
            "eager: times faster": faster,
            "eager / read": eager.ratio(each, "read"),
            "function / Keras": function.ratio(each, PEER),
            "in a graph / Keras": graph.marginal(each, PEER, "nothing"),
            "in a graph us": (graph.median(each) - floor) / LOOP * 1e6,
            "XLA function / Keras": xla.ratio(each, PEER),
            "XLA loop / Keras": xla_loop.ratio(each, PEER),
        }
        rows.append(Row(f"{name}: {each}", cells, _goals(name, each)))
    return rows


def _goals(name: str, each: str) -> list[Goal]:
    if each == PEER or name not in FASTER:
        return []
    return [Goal("eager: times faster", ">=", FASTER[name])]


def _function(call: Callable[[], Any], **options: Any) -> Task:
    return tf.function(call, autograph=False, **options)  # type: ignore[no-any-return]


def _loop(call: Callable[[], Any], count: Any, **options: Any) -> Task:
    """A function that adds up the rates of `LOOP` steps, counting as an optimizer does."""

    def body(turn: Any, total: Any) -> Any:
        total = total + call()
        count.assign_add(1)
        return turn + 1, total

    def run() -> Any:
        count.assign(3)
        return tf.while_loop(lambda turn, total: turn < LOOP, body, (0, 0.0))[1]

    return tf.function(run, autograph=False, **options)  # type: ignore[no-any-return]
