"""Sequences: parts one after another, each on a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from lrdsl.arithmetic import Arithmetic
from lrdsl.clocks import Frame
from lrdsl.conditions import choose, less
from lrdsl.errors.diagnostics import Diagnostic
from lrdsl.scopes import Place
from lrdsl.syntax import tree
from lrdsl.values import Exact, Value, constant, constant_of

if TYPE_CHECKING:
    from lrdsl.expander import Expander


def sequence(expander: Expander, node: tree.Sequence, place: Place) -> Value:
    """The parts one after another, each on its own clock from its first step on."""
    clock = expander.clock(place)
    bounds = _boundaries(expander, node, place)
    readers, starts = [], []
    for index, part in enumerate(node.parts):
        start = bounds[index]
        length = bounds[index + 1] - start if index + 1 < len(bounds) else None
        if index + 1 < len(node.parts) and length == 0:
            continue  # a part of no step
        inner = replace(place, frame=Frame(place.frame, Fraction(start), length))
        readers.append(lambda p=part, i=inner: expander.quantity(p.body, i))
        starts.append(start)
        if index and place.scope.site is None:
            _begins(expander, part, start, place.frame)
    results = [quantity.value for quantity in expander.all(readers)]
    return _switch(expander.arithmetic, clock.t, starts[1:], results)


def _begins(expander: Expander, part: tree.Part, start: int, frame: Frame) -> None:
    """A warning for a part that the run does not live to see."""
    total, base = expander.run.total_steps, expander.start_of(frame)
    if total is not None and base is not None and base + start >= total:
        message = f"this part is never reached: training ends at step {total:,}"
        expander.warnings.append(Diagnostic("LRD306", message, part.body.span, "warning"))


def _boundaries(expander: Expander, node: tree.Sequence, place: Place) -> list[int]:
    """Where the parts begin (and, if it says so, the last one ends), in whole steps."""
    bounds, total = [0], Fraction(0)
    for part in node.parts:
        if part.duration is None:
            continue
        what = "the length of a part"
        length = expander.fixed(part.duration, place, what, time=True)
        if length < 0:
            message = "a part cannot last a negative time"
            help_ = "the parts before it may be longer than the run"
            raise expander.refused("LRD304", message, part.duration, place.scope, help_)
        total += length
        bounds.append((total + Fraction(1, 2)).__floor__())
    return bounds


def _switch(a: Arithmetic, time: Exact, bounds: Sequence[int], values: Sequence[Value]) -> Value:
    """values[k] from bounds[k - 1] on: a table of constants, else a tree of choices."""
    if len(values) == 1:
        return values[0]
    known = [constant_of(value) for value in values]
    if None not in known:
        index = a.count(time, [Fraction(b) for b in bounds])
        return a.read(index, known)  # type: ignore[arg-type]
    middle = len(values) // 2
    test = less(a, time, constant(bounds[middle - 1]))
    early = _switch(a, time, bounds[: middle - 1], values[:middle])
    late = _switch(a, time, bounds[middle:], values[middle:])
    return choose(a, test, early, late)
