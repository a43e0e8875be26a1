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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.certificates import Certificate, Uncertain
from lrdsl.core import Graph, Op, in_order
from lrdsl.engines.blocks import plan_of
from lrdsl.engines.numpy import compile_numpy
from lrdsl.engines.runs import FEW, certified, run_values, step_values
from lrdsl.specialising import specialise
from lrdsl.stretches import in_integers, period, stretches

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
    "log(1 + epoch) / sqrt(1 + epoch)",
    "0.1 / (1 + 0.5 * epoch)",
    "0.1 * 0.5^(step // 3910)",
    "0.1 * 0.97^(step // 7)",
    "0.1 * 0.999^(step // 200)",
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
]


def core_of(text: str, run: Timeline) -> Op:
    return Schedule(text).bind(run).core


def single(values: Any) -> Any:
    with np.errstate(over="ignore"):
        return bits(values.astype(np.float32))


def assert_same(core: Op, total: int) -> None:
    """The run, and steps here and there, against libm and NumPy's exact operations alone."""
    rng = np.random.default_rng(total)
    scattered = rng.integers(0, 3 * total, (3, 1000))
    for steps, values in (
        (np.arange(total), run_values(core, total)),
        (scattered, step_values(core, scattered)),
    ):
        wrong = np.argwhere(single(values) != single(compile_numpy(core)(steps)))
        assert wrong.size == 0, steps[tuple(wrong[0])]


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


COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@settings(COMMON, max_examples=60, derandomize=True)
@given(EXPRESSIONS)
def test_random_runs(text: str) -> None:
    assert_random(text, 20_000)


@pytest.mark.exhaustive
@settings(COMMON, max_examples=2_000)
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


@settings(COMMON, max_examples=150, derandomize=True)
@given(EXPRESSIONS, st.integers(0, 40_000) | st.integers(0, 10**12), st.integers(0, 3_000))
def test_special_trees_have_the_same_float64(text: str, low: int, length: int) -> None:
    try:
        core = core_of(text, RUN)
    except ScheduleError:
        return
    steps = low + np.arange(0, length + 1, max(1, length // 50))
    values = compile_numpy(core)(steps)
    known = ~np.isnan(values)
    for tree in (core, in_integers(core)):
        found = compile_numpy(specialise(tree, low, low + length).core)(steps)
        assert np.array_equal(np.isnan(found), ~known)
        assert values[known].tobytes() == found[known].tobytes()


@settings(COMMON, max_examples=80, derandomize=True)
@given(EXPRESSIONS, st.integers(0, 40_000))
def test_certificates_hold(text: str, low: int) -> None:
    """The fast values are as near to the exact ones as they claim."""
    try:
        core = core_of(text, RUN)
        certificate = Certificate(specialise(core, low, low + 80_000))
    except (ScheduleError, Uncertain):
        return
    plan = plan_of(certificate)
    workspace, fast = plan.workspace(), np.empty(plan.block)
    for start in (low, low + 40_000):
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
    plan = plan_of(certificate)
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
    for tree in (core, in_integers(core)):
        special = specialise(tree, low, low + 49).core
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
    found = stretches(in_integers(core_of(text, run)), 0, total - 1)
    return [(s.low, s.high, None if s.starts is None else s.starts.size) for s in found]


def test_integers_in_float64_are_integers_again() -> None:
    graph = Graph()
    step = graph.make("cast", graph.step())
    seven, zero, minus = (graph.number(x) for x in (7.0, -0.0, -1.0))
    left = graph.make("sub", seven, graph.make("min", step, seven))
    whole = in_integers(graph.make("sin", left))
    assert names(whole) == {"step", "integer", "min", "sub", "cast", "sin"}
    test = graph.make("le", step, seven)
    assert {"number", "cast"}.isdisjoint(names(in_integers(test)))
    long = graph.make("mul", graph.make("add", step, seven), graph.number(7e15))
    for kept in (graph.make("mul", left, minus), graph.make("max", step, zero), long):
        assert "cast" in names(in_integers(kept)) and kept.name in names(in_integers(kept))
        values = compile_numpy(kept)(np.arange(9))
        assert compile_numpy(in_integers(kept))(np.arange(9)).tobytes() == values.tobytes()


def test_levels_are_filled_and_long_pieces_computed() -> None:
    assert kinds("piecewise([10, 20], [1, 2, 3])", LONG, 200_000) == [(0, 199_999, 3)]
    assert kinds("1 for 50ep then cosine(1)", LONG, 10**6) == [
        (0, 99_999, 1), (100_000, 200_000, None), (200_001, 999_999, 1)
    ]  # fmt: skip
    assert kinds("cosine(1)", LONG, 200_000) == [(0, 199_999, None)]


def test_a_run_of_more_stairs_than_are_told_apart_is_cut() -> None:
    total = 2_000_000
    found = kinds("0.1 * 0.999^(step // 1000)", LONG, total)
    assert len(found) > 1 and all(size is not None for *_, size in found)
    assert sum(high + 1 - low for low, high, _ in found) == total
    core = core_of("mod(step // 1000, 97)", LONG)
    assert np.array_equal(run_values(core, total), np.arange(total) // 1000 % 97)


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
    total = 200_000 if text in MAGNIFIED else 1_200_000
    core = core_of(text, Timeline(steps_per_epoch=total // 100, epochs=100))
    run_values(core, 10_000)
    tracemalloc.start()
    result = run_values(core, total)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - result.nbytes <= 2_000_000


def test_a_tree_of_many_buffers_has_small_blocks() -> None:
    product = " * ".join(f"(cos(step / {k}) + sin(step / {k + 100}))" for k in range(1, 20))
    certificate = Certificate(specialise(core_of(product, LONG), 0, 200_000))
    simple = Certificate(specialise(core_of("0.1^progress", LONG), 0, 200_000))
    assert plan_of(simple).block == 32_768 and plan_of(certificate).scratch <= 1_500_000


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_threads_make_no_difference() -> None:
    cores = os.sched_getaffinity(0)
    core = core_of(TEXTS[0], LONG)
    both = run_values(core, 1_100_000)
    try:
        os.sched_setaffinity(0, {min(cores)})
        one = run_values(core, 1_100_000)
    finally:
        os.sched_setaffinity(0, cores)
    assert both.tobytes() == one.tobytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    program = (
        "import os, warnings\n"
        "from lrdsl import Schedule, Timeline\n"
        "warnings.simplefilter('ignore')\n"
        "run = Timeline(total_steps=1_100_000)\n"
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
