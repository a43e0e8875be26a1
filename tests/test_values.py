"""Whole runs at once: the float32 of the reference at every step, whatever the way there."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
from engines import MAGNIFIED, bits
from expressions import EXPRESSIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.certificates import Certificate, Uncertain
from lrdsl.core import Op, in_order
from lrdsl.engines import runs
from lrdsl.engines.blocks import Plan
from lrdsl.engines.numpy import compile_numpy
from lrdsl.engines.runs import FEW, certified
from lrdsl.specialising import specialise
from lrdsl.stretches import period, stretches

RUN = Timeline(steps_per_epoch=391, epochs=90, batch_size=128)
LONG = Timeline(steps_per_epoch=2_000, epochs=100)
HUNDRED = ", ".join(str(k) for k in range(1, 100))
RATES = ", ".join(f"{0.1 / (k + 1):.6g}" for k in range(100))
TEXTS = [
    "linear(0, 0.1) for 5ep then cosine(0.1, 0.001)",
    "cosine(0.1)",
    "cosine_annealing(0.1, 0, half=30ep)",
    "cosine_restarts(0.1, every=10ep, growth=2)",
    "one_cycle(0.1)",
    "0.1 * 0.96^(step / 1000)",
    "0.1 * 1.0001^step",
    "0.5^step",
    "exp(-epoch) * sin(step / 7) + 0.3",
    "cos(epoch / 7) * 0.1",
    "sin(step / 1e5) - 0.5 * cos(pi * step / 1e5)",
    "tanh_decay(0.1)",
    "polynomial(0.1, 0.001, power=0.9)",
    "polynomial(0.1, power=2)",
    "polynomial(0.1, 0.001, power=2.5)",
    "0.1 * (1 + step)^-0.5 + (1e7 + 3 * step)^-7.3",
    "0.1 + y * y where y = 0.3 * (1e6 - step)^0.3 - 18",
    "log(1 + epoch) / sqrt(1 + epoch)",
    "0.1 / (1 + 0.5 * epoch)",
    "0.1 * 0.5^(step // 3910)",
    "0.1 * 0.97^(step // 7)",
    "0.1 * 0.999^(step // 200)",
    "0.1 * 0.9995^(step // 100 + step // 170)",
    "cycle(linear(0.1, 0.01), every=10ep)",
    "cycle(cosine(0.1, 0.01), every=777st)",
    "cycle(cosine(0.1 * 0.9^lap, 0.01), every=2ep)",
    "warmup(3ep) * cycle(cosine(0.1), every=5ep)",
    "recur(0.01, prev / (1 + 0.0001 * epoch))",
    f"piecewise([{HUNDRED}], [{RATES}])",
    "linear(0.1, -0.1)",
    "-cosine(0.1)",
    "0.1 * cosine(1) if floor(sqrt(step)) // 2 == 30 else 0.2",
    "0.1 if sin(step / 9) > 0.5 else cosine(0.1)",
    "sqrt(1 - (step / 200000)^1.3)",
    "4000000 * step * (1 if epoch < 50 else 2) / 1e20",
    "1 / sin(step / 1000) if step > 150000 else sin(step / 3e5)",
    "0.001 + 0.0495 * (1 + cos(pi * progress))",
    "0.05 * (1 + cos(pi * progress))",
    "0.1 + 0.05 * sin(step / 300 - 7)",
]


DTYPES = (np.float64, np.float32)


def core_of(text: str, run: Timeline) -> Op:
    return Schedule(text).bind(run).core


def run_values(core: Op, total: int, dtype: Any = np.float64) -> Any:
    return runs.run_values(core, np.empty(total, dtype))


def step_values(core: Op, steps: Any, dtype: Any = np.float64) -> Any:
    return runs.step_values(core, steps, np.empty(steps.shape, dtype))


def single(values: Any) -> Any:
    with np.errstate(over="ignore"):
        return bits(values.astype(np.float32))


def assert_same(core: Op, total: int) -> None:
    """The run, and steps here and there, against libm and NumPy's exact operations alone."""
    rng = np.random.default_rng(total)
    scattered = rng.integers(0, 3 * total, (3, 1000))
    for steps, found in (
        (np.arange(total), [run_values(core, total, dtype) for dtype in DTYPES]),
        (scattered, [step_values(core, scattered, dtype) for dtype in DTYPES]),
    ):
        expected = single(compile_numpy(core)(steps))
        for values in found:
            wrong = np.argwhere(single(values) != expected)
            assert wrong.size == 0, (values.dtype, steps[tuple(wrong[0])])


