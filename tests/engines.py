"""Every engine as a function (schedule, run, steps) -> float32 array, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from lrdsl import Schedule, Timeline

Engine = Callable[..., Any]


def python(schedule: Schedule, run: Timeline, steps: list[int], lowering: Any = None) -> Any:
    with np.errstate(over="ignore"):
        return np.array([schedule.value(step, run) for step in steps]).astype(np.float32)


def numpy(schedule: Schedule, run: Timeline, steps: list[int], lowering: Any = None) -> Any:
    with np.errstate(over="ignore"):
        return schedule.values(run, np.array(steps, np.int64)).astype(np.float32)


def eager(schedule: Schedule, run: Timeline, steps: list[int], lowering: Any = None) -> Any:
    tf = pytest.importorskip("tensorflow")
    rate = schedule.to_tf(run, lowering)
    return np.array([rate(tf.constant(step, tf.int64)).numpy() for step in steps])


def _compiled(**options: Any) -> Engine:
    def engine(schedule: Schedule, run: Timeline, steps: list[int], lowering: Any = None) -> Any:
        tf = pytest.importorskip("tensorflow")
        signature = [tf.TensorSpec([], tf.int64)]
        rate = tf.function(schedule.to_tf(run, lowering), input_signature=signature, **options)
        return np.array([rate(tf.constant(step, tf.int64)).numpy() for step in steps])

    return engine


def jax(schedule: Schedule, run: Timeline, steps: list[int], lowering: Any = None) -> Any:
    jax = pytest.importorskip("jax")
    rate = jax.jit(schedule.to_jax(run, lowering))
    with jax.enable_x64(True):  # for steps beyond 32 bits; the schedule needs it not
        counts = [jax.numpy.asarray(step, jax.numpy.int64) for step in steps]
    return np.array([rate(count) for count in counts])


def torch(schedule: Schedule, run: Timeline, steps: list[int], lowering: Any = None) -> Any:
    torch = pytest.importorskip("torch")
    from lrdsl.engines.torch import compile_torch

    rate = compile_torch(schedule.form(run, lowering).ir)
    return np.array([rate(torch.tensor(step)).numpy() for step in steps])


ENGINES: dict[str, Engine] = {
    "python": python,
    "numpy": numpy,
    "eager": eager,
    "graph": _compiled(),
    "xla": _compiled(jit_compile=True),
    "jax": jax,
    "torch": torch,
}


def installed(engine: str) -> bool:
    """Whether the library of an engine is there; without it a test of the engine is skipped."""
    library = "tensorflow" if engine in ("eager", "graph", "xla") else engine
    return engine == "python" or find_spec(library) is not None


def bits(values: Any) -> Any:
    """The bits of float32 values, all NaN alike."""
    array = np.asarray(values, np.float32)
    return np.where(np.isnan(array), np.int32(0x7FC00000), array.view(np.int32))


def units_apart(got: Any, expected: Any) -> Any:
    """How many float32 numbers two rates are apart; 0 for two NaN."""
    a, b = (
        np.asarray(each, np.float32).view(np.int32).astype(np.int64) for each in (got, expected)
    )
    ordered = [np.where(each < 0, -(2**31) - each, each) for each in (a, b)]
    return np.where(bits(got) == bits(expected), 0, np.abs(ordered[0] - ordered[1]))
