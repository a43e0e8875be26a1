"""The language as data: every row of tests/conformance on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from engines import ENGINES, units_apart
from functions import LIBRARY

from lrdsl import Schedule, ScheduleError, Timeline

FOLDER = Path(__file__).parent / "conformance"
ROWS = [
    pytest.param(row, id=f"{file.stem}: {row['expr'][:60]}")
    for file in sorted(FOLDER.glob("*.yaml"))
    if file.stem != "peers"  # tests/test_peers.py
    for row in yaml.safe_load(file.read_text())
]
VALUES = [row for row in ROWS if "at" in row.values[0]]
PROBLEMS = [row for row in ROWS if "at" not in row.values[0]]


def schedule_of(row: dict[str, Any]) -> tuple[Schedule, Timeline]:
    return Schedule(row["expr"], row.get("params", {})), Timeline(**row.get("run", {}))


@pytest.mark.parametrize("row", VALUES)
def test_values(row: dict[str, Any]) -> None:
    schedule, run = schedule_of(row)
    for step, expected in row["at"].items():
        assert schedule.value(step, run) == pytest.approx(expected, rel=1e-12, abs=1e-15), step


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "python"])
@pytest.mark.parametrize("row", VALUES)
def test_engines_agree(row: dict[str, Any], engine: str) -> None:
    schedule, run = schedule_of(row)
    steps = list(row["at"])
    expected = ENGINES["python"](schedule, run, steps)
    read = run.total_steps is None or max(steps) < 2 * run.total_steps  # else it keeps its last
    got = ENGINES[engine](schedule, run, steps, lowering=None if read else "analytic")
    assert units_apart(got, expected).max() <= 1


@pytest.mark.parametrize("row", PROBLEMS)
def test_problems(row: dict[str, Any]) -> None:
    with pytest.raises(ScheduleError) as caught:
        schedule, run = schedule_of({"run": {}, **row})
        schedule.value(0, run)
    found = [each for each in caught.value.diagnostics if each.severity == "error"]
    wanted = row.get("errors") or [row["error"]] * row.get("count", 1)
    assert [each.code for each in found] == wanted, str(caught.value)
    if "at_text" in row:
        span = found[0].span
        assert row["expr"][span.start : span.end] == row["at_text"]
    assert row.get("says", "") in found[0].message


# values of parameters that have none, by their types
FILLED = {"number": "0.5", "time": "3ep", "times": "[1ep, 2ep]", "schedule": "cosine(1)"}
LIMITS = [
    (name, parameter["name"], limit)
    for name, function in LIBRARY.items()
    for parameter in function["parameters"]
    for limit in (
        ("0st", "0ep", "0%", "0.3st", "1st", "100%", "1000%") if parameter["type"] == "time"
        else ("0", "0.001", "1") if parameter["name"] in ("rise", "cut") else ()
    )
]  # fmt: skip


@pytest.mark.parametrize("others", ["3ep", "0st", "100%"])
@pytest.mark.parametrize(("name", "parameter", "limit"), LIMITS)
def test_a_length_at_its_limits_gives_rates_or_is_named(
    name: str, parameter: str, limit: str, others: str
) -> None:
    run = Timeline(steps_per_epoch=10, epochs=10, batch_size=4, tokens_per_step=16)
    given = {
        each["name"]: others if each["type"] == "time" else FILLED[each["type"]]
        for each in LIBRARY[name]["parameters"]
        if each["default"] is None or each["type"] == "time"
    } | {parameter: limit}
    times = {each for each, value in given.items() if value in (limit, others)}
    text = f"{name}({', '.join(f'{each}={value}' for each, value in given.items())})"
    try:
        assert np.isfinite(Schedule(text).values(run, [*range(200), 2**24, 10**12])).all(), text
    except ScheduleError as error:
        assert any(each in found.message for found in error.diagnostics for each in times), text


def test_a_row_that_is_wrong_fails() -> None:
    with pytest.raises(AssertionError):
        test_values({"expr": "2", "at": {0: np.nextafter(2.0, 3.0) + 1e-9}})
