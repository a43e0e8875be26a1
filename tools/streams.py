"""Golden streams: schedules to hashes of their float32 rates, kept in `tests/streams.yaml`.

A released definition gives the same bits for ever, so lines are added here and never changed. To
change one, knowingly, delete it by hand.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from lrdsl import Schedule, Timeline
from lrdsl.language.library import standard_library

TESTS = Path(__file__).parents[1] / "tests"
FILE = TESTS / "streams.yaml"
LONG: dict[str, Any] = {
    "steps_per_epoch": 391,
    "epochs": 90,
    "batch_size": 128,
    "tokens_per_step": 65536,
}


def files() -> dict[Path, str]:
    """The file, with a line more for each schedule that is not pinned yet."""
    text = FILE.read_text(encoding="utf-8")
    known = yaml.safe_load(text)
    new = {expr: stream(expr, run) for expr, run in wanted().items() if expr not in known}
    return {FILE: text + "".join(_line(expr, digest) for expr, digest in new.items())}


def wanted() -> dict[str, dict[str, Any]]:
    """Every schedule to pin, and its run: the library's examples and other tools' schedules."""
    rows = {each.example: LONG for each in standard_library().values()}
    for row in yaml.safe_load((TESTS / "conformance" / "peers.yaml").read_text()):
        rows.setdefault(row["expr"], row.get("run", {}))
    return rows


def stream(expr: str, fields: dict[str, Any]) -> str:
    """A hash of the rates, which the Python engine computes one by one."""
    schedule, run = Schedule(expr), Timeline(**fields)
    with np.errstate(over="ignore"):
        rates = np.array([schedule.value(step, run) for step in _steps(run)]).astype("<f4")
    return hashlib.sha256(rates.tobytes()).hexdigest()[:16]


def _steps(run: Timeline) -> list[int]:
    """Densely at the start, sparsely up to twice the run, a few very late ones."""
    end = 2 * (run.total_steps or 200)
    late = [2**24, 2**24 + 1, 2**31 + 5, 10**12]
    return sorted({*range(min(end, 300)), *map(int, np.linspace(0, end, 700)), *late})


def _line(expr: str, digest: str) -> str:
    return str(yaml.safe_dump({expr: digest}, width=1000, allow_unicode=True))
