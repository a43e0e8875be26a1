"""`docs/precision.md`: its tables and pictures are those of the figures, its statements hold."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from exact_cases import load
from precision import pictures, tables

from lrdsl import Schedule, Timeline
from lrdsl.views.function_page import signatures

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "precision.md"
HOW = "pytest tests/test_precision.py --update-golden"


def test_the_tables_are_fresh(request: pytest.FixtureRequest) -> None:
    fresh = PAGE.read_text(encoding="utf-8")
    for name, table in tables().items():
        pattern = rf"(<!-- {name}: [^\n]* -->\n).*?(<!-- end -->)"
        fresh, count = re.subn(
            pattern, lambda m, t=table: f"{m[1]}\n{t}\n\n{m[2]}", fresh, flags=re.DOTALL
        )
        assert count == 1, name
    if request.config.getoption("--update-golden"):
        PAGE.write_text(fresh, encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == fresh, HOW


def test_the_pictures_are_fresh(request: pytest.FixtureRequest) -> None:
    folder, wanted = DOCS / "precision", pictures()
    if request.config.getoption("--update-golden"):
        folder.mkdir(exist_ok=True)
        for name, text in wanted.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.svg")}
    assert found == wanted, HOW
    assert set(re.findall(r"\]\(precision/(.*?)\)", PAGE.read_text())) == set(wanted)
    for text in wanted.values():
        assert ElementTree.fromstring(text).tag.endswith("svg") and len(text) < 8_000


def test_the_figures_are_complete() -> None:
    rows = load()["functions"]
    assert list(rows) == list(signatures())
    assert sum(row["pairs"] for row in rows.values()) >= 10_000_000
    assert all(row["undecided"] == 0 for row in rows.values())


def test_the_exceptions_are_explained() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Where it is not reached")[2]
    notes = text.partition("<!-- end -->")[2].partition("## ")[0]
    named = set(re.findall(r"`(\w+)`", notes))
    for name, row in load()["functions"].items():
        if row["wrong"] and "cycle(" not in row["at ulp32"][0]:
            assert name in named, row


def test_the_share_of_staircases_that_are_wrong_in_float32() -> None:
    wrong = 0
    for length in range(1, 2001):
        laps = np.arange(1, 2001)
        laps = laps[laps * length < 2**24]
        inverse = np.float32(1) / np.float32(length)
        wrong += bool((np.floor((laps * length).astype(np.float32) * inverse) != laps).any())
    assert f"{wrong} ({wrong / 20:.1f} %)" in PAGE.read_text(encoding="utf-8")


def test_what_the_page_says_of_keras() -> None:
    tf = pytest.importorskip("tensorflow")
    from keras.optimizers import schedules

    stairs = schedules.ExponentialDecay(0.1, 41, 0.5, staircase=True)
    restarts = schedules.CosineDecayRestarts(0.1, 1000, t_mul=2.0, alpha=0.01)
    for schedule, step, eager, graph in ((stairs, 41, 0.05, 0.1), (restarts, 4_094_998, 1e-3, 0.1)):
        at = tf.constant(step, tf.int64)
        compiled = tf.function(schedule, input_signature=[tf.TensorSpec([], tf.int64)])
        assert float(schedule(at)) == pytest.approx(eager, rel=1e-5)
        assert float(compiled(at)) == pytest.approx(graph, rel=1e-5)
    assert Schedule("step_decay(0.1, 0.5, every=41st)").value(41, Timeline()) == 0.05
    text = "cosine_restarts(0.1, 0.001, every=1000st, growth=2)"
    values = Schedule(text).values(Timeline(), np.array([4_094_998, 4_095_000]))
    assert values.tolist() == pytest.approx([1e-3, 0.1], rel=1e-5)
