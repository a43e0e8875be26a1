"""What one rate costs where a training loop asks for it: Keras, optax and torch, and ours there."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import keras
import optax
import tensorflow as tf
import torch
from torch.optim import lr_scheduler

from benchmarks.page import Cell, Row, Table
from benchmarks.schedules import HUNDRED, USUAL, WARM_COSINE, ours, theirs
from benchmarks.timer import Task, Times, compare, compare_first
from lrdsl import Schedule, Timeline

_STEPS = 10**6
_RUN = Timeline(total_steps=_STEPS)
_W = _STEPS // 10

# Name in optax, and optax' schedule.
_OPTAX = {
    WARM_COSINE: optax.warmup_cosine_decay_schedule(0.0, 0.1, _W, _STEPS, 0.001),
    "staircase": optax.exponential_decay(0.1, _W, 0.5, staircase=True),
    HUNDRED: optax.piecewise_constant_schedule(
        0.1, {_STEPS // 100 * k: 0.97 for k in range(1, 100)}
    ),
    "exponential": optax.exponential_decay(0.1, _STEPS, 0.01),
}


def _warm_cosine(optimizer: Any) -> Any:
    warm = lr_scheduler.LinearLR(optimizer, 1e-9, total_iters=_W)
    rest = lr_scheduler.CosineAnnealingLR(optimizer, _STEPS - _W, 0.001)
    return lr_scheduler.SequentialLR(optimizer, [warm, rest], [_W])


_TORCH: dict[str, Callable[[Any], Any]] = {
    WARM_COSINE: _warm_cosine,
    "cosine restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, _W, eta_min=0.001),
    "staircase": lambda o: lr_scheduler.StepLR(o, _W, 0.5),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.01 ** (1 / _STEPS)),
}


def measure(small: bool) -> Iterator[Table]:
    """All three libraries; small tables have two schedules."""
    seconds = 0 if small else 2
    most = 2 if small else None
    yield _keras([name for name in USUAL if USUAL[name].keras][:most], seconds)
    yield _jax(list(_OPTAX)[:most], seconds)
    yield _torch(list(_TORCH)[:most], seconds)


def _keras(names: list[str], seconds: float) -> Table:
    return Table(
        f"A call, TensorFlow, {_STEPS:,} steps",
        "Against Keras' schedule: eager, and the first call of a new `tf.function` of it.",
        ["eager / Keras", "eager us", "first call / Keras", "first call ms"],
        [_keras_row(name, seconds) for name in names],
    )


def _keras_row(name: str, seconds: float) -> Row:
    step = keras.Variable(3, dtype="int64", trainable=False)
    mine, peer = ours(USUAL[name].text, _STEPS), theirs(name, _STEPS)
    eager = _compare(lambda: mine(step), lambda: peer(step), seconds)
    traces = {"": lambda: _function(mine, step)}
    first = compare_first(traces, lambda: _function(peer, step), seconds)[""]
    cells: dict[str, Cell] = {
        "eager / Keras": eager.ratio,
        "eager us": eager.seconds * 1e6,
        "first call / Keras": first.ratio,
        "first call ms": first.seconds * 1e3,
    }
    return Row(name, cells, {"eager / Keras": 1})


def _function(schedule: Any, step: Any) -> Task:
    return tf.function(lambda: schedule(step), autograph=False)  # type: ignore[no-any-return]


def _jax(names: list[str], seconds: float) -> Table:
    step = jax.numpy.asarray(1234, jax.numpy.int32)
    rows = []
    for name in names:
        mine, peer = Schedule(USUAL[name].text).to_jax(_RUN), _OPTAX[name]
        eager = _compare(_ready(mine, step), _ready(peer, step), seconds)
        jit = _compare(_ready(jax.jit(mine), step), _ready(jax.jit(peer), step), seconds)
        rows.append(Row(name, {"jit / optax": jit.ratio, "eager / optax": eager.ratio}))
    note = "Against optax' schedule, of an int32 step."
    return Table(f"A call, JAX, {_STEPS:,} steps", note, ["jit / optax", "eager / optax"], rows)


def _ready(call: Callable[[Any], Any], step: Any) -> Task:
    return lambda: jax.block_until_ready(call(step))


def _torch(names: list[str], seconds: float) -> Table:
    rows = []
    for name in names:
        with warnings.catch_warnings():  # that no optimizer stepped before the scheduler
            warnings.simplefilter("ignore")
            mine = Schedule(USUAL[name].text).to_torch(_optimizer(), _RUN)
            times = _compare(mine.step, _TORCH[name](_optimizer()).step, seconds)
        rows.append(Row(name, {"/ torch": times.ratio, "us": times.seconds * 1e6}))
    note = "Against torch's scheduler; one parameter group."
    return Table("`step()` of a scheduler, torch", note, ["/ torch", "us"], rows)


def _optimizer() -> Any:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(3))], lr=0.1)


def _compare(mine: Task, peer: Task, seconds: float) -> Times:
    return compare({"": mine}, peer, seconds)[""]
