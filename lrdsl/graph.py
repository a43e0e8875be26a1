"""Makes core operations: equal ones are one object, constants fold, integers are bounded."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from typing import Any

from lrdsl.constants import flushed
from lrdsl.core import LARGEST, LAST_STEP, OPERATIONS, DType, Op, TooLarge, in_order
from lrdsl.shapes import lap_of, laps_range, rounded_up, shifted

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


class Graph:
    """Makes operations; the same operation on the same operands is made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Op] = {}
        # Numbers, and products in which one is a factor with no guard for all compilers.
        self._scaled: set[Op] = set()

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
            made = self._made[key] = Op(name, args, data, kind, low, high)  # type: ignore[arg-type]
            open_ = name in ("mul", "neg") or (name == "guard" and data == "xla")
            if name == "number" or (open_ and any(map(self.has_constant, args))):
                self._scaled.add(made)
        return self._made[key]

    def has_constant(self, a: Op) -> bool:
        """Whether an operation of this graph is a number, or a product that shows one."""
        return a in self._scaled

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
        if b.name == "integer" and (shift := shifted(a)):
            return self.add(a.args[0], self.integer(shift + b.data))
        low, high = laps_range(a, b) or (a.low + b.low, a.high + b.high)
        return self.make("add", a, b, low=low, high=high)

    def subtract(self, a: Op, b: Op) -> Op:
        """Integer difference."""
        if b.name == "integer":
            return self.add(a, self.integer(-b.data))
        if a.name == "integer" and (shift := shifted(b)):
            return self.subtract(self.integer(a.data - shift), b.args[0])
        low, high = laps_range(b, a, sign=-1) or (a.low - b.high, a.high - b.low)
        laps = rounded_up(a)
        if laps is not None and laps[0] is b:
            low, high = 0, laps[1]
        return self.make("sub", a, b, low=low, high=high)

    def _never_above(self, a: Op, b: Op) -> bool:
        """Whether a <= b at every step."""
        lap = lap_of(a)
        if lap and b.name == "take" and b.args == lap[1].args:
            away = tuple(start - end for start, end in zip(lap[1].data, b.data, strict=True))
            known = laps_range(lap[0], self.take(b.args[0], away))
            return known is not None and known[1] <= 0
        return a.high <= b.low

    def scale(self, a: Op, factor: int) -> Op:
        """Integer multiple."""
        if factor == 1 or a.name == "integer":
            return a if factor == 1 else self.integer(a.data * factor)
        if shift := shifted(a):
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
        if b.name == "integer" and (shift := shifted(a)):
            limit = self.integer(b.data - shift)
            return self.add(self.least(a.args[0], limit), self.integer(shift))
        return self.make("min", a, b, low=min(a.low, b.low), high=min(a.high, b.high))

    def most(self, a: Op, b: Op) -> Op:
        if a.low >= b.high:
            return a
        if b.low >= a.high:
            return b
        if b.name == "integer" and (shift := shifted(a)):
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

    def anew(self, op: Op, args: Sequence[Op]) -> Op:
        """As `again`, and its operands guarded as if it was made for the first time."""
        if op.dtype == "float" and (op.name in MOVED or op.name in FUSED):
            return self.real(op.name, *args)
        return self.again(op, args)

    def copied(self, op: Op, args: Sequence[Op]) -> Op:
        """An operation on other operands, as it is."""
        return self.make(op.name, *args, data=op.data, dtype=op.dtype, low=op.low, high=op.high)

    def real(self, name: str, *args: Op) -> Op:
        """A float operation, its operands guarded from what compilers rewrite together with it."""
        moved, fused = MOVED.get(name, frozenset()), FUSED.get(name, frozenset())
        if name == "mul" and any(arg.name == "number" for arg in args):
            moved |= {"mul"}
        elif name == "mul":  # with no constant, there is nothing that TensorFlow moves
            moved, fused = frozenset(), fused | moved
            fused |= {"mul"} if any(map(self.has_constant, args)) else set()
        square = name == "mul" and args[0] is args[1]
        return self.make(name, *(self._guarded(arg, moved, fused, square) for arg in args))

    def _guarded(self, a: Op, moved: Set[str], fused: Set[str], square: bool) -> Op:
        inner = a.args[0] if a.name in ("neg", "abs") else a
        if inner.name not in moved | fused:
            return a
        # no constant is moved into a square, or, but for XLA, out of one
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
