"""A core tree for one stretch of steps: what does not change there is folded away.

The result has the value of the whole tree, bit for bit, at every step of the stretch. Integers
that are straight lines become `factor * step + shift`, comparisons and clamps that the bounds
decide vanish, and integers that float64 holds exactly are computed in float64. `certificates`
and `engines.blocks` work on such trees.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

from lrdsl.core import LARGEST, LARGEST_EXACT, WITH_DATA, Op, in_order
from lrdsl.engines.intervals import NAN, Interval
from lrdsl.engines.intervals import OPS as INTERVALS
from lrdsl.engines.python import OPS as REFERENCE
from lrdsl.graph import Graph

Part = Op | bool

_DEEPEST = 32  # integers inside each other that are computed in float64

_CLAMPS = {"min": "max", "max": "min"}
# Operations whose zero is not negative if that holds for the operands and none is below 0.
_PLAIN = {"cast", "number", "add", "mul", "div", "min", "max", "pow", "sqrt", "abs"}


class Line(NamedTuple):
    """factor * step + shift, in integers."""

    factor: int
    shift: int


class Special(NamedTuple):
    """A tree for the steps from low to high, the bounds of its operations and its lines.

    `plain` holds the operations whose zero is never a negative one.
    """

    core: Op
    low: int
    high: int
    bounds: dict[int, Interval]
    lines: dict[int, Line]
    plain: set[int]


@lru_cache(maxsize=128)
def specialise(core: Op, low: int, high: int) -> Special:
    """`core` for the steps from `low` to `high`, both included."""
    stretch = _Stretch(low, high)
    made: dict[int, Part] = {}
    for op in in_order(core):
        made[id(op)] = stretch.rebuilt(op, [made[id(arg)] for arg in op.args])
    root = made[id(core)]
    assert isinstance(root, Op)
    return Special(root, low, high, stretch.bounds, stretch.lines, stretch.plain)


class _Stretch:
    """Makes operations whose step is in a range."""

    def __init__(self, low: int, high: int) -> None:
        self.graph = Graph()
        self.step = self.graph.make("step", low=low, high=high)
        self.bounds: dict[int, Interval] = {}
        self.lines: dict[int, Line] = {id(self.step): Line(1, 0)}
        self.plain: set[int] = set()
        self.casts: dict[int, Op] = {}

    def rebuilt(self, op: Op, args: list[Part]) -> Part:
        """`op` on operands that have been rebuilt."""
        if op.name == "select":
            return self._select(*args)
        if op.dtype == "bool":
            return self._truth(op, args)
        operands = [arg for arg in args if isinstance(arg, Op)]
        if op.dtype == "int":
            return self._integer(op, operands)
        return self._real(op, operands)

    def bounds_of(self, op: Part) -> Interval:
        if isinstance(op, bool):
            return int(op), int(op)
        if op.dtype == "int":
            return op.low, op.high
        return self.bounds.get(id(op), (0, 1) if op.dtype == "bool" else NAN)

    # truth

    def _select(self, test: Part, yes: Part, no: Part) -> Part:
        assert isinstance(yes, Op) and isinstance(no, Op)
        if isinstance(test, bool):
            return yes if test else no
        op = self.graph.select(test, yes, no)
        if op.dtype == "float" and op.name == "select":
            bounds = [self.bounds_of(each) for each in (test, yes, no)]
            self.bounds.setdefault(id(op), INTERVALS["select"](*bounds))
        return op

    def _truth(self, op: Op, args: list[Part]) -> Part:
        low, high = INTERVALS[op.name](*map(self.bounds_of, args))
        if low == high:
            return bool(low)
        operands = [arg for arg in args if isinstance(arg, Op)]
        if op.name in ("and", "or") and len(operands) == 1:
            return operands[0]  # the other one does not decide
        return self.graph.make(op.name, *operands)

    # integers

    def _integer(self, op: Op, args: list[Op]) -> Op:
        line = self._line(op, args)
        if line is not None and abs(line.factor) * self.step.high + abs(line.shift) <= LARGEST:
            return self._on_line(line)
        match op.name, args:
            case "take", [a]:
                return self._take(a, op.data)
            case "neg", [a]:
                return self.graph.make("neg", a, low=-a.high, high=-a.low)
            case "whole", [a]:
                low, high = INTERVALS["whole"](self.bounds_of(a))
                low, high = max(low, op.low), min(high, op.high)
                return self.graph.make("whole", a, low=low, high=high)
        return self.graph.again(op, args)

    def _on_line(self, line: Line) -> Op:
        sloped = self.graph.scale(self.step, line.factor) if line.factor else None
        shift = self.graph.integer(line.shift)
        made = shift if sloped is None else self.graph.add(sloped, shift)
        self.lines[id(made)] = line
        return made

    def _line(self, op: Op, args: list[Op]) -> Line | None:
        """An integer that is a straight line on the whole stretch."""
        known = [self._line_of(arg) for arg in args]
        match op.name, args, known:
            case "step", _, _:
                return Line(1, 0)
            case "integer", _, _:
                return Line(0, op.data)
            case "add" | "sub", _, [Line(f, s), Line(g, t)]:
                sign = 1 if op.name == "add" else -1
                return Line(f + sign * g, s + sign * t)
            case ("mul", _, [Line(f, s), Line(0, t)]) | ("mul", _, [Line(0, t), Line(f, s)]):
                return Line(f * t, s * t)
            case "neg", _, [Line(f, s)]:
                return Line(-f, -s)
            case "abs", [a], [Line(f, s)] if a.high <= 0:
                return Line(-f, -s)
            case "mod", [a, b], [Line(f, s), _] if a.low // b.data == a.high // b.data:
                return Line(f, s - a.low // b.data * b.data)
        return None

    def _line_of(self, op: Op) -> Line | None:
        return Line(0, op.data) if op.name == "integer" else self.lines.get(id(op))

    def _take(self, index: Op, values: tuple[Any, ...]) -> Op:
        """The values of a table that are read."""
        values = values[index.low : index.high + 1]
        if len(values) == 1:
            is_float = isinstance(values[0], float)
            return self.graph.number(values[0]) if is_float else self.graph.integer(values[0])
        index = self.graph.add(index, self.graph.integer(-index.low))
        made = self.graph.take(index, values)
        if made.dtype == "float" and id(made) not in self.bounds:
            known = all(value == value for value in values)
            self.bounds[id(made)] = (min(values), max(values)) if known else NAN
            self._mark_plain(made, all(math.copysign(1, value) > 0 for value in values))
        return made

    # floats

    def _real(self, op: Op, args: list[Op]) -> Op:
        match op.name, args:
            case "take", [index]:
                made = self._take(index, op.data)
                return self._known(made) if made.name == "number" else made
            case "cast", [a]:
                return self._cast(a)
            case "ratio" | "quotient", [a]:
                divisor = self._known(self.graph.number(float(op.data)))
                return self._made("div", self._cast(a), divisor)
            case "number", _:
                return self._known(self.graph.number(op.data))
            case "guard", [a] if max(map(abs, self.bounds_of(a))) < math.inf:
                return a
            case "min" | "max", [a, b]:
                return self._extreme(op.name, a, b)
        return self._made(op.name, *args, data=op.data)

    def _known(self, op: Op) -> Op:
        self.bounds[id(op)] = (op.data, op.data)
        self._mark_plain(op, math.copysign(1, op.data) > 0)
        return op

    def _made(self, name: str, *args: Op, data: Any = None) -> Op:
        if args and all(arg.name == "number" for arg in args):
            extra = (data,) if name in WITH_DATA else ()
            value = REFERENCE[name](*(arg.data for arg in args), *extra)
            return self._known(self.graph.number(value))
        op = self.graph.make(name, *args, data=data)
        if id(op) not in self.bounds:
            bounds = [self.bounds_of(arg) for arg in args]
            self.bounds[id(op)] = NAN if name == "prev" else INTERVALS[name](*bounds)
            deciding = 1 if name == "pow" else len(args)
            fine = all(id(arg) in self.plain for arg in args[:deciding])
            fine = fine and all(b[0] >= 0 for b in bounds[:deciding])
            self._mark_plain(op, name in _PLAIN and fine)
        return op

    def _mark_plain(self, op: Op, plain: bool) -> None:
        if plain:
            self.plain.add(id(op))

    def _extreme(self, name: str, a: Op, b: Op) -> Op:
        """min or max, or the operand that it always is; of two zeros the sign decides."""
        (low_a, high_a), (low_b, high_b) = self.bounds_of(a), self.bounds_of(b)
        plain = {id(a), id(b)} <= self.plain
        if name == "max":
            (low_a, high_a), (low_b, high_b) = (-high_a, -low_a), (-high_b, -low_b)
        if high_a < low_b or (high_a == low_b and (plain or high_a != 0)):
            return a
        if high_b < low_a or (high_b == low_a and (plain or high_b != 0)):
            return b
        return self._made(name, a, b)

    def _cast(self, a: Op, depth: int = 0) -> Op:
        """An integer in float64: computed there, where it is exact."""
        if a.name == "integer":
            return self._known(self.graph.number(float(a.data)))
        if id(a) not in self.casts:
            if depth < _DEEPEST and id(a) not in self.lines and self._fits(a):
                made = self.graph.make(a.name, *(self._cast(arg, depth + 1) for arg in a.args))
            else:
                made = self.graph.make("cast", a)
            self.bounds[id(made)] = (float(a.low), float(a.high))
            self.plain.add(id(made))
            self.casts[id(a)] = made
        return self.casts[id(a)]

    def _fits(self, a: Op) -> bool:
        """Whether float64 computes an integer operation exactly, its zero included."""
        if max(max(-op.low, op.high) for op in (a, *a.args)) >= LARGEST_EXACT:
            return False
        return a.name in ("add", "sub") or (
            a.name == "mul" and all(arg.low >= 0 for arg in a.args)  # -3.0 * 0.0 is -0.0
        )
