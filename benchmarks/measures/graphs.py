"""The operations that a graph executes for a rate: a constant, a search, a table or a formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
from graphs import executed_ops

from benchmarks.page import Cell, Row, Table
from benchmarks.schedules import USUAL, ours, theirs
from lrdsl import Schedule, Timeline

_STEPS = 10_000
_MOST = {"constant": 0, "steps": 3, "table": 3}


def measure(small: bool) -> Iterator[Table]:
    """One table, of two schedules where it is small."""
    names = list(USUAL)[: 2 if small else None]
    rows = [_row("constant", "0.1", None)]
    rows += [_row(name, USUAL[name].text, name) for name in names]
    yield Table(
        "Operations of a rate in a graph",
        f"Executed after TensorFlow's optimiser, the read of the count included; {_STEPS:,} steps. "
        "`formula`: what a run of unknown length has.",
        ["Keras", "form", "lrdsl", "formula"],
        rows,
    )


def _row(name: str, text: str, keras_name: str | None) -> Row:
    form = Schedule(text).form(Timeline(total_steps=_STEPS)).name
    cells: dict[str, Cell] = {
        "form": form,
        "lrdsl": _ops(ours(text, _STEPS)),
        "formula": _ops(ours(text, _STEPS, "analytic")),
    }
    if keras_name and USUAL[keras_name].keras:
        cells["Keras"] = _ops(theirs(keras_name, _STEPS))
    return Row(name, cells, {"lrdsl": _MOST[form]})


def _ops(rate: Callable[[Any], Any]) -> int:
    count = keras.Variable(3, dtype="int64", trainable=False)
    return executed_ops(lambda: rate(count)).total()
