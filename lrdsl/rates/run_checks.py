"""Checks of a run: no NaN, infinite or negative rate, no tail of zeros; each with a step."""

from __future__ import annotations

from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.ir.ops import Op
from lrdsl.rates.facts import Facts, facts


def check_rates(ir: Op, total_steps: int, span: Span) -> list[Diagnostic]:
    """What is wrong with the rates of a run, in the float32 that will train."""
    seen = facts(ir, total_steps)
    found = _wrong(seen, span)
    if not found:
        found = _zero_tail(seen, total_steps, span)
    if seen.steps < total_steps:
        message = f"checked the first {seen.steps:,} of {total_steps:,} steps"
        found.append(Diagnostic("LRD208", message, span, "info"))
    return found


def _wrong(seen: Facts, span: Span) -> list[Diagnostic]:
    rows = [
        ("LRD201", seen.nan, "the rate is NaN at step {0.step:,}"),
        ("LRD202", seen.infinite, "the rate is infinite at step {0.step:,}"),
        ("LRD203", seen.negative, "the rate is negative at step {0.step:,}: {0.value:.6g}"),
    ]
    return [Diagnostic(code, text.format(rate), span) for code, rate, text in rows if rate]


def _zero_tail(seen: Facts, total_steps: int, span: Span) -> list[Diagnostic]:
    start = seen.zeros_from
    if start is None or start >= total_steps - 1 or seen.steps < total_steps:
        return []
    many = total_steps - start
    message = f"the rate is exactly 0 for the last {many:,} steps, from step {start:,}"
    return [Diagnostic("LRD205", message, span, "warning")]
