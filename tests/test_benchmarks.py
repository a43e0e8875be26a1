"""The benchmarks run, say what failed, and write one page of what they kept; no time is tested."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks import ROOT, report, rows, subject
from benchmarks.__main__ import SUBJECTS
from benchmarks.options import Options
from benchmarks.tables import Goal, Row, Table, as_data, met, of_data
from benchmarks.timer import Times, interleaved, paired

FOLDER = ROOT / "benchmarks"
TABLE = Table(
    "Title", "the first row", ["ops", "ratio"],
    [Row("first", {"ops": 1234, "ratio": {"ratio": 1.0, "low": 1.0, "high": 1.0, "rounds": 3}}),
     Row("second", {"ops": 3, "ratio": {"ratio": 0.4567, "low": 0.4, "high": 0.5, "rounds": 3}},
         [Goal("ops", "<=", 3), Goal("ratio", "<=", 0.3), Goal("bytes", "<=", 1)])],
    ["A note."],
)  # fmt: skip


def entry(*tables: Table, failed: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "versions": {"python": "3"},
        "tables": [as_data(t) for t in tables],
        "failed": list(failed),
    }


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_the_command_measures_and_writes_the_page(tmp_path: Path) -> None:
    wanted = ["front_end", *["graphs"] * (find_spec("tensorflow") is not None)]
    done = command("--quick", "--output", tmp_path, "--environment", "here", *wanted)
    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "results" / "here.json").read_text())
    assert set(kept) == set(wanted)
    assert all(each["failed"] == [] and each["tables"] for each in kept.values())
    written = (tmp_path / "RESULTS.md").read_text()
    assert written == report.page({"here": kept}, list(SUBJECTS))
    assert f"python {kept['front_end']['versions']['python']}" in written
    assert {path.name for path in tmp_path.rglob("*.*")} == {"RESULTS.md", "here.json"}
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [*wanted, "written"]


def test_the_command_refuses_what_it_does_not_know() -> None:
    for words in (["nothing"], ["--quick", "front_end"]):  # the latter: into the real results
        done = command(*words)
        assert done.returncode == 2 and "error" in done.stderr and "Traceback" not in done.stderr


def test_a_table_that_fails_leaves_the_others(tmp_path: Path) -> None:
    found = subject.run_apart("no_such_subject", Options(quick=True))
    assert "no_such_subject" in found["failed"][0] and found["tables"] == []
    report.keep(tmp_path, "here", "calls", entry(TABLE))
    report.keep(tmp_path, "here", "graphs", entry(TABLE, failed=("ValueError: of `it`",)))
    report.keep(tmp_path, "there", "calls", entry(TABLE))
    text = report.write_page(tmp_path, ["graphs", "calls"]).read_text()
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert heads == [
        "## Environments", "## Goals", "## graphs (`here`): failed", "## Title (`here`)",
        "## Title (`here`)", "## Title (`there`)",
    ]  # fmt: skip
    assert "ValueError: of `it`" in text
    assert command("--page", "--output", tmp_path).returncode == 0
    assert "## Title (`there`)" in (tmp_path / "RESULTS.md").read_text()
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_a_process_that_does_not_end_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LIMIT", 0.01)
    found = subject.run_apart("front_end", Options(quick=True))
    assert found["failed"] == ["not ready after 0.01 s"] and found["tables"] == []
    assert found["versions"]["python"] == platform.python_version()


def test_the_page_of_the_repository_is_made_of_its_results() -> None:
    kept = {
        path.stem: json.loads(path.read_text())
        for path in sorted((FOLDER / "results").glob("*.json"))
    }
    assert (FOLDER / "RESULTS.md").read_text() == report.page(kept, list(SUBJECTS))
    assert {name for found in kept.values() for name in found} == set(SUBJECTS)
    assert not [name for found in kept.values() for name in found if found[name]["failed"]]


def test_every_subject_is_a_file() -> None:
    files = {path.stem for path in (FOLDER / "measures").glob("*.py")} - {"__init__"}
    assert files == set(SUBJECTS)
    explained = (FOLDER / "README.md").read_text()
    assert all(f"| `{name}` |" in explained for name in SUBJECTS)


def test_rows_say_honestly_which_goals_are_met() -> None:
    assert of_data(json.loads(json.dumps(as_data(TABLE)))) == TABLE
    second = TABLE.rows[1]
    assert [met(second, goal) for goal in second.goals] == [True, False, None]
    text = report.page({"here": {"calls": entry(TABLE)}}, ["calls"])
    assert "| first | 1,234 | 1 |  |" in text
    assert "| second | 3 | 0.457 [0.400, 0.500] | `ops` <= 3: met; `ratio` <= 0.300: **missed**; " \
        "`bytes` <= 1: not measured |" in text  # fmt: skip
    assert "1 of 3 are met." in text
    assert "| Title | second | ratio | <= 0.300 | 0.457 [0.400, 0.500] |" in text


def test_ratios_are_of_the_same_round() -> None:
    times = Times({"a": [2.0, 4.0, 60.0], "b": [1.0, 2.0, 20.0], "none": [0.5, 1.0, 1.0]})
    assert times.ratio("a", "b") == {"ratio": 2.0, "low": 2.0, "high": 2.5, "rounds": 3}
    beside = Times({"a": [2.0], "b": [1.0]}, {"a": [4.0]}, "b")
    assert beside.ratio("a", "b")["ratio"] == 0.5 and beside.ratio("b", "b")["ratio"] == 1
    assert times.marginal("a", "b", "none")["ratio"] == (4 - 1) / (2 - 1)


def test_tasks_take_turns() -> None:
    order: list[str] = []
    tasks = {name: lambda name=name: order.append(name) for name in "abc"}
    times = interleaved(tasks, seconds=0.0, rounds=3, shortest=0.0)
    assert {len(each) for each in times.seconds.values()} == {3}
    assert order[-9:] == ["a", "b", "c", "c", "b", "a", "a", "b", "c"]
    order.clear()
    times = paired(tasks, "b", seconds=0.0, rounds=3, shortest=0.0)
    assert order == [*"ba" + "baabba", *"bc" + "bccbbc"]  # each once to warm it
    assert {name: len(each) for name, each in times.seconds.items()} == {"a": 3, "b": 6, "c": 3}
    assert set(times.beside) == {"a", "c"} and len(times.beside["a"]) == 3


@pytest.mark.parametrize("name", rows.KERAS)
def test_the_texts_are_those_of_keras(name: str) -> None:
    pytest.importorskip("tensorflow")
    import numpy as np

    from lrdsl import Schedule

    pair = rows.KERAS[name]
    steps = np.array([0, 1, 99, 101, 999, 1001, 2999, 3000, 3001, 4444, 6001, 8888, 9999])
    ours = Schedule(pair.text).values(rows.RUN, steps)
    theirs = np.array([float(pair.keras()(int(step))) for step in steps])
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


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
