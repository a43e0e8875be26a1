"""`Schedule.value` and `Schedule.values`: one step, some steps, every step of a run."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from expressions import EXPRESSIONS
from functions import EXAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from lrdsl import Schedule, ScheduleError, Timeline

RUN = Timeline(steps_per_epoch=391, epochs=90, batch_size=128, tokens_per_step=65_536)
LONG = Timeline(steps_per_epoch=2_000, epochs=100)
PARTS = ", ".join(str(k) for k in range(1, 100))
RATES = ", ".join(f"{0.1 / (k + 1):.6g}" for k in range(100))
TEXTS = [
    *EXAMPLES.values(),
    "0.1 * 0.5^(step // 3910)",
    "0.1 * 0.97^(step // 7) * sin(step / 9)",
    "10 ^ -(step // 10000) + 0.1^(epoch // 10)",
    "(1 + step)^-0.5 + (1 + step)^3",
    f"piecewise([{PARTS}], [{RATES}])",
    "0.1 if sin(step / 9) > 0.5 else cosine(0.1)",
    "1 / (step - 20000) + sqrt(step - 20000)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_one_step_has_the_bits_of_the_whole_run(text: str) -> None:
    schedule = Schedule(text)
    whole = schedule.values(RUN)
    steps = [0, 1, 2, 390, 391, 3909, 3910, 20_000, 32_767, 32_768, 35_189]
    for step in steps:
        one = schedule.values(RUN, np.array([step]))
        assert np.array_equal([schedule.value(step, RUN)], whole[step : step + 1], equal_nan=True)
        assert np.array_equal(one, whole[step : step + 1], equal_nan=True), step
    assert np.array_equal(schedule.values(RUN, np.array(steps)), whole[steps], equal_nan=True)


@settings(max_examples=150)
@given(EXPRESSIONS, st.lists(st.integers(0, 40_000) | st.integers(0, 10**12), min_size=5))
def test_a_step_alone_and_among_others(text: str, steps: list[int]) -> None:
    try:
        schedule = Schedule(text)
        together = schedule.values(RUN, np.array(steps))
    except ScheduleError:
        return
    alone = [schedule.value(step, RUN) for step in steps]
    assert np.array_equal(together, alone, equal_nan=True)


@pytest.mark.parametrize("text", TEXTS)
def test_the_scratch_is_small(text: str) -> None:
    schedule, run = Schedule(text), Timeline(total_steps=10**6, steps_per_epoch=10**4, epochs=100,
                                             batch_size=128, tokens_per_step=65_536)  # fmt: skip
    out = np.empty(10**6)
    schedule.values(RUN)
    schedule.bind(run)
    tracemalloc.start()
    schedule.values(run, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 10**6


def test_a_long_text_takes_little_scratch() -> None:
    text = " + ".join(f"sin(step / {k}) * x{k % 9}" for k in range(2, 400))
    names = ", ".join(f"x{k} = cos(step / {k + 7})" for k in range(9))
    tracemalloc.start()
    Schedule(f"{text} where {names}").values(Timeline(total_steps=100_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 10**6  # with the IR and the result


def test_steps_in_any_order_of_any_shape_and_integer_type() -> None:
    schedule = Schedule("linear(0, 0.1) for 5ep then cosine(0.1, 0.001)")
    whole = schedule.values(LONG)
    steps = np.random.default_rng(3).integers(0, 200_000, (3, 50_000))
    assert np.array_equal(schedule.values(LONG, steps), whole[steps])
    for dtype in (np.int8, np.uint16, np.int32, np.uint64):
        few = np.arange(100, dtype=dtype)
        assert np.array_equal(schedule.values(LONG, few), whole[:100])
    assert schedule.values(LONG, steps[::2, ::-3]).shape == (2, 16_667)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("text", ["0.1 * 0.5^(step // 3910)", "cosine(0.1)", "0.1"])
def test_a_given_array_is_filled(text: str, dtype: Any) -> None:
    schedule = Schedule(text)
    out = np.empty(200_000, dtype)
    assert schedule.values(LONG, out=out) is out
    assert np.array_equal(out, schedule.values(LONG).astype(dtype))
    few = np.empty((2, 3), dtype)
    steps = np.array([[0, 1, 2], [10**6, 7, 8]])
    assert schedule.values(LONG, steps, out=few) is few
    assert np.array_equal(few, schedule.values(LONG, steps).astype(dtype))


def test_a_rate_beyond_float32_is_infinite_in_it() -> None:
    schedule, run = Schedule("10^(step - 10)"), Timeline(total_steps=60)
    out = schedule.values(run, out=np.empty(60, np.float32))
    assert np.isinf(out[49]) and np.isfinite(out[48])
    assert [each.code for each in schedule.check(run)] == ["LRD202"]


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty(5, np.float16), "float64 or float32, got float16"),
        ([0.0] * 5, "float64 or float32, got list"),
        (np.empty(6), r"shape \(6,\), the rates have \(5,\)"),
        (np.broadcast_to(0.0, 5), "this one is not"),
    ],
)
def test_an_array_that_cannot_be_filled(out: Any, error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        Schedule("0.1").values(Timeline(total_steps=5), out=out)


def test_rates_below_float32_are_zero() -> None:
    schedule = Schedule("0.5^step")
    assert schedule.value(126, RUN) == 2.0**-126 and schedule.value(127, RUN) == 0
    assert schedule.values(RUN, np.array([126, 127, 149, 1000])).tolist() == [2.0**-126, 0, 0, 0]
    assert Schedule("1.401e-45").values(Timeline(total_steps=3)).tolist() == [0, 0, 0]


TIMES = st.lists(st.integers(1, 9999), min_size=1, max_size=6, unique=True).map(sorted)
ENDS = st.floats(1e-9, 1e9).map(lambda x: float(f"{x:.6g}"))


@given(TIMES, st.data(), st.sampled_from(["%", "ep", "st"]), st.integers(1, 97))
def test_a_list_gives_its_own_values_before_at_and_after_its_points(
    times: list[int], data: st.DataObject, unit: str, steps_per_epoch: int
) -> None:
    values = data.draw(st.lists(ENDS, min_size=len(times), max_size=len(times)))
    scale = {"%": 100, "ep": 7, "st": 1}[unit]
    shown = ", ".join(f"{time / scale}{unit}" for time in times)
    schedule = Schedule(f"interp([{shown}], {values})")
    run = Timeline(steps_per_epoch=steps_per_epoch, epochs=100)
    assert schedule.value(0, run) == values[0] or unit == "st"
    assert schedule.value(10**7, run) == values[-1]
    if unit == "st":
        assert [schedule.value(time, run) for time in times] == values
