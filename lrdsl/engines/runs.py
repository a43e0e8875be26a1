"""Every step of a run: filled where the rate stands still or repeats, else computed in blocks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from lrdsl.certificates import Certificate, Uncertain
from lrdsl.core import Op
from lrdsl.engines.blocks import BLOCK, plan_of
from lrdsl.engines.numpy import Array, compile_numpy
from lrdsl.engines.settling import settling
from lrdsl.specialising import Special, specialise
from lrdsl.stretches import LONG, Stretch, in_integers, period, stretches

# So many values are computed by the reference's own functions, to its last bit of float64.
FEW = 131_072
# Threads share what is longer than this; more threads than these would need more scratch.
_PARALLEL_FROM = 2**19
_MOST_THREADS = 2

# Writes the values of the steps from the first to before the second.
Fill = Callable[[int, int, Array], None]


def run_values(core: Op, total: int) -> Array:
    """The float64 values of the steps from 0 to `total` - 1.

    Their float32 roundings are those of the reference engine; the values themselves may differ
    from it by some units of the largest terms that they are the sum of.
    """
    result = np.empty(total, np.float64)
    _fill(in_integers(core), 0, total - 1, result)
    return result


def step_values(core: Op, steps: Array) -> Array:
    """As `run_values`, at the given steps: integers, of any shape."""
    core, flat = in_integers(core), steps.reshape(-1)
    result = np.empty(flat.size, np.float64)
    special = specialise(core, int(flat.min()), int(flat.max()))
    _share(_moving(core, _certificate(special), flat), 0, flat.size, result)
    return result.reshape(steps.shape)


def _fill(core: Op, low: int, high: int, result: Array) -> None:
    for stretch in stretches(core, low, high):
        if stretch.starts is not None:
            _share(_levels(core, stretch), stretch.low, stretch.high + 1, result)
        else:
            _fill_moving(core, stretch.low, stretch.high, result)


def _fill_moving(core: Op, low: int, high: int, result: Array) -> None:
    special = specialise(core, low, high)
    length = period(special)
    if length:
        length *= -(-LONG // length)
    if 0 < 2 * length <= high - low:
        _fill(core, low, low + length - 1, result)
        copy = _repeating(result[low : low + length], low)
        _share(copy, low + length, high + 1, result)
        return
    for part, certificate in certified(core, special):
        _share(_moving(core, certificate), part.low, part.high + 1, result)
        ends = np.array([part.low, part.high])  # where people look for a peak of 0.1
        result[ends] = compile_numpy(core)(ends)


def certified(core: Op, special: Special) -> Iterator[tuple[Special, Certificate | None]]:
    """A special tree, or its halves and theirs, each with its certificate if there is one."""
    certificate = _certificate(special)
    if certificate is not None or special.high - special.low < 2 * LONG:
        yield special, certificate
        return
    middle = (special.low + special.high) // 2
    yield from certified(core, specialise(core, special.low, middle))
    yield from certified(core, specialise(core, middle + 1, special.high))


def _certificate(special: Special) -> Certificate | None:
    try:
        return Certificate(special)
    except Uncertain:
        return None


# threads


def _share(fill: Fill, low: int, high: int, result: Array) -> None:
    """Fill the steps from `low` to before `high`, in parts that threads take in turn."""
    threads = 1 if high - low < _PARALLEL_FROM else min(_cores(), _MOST_THREADS)
    if threads == 1:
        fill(low, high, result[low:high])
        return
    size = max(_PARALLEL_FROM // 2, -(-(high - low) // (8 * threads)) // BLOCK * BLOCK)
    left = deque((start, min(start + size, high)) for start in range(low, high, size))

    def work() -> None:
        while True:
            try:
                first, last = left.popleft()
            except IndexError:
                return
            fill(first, last, result[first:last])

    jobs = [_pool().submit(work) for _ in range(threads - 1)]
    work()
    for job in jobs:
        if not job.cancel():
            job.result()


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_MOST_THREADS - 1, thread_name_prefix="lrdsl")


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# what stands still, and what repeats


def _levels(core: Op, stretch: Stretch) -> Fill:
    starts = stretch.starts
    assert starts is not None
    values = compile_numpy(core)(starts)
    edges = np.append(starts, stretch.high + 1)

    def fill(low: int, high: int, out: Array) -> None:
        first, last = np.searchsorted(edges, [low, high - 1], side="right") - 1
        cuts = np.clip(edges[first : last + 2], low, high) - low
        if out.size < 1024 * (last - first):
            _repeat(values[first : last + 1], cuts, out)
            return
        ends = cuts.tolist()
        for value, a, b in zip(values[first : last + 1].tolist(), ends, ends[1:], strict=False):
            out[a:b] = value

    return fill


def _repeat(values: Array, cuts: Array, out: Array) -> None:
    """Many short levels, in groups of about a block."""
    group = max(1, BLOCK * values.size // out.size)
    for first in range(0, values.size, group):
        last = min(first + group, values.size)
        repeated = np.repeat(values[first:last], np.diff(cuts[first : last + 1]))
        out[cuts[first] : cuts[last]] = repeated


def _repeating(pattern: Array, begin: int) -> Fill:
    """The values of a period that starts at step `begin`, again and again."""

    def fill(low: int, high: int, out: Array) -> None:
        at = low
        while at < high:
            phase = (at - begin) % pattern.size
            size = min(pattern.size - phase, high - at)
            out[at - low : at - low + size] = pattern[phase : phase + size]
            at += size

    return fill


# what moves


def _moving(core: Op, certificate: Certificate | None, steps: Array | None = None) -> Fill:
    """Values in blocks: at the steps themselves, or at what stands at their places in `steps`."""
    exact = compile_numpy(core)
    if certificate is None:
        return _exactly(exact, steps)
    plan = plan_of(certificate, scattered=steps is not None)
    settled = settling(certificate, exact)

    def fill(low: int, high: int, out: Array) -> None:
        workspace, spare = plan.workspace(), np.empty(plan.block, np.int64)
        with np.errstate(all="ignore"):
            for start in range(low, high, plan.block):
                stop = min(start + plan.block, high)
                chosen = start if steps is None else steps[start:stop].astype(np.int64)
                block = out[start - low : stop - low]
                doubts = plan.run(workspace, chosen, block)
                settled.settle(block, chosen, spare, doubts)

    return fill


def _exactly(exact: Callable[[Array], Array], steps: Array | None) -> Fill:
    def fill(low: int, high: int, out: Array) -> None:
        for start in range(low, high, BLOCK):
            stop = min(start + BLOCK, high)
            chosen = np.arange(start, stop) if steps is None else steps[start:stop]
            out[start - low : stop - low] = exact(chosen)

    return fill
