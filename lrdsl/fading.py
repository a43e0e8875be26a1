"""Powers of a number of laps, which fade to 0, as tables of what the reference computes."""

from __future__ import annotations

import math
from typing import NamedTuple

from lrdsl.constants import flushed
from lrdsl.core import Op, in_order
from lrdsl.engines.python import OPS as REFERENCE
from lrdsl.graph import Graph

# The most numbers of a table: a quarter of a megabyte.
LONGEST = 32_768
# The logarithm of float64's smallest normal number, with room: smaller powers are 0.
_LAST = -710.0
_SIMPLE = ("add", "sub", "mul", "div", "neg", "guard")


class Fading(NamedTuple):
    """The values of a float operation for each number of laps; the last one is that of more."""

    laps: Op
    values: list[float]


def faded(core: Op) -> Op:
    """The same with a table for what is made of such a power and numbers."""
    order = in_order(core)
    found: dict[Op, Fading] = {}
    for op in order:
        fading = _power(op) if op.name == "pow" else _of_fading(op, found)
        if fading is not None:
            found[op] = fading
    outside = {arg for op in order if op not in found for arg in op.args} | {core}
    graph = Graph()
    made: dict[Op, Op] = {}
    for op in order:
        if op in found and op in outside:
            made[op] = _table(graph, found[op], made, rate=op is core)
        else:
            made[op] = graph.copied(op, [made[arg] for arg in op.args])
    return made[core]


def _power(op: Op) -> Fading | None:
    """base^(factor * laps), if it is 0 from some lap on."""
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
    last = min(laps.high, math.ceil(_LAST / slope)) if slope < 0 else laps.high
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
    function, operands = REFERENCE[op.name], [arg.data for arg in op.args]
    places = [arg is only for arg in op.args]
    rows = ([v if here else d for here, d in zip(places, operands, strict=True)] for v in values)
    return Fading(laps, [function(*row) for row in rows])


def _table(graph: Graph, fading: Fading, made: dict[Op, Op], *, rate: bool) -> Op:
    values = [flushed(value) for value in fading.values] if rate else fading.values
    size = len(values)
    while size > 1 and values[size - 2] == values[-1]:
        size -= 1
    index = graph.least(made[fading.laps], graph.integer(size - 1))
    return graph.take(index, tuple(values[:size]))
