"""`model.fit` with each schedule, one or fifty steps an execution, with and without XLA."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from benchmarks.measures.training import BATCH, OPTIMIZERS, REFERENCE, XLA_LIMIT, network
from benchmarks.options import Options
from benchmarks.rows import PIECEWISE_100, WARM_COSINE, trio
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from benchmarks.timer import paired

STEPS = 200
VARIABLES = 6
LIMIT = 1.02


def measure(options: Options) -> list[Measurement]:
    """One table, a column for each number of steps in an execution, and for XLA."""
    if options.quick:
        return [partial(_table, "AdamW", [WARM_COSINE], {"50": (50, False)}, options)]
    settings = {"1": (1, False), "50": (50, False), "1, XLA": (1, True), "50, XLA": (50, True)}
    names = [WARM_COSINE, PIECEWISE_100]
    return [partial(_table, each, names, settings, options) for each in OPTIMIZERS]


def _table(
    optimizer: str, names: list[str], settings: dict[str, tuple[int, bool]], options: Options
) -> Table:
    columns: dict[str, dict[str, Cell]] = {}
    for column, (together, xla) in settings.items():
        columns[column] = _column(optimizer, names, together, xla, options)
    rows = []
    for each in columns[next(iter(columns))]:
        cells = {column: found[each] for column, found in columns.items()}
        rows.append(Row(each, cells, _goals(each, list(columns))))
    return Table(
        f"model.fit: {optimizer}, {VARIABLES} variables",
        "Keras' constant rate in the same column",
        list(columns),
        rows,
        [f"Epochs of {STEPS} steps; a column for each `steps_per_execution`, with `jit_compile` "
         "off, or on where it says XLA."],
    )  # fmt: skip


def _goals(each: str, columns: list[str]) -> list[Goal]:
    if "lrdsl" not in each:
        return []
    return [Goal(column, "<=", XLA_LIMIT if "XLA" in column else LIMIT) for column in columns]


def _column(
    optimizer: str, names: list[str], together: int, xla: bool, options: Options
) -> dict[str, Cell]:
    made: dict[str, Any] = {REFERENCE: 0.1}
    for name in names:
        made |= {f"{name}: {each}": schedule for each, schedule in trio(name).items()}
    fits = {each: _fit(optimizer, rate, together, xla) for each, rate in made.items()}
    times = paired(
        fits, REFERENCE, seconds=options.seconds(3), rounds=options.rounds(41), shortest=0.0
    )
    return {each: times.ratio(each, REFERENCE) for each in fits}


def _fit(optimizer: str, rate: Any, together: int, xla: bool) -> Callable[[], Any]:
    model = network(VARIABLES)
    model.compile(
        getattr(keras.optimizers, optimizer)(rate), "mse",
        steps_per_execution=together, jit_compile=xla,
    )  # fmt: skip
    data = tf.data.Dataset.from_tensors((tf.ones([BATCH, 8]), tf.ones([BATCH, 1])))
    batches = data.repeat(STEPS)
    return lambda: model.fit(batches, epochs=1, shuffle=False, verbose=0)
