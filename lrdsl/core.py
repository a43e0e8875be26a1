"""The core tree: about thirty operations on int64 and float64, shared and bounded."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from lrdsl.constants import flushed

DType = Literal["int", "float", "bool"]

# Steps are exact up to here (over 10^12); integers must stay within LARGEST, those of int64, on
# the way.
LAST_STEP = 2**40
LARGEST = 2**63 - 1

# Below this, a float32 rate of a line stays away from the middle of two others by more than the
# rounding of a product and a sum in float64: by 1 / (2^25 * the odd part of the denominator).
ODD = 2**26

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

# Operand operations that TensorFlow's and XLA's optimisers merge into a float operation, with
# another rounding: constants move through products and sums, x / sqrt(y) becomes x * rsqrt(y), ...
MOVED = {
    "add": frozenset({"add"}),
    "mul": frozenset({"div", "quotient"}),
    "div": frozenset({"div", "quotient", "mul", "sqrt"}),
    "log": frozenset({"add"}),
}
# And those that only XLA merges: a product and a sum to a fused one, powers of powers, ...
FUSED = {
    "add": frozenset({"mul"}),
    "mul": frozenset({"pow", "sqrt"}),
    "div": frozenset({"pow"}),
    "pow": frozenset({"pow", "sqrt"}),
    "log": frozenset({"div", "mul", "pow", "sqrt"}),
    "sqrt": frozenset({"div", "mul", "pow", "sqrt"}),
}


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One operation. Equal operations of one graph are one object.

    `data`: the value of `integer` and `number`, the denominator of `ratio` and `quotient`, the
    boundaries of `count` (how many are <= the operand), the values of `take` (a table read at
    its operand).
    `whole` is the integer of an integral float; `guard` is its operand, at most the largest
    float64 (see `MOVED`; where only XLA needs it, its data is "xla").
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


class Graph:
    """Makes operations; the same operation on the same operands is made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Op] = {}

    def make(
        self, name: str, *args: Op, data: Any = None, dtype: DType | None = None,
        low: int = 0, high: int = 0,
    ) -> Op:  # fmt: skip
        key = (name, *map(id, args), repr(data) if isinstance(data, float) else data, dtype)
        if key not in self._made:
            if low < -LARGEST or high > LARGEST:
                raise TooLarge
            declared = OPERATIONS[name]
            kind = dtype or (args[-1].dtype if declared == "=" else declared)
            self._made[key] = Op(name, args, data, kind, low, high)  # type: ignore[arg-type]
        return self._made[key]

    def step(self) -> Op:
        return self.make("step", low=0, high=LAST_STEP)

    def integer(self, value: int) -> Op:
        return self.make("integer", data=value, low=value, high=value)

    def number(self, value: float) -> Op:
        """A float64; below the normal numbers, compiled code has 0, so all have."""
        return self.make("number", data=flushed(float(value), sys.float_info.min))

    def add(self, a: Op, b: Op) -> Op:
        """Integer sum."""
        if a.name == b.name == "integer":
            return self.integer(a.data + b.data)
        if b.name == "integer" and b.data == 0:
            return a
        if b.name == "integer" and (shift := _shifted(a)):
            return self.add(a.args[0], self.integer(shift + b.data))
        low, high = _laps_range(a, b) or (a.low + b.low, a.high + b.high)
        return self.make("add", a, b, low=low, high=high)

    def subtract(self, a: Op, b: Op) -> Op:
        """Integer difference."""
        if b.name == "integer":
            return self.add(a, self.integer(-b.data))
        if a.name == "integer" and (shift := _shifted(b)):
            return self.subtract(self.integer(a.data - shift), b.args[0])
        low, high = _laps_range(b, a, sign=-1) or (a.low - b.high, a.high - b.low)
        laps = rounded_up(a)
        if laps is not None and laps[0] is b:
            low, high = 0, laps[1]
        return self.make("sub", a, b, low=low, high=high)

    def _never_above(self, a: Op, b: Op) -> bool:
        """Whether a <= b at every step."""
        lap = _lap_of(a)
        if lap and b.name == "take" and b.args == lap[1].args:
            away = tuple(start - end for start, end in zip(lap[1].data, b.data, strict=True))
            known = _laps_range(lap[0], self.take(b.args[0], away))
            return known is not None and known[1] <= 0
        return a.high <= b.low

    def scale(self, a: Op, factor: int) -> Op:
        """Integer multiple."""
        if factor == 1 or a.name == "integer":
            return a if factor == 1 else self.integer(a.data * factor)
        if shift := _shifted(a):
            return self.add(self.scale(a.args[0], factor), self.integer(shift * factor))
        if a.name == "mul" and a.args[1].name == "integer":
            return self.scale(a.args[0], a.args[1].data * factor)
        ends = sorted((a.low * factor, a.high * factor))
        return self.make("mul", a, self.integer(factor), low=ends[0], high=ends[1])

    def multiply(self, a: Op, b: Op) -> Op:
        """Integer product."""
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        return self.make("mul", a, b, low=min(ends), high=max(ends))

    def floordiv(self, a: Op, divisor: int) -> Op:
        low, high = a.low // divisor, a.high // divisor
        if low == high:
            return self.integer(low)
        if divisor == 1:
            return a
        return self.make("floordiv", a, self.integer(divisor), low=low, high=high)

    def mod(self, a: Op, divisor: int) -> Op:
        if a.low >= 0 and a.high < divisor:
            return a
        return self.make("mod", a, self.integer(divisor), low=0, high=divisor - 1)

    def least(self, a: Op, b: Op) -> Op:
        if self._never_above(a, b):
            return a
        if self._never_above(b, a):
            return b
        if b.name == "integer" and (shift := _shifted(a)):
            limit = self.integer(b.data - shift)
            return self.add(self.least(a.args[0], limit), self.integer(shift))
        return self.make("min", a, b, low=min(a.low, b.low), high=min(a.high, b.high))

    def most(self, a: Op, b: Op) -> Op:
        if a.low >= b.high:
            return a
        if b.low >= a.high:
            return b
        if b.name == "integer" and (shift := _shifted(a)):
            limit = self.integer(b.data - shift)
            return self.add(self.most(a.args[0], limit), self.integer(shift))
        return self.make("max", a, b, low=max(a.low, b.low), high=max(a.high, b.high))

    def absolute(self, a: Op) -> Op:
        if a.low >= 0:
            return a
        return self.make("abs", a, low=0, high=max(-a.low, a.high))

    def count(self, a: Op, boundaries: tuple[int, ...]) -> Op:
        if a.name == "floordiv":
            divisor = a.args[1].data
            return self.count(a.args[0], tuple(each * divisor for each in boundaries))
        # those that are never reached may be of any size
        boundaries = tuple(max(each, a.low) for each in boundaries if each <= a.high)
        low = sum(boundary <= a.low for boundary in boundaries)
        high = sum(boundary <= a.high for boundary in boundaries)
        if low == high:
            return self.integer(low)
        return self.make("count", a, data=boundaries, low=low, high=high)

    def take(self, index: Op, values: tuple[int, ...] | tuple[float, ...]) -> Op:
        """A table of int64 or float64 read at an index that is inside it."""
        if isinstance(values[0], float):
            rates = tuple(flushed(each, sys.float_info.min) for each in values)
            return self.make("take", index, data=rates, dtype="float")
        whole = [int(value) for value in values]
        return self.make(
            "take", index, data=tuple(whole), dtype="int", low=min(whole), high=max(whole)
        )

    def select(self, test: Op, a: Op, b: Op) -> Op:
        if a is b:
            return a
        low, high = min(a.low, b.low), max(a.high, b.high)
        return self.make("select", test, a, b, low=low, high=high)

    def again(self, op: Op, args: Sequence[Op]) -> Op:
        """An operation on other operands, which may fold it.

        An integer that would leave int64 does so only in a branch that is not reached, so it
        keeps its bounds.
        """
        try:
            match op.name, op.dtype, args:
                case "add", "int", [a, b]:
                    return self.add(a, b)
                case "sub", "int", [a, b]:
                    return self.subtract(a, b)
                case "mul", "int", [a, b]:
                    return self.multiply(a, b)
                case "min", "int", [a, b]:
                    return self.least(a, b)
                case "max", "int", [a, b]:
                    return self.most(a, b)
                case "abs", "int", [a]:
                    return self.absolute(a)
                case "floordiv", _, [a, b]:
                    return self.floordiv(a, b.data)
                case "mod", _, [a, b]:
                    return self.mod(a, b.data)
                case "count", _, [a]:
                    return self.count(a, op.data)
        except TooLarge:
            pass
        return self.copied(op, args)

    def copied(self, op: Op, args: Sequence[Op]) -> Op:
        """An operation on other operands, as it is."""
        return self.make(op.name, *args, data=op.data, dtype=op.dtype, low=op.low, high=op.high)

    def real(self, name: str, *args: Op) -> Op:
        """A float operation, its operands guarded from what compilers rewrite together with it."""
        square = name == "mul" and args[0] is args[1]
        scaled = name == "mul" and any(arg.name == "number" for arg in args)
        moved = MOVED.get(name, frozenset()) | ({"mul"} if scaled else set())
        fused = FUSED.get(name, frozenset())
        return self.make(name, *(self._guarded(arg, moved, fused, square) for arg in args))

    def _guarded(self, a: Op, moved: Set[str], fused: Set[str], square: bool) -> Op:
        inner = a.args[0] if a.name == "neg" else a
        if inner.name not in moved | fused:
            return a
        # no constant is moved into a square, or out of one
        plain = square or (inner.name == "mul" and inner.args[0] is inner.args[1])
        only_xla = plain or inner.name not in moved
        return self.make("guard", a, data="xla" if only_xla else None)

    def times(self, a: Op, b: Op) -> Op:
        """Float product."""
        if b.name == "number" and b.data == 1.0:
            return a
        if b.name == "number" and b.data == -1.0:
            return self.make("neg", a)
        return self.real("mul", a, b)


