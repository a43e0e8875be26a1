"""The form of a schedule on a run, and that every form has the same float32 rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import bits, different
from expressions import EXPRESSIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.core import LAST_STEP, Op, in_order
from lrdsl.engines.numpy import compile_numpy
from lrdsl.engines.python import compile_python
from lrdsl.graph import MOVED
from lrdsl.language.library import standard_library
from lrdsl.narrowing import EVERY, Narrowing, narrowed
from lrdsl.pieces import pieces
from lrdsl.tables import NoTable, lowered

RUN = Timeline(steps_per_epoch=391, epochs=90, batch_size=128, tokens_per_step=65_536)
EXAMPLES = [each.example for each in standard_library().values()]
TEXTS = [
    *EXAMPLES,
    "linear(0, 0.1) for 5ep then piecewise([30, 60], [0.1, 0.01, 0.001])",
    "floor(abs(step - 1000) / 7)",
    "pick([1, 2, 3], mod(step // 5, 3))",
    "0.1 if 3 <= epoch < 5 or step == 7 else 0.2",
    "0.1 * mod(step * 3, 1000) / 1000",
    "min(floor(step / 1000), 20) * 0.1 + passed([3, 4, 5])",
    "piecewise([10, 20], [1, 2, 3]) * (1 if mod(epoch, 2) < 1 else 0.5)",
    "interp([0, 3, 9], [0.1, 0.2, 0]) for 3ep then cosine(0.1, 0.01) for 9ep then 0.01",
]


def core_of(text: str, run: Timeline = RUN) -> Op:
    return Schedule(text).bind(run).core


def rates(core: Op, steps: Any) -> Any:
    with np.errstate(over="ignore"):
        return bits(compile_numpy(core)(np.asarray(steps, np.int64)).astype(np.float32))


@pytest.mark.parametrize(
    ("text", "total", "form", "exact"),
    [
        ("0.1", None, "constant", LAST_STEP),
        ("0.1 * 0.5^-2", 100, "constant", LAST_STEP),
        ("0.01 * 0.5^floor(epoch/10)", None, "steps", LAST_STEP),
        ("piecewise([100, 150], [0.1, 0.06, 0.02])", None, "steps", LAST_STEP),
        ("linear(0, 0.1) for 5ep then cosine(0.1, 0)", None, "table", LAST_STEP),
        ("0.1 / (1 + epoch)", None, "analytic", LAST_STEP),
        ("0.1 / (1 + epoch)", 1000, "table", 1999),
        ("0.1 / (1 + epoch)", 40_000, "table", 65_535),
        ("0.1 / (1 + epoch)", 65_536, "table", 65_535),
        ("0.1 / (1 + epoch)", 65_537, "analytic", LAST_STEP),
        ("0.1 / (1 + floor(epoch))", None, "analytic", LAST_STEP),
        ("0.1 / (1 + floor(epoch))", 10**6, "steps", 2 * 10**6 - 1),
        ("exponential(0.1, 0.9, every=10ep)", 10**6, "analytic", LAST_STEP),
    ],
)
def test_the_run_chooses_the_form(text: str, total: int | None, form: str, exact: int) -> None:
    found = lowered(core_of(text), total)
    assert (found.form, found.exact_until) == (form, exact)


@pytest.mark.parametrize("text", TEXTS)
def test_every_form_has_the_same_rates(text: str) -> None:
    core = core_of(text)
    dense = np.arange(40_000)
    late = np.random.default_rng(3).integers(0, 10**12, 500)
    for total in (None, 2000, RUN.total_steps):
        found = lowered(core, total)
        steps = np.concatenate([dense, late])
        steps = steps[steps <= found.exact_until]
        assert np.array_equal(rates(found.core, steps), rates(core, steps))
        if found.exact_until < LAST_STEP:  # then the last rate stays
            after = rates(found.core, [found.exact_until + 1, 10**12])
            assert (after == rates(core, [found.exact_until])).all()


def test_a_table_that_is_asked_for_is_one_of_the_run() -> None:
    """Not up to where the rate underflows, which is far beyond."""
    core = core_of("10 * 0.5^(epoch / 10)")
    found = lowered(core, 20_000, "table")
    assert len(found.core.data) == 40_000 and found.exact_until == 39_999
    assert lowered(core, None, "table").exact_until == LAST_STEP


def test_equal_rates_are_a_constant() -> None:
    assert lowered(core_of("min(1e-46 * epoch, 1)"), 20_000).form == "constant"


def test_a_search_is_among_few_rates_where_a_table_would_do() -> None:
    assert lowered(core_of("floor(step / 3) * 1e-6"), 30_000).form == "table"
    assert lowered(core_of("floor(step / 30) * 1e-6"), 30_000).form == "table"
    assert lowered(core_of("floor(step / 100) * 1e-6"), 30_000).form == "steps"
    assert lowered(core_of("floor(step / 30) * 1e-6"), 300_000).form == "steps"


def test_a_table_is_made_of_float32() -> None:
    found = lowered(core_of("0.1 / (1 + epoch)"), 1000)
    assert all(np.float32(value) == value for value in found.core.data)


def test_a_form_can_be_asked_for() -> None:
    core = core_of("0.1 / (1 + epoch)")
    assert lowered(core, 1000, "analytic").form == "analytic"
    assert lowered(core, 1000, "analytic").core is core
    assert lowered(core, 100_000, "table").form == "table"
    assert lowered(core_of("0.1"), None, "table").form == "constant"
    with pytest.raises(NoTable, match="give `epochs` or `total_steps`"):
        lowered(core, None, "table")
    with pytest.raises(NoTable, match="10,000,000 steps is too long; the limit is 4,194,304"):
        lowered(core, 10_000_000, "table")
    with pytest.raises(ValueError, match="'table' or 'analytic', not 'tables'"):
        lowered(core, 1000, "tables")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_are_where_the_form_changes(text: str) -> None:
    core = core_of(text)
    last = 39_999
    found = pieces(core, 0, last)
    values = rates(core, np.arange(last + 1))
    assert found.starts[0] == 0 and (np.diff(found.starts) > 0).all()
    ends = np.append(found.starts[1:], last + 1)
    for start, end, level in zip(found.starts, ends, found.level, strict=True):
        assert not level or (values[start:end] == values[start]).all()


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("piecewise([10, 20], [1, 2, 3])", [0, 3910, 7820]),
        ("0.5^floor(epoch / 40)", [0, 15640, 31280]),
        ("0.1 if 7 <= step < 9 else 0.2", [0, 7, 9]),
        ("floor(abs(step - 3) / 2) if step < 6 else 5", [0, 2, 5, 6]),
        ("floor((10 - step) / 4) if step < 11 else 5", [0, 3, 7, 11]),
        ("passed([1st, 2st]) + passed([2st, 5st])", [0, 1, 2, 5]),
    ],
)
def test_pieces_begin_at_the_first_step_of_a_rate(text: str, starts: list[int]) -> None:
    found = pieces(core_of(text), 0, 35_189)
    values = compile_numpy(core_of(text))(found.starts)
    changes = [0, *np.flatnonzero(np.diff(values)) + 1]
    assert found.level.all() and found.starts[changes].tolist() == starts


def test_a_staircase_of_too_many_stairs_is_not_cut() -> None:
    found = pieces(core_of("0.9^mod(step, 7)"), 0, 10**12, limit=100)
    assert found.starts.tolist() == [0] and not found.level.any()


@settings(max_examples=60)
@given(EXPRESSIONS, st.lists(st.integers(0, 10**12), max_size=10))
def test_pieces_and_forms_of_any_expression(text: str, late: list[int]) -> None:
    try:
        core = core_of(text)
    except ScheduleError:
        return
    steps = np.array([*range(3000), *late], np.int64)
    for total in (None, 1500):
        found = lowered(core, total)
        inside = steps[steps <= found.exact_until]
        assert not different(rates(found.core, inside), rates(core, inside)).any()
    parts = pieces(core, 0, 2999)
    values = rates(core, np.arange(3000))
    ends = np.append(parts.starts[1:], 3000)
    for start, end, level in zip(parts.starts, ends, parts.level, strict=True):
        assert not level or (values[start:end] == values[start]).all()


@settings(max_examples=150)
@given(EXPRESSIONS, st.lists(st.integers(0, 40_000) | st.integers(0, 10**12), min_size=20))
def test_what_a_branch_knows_changes_no_bit(text: str, steps: list[int]) -> None:
    from lrdsl.expander import Refused, expand
    from lrdsl.syntax.parser import parse

    try:
        core, _ = expand(parse(text), {}, RUN)
    except (Refused, ScheduleError):
        return
    made = Narrowing().build(core, EVERY).op
    assert isinstance(made, Op)
    before, after, moved = map(compile_python, (core, made, narrowed(core)))
    for step in [0, 1, 390, 391, *steps]:
        assert np.float64(before(step)).tobytes() == np.float64(after(step)).tobytes() or (
            np.isnan(before(step)) and np.isnan(after(step))
        )
        # where constants have moved, or rates are too small for float32
        assert moved(step) == pytest.approx(before(step), rel=1e-9, abs=1e-37, nan_ok=True)


@settings(max_examples=150)
@given(EXPRESSIONS, st.sampled_from(["{}", "floor(min({}, 1e20) * 0.7)", "log(1 + abs({})) / 3"]))
def test_what_a_branch_knows_unguards_nothing(text: str, form: str) -> None:
    """Where a clamp goes, no two operations may meet that a compiler merges."""
    try:
        core = core_of(form.format(text))
    except ScheduleError:
        return
    for op in in_order(core):
        square = len(op.args) == 2 and op.args[0] is op.args[1]
        for arg in op.args:
            inner = arg.args[0] if arg.name == "neg" else arg
            assert op.dtype != "float" or square or inner.name not in MOVED.get(op.name, ())


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("0.7 * (epoch * sqrt(epoch))", True),
        ("0.1 if step < 5 else 2 + 0.7 * (epoch * sqrt(epoch)) * 3", True),
        ("floor(0.7 * (epoch * sqrt(epoch)))", False),
        ("0.1 if 0.7 * (epoch * sqrt(epoch)) < 3 else 0.2", False),
        ("0.7 * (epoch * sqrt(epoch)) - 20", False),
        ("0.9 - 0.7 * (clamp(sqrt(epoch), 0, 1) * tanh(epoch))", True),
        ("0.70001 - 0.7 * (clamp(sqrt(epoch), 0, 1) * tanh(epoch))", False),
        ("0.7 * (epoch * sqrt(epoch)) * floor(0.7 * (epoch * sqrt(epoch)))", False),
        ("0.7 * (epoch * 1.1^epoch)", False),  # overflows
    ],
)
def test_constants_move_only_where_no_rate_shows_it(text: str, moved: bool) -> None:
    products = [op for op in in_order(core_of(text)) if op.name == "mul" and op.dtype == "float"]
    last = [op for op in products if any(arg.name == "number" for arg in op.args)][-1]
    assert all(arg.name != "guard" or arg.args[0].name != "mul" for arg in last.args) == moved


def test_a_branch_needs_no_clamps() -> None:
    """Inside the second part, the time since its start is never negative."""

    def names(text: str) -> list[str]:
        return [op.name for op in in_order(core_of(text))]

    assert names("linear(0, 0.1) for 5ep then cosine(0.1, 0)").count("min") == 1
    assert "max" not in names("linear(0, 0.1) for 5ep then cosine(0.1, 0)")
    assert "select" not in names("(0.1 if step >= 0 else 0.2 * epoch) * epoch")


def test_a_forced_form_travels_with_the_keras_schedule() -> None:
    keras = pytest.importorskip("keras")
    rate = Schedule("0.1 / (1 + epoch)").to_keras(RUN, lowering="analytic")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rate))
    assert again.lowering == "analytic"
    assert "lowering" not in Schedule("0.1").to_keras(RUN).get_config()
    with pytest.raises(NoTable):
        Schedule("0.1 / (1 + step)").to_keras(Timeline(), lowering="table")
