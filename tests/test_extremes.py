"""The lowest and the highest rate of a run, against every one of its steps."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from expressions import EXPRESSIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.core import Op
from lrdsl.engines.numpy import compile_numpy
from lrdsl.extremes import Measure, Unproved, columns, extremes, first
from lrdsl.language.library import standard_library
from lrdsl.laps import Clock

# What no bounds are found for: a remainder of products takes any value.
RANDOM = {"noise", "normal_noise", "scramble"}
LIBRARY = sorted(set(standard_library()) - RANDOM)

OTHERS = [
    "0.1 * triangle(100st)", "0.1 * triangle(100.3st)", "0.1 * triangle(100st) * cosine(1)",
    "cycle(cosine(0.1 * 0.9^lap), every=1000st)", "cycle(cosine(0.1), every=100st, growth=1.1)",
    "warmup(5%) * cycle(cosine(1, 1e-3), every=333st)", "mod(step, 7) * mod(step, 11)",
    "cycle(cycle(linear(0.1, 0), every=100st), every=1000st)",
    "cosine(0.1) * (1 + 0.5 * sin(step / 1000))", "0.1 if mod(step, 99991) != 777 else 5",
    "recur(0.1, prev * 0.97, every=1ep)", "sqrt(step) * exp(-step / 5000)",
]  # fmt: skip


def run_of(steps: int) -> Timeline:
    return Timeline(
        steps_per_epoch=steps // 100, epochs=100, batch_size=128, tokens_per_step=65_536
    )


def core_of(text: str, steps: int) -> Op:
    return Schedule(text).bind(run_of(steps)).core


def rates_of(core: Op, low: int, high: int) -> np.ndarray:
    with np.errstate(all="ignore"):
        return compile_numpy(core)(np.arange(low, high + 1)).astype(np.float32)


@pytest.mark.parametrize("text", [standard_library()[name].example for name in LIBRARY] + OTHERS)
def test_they_are_those_of_every_step(text: str) -> None:
    core = core_of(text, 100_000)
    rates = rates_of(core, 0, 99_999)
    for found, expected in zip(extremes(core, 0, 99_999), (rates.min(), rates.max()), strict=True):
        assert found.exact and found.bound == expected
        assert np.float32(found.value) == expected == rates[found.step]


@pytest.mark.parametrize("name", LIBRARY)
def test_they_are_exact_on_a_million_million_steps(name: str) -> None:
    core = core_of(standard_library()[name].example, 10**12)
    assert all(found.exact for found in extremes(core, 0, 10**12 - 1))


CONFORMANCE = sorted(
    {
        (row["expr"], tuple(row.get("params", {}).items()), tuple(row.get("run", {}).items()))
        for file in (Path(__file__).parent / "conformance").glob("*.yaml")
        for row in yaml.safe_load(file.read_text())
        if isinstance(row, dict) and "at" in row
    },
    key=str,
)


def test_they_are_sound_for_the_conformance_rows() -> None:
    """And where they are not exact, it is said: sines of large numbers, float remainders, ..."""
    inexact = 0
    for expr, params, run in CONFORMANCE:
        core = Schedule(expr, dict(params)).bind(Timeline(**dict(run))).core
        rates = rates_of(core, 0, 39_999)
        if np.isnan(rates).any():
            continue
        lowest, highest = extremes(core, 0, 39_999, work=200)
        assert lowest.bound <= rates.min() and rates.max() <= highest.bound, expr
        for found, expected in ((lowest, rates.min()), (highest, rates.max())):
            assert not found.exact or rates[found.step] == found.bound == expected, expr
            inexact += not found.exact
    assert len(CONFORMANCE) > 100 and inexact < len(CONFORMANCE) / 20


@settings(max_examples=150)
@given(EXPRESSIONS, st.integers(0, 40_000), st.integers(1, 3_000))
def test_they_are_sound_for_random_schedules(text: str, low: int, length: int) -> None:
    try:
        core = core_of(text, 39_100)
    except ScheduleError:
        return
    rates = rates_of(core, low, low + length)
    if np.isnan(rates).any():
        return
    lowest, highest = extremes(core, low, low + length, work=50)
    assert lowest.bound <= rates.min() and rates.max() <= highest.bound
    for found, expected in ((lowest, rates.min()), (highest, rates.max())):
        assert np.float32(found.value) == rates[found.step - low]
        if found.exact:
            assert np.float32(found.value) == found.bound == expected


def test_outliers_are_found_wherever_they_are() -> None:
    for step in (777_777, 10**11 + 3, 10**12 - 1):
        core = core_of(f"0.1 if step != {step} else 0.3", 10**12)
        lowest, highest = extremes(core, 0, 10**12 - 1)
        assert (highest.step, highest.value) == (step, 0.3) and highest.exact
        assert (lowest.step, lowest.value) == (0, 0.1) and lowest.exact


def test_the_work_is_limited_and_the_bounds_hold() -> None:
    core = core_of("0.1 * (1 + 0.2 * noise(7))", 10**12)
    lowest, highest = extremes(core, 0, 10**12 - 1, work=20)
    assert not lowest.exact and not highest.exact
    assert 0.0799 < lowest.bound < 0.08 < lowest.value
    assert highest.value < highest.bound < 0.1201


NEGATIVE = Measure(lambda value: -float(value < 0), lambda low, high: -float(not low >= 0))


@pytest.mark.parametrize(
    ("text", "step"),
    [("0.1 - progress", 10**11 + 1), ("0.1 if step != 777777 else -1", 777_777),
     ("0.1 * triangle(100st) - 1e-10 * step", 200), ("cosine(0.1)", None),
     ("cycle(linear(0.1, 0.01), every=100st) if progress < 0.5 else -1", 10**12 // 2)],
)  # fmt: skip
def test_the_first_step_of_a_fault(text: str, step: int | None) -> None:
    assert first(core_of(text, 10**12), 0, 10**12 - 1, NEGATIVE, 300) == step


def test_a_proof_may_not_end() -> None:
    with pytest.raises(Unproved):
        first(core_of("1.9 + sin(step) + cos(step)", 10**12), 0, 10**12 - 1, NEGATIVE, 20)


@settings(max_examples=300)
@given(st.integers(1, 80), st.integers(-50, 50), st.integers(1, 60), st.integers(0, 30),
       st.integers(0, 59), st.integers(0, 59))  # fmt: skip
def test_how_long_a_clock_takes(
    factor: int, offset: int, period: int, step: int, low: int, more: int
) -> None:
    clock = Clock(factor, offset, period)
    low, high = low % period, min(low % period + more, period - 1)
    shown = [clock.phase(step + n) for n in range(period)]
    expected = next((n for n, phase in enumerate(shown) if low <= phase <= high), None)
    assert clock.until(low - clock.phase(step), high - clock.phase(step)) == expected
    begin = clock.start(step, 2)
    assert clock.turns(step, begin) >= 2 > clock.turns(step, begin - 1)


@pytest.mark.parametrize("text", ["linear(0, 0.1) for 5% then cosine(0.1, 0.001)", *OTHERS])
@pytest.mark.parametrize("count", [60, 120])
def test_columns_hold_every_rate_and_little_else(text: str, count: int) -> None:
    total = 100_000
    core = core_of(text, total)
    rates = rates_of(core, 0, total - 1).astype(np.float64)
    fineness = float(rates.max() - rates.min()) / 100
    found = columns(core, total, count, fineness)
    for column, (low, high) in enumerate(found):
        part = rates[column * total // count : (column + 1) * total // count]
        assert low <= part.min() <= low + fineness * 1.01, column
        assert high - fineness * 1.01 <= part.max() <= high, column


def test_columns_show_an_outlier_of_one_step_and_are_finite() -> None:
    core = core_of("0.1 if step != 777777777777 else 0.3", 10**12)
    found = columns(core, 10**12, 100, 0.001)
    assert [column for column, (_, high) in enumerate(found) if high > 0.2] == [77]
    assert columns(core_of("step", 100), 3, 6, 0.0) == [(k // 2, k // 2) for k in range(6)]
    found = columns(core_of("0.1 * exp(0.1 * normal_noise(7))", 10**12), 10**12, 10, 0.001)
    assert all(math.isfinite(each) for column in found for each in column)
