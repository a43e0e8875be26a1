"""Eight usual schedules, each as a text, as one would type it in NumPy, and as a class of Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdsl import Schedule, Timeline


@dataclass(frozen=True)
class Usual:
    """A schedule of a run of any number of steps.

    formula: from an array of steps and their number to float64 rates.
    keras: from the module `keras.optimizers.schedules` and that number to Keras' own schedule;
        None where there is no class.
    """

    text: str
    formula: Callable[[Any, int], Any]
    keras: Callable[[Any, int], Any] | None = None


def _warm_cosine(s: Any, n: int) -> Any:
    w = n // 10
    cosine = 0.001 + 0.0495 * (1 + np.cos(np.pi * (s - w) / (n - w)))
    return np.where(s < w, 0.1 * s / w, cosine)


def _restarts(s: Any, n: int) -> Any:
    every = n // 10
    return 0.001 + 0.0495 * (1 + np.cos(np.pi * (s % every) / every))


def _parts(s: Any, n: int) -> Any:
    boundaries = np.arange(1, 100) * (n // 100)
    return np.take(PARTS, np.searchsorted(boundaries, s, side="right"))


PARTS = [0.1 * 0.97**k for k in range(100)]

WARM_COSINE, HUNDRED = "warm-up, cosine", "100 parts"

USUAL = {
    WARM_COSINE: Usual(
        "linear(0, 0.1) for 10% then cosine(0.1, 0.001)",
        _warm_cosine,
        lambda keras, n: keras.CosineDecay(
            0.0, n - n // 10, alpha=0.01, warmup_target=0.1, warmup_steps=n // 10
        ),
    ),
    "cosine restarts": Usual(
        "cosine_restarts(0.1, 0.001, every=10%)",
        _restarts,
        lambda keras, n: keras.CosineDecayRestarts(0.1, n // 10, t_mul=1.0, alpha=0.01),
    ),
    "staircase": Usual(
        "0.1 * 0.5^floor(t / 10%)",
        lambda s, n: 0.1 * 0.5 ** (s // (n // 10)),
        lambda keras, n: keras.ExponentialDecay(0.1, n // 10, 0.5, staircase=True),
    ),
    HUNDRED: Usual(
        "step_decay(0.1, 0.97, every=1%)",
        _parts,
        lambda keras, n: keras.PiecewiseConstantDecay(  # which changes one step later
            [n // 100 * k - 1 for k in range(1, 100)], PARTS
        ),
    ),
    "exponential": Usual(
        "0.1 * 0.01^progress",
        lambda s, n: 0.1 * 0.01 ** (s / n),
        lambda keras, n: keras.ExponentialDecay(0.1, n, 0.01),
    ),
    "polynomial": Usual(
        "polynomial(0.1, 0.001, power=0.9)",
        lambda s, n: 0.001 + 0.099 * (1 - s / n) ** 0.9,
        lambda keras, n: keras.PolynomialDecay(0.1, n, 0.001, power=0.9),
    ),
    "inverse time": Usual(
        "inverse_time(0.1, 0.5, every=1%)",
        lambda s, n: 0.1 / (1 + 0.5 * s / (n // 100)),
        lambda keras, n: keras.InverseTimeDecay(0.1, n // 100, 0.5),
    ),
    "noam": Usual(
        "noam(512, over=1%)",
        lambda s, n: 512**-0.5 * np.minimum(np.maximum(s, 1) ** -0.5, s * (n // 100) ** -1.5),
    ),
}


def ours(text: str, steps: int, lowering: Any = None) -> Any:
    """The Keras schedule of a text on a run of so many steps."""
    return Schedule(text).to_keras(Timeline(total_steps=steps), lowering=lowering)


def theirs(name: str, steps: int) -> Any:
    """Keras' own schedule of that name."""
    from keras.optimizers import schedules

    make = USUAL[name].keras
    assert make is not None
    return make(schedules, steps)
