"""The jumps of a run: those that enumeration finds, and counts where it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from lrdsl import Schedule, Timeline
from lrdsl.core import Op
from lrdsl.engines.numpy import compile_numpy
from lrdsl.jumps import Jump, jumps

HUGE = 10**12


def core_of(text: str, steps: int) -> Op:
    return Schedule(text).bind(Timeline(steps_per_epoch=steps // 100, epochs=100)).core


def enumerated(core: Op, steps: int) -> list[int]:
    """The steps that change by 1% and twice what they do beside; of smooth pieces, all jumps."""
    rates = compile_numpy(core)(np.arange(steps)).astype(np.float32).astype(np.float64)
    change = np.abs(np.diff(rates))
    before, after = np.append(0, change[:-1]), np.append(change[1:], 0)
    size = np.maximum(np.abs(rates[1:]), np.abs(rates[:-1]))
    return (
        np.flatnonzero((change > 0.01 * size) & (change > 2 * np.maximum(before, after))) + 1
    ).tolist()


@pytest.mark.parametrize(
    "text",
    ["piecewise([30, 60], [0.1, 0.01, 0.02])", "step_decay(0.1, 0.5, every=10ep)",
     "cosine_restarts(0.1, every=10ep, growth=2)", "cycle(linear(0.1, 0), every=100st)",
     "cycle(linear(0.1, 0), every=100st) * cosine(1)", "hold(cosine(0.1), every=1ep)",
     "linear(0, 0.1) for 5% then cycle(cosine(0.1), every=700st)", "0.1 * triangle(100st)",
     "cycle(cycle(linear(0.1, 0), every=100st), every=10000st)", "one_cycle(0.1)",
     "mod(step, 7) * mod(step, 11)", "cycle(linear(0.1, 0), every=50st) if epoch < 50 else 0.02",
     "0.1 * triangle(30st) * cosine(1)", "linear(0, 0.1) for 5ep then cosine(0.1)",
     "cycle(linear(0.1, 0), every=31.5st)"],
)  # fmt: skip
def test_they_are_those_of_enumeration(text: str) -> None:
    core = core_of(text, 200_000)
    expected = enumerated(core, 200_000)
    found = jumps(core, 0, 199_999)
    assert found.complete and found.number == len(expected)
    assert [jump.step for jump in found.first] == expected[:3]
    if expected:
        rates = compile_numpy(core)(np.arange(200_000))
        widest = max(abs(rates[step] - rates[step - 1]) for step in expected)
        assert found.largest is not None
        assert abs(found.largest.after - found.largest.before) == pytest.approx(widest, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "number", "steps"),
    [("cycle(linear(0.1, 0), every=100st)", 10**10 - 1, [100, 200, 300]),
     ("cycle(linear(0.1, 0), every=1000st) * cosine(1)", 10**9 - 1, [1000, 2000, 3000]),
     ("0.1 * 0.5^floor(step / 1000)", 123, [1000, 2000, 3000]),
     ("cycle(linear(0.1, 0), every=100st) if progress < 0.5 else 0", 5 * 10**9 - 1,
      [100, 200, 300]),
     ("linear(0, 0.1) for 5% then cycle(cosine(0.1), every=1000st)", 95 * 10**7 - 1,
      [5 * 10**10 + 1000 * k for k in (1, 2, 3)]),
     ("0.1 * triangle(100st)", 0, []), ("cosine(0.1)", 0, []), ("step", 0, [])],
)  # fmt: skip
def test_they_are_counted_not_listed(text: str, number: int, steps: list[int]) -> None:
    found = jumps(core_of(text, HUGE), 0, HUGE - 1)
    assert found.exact and found.complete and found.number == number
    assert [jump.step for jump in found.first] == steps


def test_an_outlier_is_two_jumps_each_time() -> None:
    found = jumps(core_of("0.1 if step != 777777777777 else 0.3", HUGE), 0, HUGE - 1)
    assert found.first == (Jump(777777777777, 0.1, 0.3), Jump(777777777778, 0.3, 0.1))
    found = jumps(core_of("0.1 if mod(step, 9991) != 777 else 0.3", HUGE), 0, HUGE - 1)
    assert found.number == 2 * ((HUGE - 778) // 9991 + 1) and found.exact
    assert [jump.step for jump in found.first] == [777, 778, 9991 + 777]


def test_the_largest_is_at_the_end_of_a_warmup() -> None:
    core = core_of("warmup(5%) * cycle(cosine(0.1), every=1000st) * cosine(1)", HUGE)
    largest = jumps(core, 0, HUGE - 1).largest
    assert largest is not None and largest.after == pytest.approx(0.0993844, abs=2e-7)


def test_what_is_not_counted_is_said() -> None:
    """Stairs in a falling curve are jumps at the end only: the proof would take too long."""
    found = jumps(core_of("hold(cosine(0.1), every=50st)", HUGE), 0, HUGE - 1)
    assert not found.exact and found.complete and 150 < found.number < 250
    assert not jumps(core_of("0.1 + 0.01 * floor(sqrt(step))", HUGE), 0, HUGE - 1).complete


def test_small_steps_and_steep_stretches_are_none() -> None:
    assert jumps(core_of("floor(step / 100) + 1000", 10_000), 0, 999).number == 0
    assert jumps(core_of("piecewise([100st], [0.1, 0.1005])", 10_000), 0, 9_999).number == 0
    assert jumps(core_of("abs(step - 500)", 10_000), 0, 9_999).number == 0
    assert jumps(core_of("recur(0.1, prev * 0.9, every=1st)", 1_000), 0, 999).number == 0


def test_many_places_in_a_lap_are_sampled() -> None:
    text = "cycle(cycle(linear(0.1, 0), every=30st), every=100020st) * (2 - progress)"
    found = jumps(core_of(text, HUGE), 0, HUGE - 1)
    assert not found.exact and found.number == pytest.approx(HUGE / 30, rel=0.01)
    found = jumps(core_of("mod(step, 7) * mod(step, 1100) * mod(step, 1300)", HUGE), 0, HUGE - 1)
    assert not found.complete
