"""The rates of runs in NumPy: every step, one step, binding a text, and what is said of a run."""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np

from benchmarks.page import Cell, Row, Table
from benchmarks.schedules import USUAL, WARM_COSINE
from benchmarks.timer import Task, compare
from lrdsl import Schedule, Timeline

README = "warmup(5%) * cycle(cosine(peak * 0.5^lap, 1e-5), every=10ep, growth=2) where peak = 0.4"
NUMPY = "/ NumPy"
_BLOCK = 2**18


def measure(small: bool) -> Iterator[Table]:
    """All tables; small ones of short runs to see that all works."""
    yield _whole_runs(10_000 if small else 10**6, 0 if small else 4)
    yield _one_step(0 if small else 2)
    yield _binding(0 if small else 2)
    yield _facts([10_000] if small else [10**6, 10**8], 0 if small else 4)


def _whole_runs(steps: int, seconds: float) -> Table:
    rows = [_whole_run(name, steps, seconds) for name in USUAL]
    below = sum(row.cells[NUMPY].median <= 1 for row in rows)  # type: ignore[union-attr]
    return Table(
        f"`values(run)`, {steps:,} steps",
        f"Against the formula typed in NumPy, in float64; {below} of {len(rows)} are at most 1. "
        "`MB besides`: the peak of memory besides the result, by tracemalloc.",
        [NUMPY, "ms", "MB besides"],
        rows,
    )


def _whole_run(name: str, steps: int, seconds: float) -> Row:
    schedule, run = Schedule(USUAL[name].text), Timeline(total_steps=steps)

    def typed() -> Any:
        return USUAL[name].formula(np.arange(steps), steps)

    np.testing.assert_allclose(schedule.values(run), typed(), rtol=1e-6, atol=1e-9)
    times = compare({"": lambda: schedule.values(run)}, typed, seconds)[""]
    scratch = _scratch(lambda: schedule.values(run))
    cells: dict[str, Cell] = {NUMPY: times.ratio, "ms": times.seconds * 1e3, "MB besides": scratch}
    return Row(name, cells, {NUMPY: 1.5, "MB besides": 8})


def _scratch(task: Task) -> float:
    tracemalloc.start()
    try:
        result = task()
        return (tracemalloc.get_traced_memory()[1] - result.nbytes) / 1e6
    finally:
        tracemalloc.stop()


def _one_step(seconds: float) -> Table:
    return Table(
        "`value(step, run)`, once bound",
        "Another step each time; against the formula typed in NumPy, of one number.",
        ["us", NUMPY],
        [_one_rate(name, seconds) for name in USUAL],
    )


def _one_rate(name: str, seconds: float) -> Row:
    steps, numbers = 10**6, count()
    schedule, run = Schedule(USUAL[name].text), Timeline(total_steps=steps)

    def value() -> float:
        return schedule.value(next(numbers) * 7919 % steps, run)

    def typed() -> Any:
        return USUAL[name].formula(np.int64(next(numbers) * 7919 % steps), steps)

    times = compare({"": value}, typed, seconds)[""]
    return Row(name, {"us": times.seconds * 1e6, NUMPY: times.ratio}, {"us": 30})


def _binding(seconds: float) -> Table:
    texts = {name: usual.text for name, usual in USUAL.items()} | {"the README's last": README}
    return Table(
        "A new text",
        "`Schedule(text)` parses and checks it; `bind` makes the operations of a run of it. A "
        "comment makes each text a new one, so that nothing is remembered of those before.",
        ["parse and check, ms", "and bind, ms"],
        [_binding_row(name, text, seconds) for name, text in texts.items()],
    )


def _binding_row(name: str, text: str, seconds: float) -> Row:
    run, numbers = Timeline(steps_per_epoch=391, epochs=90), count()

    def parse() -> Schedule:
        return Schedule(f"{text} # {next(numbers)}")

    times = compare({"": lambda: parse().bind(run)}, parse, seconds)[""]
    parsed = statistics.median(each.clock for each in times.reference)
    return Row(name, {"parse and check, ms": parsed * 1e3, "and bind, ms": times.seconds * 1e3})


def _facts(lengths: list[int], seconds: float) -> Table:
    return Table(
        "`check(run)`: facts of a run",
        "NaN, infinite and negative rates and a tail of zeros, of every step; against the formula "
        "and the same questions typed in NumPy, in blocks.",
        [NUMPY, "ms"],
        [_facts_of(steps, seconds) for steps in lengths],
    )


def _facts_of(steps: int, seconds: float) -> Row:
    run, numbers = Timeline(total_steps=steps), count()

    def check() -> Any:
        return Schedule(f"{USUAL[WARM_COSINE].text} # {next(numbers)}").check(run)

    times = compare({"": check}, lambda: _typed_check(steps), seconds)[""]
    return Row(f"{steps:,} steps", {NUMPY: times.ratio, "ms": times.seconds * 1e3})


def _typed_check(steps: int) -> list[bool]:
    found = []
    for start in range(0, steps, _BLOCK):
        block = np.arange(start, min(start + _BLOCK, steps))
        rates = USUAL[WARM_COSINE].formula(block, steps)
        found += [np.isnan(rates).any(), np.isinf(rates).any(), (rates < 0).any(), rates[-1] == 0]
    return found
