"""Checks of a whole run: no NaN, infinity or negative rate; each with a step that shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from lrdsl.core import Op
from lrdsl.engines.numpy import Array, compile_numpy
from lrdsl.engines.python import compile_python
from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.extremes import Measure, Unproved, first, search
from lrdsl.intervals import single, tail

# Where enclosures prove nothing: runs up to here are evaluated at every step; of longer ones the
# ends and a sample.
EVERY_STEP = 2_000_000
BLOCK = 262_144
SHORT = 2_048  # steps that are evaluated in less time than a proof takes
WORK = 300  # cuts


class Fault(NamedTuple):
    """What is wrong with some rates: its code, its message, which, and whether some may be.

    `wrong` takes float32 values; `possible` the bounds of `enclose`.
    """

    code: str
    message: str
    wrong: Callable[[Any], Any]
    possible: Callable[[float, float], bool]


FAULTS = (
    Fault("LRD201", "the rate is NaN at step {step:,}",
          np.isnan, lambda low, high: low != low),
    Fault("LRD202", "the rate is infinite at step {step:,}",
          np.isinf, lambda low, high: not (single(low) > -math.inf and single(high) < math.inf)),
    Fault("LRD203", "the rate is negative at step {step:,}: {value:.6g}",
          lambda values: values < 0, lambda low, high: not low >= 0),
)  # fmt: skip


def check_values(core: Op, total_steps: int, span: Span) -> list[Diagnostic]:
    """What is wrong with the rates of a run, in the float32 that will train."""
    if total_steps > SHORT:
        found = _proved(core, total_steps, span)
        if found is not None:
            return found
    return _tried(core, total_steps, span)


# proofs


def _proved(core: Op, total: int, span: Span) -> list[Diagnostic] | None:
    """What is wrong, by enclosures; None where they do not show it."""
    if search(core, 0, total - 1, _measure(*FAULTS), WORK).bound >= 0:
        return _zero_tail(core, total, span)
    if total <= EVERY_STEP:
        return None
    try:
        return [found for fault in FAULTS if (found := _first(core, total, fault, span))]
    except Unproved:
        return None


def _measure(*faults: Fault) -> Measure:
    """-1 where something is, or may be, wrong; else 0."""
    return Measure(
        lambda value: -any(fault.wrong(np.float32(single(value))) for fault in faults),
        lambda low, high: -any(fault.possible(low, high) for fault in faults),
    )


def _first(core: Op, total: int, fault: Fault, span: Span) -> Diagnostic | None:
    step = first(core, 0, total - 1, _measure(fault), WORK)
    if step is None:
        return None
    value = single(compile_python(core)(step))
    return Diagnostic(fault.code, fault.message.format(step=step, value=value), span)


def _zero_tail(core: Op, total: int, span: Span) -> list[Diagnostic] | None:
    rate = compile_python(core)
    if single(rate(total - 1)) != 0:
        return []
    start = tail(core, total - 1)
    if total <= EVERY_STEP and start > 0 and single(rate(start - 1)) == 0:
        return None  # not all of it
    return [_zero_tail_warning(start, total, span)] if start < total - 1 else []


def _zero_tail_warning(start: int, total: int, span: Span) -> Diagnostic:
    message = f"the rate is exactly 0 for the last {total - start:,} steps, from step {start:,}"
    return Diagnostic("LRD205", message, span, "warning")


# trials


def _tried(core: Op, total: int, span: Span) -> list[Diagnostic]:
    """What is wrong at the steps that are evaluated: all, or those of a sample."""
    evaluate = compile_numpy(core)
    faults: dict[str, Diagnostic] = {}
    zeros_from: int | None = None
    checked = 0
    for steps in _steps(total):
        with np.errstate(over="ignore"):
            values = evaluate(steps).astype(np.float32)
        checked += steps.size
        for fault in FAULTS:
            wrong = fault.wrong(values)
            if fault.code not in faults and wrong.any():
                at = int(np.argmax(wrong))
                text = fault.message.format(step=int(steps[at]), value=float(values[at]))
                faults[fault.code] = Diagnostic(fault.code, text, span)
        zeros_from = _zeros_from(steps, values, zeros_from)
    found = list(faults.values())
    if zeros_from is not None and zeros_from < total - 1 and not found:
        found.append(_zero_tail_warning(zeros_from, total, span))
    if checked < total:
        message = f"checked {checked:,} of {total:,} steps"
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


def _zeros_from(steps: Array, values: Array, before: int | None) -> int | None:
    """The step from which on every rate so far is exactly 0."""
    rates = np.flatnonzero(values)
    if rates.size == 0:
        return int(steps[0]) if before is None else before
    return int(steps[rates[-1] + 1]) if rates[-1] + 1 < steps.size else None
