"""The intermediate representation: operations on int64, float64 and truth values.

An operation depends on the step alone (and on `prev` inside a recurrence). Each has a meaning
outside this project, so that an engine is a table from these names to functions of one library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lrdsl.timeline import LAST_STEP as LAST_STEP

DType = Literal["int", "float", "bool"]

# Integers stay within int64.
LARGEST = 2**63 - 1

# Every operation and the type of its result; `=` is the type of its last operand.
OPERATIONS: dict[str, str] = {
    # without operands: the step, the value before it in a recurrence, a constant (its data)
    "step": "int", "prev": "float", "integer": "int", "number": "float",
    # arithmetic on two integers or two floats
    "add": "=", "sub": "=", "mul": "=", "min": "=", "max": "=", "abs": "=",
    # integers: floor division and its remainder, by a positive constant
    "floordiv": "int", "mod": "int",
    # a table: how many of its ascending integers are <= the operand; its item at an index
    "searchsorted": "int", "take": "=",
    # conversions; `to_int` takes NaN to 0
    "to_float": "float", "to_int": "int",
    # floats
    "div": "float", "pow": "float", "exp": "float", "log": "float", "sin": "float",
    "cos": "float", "tanh": "float", "sqrt": "float", "floor": "float", "rint": "float",
    # truth
    "lt": "bool", "le": "bool", "eq": "bool", "and": "bool", "or": "bool", "not": "bool",
    "where": "=",
}  # fmt: skip

# Operations with data: a constant, or a table. Their function gets it behind the operands.
WITH_DATA = frozenset({"integer", "number", "searchsorted", "take"})

TableData = Sequence[Any]  # a tuple of numbers, or an array of them


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One operation on others. Equal operations of one builder are one object.

    `low` and `high` bound an integer at every step from 0 to `LAST_STEP`.
    """

    name: str
    args: tuple[Op, ...] = ()
    data: Any = None
    dtype: DType = "float"
    low: int = field(default=0, repr=False)
    high: int = field(default=0, repr=False)


def in_order(root: Op) -> list[Op]:
    """The operations that `root` is made of, operands before what uses them, each once."""
    order: list[Op] = []
    seen: set[Op] = set()
    stack: list[tuple[Op, bool]] = [(root, False)]
    while stack:
        op, done = stack.pop()
        if done:
            order.append(op)
        elif op not in seen:
            seen.add(op)
            stack.append((op, True))
            stack.extend((arg, False) for arg in reversed(op.args))
    return order
