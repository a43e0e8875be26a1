"""`docs/functions.md` and its pictures are those of the code; every function's page is complete."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import op_counts
import pytest
from function_manual import TOOLS, anchor, peers, pictures
from regenerate import STEPS, Texts, stale, write
from svg import picture

from lrdsl import Schedule, Timeline
from lrdsl.cli import main
from lrdsl.language.builtins import Signature
from lrdsl.language.library import read_library, standard_library
from lrdsl.language.user_library import load, problems
from lrdsl.views.explain import explanation, function_list, functions_as_data
from lrdsl.views.function_page import GROUPS, signatures
from lrdsl.views.plot import Curve, draw, example_curve, run_of

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
ALL = signatures()
PEERS = list(peers())
# All but commands, which are tests themselves, and what takes TensorFlow: tests/test_graphs.py.
LIGHT_STEPS = [pytest.param(make, id=what) for what, make in STEPS
               if callable(make) and make is not op_counts.files]  # fmt: skip
ROWS = json.loads((HERE / "conformance" / "peers.json").read_text(encoding="utf-8"))

Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", ALL)
def test_pages_are_complete(name: str) -> None:
    signature = ALL[name]
    assert signature.doc and signature.group in GROUPS
    assert signature.parameters and all(each.doc for each in signature.parameters)
    assert name in signature.example and problems(signature.example) == []
    values = Schedule(signature.example).values(run_of(signature))
    assert np.isfinite(values).all()
    assert len(values) == 100 * signature.epochs


def test_notes_are_of_parameters_and_peers() -> None:
    """No line of a comment is lost by a mistake in its form."""
    shared = dict(read_library("#  x: y\n\n#\nf() = 1\n", "")[0].notes)
    assert shared == {"x": "y"}
    known = {"example", "group", "curve", "peers"}
    standard = standard_library().values()
    common = set.intersection(*(set(dict(each.notes)) for each in standard))
    for function in standard:
        notes = dict(function.notes)
        names = {each.name for each in function.signature.parameters}
        assert set(notes) - common <= names | known, function.name
        lines = notes["peers"].split("\n") if "peers" in notes else []
        assert len(function.signature.peers) == len(lines), function.name
        assert "curve" not in notes or function.signature.epochs != 100
        assert not re.search(r"(?<!`)\b[a-z]+: ", function.doc.split(". ")[0][:12]), function.name


@pytest.mark.parametrize("expr", sorted({peer.expr for peer, _ in PEERS}))
def test_what_peers_are_written_as_works(expr: str) -> None:
    assert problems(expr) == [] and len(expr) <= 130
    run = run_of(Signature("f", ()))
    assert np.isfinite(Schedule(expr).values(run)).all()


def test_every_tool_has_its_names_once() -> None:
    assert {peer.tool for peer, _ in PEERS} == set(TOOLS)
    rows = [(peer.tool, peer.name, peer.expr) for peer, _ in PEERS]
    assert len(rows) == len(set(rows)), Counter(rows).most_common(1)


# Rows of peers.json by other words than the tool's own name.
_WORDS = {
    "HF": "transformers",
    "Composer t_warmup=10ba t_max=1dur": "Composer CosineAnnealingWithWarmupScheduler",
    "Composer WarmRestarts": "Composer CosineAnnealingWarmRestartsScheduler",
    "TFM StepCosine": "TFM StepCosineDecayWithOffset",
    "TFA Triangular2": "TFA Triangular2CyclicalLearningRate",
    "TFA Triangular": "TFA TriangularCyclicalLearningRate",
    "TFA Exponential": "TFA ExponentialCyclicalLearningRate",
    "timm poly": "timm PolyLRScheduler",
}
_KINDS = {
    "cosine_hard_restarts": "cosine_with_restarts",
    "warmup_cosine": "warmup_cosine_decay_schedule",
    "piecewise_interpolate": "piecewise_interpolate_schedule",
    "linear_onecycle": "linear_onecycle_schedule",
}
_SUFFIXES = ("", "ParamScheduler", "Scheduler", "LRScheduler")


def names_of(row: dict[str, str]) -> list[str]:
    """`TOOL NAME` of each name that a row of peers.json is about."""
    text = next((row["peer"].replace(a, b) for a, b in _WORDS.items() if a in row["peer"]),
                row["peer"])  # fmt: skip
    text = re.sub(r"\(.*?\)", "", text)
    tool, _, rest = text.partition(" ")
    if tool == "T5X":
        return [f"T5X {each.strip()}" for each in rest.split("*")]
    if (tool == "transformers" and not rest) or not rest.strip():
        kind = re.split(r"[ (]", row["kind"])[0]
        return [f"{tool} {_KINDS.get(kind, kind)}"]
    word = rest.split()[0]
    return [f"{tool} {_KINDS.get(word, word)}"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['peer']} {row['kind']}")
def test_every_peer_is_in_the_index(row: dict[str, str]) -> None:
    listed = {f"{peer.tool} {peer.name}".lower() for peer, _ in PEERS}
    for name in names_of(row):
        assert {(name + suffix).lower() for suffix in _SUFFIXES} & listed, name


@pytest.mark.parametrize("make", LIGHT_STEPS)
def test_what_is_generated_is_fresh(make: Callable[[], Texts]) -> None:
    assert stale(make()) == [], "python tools/regenerate.py"


def test_writing_brings_files_up_to_date(tmp_path: Path) -> None:
    old, new, same = (tmp_path / name for name in ("old", "new", "same"))
    old.write_text("an old file")
    same.write_text("the same")
    written = same.stat().st_mtime_ns
    texts = {old: None, new: "text\n", same: "the same"}
    assert stale(texts) == [old, new]
    write(texts)
    assert stale(texts) == [] and not old.exists() and new.read_bytes() == b"text\n"
    assert same.stat().st_mtime_ns == written


def test_links_of_the_page_lead_somewhere() -> None:
    text = (DOCS / "functions.md").read_text(encoding="utf-8")
    anchors = {anchor(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(.*?)\)", text)) <= anchors
    for file in re.findall(r"\]\((curves/.*?)\)", text):
        assert (DOCS / file).is_file()


def test_pictures_are_small_xml() -> None:
    wanted = pictures()
    assert set(wanted) == {f"{name}.svg" for name in ALL}
    for name, text in wanted.items():
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(text.encode()) <= 6_000, name
        line = root.find("{http://www.w3.org/2000/svg}polyline")
        assert line is not None
        points = [tuple(map(float, each.split(","))) for each in line.attrib["points"].split()]
        assert all(0 <= x <= 480 and 0 <= y <= 200 for x, y in points), name


STEPS = "linear(0, 0.1) for 20 then 0.1 for 30 then 0.04 if mod(epoch, 20) < 10 else 0.01"
STEPS_DRAWN = """\
 rate
  0.1 ┤           ⡼⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⡆
      │          ⡼⠁                  ⡇
      │         ⡼⠁                   ⡇
