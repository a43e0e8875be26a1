"""Every schedule of thirteen libraries, as one short string, with the values of their own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from engines import ENGINES, units_apart

from lrdsl import Schedule, Timeline

FOLDER = Path(__file__).parent / "conformance"
PEERS = json.loads((FOLDER / "peers.json").read_text())
ROWS = yaml.safe_load((FOLDER / "peers.yaml").read_text())
# These compute in float32; the others in float64.
FLOAT32 = ("Keras", "TF1", "TFM", "TFA", "T5X", "optax", "timm", "torch SWALR")


def tolerance(peer: dict[str, Any]) -> float:
    return peer["tolerance"] if peer["peer"].startswith(FLOAT32) else 1e-12


CASES = [
    pytest.param(row, peer, id=f"{number} {peer['peer']}")
    for number, (row, peer) in enumerate(zip(ROWS, PEERS, strict=True))
]


@pytest.mark.parametrize(("row", "peer"), CASES)
def test_values(row: dict[str, Any], peer: dict[str, Any]) -> None:
    schedule, run = Schedule(row["expr"]), Timeline(**row.get("run", {}))
    values = schedule.values(run, peer["steps"])
    assert [schedule.value(step, run) for step in peer["steps"]] == values.tolist()
    # a peer's 0 is sometimes 1e-17
    np.testing.assert_allclose(values, peer["values"], rtol=tolerance(peer), atol=1e-16)


@pytest.mark.parametrize("engine", ["numpy", "graph", "xla", "jax", "torch"])
@pytest.mark.parametrize(("row", "peer"), CASES)
def test_engines_agree(row: dict[str, Any], peer: dict[str, Any], engine: str) -> None:
    schedule, run = Schedule(row["expr"]), Timeline(**row.get("run", {}))
    steps = peer["steps"]
    expected = ENGINES["python"](schedule, run, steps)
    got = ENGINES[engine](schedule, run, steps, lowering="analytic")
    assert units_apart(got, expected).max() <= 1


def test_the_strings_are_short() -> None:
    long = [row["expr"] for row in ROWS if len(row["expr"]) > 100]
    assert len(long) <= 5, long
    assert [row["peer"] for row in ROWS] == [peer["peer"] for peer in PEERS]
    assert len(ROWS) == 122
