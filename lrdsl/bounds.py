"""Checks of a whole run: no NaN, infinity or negative rate; each with a step that shows it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lrdsl.core import Op
from lrdsl.diagnostics import Diagnostic, Span
from lrdsl.engines.numpy import Array, compile_numpy

# Runs up to here are evaluated at every step; of longer ones the ends and a sample.
EVERY_STEP = 2_000_000
BLOCK = 262_144


def check_values(core: Op, total_steps: int, span: Span) -> list[Diagnostic]:
    """What is wrong with the rates of a run, in the float32 that will train."""
    evaluate = compile_numpy(core)
    faults: dict[str, Diagnostic] = {}
    zeros_from: int | None = None
    checked = 0
    for steps in _steps(total_steps):
        with np.errstate(over="ignore"):
            values = evaluate(steps).astype(np.float32)
        checked += steps.size
        for code, message, wrong in _faults(values):
            if code not in faults and wrong.any():
                at = int(np.argmax(wrong))
                text = message.format(step=int(steps[at]), value=float(values[at]))
                faults[code] = Diagnostic(code, text, span)
        zeros_from = _zero_tail(steps, values, zeros_from)
    found = list(faults.values())
    if zeros_from is not None and zeros_from < total_steps - 1 and not found:
        found.append(_zero_tail_warning(zeros_from, total_steps, span))
    if checked < total_steps:
        message = f"checked {checked:,} of {total_steps:,} steps"
        found.append(Diagnostic("LRD208", message, span, "info"))
    return found


def _steps(total: int) -> Iterator[Array]:
    if total <= EVERY_STEP:
        for start in range(0, total, BLOCK):
            yield np.arange(start, min(start + BLOCK, total), dtype=np.int64)
        return
    yield np.arange(BLOCK, dtype=np.int64)
    yield np.linspace(BLOCK, total - BLOCK, BLOCK, endpoint=False).astype(np.int64)
    yield np.arange(total - BLOCK, total, dtype=np.int64)


def _faults(values: Array) -> list[tuple[str, str, Array]]:
    return [
        ("LRD201", "the rate is NaN at step {step:,}", np.isnan(values)),
        ("LRD202", "the rate is infinite at step {step:,}", np.isinf(values)),
        ("LRD203", "the rate is negative at step {step:,}: {value:.6g}", values < 0),
    ]


def _zero_tail(steps: Array, values: Array, before: int | None) -> int | None:
    """The step from which on every rate so far is exactly 0."""
    rates = np.flatnonzero(values)
    if rates.size == 0:
        return int(steps[0]) if before is None else before
    return int(steps[rates[-1] + 1]) if rates[-1] + 1 < steps.size else None


def _zero_tail_warning(start: int, total: int, span: Span) -> Diagnostic:
    message = f"the rate is exactly 0 for the last {total - start:,} steps, from step {start:,}"
    return Diagnostic("LRD205", message, span, "warning")
