"""The compared formulas as people write them, in plain Python, NumPy or any of its dialects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Formula:
    """`text`: ours, for a run of any length. `array`: of a module like NumPy, the steps and their
    number. `numexpr`: the same as a text, of `s` and `n`; "" where it cannot say that.
    `level`: whether the rate stands still but for some changes."""

    text: str
    array: Callable[[Any, Any, int], Any]
    numexpr: str
    level: bool = False


def _warm_cosine(np: Any, s: Any, n: int) -> Any:
    w = n // 10
    cosine = 0.001 + 0.0495 * (1 + np.cos(np.pi * (s - w) / (n - w)))
    return np.where(s < w, 0.1 * s / w, cosine)


def _staircase(np: Any, s: Any, n: int) -> Any:
    return 0.1 * 0.5 ** (s // (n // 10))


def _fine_staircase(np: Any, s: Any, n: int) -> Any:
    return 0.1 * 0.999 ** (s // 1000)


def _parts(np: Any, s: Any, n: int) -> Any:
    """The usual way to look up 100 values: the place of each step among 99 boundaries."""
    boundaries = np.array([n // 100 * k for k in range(1, 100)])
    values = np.array([0.1 * 0.97**k for k in range(100)])
    return np.take(values, np.searchsorted(boundaries, s, side="right"))


def _polynomial(np: Any, s: Any, n: int) -> Any:
    return 0.001 + 0.099 * (1 - s / n) ** 0.9


def _exponential(np: Any, s: Any, n: int) -> Any:
    return 0.1 * 0.01 ** (s / n)


FORMULAS = {
    "warm-up + cosine": Formula(
        "linear(0, 0.1) for 10% then cosine(0.1, 0.001)",
        _warm_cosine,
        "where(s < w, 0.1 * s / w, 0.001 + 0.0495 * (1 + cos(pi * (s - w) / (n - w))))",
    ),
    "staircase": Formula(
        "0.1 * 0.5^floor(t / 10%)", _staircase, "0.1 * 0.5 ** floor(s / w)", level=True
    ),
    "staircase, 1,000 steps each": Formula(
        "0.1 * 0.999^floor(step / 1000)",
        _fine_staircase,
        "0.1 * 0.999 ** floor(s / 1000)",
        level=True,
    ),
    "100 parts": Formula("step_decay(0.1, 0.97, every=1%)", _parts, "", level=True),
    "polynomial": Formula(
        "polynomial(0.1, 0.001, power=0.9)", _polynomial, "0.001 + 0.099 * (1 - s / n) ** 0.9"
    ),
    "exponential": Formula("0.1 * 0.01^progress", _exponential, "0.1 * 0.01 ** (s / n)"),
}
