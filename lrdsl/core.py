"""The core tree: about thirty operations on int64 and float64, each with its bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

DType = Literal["int", "float", "bool"]

# Steps are exact up to here (over 10^12); integers must stay within LARGEST, those of int64, on
# the way.
LAST_STEP = 2**40
LARGEST = 2**63 - 1
# float64 holds every integer up to here.
LARGEST_EXACT = 2**53

# Every operation and the type of its result; `=` is the type of its last operand.
OPERATIONS: dict[str, str] = {
    "step": "int", "prev": "float", "integer": "int", "number": "float",
    "add": "=", "sub": "=", "mul": "=", "neg": "=", "abs": "=", "min": "=", "max": "=",
    "floordiv": "int", "mod": "int", "count": "int", "take": "=",
    "cast": "float", "ratio": "float", "quotient": "float", "guard": "float",
    "div": "float", "pow": "float", "log": "float", "sin": "float", "cos": "float",
    "sqrt": "float", "floor": "float", "round": "float", "whole": "int",
    "lt": "bool", "le": "bool", "eq": "bool", "and": "bool", "or": "bool", "not": "bool",
    "select": "=",
}  # fmt: skip


# Those whose function gets the operation's data after its operands.
WITH_DATA = frozenset({"integer", "number", "count", "take", "ratio", "quotient"})


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One operation. Equal operations of one graph are one object.

    `data`: the value of `integer` and `number`, the denominator of `ratio` and `quotient`, the
    boundaries of `count` (how many are <= the operand), the values of `take` (a table read at
    its operand).
    `whole` is the integer of an integral float; `guard` is its operand, at most the largest
    float64 (see `graph.MOVED`; where only XLA needs it, its data is "xla").
    `low` and `high` bound an integer for every step in [0, LAST_STEP].
    """

    name: str
    args: tuple[Op, ...] = ()
    data: Any = None
    dtype: DType = "float"
    low: int = field(default=0, repr=False)
    high: int = field(default=0, repr=False)


class TooLarge(Exception):
    """An integer would leave int64 at some step; the caller goes on in float64."""


def in_order(root: Op) -> list[Op]:
    """The operations below `root`, operands first, each once; does not recurse."""
    order: list[Op] = []
    seen: set[int] = set()
    stack: list[tuple[Op, bool]] = [(root, False)]
    while stack:
        op, done = stack.pop()
        if done:
            order.append(op)
        elif id(op) not in seen:
            seen.add(id(op))
            stack.append((op, True))
            stack.extend((arg, False) for arg in reversed(op.args))
    return order
