"""Constants of products in the factor where they cost least, as long as no rate shows it."""

from __future__ import annotations

import math
from collections.abc import Callable

from lrdsl.core import Op, in_order
from lrdsl.engines.intervals import NAN, Interval
from lrdsl.graph import Graph

# Three numbers up to here have a product that float64 holds.
_MODERATE = 2.0**300
# A sum that is so many times smaller than its terms is still right to float32.
_FEW_BITS = 2.0**10


def scaled(graph: Graph, root: Op, known: Callable[[], dict[Op, Interval]]) -> Op:
    """c (x y) as (c x) y, which needs no guard outside XLA; only where nothing overflows.

    It is rounded differently, by parts of 2^-53, so it stays where that could be seen: below a
    floor, a comparison or a difference. `known` are the bounds of the operations.
    """
    products = {op: found for op in in_order(root) if (found := _product(graph, op))}
    if not products:
        return root
    bounds = known()
    relative = _relative(root, bounds)
    made: dict[Op, Op] = {}
    for op in in_order(root):
        found = products.get(op) if op in relative else None
        if found and max(_size(bounds, each) for each in found) <= _MODERATE:
            x, y, number = (made[each] for each in found)
            made[op] = graph.real("mul", graph.real("mul", x, number), y)
        else:
            made[op] = graph.anew(op, [made[arg] for arg in op.args])
    return made[root]


def _product(graph: Graph, op: Op) -> tuple[Op, Op, Op] | None:
    match op:
        case Op("mul", (Op("guard", (Op("mul", (x, y)),)), Op("number") as number)):
            if x is not y and not graph.has_constant(x) and not graph.has_constant(y):
                return x, y, number
    return None


def _relative(root: Op, bounds: dict[Op, Interval]) -> set[Op]:
    """The operations of whose relative error the rate has at most some times as much."""
    relative, others = {root}, set[Op]()
    for op in reversed(in_order(root)):
        match op.name, op.args:
            case "select", (_, *branches) if op in relative:
                relative.update(branches)
            case (("mul" | "neg" | "guard"), args) if op in relative:
                relative.update(args)
            case "add", args if op in relative and not _cancels(op, bounds):
                relative.update(args)
            case _:
                others.update(op.args)
        if op in others:
            others.update(op.args)
    return relative - others


def _cancels(total: Op, bounds: dict[Op, Interval]) -> bool:
    """Whether a sum may be much smaller than what it is the sum of."""
    if all(_bounds_of(bounds, arg)[0] >= 0 for arg in total.args):
        return False
    low, high = _bounds_of(bounds, total)
    largest = max(_size(bounds, arg) for arg in total.args)
    return not max(low, -high) * _FEW_BITS >= largest


def _size(bounds: dict[Op, Interval], op: Op) -> float:
    low, high = _bounds_of(bounds, op)
    return max(-low, high) if low <= high else math.inf


def _bounds_of(bounds: dict[Op, Interval], op: Op) -> Interval:
    """Those of an operation, which a guard keeps; unknown ones are NaN."""
    return bounds.get(op.args[0] if op.name == "guard" else op, NAN)