def per_update(root: Op, accumulate: int) -> Op:
    """The tree for a step that counts micro-batches, of which `accumulate` are one update."""
    if accumulate == 1:
        return root
    graph = Graph()
    made: dict[int, Op] = {}
    for op in in_order(root):
        if op.name == "step":
            made[id(op)] = graph.floordiv(graph.step(), accumulate)
        else:
            args = [made[id(arg)] for arg in op.args]
            counts = op.name == "count"  # the bounds of others are those of updates
            made[id(op)] = graph.again(op, args) if counts else graph.copied(op, args)
    return made[id(root)]


def _lap_of(a: Op) -> tuple[Op, Op] | None:
    """The parts of a sum of an integer and a table that is read at a count of it."""
    if a.name == "add" and a.dtype == "int" and _counted(*a.args):
        return a.args[0], a.args[1]
    return None


def _counted(a: Op, b: Op) -> bool:
    index = b.args[0] if b.name == "take" and b.dtype == "int" else b
    return index.name == "count" and index.args[0] is a


def _laps_range(a: Op, table: Op, sign: int = 1) -> tuple[int, int] | None:
    """The bounds of table + sign * a, if the table is read at a count of a; else None."""
    if not (table.name == "take" and _counted(a, table)):
        return None
    bounds = table.args[0].data
    firsts, lasts = (a.low, *bounds), (*(each - 1 for each in bounds), a.high)
    ends = [
        value + sign * end
        for value, first, last in zip(table.data, firsts, lasts, strict=False)
        for end in (first, last)
        if first <= last
    ]
    return min(ends), max(ends)


def straight(a: Op) -> tuple[Op, int, int] | None:
    """x, k and c, where an integer is k x + c and nothing in it is negative; k is not 1."""
    match a:
        case Op("add", (Op("mul", (x, Op("integer", (), k))), Op("integer", (), c))):
            pass
        case Op("mul", (x, Op("integer", (), k))):
            c = 0
        case _:
            return None
    return (x, k, c) if x.low >= 0 < k and c >= 0 else None


def rounded_up(a: Op) -> tuple[Op, int] | None:
    """x >= 0 and d, where an integer is d * max(1, ceil(x / d))."""
    match a:
        case Op("mul", (Op("max", (one, Op("floordiv", (Op("add", (x, up)), lap)))), d)):
            if one.data == 1 and up.data == lap.data - 1 and d.data == lap.data and x.low >= 0:
                return x, d.data
    return None


def _shifted(a: Op) -> int:
    """What an integer sum ends with."""
    ends = a.name == "add" and a.dtype == "int" and a.args[1].name == "integer"
    return int(a.args[1].data) if ends else 0


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
