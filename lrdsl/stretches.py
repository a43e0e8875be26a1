"""The stretches of a run: where the rate stands still, where it moves, and what repeats.

`pieces` finds where a rate changes its formula; `engines.runs` fills each stretch its own way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrdsl.core import Op, in_order
from lrdsl.pieces import Pieces, pieces
from lrdsl.specialising import Special, specialise

Array = NDArray[Any]

# From here on a piece that moves gets a tree of its own, and levels are filled.
LONG = 65_536
# Pieces that are told apart at once; a run of more is halved, down to this length.
_MOST_PIECES = 4096
_SHORTEST = 2**18


class Stretch(NamedTuple):
    """The steps from low to high, both included; the starts of its levels if it has no others."""

    low: int
    high: int
    starts: Array | None = None


def stretches(core: Op, low: int, high: int) -> Iterator[Stretch]:
    """Levels, long pieces that move, and what lies between them."""
    found = pieces(core, low, high, _MOST_PIECES)
    pending: int | None = None
    for first, last, starts in _runs(found, high):
        if last + 1 - first >= LONG:
            if pending is not None:
                yield Stretch(pending, first - 1)
            pending = None
            if starts is None and (first, last) == (low, high):
                yield from _halves(core, low, high)
            else:
                yield Stretch(first, last, starts)
        elif pending is None:
            pending = first
    if pending is not None:
        yield Stretch(pending, high)


def _runs(found: Pieces, high: int) -> Iterator[tuple[int, int, Array | None]]:
    """Adjacent levels together, with their starts; each piece that moves by itself."""
    stops = np.append(found.starts[1:], high + 1)
    begins = np.flatnonzero(~found.level | np.append(True, ~found.level[:-1]))
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), stops.size], strict=True):
        starts = found.starts[begin:end] if found.level[begin] else None
        yield int(found.starts[begin]), int(stops[end - 1]) - 1, starts


def _halves(core: Op, low: int, high: int) -> Iterator[Stretch]:
    """A stretch of one piece; if it has too many to be told apart, its halves may have fewer."""
    if high - low < 2 * _SHORTEST or not _has_stairs(specialise(core, low, high)):
        yield Stretch(low, high)
        return
    middle = (low + high) // 2
    yield from stretches(core, low, middle)
    yield from stretches(core, middle + 1, high)


def _has_stairs(special: Special) -> bool:
    order = in_order(special.core)
    return any(op.name in ("floordiv", "count") for op in order) and not period(special)


def period(special: Special) -> int:
    """After how many steps everything repeats; 0 where no remainder says so."""
    lengths = []
    for op in in_order(special.core):
        for arg in op.args:
            line = special.lines.get(id(arg))
            if line is None or line.factor == 0 or id(op) in special.lines:
                continue
            if op.name != "mod":
                return 0
            divisor = op.args[1].data
            lengths.append(divisor // math.gcd(divisor, line.factor))
    return math.lcm(*lengths) if lengths else 0
