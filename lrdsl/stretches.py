"""The stretches of a run: where the rate stands still, where it moves, and what repeats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrdsl.core import Graph, Op, in_order
from lrdsl.pieces import Pieces, pieces
from lrdsl.specialising import LARGEST_EXACT, Special, specialise

Array = NDArray[Any]

# A piece that moves gets a tree of its own from here on, one that stands still is filled.
LONG = 131_072
LEVEL_FROM = 32_768
# Pieces that are told apart in one window; a run of more is cut into windows.
_MOST_PIECES = 1024
_WINDOWS = 16
_SHORTEST_WINDOW = 2**18


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
        if last + 1 - first >= (LONG if starts is None else LEVEL_FROM):
            if pending is not None:
                yield Stretch(pending, first - 1)
            pending = None
            if starts is None and (first, last) == (low, high):
                yield from _windows(core, low, high)
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


def _windows(core: Op, low: int, high: int) -> Iterator[Stretch]:
    """A stretch of one piece; if it has too many to be told apart, windows may have fewer."""
    length = high + 1 - low
    if length < 2 * _SHORTEST_WINDOW or not _has_stairs(specialise(core, low, high)):
        yield Stretch(low, high)
        return
    window = max(_SHORTEST_WINDOW, -(-length // _WINDOWS))
    for start in range(low, high + 1, window):
        yield from stretches(core, start, min(start + window, high + 1) - 1)


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


@lru_cache(maxsize=64)
def in_integers(core: Op) -> Op:
    """The same rates with sums and clamps of integers in int64 again, where they are in float64.

    There `pieces` follows them, and a line is one however it was written.
    """
    graph = Graph()
    made: dict[int, Op] = {}
    whole: dict[int, Op] = {}
    for op in in_order(core):
        found = _whole(op, [whole.get(id(arg)) for arg in op.args], made, graph)
        if found is not None and max(-found.low, found.high) < LARGEST_EXACT:
            whole[id(op)] = found
        if op.name != "number" and id(op) in whole:
            made[id(op)] = graph.make("cast", whole[id(op)])
            continue
        args = [made[id(arg)] for arg in op.args]
        if op.dtype == "bool" and all(id(arg) in whole for arg in op.args):
            args = [whole[id(arg)] for arg in op.args]
        made[id(op)] = graph.make(
            op.name, *args, data=op.data, dtype=op.dtype, low=op.low, high=op.high
        )
    return made[id(core)]


def _whole(op: Op, args: list[Op | None], made: dict[int, Op], graph: Graph) -> Op | None:
    """A float operation on integers as an operation of integers, or None."""
    if op.name == "cast":
        return made[id(op.args[0])]
    if op.name == "number":
        plain = op.data % 1 == 0 and (op.data != 0 or math.copysign(1, op.data) > 0)
        return graph.integer(int(op.data)) if plain and abs(op.data) < LARGEST_EXACT else None
    if op.dtype != "float" or len(args) != 2 or args[0] is None or args[1] is None:
        return None
    match op.name:
        case "add":
            return graph.add(args[0], args[1])
        case "sub":
            return graph.subtract(args[0], args[1])
        case "min":
            return graph.least(args[0], args[1])
        case "max":
            return graph.most(args[0], args[1])
        case "mul" if min(args[0].low, args[1].low) > 0:  # 0.0 * -1.0 is -0.0
            fits = args[0].high * args[1].high < LARGEST_EXACT
            return graph.multiply(args[0], args[1]) if fits else None
    return None