0.075 ┤        ⡼⠁                    ⡇
      │       ⡼⠁                     ⡇
 0.05 ┤      ⡼⠁                      ⡇
      │    ⢀⡞                        ⡇
      │   ⢀⡞                         ⡇     ⡏⠉⠉⠉⠉⠉⡆     ⡏⠉⠉⠉⠉⠉⡆
0.025 ┤  ⢀⡞                          ⡇     ⡇     ⡇     ⡇     ⡇
      │ ⢀⡞                           ⡇     ⡇     ⡇     ⡇     ⡇
      │⢀⡞                            ⠧⠤⠤⠤⠤⠤⠃     ⠧⠤⠤⠤⠤⠤⠃     ⠧⠤⠤⠤⠤⠤
    0 ┤⡞
      └┬───────────┬───────────┬───────────┬───────────┬───────────┬
       0          20          40          60          80          100 epochs"""
SIGNS = "linear(-0.1, 0.1) for 40 then 0.05"
SIGNS_DRAWN = """\
 rate
  0.1 +                      .:
      |                    .:' :
      |                  .:'   :
 0.05 +                .:'     ''''''''''''''''''''''''''''''''''''
      |              .:'
    0 +            .:'
      |         .:'
      |       .:'
-0.05 +     .:'
      |   .:'
      | .:'
 -0.1 +:'
      ++-----------+-----------+-----------+-----------+-----------+
       0          20          40          60          80          100 epochs"""


def curve_of(expr: str, epochs: int = 100) -> Curve:
    curve = example_curve(Signature("f", (), example=expr, epochs=epochs))
    assert curve is not None
    return curve


def test_curves_in_a_terminal() -> None:
    assert draw(curve_of(STEPS), ascii_only=False) == STEPS_DRAWN
    assert draw(curve_of(SIGNS), ascii_only=True) == SIGNS_DRAWN


@pytest.mark.parametrize("expr", ["0", "-1e-5", "1e30", "1e-300", "0.1 * noise(1)", "step"])
@pytest.mark.parametrize("epochs", [1, 3, 250])
def test_any_values_can_be_drawn(expr: str, epochs: int) -> None:
    curve = curve_of(expr, epochs)
    for ascii_only in (False, True):
        lines = draw(curve, ascii_only=ascii_only).splitlines()
        assert len(lines) == 15 and max(map(len, lines)) < 90
    assert "nan" not in picture(curve, "<a & b>")
    ElementTree.fromstring(picture(curve, "<a & b>"))


def test_no_curve_without_values() -> None:
    assert example_curve(Signature("f", (), example="cosin(0.1)")) is None
    assert example_curve(Signature("f", (), example="")) is None


def test_a_page_in_the_terminal(capsys: Output) -> None:
    assert main(["functions", "warmup_log"]) == 0
    out = capsys.readouterr().out
    for text in ("over  time (5ep, 300st, 10%)  how long it takes", "log(t / 1st + 1)", "⠤",
                 "DeepSpeed: WarmupLR", "at(0.1 * warmup_log(500st), max(t - 1st, 0st))\n",
                 "100 epochs"):  # fmt: skip
        assert text in out
    assert main(["explain", "warmup_log"]) == 0
    assert capsys.readouterr().out == out


def test_a_page_as_data(capsys: Output) -> None:
    assert main(["functions", "noam", "--json"]) == 0
    (page,) = json.loads(capsys.readouterr().out)
    assert page["definition"].startswith("noam(size, over: time, factor = 1) =\n")
    assert page["peers"][0]["tool"] == "Paddle" and page["parameters"][1]["type"] == "time"
    assert page["curve"]["run"]["total_steps"] == 10_000
    points = page["curve"]["points"]
    assert points[0] == [0, 0] and points[-1][0] == 99.99 and len(points) == 101
    assert main(["functions", "sqrt", "--json"]) == 0
    (page,) = json.loads(capsys.readouterr().out)
    assert page["kind"] == "built-in" and page["definition"] == "" and page["curve"]["points"]


def test_a_terminal_without_braille() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-m", "lrdsl", "functions", "cosine"],
                          capture_output=True, text=True, env=environment)  # fmt: skip
    assert done.returncode == 0 and "0.1 +'" in done.stdout
    assert done.stdout.isascii() and "\\u" not in done.stdout


MINE = """\
# Schedules of ours.
#   peak: the highest rate

# Half of `peak`, \x1b[31mthen none.
# peers: torch Half; Keras HalfDecay = half(0.2): doubled
# curve: 2 epochs
# example: half(0.1)
half(peak) = peak / 2 for 1ep then 0

# Hides a built-in.
# x: what it hides
# example: sqrt(0.04)
sqrt(x) = x^0.5 / 2
"""


def test_definitions_of_a_user() -> None:
    library = load((("mine.lrs", MINE),)).library
    listed = function_list(None, library)
    assert listed.startswith("yours:\n  half(peak) ") and listed.count("  sqrt(x) ") == 1
    shown = function_list("half", library)
    for text in ("peak  number  the highest rate", "torch: Half", "Keras: HalfDecay (doubled)",
                 "half(peak) = peak / 2 for 1ep then 0", "0.06 ┤", "2 epochs"):  # fmt: skip
        assert text in shown
    assert "\x1b" not in shown
    kinds = {each["name"]: each["kind"] for each in functions_as_data(None, library)}
    assert (kinds["half"], kinds["sqrt"], kinds["exp"]) == ("yours", "yours", "built-in")
    assert "x^0.5 / 2" in function_list("sqrt", library)


def test_expressions_that_call_a_users_definition() -> None:
    library = load((("mine.lrs", MINE),)).library
    run = Timeline(steps_per_epoch=10, epochs=4)
    text = "half(x) for 1ep * y then half(0.1) where x = 1, y = 2"
    shown = explanation(text, {}, run, library)
    assert "half(peak) " in shown and "steps 0 to 19: half(x)\n" in shown
    assert "the highest rate" in explanation("half", {}, None, library)
