"""Powers of a number of laps as tables of what the reference computes, where they come to 0."""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

import numpy as np

from lrdsl.constants import SMALLEST, flushed
from lrdsl.core import Op, in_order
from lrdsl.engines.python import OPS as REFERENCE
from lrdsl.graph import Graph

# The most numbers of all tables: a quarter of a megabyte.
LONGEST = 32_768
# Below the logarithm of the smallest normal float64, which is -708.4: what has this one is 0.
_LOG_OF_ZERO = -710.0
_SIMPLE = ("add", "sub", "mul", "div", "neg", "guard")


class Fading(NamedTuple):
    """The values of a float operation for 0, 1, 2, ... laps; the last is that of all later ones."""

    laps: Op
    values: list[float]


def faded(core: Op) -> Op:
    """The same with a table for what is made of such a power and numbers."""
    order = in_order(core)
    found: dict[Op, Fading] = {}
    left = LONGEST
    for op in order:
        fading = _power(op) if op.name == "pow" else _of_fading(op, found)
        if fading is None:
            continue
        found[op] = fading
        left -= len(fading.values) if op.name == "pow" else 0
        if left < 0:
            return core
    if not found:
        return core
    needed = {arg for op in order if op not in found for arg in op.args} | {core}
    graph = Graph()
    made: dict[Op, Op] = {}
    for op in order:
        if op in found and op in needed:
            made[op] = _table(graph, found[op], made, rate=op is core)
        else:
            made[op] = graph.copied(op, [made[arg] for arg in op.args])
    return made[core]


def _power(op: Op) -> Fading | None:
    """base^(factor * laps), if it is 0 from some lap on, or there are few laps."""
    match op.args:
        case Op("number", (), base), Op("cast", (laps,)):
            factor = 1.0
        case Op("number", (), base), Op("mul", (Op("cast", (laps,)), Op("number", (), factor))):
            pass
        case _:
            return None
    if laps.name != "floordiv" or laps.low < 0 or not base > 0:
        return None
    slope = factor * math.log(base)
    last = laps.high if slope * laps.high > _LOG_OF_ZERO else math.ceil(_LOG_OF_ZERO / slope)
    if last >= LONGEST:
        return None
    return Fading(laps, [REFERENCE["pow"](base, lap * factor) for lap in range(last + 1)])


def _of_fading(op: Op, found: dict[Op, Fading]) -> Fading | None:
    """A simple operation of a fading one and numbers."""
    varying = {arg for arg in op.args if arg.name != "number"}
    if op.dtype != "float" or op.name not in _SIMPLE or len(varying) != 1:
        return None
    (only,) = varying
    if only not in found:
        return None
    laps, values = found[only]
    function = REFERENCE[op.name]
    return Fading(
        laps, [function(*(v if arg is only else arg.data for arg in op.args)) for v in values]
    )


def _table(graph: Graph, fading: Fading, made: dict[Op, Op], *, rate: bool) -> Op:
    """The values up to the last one that differs; those of a whole schedule as rates."""
    tiny = SMALLEST if rate else sys.float_info.min
    values = [flushed(each, tiny) for each in fading.values]
    bits = np.array(values).view(np.int64)  # 0.0 and -0.0 are two values
    size = 1 + int(np.flatnonzero(np.append(True, bits[:-1] != bits[-1]))[-1])
    if size == 1:
        return graph.number(values[0])
    index = graph.least(made[fading.laps], graph.integer(size - 1))
    return graph.take(index, tuple(values[:size]))
