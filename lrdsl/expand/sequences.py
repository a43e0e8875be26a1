"""Sequences: the segments of `A for 5ep then B`, each on a clock of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from lrdsl.errors.diagnostics import Diagnostic
from lrdsl.expand.choices import choose, compare
from lrdsl.expand.clocks import Frame
from lrdsl.expand.context import Context, Place
from lrdsl.expand.lookup import count, look_up
from lrdsl.expand.rationals import HALF, Value
from lrdsl.ir.builder import Builder
from lrdsl.syntax import tree


def read_sequence(context: Context, node: tree.Sequence, place: Place) -> Value:
    """The parts one after another, each on its own clock from its first step on."""
    bounds = _boundaries(context, node, place)
    readers, starts = [], []
    for index, part in enumerate(node.parts):
        start = bounds[index]
        length = bounds[index + 1] - start if index + 1 < len(bounds) else None
        if index + 1 < len(node.parts) and length == 0:
            continue  # a part of no step
        inner = replace(place, frame=context.frame(place.frame, start=start, length=length))
        readers.append(lambda p=part, i=inner: context.quantity(p.body, i))
        starts.append(start)
        if index and place.scope.site is None:
            _warn_unreached(context, part, start, place.frame)
    values = [quantity.value for quantity in context.all(readers)]
    return _switch(context.ir, context.clock(place).t, starts[1:], values)


def _warn_unreached(context: Context, part: tree.Part, start: Fraction, frame: Frame) -> None:
    """A warning for a part that the run does not live to see."""
    total, base = context.run.total_steps, context.start_of(frame)
    if total is not None and base is not None and base + start >= total:
        message = f"this part is never reached: training ends at step {total:,}"
        context.warnings.append(Diagnostic("LRD306", message, part.body.span, "warning"))


def _boundaries(context: Context, node: tree.Sequence, place: Place) -> list[Fraction]:
    """Where the parts begin (and, if it says so, the last one ends), in whole steps."""
    bounds, total = [Fraction(0)], Fraction(0)
    for part in node.parts:
        if part.duration is None:
            continue
        what = "the length of a part"
        length = context.fixed(part.duration, place, what, time=True)
        if length < 0:
            message = "a part cannot last a negative time"
            help_ = "the parts before it may be longer than the run"
            raise context.refused("LRD304", message, part.duration, place.scope, help_)
        total += length
        bounds.append(Fraction(math.floor(total + HALF)))
    return bounds


def _switch(ir: Builder, time: Value, bounds: Sequence[Fraction], values: Sequence[Value]) -> Value:
    """values[k] from bounds[k - 1] on: a table of constants, else a binary tree of choices."""
    if len(values) == 1:
        return values[0]
    constants = [value for value in values if isinstance(value, Fraction)]
    if len(constants) == len(values):
        return look_up(ir, count(ir, time, bounds), constants)
    middle = len(values) // 2
    test = compare(ir, "<", time, bounds[middle - 1])
    early = _switch(ir, time, bounds[: middle - 1], values[:middle])
    late = _switch(ir, time, bounds[middle:], values[middle:])
    return choose(ir, test, early, late)
