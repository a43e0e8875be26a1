"""Times of several tasks, measured in turns, so that what disturbs one disturbs all."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Task = Callable[[], Any]


@dataclass(frozen=True)
class Times:
    """Seconds of one call of each task, in the order of the rounds.

    `beside`: of each task, those of the reference that was measured right beside it.
    """

    seconds: Mapping[str, list[float]]
    beside: Mapping[str, list[float]] = field(default_factory=dict)
    reference: str = ""

    def median(self, name: str) -> float:
        """The median in seconds."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, reference: str) -> dict[str, float]:
        """The median of the rounds' ratios, and between which values the middle half lies."""
        others = self.seconds[reference]
        if reference == self.reference:
            others = self.beside.get(name, others)
        pairs = zip(self.seconds[name], others, strict=True)
        return spread([mine / other for mine, other in pairs])

    def marginal(self, name: str, reference: str, nothing: str) -> dict[str, float]:
        """As `ratio`, of what both cost on top of `nothing`.

        Of the medians, as one round's difference may be near zero; the spread is that of the
        numerator.
        """
        floor = self.median(nothing)
        base = self.median(reference) - floor
        found = spread(
            [(a - b) / base for a, b in zip(self.seconds[name], self.seconds[nothing], strict=True)]
        )
        return {**found, "ratio": (self.median(name) - floor) / base}


def spread(values: list[float]) -> dict[str, float]:
    """The median, the quartiles and the count."""
    if len(values) < 2:
        return {"ratio": values[0], "low": values[0], "high": values[0], "rounds": 1}
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"ratio": middle, "low": low, "high": high, "rounds": len(values)}


def interleaved(
    tasks: Mapping[str, Task], *, seconds: float, rounds: int = 41, shortest: float = 0.001
) -> Times:
    """Time the tasks in turns, in every second round backwards, without garbage collection.

    seconds: stop after the round in which this much time is over, though not before three
        rounds (one, when `rounds` says so).
    shortest: a measurement repeats a task until it takes about this many seconds; 0 for long ones.
    """
    counts = {name: _repeats(task, shortest) for name, task in tasks.items()}
    found: dict[str, list[float]] = {name: [] for name in tasks}
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        for done in range(rounds):
            if done >= 3 and time.perf_counter() > end:
                break
            for name in tasks if done % 2 == 0 else reversed(tasks):
                found[name].append(_once(tasks[name], counts[name]))
    finally:
        gc.enable()
    return Times(found)


def paired(
    tasks: Mapping[str, Task], reference: str, *, seconds: float, rounds: int, **options: Any
) -> Times:
    """Time each task in turns with the reference alone, for so many seconds and rounds each.

    Among many tasks a round is long, and what one finds in the caches depends on the others.
    """
    found: dict[str, list[float]] = {reference: []}
    beside: dict[str, list[float]] = {}
    for name in tasks:
        if name != reference:
            pair = {reference: tasks[reference], name: tasks[name]}
            times = interleaved(pair, seconds=seconds, rounds=rounds, **options)
            found[name], beside[name] = times.seconds[name], times.seconds[reference]
            found[reference] += beside[name]
    return Times(found, beside, reference)


def _repeats(task: Task, shortest: float) -> int:
    """How many calls take about `shortest`; warms the task up."""
    _once(task, 1)
    if shortest == 0:
        return 1
    taken = _once(task, 1)
    if taken < shortest / 10:
        taken = _once(task, 10)
    return max(1, round(shortest / max(taken, 1e-9)))


def _once(task: Task, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        task()
    return (time.perf_counter() - start) / count
