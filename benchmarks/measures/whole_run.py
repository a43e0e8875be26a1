"""Every rate of a long run at once: ours, plain NumPy and what is there to beat it."""

from __future__ import annotations

import gc
import math
import os
import tracemalloc
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.formulas import FORMULAS, Formula
from benchmarks.options import Options
from benchmarks.tables import Cell, Goal, Measurement, Row, Table
from benchmarks.timer import Task, interleaved
from lrdsl import Schedule, Timeline

PLAIN = "NumPy, the formula"
FILL = "NumPy, one number everywhere"
FILL_INTO = "NumPy, one number everywhere, into a float32 array"
ONE, ALL = "lrdsl, one core", "lrdsl, all cores"
INTO = "lrdsl, all cores, into a float32 array"
# How many times faster than plain NumPy, on one core and two.
FASTER = {ONE: 1.6, ALL: 2.5, INTO: 2.5}
# What stands still only fills memory. So many times faster, where memory is: into an array that is
# there; fresh memory is filled nearly as fast as with one number, which is all that can be done.
FASTER_LEVEL = 50
OF_THE_LIMIT = 0.9
SCRATCH = 2.0  # MB

COLUMNS = ["times faster", "of the limit", "M steps / s", "scratch MB"]


def measure(options: Options) -> list[Measurement]:
    """A table for each formula and length."""
    sizes = [10_000] if options.quick else [10**6, 10**7, *[10**8] * options.huge]
    return [partial(_table, name, size, options) for size in sizes for name in FORMULAS]


def _table(name: str, size: int, options: Options) -> Table:
    formula = FORMULAS[name]
    tasks = _tasks(formula, size)
    _agree(tasks)
    rates = np.zeros(size, np.float32)
    tasks[FILL] = lambda: np.full(size, 0.1)
    tasks[FILL_INTO] = lambda: rates.fill(0.1)
    seconds = 4 if size < 10**7 else 12
    times = interleaved(
        tasks, seconds=options.seconds(seconds), rounds=options.rounds(15), shortest=0.02
    )
    rows = []
    for each, task in tasks.items():
        cells: dict[str, Cell] = {
            "times faster": times.ratio(PLAIN, each),
            "of the limit": times.ratio(FILL_INTO if each == INTO else FILL, each),
            "M steps / s": size / times.median(each) / 1e6,
        }
        if each.startswith((PLAIN, "lrdsl")):
            cells["scratch MB"] = _scratch(task, fresh=each != INTO)
        rows.append(Row(each, cells, _goals(formula, each)))
    power = f"10^{round(math.log10(size))}"
    missing = [name for name in ("numexpr", "jax", "tensorflow") if not find_spec(name)]
    notes = ["The limit is memory: what filling it with one number takes, of the same kind.",
             "NumPy computes on one core; jax and TensorFlow choose for themselves. Their rates "
             "and ours agree to 1e-6, or the table fails."]  # fmt: skip
    notes += [f"Missing: {', '.join(missing)}."] if missing else []
    return Table(f"Whole run: {name}, {power} steps", PLAIN, COLUMNS, rows, notes)


def _goals(formula: Formula, each: str) -> list[Goal]:
    if each not in FASTER:
        return []
    speed = Goal("times faster", ">=", FASTER[each])
    if formula.level:
        speed = Goal("of the limit", ">=", OF_THE_LIMIT)
    if formula.level and each == INTO:
        speed = Goal("times faster", ">=", FASTER_LEVEL)
    return [speed, Goal("scratch MB", "<=", SCRATCH)]


def _tasks(formula: Formula, size: int) -> dict[str, Task]:
    """Each gives float64 rates (jax and TensorFlow, their array type) of steps 0 to size - 1."""
    schedule, run = Schedule(formula.text), Timeline(total_steps=size)
    rates = np.zeros(size, np.float32)
    tasks: dict[str, Task] = {
        PLAIN: lambda: formula.array(np, np.arange(size), size),
        ALL: lambda: schedule.values(run),
        INTO: lambda: schedule.values(run, out=rates),
    }
    if hasattr(os, "sched_setaffinity"):
        tasks[ONE] = _on_one_core(tasks[ALL])
    if find_spec("numexpr") and formula.numexpr:
        tasks |= _numexpr(formula, size)
    if find_spec("jax"):
        tasks["jax, jit, float64"] = _jax(formula, size)
    if find_spec("tensorflow") and formula.numexpr:  # its NumPy lacks what numexpr lacks
        tasks["TensorFlow, XLA, float64"] = _tensorflow(formula, size)
    return tasks


def _agree(tasks: dict[str, Task]) -> None:
    """What is compared computes the same, up to the last digits; else AssertionError."""
    expected = tasks[PLAIN]()
    for task in tasks.values():
        np.testing.assert_allclose(np.asarray(task()), expected, rtol=1e-6, atol=1e-12)


def _on_one_core(task: Task) -> Task:
    """The task as it is on a machine with one core: this thread, and those it starts, use one."""

    def pinned() -> Any:
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cores)})
        try:
            return task()
        finally:
            os.sched_setaffinity(0, cores)

    return pinned


def _numexpr(formula: Formula, size: int) -> dict[str, Task]:
    import numexpr

    def on(threads: int) -> Task:
        def evaluate() -> Any:
            numexpr.set_num_threads(threads)
            names = {"s": np.arange(size), "n": size, "w": size // 10, "pi": math.pi}
            return numexpr.evaluate(formula.numexpr, local_dict=names)

        return evaluate

    return {"numexpr, 1 thread": on(1), "numexpr, 2 threads": on(2)}


def _jax(formula: Formula, size: int) -> Task:
    import jax

    jax.config.update("jax_enable_x64", True)

    def compute(first: Any) -> Any:  # an argument, so that nothing is computed by the compiler
        return formula.array(jax.numpy, jax.numpy.arange(size) + first, size)

    compiled = jax.jit(compute)
    return lambda: compiled(0).block_until_ready()


def _tensorflow(formula: Formula, size: int) -> Task:
    import tensorflow as tf
    from tensorflow.experimental import numpy as tnp

    def compute(first: Any) -> Any:
        steps = tf.range(tf.constant(size, tf.int64), dtype=tf.int64) + first
        return formula.array(tnp, tf.cast(steps, tf.float64), float(size))

    function: Callable[[Any], Any] = tf.function(compute, autograph=False, jit_compile=True)
    first = tf.constant(0, tf.int64)
    return lambda: function(first).numpy()


def _scratch(task: Task, *, fresh: bool) -> float:
    """The peak of what Python and NumPy allocate in a call besides a fresh result, in MB."""
    gc.collect()
    tracemalloc.start()
    try:
        result = task()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return (peak - fresh * np.asarray(result).nbytes) / 1e6