@pytest.mark.parametrize("text", TEXTS)
def test_a_run_has_the_bits_of_its_steps(text: str) -> None:
    assert_same(core_of(text, LONG), 200_000)


@pytest.mark.parametrize("text", MAGNIFIED)
def test_a_run_whose_float32_shows_the_last_bit_of_float64(text: str) -> None:
    assert_same(core_of(text, RUN), 5_000)


def assert_random(text: str, total: int) -> None:
    try:
        core = core_of(text, RUN)
    except ScheduleError:
        return  # tests/test_engines.py holds which are refused
    assert_same(core, total)


@settings(max_examples=60)
@given(EXPRESSIONS)
def test_random_runs(text: str) -> None:
    assert_random(text, 20_000)


@pytest.mark.exhaustive
@settings(max_examples=2_000, derandomize=False)
@given(EXPRESSIONS)
def test_thousands_of_random_runs(text: str) -> None:
    assert_random(text, 150_000)


@pytest.mark.parametrize(
    "text",
    [
        "{peak!r} * 0.96^(step / 1000)",
        "cosine({peak!r})",
        "{peak!r} * sin(step / 1e4)^2",
        "polynomial({peak!r}, power=0.9)",
        "{peak!r} * log(2 + epoch)",
    ],
)
def test_rates_in_the_middle_of_two_float32(text: str) -> None:
    """The peak is chosen so that a step's float64 is within some ulps of the middle."""
    found = 0
    for step in range(70_001, 130_000, 2_003):
        rate = Schedule(text.format(peak=0.1)).value(step, LONG)
        below = np.float32(rate)
        middle = (float(below) + float(np.nextafter(below, np.float32(1)))) / 2
        for ulps in (-2, -1, 0, 1, 2):
            peak = 0.1 * middle / rate * (1 + ulps * 2.0**-52)
            core = core_of(text.format(peak=peak), LONG)
            wanted = Schedule(text.format(peak=peak)).value(step, LONG)
            assert np.float32(around(core, step)) == np.float32(wanted), (step, ulps)
            found += abs(wanted - middle) <= 8 * np.spacing(middle)
    assert found > 40


def around(core: Op, step: int) -> float:
    """The value at a step as a long run computes it."""
    return float(run_values(core, 131_072)[step])


# special trees


def names(op: Op) -> set[str]:
    return {each.name for each in in_order(op)}


def test_what_a_stretch_does_not_reach_is_gone() -> None:
    core = core_of("linear(0, 0.1) for 5ep then cosine(0.1)", LONG)
    assert not {"sin", "select", "min", "max"} & names(specialise(core, 0, 9_999).core)
    later = names(specialise(core, 10_000, 199_999).core)
    assert "sin" in later and not {"select", "le", "min", "max"} & later
    level = core_of("piecewise([10, 20], [0.1, 0.2, 0.3])", LONG)
    assert specialise(level, 20_000, 39_999).core.data == 0.2


