"""Every engine as a function (schedule, run, steps) -> float32 array, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrdsl import Schedule, Timeline

Engine = Callable[[Schedule, Timeline, list[int]], Any]


def python(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    with np.errstate(over="ignore"):
        return np.array([schedule.value(step, run) for step in steps]).astype(np.float32)


def numpy(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    with np.errstate(over="ignore"):
        return schedule.values(run, np.array(steps, np.int64)).astype(np.float32)


def eager(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
    import tensorflow as tf

    rate = schedule.to_tf(run)
    return np.array([rate(tf.constant(step, tf.int64)).numpy() for step in steps])


def _compiled(**options: Any) -> Engine:
    def engine(schedule: Schedule, run: Timeline, steps: list[int]) -> Any:
        import tensorflow as tf

        signature = [tf.TensorSpec([], tf.int64)]
        rate = tf.function(schedule.to_tf(run), input_signature=signature, **options)
        return np.array([rate(tf.constant(step, tf.int64)).numpy() for step in steps])

    return engine


ENGINES: dict[str, Engine] = {
    "python": python,
    "numpy": numpy,
    "eager": eager,
    "graph": _compiled(),
    "xla": _compiled(jit_compile=True),
}


def bits(values: Any) -> Any:
    """The bits of float32 values, all NaN alike."""
    array = np.asarray(values, np.float32)
    return np.where(np.isnan(array), np.int32(0x7FC00000), array.view(np.int32))
