"""Every engine as a function (schedule, run, steps) -> float32 array, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from lrdsl import Schedule, Timeline

Engine = Callable[[Schedule, Timeline, list[int]], Any]


def python(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    with np.errstate(over="ignore"):
        return np.array([schedule.value(step, run) for step in steps]).astype(np.float32)


def numpy(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    with np.errstate(over="ignore"):
        return schedule.values(run, np.array(steps, np.int64)).astype(np.float32)


def eager(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    tf = pytest.importorskip("tensorflow")
    rate = schedule.to_tf(run)
    return np.array([rate(tf.constant(step, tf.int64)).numpy() for step in steps])


def _compiled(**options: Any) -> Engine:
    def engine(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
        tf = pytest.importorskip("tensorflow")
        signature = [tf.TensorSpec([], tf.int64)]
        rate = tf.function(schedule.to_tf(run), input_signature=signature, **options)
        return np.array([rate(tf.constant(step, tf.int64)).numpy() for step in steps])

    return engine


def jax(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    jax = pytest.importorskip("jax")
    rate = jax.jit(schedule.to_jax(run))
    with jax.enable_x64(True):  # for steps beyond 32 bits; the schedule needs it not
        counts = [jax.numpy.asarray(step, jax.numpy.int64) for step in steps]
    return np.array([rate(count) for count in counts])


def torch(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    torch = pytest.importorskip("torch")
    from lrdsl.engines.torch import compile_torch

    rate = compile_torch(schedule.bind(run).core)
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


# Every function of libm, and what compilers like to rewrite, magnified: a float32 rate hides a
# wrong bit of float64, so these rates are what float64 holds below 2^-40.
MAGNIFIED = [
    f"y * 2^40 - floor(y * 2^40) where y = {text}"
    for text in (
        "sin(step / 7)",
        "cos(epoch / 7)",
        "log(1.001 + epoch / 37)",
        "(step + 1)^-0.37",
        "(step / 7 + 1)^1.7 / 1e6",
        "exp(-epoch / 10)",
        "tanh(epoch / 11)",
        "0.1 * 0.5^(epoch / 7) * cos(step / 9)",
        "0.1 * sqrt(step / 3) - 0.3",
        "0.1 * cos(epoch / 7) + 0.2 * sin(epoch / 7) * sqrt(step)",
        "epoch / 7 / sqrt(step + 1)",
    )
]


def bits(values: Any) -> Any:
    """The bits of float32 values, all NaN alike."""
    array = np.asarray(values, np.float32)
    return np.where(np.isnan(array), np.int32(0x7FC00000), array.view(np.int32))


def different(got: Any, expected: Any, *, signs_of_zero: bool = False) -> Any:
    """Where bits of float32 differ; in the sign of a zero, which is not promised, only if asked."""
    differ = got != expected
    return differ if signs_of_zero else differ & ((got | expected) << 1 != 0)
