"""The benchmarks run on tiny sizes and write their page; no time is tested."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks import ROOT
from benchmarks.__main__ import SUBJECTS
from benchmarks.page import Row, Table, replace_sections, section, show
from benchmarks.schedules import USUAL, theirs
from benchmarks.timer import Once, Ratio, Times, compare, compare_first
from lrdsl import Schedule, Timeline

FOLDER = ROOT / "benchmarks"
TABLE = Table(
    "Title", "A note.", ["ops", "ratio"],
    [Row("first", {"ops": 1234}), Row("second", {"ops": 3, "ratio": Ratio(0.4567, 0.4, 0.5)},
                                      {"ops": 3, "ratio": 0.3})],
)  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_measured(subject: str) -> None:
    for library in SUBJECTS[subject]:
        pytest.importorskip({"pyyaml": "yaml"}.get(library, library))
    module = importlib.import_module(f"benchmarks.measures.{subject}")
    for table in module.measure(small=True):
        assert table.rows and table.note
        for row in table.rows:
            assert set(row.goals) <= set(row.cells) <= set(table.columns)


@pytest.mark.parametrize("name", USUAL)
def test_what_is_compared_computes_the_same(name: str) -> None:
    steps = 10_000
    rates = Schedule(USUAL[name].text).values(Timeline(total_steps=steps))
    np.testing.assert_allclose(rates, USUAL[name].formula(np.arange(steps), steps), rtol=1e-9)
    if USUAL[name].keras:
        pytest.importorskip("keras")
        peer = theirs(name, steps)
        some = [0, 1, 99, 100, 999, 1000, 1001, 4999, 5000, 7777, 9900, 9999]
        np.testing.assert_allclose(rates[some], [float(peer(k)) for k in some], rtol=1e-3)


def test_every_subject_is_a_file_and_on_the_page() -> None:
    files = {path.stem for path in (FOLDER / "measures").glob("*.py")} - {"__init__"}
    heads = [line[3:] for line in (FOLDER / "RESULTS.md").read_text().splitlines()
             if line.startswith("## ")]  # fmt: skip
    assert files == set(SUBJECTS) and heads == list(SUBJECTS)
    explained = (FOLDER / "README.md").read_text()
    assert all(f"| `{name}` |" in explained for name in SUBJECTS)


def test_the_command_shows_a_small_measurement_and_refuses_what_it_does_not_know() -> None:
    page = (FOLDER / "RESULTS.md").read_text()
    for words, code, said in (["--small", "values"], 0, "## values"), (["none"], 2, "no such"):
        done = subprocess.run([sys.executable, "-m", "benchmarks", *words],
                              cwd=ROOT, capture_output=True, text=True)  # fmt: skip
        assert done.returncode == code and said in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert (FOLDER / "RESULTS.md").read_text() == page


def test_a_section_says_which_goals_are_met() -> None:
    text = section("calls", "Versions.", [TABLE])
    assert "| first | 1,234 |  |  |" in text
    assert "| second | 3 | 0.457 [0.400, 0.500] | `ops` at most 3: met; " \
        "`ratio` at most 0.300: **missed** |" in text  # fmt: skip


def test_a_section_replaces_its_own_kind_alone() -> None:
    order = ["values", "calls"]
    page = replace_sections("", {"calls": section("calls", "Old.", [TABLE])}, order)
    page = replace_sections(page, {"values": section("values", "New.", [])}, order)
    assert page.index("## values") < page.index("## calls") and "Old." in page
    assert "Old." not in replace_sections(page, {"calls": "## calls\n"}, order)
    assert replace_sections(page, {}, order) == page


def test_numbers_are_shown_to_three_digits() -> None:
    shown = [show(each) for each in (0.0, 0.012345, 1.5, 12.345, 1234.5, 1_000_000, None, "text")]
    assert shown == ["0", "0.0123", "1.50", "12.3", "1,234", "1,000,000", "", "text"]


def test_ratios_are_of_pairs() -> None:
    mine, reference = [(2.0, 1.0), (4.0, 1.0), (60.0, 1.0)], [(1.0, 2.0), (2.0, 2.0), (20.0, 2.0)]
    times = Times([Once(*each) for each in mine], [Once(*each) for each in reference])
    assert times.ratio == Ratio(2.0, 2.0, 2.5) and times.work == Ratio(0.5, 0.5, 0.5)
    assert times.seconds == 4.0
    assert Times([Once(2.0, 1)], [Once(4.0, 1)]).ratio == Ratio(0.5, 0.5, 0.5)


def test_a_task_and_its_reference_take_turns() -> None:
    order: list[str] = []
    makers = {"a": lambda: lambda: order.append("a")}
    times = compare_first(makers, lambda: lambda: order.append("-"), 1e-9)["a"]
    assert "".join(order) == "a--aa--aa-"
    assert len(times.mine) == len(times.reference) == 5
    order.clear()
    compare({"a": makers["a"]()}, lambda: order.append("-"), 0)
    assert order[:2] == ["a", "a"] and order[-1] == "-"  # warmed first


def test_operations_are_those_that_run() -> None:
    tf = pytest.importorskip("tensorflow")
    from graphs import executed_ops

    count = tf.Variable(3, dtype=tf.int64)
    x = tf.constant(3.0)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def function() -> Any:
        return tf.cast(count, tf.float32) * (tf.constant(2.0) + 1)

    for _ in range(2):  # also after it has run
        assert executed_ops(function) == {"ReadVariableOp": 1, "Cast": 1, "Mul": 1}
        function()
    branches = executed_ops(lambda x: tf.cond(x > 0, lambda: tf.exp(x), lambda: tf.cos(x)), x)
    assert branches["Exp"] == branches["Cos"] == branches["Merge"] == 1
    fused = executed_ops(lambda x: tf.square(tf.sin(tf.abs(x))), x)
    assert sum(fused.values()) == 1  # what the optimiser fuses on a CPU counts, once
