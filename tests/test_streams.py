"""Golden streams: the float32 rates of released definitions, to the bit."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from engines import ENGINES

from lrdsl import Schedule, Timeline
from lrdsl.language.library import standard_library

FOLDER = Path(__file__).parent
FILE = FOLDER / "streams.yaml"
LONG: dict[str, Any] = {
    "steps_per_epoch": 391,
    "epochs": 90,
    "batch_size": 128,
    "tokens_per_step": 65536,
}


def wanted() -> dict[str, dict[str, Any]]:
    """Every expression that is pinned, and its timeline: examples of the library, peers' rows."""
    rows = {each.example: LONG for each in standard_library().values()}
    for row in yaml.safe_load((FOLDER / "conformance" / "peers.yaml").read_text()):
        rows.setdefault(row["expr"], row.get("run", {}))
    return rows


def steps_of(run: Timeline) -> list[int]:
    """Densely at the start, sparsely up to twice the run, a few very late ones."""
    end = 2 * (run.total_steps or 200)
    late = [2**24, 2**24 + 1, 2**31 + 5, 10**12]
    return sorted({*range(min(end, 300)), *map(int, np.linspace(0, end, 700)), *late})


def stream(expr: str, fields: dict[str, Any]) -> str:
    run = Timeline(**fields)
    values = ENGINES["python"](Schedule(expr), run, steps_of(run))
    return hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()[:16]


PINNED: dict[str, str] = yaml.safe_load(FILE.read_text()) if FILE.exists() else {}


@pytest.mark.parametrize("expr", wanted())
def test_a_released_definition_never_changes(expr: str, request: pytest.FixtureRequest) -> None:
    got = stream(expr, wanted()[expr])
    if request.config.getoption("--update-golden") and expr not in PINNED:
        # only what is new: to change a stream, its line is deleted by hand, knowingly
        with FILE.open("a") as file:
            file.write(yaml.safe_dump({expr: got}, width=1000, allow_unicode=True))
        return
    assert PINNED.get(expr) == got, "a definition that was released gives other rates"


def test_every_pinned_stream_is_still_checked() -> None:
    assert set(PINNED) <= set(wanted())


def test_one_bit_makes_another_stream() -> None:
    assert stream("0.1", LONG) != stream("0.10000001", LONG)
