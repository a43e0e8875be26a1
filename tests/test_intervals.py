"""Enclosures of whole stretches of steps: sound for every operation, and tight where it counts."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from expressions import EXPRESSIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.constants import flushed
from lrdsl.core import OPERATIONS, Op
from lrdsl.engines.intervals import OPS
from lrdsl.engines.python import compile_python
from lrdsl.graph import Graph
from lrdsl.intervals import compile_intervals, enclose, live, single, tail
from lrdsl.language.library import standard_library
from lrdsl.laps import Clock, Marks, clocks, marks

RUN = Timeline(steps_per_epoch=391, epochs=90, batch_size=128, tokens_per_step=65_536)
STRETCHES = st.tuples(
    st.integers(0, 40_000) | st.integers(0, 10**12), st.integers(0, 12).map(lambda k: 10**k)
)


def core_of(text: str, run: Timeline = RUN) -> Op:
    return Schedule(text).bind(run).core


def assert_encloses(core: Op, low: int, high: int, steps: list[int]) -> None:
    bounds = enclose(core, low, high)
    for step in (low, high, *steps):
        value = compile_python(core)(step)
        if bounds[0] == bounds[0]:
            assert bounds[0] <= value <= bounds[1], (low, high, step)
        else:  # NaN is possible, and both ends say so
            assert bounds[1] != bounds[1]


def test_every_operation_has_an_interval() -> None:
    assert set(OPS) == set(OPERATIONS)


@pytest.mark.parametrize("name", standard_library())
def test_enclosures_of_the_library(name: str) -> None:
    core = core_of(standard_library()[name].example)
    for low, high in [(0, 35_189), (1900, 2000), (3910, 3910), (0, 10**12), (35_000, 35_400)]:
        spread = [low + (high - low) * k // 97 for k in range(98)]
        assert_encloses(core, low, high, spread)


@settings(max_examples=300)
@given(EXPRESSIONS, STRETCHES, st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_enclosures_of_random_schedules(
    text: str, stretch: tuple[int, int], at: list[float]
) -> None:
    try:
        core = core_of(text)
    except ScheduleError:
        return
    low, length = stretch
    assert_encloses(core, low, low + length, [low + int(each * length) for each in at])


NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e308, -1e308, 1e-308, math.inf,
                           -math.inf, math.nan, 3.0, -3.0]) | st.floats()  # fmt: skip
FLOATS = {
    "add": 2, "mul": 2, "neg": 1, "abs": 1, "min": 2, "max": 2, "guard": 1, "div": 2, "pow": 2,
    "log": 1, "sin": 1, "cos": 1, "sqrt": 1, "floor": 1, "round": 1,
}  # fmt: skip


def one_of(graph: Graph, values: list[float]) -> Op:
    """The one of these values at the index `step`."""
    return graph.take(graph.least(graph.step(), graph.integer(len(values) - 1)), tuple(values))


@pytest.mark.parametrize("name", FLOATS)
@settings(max_examples=300)
@given(left=st.lists(NUMBERS, min_size=1, max_size=4), right=st.lists(NUMBERS, min_size=4))
def test_float_operations_on_any_values(name: str, left: list[float], right: list[float]) -> None:
    graph = Graph()
    operands = [one_of(graph, left), one_of(graph, right[:4])][: FLOATS[name]]
    core = graph.make(name, *operands)
    assert_encloses(core, 0, 3, [1, 2])
    assert_encloses(graph.make(name, *operands[:1] * FLOATS[name]), 0, 3, [1, 2])


@settings(max_examples=300)
@given(st.floats(0, 4) | st.floats(-1e6, 1e6), st.floats(0, 7) | st.floats(0, 1e-6))
def test_waves_between_any_two_angles(start: float, length: float) -> None:
    values = [start + length * k / 50 for k in range(51)]
    for name in ("sin", "cos"):
        graph = Graph()
        core = graph.make(name, graph.take(graph.least(graph.step(), graph.integer(1)),
                                           (values[0], values[-1])))  # fmt: skip
        low, high = enclose(core, 0, 1)
        assert all(low <= flushed(getattr(math, name)(each)) <= high for each in values)


def test_waves_are_tight_between_their_peaks() -> None:
    core = core_of("sin(step / 1000)")
    assert enclose(core, 100, 1500) == pytest.approx((math.sin(0.1), math.sin(1.5)), rel=1e-14)
    assert enclose(core, 1000, 2000) == (pytest.approx(math.sin(1), rel=1e-14), 1)
    assert enclose(core, 4000, 5000) == (-1, pytest.approx(math.sin(4), rel=1e-14))
    core = core_of("cos(step / 1000)")
    assert enclose(core, 6000, 7000) == (pytest.approx(math.cos(7), rel=1e-14), 1)
    assert enclose(core, 10**11, 10**11 + 7000) == (-1, 1)


def test_one_step_is_a_point() -> None:
    core = core_of("cosine(0.1)")
    assert enclose(core, 777, 777) == (compile_python(core)(777),) * 2


@pytest.mark.parametrize(
    "text",
    ["cosine(0.1, 0.001)", "linear(0, 0.1) for 5ep then cosine(0.1, 0.001)", "polynomial(0.1)",
     "0.1 * 0.97^epoch", "cosine_restarts(0.1, every=10ep)", "tanh(epoch)", "sqrt(step)"],
)  # fmt: skip
def test_enclosures_of_monotone_parts_are_their_ends(text: str) -> None:
    core = core_of(text)
    for low, high in [(2000, 3000), (3910, 7000)]:
        ends = sorted((compile_python(core)(low), compile_python(core)(high)))
        assert enclose(core, low, high) == pytest.approx(tuple(ends), rel=1e-14)


def test_staircases_and_tables_are_exact() -> None:
    assert enclose(core_of("0.1 * 0.5^floor(epoch / 10)"), 3910, 7819) == (0.05, 0.05)
    core = core_of("mod(step, 1000)")
    assert enclose(core, 12_300, 12_999) == (300, 999)
    assert enclose(core, 12_300, 13_000) == (0, 999)
    values = tuple(float(7919 * k % 10_007) for k in range(10_000))
    graph = Graph()
    core = graph.take(graph.least(graph.step(), graph.integer(9999)), values)
    for low, high in [(0, 9999), (63, 64), (64, 128), (100, 7000), (9000, 10**9), (70, 75)]:
        inside = values[low : high + 1]
        assert enclose(core, low, high) == (min(inside), max(inside))


def test_where_a_rate_stays() -> None:
    assert tail(core_of("linear(0.1, 0, over=10ep)"), 10**12) == 3910
    assert tail(core_of("1e-30 * 0.5^step"), 10**12) == 27
    assert tail(core_of("0.1 if step < 7 else 0.2"), 10**12) == 7
    assert tail(core_of("step"), 10**12) >= 10**12 - 2**16
    assert tail(core_of("mod(step, 2)"), 10**6) == 10**6
    assert tail(core_of("0.1"), 5) == 0


def test_single_precision() -> None:
    assert single(0.1) == 0.10000000149011612
    assert single(1e39) == math.inf and single(-1e39) == -math.inf
    assert math.isnan(single(math.nan))


def test_float_remainders_are_inside_their_period() -> None:
    for text in ("mod(sqrt(step), 3)", "mod(0.7 * sqrt(step), 3)", "mod(3 + sqrt(step), 3)"):
        low, high = enclose(core_of(text), 0, 10**12)
        assert -1e-6 < low <= 0 and 3 <= high < 3 + 1e-6, text
    low, high = enclose(core_of("noise(7)"), 0, 10**12)
    assert -1.001 < low <= -1 and 1 <= high < 1.001


def test_clocks() -> None:
    found = clocks(core_of("mod(step, 7) + mod(10 * step + 3, 21) + mod(floor(step / 2), 5)"))
    assert list(found.values()) == [Clock(1, 0, 7), Clock(10, 3, 21)]
    clock = Clock(10, 3, 21)
    assert [clock.phase(step) for step in (0, 1, 2)] == [3, 13, 2]
    assert clock.turns(0, 1) == 0 and clock.turns(0, 2) == 1 and clock.turns(5, 26) == 10


def test_enclosures_where_a_clock_shows() -> None:
    core = core_of("mod(step, 100) * floor(step / 100)")
    assert compile_intervals(core)(0, 999, ((20, 30),)) == (0, 30 * 9)
    assert compile_intervals(core)(300, 499, ((20, 20),)) == (60, 80)


def test_marks() -> None:
    found = marks(core_of("1 if step < 7 else piecewise([100st, 300st], [1, 2, 3])"))
    assert found == [Marks(1, 0, (7,)), Marks(1, 0, (100, 300))]
    assert Marks(10, 3, (53, 60, 90)).between(0, 9) == 6
    assert Marks(10, 3, (53,)).between(5, 9) is None


def test_what_matters_at_some_steps() -> None:
    core = core_of("mod(step, 7) if step < 1000 else 0.1")
    (clock,) = clocks(core)
    assert clock in live(core, 0, 999) and clock in live(core, 900, 1100)
    assert clock not in live(core, 1000, 10**12)


def test_enclosures_are_light() -> None:
    program = (
        "import lrdsl.intervals, sys; print('numpy' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False False\n", done.stderr
