"""Times of tasks and of their reference, in turns, so that what disturbs one disturbs both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Task = Callable[[], Any]

LEAST = 5  # pairs, but for one where no time is given
_SHORTEST = 0.0003  # seconds of a measurement; a quicker task is repeated for as long


@dataclass(frozen=True)
class Ratio:
    """The median of many pairs' ratios, and the quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Once:
    """Seconds of one call, on the clock and of the processor, by all threads of this process."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Times:
    """One call of a task and of its reference right before or after it, in many pairs."""

    mine: list[Once]
    reference: list[Once]

    @property
    def seconds(self) -> float:
        """The median of the task's own times, on the clock."""
        return statistics.median(each.clock for each in self.mine)

    @property
    def ratio(self) -> Ratio:
        """The task's time on the clock divided by the reference's."""
        return _spread([a.clock / b.clock for a, b in self._pairs()])

    @property
    def work(self) -> Ratio:
        """The same of processor time, to which other work on the machine adds nothing."""
        return _spread([a.processor / b.processor for a, b in self._pairs()])

    def _pairs(self) -> Iterator[tuple[Once, Once]]:
        return zip(self.mine, self.reference, strict=True)


def _spread(ratios: list[float]) -> Ratio:
    if len(ratios) == 1:
        return Ratio(ratios[0], ratios[0], ratios[0])
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(middle, low, high)


def compare(tasks: Mapping[str, Task], reference: Task, seconds: float) -> dict[str, Times]:
    """Time each task against the reference: task, reference, reference, task, and so on.

    A quick task is called many times in one measurement. Without garbage collection.
    seconds: how long each task is measured; 0 makes one pair.
    """
    return {name: _pairs(task, reference, seconds) for name, task in tasks.items()}


def compare_first(
    makers: Mapping[str, Callable[[], Task]], reference: Callable[[], Task], seconds: float
) -> dict[str, Times]:
    """The same of the first calls of tasks that are made anew each time, which is not timed."""
    return {name: _pairs(make, reference, seconds, first=True) for name, make in makers.items()}


def _pairs(
    task: Callable[[], Any], reference: Callable[[], Any], seconds: float, first: bool = False
) -> Times:
    both = (task, reference)
    counts = [1 if first else _repeats(each) for each in both]
    times: tuple[list[Once], list[Once]] = ([], [])
    gc.collect()
    gc.disable()
    end = time.perf_counter() + seconds
    while len(times[0]) < (LEAST if seconds else 1) or time.perf_counter() < end:
        for which in (0, 1) if len(times[0]) % 2 == 0 else (1, 0):
            made = both[which]() if first else both[which]
            times[which].append(_once(made, counts[which]))
            if first:  # what is made anew each time is large
                del made
                gc.collect()
    gc.enable()
    return Times(*times)


def _repeats(task: Task) -> int:
    """How many calls take about `_SHORTEST`; warms the task up."""
    task()
    return max(1, round(_SHORTEST / max(_once(task, 1).clock, 1e-7)))


def _once(task: Task, count: int) -> Once:
    """A measurement of so many calls."""
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(count):
        task()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return Once(clock / count, processor / count)
