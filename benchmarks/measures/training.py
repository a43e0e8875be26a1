"""A training step with each form of a rate, against the same step with Keras' constant rate."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import keras
import tensorflow as tf

from benchmarks.page import Cell, Row, Table
from benchmarks.schedules import HUNDRED, USUAL, WARM_COSINE, ours, theirs
from benchmarks.timer import Task, Times, compare, compare_first
from lrdsl.rates.array import LIMIT

EPOCH = 391  # steps
_TEXT, _PARTS = USUAL[WARM_COSINE].text, USUAL[HUNDRED].text
_BATCH = 32

CONSTANT, WORK = "/ constant", "processor time / constant"
COLUMNS = [CONSTANT, WORK, "ms"]


def measure(small: bool) -> Iterator[Table]:
    """Steps with and without XLA, first epochs and first calls; small ones on short runs."""
    seconds = 0 if small else 5
    steps = 10_000 if small else LIMIT
    for variables in (6,) if small else (42, 6):
        for xla in (False, True):
            yield _steps(variables, xla, steps, seconds)
        yield _first_calls(variables, [2**13] if small else [2**16, LIMIT, 2**22], 8 * seconds)
        yield _first_epochs(variables, steps, 12 * seconds)


def _steps(variables: int, xla: bool, steps: int, seconds: float) -> Table:
    rates = {
        "a constant, lrdsl": ours("0.1", steps),
        "search among 100 levels": ours(_PARTS, steps),
        f"table of {steps:,} rates": ours(_TEXT, steps),
        "formula": ours(_TEXT, steps, "analytic"),
        "Keras' CosineDecay, with warm-up": theirs(WARM_COSINE, steps),
    }
    if variables == 6 and not xla and seconds:  # its first call takes a minute with 42
        rates["Keras' PiecewiseConstantDecay, 100 parts"] = theirs(HUNDRED, steps)
    few = None if seconds else 3
    tasks = {name: step_of(variables, rates[name], xla) for name in list(rates)[:few]}
    times = compare(tasks, step_of(variables, 0.1, xla), seconds)
    rows = [_row(each, times[each], 1.05 if each.startswith("table") else None) for each in tasks]
    reference = next(iter(times.values())).reference
    microseconds = statistics.median(each.clock for each in reference) * 1e6
    return Table(
        f"A training step: AdamW, {variables} variables, {'XLA' if xla else 'graph'}",
        f"Against Keras' constant rate, a step of {microseconds:,.0f} us.",
        COLUMNS,
        rows,
    )


def _row(name: str, times: Times, limit: float | None) -> Row:
    """Its goal is of processor time, which tells more where other work runs."""
    cells: dict[str, Cell] = {CONSTANT: times.ratio, WORK: times.work, "ms": times.seconds * 1e3}
    return Row(name, cells, {} if limit is None else {WORK: limit})


def _first_calls(variables: int, lengths: list[int], seconds: float) -> Table:
    rates = {f"table of {n:,} rates": ours(_TEXT, n, "table") for n in lengths}
    rates["search among 100 levels"] = ours(_PARTS, lengths[-1], "table")
    rates["formula"] = ours(_TEXT, lengths[-1], "analytic")
    tasks = {name: partial(step_of, variables, rate) for name, rate in rates.items()}
    times = compare_first(tasks, lambda: step_of(variables, 0.1), seconds)
    longest = f"table of {2**22:,} rates"  # made only where it is asked for
    rows = [_row(each, times[each], None if each == longest else 1.1) for each in tasks]
    return Table(
        f"The first call of a training step: AdamW, {variables} variables, graph",
        "Trace, optimisation and one step of a new model, optimizer and function, against "
        "Keras' constant rate. The table itself was made before.",
        COLUMNS,
        rows,
    )


def _first_epochs(variables: int, steps: int, seconds: float) -> Table:
    """From the text to the end of an epoch; each time with another text, so that all is made."""
    numbers = count(1)

    def train(text: str, lowering: Any = None) -> None:
        rate = ours(f"{text} + 1e-9 * {next(numbers)}", steps, lowering)
        _train(step_of(variables, rate))

    tasks = {
        f"table of {steps:,} rates": lambda: partial(train, _TEXT),
        "search among 100 levels": lambda: partial(train, _PARTS),
        "formula": lambda: partial(train, _TEXT, "analytic"),
    }
    times = compare_first(tasks, lambda: lambda: _train(step_of(variables, 0.1)), seconds)
    rows = [_row(each, times[each], 1.1) for each in tasks]
    return Table(
        f"The first epoch: AdamW, {variables} variables, graph, {EPOCH} steps",
        "From the text, a new one each time, through the array of the run and the first call to "
        "the last step; against Keras' constant rate.",
        COLUMNS,
        rows,
    )


def _train(step: Task) -> None:
    for _ in range(EPOCH):
        step()


def step_of(variables: int, rate: Any, xla: bool = False) -> Callable[[], Any]:
    """A compiled step of AdamW: forward, backward and update of a small network."""
    model = _network(variables)
    optimizer = keras.optimizers.AdamW(rate)
    optimizer.build(model.trainable_variables)
    inputs, targets = tf.ones([_BATCH, 8]), tf.ones([_BATCH, 1])

    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs, training=True) - targets))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return tf.function(step, autograph=False, jit_compile=xla)  # type: ignore[no-any-return]


def _network(variables: int) -> Any:
    """Dense layers of 16 units and one of 1, two variables each."""
    layers = [keras.layers.Dense(16, activation="relu") for _ in range(variables // 2 - 1)]
    return keras.Sequential([keras.Input((8,)), *layers, keras.layers.Dense(1)])
