"""How many TensorFlow ops a core tree executes at most, without TensorFlow."""

from __future__ import annotations

from collections import Counter

from lrdsl.core import Op, in_order
from lrdsl.fading import faded
from lrdsl.lifting import RELU, SINGLE, in_float32, lifted
from lrdsl.shapes import ODD, straight

# Ops of each operation, where that is not 1.
_OPS = {"step": 0, "prev": 0, "integer": 0, "number": 0, "whole": 3}

# What TensorFlow's optimiser runs as one op when nothing else uses what is in between, on CPUs.
_UNARY = {"sin", "cos", "log", "sqrt", "abs", "neg", "floor", "round"}


def smallest(core: Op) -> Op:
    """The tree itself, or with integers in float64 or tables, whichever takes the fewest ops."""
    trees = dict.fromkeys([core, faded(core)])
    return min([each for tree in trees for each in (tree, lifted(tree))], key=_ops)


def graph_ops(core: Op) -> int:
    """Ops executed for one rate outside XLA, the read of the step and the rounding included.

    They are those that TensorFlow's own optimiser leaves, constants apart; now and then it finds
    one more to leave out.
    """
    return 0 if core.name == "number" else _ops(smallest(core))


def _ops(core: Op) -> int:
    order = in_order(core)
    uses = Counter(id(arg) for op in order for arg in set(op.args))
    rounding = 0 if core.name == "take" else 1
    saved = sum(len(tables) - 2 for tables in rows(order))
    return 1 + rounding + sum(_ops_of(op, order, uses) for op in order) - saved


def rows(order: list[Op]) -> list[list[Op]]:
    """Tables of float64 of one length, read at one index, where they are three: a table of rows."""
    tables: dict[tuple[Op, int], list[Op]] = {}
    for op in order[:-1]:
        if op.name == "take" and op.dtype == "float":
            tables.setdefault((op.args[0], len(op.data)), []).append(op)
    return [same for same in tables.values() if len(same) > 2]


def line_of(op: Op) -> tuple[Op, float, float] | None:
    """x, a and b, where the ratio (k x + c) / d is a x + b to the float32 that it is rounded to.

    That takes an op less. k and x are positive, c is, or is 0, so that nothing cancels.
    """
    total, denominator = op.args[0], op.data
    if denominator // (denominator & -denominator) >= ODD:
        return None
    line = straight(total)
    if line is None:
        return None
    x, factor, shift = line
    return x, factor / denominator, shift / denominator


def _ops_of(op: Op, order: list[Op], uses: Counter[int]) -> int:
    if _is_unary(op) and _is_unary(op.args[0]) and uses[id(op.args[0])] == 1:
        return 0
    match op.name:
        case "guard":
            return 0 if op.data == "xla" else 1
        case "count":
            return _search(op, order)
        case "quotient":
            return 3 if op.args[0].high <= op.data else 5
        case "ratio":  # a cast, and a product unless that counts where it is in integers
            line = line_of(op)
            x = line[0] if line else op.args[0]
            cast = all(each.name != "cast" or each.args[0] is not x for each in order)
            return cast + (line is None)
        case "mul" if op.args[0] is op.args[1]:  # a square, of a difference
            base = op.args[0]
            return 0 if uses[id(base)] == 1 and base.name == "sub" and base.dtype == "int" else 1
    return _OPS.get(op.name, 1)


def _is_unary(op: Op) -> bool:
    square = op.name == "mul" and op.args[0] is op.args[1]
    return op.dtype == "float" and (op.name in _UNARY or op.data == RELU or square)


def _search(op: Op, order: list[Op]) -> int:
    if not bucketed(op):
        return 2 if nearest(op) else 3
    widened = any(op in each.args and each.name != "take" for each in order)
    return 2 if widened else 1


def bucketed(op: Op) -> bool:
    """Whether a search is one Bucketize, whose boundaries are float32, and so is a step for it."""
    return max(map(abs, op.data)) < SINGLE or (op.args[0].dtype == "float" and in_float32(op.data))


def nearest(op: Op) -> bool:
    """Whether a search for one step is that for the nearest point, which takes two ops.

    Searches are in float64 only where float32 holds the boundaries, or such points exist.
    """
    return op.args[0].dtype == "float" and not bucketed(op)
