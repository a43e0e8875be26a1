"""Every step of a run: filled where the rate stands still or repeats, else computed in blocks.

`stretches` says which is where, and `levels` fills; a stretch that moves gets a tree of its own
(`specialising`), a proof of what NumPy's functions may do to it (`certificates`), a plan of NumPy
calls (`blocks`, `actions`) and the reference's word where a float32 rounding is in doubt
(`settling`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from threading import Lock, local
from typing import Any, NamedTuple

import numpy as np

from lrdsl.certificates import Certificate, Uncertain
from lrdsl.core import Op
from lrdsl.engines.blocks import Plan
from lrdsl.engines.levels import Fill, levels, repeating
from lrdsl.engines.numpy import Array, compile_numpy
from lrdsl.engines.python import compile_python
from lrdsl.engines.settling import settling
from lrdsl.specialising import Special, specialise
from lrdsl.stretches import LONG, Stretch, period, stretches

# So many values are computed by the reference's own functions, to its last bit of float64.
FEW = 131_072
# Threads share what is longer than this: up to here, they wait for each other for longer than
# they help. More than these would need more scratch.
_PARALLEL_FROM = 2**22
_MOST_THREADS = 2
# So many stretches of a run are kept for its next time; of one that stands still, so many levels.
_KEPT = 64
_KEPT_LEVELS = 16_384
# Rates that no fast way is known for are computed so many at a time.
_GROUP = 16_384
# Up to so many steps are asked for one at a time.
_ONE_BY_ONE = 16

_mine = local()  # the plan that a thread is at, and its workspace


class Job(NamedTuple):
    """The steps from `low` to before `high`: `fill` writes any part of whole blocks."""

    fill: Fill
    low: int
    high: int
    block: int = 1


def target(out: Any, shape: tuple[int, ...]) -> Array:
    """`out`, if values of this shape can be written to it; where it is None, a new array."""
    if out is None:
        return np.empty(shape, np.float64)
    if not isinstance(out, np.ndarray) or out.dtype not in (np.float64, np.float32):
        kind = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise TypeError(f"`out` is a NumPy array of float64 or float32, got {kind}")
    if out.shape != shape:
        raise ValueError(f"`out` has the shape {out.shape}, the rates have {shape}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError("`out` is C-contiguous and can be written to; this one is not")
    return out


def run_values(core: Op, out: Array) -> Array:
    """Fill `out`, float64 or float32, with the values of the steps from 0 on, and return it.

    Their float32 roundings are those of the reference engine; the float64 values themselves may
    differ from it by some units of the largest terms that they are the sum of.
    """
    level = _level_throughout(core, out.size)
    if level is None:
        _work(_jobs(core, 0, out.size - 1, out), out)
    elif out.size >= _PARALLEL_FROM:
        _work(iter([Job(level, 0, out.size)]), out)
    else:  # what is so short that a microsecond counts
        with np.errstate(all="ignore"):
            level(0, out.size, out)
    return out


def step_values(core: Op, steps: Array, out: Array) -> Array:
    """As `run_values`, at the given steps: integers, of the shape of `out`."""
    flat = (steps.copy() if np.may_share_memory(steps, out) else steps).reshape(-1)
    special = specialise(core, int(flat.min()), int(flat.max()))
    job = _moving(core, special, _certificate(core, special.low, special.high), out.dtype, flat)
    _work(iter([job]), out.reshape(-1))
    return out


def _jobs(core: Op, low: int, high: int, out: Array) -> Iterator[Job]:
    for stretch in _few(core, low, high) or stretches(core, low, high):
        if stretch.starts is not None:
            yield Job(levels(core, stretch), stretch.low, stretch.high + 1)
        else:
            yield from _moving_jobs(core, specialise(core, stretch.low, stretch.high), out)


@lru_cache(maxsize=32)
def _few(core: Op, low: int, high: int) -> tuple[Stretch, ...]:
    """The stretches of a run; none if they are many."""
    found = tuple(islice(stretches(core, low, high), _KEPT + 1))
    return found if len(found) <= _KEPT else ()


def _moving_jobs(core: Op, special: Special, out: Array) -> Iterator[Job]:
    low, high = special.low, special.high
    length = period(special)
    if length:
        length *= -(-LONG // length)
    if 0 < 2 * length <= high - low:
        for job in _jobs(core, low, low + length - 1, out):
            job.fill(job.low, job.high, out[job.low : job.high])
        yield Job(repeating(out[low : low + length], low), low + length, high + 1)
        return
    for part, certificate in certified(core, special):
        yield _moving(core, part, certificate, out.dtype)


def certified(core: Op, special: Special) -> Iterator[tuple[Special, Certificate | None]]:
    """A special tree, or its halves and theirs, each with its certificate if there is one."""
    certificate = _certificate(core, special.low, special.high)
    if certificate is not None or special.high - special.low < 2 * LONG:
        yield special, certificate
        return
    middle = (special.low + special.high) // 2
    yield from certified(core, specialise(core, special.low, middle))
    yield from certified(core, specialise(core, middle + 1, special.high))


@lru_cache(maxsize=128)
def _certificate(core: Op, low: int, high: int) -> Certificate | None:
    try:
        return Certificate(specialise(core, low, high))
    except Uncertain:
        return None


# threads


def _work(jobs: Iterator[Job], out: Array) -> None:
    """Do the jobs, in parts that threads take in turn; a job is made when it is reached."""
    threads = 1 if out.size < _PARALLEL_FROM else min(_cores(), _MOST_THREADS)
    size = out.size if threads == 1 else out.size // (8 * threads)
    parts = (part for job in jobs for part in _cut(job, size))
    lock = Lock()

    def work() -> None:
        with np.errstate(all="ignore"):
            while True:
                with lock:
                    part = next(parts, None)
                if part is None:
                    _mine.__dict__.clear()
                    return
                part.fill(part.low, part.high, out[part.low : part.high])

    others = [_pool().submit(work) for _ in range(threads - 1)]
    work()
    for other in others:
        if not other.cancel():
            other.result()


def _cut(job: Job, size: int) -> Iterator[Job]:
    """Parts of about `size` steps; whole blocks, so that their number makes no difference."""
    size = -(-size // job.block) * job.block
    for low in range(job.low, job.high, size):
        yield job._replace(low=low, high=min(low + size, job.high))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_MOST_THREADS - 1, thread_name_prefix="lrdsl")


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=32)
def _level_throughout(core: Op, size: int) -> Fill | None:
    """How a run is filled that stands still but for some changes; None for another one."""
    found = _few(core, 0, size - 1)
    starts = [stretch.starts for stretch in found if stretch.starts is not None]
    if not found or len(starts) < len(found) or sum(map(len, starts)) > _KEPT_LEVELS:
        return None
    return levels(core, Stretch(0, size - 1, np.concatenate(starts)))


# what moves


def _moving(
    core: Op,
    special: Special,
    certificate: Certificate | None,
    dtype: Any,
    steps: Array | None = None,
) -> Job:
    """Values in blocks: at the steps themselves, or at what stands at their places in `steps`.

    Those of float32 (`dtype`) are computed in a buffer.
    """
    exact = _reference(core)
    low, high = (special.low, special.high + 1) if steps is None else (0, steps.size)
    if certificate is None:
        return Job(_exactly(exact, steps), low, high, _GROUP)
    single = dtype == np.float32
    plan = Plan(certificate, scattered=steps is not None, single=single)
    settled = settling(certificate, exact)

    def fill(low: int, high: int, out: Array) -> None:
        workspace = _workspace(plan)
        for start in range(low, high, plan.block):
            part = out[start - low : start - low + plan.block]
            chosen = start if steps is None else steps[start : start + part.size].astype(np.int64)
            values = workspace[plan.buffer][: part.size] if single else part
            doubts = plan.run(workspace, chosen, values)
            settled.settle(values, chosen, workspace[plan.spare], doubts)
            if single:
                part[:] = values
        for end in (special.low, special.high):  # where people look for a peak of 0.1
            if steps is None and low <= end < high:
                out[end - low] = exact(np.array([end]))[0]

    return Job(fill, low, high, plan.block)


def _workspace(plan: Plan) -> list[Any]:
    """That of this thread; it gives up the one of the plan before."""
    if getattr(_mine, "plan", None) is not plan:
        _mine.__dict__.clear()
        _mine.plan, _mine.workspace = plan, plan.workspace()
    return _mine.workspace  # type: ignore[no-any-return]


def _reference(core: Op) -> Callable[[Array], Array]:
    """The rates at an array of steps; a few of them one by one, which takes a tenth of the time."""
    many, one = compile_numpy(core), compile_python(core)

    def exact(steps: Array) -> Array:
        if steps.size > _ONE_BY_ONE:
            return many(steps)
        return np.array([one(step) for step in steps.tolist()])

    return exact


def _exactly(exact: Callable[[Array], Array], steps: Array | None) -> Fill:
    def fill(low: int, high: int, out: Array) -> None:
        for start in range(low, high, _GROUP):
            stop = min(start + _GROUP, high)
            chosen = np.arange(start, stop) if steps is None else steps[start:stop]
            out[start - low : stop - low] = exact(chosen)

    return fill
