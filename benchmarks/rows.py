"""The schedules that are compared: each as a text of ours and as its peers write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lrdsl import Schedule, Timeline

STEPS = 10_000
RUN = Timeline(steps_per_epoch=100, epochs=100)

# What stands in a row's name behind the schedule's: Keras' own, ours as it is by default, which in
# a run of this length is a table or a search in a few rates, and ours as formulas.
PEER, DEFAULT, ANALYTIC = "Keras", "lrdsl", "lrdsl, analytic"
LOWERINGS = {DEFAULT: None, ANALYTIC: "analytic"}
CONSTANT = "constant"
# Rates that no optimiser can merge, and that are no round numbers.
HUNDRED = [0.1 * 0.97**k for k in range(100)]


@dataclass(frozen=True)
class Pair:
    """A built-in schedule of Keras: its class, the arguments, and our text for it."""

    cls: str
    arguments: dict[str, Any]
    text: str

    def keras(self) -> Any:
        """Keras' own object."""
        from keras.optimizers import schedules

        return getattr(schedules, self.cls)(**self.arguments)


def _pair(cls: str, text: str, **arguments: Any) -> Pair:
    return Pair(cls, arguments, text)


def _parts(boundaries: list[int], values: list[float]) -> str:
    # Keras changes one step after the boundary
    times = ", ".join(f"{boundary + 1}st" for boundary in boundaries)
    return f"piecewise([{times}], [{', '.join(map(repr, values))}])"


_EXPONENTIAL = {"initial_learning_rate": 0.1, "decay_steps": 1000, "decay_rate": 0.5}
_INVERSE = {"initial_learning_rate": 0.1, "decay_steps": 1000, "decay_rate": 0.5}
_POLYNOMIAL = {"initial_learning_rate": 0.1, "decay_steps": 9000, "end_learning_rate": 0.001}
_COSINE = {"decay_steps": 9000, "alpha": 0.01}
_RESTARTS = {"initial_learning_rate": 0.1, "first_decay_steps": 1000, "alpha": 0.01}
_THREE = ([3000, 6000], [0.1, 0.01, 0.001])
_MANY = ([100 * k for k in range(1, 100)], HUNDRED)

EXPONENTIAL, WARM_COSINE, PIECEWISE_100 = "exponential", "cosine, warm-up", "piecewise, 100 parts"

KERAS: dict[str, Pair] = {
    EXPONENTIAL: _pair("ExponentialDecay", "0.1 * 0.5^(step / 1000)", **_EXPONENTIAL),
    "exponential, staircase": _pair(
        "ExponentialDecay", "0.1 * 0.5^floor(step / 1000)", **_EXPONENTIAL, staircase=True
    ),
    "piecewise, 3 parts": _pair(
        "PiecewiseConstantDecay", _parts(*_THREE), boundaries=_THREE[0], values=_THREE[1]
    ),
    PIECEWISE_100: _pair(
        "PiecewiseConstantDecay", _parts(*_MANY), boundaries=_MANY[0], values=_MANY[1]
    ),
    "polynomial, power 1": _pair(
        "PolynomialDecay", "polynomial(0.1, 0.001, over=9000st)", **_POLYNOMIAL
    ),
    "polynomial, power 2": _pair(
        "PolynomialDecay", "polynomial(0.1, 0.001, power=2, over=9000st)", **_POLYNOMIAL, power=2.0
    ),
    "polynomial, cycle": _pair(
        "PolynomialDecay", "polynomial_cycle(0.1, 0.001, power=2, over=3000st)",
        **{**_POLYNOMIAL, "decay_steps": 3000}, power=2.0, cycle=True,
    ),
    "inverse time": _pair(
        "InverseTimeDecay", "inverse_time(0.1, 0.5, every=1000st)", **_INVERSE
    ),
    "inverse time, staircase": _pair(
        "InverseTimeDecay", "inverse_time(0.1, 0.5, every=1000st, staircase=1)",
        **_INVERSE, staircase=True,
    ),
    "cosine": _pair(
        "CosineDecay", "cosine(0.1, 0.001, over=9000st)", **_COSINE, initial_learning_rate=0.1
    ),
    WARM_COSINE: _pair(
        "CosineDecay", "linear(0, 0.1) for 1000st then cosine(0.1, 0.001, over=9000st)",
        **_COSINE, initial_learning_rate=0.0, warmup_target=0.1, warmup_steps=1000,
    ),
    "cosine restarts, growth 1": _pair(
        "CosineDecayRestarts", "cosine_restarts(0.1, 0.001, every=1000st)", **_RESTARTS, t_mul=1.0
    ),
    "cosine restarts, growth 2": _pair(
        "CosineDecayRestarts", "cosine_restarts(0.1, 0.001, every=1000st, growth=2)",
        **_RESTARTS, t_mul=2.0,
    ),
    "cosine restarts, growth 1.5, scale 0.9": _pair(
        "CosineDecayRestarts",
        "cosine_restarts(0.1, 0.001, every=1000st, growth=1.5, scale=0.9)",
        **_RESTARTS, t_mul=1.5, m_mul=0.9,
    ),
}  # fmt: skip

LONG = Timeline(total_steps=10**9)

# What Keras has no schedule for: text and run.
OTHERS: dict[str, tuple[str, Timeline]] = {
    "piecewise, boundaries over 2^24": (
        "piecewise([20_000_001st, 40_000_001st], [0.1, 0.01, 0.001])", LONG
    ),
    "triangular": ("triangular(0.001, 0.006, half=2ep)", RUN),
    "one cycle": ("one_cycle(0.1)", RUN),
    "noam": ("noam(512, over=4000st)", RUN),
    "warm-up, stable, decay": ("wsd(0.1, warmup=5%, decay=20%)", RUN),
    "README's last": (
        "warmup(5%) * cycle(cosine(peak * 0.5^lap, 1e-5), every=10ep, growth=2) where peak = 0.4",
        RUN,
    ),
}  # fmt: skip


def ours(text: str, kind: str = DEFAULT, run: Timeline = RUN) -> Any:
    """The Keras schedule of a text, of a kind of `LOWERINGS`."""
    return Schedule(text).to_keras(run, lowering=LOWERINGS[kind])


def trio(name: str) -> dict[str, Any]:
    """Keras' schedule of that name and both of ours."""
    pair = KERAS[name]
    return {PEER: pair.keras()} | {kind: ours(pair.text, kind) for kind in LOWERINGS}
