"""A real training step with each schedule, against the same step with Keras' constant rate."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from graphs import executed_ops

from benchmarks.options import Options
from benchmarks.rows import (
    CONSTANT,
    EXPONENTIAL,
    KERAS,
    PEER,
    PIECEWISE_100,
    WARM_COSINE,
    ours,
    trio,
)
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from benchmarks.timer import Times, paired

OPTIMIZERS = ("SGD", "Adam", "AdamW")
LAYERS = {6: 3, 42: 21}  # variables: dense layers
BATCH = 32
REFERENCE = f"{CONSTANT}: Keras"
FOLDED = f"{CONSTANT}: lrdsl"
COLUMNS = [
    "ops", "ops / constant", "first call s", "first call: times faster", "step / constant",
]  # fmt: skip

# Compared with the constant in all settings; every built-in in one.
SOME = [WARM_COSINE, PIECEWISE_100]
LIMITS = {6: 1.02, 42: 0.97}
XLA_LIMIT = 1.01


def measure(options: Options) -> list[Measurement]:
    """A table for each optimizer, number of variables, and with and without XLA."""
    if options.quick:
        return [partial(_steps, "AdamW", 6, False, [WARM_COSINE], options)]
    settings = [("AdamW", 6, False, list(KERAS))]
    settings += [(each, 6, False, [EXPONENTIAL, *SOME]) for each in ("SGD", "Adam")]
    settings += [(each, 6, True, SOME) for each in OPTIMIZERS]
    settings += [(each, 42, False, SOME) for each in OPTIMIZERS]
    settings += [("AdamW", 42, True, SOME[:1])]
    steps = [partial(_steps, *setting, options) for setting in settings]
    return [partial(_first_calls, options), *steps]


def _steps(optimizer: str, variables: int, xla: bool, names: list[str], options: Options) -> Table:
    made = _schedules(names)
    built = {each: step_of(optimizer, variables, xla, schedule) for each, schedule in made.items()}
    first = {each: _seconds(step) for each, step in built.items()}
    times = paired(built, REFERENCE, seconds=options.seconds(2), rounds=options.rounds(999))
    rows = []
    for each, step in built.items():
        cells: dict[str, Cell] = {
            "first call s": first[each], "step / constant": times.ratio(each, REFERENCE),
        }  # fmt: skip
        slow = first.get(f"{PIECEWISE_100}: {PEER}")
        if slow and each.startswith(PIECEWISE_100):
            cells["first call: times faster"] = slow / first[each]
        if not xla:
            cells["ops"] = sum(executed_ops(step).values())
        rows.append(Row(each, cells, _goals(each, optimizer, variables, xla)))
    _add_op_ratios(rows)
    compiled = "with XLA" if xla else "without XLA"
    return Table(
        f"Training step: {optimizer}, {variables} variables, {compiled}",
        f"Keras' constant rate, a step of {times.median(REFERENCE) * 1e6:.0f} us",
        [name for name in COLUMNS if not xla or not name.startswith("ops")],
        rows,
        [
            "Each row is measured in turns with the reference.",
            "`times faster`: than Keras' schedule of the same name. First calls are measured once.",
        ],
    )


def _add_op_ratios(rows: list[Row]) -> None:
    base = rows[0].cells.get("ops")
    for row in rows:
        ops = row.cells.get("ops")
        if isinstance(ops, int) and isinstance(base, int):
            row.cells["ops / constant"] = ops / base


def _goals(each: str, optimizer: str, variables: int, xla: bool) -> list[Goal]:
    if "lrdsl" not in each:
        return []
    if xla:
        return [Goal("step / constant", "<=", XLA_LIMIT)]
    if optimizer != "AdamW":
        return []
    goals = [Goal("step / constant", "<=", LIMITS[variables])]
    if variables == 42:
        goals.append(Goal("ops / constant", "<", 1))
    if variables == 42 and each.startswith(PIECEWISE_100):
        goals.append(Goal("first call: times faster", ">=", 20))
    return goals


def _first_calls(options: Options) -> Table:
    """The traces of new steps, a few times each; Keras' piecewise schedule is too slow for that."""
    made = _schedules([PIECEWISE_100])
    made.pop(f"{PIECEWISE_100}: {PEER}")
    found: dict[str, list[float]] = {each: [] for each in made}
    for _ in range(options.rounds(5)):
        for each, schedule in made.items():
            found[each].append(_seconds(step_of("AdamW", 42, False, schedule)))
    times = Times(found)
    rows = [
        Row(
            each,
            {"first call s": times.median(each), "first / constant": times.ratio(each, REFERENCE)},
            [Goal("first / constant", "<=", 1.15)] if PIECEWISE_100 in each else [],
        )
        for each in made
    ]
    return Table(
        "First call: AdamW, 42 variables, without XLA", "Keras' constant rate",
        ["first call s", "first / constant"], rows,
        ["Trace, optimisation and one step, of new functions."],
    )  # fmt: skip


def _schedules(names: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {REFERENCE: 0.1, FOLDED: ours("0.1")}
    for name in names:
        made |= {f"{name}: {each}": schedule for each, schedule in trio(name).items()}
    return made


def step_of(optimizer: str, variables: int, xla: bool, rate: Any) -> Callable[[], Any]:
    """A compiled step: forward, backward and update of a small network."""
    model = network(variables)
    updates = getattr(keras.optimizers, optimizer)(rate)
    updates.build(model.trainable_variables)
    inputs, targets = tf.ones([BATCH, 8]), tf.ones([BATCH, 1])

    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs, training=True) - targets))
        gradients = tape.gradient(loss, model.trainable_variables)
        updates.apply(gradients, model.trainable_variables)
        return loss

    return tf.function(step, autograph=False, jit_compile=xla)  # type: ignore[no-any-return]


def network(variables: int) -> Any:
    """Dense layers of 16 units and one of 1, two variables each."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(16, activation="relu") for _ in range(LAYERS[variables] - 1)]
    model = keras.Sequential([keras.Input((8,)), *layers, keras.layers.Dense(1)])
    assert len(model.trainable_variables) == variables
    return model


def _seconds(call: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
