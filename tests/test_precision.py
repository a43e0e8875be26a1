"""`docs/precision.md` shows its pictures, and `tools/precision.py` finds its tables."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tools"))

from drawing import Axis, Line, drawing, stairs
from precision import fill_in, units

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")


def test_every_picture_is_shown() -> None:
    files = {path.name for path in (ROOT / "docs" / "precision").iterdir()}
    assert set(re.findall(r"!\[[^\]]+\]\(precision/([^)]+)\)", PAGE)) == files
    for name in files:
        assert ElementTree.parse(ROOT / "docs" / "precision" / name).getroot().tag.endswith("svg")


def test_tables_have_their_places() -> None:
    filled = fill_in(PAGE, {"engines": "one", "peers": "| two |"})
    assert fill_in(filled, {"engines": "one", "peers": "| two |"}) == filled
    assert "-->\n\none\n\n<!-- end -->" in filled and "-->\n\n| two |\n\n<!-- end -->" in filled


def test_a_drawing_has_its_names_and_lines_inside() -> None:
    steps = Axis("step", [(0, "0"), (2, "2")], 0, 2)
    rates = Axis("a < b", [(1e-3, "low"), (1, "high")], 1e-3, 1, log=True)
    lines = [Line("stairs", "peer", *stairs([0, 1], [1, 0.0])), Line("x", "other", [0], [0.1])]
    root = ElementTree.fromstring(drawing("Title", steps, rates, lines))
    space = "{http://www.w3.org/2000/svg}"
    texts = {each.text: each for each in root.iter(f"{space}text")}
    assert {"0", "2", "step", "a < b", "low", "high", "stairs", "x"} == set(texts)
    assert float(texts["stairs"].get("y")) < float(texts["x"].get("y"))  # type: ignore[arg-type]
    points = [each.get("points", "") for each in root.iter(f"{space}polyline")]
    assert points[0] == "60,60 261,60 261,200 462,200"


def test_units_are_of_float32() -> None:
    next_one = np.nextafter(np.float32(0.1), np.float32(1))
    assert units(np.array([next_one]), np.array([float(np.float32(0.1))])) == 1.0