@settings(max_examples=150)
@given(EXPRESSIONS, st.integers(0, 40_000) | st.integers(0, 10**12), st.integers(0, 3_000))
def test_special_trees_have_the_same_float64(text: str, low: int, length: int) -> None:
    try:
        core = core_of(text, RUN)
    except ScheduleError:
        return
    steps = low + np.arange(0, length + 1, max(1, length // 50))
    values = compile_numpy(core)(steps)
    known = ~np.isnan(values)
    found = compile_numpy(specialise(core, low, low + length).core)(steps)
    assert np.array_equal(np.isnan(found), ~known)
    assert values[known].tobytes() == found[known].tobytes()


@settings(max_examples=80)
@given(EXPRESSIONS, st.integers(0, 40_000))
def test_certificates_hold(text: str, low: int) -> None:
    try:
        core = core_of(text, RUN)
        certificate = Certificate(specialise(core, low, low + 80_000))
    except (ScheduleError, Uncertain):
        return
    assert_certified(core, certificate)


@pytest.mark.parametrize(
    "angle",
    [
        "step / 90000", "(step - 70000) / 90000", "(140000 - step) / 90000", "5 - step / 9000",
        "step / 100", "step / 7",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["sin({})", "cos({})", "sin({})^2", "1 + cos({})"])
def test_certificates_of_waves_hold(text: str, angle: str) -> None:
    """In the quarter where a sine keeps its digits, across 0, beyond, and without a table."""
    core = core_of(text.format(angle), RUN)
    for low in (0, 20_003, 10**7):
        assert_certified(core, Certificate(specialise(core, low, low + 139_999)))


@pytest.mark.parametrize("base", ["1 + step", "200000 - step", "3e8 + 7 * step", "(1 + step) / 3"])
@pytest.mark.parametrize("exponent", [0.9, -0.5, 1.5, 0.01, -9.7, 17.2])
def test_certificates_of_powers_hold(base: str, exponent: float) -> None:
    """Of bases near 0, where no series serves, and far from it; with a factor, and a sum."""
    power = f"({base})^{exponent}"
    for text in (
        power,
        f"0.3 * {power}",
        f"0.001 + 2 * {power}",
        f"{power} * 0.3 - 2",
        f"3 - {power}",
        f"{power} * 7 + 1",
    ):
        core = core_of(text, RUN)
        for low in (0, 60_001):
            assert_certified(core, Certificate(specialise(core, low, low + 139_998)))


def assert_certified(core: Op, certificate: Certificate) -> None:
    """The fast values are as near to the exact ones as they claim."""
    plan = Plan(certificate)
    workspace, fast = plan.workspace(), np.empty(plan.block)
    for start in (certificate.special.low, certificate.special.high + 1 - plan.block):
        with np.errstate(all="ignore"):
            doubts = plan.run(workspace, start, fast)
        exact = compile_numpy(core)(np.arange(start, start + plan.block))
        error = certificate.errors[id(certificate.special.core)]
        normal = np.abs(exact) > 2.0**-126  # what is smaller has been flushed
        normal[np.concatenate([[], *doubts]).astype(int)] = False
        bound = error.relative * np.abs(exact) + error.absolute
        assert np.all((np.abs(fast - exact) <= bound)[normal])


@pytest.mark.parametrize(
    "text",
    [
        "1 if {power} >= {level!r} else 2",
        "1 if {power} > {level!r} else 2",
        "floor({power} - {level!r})",
        "round({power} + 0.5 - {level!r})",
        "pick([0.1, 0.2], {power} + 1 - {level!r})",
    ],
)
def test_jumps_at_the_value_of_a_step(text: str) -> None:
    """The other value of a comparison is the float64 of a step, which the fast way may miss."""
    power = "0.96^(step / 1000)"
    missed = 0
    for step in range(70_001, 130_000, 3_001):
        level = Schedule(power).value(step, LONG)
        core = core_of(text.format(power=power, level=level), LONG)
        certificate = Certificate(specialise(core, 0, 199_999))
        assert certificate.doubts
        steps = np.arange(step - 2, step + 3)
        assert run_values(core, 131_072)[steps].tolist() == compile_numpy(core)(steps).tolist()
        missed += (
            fast_value(Certificate(specialise(core_of(power, LONG), 0, 199_999)), step) != level
        )
    assert missed > 5


def fast_value(certificate: Certificate, step: int) -> float:
    """What a plan gives, unsettled."""
    plan = Plan(certificate)
    values = np.empty(plan.block)
    plan.run(plan.workspace(), step // plan.block * plan.block, values)
    return float(values[step % plan.block])


def test_what_may_be_infinite_is_not_certified() -> None:
    with pytest.raises(Uncertain):
        Certificate(specialise(core_of("1 / sin(step)", RUN), 0, 9_999))


STEEP = "0 for 549755813888st then t / 1st * 8000003 / 3e18"


@pytest.mark.parametrize(
    ("text", "low"),
    [
        (STEEP, 10**12 - 100),  # 8000003 * step is no int64 that is allowed
        ("(min(step, 99) - 5) * (min(step, 99) - 7) / 1000", 0),  # 0 * -2 is not -0.0
        ("min(-sqrt(step), 0)", 0),  # nor is the smaller one of -0.0 and 0
        ("max(sqrt(step), 0)", 0),
        ("pick([1, 2, 0.3], epoch / step)", 0),  # NaN is no index
        ("2^53 - 1 + step", 0),
        ("(2^53 - 5 + step) * 3 / 1e16", 0),
    ],
)
def test_special_trees_at_the_edge(text: str, low: int) -> None:
    core = core_of(text, RUN)
    steps = np.arange(low, low + 50)
    special = specialise(core, low, low + 49).core
    assert compile_numpy(special)(steps).tobytes() == compile_numpy(core)(steps).tobytes()
    assert np.array_equal(single(step_values(core, steps)), single(compile_numpy(core)(steps)))


def test_a_part_of_an_uncertain_stretch_may_be_certified() -> None:
    run = Timeline(total_steps=600_000)
    core = core_of("sqrt(abs(sin(step / 1e5)))", run)
    special = specialise(core, 0, 599_999)
    with pytest.raises(Uncertain):
        Certificate(special)
    parts = list(certified(core, special))
    assert [part.low for part, _ in parts[1:]] == [part.high + 1 for part, _ in parts[:-1]]
    assert (parts[0][0].low, parts[-1][0].high) == (0, 599_999)
    known = sum(part.high + 1 - part.low for part, found in parts if found)
    assert 250_000 <= known < 600_000
    assert_same(core, 600_000)


# the ways through a run


def kinds(text: str, run: Timeline, total: int) -> list[tuple[int, int, int | None]]:
    found = stretches(core_of(text, run), 0, total - 1)
    return [(s.low, s.high, None if s.starts is None else s.starts.size) for s in found]


def test_levels_are_filled_and_long_pieces_computed() -> None:
    assert kinds("piecewise([10, 20], [1, 2, 3])", LONG, 200_000) == [(0, 199_999, 3)]
    assert kinds("1 for 50ep then cosine(1)", LONG, 10**6) == [
        (0, 99_999, 1), (100_000, 200_000, None), (200_001, 999_999, 1)
    ]  # fmt: skip
    assert kinds("cosine(1)", LONG, 200_000) == [(0, 199_999, None)]


def test_a_run_of_more_stairs_than_are_told_apart_is_cut() -> None:
    total = 2_000_000
    found = kinds("0.1 * 0.999^(step // 300)", LONG, total)
    assert len(found) > 1 and all(size is not None for *_, size in found)
    assert sum(high + 1 - low for low, high, _ in found) == total
    assert_same(core_of("0.1 * 0.999^(step // 300)", LONG), total)
    core = core_of("mod(step // 300, 97)", LONG)
    assert np.array_equal(run_values(core, total), np.arange(total) // 300 % 97)


def test_what_repeats_is_computed_once() -> None:
    def of(text: str) -> int:
        return period(specialise(core_of(text, LONG), 0, 10**6))

    assert of("cycle(cosine(0.1), every=777st)") == 777
    assert of("cycle(t / 1st, every=40st) + cycle(t / 1st, every=60st)") == 120
    assert of("mod(step * 4, 10)") == 5
    assert of("cycle(0.9^lap, every=777st)") == of("cosine(1)") == of("0.1") == 0
    assert of("cycle(cosine(0.1), every=777st) * epoch") == 0
    values = Schedule("cycle(cosine(0.1), every=777st)").values(Timeline(total_steps=10**6))
    assert np.array_equal(values[777 * 1000 :], values[: 10**6 - 777 * 1000])


@pytest.mark.parametrize("text", [*TEXTS[:6], *TEXTS[14:24], MAGNIFIED[7]])
def test_the_scratch_is_small(text: str) -> None:
    assert_small(text, 200_000 if text in MAGNIFIED else 1_200_000)


@pytest.mark.parametrize(
    "text",
    [
        "0.1 * (step // 400)", "0.1 * (step // 155)", "hold(cosine(0.1), every=153st)",
        "cosine(0.1) for 4000000st then polynomial(0.1, power=0.9)",
    ],
)  # fmt: skip
def test_the_scratch_of_two_threads_is_small(text: str) -> None:
    assert_small(text, 10_000_000)


def assert_small(text: str, total: int) -> None:
    # a shorter run, of the same kind, loads what is loaded for the first time
    run_values(core_of(text, Timeline(steps_per_epoch=total // 200, epochs=100)), total // 2)
    core = core_of(text, Timeline(steps_per_epoch=total // 100, epochs=100))
    tracemalloc.start()
    result = run_values(core, total)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - result.nbytes <= 2_000_000


def test_a_tree_of_many_buffers_has_small_blocks() -> None:
    product = " * ".join(f"(cos(step / {k}) + sin(step / {k + 100}))" for k in range(1, 20))
    certificate = Certificate(specialise(core_of(product, LONG), 0, 200_000))
    simple = Certificate(specialise(core_of("0.1^progress", LONG), 0, 200_000))
    assert 4096 <= Plan(certificate).block < 32_768 < Plan(simple).block


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
@pytest.mark.parametrize(
    "text",
    [TEXTS[0], "cosine(0.1)", "0.5^(step // 1000)", "triangular(0, 1, half=70000st)",
     "hold(cosine(0.1), every=3st)", "0.1 if step < 2000000 else linear(0, 1)"],
)  # fmt: skip
def test_threads_make_no_difference(text: str) -> None:
    cores = os.sched_getaffinity(0)
    core = core_of(text, Timeline(total_steps=runs._PARALLEL_FROM, steps_per_epoch=1000))
    for dtype in DTYPES:
        both = run_values(core, runs._PARALLEL_FROM, dtype)
        try:
            os.sched_setaffinity(0, {min(cores)})
            one = run_values(core, runs._PARALLEL_FROM, dtype)
        finally:
            os.sched_setaffinity(0, cores)
        assert both.tobytes() == one.tobytes()
        again = run_values(core, runs._PARALLEL_FROM, dtype)  # with what is kept of the first
        assert both.tobytes() == again.tobytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    program = (
        "import os, warnings\n"
        "from lrdsl import Schedule, Timeline\n"
        "warnings.simplefilter('ignore')\n"
        "run = Timeline(total_steps=5_000_000)\n"
        "before = Schedule('cosine(0.1)').values(run)\n"
        "child = os.fork()\n"
        "same = (Schedule('cosine(0.1)').values(run) == before).all()\n"
        "if child == 0: os._exit(0 if same else 1)\n"
        "assert same and os.waitpid(child, 0)[1] == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_few_values_are_those_of_the_reference() -> None:
    schedule = Schedule("cosine(0.1) * 0.9^epoch")
    run = Timeline(steps_per_epoch=FEW // 8, epochs=8)
    steps = np.arange(0, FEW, 1001)
    expected = [schedule.value(int(step), run) for step in steps]
    assert schedule.values(run)[steps].tolist() == schedule.values(run, steps).tolist() == expected
    longer = Timeline(steps_per_epoch=FEW // 4, epochs=8)
    ends = schedule.values(longer)[[0, -1]].tolist()
    assert ends == [schedule.value(step, longer) for step in (0, 2 * FEW - 1)]


def test_steps_in_any_order_and_of_any_integer_type() -> None:
    schedule = Schedule("cosine(0.1) if step < 100000 else 0.5^(step / 1000)")
    steps = np.random.default_rng(3).integers(0, 200_000, 300_000)
    expected = [np.float32(schedule.value(int(step), LONG)) for step in steps[:50]]
    for chosen in (steps, steps.astype(np.uint32).reshape(3, -1), np.sort(steps)[::-1], steps[::2]):
        values = schedule.values(LONG, chosen)
        assert values.shape == chosen.shape and values.dtype == np.float64
        again = schedule.values(LONG)[chosen]
        assert np.array_equal(values.astype(np.float32), again.astype(np.float32))
    assert schedule.values(LONG, steps)[:50].astype(np.float32).tolist() == expected
    same = schedule.values(LONG, np.full(FEW + 1, 7))
    assert np.all(same == schedule.value(7, LONG))


# an array to fill


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ["0.1 * 0.5^(step // 3910)", "cosine(0.1)", "0.1"])
def test_a_given_array_is_filled(text: str, dtype: Any) -> None:
    schedule = Schedule(text)
    for total in (1_000, 300_000):
        run = Timeline(steps_per_epoch=1, total_steps=total)
        expected = single(schedule.values(run))
        out = np.full(total, np.nan, dtype)
        assert schedule.values(run, out=out) is out
        assert np.array_equal(single(out), expected)
        steps = np.arange(total)[::-1].reshape(2, -1)
        out = out.reshape(steps.shape)
        assert schedule.values(run, steps, out=out) is out
        assert np.array_equal(single(out), expected[::-1].reshape(steps.shape))


def test_the_array_may_be_the_steps() -> None:
    schedule = Schedule("cosine(0.1)")
    expected = schedule.values(LONG).astype(np.float32)
    for dtype in DTYPES:
        steps = np.arange(200_000)[::-1].copy()
        out = steps.view(dtype)[-steps.size :]
        schedule.values(LONG, steps, out=out)
        assert np.array_equal(out[::-1].astype(np.float32), expected)


def test_a_rate_beyond_float32_is_infinite_in_it() -> None:
    for total in (1_000, 300_000):
        out = np.empty(total, np.float32)
        values = Schedule("1e33 * (step + 1)^2").values(Timeline(total_steps=total), out=out)
        assert np.isfinite(values[:100]).all() and np.isinf(values[-1])


READ_ONLY = np.empty(RUN.total_steps or 0)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("out", "error"),
    [
        ([0.0] * 35_190, "got list"),
        (np.empty(35_190, np.int64), "got int64"),
        (np.empty(35_190, ">f4"), "got >f4"),
        (np.empty(35_191), r"shape \(35191,\), the rates have \(35190,\)"),
        (np.empty((1, 35_190)), "shape"),
        (np.empty(70_380)[::2], "C-contiguous"),
        (READ_ONLY, "written"),
    ],
)
def test_an_array_that_cannot_be_filled(out: Any, error: str) -> None:
    kind = TypeError if error.startswith("got") else ValueError
    with pytest.raises(kind, match=error):
        Schedule("0.1").values(RUN, out=out)


@pytest.mark.parametrize("steps_per_epoch", [391, 20_000])
def test_what_a_branch_never_reaches_may_leave_int64(steps_per_epoch: int) -> None:
    text = "epoch for 3ep then polynomial(1e-4, 2.5, power=3) for 3ep then epoch"
    run = Timeline(steps_per_epoch=steps_per_epoch, total_steps=200_000)
    schedule = Schedule(text)
    values = schedule.values(run).astype(np.float32)
    for step in [0, 1, *(k * steps_per_epoch + d for k in (3, 4, 6) for d in (-1, 0, 1)), 199_999]:
        assert values[step] == np.float32(schedule.value(step, run))
