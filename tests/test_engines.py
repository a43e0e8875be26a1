"""The engines: the same bits from the array of a run, formulas within a unit, jumps exact."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from engines import ENGINES, bits, installed, units_apart
from expressions import EXPRESSIONS
from functions import EXAMPLES
from hypothesis import given, settings

from lrdsl import Schedule, ScheduleError, Timeline

RUN = Timeline(steps_per_epoch=391, epochs=90, batch_size=128, tokens_per_step=65_536)
SHORT = Timeline(steps_per_epoch=100, epochs=30, batch_size=128, tokens_per_step=65_536)
EDGES = [0, 1, 2, 390, 391, 392, 1955, 3909, 3910, 35189, 35190, 35191, 2**24, 2**24 + 1,
         391 * 2**24 - 1, 391 * 2**24, 2**31 + 5, 10**12]  # fmt: skip
OTHERS = [name for name in ENGINES if name != "python"]
SMOOTH = [
    "0.1 * sin(step / 1000) + 0.2",
    "0.1 * (1 + cos(pi * progress))^1.5 + 0.01",
    "0.1 * 0.97^epoch * cos(step / 9)",
    "0.1 / (1 + epoch)^0.7",
    "0.1 * tanh(epoch / 10) + exp(-epoch)",
    "log(2 + step) / sqrt(1 + step)",
    "piecewise([1, 5, 60000st], [0.1, 0.2, 0.3, 0.4]) * 0.9^(step // 3910)",
    "cycle(cosine(0.1 * 0.9^lap, 0.01), every=777st, growth=1.5)",
    "cycle(linear(0.1, 0.01), every=2.37ep)",
    "interp([1, 5, 80%], [0, 0.1, 0.3]) + pick([1, 2, 3], mod(step, 3))",
    "0.1 if 3 <= epoch < 5 or step == 7 else abs(epoch - 30) / 300",
    "round(epoch / 7) + floor(-epoch / 3) + ceil(step / 10) + 1e6",
    "at(0.1 * 0.9^epoch, t - 2ep if t > 2ep else 0ep)",
    "max(epoch, 3) - min(epoch, 7.5) + 1e-3 * max(sin(epoch), 0.5)",
]


def array_bits(schedule: Schedule, run: Timeline) -> dict[str, np.ndarray]:
    """The rates of every engine at some steps that the array of a run has."""
    total = run.total_steps
    assert total
    steps = sorted({*range(9), *np.linspace(0, 2 * total - 1, 40).astype(int).tolist()})
    steps += [total - 1, total, 2 * total - 1]
    return {name: bits(ENGINES[name](schedule, run, steps)) for name in ENGINES if installed(name)}


def assert_same_bits(text: str, run: Timeline) -> None:
    try:
        schedule = Schedule(text)
        schedule.bind(run)
    except ScheduleError as error:
        codes = {each.code for each in error.diagnostics}
        # constants that are not finite, a part with no time left and a recurrence inside a
        # cycle are refused, not evaluated
        assert codes <= {"LRD105", "LRD202", "LRD306"}, error
        return
    found = array_bits(schedule, run)
    for name, got in found.items():
        assert np.array_equal(got, found["python"]), (name, text)


@pytest.mark.parametrize("text", [*EXAMPLES.values(), *SMOOTH])
def test_a_run_has_the_same_bits_everywhere(text: str) -> None:
    assert_same_bits(text, RUN)


@settings(max_examples=60)
@given(EXPRESSIONS)
def test_random_runs_have_the_same_bits_everywhere(text: str) -> None:
    assert_same_bits(text, SHORT)


@pytest.mark.exhaustive
@settings(max_examples=3_000, derandomize=False)
@given(EXPRESSIONS)
def test_thousands_of_random_runs(text: str) -> None:
    assert_same_bits(text, SHORT)


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("text", [*EXAMPLES.values(), *SMOOTH])
def test_formulas_agree_to_one_unit(text: str, engine: str) -> None:
    rng = np.random.default_rng(7)
    late = rng.integers(0, 50_000_000, 60)
    steps = [*EDGES[:-2], *map(int, rng.integers(0, 36_000, 60)), *map(int, late)]
    schedule = Schedule(text)
    expected = ENGINES["python"](schedule, RUN, steps)
    got = ENGINES[engine](schedule, RUN, steps, lowering="analytic")
    assert units_apart(got, expected).max() <= 1


def test_staircases_are_exact_for_every_length() -> None:
    """Keras' own are wrong for 13.6% of these lengths."""
    for length in range(1, 2001):
        schedule = Schedule(f"floor(step / {length})")
        steps = np.array([k * length + d for k in (1, 2, 3, 97, 8191, 10**8) for d in (-1, 0)])
        values = schedule.values(RUN, steps)
        assert values.tolist() == [int(step) // length for step in steps], length


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("length", [3, 41, 49, 391, 1000, 99_991])
def test_staircases_are_exact_in_every_engine(engine: str, length: int) -> None:
    schedule = Schedule(f"mod(floor(step / {length}), 4096)")
    steps = [k * length + d for k in (1, 2, 41, 4097, 10**6 + 1, 10**12 // length) for d in (-1, 0)]
    expected = [float(step // length % 4096) for step in steps]
    assert ENGINES[engine](schedule, Timeline(), steps).tolist() == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_fractional_lengths_are_exact(engine: str) -> None:
    schedule = Schedule("mod(floor(step / 0.3), 1024)")
    steps = [0, 1, 2, 3, 29, 30, 10**9 + 2, 10**12]
    expected = [float(10 * step // 3 % 1024) for step in steps]
    assert ENGINES[engine](schedule, Timeline(), steps).tolist() == expected


def test_restarts_are_exact_where_logarithms_are_not() -> None:
    """Keras' CosineDecayRestarts gives 0 instead of the peak at first_decay_steps * 8191."""
    schedule = Schedule("cosine_restarts(1, every=100st, growth=2)")
    for k in range(1, 33):
        boundary = 100 * (2**k - 1)
        assert schedule.value(boundary, RUN) == 1.0
        assert 0 <= schedule.value(boundary - 1, RUN) < 1e-3


def test_a_growth_that_is_no_power_of_two_rounds_each_boundary() -> None:
    schedule = Schedule("cycle(t / 1st, every=100st, growth=1.1)")
    for k in range(1, 60):
        exact = 1000 * (Fraction(11, 10) ** k - 1)
        boundary = math.floor(exact + Fraction(1, 2))
        assert schedule.value(boundary, RUN) == 0, k
        assert schedule.value(boundary - 1, RUN) > 0, k


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("every", "growth"), [(1000, "1.5"), (15_919, "3"), (7, "1.1"), (10**8, "1.37"), (1, "1.05")]
)
def test_a_lap_is_found_at_each_of_its_ends(every: int, growth: str, engine: str) -> None:
    """The number of the lap in every engine, beyond 2^24, too."""
    ratio = Fraction(growth)
    exact = [every * (ratio**k - 1) / (ratio - 1) for k in range(1, 60, 3)]
    starts = [math.floor(start + Fraction(1, 2)) for start in exact if start < 10**12]
    laps = list(range(1, 60, 3))[: len(starts)]
    schedule = Schedule(f"cycle(lap, every={every}st, growth={growth})")
    rates = ENGINES[engine](schedule, Timeline(), [s - 1 for s in starts] + starts)
    assert rates.tolist() == [float(lap - 1) for lap in laps] + [float(lap) for lap in laps]


@pytest.mark.parametrize("total", [1_000, 100_000, 10**8, 10**12])
def test_the_tail_of_a_cosine_is_not_lost(total: int) -> None:
    schedule = Schedule("cosine(0.1)")
    run = Timeline(total_steps=total)
    for left in (1, 2, 3, 7, 100, 999):
        exact = 0.1 * math.sin(math.pi / 2 * left / total) ** 2
        assert np.float32(schedule.value(total - left, run)) == np.float32(exact), left


def test_nothing_cancels_between_exact_values() -> None:
    assert Schedule("0.1 * step - 0.3").value(3, RUN) == 0
    assert Schedule("1 - epoch / 90").value(90 * 391 - 1, RUN) == pytest.approx(
        1 / 35190, rel=1e-15
    )
    assert Schedule("step / 3 - step / 3 * 1").value(10**12, RUN) == 0


def test_deep_and_long_products_are_bound_at_once() -> None:
    """A walk over both operands of each square would take 2^30 steps."""
    long = " * ".join(["a"] * 999) + " where a = sin(step)"
    for text in ("(" * 30 + "sin(step)" + ")^2" * 30, long):
        assert isinstance(Schedule(text).value(11, RUN), float)


@pytest.mark.parametrize("engine", OTHERS)
def test_tables_read_at_one_index_have_lengths_of_their_own(engine: str) -> None:
    text = (
        "pick([1,2,3], k) * sin(pick([1,2,3,4,5], k)) * exp(pick([.1,.2,.3,.4], k) * sin(step))"
        " where k = mod(step, 3)"
    )
    steps = [0, 1, 2, 3, 4, 10**9]
    expected = ENGINES["python"](Schedule(text), Timeline(), steps)
    assert units_apart(ENGINES[engine](Schedule(text), Timeline(), steps), expected).max() <= 1


@pytest.mark.parametrize("engine", OTHERS)
def test_a_moment_is_searched_for_where_it_is(engine: str) -> None:
    ends = "[1048575st, 3145725st, 7340025st, 15728625st, 32505825st]"
    text = f"at(piecewise({ends}, [10, 20, 30, 40, 50, 60]), min(step + 3, 1e9) * 1st)"
    steps = [0, 5, 1048571, 1048572, 32505821, 32505822, 10**12]
    rates = ENGINES[engine](Schedule(text), Timeline(), steps)
    assert rates.tolist() == [10, 10, 10, 20, 50, 60, 60]


@pytest.mark.parametrize("engine", ENGINES)
def test_rates_below_float32_are_zero_everywhere(engine: str) -> None:
    steps = [100, 126, 127, 140, 149, 150, 1000, 1100]
    rates = ENGINES[engine](Schedule("0.5^step"), Timeline(total_steps=2000), steps)
    assert rates.tolist() == [2.0**-100, 2.0**-126, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("engine", ["eager", "graph", "xla"])
def test_steps_of_any_shape(engine: str) -> None:
    tf = pytest.importorskip("tensorflow")
    schedule = Schedule("piecewise([1, 2], [0.1, 0.2, 0.3]) * warmup(2ep)")
    big = Schedule("piecewise([16777217st], [1, 2])")
    grid = np.array([[0, 391, 782], [1, 16777216, 16777217]])
    for each, run in ((schedule, RUN), (big, Timeline()), (Schedule("0.3"), RUN)):
        function = each.to_tf(run)
        if engine != "eager":
            function = tf.function(function, jit_compile=engine == "xla")
        result = function(tf.constant(grid, tf.int64))
        assert result.dtype == tf.float32 and result.shape == (2, 3)
        assert np.array_equal(result.numpy(), each.values(run, grid).astype(np.float32))


def test_constants_are_folded_before_rounding() -> None:
    assert Schedule("0.1 + 0.2").value(0, RUN) == 0.3
    assert Schedule("x * 3 - 1 where x = 1 / 3").value(0, RUN) == 0
    assert Schedule("sqrt(2) * sqrt(2) - 2").value(0, RUN) == pytest.approx(0, abs=1e-15)
    assert Schedule("1e308 * 1e308 / 1e308 / 1e308").value(0, RUN) == 1
