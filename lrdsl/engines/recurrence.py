"""Recurrences to tables: `first`, then `next` of the value before, window by window.

What does not depend on the value before is computed for all windows at once, by NumPy.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from lrdsl.engines.numpy import FUNCTIONS as ARRAYS
from lrdsl.engines.numpy import loaded
from lrdsl.engines.python import FUNCTIONS as NUMBERS
from lrdsl.engines.walk import walk
from lrdsl.expand.context import Recurrence, TooMuchWork
from lrdsl.ir.ops import WITH_DATA, Op, in_order

_AT_ONCE = 8  # operations of NumPy on one window that take as long as a call

Update = Callable[[float, int], Any]


def tabulate(recurrence: Recurrence, most: int) -> tuple[Sequence[float], int]:
    """The value of each window in float64, and how many operations were computed one by one.

    Raises TooMuchWork where that would be more than `most`.
    """
    following = recurrence.following
    varying = _varying(following)
    known = len(in_order(following)) - len(varying)  # computed for many windows at a time
    work = recurrence.windows * (_calls(following, varying, most) + known // _AT_ONCE)
    if work > most:
        raise TooMuchWork
    step = recurrence.start
    top, bottom = recurrence.every.as_integer_ratio()
    windows = range(recurrence.windows)
    steps = step - np.array([-window * top // bottom for window in windows], np.int64)
    with np.errstate(all="ignore"):
        update = _update(following, varying, steps)
        first = walk(recurrence.first, NUMBERS).run(step, float("nan"))
        values = accumulate(range(1, recurrence.windows), update, initial=float(first))
        return array("d", values), work


def _varying(root: Op) -> set[Op]:
    """The operations that depend on the value before."""
    found: set[Op] = set()
    for op in in_order(root):
        if op.name == "prev" or any(arg in found for arg in op.args):
            found.add(op)
    return found


def _calls(root: Op, varying: set[Op], most: int) -> int:
    """How many functions one window calls; operands that two operations share count twice."""
    calls: dict[Op, int] = {}
    for op in in_order(root):
        below = sum(calls[arg] for arg in op.args) if op in varying else 0
        calls[op] = min(1 + below, most + 1)
    return calls[root]


def _update(op: Op, varying: set[Op], steps: Any) -> Update:
    """A function from the value before and a window's number to an operation's value there."""
    if op.name == "prev":
        return lambda prev, window: prev
    if op not in varying:
        return _known(op, steps)
    function, args = NUMBERS[op.name], [_update(arg, varying, steps) for arg in op.args]
    data = (op.data,) if op.name in WITH_DATA else ()
    match args:
        case [a]:
            return lambda prev, window: function(a(prev, window), *data)
        case [a, b]:
            return lambda prev, window: function(a(prev, window), b(prev, window))
    a, b, c = args
    return lambda prev, window: function(a(prev, window), b(prev, window), c(prev, window))


def _known(op: Op, steps: Any) -> Update:
    if op.name in ("integer", "number"):
        return lambda prev, window: op.data
    values = np.broadcast_to(walk(op, ARRAYS, loaded).run(steps), steps.shape)
    kept = array({"f": "d", "i": "q", "b": "b"}[values.dtype.kind], values.tobytes())
    return lambda prev, window: kept[window]
